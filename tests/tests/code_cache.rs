//! The persistent code cache from outside: whatever becomes of its files, programs do what they do without it.

use std::fs::{self, FileTimes};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use isamorph_tests::random::Random;
use xtask::guests::programs::{self, Link, Program};
use xtask::process::{Outcome, capture};
use xtask::{cargo, paths};

const LIMIT: Duration = Duration::from_secs(60);

/// A cache of a test's own.
struct Cache(PathBuf);

impl Cache {
    fn new(name: &str) -> Self {
        static BUILT: Once = Once::new();
        BUILT.call_once(|| {
            cargo::build_isamorph().unwrap();
            programs::build_all().unwrap();
        });
        let path = std::env::temp_dir().join(format!("isamorph-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn isamorph(&self, args: &[&str]) -> Command {
        let mut command = Command::new(paths::isamorph());
        command.args(args).env("ISAMORPH_CACHE_DIR", &self.0).env("ISAMORPH_LOG", "warn");
        command.env("ISAMORPH_CACHE", "rw").env("ISAMORPH_CACHE_EAGER", "true");
        command
    }

    /// Runs a program with more options.
    fn run(&self, options: &[&str], program: &str) -> Outcome {
        let args = [&["run"], options, &[program]].concat();
        capture(&mut self.isamorph(&args), b"", LIMIT).unwrap()
    }

    fn tool(&self, args: &[&str]) -> Outcome {
        let mut command = Command::new(paths::isamorph());
        command.arg("cache").args(args).arg("--cache-dir").arg(&self.0);
        capture(&mut command, b"", LIMIT).unwrap()
    }

    fn units(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).into_iter().flatten();
        let paths = entries.map(|e| e.unwrap().path());
        paths.filter(|p| p.extension().is_some_and(|e| e == "elf")).collect()
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn guest(name: &str) -> String {
    let program = Program::read(&programs::folder().join(name).with_extension("c")).unwrap();
    program.binary(Link::Static).to_str().unwrap().into()
}

/// The number before these words on the line of `--stats` that begins with `line`.
fn stat(outcome: &Outcome, line: &str, words: &str) -> u64 {
    let text = String::from_utf8_lossy(&outcome.stderr);
    let line = text.lines().find(|l| l.trim_start().starts_with(line)).unwrap_or_default();
    let before = line.split(words).next().unwrap_or_default();
    let number = before.trim_end().rsplit(' ').next().unwrap_or_default().replace(',', "");
    number.parse().unwrap_or_else(|_| panic!("no number before `{words}` in\n{text}"))
}

/// The number of blocks that the baseline compiler made.
fn compiled(outcome: &Outcome) -> u64 {
    let text = String::from_utf8_lossy(&outcome.stderr);
    let line = text.lines().find(|l| l.contains("baseline blocks")).expect("--stats shows it");
    let number = line.split_whitespace().nth(2).expect("it has a number").replace(',', "");
    number.parse().unwrap()
}

/// As without a cache, and with nothing of the emulator's own gone wrong.
fn is_right(outcome: &Outcome, expected: &Outcome, what: &str) {
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    assert_eq!(outcome.ending(), expected.ending(), "{what}\n{stderr}");
    assert!(outcome.stdout == expected.stdout, "{what}: other output\n{stderr}");
    assert!(!stderr.contains("panicked"), "{what}\n{stderr}");
}

#[test]
fn a_second_run_compiles_next_to_nothing() {
    let cache = Cache::new("second");
    let program = guest("libc");
    let plain = cache.run(&["--cache", "off"], &program);
    assert!(cache.units().is_empty());
    let first = cache.run(&["--stats"], &program);
    is_right(&first, &plain, "first");
    assert!(stat(&first, "saved", "blocks") > 500);
    let second = cache.run(&["--stats"], &program);
    is_right(&second, &plain, "second");
    assert!(stat(&second, "kept", "blocks") > 500);
    assert!(compiled(&second) * 20 < compiled(&first), "{}", compiled(&second));
    // Only looking: nothing is written.
    let before = fs::read(&cache.units()[0]).unwrap();
    is_right(&cache.run(&["--cache", "ro", "--engine", "auto"], &program), &plain, "ro");
    assert!(before == fs::read(&cache.units()[0]).unwrap());
    // Another engine, another processor: other units.
    let units = cache.units().len();
    is_right(&cache.run(&["--engine", "jit"], &program), &plain, "jit");
    is_right(&cache.run(&["--cpu", "cortex-a53"], &program), &plain, "cortex-a53");
    assert_eq!(cache.units().len(), units + 2);
    let stats = cache.tool(&["stats", "--units"]);
    assert!(String::from_utf8_lossy(&stats.stdout).contains("static/libc"), "{}", stats.tail(9));
    assert!(cache.tool(&["verify"]).success());
    assert!(cache.tool(&["clear"]).success());
    assert!(cache.units().is_empty());
}

#[test]
fn without_a_home_there_is_no_cache_and_no_word_of_it() {
    let cache = Cache::new("homeless");
    let mut command = Command::new(paths::isamorph());
    command.args(["run", &guest("hello")]).env_clear().env("ISAMORPH_LOG", "warn");
    let outcome = capture(&mut command, b"", LIMIT).unwrap();
    assert!(outcome.success() && outcome.stderr.is_empty(), "{}", outcome.tail(9));
    // A directory that cannot be made is no reason to stop either.
    let nowhere = Cache("/proc/no/such/place".into());
    assert!(nowhere.run(&[], &guest("hello")).success());
    drop(cache);
}

#[test]
fn damaged_and_foreign_files_are_refused_with_a_word_and_the_program_runs() {
    let cache = Cache::new("damaged");
    let program = guest("hello");
    let plain = cache.run(&["--cache", "off"], &program);
    is_right(&cache.run(&[], &program), &plain, "first");
    let unit = cache.units().remove(0);
    let whole = fs::read(&unit).unwrap();
    let mut random = Random::new(7);
    let mut damages: Vec<(String, Vec<u8>)> = vec![];
    let lengths = [0, 1, 63, 64, 100, 207, 208, whole.len() / 2, whole.len() - 1];
    damages.extend(lengths.iter().map(|&len| (format!("{len} bytes"), whole[..len].to_vec())));
    for n in 0..12 {
        let mut bytes = whole.clone();
        // A few at first, in the end about every hundredth byte.
        for _ in 0..1 << n {
            let at = random.below(bytes.len() as u64) as usize;
            bytes[at] ^= 1 << random.below(8);
        }
        damages.push((format!("{} flips", 1 << n), bytes));
    }
    damages.push(("noise".into(), whole.iter().map(|_| random.next_u64() as u8).collect()));
    damages.push(("zeros".into(), vec![0; whole.len()]));
    for (what, bytes) in damages {
        fs::write(&unit, bytes).unwrap();
        let outcome = cache.run(&["--cache", "ro"], &program);
        is_right(&outcome, &plain, &what);
        if !what.ends_with("flips") {
            assert!(!outcome.stderr.is_empty(), "{what}: not a word");
        }
        let words = String::from_utf8_lossy(&outcome.stderr).lines().count();
        assert!(words <= 2, "{what}: {}", outcome.tail(9));
    }
    let mode = |mode| fs::set_permissions(&unit, fs::Permissions::from_mode(mode)).unwrap();
    fs::write(&unit, &whole).unwrap();
    mode(0o666);
    let outcome = cache.run(&[], &program);
    is_right(&outcome, &plain, "everybody may write");
    assert!(outcome.tail(3).contains("others than its owner"), "{}", outcome.tail(3));
    fs::remove_file(&unit).unwrap();
    symlink("/etc/passwd", &unit).unwrap();
    let outcome = cache.run(&["--cache", "ro"], &program);
    is_right(&outcome, &plain, "a symbolic link");
    assert!(outcome.tail(3).contains("is not used"), "{}", outcome.tail(3));
    fs::set_permissions(&cache.0, fs::Permissions::from_mode(0o777)).unwrap();
    let outcome = cache.run(&[], &program);
    is_right(&outcome, &plain, "everybody's directory");
    assert!(outcome.tail(3).contains("no code cache"), "{}", outcome.tail(3));
}

#[test]
fn a_program_that_changed_behind_its_name_size_and_time_is_seen() {
    let cache = Cache::new("changed");
    let program = cache.0.with_extension("program");
    let original = fs::read(guest("patched")).unwrap();
    // The hint that marks the function's `mov wN, #1`.
    let mark = 0xd503_24bf_u32.to_le_bytes();
    let at = (0..original.len()).step_by(4).find(|&at| original[at..].starts_with(&mark));
    let at = at.expect("the function is there") + 4;
    let mut changed = original.clone();
    changed[at] = changed[at] & 0x1f | 0xe0;
    fs::write(&program, &original).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let time = fs::metadata(&program).unwrap().modified().unwrap();
    for (bytes, status) in [(&original, 1), (&changed, 7), (&original, 1), (&changed, 7)] {
        fs::write(&program, bytes).unwrap();
        let file = fs::File::options().write(true).open(&program).unwrap();
        file.set_times(FileTimes::new().set_modified(time)).unwrap();
        drop(file);
        let outcome = cache.run(&["--stats"], program.to_str().unwrap());
        assert_eq!(outcome.ending(), format!("exit status {status}"), "{}", outcome.tail(30));
        assert_eq!(cache.units().len(), 1);
    }
    fs::remove_file(&program).unwrap();
}

#[test]
fn a_cache_that_cannot_grow_is_told_of_once() {
    let cache = Cache::new("full");
    let program = guest("hello");
    let line = "ulimit -f 8; exec \"$0\" \"$@\"";
    let emulator = paths::isamorph();
    let emulator = emulator.to_str().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", line, emulator, "run", "--cache", "rw", "--cache-dir"]).arg(&cache.0);
    command.arg(&program).env("ISAMORPH_LOG", "warn");
    let outcome = capture(&mut command, b"", LIMIT).unwrap();
    assert!(outcome.success(), "{}", outcome.tail(9));
    let words = String::from_utf8_lossy(&outcome.stderr);
    assert!(words.lines().count() == 1 && words.contains("not kept"), "{words}");
    assert!(cache.units().is_empty());

    // Bounded: what was used least lately goes.
    for name in ["hello", "libc", "fp", "threads", "files", "args"] {
        assert!(!cache.run(&["--cache-size", "1"], &guest(name)).stdout.is_empty());
        let bytes: u64 = cache.units().iter().map(|u| fs::metadata(u).unwrap().len()).sum();
        assert!(bytes <= 1 << 20, "{bytes} after {name}");
    }
    assert!(cache.tool(&["verify"]).success());
}

/// Damages files of the cache at random until told to stop.
fn vandal(cache: &Path, stop: &AtomicBool, seed: u64) {
    let mut random = Random::new(seed);
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20));
        let Ok(entries) = fs::read_dir(cache) else { continue };
        let files: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
        if files.is_empty() {
            continue;
        }
        let file = random.pick(&files);
        let Ok(mut bytes) = fs::read(file) else { continue };
        match random.below(4) {
            0 => drop(fs::remove_file(file)),
            1 => {
                // In place: whoever has it mapped finds nothing behind its end.
                let len = random.below(bytes.len() as u64 + 1);
                let _ = fs::File::options().write(true).open(file).and_then(|f| f.set_len(len));
            }
            _ if !bytes.is_empty() => {
                for _ in 0..20 {
                    let at = random.below(bytes.len() as u64) as usize;
                    bytes[at] = random.next_u64() as u8;
                }
                let _ = fs::write(file, bytes);
            }
            _ => {}
        }
    }
}

