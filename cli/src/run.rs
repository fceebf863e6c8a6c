//! `isamorph run`: one guest Linux process.

pub mod plain;
mod stats;

use crate::cache::options::{CacheMode, StoreArgs};
use crate::cpu;
use crate::diff::LeadArgs;
use crate::failure::ExitCode;
use crate::guest::GuestArgs;
use crate::say::say;
use clap::{Args, ValueEnum};
use isamorph_a64::A64;
use isamorph_engine::sample::Sampling;
use isamorph_engine::{EngineConfig, EngineKind};
use isamorph_ir::Frontend;
use isamorph_linux_user::perf::Outputs;
use isamorph_linux_user::process::{AtEnd, Process, Runner};
use isamorph_linux_user::{Reexec, RunConfig};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;
use std::time::Duration;

/// Which tiers run guest code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum EngineChoice {
    /// The reference interpreter alone
    Interp,
    /// Compile every block quickly when it is first reached, and leave it at that
    Baseline,
    /// Compile everything with the optimising compiler before it runs
    Jit,
    /// Baseline code first; what is hot is compiled again in the background
    #[default]
    Auto,
}

impl EngineChoice {
    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            EngineChoice::Interp => "interp",
            EngineChoice::Baseline => "baseline",
            EngineChoice::Jit => "jit",
            EngineChoice::Auto => "auto",
        }
    }
}

impl From<EngineChoice> for EngineKind {
    fn from(choice: EngineChoice) -> EngineKind {
        match choice {
            EngineChoice::Interp => EngineKind::Interp,
            EngineChoice::Baseline => EngineKind::Baseline,
            EngineChoice::Jit => EngineKind::Jit,
            EngineChoice::Auto => EngineKind::Auto,
        }
    }
}

/// Files for the host's profiler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PerfFiles {
    /// Names alone: `perf record -g`, `perf report`
    Map,
    /// Names and code: `perf record -k mono`, `perf inject --jit`, `perf report`, `perf annotate`
    Jitdump,
    /// Both
    Both,
}

/// What `--stats` tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Stats {
    /// Counts of what the engine did, and where time went
    Times,
    /// The same of code that counts its ways itself, which makes it slower, and is not taken from the persistent cache
    Hits,
}

impl From<PerfFiles> for Outputs {
    fn from(files: PerfFiles) -> Outputs {
        Outputs { map: files != PerfFiles::Jitdump, jitdump: files != PerfFiles::Map }
    }
}

/// Arguments of `run`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isamorph run ./hello-arm64
  isamorph run -L target/guests/sysroot-arm64 /bin/bash -c 'uname -m'
  isamorph run --engine interp --strace ./hello-arm64
  isamorph run --cpu cortex-a53,+lse ./hello-arm64

The exit status is the guest's; 127 if the program is not found, 126 if it cannot be run. A guest that dies by a
signal takes isamorph with it by the same signal, so that a shell sees what it would see natively.")]
pub struct RunArgs {
    #[command(flatten)]
    guest: GuestArgs,
    /// How guest code is run
    #[arg(long, value_enum, default_value_t)]
    engine: EngineChoice,
    #[command(flatten)]
    store: StoreArgs,
    /// Print every system call on stderr
    #[arg(long)]
    strace: bool,
    /// Print what the engine did on stderr when the program ends; `hits`: with how often compiled code knew where to go
    #[arg(long, value_enum, value_name = "WHAT", num_args = 0..=1, require_equals = true, default_missing_value = "times")]
    stats: Option<Stats>,
    /// Say on stderr which system calls are missing
    #[arg(long)]
    strict: bool,
    /// Name compiled code for Linux's perf: /tmp/perf-PID.map, or /tmp/jit-PID.dump with the guest's code as its source
    #[arg(long, value_enum, value_name = "FILES", env = "ISAMORPH_PERF")]
    perf: Option<PerfFiles>,
    #[command(flatten)]
    lead: LeadArgs,
    /// The program, an ELF file or a script, and its arguments
    #[arg(required = true, trailing_var_arg = true, value_names = ["PROGRAM", "ARGS"])]
    command: Vec<OsString>,
}

impl RunArgs {
    /// The options that a program started by the guest must run under too.
    fn inherited(&self) -> Vec<OsString> {
        let mut options = self.guest.lasting();
        options.extend(["--engine".into(), self.engine.name().into()]);
        options.extend(self.store.lasting());
        for (set, name) in [(self.strace, "--strace"), (self.strict, "--strict")] {
            if set {
                options.push(name.into());
            }
        }
        if let Some(value) = self.stats.and_then(|stats| stats.to_possible_value()) {
            options.push(format!("--stats={}", value.get_name()).into());
        }
        if let Some(value) = self.perf.and_then(|files| files.to_possible_value()) {
            options.push(format!("--perf={}", value.get_name()).into());
        }
        options
    }

