//! `cargo xtask ci`: everything that must hold before a change lands, from a fresh clone, with progress.
//!
//! Invariant: a step that fails does not stop the later ones that can still tell something; the closing line counts
//! them all, and any failure makes the exit status non-zero.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{build_isamorph, cargo};
use crate::guests;
use crate::guests::runs::Runner;
use crate::suite::{self, Suite};
use crate::tally::{Step, Tally};
use crate::{apps, process};

/// Random blocks compared with the oracle in one run.
const RANDOM_CASES: &str = "400000";
/// Of each suite, every how-manieth program is run here; all of them by `cargo xtask suite`.
const SAMPLES: [(Suite, usize); 3] =
    [(Suite::Torture, 3), (Suite::GccAarch64, 2), (Suite::QemuTcg, 1)];

/// Runs all checks.
pub fn run() -> Result<()> {
    let mut tally = Tally::default();
    {
        let _step = Step::begin("Debian packages for cross compiling and the oracle");
        guests::host::install()?;
    }
    check(&mut tally, "format", || process::run(&mut cargo(&["fmt", "--all", "--check"])));
    check(&mut tally, "clippy", || {
        let args = ["clippy", "--quiet", "--release", "--workspace", "--all-targets", "--"];
        process::run(cargo(&args).args(["-D", "warnings"]))
    });
    {
        let _step = Step::begin("release build of isamorph");
        build_isamorph()?;
    }
    check(&mut tally, "guest programs", || guests::programs::build_all().map(drop));
    cargo_tests(&mut tally);
    check(&mut tally, "demo", || process::run(Command::new(build_isamorph()?).arg("demo")));
    check(&mut tally, "random differential test", || {
        let bin =
            ["run", "--quiet", "--release", "--package", "isamorph-tests", "--bin", "fuzz-diff"];
        process::run(cargo(&bin).args(["--", "--seed", "1", "--count", RANDOM_CASES]))
    });
    sub_tally(&mut tally, "real programs", || {
        let engines = vec![Runner::Isamorph("auto")];
        apps::run(&apps::Options { engines, filter: None, every: 1, long: false, warm: false })
    });
    for (suite, every) in SAMPLES {
        sub_tally(&mut tally, &format!("sample of {}", suite.name()), || {
            let engines = vec![Runner::Isamorph("baseline"), Runner::Isamorph("jit")];
            suite::run(
                suite,
                &suite::Options { levels: vec!["O2".into()], engines, filter: None, every },
            )
        });
    }
    println!();
    tally.close()
}

fn check(tally: &mut Tally, name: &str, run: impl FnOnce() -> Result<()>) {
    let _step = Step::begin(name);
    tally.note(name, run());
}

fn sub_tally(tally: &mut Tally, name: &str, run: impl FnOnce() -> Result<Tally>) {
    let _step = Step::begin(name);
    match run() {
        Ok(counts) => tally.absorb(counts),
        Err(error) => tally.note(name, Err(error)),
    }
}

/// `cargo test` of the workspace, its counts read from the runner's lines.
fn cargo_tests(tally: &mut Tally) {
    let _step = Step::begin("tests of the workspace");
    let mut passed = 0;
    let outcome = tests_of_workspace(&mut passed);
    tally.pass(passed);
    if let Err(error) = outcome {
        tally.note("cargo test", Err(error));
    }
}

fn tests_of_workspace(passed: &mut usize) -> Result<()> {
    let mut command = cargo(&["test", "--quiet", "--release", "--workspace", "--no-fail-fast"]);
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot start cargo test")?;
    let stdout = child.stdout.take().context("cargo test has an output")?;
    for line in BufReader::new(stdout).lines() {
        let line = line.context("cannot read cargo test's output")?;
        println!("{line}");
        if let Some(rest) = line.strip_prefix("test result:") {
            let count = rest.split_whitespace().skip_while(|w| !w.ends_with('.')).nth(1);
            *passed += count.and_then(|n| n.parse::<usize>().ok()).unwrap_or(0);
        }
    }
    let status = child.wait().context("cannot wait for cargo test")?;
    if !status.success() {
        bail!("some tests failed: their names are above");
    }
    ensure!(*passed > 0, "cargo test ran nothing");
    Ok(())
}
