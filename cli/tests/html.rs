//! `isamorph inspect --html`: the page as a tree, and in a browser where there is one.

mod program;

use program::{Folder, demo_elf, isamorph};
use std::collections::HashSet;
use std::path::Path;
use std::process::{Command, Stdio};

/// The page of a function, coloured by a profile or not.
fn page(folder: &Folder, function: &str, profile: Option<&str>) -> (String, String) {
    let demo = demo_elf().display().to_string();
    let file = folder.file("page.html", b"");
    let mut args = vec!["inspect", "--html", &file, "-f", function, &demo];
    args.extend(profile.iter().flat_map(|file| ["--profile", file]));
    let shown = isamorph(&args);
    assert_eq!((shown.status, &*shown.stdout, &*shown.stderr), (Some(0), "", ""));
    let text = std::fs::read_to_string(&file).expect("the page");
    (file, text)
}

/// A profile of the demo's work.
fn profile(folder: &Folder) -> String {
    let demo = demo_elf().display().to_string();
    let file = folder.file("profile.json", b"");
    let shown = isamorph(&["profile", "--format", "json", "-o", &file, &demo, "work", "60"]);
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    file
}

/// The page without its doctype, style and script, which are no XML.
fn tree(page: &str) -> String {
    let without = |text: &str, tag: &str| {
        let begin = text.find(&format!("<{tag}>")).expect("the element");
        let end = text.find(&format!("</{tag}>")).expect("its end");
        format!("{}{}", &text[..begin], &text[end + tag.len() + 3..])
    };
    without(&without(page.strip_prefix("<!DOCTYPE html>").expect("a doctype"), "style"), "script")
}

#[test]
fn each_guest_instruction_has_a_row_with_a_cell_for_each_form() {
    let folder = Folder::new("html-rows");
    let (_, text) = page(&folder, "sift", None);
    let tree = tree(&text);
    let tree = roxmltree::Document::parse(&tree).expect("the page is well formed");
    let class = |node: &roxmltree::Node, name: &str| {
        node.attribute("class").is_some_and(|c| c.split(' ').any(|c| c == name))
    };
    let rows: Vec<_> = tree.descendants().filter(|n| n.attribute("data-pc").is_some()).collect();
    let pcs: HashSet<u64> = rows
        .iter()
        .map(|row| u64::from_str_radix(row.attribute("data-pc").unwrap(), 16).expect("an address"))
        .collect();
    let list = isamorph(&["inspect", "--list", &demo_elf().display().to_string()]).stdout;
    let sift = list.lines().find(|l| l.ends_with("  sift")).expect("sift");
    let words: Vec<&str> = sift.split_whitespace().collect();
    let begin = u64::from_str_radix(&words[0][2..], 16).expect("an address");
    let size: u64 = words[1].parse().expect("a size");
    assert!((begin..begin + size).step_by(4).all(|pc| pcs.contains(&pc)), "{sift}: {pcs:x?}");
    for row in &rows {
        let cells: Vec<_> = row.children().filter(|n| class(n, "cell")).collect();
        assert_eq!(cells.len(), 5);
        assert!(cells[0].all_text().contains("40"), "an address");
    }
    // The lines of each form are numbered through.
    for form in ["ir", "opt", "clif", "host"] {
        let cells = tree.descendants().filter(|n| class(n, "cell") && class(n, form));
        let lines = cells.flat_map(|cell| cell.children().collect::<Vec<_>>());
        let mut numbers: Vec<usize> = lines
            .map(|line| line.attribute("data-n").expect("a number").parse().expect("a number"))
            .collect();
        numbers.sort_unstable();
        assert!(numbers.len() > 10 && numbers.iter().enumerate().all(|(at, n)| at == *n), "{form}");
    }
    // One file that asks for nothing else.
    for word in ["http:", "https:", "src=", "@import", "url("] {
        assert!(!text.contains(word), "{word}");
    }
    assert!(text.contains("default-src 'none'"));
}

trait AllText {
    fn all_text(&self) -> String;
}

impl AllText for roxmltree::Node<'_, '_> {
    fn all_text(&self) -> String {
        self.descendants().filter_map(|n| n.is_text().then(|| n.text()).flatten()).collect()
    }
}

#[test]
fn a_profile_colours_the_page() {
    let folder = Folder::new("html-heat");
    let profile = profile(&folder);
    let (_, text) = page(&folder, "sift", Some(&profile));
    let tree = tree(&text);
    let tree = roxmltree::Document::parse(&tree).expect("the page is well formed");
    let heat = |n: roxmltree::Node| n.attribute("style")?.strip_prefix("--h:")?.parse::<f64>().ok();
    let rows = tree.descendants().filter(|n| n.attribute("data-pc").is_some());
    let heats: Vec<f64> = rows.filter_map(heat).collect();
    assert!(heats.len() > 2 && heats.iter().all(|h| (0.0..=1.0).contains(h)), "{heats:?}");
    assert!(heats.contains(&1.0), "one is the hottest: {heats:?}");
    let demo = demo_elf().display().to_string();
    let wrong = isamorph(&["inspect", "--html", "/dev/null", "--profile", &demo, &demo]);
    assert_eq!(wrong.status, Some(1));
    assert!(wrong.stderr.contains(&format!("profile `{demo}`")), "{}", wrong.stderr);
    let alone = isamorph(&["inspect", "--profile", &profile, &demo]);
    assert_eq!(alone.status, Some(2), "--profile goes with --html");
}

/// Debian's.
const BROWSER: &str = "/usr/bin/chromium";

/// The document after its script ran, as the browser tells it.
fn dom(address: &str) -> String {
    let folder = Folder::new("html-browser");
    let home = folder.file("mark", b"");
    let home = Path::new(&home).parent().expect("the folder").join("home");
    let options = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--window-size=1500,900",
        "--virtual-time-budget=5000",
        "--dump-dom",
    ];
    let output = Command::new(BROWSER)
        .args(options)
        .arg(format!("--user-data-dir={}", home.display()))
        .arg(address)
        .stdin(Stdio::null())
        .output()
        .expect("the browser starts");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn the_script_shows_what_an_instruction_became_in_every_form() {
    if !Path::new(BROWSER).exists() {
        println!("not tried: {BROWSER} is not installed");
        return;
    }
    let folder = Folder::new("html-script");
    let profile = profile(&folder);
    let (file, _) = page(&folder, "sift", Some(&profile));
    let rows = dom(&format!("file://{file}#g0r5"));
    assert!(rows.contains("data-ready=\"yes\""), "the script ended well\n{rows}");
    assert!(rows.contains("id=\"g0r5\"") && rows.contains("class=\"strip\""));
    assert!(rows.matches(" on\"").count() == 1, "one row is chosen");
    let listings = dom(&format!("file://{file}#g0r5,listings"));
    let sections = listings.matches("<section ").count();
    assert_eq!(listings.matches("class=\"pane ").count(), 5 * sections, "five in each region");
    // The row, and its lines in the panes: the guest's and one of the host's at least.
    let chosen = listings.matches("class=\"on\"").count();
    assert!(chosen >= 3, "{chosen} lines are chosen");
}
