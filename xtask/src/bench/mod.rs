//! The benchmark: native, qemu-aarch64 and Isamorph in turn on the standing set ([`kernels`]), as Markdown tables.
//!
//! Measured is CPU time, user and system, of the process with all its threads, so background compilation counts; and
//! time on the clock, and memory. The sides run one after the other in every round ([`trial`]), and what is reported
//! ([`figures`]) is the median of the rounds' ratios, with its spread.

mod figures;
mod inputs;
mod kernels;
mod page;
mod trial;

use anyhow::{Result, ensure};

use crate::cargo;
use crate::guests::runs::Runner;
use figures::Figures;
use kernels::{Group, KERNELS, Kernel};
use trial::{Cache, Trial};

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds; the figures are medians over them.
    pub rounds: usize,
    /// The engine of ours.
    pub engine: Runner,
    /// Only kernels whose name contains this.
    pub filter: Option<String>,
    /// Put the tables into docs/performance.md.
    pub write: bool,
}

/// Builds, measures, returns the tables.
pub fn run(options: &Options) -> Result<String> {
    ensure!(
        !options.write || options.filter.is_none(),
        "--write renews the whole page: it goes with no filter"
    );
    cargo::build_isamorph()?;
    let mut tables = String::new();
    let mut missed = vec![];
    let (mut goals, mut failed) = (0, vec![]);
    for group in Group::ALL {
        let wanted = |k: &&Kernel| {
            k.group == group && options.filter.as_ref().is_none_or(|f| k.name.contains(f))
        };
        let mut kernels = KERNELS.iter().filter(wanted).peekable();
        if kernels.peek().is_some() {
            tables += &figures::head(group);
        }
        for kernel in kernels {
            // One that cannot be measured must not take the others' figures with it.
            let figures = match measure(kernel, options) {
                Ok(figures) => figures,
                Err(error) => {
                    eprintln!("{}: {error:#}", kernel.name);
                    failed.push(format!("{}: {error:#}", kernel.name));
                    continue;
                }
            };
            let line = figures.line(kernel);
            eprintln!("{line}");
            tables += &format!("{line}\n");
            if let Some(reached) = figures.reached(kernel) {
                goals += 1;
                missed.extend((!reached).then_some(kernel.name));
            }
        }
    }
    let reached = goals - missed.len();
    tables += &format!("\nGoals reached: {reached} of {goals}.");
    if !missed.is_empty() {
        tables += &format!(" Not reached: {}.", missed.join("; "));
    }
    tables.push('\n');
    if options.write {
        ensure!(failed.is_empty(), "docs/performance.md stays as it is: {}", failed.join("\n"));
        page::renew(&tables, options)?;
    }
    ensure!(failed.is_empty(), "{tables}\nnot measured:\n{}", failed.join("\n"));
    Ok(tables)
}

fn measure(kernel: &'static Kernel, options: &Options) -> Result<Figures> {
    let trial = Trial::prepare(kernel)?;
    let mut figures = Figures::default();
    for _ in 0..options.rounds {
        let mut expected = None;
        if trial.has_native() {
            let (native, output) = trial.run(Runner::Native, Cache::Warm)?;
            figures.native.push(native);
            expected = Some(output);
        }
        for (runner, cache, column) in [
            (Runner::Qemu, Cache::Warm, &mut figures.qemu),
            (options.engine, Cache::Empty, &mut figures.first),
            (options.engine, Cache::Warm, &mut figures.second),
        ] {
            let (cost, output) = trial.run(runner, cache)?;
            let name = kernel.name;
            ensure!(
                *expected.get_or_insert_with(|| output.clone()) == output,
                "{name}: {runner} prints something else than the native program (or QEMU)"
            );
            column.push(cost);
        }
    }
    figures.rss = (trial.rss(Runner::Qemu)?, trial.rss(options.engine)?);
    Ok(figures)
}
