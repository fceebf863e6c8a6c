//! `inspect --html`: a page with every form side by side, coloured by heat.
//!
//! Way of the data: a function's regions ([`gather`]) → their [`Sheet`]s → rows of the page, one for each guest instruction,
//! with a cell for each form. Without a script the page is readable; the script chooses, finds, folds columns and
//! shows each form in its own order.
//!
//! Invariant: the page is one file and asks for nothing else: no network, no fonts, no libraries. What comes from the
//! program (names!) is escaped.

mod tokens;

use super::Stage;
use super::heat::{Heat, Weights};
use super::program::Program;
use super::stages::{Row, Sheet};
use crate::table::thousands;
use isamorph_backend_cranelift::CompileError;
use isamorph_engine::{Engine, Key};
use isamorph_ir::{Frontend, Mode};
use std::collections::HashSet;
use std::fmt::Write as _;
use std::ops::Range;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");

/// The page's last paragraph.
const HELP: &str = "<p class=\"help\">Each row is a guest instruction and what it became. Pointing at a value shows its other \
uses. <span class=\"keys\"><kbd>↓</kbd> <kbd>↑</kbd> next and previous instruction, <kbd>n</kbd> <kbd>p</kbd> block, \
<kbd>h</kbd> hottest, then less hot, <kbd>1</kbd> to <kbd>4</kbd> columns, <kbd>v</kbd> listings, <kbd>/</kbd> find, \
<kbd>t</kbd> light or dark, <kbd>Esc</kbd> none.</span></p>\n";

/// Regions on a page: a function with more is shown as far as that.
const MOST_REGIONS: usize = 16;
/// Shares below this are shown as a colour, without a number.
const LEAST_SHARE: f64 = 0.0005;

/// A function on a page.
pub struct Shown {
    parts: Vec<Part>,
    /// Instructions of the function that no region on the page holds.
    left: usize,
    heat: Option<Heat>,
}

/// A region on a page.
struct Part {
    sheet: Sheet,
    weights: Weights,
}

impl Part {
    fn weight(&self) -> u64 {
        self.weights.values().sum()
    }
}

/// The regions of the function at `pc`: those that ran, if that is known, then what is needed to cover the function;
/// heaviest first.
pub fn gather(
    engine: &Engine,
    frontend: &dyn Frontend,
    program: &Program,
    pc: u64,
    heat: Option<Heat>,
) -> Result<Shown, CompileError> {
    let whole = extent(program, pc);
    let mut sheets: Vec<(u64, Sheet)> = vec![];
    let mut covered = HashSet::new();
    let mut add = |addr: u64, again: bool| -> Result<(), CompileError> {
        let known = sheets.iter().any(|(begin, _)| *begin == addr);
        let needed = again || !covered.contains(&addr);
        if known || !needed || sheets.len() >= MOST_REGIONS || program.check_code(addr).is_err() {
            return Ok(());
        }
        let key = Key { pc: addr, mode: Mode::default() };
        let sheet = Sheet::new(engine, frontend, program, key)?;
        covered.extend(sheet.rows.iter().filter_map(|row| row.pc));
        sheets.push((addr, sheet));
        Ok(())
    };
    let ran = heat.as_ref().map(|heat| heat.regions(whole.clone())).unwrap_or_default();
    for addr in ran {
        add(addr, true)?;
    }
    add(pc, false)?;
    let instructions = || whole.clone().step_by(1 << frontend.desc().insn_shift);
    for addr in instructions() {
        add(addr, false)?;
    }
    let left = instructions().filter(|addr| !covered.contains(addr)).count();
    let addresses =
        |(begin, sheet): &(u64, Sheet)| (*begin, sheet.rows.iter().filter_map(|r| r.pc).collect());
    let weights = match &heat {
        Some(heat) => heat.share_out(&sheets.iter().map(addresses).collect::<Vec<_>>()),
        None => sheets.iter().map(|_| Weights::new()).collect(),
    };
    let part = |((_, sheet), weights)| Part { sheet, weights };
    let mut parts: Vec<Part> = sheets.into_iter().zip(weights).map(part).collect();
    parts.sort_by_key(|part| std::cmp::Reverse(part.weight()));
    Ok(Shown { parts, left, heat })
}

/// The function's addresses from `pc` on; of a nameless place the place alone.
fn extent(program: &Program, pc: u64) -> Range<u64> {
    match program.symbol_at(pc) {
        Some((symbol, 0)) => pc..pc + symbol.size.max(1),
        _ => pc..pc + 1,
    }
}

