//! `isamorph demo` as a user sees it.

mod program;

use program::isamorph;

#[test]
fn draws_a_picture_and_reports_what_the_engine_did() {
    let shown = isamorph(&["demo", "--rounds", "1"]);
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    let text = &shown.stdout;
    assert!(text.lines().take(22).all(|l| l.len() <= 78), "the picture's lines:\n{text}");
    assert!(text.contains("@@@@@@@@@@"), "the set's inside:\n{text}");
    for name in ["interpreter", "guest instructions executed", "regions compiled", "compile time"] {
        assert!(text.contains(name), "{name} is not in\n{text}");
    }
    assert!(!text.contains('\u{1b}'), "colours without a terminal:\n{text}");
    // Arguments and environment are always the same, so is the count.
    assert!(text.contains("20,653,361"), "the program executes what it always did:\n{text}");
}

#[test]
fn draws_in_colour_where_it_is_asked_to() {
    let shown = isamorph(&["demo", "--rounds", "1", "--color", "always"]);
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    assert!(shown.stdout.contains("\u{1b}[38;2;"), "{}", shown.stdout);
}
