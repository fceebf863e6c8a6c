//! Input that cannot work: each has a message that names it, the exit status that a shell would give, and no panic.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use isamorph_tests::random::Random;
use isamorph_tests::report::all_of;
use xtask::guests::programs::{self, Link, Program};
use xtask::process::{Outcome, capture};
use xtask::{cargo, paths};

const LIMIT: Duration = Duration::from_secs(20);

/// A folder for the inputs of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("isamorph-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> String {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().into()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn run(args: &[&str]) -> Outcome {
    capture(Command::new(paths::isamorph()).arg("run").args(args), b"", LIMIT).unwrap()
}

fn guest(name: &str, link: Link) -> PathBuf {
    Program::read(&programs::folder().join(name).with_extension("c")).unwrap().binary(link)
}

/// What no input may bring about.
fn is_sound(outcome: &Outcome) -> anyhow::Result<()> {
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    let panicked = stderr.contains("panicked") || outcome.ending() == "exit status 101";
    anyhow::ensure!(!panicked, "isamorph panicked:\n{stderr}");
    anyhow::ensure!(outcome.ending() != "signal 6", "isamorph aborted:\n{stderr}");
    Ok(())
}

#[test]
fn programs_that_cannot_be_started() {
    cargo::build_isamorph().unwrap();
    programs::build_all().unwrap();
    let folder = Folder::new("bad-input");
    let good = fs::read(guest("hello", Link::Static)).unwrap();
    let dynamic = guest("hello", Link::Dynamic);
    let dynamic = dynamic.to_str().unwrap();
    let own = paths::isamorph();
    let in_folder = |name: &str| folder.0.join(name).to_str().unwrap().to_owned();
    // Arguments, exit status, words of the message.
    let rows: Vec<(Vec<String>, i32, &[&str])> = vec![
        (vec![in_folder("missing")], 127, &["missing", "No such file"]),
        (vec!["hello".into()], 127, &["PATH is not searched"]),
        (vec![in_folder("")], 126, &["cannot be run"]),
        (vec![folder.file("empty", b"")], 126, &["not an ELF file"]),
        (vec![folder.file("text", b"just text\n")], 126, &["not an ELF file"]),
        (vec![folder.file("short", &good[..20])], 126, &["truncated"]),
        (vec![folder.file("shorter", &good[..5000])], 126, &["truncated", "5000"]),
        (vec![own.to_str().unwrap().into()], 126, &["x86-64", "AArch64"]),
        (vec![folder.file("script", b"#!/missing/sh\n")], 127, &["interpreter", "/missing/sh"]),
        (vec![dynamic.into()], 127, &["ld-linux-aarch64.so.1", "-L SYSROOT"]),
        (vec!["-L".into(), in_folder("none"), dynamic.into()], 126, &["none", "-L"]),
        (vec!["-L".into(), in_folder(""), dynamic.into()], 127, &["complete sysroot"]),
        (
            vec!["--engine".into(), "fast".into(), dynamic.into()],
            2,
            &["interp, baseline, jit, auto"],
        ),
        (vec!["--env".into(), "NAME".into(), dynamic.into()], 2, &["NAME=VALUE"]),
        (vec![], 2, &["PROGRAM"]),
    ];
    all_of(rows.iter().map(|(args, status, words)| {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let outcome = run(&args);
        let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
        is_sound(&outcome)?;
        let ending = outcome.ending();
        anyhow::ensure!(ending == format!("exit status {status}"), "{args:?}: {ending}\n{stderr}");
        for word in *words {
            anyhow::ensure!(stderr.contains(word), "{args:?}: no `{word}` in:\n{stderr}");
        }
        Ok(())
    }));
}

#[test]
fn guests_that_die_say_where() {
    cargo::build_isamorph().unwrap();
    programs::build_all().unwrap();
    let death = guest("death", Link::Static);
    let death = death.to_str().unwrap();
    let rows: &[(&str, &str, &[&str])] = &[
        ("null", "signal 11", &["write to 0x0", "main+", "pc"]),
        ("jump", "signal 11", &["jump to 0x1000", "return address", "main+"]),
        ("undefined", "signal 4", &["undefined instruction", "main+"]),
        ("breakpoint", "signal 5", &["main+"]),
        ("overflow", "signal 11", &["stack", "overflow+"]),
        ("bus", "signal 7", &["main+"]),
    ];
    for engine in ["interp", "baseline", "jit"] {
        all_of(rows.iter().map(|(how, ending, words)| {
            let outcome = run(&["--engine", engine, death, how]);
            let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
            is_sound(&outcome)?;
            anyhow::ensure!(outcome.ending() == *ending, "{how}: {}\n{stderr}", outcome.ending());
            for word in *words {
                anyhow::ensure!(stderr.contains(word), "{how}: no `{word}` in:\n{stderr}");
            }
            Ok(())
        }));
    }
}