#[test]
fn processes_that_share_kill_and_damage_a_cache_lose_nothing() {
    const PROGRAMS: [&str; 5] = ["hello", "libc", "fp", "forkexec", "selfmod"];
    let cache = Cache::new("stress");
    let programs: Vec<(String, Outcome)> = PROGRAMS
        .iter()
        .map(|name| (guest(name), cache.run(&["--cache", "off"], &guest(name))))
        .collect();
    let (stop, until) = (AtomicBool::new(false), Instant::now() + Duration::from_secs(8));
    std::thread::scope(|scope| {
        scope.spawn(|| vandal(&cache.0, &stop, 11));
        let workers: Vec<_> = (0..4_u64)
            .map(|seed| {
                let (cache, programs) = (&cache, &programs);
                scope.spawn(move || {
                    let mut random = Random::new(seed);
                    let mut runs = 0;
                    while Instant::now() < until || runs < 4 {
                        let (program, plain) = random.pick(programs);
                        if random.one_in(3) {
                            let mut child = cache.isamorph(&["run", program]);
                            let quiet = std::process::Stdio::null;
                            child.stdin(quiet()).stdout(quiet()).stderr(quiet());
                            let mut child = child.spawn().unwrap();
                            std::thread::sleep(Duration::from_millis(random.below(60)));
                            let _ = child.kill();
                            child.wait().unwrap();
                        } else {
                            is_right(&cache.run(&[], program), plain, program);
                        }
                        runs += 1;
                    }
                })
            })
            .collect();
        let done: Vec<_> = workers.into_iter().map(|w| w.join()).collect();
        stop.store(true, Ordering::Relaxed);
        done.into_iter().for_each(|d| d.unwrap());
    });
    let repaired = cache.tool(&["verify", "--repair"]);
    assert!(repaired.success(), "{}", repaired.tail(9));
    let verified = cache.tool(&["verify"]);
    assert!(verified.success(), "{}", verified.tail(9));
    for (program, plain) in &programs {
        is_right(&cache.run(&[], program), plain, program);
    }
}
