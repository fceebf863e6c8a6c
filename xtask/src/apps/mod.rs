//! Real programs of Debian, ours against native ones: standard output, standard error, exit status and the files left behind.
//!
//! The cases are the lines of `tests/apps/*.txt`; those of `long.txt` take minutes and are run on request only. The native
//! programs are of the same Debian release as the guest's; where the host is another system, lacks a program, or a case
//! begins with `!qemu`, qemu-aarch64 runs the guest's program instead.

mod case;
pub(crate) mod inputs;
mod trace;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use self::case::{Case, cases};
use self::trace::{Trace, files_below};
use crate::guests::apt::RELEASE;
use crate::guests::runs::Runner;
use crate::guests::sysroot;
use crate::process::{self, capture};
use crate::tally::{Step, Tally};
use crate::{cargo, paths};

const LIMIT: Duration = Duration::from_secs(120);
const LONG_LIMIT: Duration = Duration::from_secs(1800);

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Engines; if none are named, all, or those fast enough for a long case.
    pub engines: Vec<Runner>,
    /// Only cases that contain this.
    pub filter: Option<String>,
    /// Every how many-th case is run: 1 for all.
    pub every: usize,
    /// The long cases instead of the others.
    pub long: bool,
    /// Every engine twice, with a code cache.
    pub warm: bool,
}

/// Runs the comparison.
pub fn run(options: &Options) -> Result<Tally> {
    let sysroot = sysroot::make("arm64", &[])?;
    cargo::build_isamorph()?;
    let scratch = std::env::temp_dir().join(format!("isamorph-apps-{}", std::process::id()));
    let result = compare_all(options, &sysroot, &scratch);
    let _ = fs::remove_dir_all(&scratch);
    result
}

fn compare_all(options: &Options, sysroot: &Path, scratch: &Path) -> Result<Tally> {
    let template = scratch.join("template");
    make_template(&template)?;
    if options.long {
        inputs::fetch()?;
        fs::copy(inputs::preprocessed(), template.join("large.i"))?;
    }
    let cases: Vec<Case> = cases()?
        .into_iter()
        .filter(|case| case.long == options.long)
        .filter(|case| options.filter.as_ref().is_none_or(|filter| case.line.contains(filter)))
        .step_by(options.every.max(1))
        .collect();
    let runs: Vec<(usize, &Case, Vec<Runner>)> = cases
        .iter()
        .enumerate()
        .map(|(number, case)| {
            let engines = case.engines(&options.engines);
            (number, case, if options.warm { Runner::warmed(&engines) } else { engines })
        })
        .collect();
    let count: usize = runs.iter().map(|(_, _, engines)| engines.len()).sum();
    let _step = Step::begin(format!("{} programs, {count} runs on our engines", cases.len()));
    let bench = Bench { sysroot, scratch, template: &template, same_release: is_same_release() };
    let results = process::in_parallel(&runs, |(number, case, engines)| {
        bench.compare(*number, case, engines)
    });
    let mut tally = Tally::default();
    for ((_, case, engines), result) in runs.iter().zip(results) {
        match result {
            Ok(differences) => {
                tally.pass(engines.len() - differences.len());
                for difference in differences {
                    println!("FAILED {}: {}\n       {difference}", case.place, case.line);
                    tally.fail(format!("{}: {}", case.place, case.line));
                }
            }
            Err(error) => {
                println!("FAILED {}: {}\n       {error:#}", case.place, case.line);
                tally.fail(format!("{}: {}", case.place, case.line));
            }
        }
    }
    Ok(tally)
}

/// Where and with what the cases run.
struct Bench<'a> {
    sysroot: &'a Path,
    scratch: &'a Path,
    template: &'a Path,
    same_release: bool,
}

impl Bench<'_> {
    /// The differences on each engine that shows some.
    fn compare(&self, number: usize, case: &Case, engines: &[Runner]) -> Result<Vec<String>> {
        let guest = Path::new("/usr/bin").join(&case.program);
        ensure!(
            self.sysroot.join(guest.strip_prefix("/").expect("is absolute")).exists(),
            "{} is not in the sysroot",
            guest.display()
        );
        let host = case.native.as_deref().unwrap_or(&guest);
        let native = self.same_release && !case.qemu && host.exists();
        let reference = if native { Runner::Native } else { Runner::Qemu };
        // The same folder for all, one after the other: its name may be printed.
        let folder = self.scratch.join(number.to_string());
        let wanted = self.trace(reference, case, &guest, &folder)?;
        let mut differences = Vec::new();
        for &engine in engines {
            let begin = Instant::now();
            let got = self.trace(engine, case, &guest, &folder)?;
            if case.long {
                let seconds = begin.elapsed().as_secs_f64();
                println!("  {} on {engine}: {seconds:.1} s: {}", case.place, case.line);
            }
            if got != wanted {
                differences.push(format!("{engine} against {reference}: {}", wanted.differs(&got)));
            }
        }
        fs::remove_dir_all(&folder)?;
        Ok(differences)
    }

    fn trace(&self, runner: Runner, case: &Case, guest: &Path, folder: &Path) -> Result<Trace> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        process::run(Command::new("cp").arg("-a").arg(self.template).arg(folder))?;
        let program = match runner {
            // qemu opens its program on the host.
            Runner::Qemu => self.sysroot.join(guest.strip_prefix("/").expect("is absolute")),
            Runner::Native => case.native.clone().unwrap_or_else(|| guest.into()),
            Runner::Isamorph(_) | Runner::Keeping(_) | Runner::Usual(_) | Runner::Profiled => {
                guest.into()
            }
        };
        let mut command = runner.command(Some(self.sysroot), &program);
        if runner == Runner::Qemu {
            command = Command::new("qemu-aarch64");
            command.arg("-L").arg(self.sysroot).arg("-0").arg(guest).arg(program);
        }
        let site = inputs::site(if runner == Runner::Native { "amd64" } else { "arm64" });
        command.args(&case.args).current_dir(folder).env_clear().env("SITE", site).envs([
            ("PATH", "/usr/bin:/bin"),
            ("HOME", "/home/guest"),
            ("LC_ALL", "C.UTF-8"),
            ("TZ", "UTC"),
        ]);
        let stdin = match &case.stdin {
            Some(file) => fs::read(folder.join(file)).with_context(|| file.clone())?,
            None => Vec::new(),
        };
        let limit = if case.long { LONG_LIMIT } else { LIMIT };
        let outcome = capture(&mut command, &stdin, limit)?;
        let files = files_below(folder)?;
        Ok(Trace::of(&outcome, files))
    }
}

fn is_same_release() -> bool {
    fs::read_to_string("/etc/os-release")
        .is_ok_and(|text| text.lines().any(|line| line == format!("VERSION_CODENAME={RELEASE}")))
}

fn make_template(template: &Path) -> Result<()> {
    fs::create_dir_all(template)?;
    let apps = paths::root().join("tests/apps");
    process::run(Command::new("cp").arg("-r").arg(apps.join("scripts")).arg(template))?;
    process::run(
        Command::new("sh")
            .arg(apps.join("setup.sh"))
            .current_dir(template)
            .env("LC_ALL", "C.UTF-8")
            .env("TZ", "UTC"),
    )
}
