//! The `isamorph` program: the only place where the parts are put together.
//!
//! Way of the data: the command line → a frontend, an engine set-up and a face (`linux-user`) → the guest's own
//! exit status. Errors that come before the guest starts name what failed, on what, and what to do.
//!
//! Nearly every start is that of `run`, many thousand times a day in a build: what only others need, it does not wait
//! for (options of other commands, the printing of messages, the preparations of Rust's runtime).
#![deny(unsafe_code)]
#![cfg_attr(all(not(test), target_os = "linux", target_env = "gnu"), no_main)]

mod cache;
mod cpu;
mod demo;
mod diff;
mod failure;
mod guest;
mod inspect;
mod isa;
mod log;
mod profile;
mod run;
mod say;
mod table;
mod terminal;

use clap::{Args as _, FromArgMatches as _, Parser, Subcommand};
use failure::ExitCode;
use std::io::Write as _;

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

/// Entered by the C library itself. Rust's runtime, which would come before, reads the map of the process to find the
/// guard page below the stack, which no guest's fault is looked up in, and opens descriptors that are closed, which the
/// guest is to find closed.
#[cfg(all(not(test), target_os = "linux", target_env = "gnu"))]
// The one function of this name.
#[allow(unsafe_code)]
#[unsafe(no_mangle)]
extern "C" fn main(_: i32, _: *const *const std::ffi::c_char) -> i32 {
    begin()
}

#[cfg(not(all(not(test), target_os = "linux", target_env = "gnu")))]
fn main() {
    std::process::exit(begin())
}

/// Carries out the command line; the exit status.
fn begin() -> i32 {
    isamorph_linux_user::ignore_broken_pipes();
    log::start();
    let status = carry_out(command()).status();
    // The runtime would have done it; whoever closed the other end knows.
    let _ = std::io::stdout().flush();
    status
}

/// The command line. That of `run` is read by itself if it is plain, else taken apart alone, and with all others only if
/// something is wrong with it, or help is asked for.
fn command() -> Command {
    let mut words = std::env::args_os().skip(1);
    if words.next().is_some_and(|word| word == "run") {
        let plain = run::plain::read(std::env::args_os().skip(2), std::env::vars_os());
        if let Some(args) = plain {
            return Command::Run(args);
        }
        let line = run::RunArgs::augment_args(clap::Command::new("run").no_binary_name(true));
        let args = line.try_get_matches_from(words);
        if let Ok(args) = args.and_then(|found| run::RunArgs::from_arg_matches(&found)) {
            return Command::Run(args);
        }
    }
    Cli::parse().command
}

fn carry_out(command: Command) -> ExitCode {
    let done = match command {
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