/// The page.
pub fn page(program: &Program, shown: &Shown) -> String {
    let first = shown.parts.first().map_or("", |part| &part.sheet.place);
    let title = base(first);
    let mut out = String::new();
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'\"/>\n\
         <title>{title} · isamorph</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        title = escape(title),
    );
    header(&mut out, program, title, shown);
    out += "<main>\n";
    if shown.parts.len() > 1 {
        contents(&mut out, shown);
    }
    if shown.left > 0 {
        let (left, n) = (thousands(shown.left as u64), shown.parts.len());
        let _ = writeln!(
            out,
            "<p class=\"left\">{n} regions are shown; {left} instructions of the function are in none of them. \
             <code>--addr</code> shows any other place.</p>"
        );
    }
    for (number, part) in shown.parts.iter().enumerate() {
        section(&mut out, number, part, shown);
    }
    out += HELP;
    let _ = write!(out, "</main>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    out
}

/// `fibonacci+0x10` → `fibonacci`.
fn base(place: &str) -> &str {
    place.rsplit_once("+0x").map_or(place, |(name, _)| name)
}

fn header(out: &mut String, program: &Program, title: &str, shown: &Shown) {
    let _ = write!(
        out,
        "<header class=\"bar\">\n<div class=\"title\"><h1>{}</h1><span class=\"file\">{}</span>",
        escape(title),
        escape(program.name()),
    );
    share(out, shown.heat.as_ref(), shown.parts.iter().map(Part::weight).sum());
    out.push_str("</div>\n<div class=\"tools\">");
    for stage in Stage::ALL.into_iter().filter(|s| *s != Stage::Guest) {
        let (class, title) = (class(stage), stage.title());
        let _ = write!(
            out,
            "<button type=\"button\" data-stage=\"{class}\" aria-pressed=\"true\">{title}</button>"
        );
    }
    out.push_str(
        "<span class=\"gap\"></span>\
         <input id=\"find\" type=\"search\" placeholder=\"find in any form\" aria-label=\"Find in any form\"/>\
         <span id=\"found\" class=\"fact\" role=\"status\"></span>",
    );
    if shown.heat.is_some() {
        out.push_str("<button type=\"button\" id=\"hottest\">hottest</button>");
    }
    out.push_str(
        "<button type=\"button\" id=\"view\" aria-pressed=\"false\">listings</button>\
         <button type=\"button\" id=\"theme\" aria-label=\"Light or dark\">auto</button></div>\n</header>\n",
    );
}

/// A weight as a share of the profile.
fn share(out: &mut String, heat: Option<&Heat>, weight: u64) {
    if let Some(heat) = heat {
        let share = 100.0 * heat.share(weight);
        let _ = write!(out, "<span class=\"fact share\"><b>{share:.1} %</b> of the profile</span>");
    }
}

/// Links to the regions. The function's own name is in the page's heading.
fn contents(out: &mut String, shown: &Shown) {
    let own = base(&shown.parts[0].sheet.place);
    out.push_str("<nav aria-label=\"Regions\">");
    for (number, part) in shown.parts.iter().enumerate() {
        let part_of_all = shown.heat.as_ref().map(|heat| heat.share(part.weight()));
        let (style, percent) = match part_of_all.filter(|share| *share >= LEAST_SHARE) {
            Some(share) => {
                (format!(" style=\"--h:{share:.3}\""), format!(" <b>{:.1} %</b>", 100.0 * share))
            }
            None => Default::default(),
        };
        let place = &part.sheet.place;
        let short = place.strip_prefix(own).filter(|rest| rest.starts_with('+')).unwrap_or(place);
        let _ = write!(out, "<a href=\"#g{number}\"{style}>{}{percent}</a>", escape(short));
    }
    out.push_str("</nav>\n");
}

