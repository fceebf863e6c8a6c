//! The child's side of the demo: runs the program on one engine and leaves its [`Record`] on stderr.

use super::record::Record;
use crate::failure::ExitCode;
use crate::say::say;
use clap::{Args, ValueEnum};
use isamorph_engine::{EngineConfig, EngineKind};
use isamorph_linux_user::process::Process;
use isamorph_linux_user::{Reexec, RunConfig};
use std::sync::Arc;
use std::time::Instant;

use crate::cpu;
use crate::run::EngineChoice;

/// Arguments of the hidden command `demo-guest`.
#[derive(Debug, Args)]
pub struct DemoGuestArgs {
    #[arg(long, value_enum)]
    engine: EngineChoice,
    program: String,
    args: Vec<String>,
}

/// The name of an engine on this command's line.
pub fn name(engine: EngineKind) -> &'static str {
    let choices = EngineChoice::value_variants().iter();
    choices.copied().find(|c| EngineKind::from(*c) == engine).unwrap_or_default().name()
}

/// Runs the program; the exit code is its own.
pub fn run(args: DemoGuestArgs) -> ExitCode {
    let begun = Instant::now();
    let report = move |process: &Process| {
        say!("{}", Record::new(begun.elapsed(), &process.engine.stats()));
    };
    let no_color = std::env::var_os("NO_COLOR").is_some();
    let config = RunConfig {
        program: args.program.into_bytes(),
        argv0: Some(b"demo".to_vec()),
        args: args.args.into_iter().map(String::into_bytes).collect(),
        env: if no_color { vec![b"NO_COLOR=1".to_vec()] } else { vec![] },
        sysroot: None,
        frontend: Arc::new(isamorph_a64::A64),
        processor: cpu::processor(isamorph_a64::A64.model()),
        engine: EngineConfig { kind: args.engine.into(), ..EngineConfig::default() },
        store: None,
        strace: false,
        strict: true,
        // The program starts no other.
        reexec: Reexec { emulator: "/proc/self/exe".into(), options: vec!["run".into()] },
        at_end: Some(Box::new(report)),
        perf: Default::default(),
        runner: None,
    };
    match isamorph_linux_user::run(config) {
        Ok(outcome) => ExitCode::from(outcome.code as u8),
        Err(error) => {
            say!("isamorph: {error}");
            ExitCode::from(error.exit_status() as u8)
        }
    }
}
