//! Bad input: each has its message, which names what, where and what to do, and the exit status a shell expects.

mod program;

use program::{Folder, demo_elf, isamorph};

/// Fails with this status and a line on stderr that holds all the words, and nothing else.
#[track_caller]
fn fails(args: &[&str], status: i32, words: &[&str]) {
    let shown = isamorph(args);
    let said = &shown.stderr;
    assert_eq!(shown.status, Some(status), "{args:?} said: {said}");
    assert_eq!(shown.stdout, "", "{args:?}");
    assert!(said.starts_with("isamorph: "), "{args:?} said: {said}");
    assert_eq!(said.lines().count(), 1, "{args:?} said: {said}");
    for word in words {
        assert!(said.contains(word), "`{word}` is not in what {args:?} said: {said}");
    }
}

fn demo() -> Vec<u8> {
    std::fs::read(demo_elf()).expect("tests/guests/demo.elf is committed")
}

#[test]
fn a_missing_file() {
    for command in ["run", "inspect"] {
        fails(&[command, "/no/such/file"], 127, &["/no/such/file", "No such file"]);
    }
    fails(&["run", "nowhere"], 127, &["PATH is not searched"]);
    fails(&["run", "-L", "/no/such/dir", "/bin/true"], 126, &["/no/such/dir", "-L"]);
    fails(&["inspect", "-L", "/no/such/dir", "/bin/true"], 126, &["/no/such/dir", "-L"]);
}

#[test]
fn a_file_that_is_no_program() {
    let folder = Folder::new("no-program");
    for (name, content) in [("text", &b"echo hello"[..]), ("empty", b""), ("short", b"\x7fELF")] {
        let path = folder.file(name, content);
        for command in ["run", "inspect"] {
            fails(&[command, &path], 126, &[&path]);
        }
    }
    let text = folder.file("text", b"echo hello");
    fails(&["run", &text], 126, &["not an ELF file"]);
    fails(&["inspect", &text], 126, &["not an ELF file"]);
    let script = folder.file("script", b"#!/no/such/shell\n");
    fails(&["run", &script], 127, &["/no/such/shell"]);
    fails(&["inspect", &script], 126, &["script"]);
    fails(&["inspect", "/"], 126, &["directory"]);
}

#[test]
fn a_program_for_another_machine() {
    let host = env!("CARGO_BIN_EXE_isamorph");
    for command in ["run", "inspect"] {
        fails(&[command, host], 126, &["x86-64", "AArch64"]);
    }
}

#[test]
fn a_truncated_program() {
    let folder = Folder::new("truncated");
    let whole = demo();
    for length in [20, 63, 64, 100, 300] {
        let path = folder.file(&format!("demo-{length}"), &whole[..length]);
        for command in ["run", "inspect"] {
            fails(&[command, &path], 126, &[&path, "truncated"]);
        }
    }
}

/// Whatever byte is wrong, there is a message or the guest's own ending, never a panic (status 101).
#[test]
fn a_damaged_program_does_not_take_inspect_with_it() {
    let folder = Folder::new("damaged");
    let whole = demo();
    for at in (0..256).step_by(7) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0xff;
        let path = folder.file("demo", &bytes);
        for options in [&["inspect", &*path][..], &["inspect", "--list", &path]] {
            let shown = isamorph(options);
            let fine = matches!(shown.status, Some(0 | 1 | 126));
            assert!(fine, "byte {at}: {:?} {}", shown.status, shown.stderr);
        }
    }
}

#[test]
fn a_missing_place() {
    let demo = demo_elf().display().to_string();
    fails(&["inspect", &demo, "-f", "fibo"], 1, &["fibo", "did you mean fibonacci?", "--list"]);
    fails(&["inspect", &demo, "-f", "quux"], 1, &["quux", "--list"]);
    fails(&["inspect", &demo, "--addr", "0x10"], 1, &["0x10", "code lies at"]);
    fails(&["inspect", &demo, "--addr", "0x400121"], 1, &["0x400121", "multiple of 4"]);
}

#[test]
fn a_wrong_option() {
    for args in [
        &["inspect", "x", "--addr", "zz"][..],
        &["inspect", "x", "--stages", "nothing"],
        &["demo", "--rounds", "0"],
        &["isa", "vax"],
        &["run", "--engine", "steam", "x"],
        &["run"],
    ] {
        let shown = isamorph(args);
        assert_eq!(shown.status, Some(2), "{args:?} said: {}", shown.stderr);
    }
    fails(&["run", "--env", "NOVALUE", "x"], 2, &["--env", "NAME=VALUE"]);
    fails(&["run", "-E", "NOVALUE", "x"], 2, &["--env", "NAME=VALUE"]);
}

#[test]
fn help_has_examples() {
    for command in ["run", "demo", "inspect", "isa"] {
        let shown = isamorph(&[command, "--help"]);
        assert_eq!(shown.status, Some(0));
        assert!(shown.stdout.contains(&format!("  isamorph {command}")), "{}", shown.stdout);
    }
    let shown = isamorph(&["--help"]);
    assert!(shown.stdout.contains("isamorph demo"), "{}", shown.stdout);
    assert!(!shown.stdout.contains("demo-guest"), "{}", shown.stdout);
}