fn section(out: &mut String, number: usize, part: &Part, shown: &Shown) {
    let sheet = &part.sheet;
    let c = &sheet.counts;
    let _ = write!(
        out,
        "<section id=\"g{number}\" aria-label=\"Region {place}\">\n<div class=\"about\"><h2>{place}</h2>",
        place = escape(&sheet.place),
    );
    let mut fact = |value: String, what: &str| {
        let _ = write!(out, "<span class=\"fact\"><b>{value}</b> {what}</span>");
    };
    fact(thousands(c.blocks as u64), if c.blocks == 1 { "block" } else { "blocks" });
    fact(thousands(c.guest.into()), "guest instructions");
    fact(format!("{} → {}", thousands(c.lifted as u64), thousands(c.optimised as u64)), "IR");
    fact(thousands(c.bytes as u64), &format!("bytes of host code, {:.1} each", c.bytes_each()));
    if shown.parts.len() > 1 {
        share(out, shown.heat.as_ref(), part.weight());
    }
    out.push_str("</div>\n<div class=\"rows\">\n<div class=\"heads\" aria-hidden=\"true\">");
    for stage in Stage::ALL {
        let _ = write!(out, "<span class=\"{}\">{}</span>", class(stage), stage.title());
    }
    out.push_str("</div>\n");
    let most = part.weights.values().copied().max().unwrap_or(1);
    let numbers = numbers(sheet);
    let mut block = 0;
    for (at, row) in sheet.rows.iter().enumerate() {
        if at == 0 && Stage::ALL.iter().all(|stage| row.cell(*stage).is_empty()) {
            continue;
        }
        if let Some(heading) = &row.heading {
            let _ = writeln!(out, "<div class=\"block\">{}</div>", escape(heading));
            block += 1;
        }
        let weight = row.pc.and_then(|pc| part.weights.get(&pc)).copied().unwrap_or(0);
        let hot = shown.heat.as_ref().filter(|_| weight > 0);
        let hot = hot.map(|heat| Hot { weight, most, share: heat.share(weight) });
        row_of_cells(out, &format!("g{number}r{at}"), block, row, &numbers[at], hot);
    }
    out.push_str("</div>\n</section>\n");
}

/// For each row and form, the numbers of its lines in the form's own order.
fn numbers(sheet: &Sheet) -> Vec<[Vec<usize>; Stage::ALL.len()]> {
    let mut numbers = vec![<[Vec<usize>; Stage::ALL.len()]>::default(); sheet.rows.len()];
    for (stage, order) in sheet.order.iter().enumerate() {
        for (number, &(row, line)) in order.iter().enumerate() {
            let cell = &mut numbers[row][stage];
            debug_assert_eq!(cell.len(), line, "lines of a cell come in order");
            cell.push(number);
        }
    }
    numbers
}

/// An instruction's heat.
#[derive(Clone, Copy)]
struct Hot {
    weight: u64,
    /// The heaviest instruction's of the region.
    most: u64,
    /// Of the profile.
    share: f64,
}

fn row_of_cells(
    out: &mut String,
    id: &str,
    block: usize,
    row: &Row,
    numbers: &[Vec<usize>; Stage::ALL.len()],
    hot: Option<Hot>,
) {
    let begins = if row.heading.is_some() { " begins" } else { "" };
    let _ = match row.pc {
        Some(pc) => write!(
            out,
            "<div class=\"row{begins}\" id=\"{id}\" data-pc=\"{pc:x}\" data-b=\"{block}\""
        ),
        None => write!(out, "<div class=\"row way-in\" id=\"{id}\""),
    };
    if let Some(Hot { weight, most, .. }) = hot {
        let of_most = weight as f64 / most as f64;
        let _ = write!(out, " style=\"--h:{of_most:.3}\" data-weight=\"{weight}\"");
    }
    out.push('>');
    for stage in Stage::ALL {
        let (class, title) = (class(stage), stage.title());
        let _ = write!(out, "<div class=\"cell {class}\" data-title=\"{title}\">");
        if stage == Stage::Guest
            && let Some(Hot { share, .. }) = hot
        {
            let shown =
                if share < LEAST_SHARE { "·".into() } else { format!("{:.1} %", 100.0 * share) };
            let _ = write!(out, "<i class=\"heat\">{shown}</i>");
        }
        if stage == Stage::Guest && row.pc.is_none() {
            out.push_str("<span data-n=\"-1\" class=\"c\">way in, constants</span>");
        }
        for (line, number) in row.cell(stage).iter().zip(&numbers[stage as usize]) {
            let _ = write!(out, "<span data-n=\"{number}\">{}</span>", tokens::marked(line, stage));
        }
        out.push_str("</div>");
    }
    out.push_str("</div>\n");
}

fn class(stage: Stage) -> &'static str {
    match stage {
        Stage::Guest => "guest",
        Stage::Ir => "ir",
        Stage::Opt => "opt",
        Stage::Clif => "clif",
        Stage::Host => "host",
    }
}

/// Text for a page.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Nothing that XML or a terminal would stumble over.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_the_page() {
        assert_eq!(escape("<script>\"&\u{1b}"), "&lt;script&gt;&quot;&amp;\u{fffd}");
        assert_eq!(base("fibonacci+0x10"), "fibonacci");
        assert_eq!(base("operator+"), "operator+");
    }

    #[test]
    fn style_and_script_fit_between_their_tags() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--") && !text.contains("http"));
        }
    }
}
