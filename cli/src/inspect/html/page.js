"use strict";
(() => {
  const $ = (selector, within = document) => [...within.querySelectorAll(selector)];
  const root = document.documentElement;
  const stages = ["guest", "ir", "opt", "clif", "host"];
  const widths = { guest: "minmax(17rem,1.1fr)", ir: "minmax(0,1fr)", opt: "minmax(0,1fr)", clif: "minmax(0,1.25fr)", host: "minmax(0,1.15fr)" };
  const rows = $(".row[data-pc]");
  const heated = rows.filter(row => row.style.getPropertyValue("--h"));
  const remember = (key, value) => { try { localStorage.setItem("isamorph." + key, value); } catch { /* a file's page may not */ } };
  const recall = key => { try { return localStorage.getItem("isamorph." + key); } catch { return null; } };

  // Chosen instruction: shown in every form.
  let chosen = null;
  const lines = row => $(`.pane > [data-row="${row.id}"]`);
  function choose(row, { scroll = true, note = true } = {}) {
    $(".on").forEach(e => e.classList.remove("on"));
    chosen = row;
    if (!row) return;
    row.classList.add("on");
    const shown = lines(row);
    shown.forEach(e => e.classList.add("on"));
    if (scroll && document.body.classList.contains("listings")) {
      for (const pane of new Set(shown.map(e => e.parentElement))) {
        const first = shown.find(e => e.parentElement === pane);
        pane.scrollTop = first.offsetTop - pane.clientHeight / 3;
      }
      shown[0]?.closest("section").scrollIntoView({ block: "nearest" });
    } else if (scroll) {
      row.scrollIntoView({ block: "nearest" });
    }
    if (note) history.replaceState(null, "", "#" + row.id);
  }
  const move = (list, by) => {
    if (!list.length) return;
    const at = chosen ? list.indexOf(chosen) : -1;
    choose(list[at < 0 ? (by > 0 ? 0 : list.length - 1) : Math.min(list.length - 1, Math.max(0, at + by))]);
  };

  // Which forms are shown.
  const off = new Set((recall("off") ?? "").split(" ").filter(Boolean));
  function columns() {
    for (const stage of stages) {
      $(`.cell.${stage}, .heads .${stage}, .pane.${stage}`).forEach(e => e.classList.toggle("off", off.has(stage)));
      $(`button[data-stage="${stage}"]`).forEach(b => b.setAttribute("aria-pressed", !off.has(stage)));
      $(`.pane.${stage}`).forEach(e => { e.style.display = off.has(stage) ? "none" : ""; });
    }
    const wide = matchMedia("(min-width: 1101px)").matches;
    const shown = stages.filter(s => !off.has(s)).map(s => widths[s]).join(" ");
    root.style.setProperty("--cols", wide ? shown : "minmax(0,1fr)");
  }
  function toggle(stage) {
    if (stage === "guest") return;
    off.has(stage) ? off.delete(stage) : off.add(stage);
    remember("off", [...off].join(" "));
    columns();
  }

  // Listings: the lines of each form in their own order.
  function listings(on) {
    document.body.classList.toggle("listings", on);
    $("#view")[0].setAttribute("aria-pressed", on);
    for (const section of $("section")) {
      section.querySelector(".panes")?.remove();
      if (!on) continue;
      const panes = document.createElement("div");
      panes.className = "panes";
      for (const stage of stages) {
        const pane = document.createElement("div");
        pane.className = "pane " + stage;
        pane.tabIndex = 0;
        pane.setAttribute("aria-label", section.querySelector(`.heads .${stage}`).textContent);
        const all = $(`.cell.${stage} > span`, section);
        all.sort((a, b) => a.dataset.n - b.dataset.n);
        for (const line of all) {
          const copy = line.cloneNode(true), row = line.closest(".row");
          copy.dataset.row = row.id;
          const heat = row.style.getPropertyValue("--h");
          if (heat) copy.style.setProperty("--h", heat);
          pane.append(copy);
        }
        panes.append(pane);
      }
      section.append(panes);
    }
    columns();
    if (chosen) choose(chosen, { note: false });
  }
  const flip = () => listings(!document.body.classList.contains("listings"));

  // A value under the pointer is shown wherever the same form of the same region has it.
  let same = [];
  document.addEventListener("pointerover", event => {
    same.forEach(e => e.classList.remove("same"));
    same = [];
    const value = event.target.closest?.(".v");
    const line = event.target.closest?.(".pane > span");
    if (line) {
      const row = document.getElementById(line.dataset.row);
      $(".pane > .near").forEach(e => e.classList.remove("near"));
      if (row && row.dataset.pc) lines(row).forEach(e => e.classList.add("near"));
    }
    if (!value) return;
    const cell = value.closest(".cell, .pane"), stage = stages.find(s => cell.classList.contains(s));
    const within = value.closest(".pane") ?? value.closest("section");
    const rowOf = e => e.closest(".row") ?? document.getElementById(e.closest(".pane > span").dataset.row);
    // Values of our IR belong to one block, Cranelift's to the whole function.
    const block = e => stage === "clif" ? "" : rowOf(e).dataset.b;
    same = $(".v", within).filter(e => e.textContent === value.textContent
      && e.closest(".cell, .pane").classList.contains(stage) && block(e) === block(value));
    same.forEach(e => e.classList.add("same"));
  });

  document.addEventListener("click", event => {
    const button = event.target.closest("button");
    if (button?.dataset.stage) return toggle(button.dataset.stage);
    if (button?.id === "view") return flip();
    if (button?.id === "theme") return theme();
    if (button?.id === "hottest") return hottest();
    const line = event.target.closest(".pane > span");
    const row = line ? document.getElementById(line.dataset.row) : event.target.closest(".row[data-pc]");
    if (row?.dataset.pc && !String(getSelection())) choose(row, { scroll: !!line });
  });

  // Light, dark, or as the system has it.
  function theme(to) {
    const next = to ?? { "": "dark", dark: "light", light: "" }[root.dataset.theme ?? ""];
    next ? root.dataset.theme = next : delete root.dataset.theme;
    $("#theme")[0].textContent = next || "auto";
    remember("theme", next);
  }

  // Hotter and hotter, then from the hottest again.
  const byHeat = [...heated].sort((a, b) => b.dataset.weight - a.dataset.weight);
  function hottest() {
    const at = chosen ? byHeat.indexOf(chosen) : -1;
    if (byHeat.length) choose(byHeat[(at + 1) % byHeat.length]);
  }

  // Finding text.
  const find = $("#find")[0];
  const matches = () => {
    const text = find.value.trim().toLowerCase();
    return text ? rows.filter(row => row.textContent.toLowerCase().includes(text)) : [];
  };
  const tell = () => {
    const n = matches().length;
    $("#found")[0].textContent = find.value.trim() ? `${n} instruction${n === 1 ? "" : "s"}` : "";
  };
  find.addEventListener("input", tell);
  find.addEventListener("keydown", event => {
    if (event.key === "Enter") {
      const all = matches();
      const after = rows.indexOf(chosen);
      const next = event.shiftKey
        ? all.filter(r => rows.indexOf(r) < after).at(-1) ?? all.at(-1)
        : all.find(r => rows.indexOf(r) > after) ?? all[0];
      if (next) choose(next);
      event.preventDefault();
    } else if (event.key === "Escape") {
      find.value = ""; tell(); find.blur();
    }
  });

  const blocks = $(".row.begins");
  document.addEventListener("keydown", event => {
    if (event.target === find || event.ctrlKey || event.altKey || event.metaKey) return;
    const near = by => {
      const at = chosen ? rows.indexOf(chosen) : -1;
      const next = by > 0 ? blocks.find(r => rows.indexOf(r) > at) : blocks.findLast(r => rows.indexOf(r) < at);
      if (next) choose(next);
    };
    const keys = {
      ArrowDown: () => move(rows, 1), j: () => move(rows, 1),
      ArrowUp: () => move(rows, -1), k: () => move(rows, -1),
      n: () => near(1), p: () => near(-1), h: hottest, v: flip, t: () => theme(),
      "/": () => find.focus(), Escape: () => choose(null),
      1: () => toggle("ir"), 2: () => toggle("opt"), 3: () => toggle("clif"), 4: () => toggle("host"),
    };
    const act = keys[event.key];
    if (act) { act(); event.preventDefault(); }
  });

  // The strip beside the scroll bar shows where it is hot.
  function strip() {
    $(".strip").forEach(e => e.remove());
    if (!heated.length) return;
    const bar = document.createElement("div");
    bar.className = "strip";
    bar.setAttribute("aria-hidden", "true");
    for (const row of heated) {
      const mark = document.createElement("i");
      mark.style.top = 100 * rows.indexOf(row) / rows.length + "%";
      mark.style.height = 100 / rows.length + "%";
      mark.style.opacity = .15 + .85 * row.style.getPropertyValue("--h");
      bar.append(mark);
    }
    bar.addEventListener("click", event => {
      const at = Math.floor(rows.length * event.offsetY / bar.clientHeight);
      const nearest = heated.reduce((best, row) =>
        Math.abs(rows.indexOf(row) - at) < Math.abs(rows.indexOf(best) - at) ? row : best);
      choose(nearest);
    });
    document.body.append(bar);
    document.body.classList.add("heated");
  }

  const top = () => {
    const bar = $(".bar")[0], fixed = getComputedStyle(bar).position === "sticky";
    root.style.setProperty("--top", (fixed ? bar.offsetHeight : 0) + "px");
    columns();
  };
  addEventListener("resize", top);
  theme(recall("theme") ?? "");
  top();
  strip();
  const open = () => {
    const [id, ...wishes] = location.hash.slice(1).split(",");
    if (wishes.includes("listings")) listings(true);
    const row = id && document.getElementById(id);
    if (row?.dataset.pc) choose(row, { note: false });
  };
  addEventListener("hashchange", open);
  open();
  document.body.dataset.ready = "yes";
})();
