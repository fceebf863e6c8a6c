//! `isamorph inspect` and `isamorph isa` on what is always there: the demo's program and the tables.

mod program;

use program::{Shown, demo_elf, isamorph};

fn inspect(options: &[&str]) -> Shown {
    let demo = demo_elf().display().to_string();
    let shown = isamorph(&[&["inspect", &*demo], options].concat());
    assert_eq!(shown.status, Some(0), "{options:?}: {}", shown.stderr);
    shown
}

const TITLES: [&str; 5] = ["guest", "IR", "IR after the passes", "CLIF", "host"];

#[test]
fn all_forms_stand_side_by_side() {
    let text = inspect(&["--function", "fibonacci", "--width", "200"]).stdout;
    let titles = text.lines().find(|l| l.starts_with("guest")).expect("a line of titles");
    let titles: Vec<&str> = titles.split('│').map(str::trim).collect();
    assert_eq!(titles, TITLES);
    assert!(text.lines().all(|l| l.chars().count() <= 200), "{text}");
    // Something of each form.
    for part in ["ret", "x19", "get.i64 x0", "iadd", "function", "mov", "; exit", "(entry)"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    // A call of another function leaves the region.
    let text = inspect(&["--function", "put", "--stages", "guest,host"]).stdout;
    assert!(text.contains("<flush>") && text.contains("jmp → 0x400334 (call"), "{text}");
}

#[test]
fn all_forms_stand_below_each_other_where_it_is_narrow() {
    let text = inspect(&["--function", "fibonacci", "--width", "80"]).stdout;
    for title in TITLES {
        assert!(
            text.lines().any(|l| l.split('│').next().unwrap().trim() == title),
            "{title}\n{text}"
        );
    }
    assert!(text.lines().all(|l| l.chars().count() <= 80), "{text}");
}

#[test]
fn no_line_of_the_host_is_lost() {
    let text = inspect(&["--function", "sift", "--stages", "host"]).stdout;
    let offset = |line: &str| usize::from_str_radix(line.trim_start().split("  ").next()?, 16).ok();
    let mut offsets: Vec<usize> = text.lines().skip(2).filter_map(offset).collect();
    offsets.sort_unstable();
    assert!(offsets.len() > 20, "{text}");
    assert_eq!(offsets[0], 0, "{text}");
    // An instruction is at most 15 bytes long, a line of constants 16.
    assert!(offsets.windows(2).all(|w| w[0] < w[1] && w[1] - w[0] <= 16), "{offsets:?}");
}

#[test]
fn each_form_of_an_instruction_is_in_its_row() {
    let text = inspect(&["--function", "fibonacci", "--width", "200"]).stdout;
    let mut row = String::new();
    let mut seen = 0;
    for line in text.lines() {
        if line.split_whitespace().next().is_some_and(|w| w.starts_with("400"))
            || line.starts_with("──")
        {
            row.clear();
        }
        row.push_str(line);
        row.push('\n');
        // The return address that BL sets, in the IR, CLIF and the host's code of its row.
        if row.contains("  bl 0x400174 <fibonacci>")
            && row.contains("0x0040_01a4")
            && row.contains("0x4001a4")
        {
            seen += 1;
        }
    }
    assert!(seen > 0, "{text}");
    assert!(!text.contains("(bad)"), "{text}");
}

#[test]
fn a_place_can_be_given_in_three_ways() {
    let list = inspect(&["--list"]).stdout;
    let entry = list.lines().find(|l| l.ends_with("(entry point)")).expect("an entry point");
    let addr = entry.split_whitespace().next().unwrap();
    let by_default = inspect(&[]).stdout;
    assert_eq!(inspect(&["--addr", addr]).stdout, by_default);
    assert_eq!(inspect(&["--function", "_start"]).stdout, by_default);
}

#[test]
fn precise_code_stores_more() {
    let lines = |options: &[&str]| {
        inspect(&[&["--function", "sift", "--stages", "host"], options].concat())
            .stdout
            .lines()
            .count()
    };
    assert!(lines(&["--precise"]) > lines(&[]));
}

#[test]
fn missing_instructions_are_listed() {
    let shown = isamorph(&["isa", "a64", "--missing"]);
    assert_eq!(shown.status, Some(0));
    let classes =
        isamorph_a64::isa::PATTERNS.iter().filter(|p| p.kind == isamorph_a64::isa::Kind::Todo);
    for class in classes {
        let line = shown.stdout.lines().find(|l| l.split_whitespace().nth(1) == Some(class.name));
        assert!(line.is_some_and(|l| l.contains(class.title)), "{}", class.name);
    }
    let summary = isamorph(&["isa", "a64"]).stdout;
    assert!(summary.contains("dp_imm") && summary.contains("all"), "{summary}");
}
