//! The benchmark: native, qemu-aarch64 and Isamorph in turn on the same kernels, as a Markdown table.
//!
//! Measured is CPU time, user and system, of the process with all its threads, so background compilation counts. The
//! three run one after the other in every round, and what is reported is the median of the rounds' ratios: what disturbs
//! the machine for a while disturbs all three alike.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::guests::programs::{COMPILER, compile_if_stale};
use crate::guests::runs::Runner;
use crate::process::{Outcome, capture};
use crate::{cargo, guests, paths};

const LIMIT: Duration = Duration::from_secs(300);

/// What is measured.
struct Kernel {
    name: &'static str,
    work: Work,
}

/// Where the work comes from.
enum Work {
    /// A source in `tests/bench`, further compiler flags, and the arguments that make it run for some 0.3 s natively.
    Source(&'static str, &'static [&'static str], &'static [&'static str]),
    /// `openssl speed` of an algorithm, Debian's arm64 program against the host's: CPU time of a kilobyte.
    Openssl(&'static str),
}

use Work::{Openssl, Source};

const KERNELS: &[Kernel] = &[
    Kernel { name: "call/return (fib)", work: Source("fib", &[], &["40"]) },
    Kernel { name: "indirect jumps (bytecode switch)", work: Source("switch", &[], &["200"]) },
    Kernel { name: "byte hash", work: Source("hash", &[], &["80"]) },
    Kernel { name: "SHA-256 in C", work: Source("sha256", &[], &["1000000"]) },
    Kernel { name: "sort (function pointer)", work: Source("sort", &[], &["9"]) },
    Kernel { name: "matrix, integer", work: Source("matrix", &[], &["120", "int"]) },
    Kernel { name: "matrix, double", work: Source("matrix", &[], &["120", "fp"]) },
    Kernel { name: "matrix, float, vectorised", work: Source("matmul", &["-O3"], &["12"]) },
    Kernel { name: "nbody (scalar double)", work: Source("nbody", &[], &["3000000"]) },
    Kernel { name: "mandelbrot (scalar double)", work: Source("mandelbrot", &[], &["1300"]) },
    Kernel { name: "memory and strings (libc)", work: Source("memory", &[], &["4000"]) },
    Kernel { name: "words (libc)", work: Source("string", &[], &["9"]) },
    Kernel { name: "openssl aes-128-gcm", work: Openssl("aes-128-gcm") },
    Kernel { name: "openssl sha256", work: Openssl("sha256") },
    Kernel { name: "openssl chacha20-poly1305", work: Openssl("chacha20-poly1305") },
];

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rounds; the figures are medians over them.
    pub rounds: usize,
    /// The engine of ours.
    pub engine: Runner,
    /// Only kernels whose name contains this.
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
        "| kernel | native, s or s/GB | qemu-aarch64, x native | Isamorph, x native | Isamorph over qemu |\n\
         |---|---|---|---|---|\n",
    );
    for kernel in KERNELS {
        if let Some(filter) = &options.filter
            && !kernel.name.contains(filter)
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

/// Runs the work once: what it cost, and what it printed.
type Trial = Box<dyn Fn(Runner) -> Result<(f64, Vec<u8>)>>;

fn measure(kernel: &'static Kernel, options: &Options) -> Result<Row> {
    let trial: Trial = match kernel.work {
        Source(source, flags, args) => {
            let native = build(source, flags, "gcc", "native", &[])?;
            let guest = build(source, flags, COMPILER, "arm64", &["-static"])?;
            Box::new(move |runner| {
                let program = if runner == Runner::Native { &native } else { &guest };
                let outcome = run_one(runner.command(None, program).args(args), kernel, runner)?;
                Ok((outcome.cpu.as_secs_f64(), outcome.stdout))
            })
        }
        Openssl(algorithm) => {
            let sysroot = guests::sysroot::make("arm64", &[])?;
            let guest = sysroot.join("usr/bin/openssl");
            Box::new(move |runner| {
                let (root, program) = match runner {
                    Runner::Native => (None, Path::new("openssl")),
                    _ => (Some(sysroot.as_path()), guest.as_path()),
                };
                let mut command = runner.command(root, program);
                command.args(["speed", "-seconds", "1", "-bytes", "16384", "-evp", algorithm]);
                let outcome = run_one(&mut command, kernel, runner)?;
                Ok((seconds_per_gigabyte(&outcome.stdout)?, vec![]))
            })
        }
    };
    let mut row = Row::default();
    for _ in 0..options.rounds {
        let (native, expected) = trial(Runner::Native)?;
        row.native.push(native);
        for (runner, column) in [(Runner::Qemu, &mut row.qemu), (options.engine, &mut row.ours)] {
            let (cost, output) = trial(runner)?;
            ensure!(
                output == expected,
                "{}: {runner} prints something else than the native program",
                kernel.name
            );
            column.push(cost);
        }
    }
    Ok(row)
}

fn run_one(command: &mut Command, kernel: &Kernel, runner: Runner) -> Result<Outcome> {
    let outcome = capture(command, b"", LIMIT)?;
    let name = kernel.name;
    ensure!(outcome.success(), "{name}: {runner}: {}\n{}", outcome.ending(), outcome.tail(5));
    Ok(outcome)
}

/// What `openssl speed` ends with: kilobytes per second of CPU time, as in `AES-128-GCM     165776.29k`.
fn seconds_per_gigabyte(output: &[u8]) -> Result<f64> {
    let text = String::from_utf8_lossy(output);
    let last = text.split_whitespace().last().and_then(|word| word.strip_suffix('k'));
    let rate: f64 = last.context("openssl speed tells no rate")?.parse()?;
    Ok(1e6 / rate)
}

fn build(
    source: &str,
    flags: &[&str],
    compiler: &str,
    arch: &str,
    more: &[&str],
) -> Result<PathBuf> {
    let path = paths::root().join("tests/bench").join(source).with_extension("c");
    let binary = paths::guests().join("bench").join(arch).join(source);
    let mut command = Command::new(compiler);
    // A fused multiply-add rounds once: without it both sides print the same.
    command.args(["-O2", "-Wall", "-ffp-contract=off"]).args(flags).args(more);
    command.arg("-o").arg(&binary).arg(&path).arg("-lm");
    compile_if_stale(&mut command, &path, &binary)?;
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

    #[test]
    fn rates_of_openssl() {
        let output = b"type           16384 bytes\nAES-128-GCM     250000.00k\n";
        assert_eq!(seconds_per_gigabyte(output).unwrap(), 4.0);
        assert!(seconds_per_gigabyte(b"").is_err());
    }
}
