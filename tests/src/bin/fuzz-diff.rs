//! `cargo xtask fuzz-diff`: compares our engines with the oracle on random code.

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use isamorph_tests::differential::{self, Options, Summary};
use isamorph_tests::engines::Kind;

#[derive(Parser)]
#[command(
    name = "cargo xtask fuzz-diff",
    about = "Compare our engines with the oracle on random A64 code"
)]
struct Cli {
    /// Seed of the run
    #[arg(long, default_value_t = 1, value_parser = number)]
    seed: u64,
    /// Blocks of the seed to leave out at first, to go on where an earlier run ended
    #[arg(long, default_value_t = 0)]
    skip: u64,
    /// Instructions to compare
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// Instructions in a block
    #[arg(long, default_value_t = 12)]
    length: usize,
    /// Only these patterns or tables (`simd*` for all whose name begins so)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Our engines: interp, optimised, baseline, jit, precise, guarded (precise with fault exits at all accesses), or flagless: jit for who never looks at FPSR,
    #[arg(long, value_delimiter = ',', default_value = "interp,optimised,baseline,jit")]
    engine: Vec<Kind>,
    /// Only the block of this seed, as a failure names it
    #[arg(long, value_parser = number)]
    block: Option<u64>,
    /// Stop after this many failures
    #[arg(long, default_value_t = 5)]
    max_failures: usize,
}

fn number(text: &str) -> Result<u64, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16),
        None => text.parse(),
    };
    parsed.map_err(|error| format!("`{text}` is no number: {error}"))
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<bool> {
    let options = Options {
        seed: cli.seed,
        skip: cli.skip,
        instructions: cli.count,
        length: cli.length,
        filters: cli.only.clone(),
        engines: cli.engine.clone(),
        block: cli.block,
        max_failures: cli.max_failures,
    };
    let begin = Instant::now();
    let mut told = 0;
    let mut line = |summary: &Summary| {
        let Summary { blocks, instructions, faults, patterns, failures } = summary;
        // At once: a long run may be ended by others.
        failures[told..].iter().for_each(|failure| println!("{failure}"));
        told = failures.len();
        println!(
            "seed {:#x}: {instructions} instructions in {blocks} blocks ({faults} ended by a fault), {} of {} patterns, {} \
             disagreements, {:.0} s",
            options.seed,
            patterns.0,
            patterns.1,
            failures.len(),
            begin.elapsed().as_secs_f64()
        );
    };
    let summary = differential::run(&options, &mut line)?;
    line(&summary);
    if !summary.failures.is_empty() {
        println!("reproduce one with: cargo xtask fuzz-diff --length {} --block SEED", cli.length);
    }
    Ok(summary.failures.is_empty())
}
