//! `isamorph diff`: a program run by two engines in lockstep, to the first instruction that differs.
//!
//! Way of the data: this command line → a process of `isamorph run` that leads → [`isamorph_lockstep`], which follows
//! it by the other engine → a verdict, and of a difference the report. Output of the program is its own; the verdict
//! goes to standard error.

mod qemu;

use crate::failure::ExitCode;
use crate::failure::Failure;
use crate::guest::GuestArgs;
use crate::inspect::program::Program;
use crate::run::EngineChoice;
use crate::say::say;
use anyhow::{Context, anyhow};
use clap::builder::ArgPredicate;
use clap::{Args, ValueEnum};
use isamorph_a64::input::{Input, input};
use isamorph_engine::EngineConfig;
use isamorph_ir::Frontend;
use isamorph_linux_user::abi::a64::A64;
use isamorph_lockstep::channel::Channel;
use isamorph_lockstep::follower::{Extent, Follower, Left, Verdict};
use isamorph_lockstep::inputs::Inputs;
use isamorph_lockstep::leader::Leader;
use isamorph_lockstep::machine::{Guest, Side};
use isamorph_lockstep::patch::Patch;
use isamorph_lockstep::report::report;
use isamorph_lockstep::search;
use isamorph_lockstep::symbols::Symbols;
use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus};
use std::sync::Arc;

/// Arguments of `diff`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isamorph diff -- ./hello-arm64
  isamorph diff --engines baseline,jit -L SYSROOT -- /bin/bash -c 'echo $((6 * 7))'
  isamorph diff --engines jit,interp --from main -- ./hello-arm64
  isamorph diff --oracle qemu -- ./hello-arm64

The first engine runs the program and makes its system calls. The second makes each run of instructions between two
system calls after it, in a copy of its memory; then registers and memory are compared. At the first difference the run
is made again to find the first instruction that differs, which is shown with its IR, both states, and a test row.

With --oracle qemu the program runs under qemu-aarch64, which is stepped through its gdb port; one engine of ours follows.
The processor is then `max` without PAuth, or a model without it (--cpu). Where a signal is delivered comparing ends.

Not compared: other threads than the first (comparing ends when there is a second), child processes and a program that
replaces this one by execve (they run, alone), memory mapped at two addresses (comparing ends there). A signal from
outside is delivered at the next system call; a loop that waits for one ends the comparison after some seconds. Memory
shared with another process may differ because that one changed it.

Exit status: 0 if nothing differs, 1 if something does, 2 if the comparison cannot be made.")]
pub struct DiffArgs {
    /// The two engines, the one that leads and the one that follows; with --oracle the one that follows
    #[arg(long, value_enum, value_delimiter = ',', num_args = 1)]
    #[arg(
        default_value = "interp,jit",
        default_value_if("oracle", ArgPredicate::IsPresent, "interp")
    )]
    engines: Vec<EngineChoice>,
    /// Compare with another emulator, which leads
    #[arg(long, value_enum, conflicts_with_all = ["from", "max_instructions", "precise"])]
    oracle: Option<Oracle>,
    #[command(flatten)]
    guest: GuestArgs,
    /// Compare only from here on: a function of the program, or an address (hexadecimal, in memory)
    #[arg(long, value_name = "SYMBOL|ADDR")]
    from: Option<String>,
    /// Stop after so many guest instructions (counted where one engine interprets alone)
    #[arg(long, value_name = "N")]
    max_instructions: Option<u64>,
    /// For tests: the second engine sees another word at an address (ADDR=WORD, hexadecimal)
    #[arg(long, hide = true, value_parser = patch)]
    patch_second: Option<Patch>,
    /// The program, an ELF file or a script, and its arguments
    #[arg(required = true, trailing_var_arg = true, value_names = ["PROGRAM", "ARGS"])]
    command: Vec<OsString>,
}

/// Other emulators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Oracle {
    /// The program qemu-aarch64
    Qemu,
}

/// What `run` needs to lead a comparison.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct LeadArgs {
    /// The channel's file descriptor
    #[arg(long, hide = true)]
    lockstep_channel: Option<i32>,
    /// Where comparing begins
    #[arg(long, hide = true)]
    lockstep_from: Option<u64>,
}

