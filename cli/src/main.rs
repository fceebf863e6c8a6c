//! The `isamorph` program: the only place where the parts are put together.
//!
//! Way of the data: the command line → a frontend, an engine set-up and a face (`linux-user`) → the guest's own
//! exit status. Errors that come before the guest starts name what failed, on what, and what to do.
#![forbid(unsafe_code)]

mod cache;
mod cpu;
mod demo;
mod diff;
mod failure;
mod guest;
mod inspect;
mod isa;
mod profile;
mod run;
mod say;
mod table;
mod terminal;

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Runs programs and machines of other instruction sets.
#[derive(Debug, Parser)]
#[command(name = "isamorph", version, about, max_term_width = 100)]
#[command(after_help = "\
Examples:
  isamorph demo                                       see it at work, without any set-up
  isamorph run ./hello-arm64                          run a static arm64 program
  isamorph run -L SYSROOT /bin/bash -c 'uname -m'     run one of an arm64 file system
  isamorph inspect ./hello-arm64 --function main      see how a function is compiled
  isamorph profile ./hello-arm64                      see where its time goes
  isamorph diff --engines interp,jit ./hello-arm64    compare two engines, instruction by instruction
  isamorph isa a64 --missing                          see which instructions are missing

`isamorph COMMAND --help` tells more. ISAMORPH_LOG=info (or debug, trace) shows what the engine does.")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a Linux program for arm64 on this machine
    Run(run::RunArgs),
    /// Draw a picture with a built-in arm64 program, then show what the engine did
    Demo(demo::DemoArgs),
    /// Show a piece of a program in every form: guest assembly, IR, optimised IR, CLIF, host assembly
    Inspect(inspect::InspectArgs),
    /// Run a program and tell where its time went
    Profile(profile::ProfileArgs),
    /// Run a program by two engines in lockstep, and show the first instruction that differs
    Diff(diff::DiffArgs),
    /// Show, check, fill or clear the cache of compiled code
    Cache(cache::CacheArgs),
    /// Tell how much of an instruction set is implemented
    Isa(isa::IsaArgs),
    /// One run of the demo's program
    #[command(hide = true)]
    DemoGuest(demo::guest::DemoGuestArgs),
}

fn main() -> ExitCode {
    // Messages of the engine go to stderr; ISAMORPH_LOG=debug shows more.
    let filter =
        EnvFilter::try_from_env("ISAMORPH_LOG").unwrap_or_else(|_| EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    let done = match Cli::parse().command {
        Command::Run(args) => return run::run(args),
        Command::DemoGuest(args) => return demo::guest::run(args),
        Command::Profile(args) => return ended(profile::profile(args)),
        Command::Cache(args) => return ended(cache::cache(args)),
        Command::Diff(args) => return ended(diff::diff(&args)),
        Command::Demo(args) => demo::demo(&args),
        Command::Inspect(args) => inspect::inspect(&args),
        Command::Isa(args) => isa::isa(&args),
    };
    ended(done.map(|()| ExitCode::SUCCESS))
}

/// The exit status; of a failure after its message.
fn ended(done: Result<ExitCode, failure::Failure>) -> ExitCode {
    match done {
        Ok(code) => code,
        Err(failure) => {
            say::say!("isamorph: {failure}");
            failure.exit_code()
        }
    }
}
