//! `--cpu`: the list, the messages.

mod program;

use program::isamorph;

#[test]
fn help_lists_models_and_features() {
    let shown = isamorph(&["run", "--cpu", "help"]);
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    for word in ["  max          all but", "neoverse-v1", "lse2", "Atomic read-modify-write"] {
        assert!(shown.stdout.contains(word), "`{word}` is not in\n{}", shown.stdout);
    }
    let long = shown.stdout.lines().find(|l| l.chars().count() > 120);
    assert_eq!(long, None);
}

#[test]
fn what_is_unknown_is_named_with_what_is_like_it() {
    for (cpu, message) in [
        ("cortex-a73", "no processor `cortex-a73`: did you mean cortex-a53"),
        ("max,+lse3", "no feature `lse3`: did you mean lse, lse2?"),
        ("max,lse", "write `+lse` to add a feature"),
    ] {
        let shown = isamorph(&["run", "--cpu", cpu, "/no/such/file"]);
        assert_eq!(shown.status, Some(2), "{cpu}");
        assert!(shown.stderr.contains(message), "{cpu} said: {}", shown.stderr);
    }
}