    /// The same, keeping all that is compiled.
    pub fn warming(mut self) -> RunArgs {
        self.store.cache = CacheMode::Rw;
        self.store.cache_eager = true;
        self
    }
}

/// What else is wished of a run.
#[derive(Default)]
pub struct Watch {
    /// Sample where time goes.
    pub sampling: Option<Sampling>,
    /// To be called at its end.
    pub at_end: Option<AtEnd>,
    /// The command that a program runs under that the guest starts, with its own options; if not `run`.
    pub command: Vec<OsString>,
}

/// Runs the program; the exit code is the guest's.
pub fn run(args: RunArgs) -> ExitCode {
    let sampling = args.stats.map(|_| STATS_SAMPLING);
    start(args, Watch { sampling, ..Watch::default() })
}

/// How `--stats` finds out where time goes.
const STATS_SAMPLING: Sampling = Sampling { interval: Duration::from_millis(1), stacks: false };

/// Runs the program, and watches it.
pub fn start(args: RunArgs, watch: Watch) -> ExitCode {
    let env = match args.guest.environment() {
        Ok(env) => env,
        Err(error) => {
            say!("isamorph: {error}");
            return ExitCode::from(2);
        }
    };
    let (program, arguments) = args.command.split_first().expect("the parser demands a program");
    let emulator = std::env::current_exe().unwrap_or_else(|_| "isamorph".into());
    let mut options = watch.command;
    if options.is_empty() {
        options.push("run".into());
    }
    options.extend(args.inherited());
    let stats = args.stats.is_some();
    let at_end = move |process: &Process| {
        if stats {
            say!("{}", stats::report(&process.engine).trim_end());
        }
        if let Some(at_end) = &watch.at_end {
            at_end(process);
        }
    };
    let frontend: Arc<dyn Frontend> = Arc::new(A64::new(args.guest.cpu));
    let (frontend, runner) = match args.lead.leader(frontend.clone()) {
        Ok(None) => (frontend, None),
        Ok(Some((leader, frontend))) => (frontend as _, Some(Arc::new(leader) as Arc<dyn Runner>)),
        Err(error) => {
            say!("isamorph: --lockstep-channel: {error}");
            return ExitCode::from(2);
        }
    };
    let config = RunConfig {
        argv0: args.guest.argv0.clone().map(OsString::into_vec),
        args: arguments.iter().map(|a| a.as_bytes().to_vec()).collect(),
        env,
        sysroot: args.guest.sysroot.clone(),
        frontend,
        processor: cpu::processor(&args.guest.cpu),
        engine: EngineConfig {
            kind: args.engine.into(),
            precise: args.guest.precise,
            exact_flags: args.guest.precise,
            count_transitions: args.stats == Some(Stats::Hits),
            sampling: watch.sampling,
            ..EngineConfig::default()
        },
        // Two engines in lockstep are to do the same, whatever ran before.
        store: if runner.is_none() { args.store.config() } else { None },
        strace: args.strace,
        strict: args.strict,
        reexec: Reexec { emulator, options },
        at_end: Some(Box::new(at_end)),
        perf: args.perf.map(Outputs::from).unwrap_or_default(),
        runner,
        program: program.clone().into_vec(),
    };
    match isamorph_linux_user::run(config) {
        Ok(outcome) => ExitCode::from(outcome.code as u8),
        Err(error) => {
            say!("isamorph: {error}");
            ExitCode::from(error.exit_status() as u8)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        run: RunArgs,
    }

    #[test]
    fn programs_that_the_guest_starts_run_under_the_same_options() {
        let cpu = ["", "--cpu", "cortex-a53,-pmull,+lse", "--strace"];
        let cache = ["--cache", "ro", "--cache-dir", "/c", "--cache-size", "9", "a.out"];
        let line = [&cpu[..], &cache].concat();
        let first = Line::try_parse_from(line).expect("a good line").run.inherited();
        let expected = [
            &["--cpu", "cortex-a53,-pmull,+lse", "--engine", "auto"][..],
            &cache[..6],
            &["--strace"],
        ];
        assert_eq!(first, expected.concat());
        let next = [OsString::new()].into_iter().chain(first).chain(["b.out".into()]);
        let run = Line::try_parse_from(next).expect("a good line").run;
        assert_eq!(run.guest.cpu.to_string(), "cortex-a53,-pmull,+lse");
    }
    #[test]
    fn options_behind_the_program_are_its_own() {
        let run = |line: &[&str]| Line::try_parse_from([&[""], line].concat()).map(|l| l.run);
        let ls = run(&["--strict", "/bin/ls", "--help", "--strace", "-L"]).expect("a good line");
        assert_eq!(ls.command, ["/bin/ls", "--help", "--strace", "-L"]);
        assert!(ls.strict && !ls.strace);
        assert!(run(&["--strickt", "/bin/ls"]).is_err());
        assert!(run(&["--strict"]).is_err());
    }
}
