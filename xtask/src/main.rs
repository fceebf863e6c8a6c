//! `cargo xtask …`: the command line over the library of this crate.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use xtask::guests;
use xtask::guests::runs::Runner;
use xtask::{apps, bench, cargo, ci, fuzz, process, suite};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The work around Isamorph's code")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check everything that must hold before a change lands
    Ci,
    /// Run the tests of the workspace, or some of them: arguments as for `cargo test`
    Test {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Renew the listings of the file tests (lift, opt, clif, count, decode, verify), docs/isa-a64.md and docs/lowering.md
    Bless,
    /// Compare our engines with the oracle on random code; `--help` after it for the options
    #[command(disable_help_flag = true)]
    FuzzDiff {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Make what guests need: host tools, sysroots, guest programs
    Guests {
        #[command(subcommand)]
        what: GuestsTask,
    },
    /// Fuzz the ELF loader, the decoder and lifts, the region compiler and the IR's text form with libFuzzer
    Fuzz {
        /// Only targets whose name contains this: elf, lift, text, compile
        target: Option<String>,
        /// How long each
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Ask an independent oracle for expected results
    Oracle {
        #[command(subcommand)]
        what: OracleTask,
    },
    /// Compare real programs of Debian on our engines with native ones
    Apps {
        /// Engines to run on [default: all; for long cases all but interp]
        #[arg(long, value_delimiter = ',', value_parser = runner)]
        engine: Vec<Runner>,
        /// The long cases (Python's own tests, compressors, cc1, numpy, …) instead of the others
        #[arg(long)]
        long: bool,
        /// Only every N-th case
        #[arg(long, default_value_t = 1)]
        every: usize,
        /// Twice on every engine, with a code cache that stays: the second run loads what the first compiled
        #[arg(long)]
        warm: bool,
        /// Only cases that contain this
        filter: Option<String>,
    },
    /// Measure the standing set of kernels and programs: native, qemu-aarch64 and Isamorph in turn
    Bench {
        /// Rounds; the figures are medians over them
        #[arg(long, default_value_t = 5)]
        rounds: usize,
        /// The engine to measure
        #[arg(long, default_value = "auto", value_parser = runner)]
        engine: Runner,
        /// Put the tables into docs/performance.md
        #[arg(long)]
        write: bool,
        /// Only kernels whose name contains this
        filter: Option<String>,
    },
    /// Run a foreign test suite (fetched as a Debian package)
    Suite {
        suite: suite::Suite,
        /// Optimisation levels to build at, where the suite has several
        #[arg(long, value_delimiter = ',', default_value = "O0,O2")]
        opt: Vec<String>,
        /// Engines to run on
        #[arg(long, value_delimiter = ',', default_value = "auto", value_parser = runner)]
        engine: Vec<Runner>,
        /// Only programs whose title contains this
        #[arg(long)]
        filter: Option<String>,
        /// Only every N-th program
        #[arg(long, default_value_t = 1)]
        every: usize,
        /// Twice on every engine, with a code cache that stays: the second run loads what the first compiled
        #[arg(long)]
        warm: bool,
    },
}

#[derive(Subcommand)]
enum OracleTask {
    /// Write tests/guests/NAME.out from what the guest programs print under the oracle
    Guests {
        /// Only these programs
        names: Vec<String>,
    },
    /// Assemble `{…}` and fill in `?` in files of execution rows
    Rows {
        /// Files below tests/filetests/exec
        files: Vec<String>,
    },
    /// Print execution rows drawn from the decode table; `--help` after it for the options
    #[command(disable_help_flag = true)]
    Generate {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
}

#[derive(Subcommand)]
enum GuestsTask {
    /// Install the Debian packages that the tests need (as root; says which and why)
    Host,
    /// Build the programs of tests/guests into target/guests/programs
    Programs,
    /// Renew tests/guests/demo.elf from its source
    Demo,
    /// Unpack Debian packages of ARCH into target/guests/sysroot-ARCH
    Sysroot {
        /// Debian's name of the architecture
        #[arg(default_value = "arm64")]
        arch: String,
        /// Packages to have; the default set if none are named
        packages: Vec<String>,
    },
}

fn main() -> ExitCode {
    match perform(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not `{error:?}`: a backtrace of this program helps nobody who reads its messages.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<()> {
    match task {
        Task::Ci => ci::run(),
        Task::Guests { what } => match what {
            GuestsTask::Host => guests::host::install(),
            GuestsTask::Programs => guests::programs::build_all().map(drop),
            GuestsTask::Demo => guests::programs::renew_demo(),
            GuestsTask::Sysroot { arch, packages } => {
                guests::sysroot::make(&arch, &packages).map(drop)
            }
        },
        Task::Apps { engine, long, every, warm, filter } => {
            apps::run(&apps::Options { engines: engine, filter, every, long, warm })?.close()
        }
        Task::Bench { rounds, engine, write, filter } => {
            let tables = bench::run(&bench::Options { rounds, engine, filter, write })?;
            println!("{tables}");
            Ok(())
        }
        Task::Suite { suite, opt, engine, filter, every, warm } => {
            let engines = if warm { Runner::warmed(&engine) } else { engine };
            let options = suite::Options { levels: opt, engines, filter, every };
            suite::run(suite, &options)?.close()
        }
        Task::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Task::Oracle { what } => match what {
            OracleTask::Guests { names } => bless_guests(&names),
            OracleTask::Rows { files } => cargo::tests_program("rows", "fill", &files),
            OracleTask::Generate { args } => cargo::tests_program("rows", "generate", &args),
        },
        Task::Test { args } => process::run(cargo::cargo(&["test", "--release"]).args(args)),
        Task::Bless => process::run(
            cargo::cargo(&["test", "--release", "--package", "isamorph-tests"])
                .args(["--package", "isamorph-backend-cranelift", "--package", "isamorph-a64"])
                .args(["--test", "filetests", "--test", "lowering", "--test", "page"])
                .env("ISAMORPH_BLESS", "1"),
        ),
        Task::FuzzDiff { args } => cargo::tests_program("fuzz-diff", "", &args),
    }
}

fn bless_guests(names: &[String]) -> Result<()> {
    for program in guests::programs::build_all()? {
        if names.is_empty() || names.contains(&program.name) {
            guests::runs::bless_from_oracle(&program)?;
        }
    }
    Ok(())
}

/// An engine by its name; `qemu` runs the oracle in its place.
fn runner(word: &str) -> Result<Runner, String> {
    match word {
        "qemu" => Ok(Runner::Qemu),
        _ => Runner::ENGINES
            .into_iter()
            .find(|engine| engine.to_string() == word)
            .ok_or_else(|| format!("`{word}` is no engine: interp, baseline, jit, auto, qemu")),
    }
}
