//! The benchmark: native, qemu-aarch64 and Isamorph in turn on the same kernels, as a Markdown table.
//!
//! Measured is CPU time, user and system, of the process with all its threads, so background compilation counts. The
//! three run one after the other in every round, and what is reported is the median of the rounds' ratios: what disturbs
//! the machine for a while disturbs all three alike.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::guests::programs::{COMPILER, compile_if_stale};
use crate::guests::runs::Runner;
use crate::process::{Outcome, capture};
use crate::{cargo, paths};

const LIMIT: Duration = Duration::from_secs(300);

/// A program that is measured: a source in `tests/bench`, and the arguments that make it run for some 0.3 s natively.
struct Kernel {
    name: &'static str,
    source: &'static str,
    args: &'static [&'static str],
}

const KERNELS: &[Kernel] = &[
    Kernel { name: "call/return (fib)", source: "fib", args: &["40"] },
    Kernel { name: "indirect jumps (bytecode switch)", source: "switch", args: &["200"] },
    Kernel { name: "byte hash", source: "hash", args: &["80"] },
    Kernel { name: "sort (function pointer)", source: "sort", args: &["9"] },
    Kernel { name: "matrix, integer", source: "matrix", args: &["120", "int"] },
    Kernel { name: "matrix, double", source: "matrix", args: &["120", "fp"] },
    Kernel { name: "strings (words, libc)", source: "string", args: &["9"] },
];

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds; the figures are medians over them.
    pub rounds: usize,
    /// The engine of ours.
    pub engine: Runner,
    /// Only kernels whose source or name contains this.
    pub filter: Option<String>,
}

/// The figures of one kernel.
#[derive(Debug, Default)]
struct Row {
    native: Vec<f64>,
    qemu: Vec<f64>,
    ours: Vec<f64>,
}

impl Row {
    /// The median over the rounds of `a / b`.
    fn ratio(a: &[f64], b: &[f64]) -> f64 {
        median(a.iter().zip(b).map(|(a, b)| a / b).collect())
    }
}

/// Builds, measures, returns the table.
pub fn run(options: &Options) -> Result<String> {
    cargo::build_isamorph()?;
    let mut table = String::from(
        "| kernel | native, s | qemu-aarch64, x native | Isamorph, x native | Isamorph over qemu |\n\
         |---|---|---|---|---|\n",
    );
    for kernel in KERNELS {
        if let Some(filter) = &options.filter
            && !kernel.name.contains(filter)
            && !kernel.source.contains(filter)
        {
            continue;
        }
        let row = measure(kernel, options)?;
        writeln!(
            table,
            "| {} | {:.2} | {:.1} | {:.2} | {:.1} |",
            kernel.name,
            median(row.native.clone()),
            Row::ratio(&row.qemu, &row.native),
            Row::ratio(&row.ours, &row.native),
            Row::ratio(&row.qemu, &row.ours),
        )?;
        eprintln!("{}", table.lines().last().expect("a line was just written"));
    }
    Ok(table)
}

fn measure(kernel: &Kernel, options: &Options) -> Result<Row> {
    let native = build(kernel, "gcc", "native", &[])?;
    let guest = build(kernel, COMPILER, "arm64", &["-static"])?;
    let mut row = Row::default();
    for _ in 0..options.rounds {
        let reference = measure_one(Runner::Native, &native, kernel)?;
        for (runner, column) in [(Runner::Qemu, &mut row.qemu), (options.engine, &mut row.ours)] {
            let outcome = measure_one(runner, &guest, kernel)?;
            ensure!(
                outcome.stdout == reference.stdout,
                "{}: {runner} prints something else than the native program",
                kernel.name
            );
            column.push(outcome.cpu.as_secs_f64());
        }
        row.native.push(reference.cpu.as_secs_f64());
    }
    Ok(row)
}

fn measure_one(runner: Runner, program: &Path, kernel: &Kernel) -> Result<Outcome> {
    let outcome = capture(runner.command(None, program).args(kernel.args), b"", LIMIT)?;
    let name = kernel.name;
    ensure!(outcome.success(), "{name}: {runner}: {}\n{}", outcome.ending(), outcome.tail(5));
    Ok(outcome)
}

fn build(kernel: &Kernel, compiler: &str, arch: &str, flags: &[&str]) -> Result<PathBuf> {
    let source = paths::root().join("tests/bench").join(kernel.source).with_extension("c");
    let binary = paths::guests().join("bench").join(arch).join(kernel.source);
    let mut command = Command::new(compiler);
    command.args(["-O2", "-Wall"]).args(flags).arg("-o").arg(&binary).arg(&source);
    compile_if_stale(&mut command, &source, &binary)?;
    Ok(binary)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
        assert!(median(vec![]).is_nan());
    }
}
