//! `isamorph profile`: runs a program as `run` does, and tells where its time went.
//!
//! Way of the data: the engine's samples ([`isamorph_engine::sample`]) → names by the guest's map and symbols
//! ([`record::Record`]) → text ([`text`]), JSON for `inspect --profile`, or folded stacks for flame graphs.
//!
//! Invariant: nothing is written to the program's standard output.

pub mod record;
mod text;

use crate::failure::ExitCode;
use crate::failure::Failure;
use crate::run::{self, RunArgs, Watch};
use crate::say::say;
use anyhow::Context;
use clap::{Args, ValueEnum};
use isamorph_engine::sample::Sampling;
use isamorph_linux_user::process::Process;
use record::Record;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// How the profile is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Tables for people
    #[default]
    Text,
    /// Everything, for programs and for `inspect --html --profile`
    Json,
    /// A line for each call stack, for flame graphs
    Folded,
}

/// Arguments of `profile`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isamorph profile ./hello-arm64
  isamorph profile -L SYSROOT /usr/bin/python3.11 -c 'print(sum(range(10**7)))'
  isamorph profile --format json -o prof.json ./prog && isamorph inspect --html prog.html --profile prof.json -f main ./prog
  isamorph profile --format folded -o stacks ./prog && flamegraph.pl stacks >flame.svg

Each thread is sampled by its own processor time, once a clock tick of the host (4 ms as a rule) or less often
(--interval). What the engine does for the program counts too: compiling, system calls. The program's children are not
sampled, a program that replaces it by execve is. Call stacks follow the guest's frame pointers; in regions the innermost
callers may be missing.

A program that is ended by SIGINT (^C), SIGTERM or SIGHUP is reported on too.

The profile goes to standard error, or to a file (-o); the exit status is the program's.")]
pub struct ProfileArgs {
    /// How to write the profile
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Write it to this file
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Lines of each table of text
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// Milliseconds of processor time between two samples of a thread
    #[arg(long, value_name = "MS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    interval: u32,
    /// The process to sample, of those that this command line is passed on to
    #[arg(long, hide = true, value_name = "PID")]
    process: Option<u32>,
    #[command(flatten)]
    run: RunArgs,
}

impl ProfileArgs {
    /// The options for a program that takes this one's place.
    fn inherited(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["profile".into()];
        let format = self.format.to_possible_value().expect("every format has a name");
        words.push(format!("--format={}", format.get_name()).into());
        words.push(format!("--top={}", self.top).into());
        words.push(format!("--interval={}", self.interval).into());
        words.push(format!("--process={}", std::process::id()).into());
        if let Some(file) = &self.output {
            words.extend(["-o".into(), absolute(file).into_os_string()]);
        }
        words
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.into())
}

/// Runs the program; the exit code is the guest's.
pub fn profile(args: ProfileArgs) -> Result<ExitCode, Failure> {
    if args.process.is_some_and(|pid| pid != std::process::id()) {
        // A child of the process that is sampled.
        let command = args.inherited_by_children();
        return Ok(run::start(args.run, Watch { command, ..Watch::default() }));
    }
    if let Some(file) = &args.output {
        // What cannot be written at the end is told before the program runs.
        let opened = OpenOptions::new().write(true).create(true).truncate(true).open(file);
        opened.with_context(|| format!("-o {}", file.display()))?;
    }
    let sampling = Sampling {
        interval: std::time::Duration::from_millis(args.interval.into()),
        stacks: args.format == Format::Folded,
    };
    let command = args.inherited();
    let (format, top, output) = (args.format, args.top, args.output.as_deref().map(absolute));
    let at_end = move |process: &Process| {
        let Some(profile) = process.engine.profile() else { return };
        let record = Record::new(&profile, process);
        let text = match format {
            Format::Text => text::print(&record, top),
            Format::Json => record.to_json(),
            Format::Folded => record.folded(),
        };
        write(output.as_deref(), &text);
    };
    let watch = Watch { sampling: Some(sampling), at_end: Some(Box::new(at_end)), command };
    Ok(run::start(args.run, watch))
}

impl ProfileArgs {
    /// The same for a child, of which no process is sampled but the one that is named already.
    fn inherited_by_children(&self) -> Vec<OsString> {
        let own = format!("--process={}", std::process::id());
        let named = self.process.map(|pid| format!("--process={pid}"));
        let pass = |word: OsString| match &named {
            Some(named) if word == *own => named.into(),
            _ => word,
        };
        self.inherited().into_iter().map(pass).collect()
    }
}

fn write(file: Option<&Path>, text: &str) {
    let Some(file) = file else {
        say!("{}", text.trim_end());
        return;
    };
    let opened = OpenOptions::new().write(true).truncate(true).create(true).open(file);
    if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        say!("isamorph: -o {}: {error}", file.display());
    }
}
