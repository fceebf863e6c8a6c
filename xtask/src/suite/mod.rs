//! Foreign test suites: fetched as Debian packages, built with the cross compiler, run on our engines.
//!
//! One way for all: fetch → select → build what is stale → run → compare with `tests/suites/NAME.toml`, which lists
//! every program that is not run, does not build or fails, each with its reason. What is listed there as failing and
//! passes is a failure, so the lists stay true. Nothing fetched is ever committed.

mod case;
mod directive;
mod expected;
mod gcc;
mod qemu_tcg;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, ensure};
use clap::ValueEnum;

use self::case::Case;
use self::expected::{Expected, Fate};
use crate::guests::programs::{COMPILER, compile_if_stale};
use crate::guests::runs::Runner;
use crate::process;
use crate::tally::{Step, Tally};
use crate::{cargo, paths};

/// A suite that this command knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Suite {
    /// GCC's C torture execution tests: programs that abort when they find themselves wrong
    Torture,
    /// GCC's run tests for AArch64: `AdvSIMD` intrinsics, vectorised code, the procedure call standard
    GccAarch64,
    /// QEMU's user-mode tests: `tests/tcg/multiarch` and `tests/tcg/aarch64`
    QemuTcg,
}

impl Suite {
    /// The name on the command line, of the folder below `target/guests/suites`, and of the list of expectations.
    pub fn name(self) -> &'static str {
        match self {
            Self::Torture => "torture",
            Self::GccAarch64 => "gcc-aarch64",
            Self::QemuTcg => "qemu-tcg",
        }
    }

    fn fetch(self) -> Result<()> {
        match self {
            Self::Torture | Self::GccAarch64 => gcc::fetch(),
            Self::QemuTcg => qemu_tcg::fetch(),
        }
    }

    fn select(self, levels: &[String]) -> Result<Vec<Case>> {
        match self {
            Self::Torture => gcc::torture(levels),
            Self::GccAarch64 => gcc::aarch64(levels),
            Self::QemuTcg => qemu_tcg::select(),
        }
    }

    /// Where the built programs lie.
    fn binaries(self) -> PathBuf {
        folder().join("bin").join(self.name())
    }
}

/// Where sources and programs of the suites lie.
fn folder() -> PathBuf {
    paths::guests().join("suites")
}

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Optimisation levels, as `O0`, of the suites that are built at several.
    pub levels: Vec<String>,
    /// Engines.
    pub engines: Vec<Runner>,
    /// Only programs whose title contains this.
    pub filter: Option<String>,
    /// Every how many-th program is taken: 1 for all.
    pub every: usize,
}

/// Fetches, builds, runs; the tally counts what passed and what was not as the list says.
pub fn run(suite: Suite, options: &Options) -> Result<Tally> {
    suite.fetch()?;
    cargo::build_isamorph()?;
    let expected = Expected::read(suite.name())?;
    let (run, left_out): (Vec<Case>, Vec<Case>) = suite
        .select(&options.levels)?
        .into_iter()
        .filter(|case| options.filter.as_ref().is_none_or(|filter| case.title().contains(filter)))
        .step_by(options.every.max(1))
        .partition(|case| expected.reason(Fate::NotRun, case).is_none());
    ensure!(!run.is_empty() || !left_out.is_empty(), "{}: no program matches", suite.name());
    let mut tally = Tally::default();
    let built = build(suite, &run, &expected, &mut tally);
    for &engine in &options.engines {
        let _step = Step::begin(format!("{} on {engine}: {} programs", suite.name(), built.len()));
        let outcomes = process::in_parallel(&built, |case| case.check(engine, suite));
        let mut count = Count { not_run: left_out.len(), ..Count::default() };
        count.not_built = run.len() - built.len();
        for (case, outcome) in built.iter().zip(outcomes) {
            let fails = expected.reason(Fate::Fails, case).is_some();
            match (outcome?, fails) {
                (None, false) => {
                    count.passed += 1;
                    tally.pass(1);
                }
                (None, true) => tally
                    .fail(format!("{} ({engine}): passes, but is listed as failing", case.title())),
                (Some(_), true) => count.expected += 1,
                (Some(why), false) => {
                    let oracle = match case.check(Runner::Qemu, suite)? {
                        None => "",
                        Some(_) => " (under qemu-aarch64 it fails too)",
                    };
                    tally.fail(format!("{} ({engine}): {why}{oracle}", case.title()));
                    *count.failures.entry(why).or_default() += 1;
                }
            }
        }
        count.print();
    }
    Ok(tally)
}

/// What became of the programs on one engine.
#[derive(Default)]
struct Count {
    passed: usize,
    expected: usize,
    not_built: usize,
    not_run: usize,
    /// How many failed for each reason.
    failures: BTreeMap<String, usize>,
}

impl Count {
    fn print(&self) {
        let mut failures: Vec<_> = self.failures.iter().collect();
        failures.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        for (why, count) in &failures {
            println!("  {count:5} x {why}");
        }
        println!(
            "  {} passed, {} failed, {} fail as listed, {} do not build, {} not run",
            self.passed,
            self.failures.values().sum::<usize>(),
            self.expected,
            self.not_built,
            self.not_run
        );
    }
}

/// Builds what is stale; what the compiler refuses must be listed.
fn build<'a>(
    suite: Suite,
    cases: &'a [Case],
    expected: &Expected,
    tally: &mut Tally,
) -> Vec<&'a Case> {
    let _step = Step::begin(format!("building {}: {} programs", suite.name(), cases.len()));
    let results = process::in_parallel(cases, |case| {
        let binary = case.binary(suite);
        let mut command = Command::new(COMPILER);
        command.args((!case.dynamic).then_some("-static")).arg("-w").args(&case.flags);
        command.arg("-o").arg(&binary);
        command.args(&case.sources).args(&case.libs);
        compile_if_stale(&mut command, &case.sources[0], &binary)
    });
    let mut built = Vec::new();
    for (case, result) in cases.iter().zip(results) {
        match (result, expected.reason(Fate::NotBuilt, case)) {
            (Ok(_), None) => built.push(case),
            (Ok(_), Some(_)) => {
                tally.fail(format!("{}: builds, but is listed as not", case.title()));
            }
            (Err(_), Some(_)) => {}
            (Err(error), None) => {
                let text = format!("{error:#}");
                let line = text.lines().find(|line| line.contains("error")).unwrap_or("");
                tally.fail(format!("{}: does not build: {line}", case.title()));
            }
        }
    }
    built
}