/// An instruction that the tables name and nobody implements is reported by its name.
#[test]
fn missing_instructions_are_named() {
    cargo::build_isamorph().unwrap();
    let folder = Folder::new("unimplemented");
    let elf = beginning_with(&[0x0420_0000]);
    let outcome = run(&[&folder.file("sve", &elf)]);
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    is_sound(&outcome).unwrap();
    assert_eq!(outcome.ending(), "signal 4", "{stderr}");
    assert!(stderr.contains("SVE") && stderr.contains("04200000"), "{stderr}");
}

/// A missing system call is told to the guest, and once to the user who wants to know; a few numbers are no call at all.
#[test]
fn missing_system_calls_are_named_once() {
    const SVC: u32 = 0xd400_0001;
    let movz = |register: u32, value: u32| 0xd280_0000 | value << 5 | register;
    cargo::build_isamorph().unwrap();
    let folder = Folder::new("missing-call");
    // io_uring_setup twice, 9999 and 9998; exit(3).
    let elf = beginning_with(&[
        movz(8, 425),
        SVC,
        SVC,
        movz(8, 9999),
        SVC,
        movz(8, 9998),
        SVC,
        movz(0, 3),
        movz(8, 93),
        SVC,
    ]);
    let file = folder.file("calls", &elf);
    for (strict, expected) in [(true, vec!["io_uring_setup", "syscall_9999"]), (false, vec![])] {
        let outcome = if strict { run(&["--strict", &file]) } else { run(&[&file]) };
        let stderr = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert_eq!(outcome.ending(), "exit status 3", "{stderr}");
        let told: Vec<&str> = stderr.lines().filter(|line| line.contains("ENOSYS")).collect();
        assert_eq!(told.len(), expected.len(), "{stderr}");
        for (line, name) in told.iter().zip(expected) {
            assert!(line.contains(name), "{stderr}");
        }
    }
}

/// The demo with these words at its entry.
fn beginning_with(words: &[u32]) -> Vec<u8> {
    let mut elf = fs::read(programs::demo_elf()).unwrap();
    let entry = u64::from_le_bytes(elf[24..32].try_into().unwrap());
    // Its first segment begins with the file, at 0x400000.
    let mut at = (entry - 0x40_0000) as usize;
    for word in words {
        elf[at..at + 4].copy_from_slice(&word.to_le_bytes());
        at += 4;
    }
    elf
}

/// Headers with a few bytes changed: whatever comes of it, isamorph does not panic.
#[test]
fn corrupt_headers_do_no_harm() {
    cargo::build_isamorph().unwrap();
    let folder = Folder::new("corrupt");
    let good = fs::read(programs::demo_elf()).unwrap();
    let headers = 64 + 4 * 56;
    let seeds = 1..=200;
    all_of(seeds.map(|seed| {
        let mut random = Random::new(seed);
        let mut elf = good.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(headers) as usize;
            let bytes = random.integer().to_le_bytes();
            let count = 1 << random.below(4);
            let end = (at + count).min(headers as usize);
            elf[at..end].copy_from_slice(&bytes[..end - at]);
        }
        if random.one_in(8) {
            elf.truncate(random.below(elf.len() as u64) as usize);
        }
        let file = folder.file("mutant", &elf);
        // An argument that the demo does not know: it ends at once, if it begins at all.
        let outcome = run(&["--engine", "interp", &file, "nothing"]);
        is_sound(&outcome).map_err(|error| {
            let kept = Path::new("/tmp").join(format!("isamorph-mutant-{seed}"));
            let _ = fs::copy(&file, &kept);
            error.context(format!("seed {seed}, kept as {}", kept.display()))
        })
    }));
}
