//! `isamorph profile`, `run --stats` and `run --perf` on the demo's program.

mod program;

use program::{Folder, Shown, demo_elf, isamorph};
use serde_json::Value;

/// Runs the demo's work, a tenth of a second or more of it.
fn work(command: &[&str]) -> Shown {
    let demo = demo_elf().display().to_string();
    let shown = isamorph(&[command, &[&demo, "work", "60"]].concat());
    assert_eq!(shown.status, Some(0), "{}", shown.stderr);
    shown
}

#[test]
fn the_program_does_what_it_does_without() {
    let plain = work(&["run"]);
    for command in [&["profile"][..], &["profile", "--engine", "jit"], &["run", "--stats"]] {
        assert_eq!(work(command).stdout, plain.stdout, "{command:?}");
    }
    assert_eq!(plain.stderr, "");
    let missing = isamorph(&["profile", "/no/such/file"]);
    assert_eq!(missing.status, Some(127), "{}", missing.stderr);
}

#[test]
fn text_names_the_functions_that_took_the_time() {
    let shown = work(&["profile"]);
    for part in ["processor time", "region code", "sift (demo.elf)", "block or region", " %"] {
        assert!(shown.stderr.contains(part), "`{part}` is not in\n{}", shown.stderr);
    }
}

#[test]
fn json_accounts_for_every_sample() {
    let folder = Folder::new("profile-json");
    let file = folder.file("profile", b"");
    work(&["profile", "--format", "json", "-o", &file]);
    let text = std::fs::read_to_string(&file).expect("the profile");
    let profile: Value = serde_json::from_str(&text).expect("JSON");
    let weights = |value: &Value| value.as_u64().expect("a weight");
    let places: u64 = profile["places"].as_object().expect("places").values().map(weights).sum();
    let spots = profile["spots"].as_array().expect("spots");
    assert_eq!(places, spots.iter().map(|s| weights(&s["weight"])).sum::<u64>());
    assert!(places >= 20, "{text}");
    let sift = spots.iter().find(|s| s["function"] == "sift" && s["place"] == "region code");
    let sift = sift.unwrap_or_else(|| panic!("no sample in sift\n{text}"));
    // The demo is mapped from its file's begin on at a fixed address.
    assert_eq!(weights(&sift["pc"]) - weights(&sift["offset"]), 0x40_0000);
    assert!(sift["object"].as_str().is_some_and(|o| o.ends_with("/demo.elf")), "{sift}");
}

#[test]
fn folded_stacks_begin_with_the_outermost_function() {
    let shown = work(&["profile", "--format", "folded"]);
    let lines: Vec<&str> = shown.stderr.lines().collect();
    let is_stack = |line: &&str| {
        let weight = line.rsplit_once(' ').and_then(|(_, weight)| weight.parse::<u64>().ok());
        weight.is_some_and(|w| w > 0)
    };
    assert!(lines.iter().all(is_stack), "{}", shown.stderr);
    let begun = |line: &&&str| line.starts_with("_start;") || line.starts_with("begin;");
    let in_sift = lines.iter().filter(|l| l.contains(";sift ")).filter(begun).count();
    assert!(in_sift > 0, "{}", shown.stderr);
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_the_program_runs() {
    let demo = demo_elf().display().to_string();
    let shown = isamorph(&["profile", "-o", "/no/such/folder/file", &demo, "work", "1"]);
    assert_eq!((shown.status, &*shown.stdout), (Some(1), ""));
    assert!(shown.stderr.contains("/no/such/folder/file"), "{}", shown.stderr);
}

/// A program that the user ends is reported on too, and dies of the same signal.
/// (Not SIGINT: what starts the tests in the background may have it ignored.)
#[test]
fn a_profile_is_written_when_the_user_ends_the_program() {
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};
    let child = Command::new(env!("CARGO_BIN_EXE_isamorph"))
        .arg("profile")
        .args([demo_elf().as_os_str(), "work".as_ref(), "1000000".as_ref()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program under test starts");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it runs");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(15), "{said}");
    assert!(said.contains("sift (demo.elf)"), "{said}");
}

#[test]
fn stats_tell_each_tiers_share() {
    let shown = work(&["run", "--stats"]);
    for part in ["baseline blocks", "regions", "interpreter", "run time", "samples: ", "flushes"] {
        assert!(shown.stderr.contains(part), "`{part}` is not in\n{}", shown.stderr);
    }
}

/// What `perf` would find.
#[test]
fn perf_files_name_the_guests_functions() {
    use std::process::{Command, Stdio};
    let demo = demo_elf();
    let child = Command::new(env!("CARGO_BIN_EXE_isamorph"))
        .env("ISAMORPH_PERF", "both")
        .arg("run")
        .args([demo.as_os_str(), "work".as_ref(), "60".as_ref()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program under test starts");
    let pid = child.id();
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    let (map, dump) = (format!("/tmp/perf-{pid}.map"), format!("/tmp/jit-{pid}.dump"));
    let listing = format!("/tmp/isamorph-{pid}.s");
    let text = std::fs::read_to_string(&map).expect("the map");
    let guest = std::fs::read_to_string(&listing).expect("the listing");
    let bytes = std::fs::read(&dump).expect("the dump");
    for file in [map, dump, listing] {
        std::fs::remove_file(file).expect("ours to remove");
    }
    let names: Vec<&str> = text.lines().filter_map(|line| line.splitn(3, ' ').nth(2)).collect();
    assert_eq!(names.len(), text.lines().count(), "{text}");
    assert!(names.iter().any(|n| n.starts_with("sift [region 0x")), "{text}");
    assert!(names.iter().any(|n| n.starts_with("fibonacci [baseline 0x")), "{text}");
    assert!(guest.lines().any(|l| l.starts_with("4002b0  adrp x2")), "sift begins so: {guest}");
    let found = |name: &str| bytes.windows(name.len()).any(|w| w == name.as_bytes());
    assert!(names.iter().all(|name| found(name)), "a name of the map is not in the dump");
}