impl LeadArgs {
    /// The leader and its frontend, if this process is to be one.
    pub fn leader(
        &self,
        frontend: Arc<dyn Frontend>,
    ) -> std::io::Result<Option<(Leader, Arc<Inputs>)>> {
        let Some(fd) = self.lockstep_channel else { return Ok(None) };
        let inputs = Arc::new(Inputs::new(frontend, is_input, self.lockstep_from));
        let leader = Leader::new(Channel::adopt(fd)?, inputs.clone(), self.lockstep_from);
        Ok(Some((leader, inputs)))
    }
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

fn patch(text: &str) -> Result<Patch, String> {
    let parse = || {
        let (addr, word) = text.split_once('=')?;
        Some(Patch { addr: hexadecimal(addr)?, word: hexadecimal(word)? as u32 })
    };
    parse().ok_or_else(|| "write 0xADDRESS=0xWORD".into())
}

/// Between engines of ours only what is another value each time differs.
fn is_input(bytes: &[u8]) -> bool {
    let word = bytes.try_into().map(u32::from_le_bytes);
    word.is_ok_and(|word| input(word) == Some(Input::Fresh))
}

/// The comparison cannot be made.
const USAGE: u8 = 2;

/// Compares; exit status 0 or 1.
pub fn diff(args: &DiffArgs) -> Result<ExitCode, Failure> {
    compare(args).map_err(|error| Failure::new(USAGE, error))
}

fn compare(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    if args.oracle == Some(Oracle::Qemu) {
        return qemu::compare(args);
    }
    let [left, right] = args.engines[..] else {
        return Err(anyhow!("--engines takes two engines, such as interp,jit"));
    };
    if args.max_instructions.is_some() && !args.engines.contains(&EngineChoice::Interp) {
        return Err(anyhow!("--max-instructions needs `interp` as one of the engines: it counts"));
    }
    let from = args.from.as_deref().map(|place| address(args, place)).transpose()?;
    let frontend = Arc::new(isamorph_a64::A64::new(args.guest.cpu));
    let abi = Arc::new(A64::new(&frontend.desc().layout)?);
    let guest = Guest { frontend, is_input, from };
    let side = |choice: EngineChoice, patch| {
        let kind = choice.into();
        let engine = EngineConfig { kind, precise: args.guest.precise, ..EngineConfig::default() };
        Side { engine, patch }
    };
    let sides = [side(left, None), side(right, args.patch_second)];

    let (channel, file) = Channel::new().context("cannot make shared memory")?;
    let child =
        lead(args, left, from, file.as_raw_fd()).spawn().context("cannot start isamorph")?;
    drop(file);
    let max = args.max_instructions;
    let mut follower = Follower::new(channel, child, &guest, &sides[1], abi, max)?;
    let names = [left.name(), right.name()];
    let verdict = follower.run()?;
    let extent = follower.extent;
    Ok(match verdict {
        Verdict::Equal(status) => {
            say!("isamorph: {}; {}", agreed(names, extent), ended(status));
            ExitCode::SUCCESS
        }
        Verdict::Left(Left::NeverBegun) => {
            return Err(match &args.from {
                Some(place) => anyhow!("the program ended without coming to {place}"),
                None => anyhow!("the program could not be started"),
            });
        }
        Verdict::Left(why) => {
            say!("isamorph: {}; {}", agreed(names, extent), why_left(why));
            ExitCode::SUCCESS
        }
        Verdict::Different(difference) => {
            let finding = search::find(&guest, [&sides[0], &sides[1]], &difference)?;
            let mut symbols = Symbols::of(follower.pid(), 0);
            eprint!("{}", report(&guest, names, extent, &difference, &finding, &mut symbols));
            ExitCode::FAILURE
        }
    })
}

fn agreed([left, right]: [&str; 2], Extent { events, insns }: Extent) -> String {
    let counted = match insns {
        0 => String::new(),
        n => format!(", {n} guest instructions"),
    };
    format!("{left} and {right} agree: {events} events (system calls, faults, inputs){counted}")
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("the program ended with status {code}"),
        (None, Some(signal)) => format!("the program died of signal {signal}"),
        (None, None) => "the program ended".into(),
    }
}

fn why_left(why: Left) -> &'static str {
    match why {
        Left::Enough => "stopped after as many instructions as wished",
        Left::Threads => "stopped where the program made a second thread, which is not compared",
        Left::Aliases => {
            "stopped where the program mapped memory at two addresses, of which the follower has two copies"
        }
        Left::Signal => "stopped in a loop without system calls that waits for a signal",
        Left::Handler => {
            "stopped where a signal is delivered, which is not compared with another emulator"
        }
        Left::Replaced => "compared to its execve: the new program is not compared",
        Left::NeverBegun => "nothing was compared",
    }
}

/// The command that leads.
fn lead(args: &DiffArgs, engine: EngineChoice, from: Option<u64>, channel: i32) -> Command {
    let emulator = std::env::current_exe().unwrap_or_else(|_| "isamorph".into());
    let mut command = Command::new(emulator);
    command.arg("run").args(["--engine", engine.name()]);
    command.arg(format!("--lockstep-channel={channel}"));
    if let Some(from) = from {
        command.arg(format!("--lockstep-from={from}"));
    }
    command.args(args.guest.words());
    command.arg("--").args(&args.command);
    command
}

/// The address in memory of a place in the program.
fn address(args: &DiffArgs, place: &str) -> anyhow::Result<u64> {
    if let Some(address) = hexadecimal(place) {
        return Ok(address);
    }
    let program = args.command.first().expect("the parser demands a program");
    let program = Program::open(program.as_ref(), args.guest.sysroot.as_deref());
    let program = program.map_err(|failure| anyhow!("{failure}"))?;
    Ok(program.function(place)? + program.load_bias())
}
