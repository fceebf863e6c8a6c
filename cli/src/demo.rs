//! `isamorph demo`: the engine at work, with no set-up at all.
//!
//! Way of the data: the embedded arm64 program (`tests/guests/demo.c`) → a file in memory → one child process
//! ([`guest`]) for each part and engine → its output, and its [`Record`] on stderr → the table.
//!
//! Invariant: what is reported was measured in this very run, and both engines' output was compared.

pub mod guest;
mod record;

use crate::failure::Failure;
use crate::table::{Table, thousands};
use crate::terminal::{self, Colour};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use isamorph_engine::EngineKind;
use record::Record;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

/// The guest program; a test holds that it is what its source yields.
static DEMO_ELF: &[u8] = include_bytes!("../../tests/guests/demo.elf");

/// Arguments of `demo`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  isamorph demo
  isamorph demo --rounds 10
  isamorph demo --color always | less -R

Needs nothing but this program. To see how the guest was compiled: isamorph inspect tests/guests/demo.elf --list")]
pub struct DemoArgs {
    /// Rounds of work: more of them show the compiled code's speed, fewer the compiler's
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    rounds: u32,
    /// When to draw in colour
    #[arg(long, value_enum, default_value_t)]
    color: Colour,
}

/// One engine's runs of both parts.
struct Runs {
    picture: Record,
    work: Record,
}

impl Runs {
    fn sum(&self, of: impl Fn(&Record) -> u64) -> u64 {
        of(&self.picture) + of(&self.work)
    }

    fn time(&self) -> Duration {
        self.picture.time + self.work.time
    }

    fn compile_time(&self) -> Duration {
        self.picture.compile_time + self.work.compile_time
    }
}

/// Runs the demo.
pub fn demo(args: &DemoArgs) -> Result<(), Failure> {
    let program =
        in_memory(DEMO_ELF).context("cannot make a file in memory for the demo's program")?;
    let rounds = args.rounds.to_string();
    let colour = args.color.wanted();
    let run = |engine, what: &[&str]| run_guest(&program, engine, what, colour);

    let (drawn, picture) = run(EngineKind::Jit, &["picture"])?;
    terminal::print(&drawn)?;
    let (results, work) = run(EngineKind::Jit, &["work", &rounds])?;
    let compiled = Runs { picture, work };

    let (drawn_again, picture) = run(EngineKind::Interp, &["picture"])?;
    let (results_again, work) = run(EngineKind::Interp, &["work", &rounds])?;
    let interpreted = Runs { picture, work };
    if drawn != drawn_again || results != results_again {
        return Err(anyhow!(
            "the interpreter and the compiled code disagree on the demo's output: this is a bug in isamorph; \
             compare `isamorph run --engine interp` and `--engine jit` on tests/guests/demo.elf"
        )
        .into());
    }
    terminal::print(report(args.rounds, &interpreted, &compiled))?;
    Ok(())
}

/// What both engines did, as a table.
fn report(rounds: u32, interpreted: &Runs, compiled: &Runs) -> String {
    let insns = interpreted.sum(|r| r.interpreted_insns);
    let mips = |time: Duration| format!("{:.0}", insns as f64 / time.as_secs_f64().max(1e-9) / 1e6);
    let seconds = |time: Duration| format!("{:.3} s", time.as_secs_f64());
    let own_time = compiled.time().saturating_sub(compiled.compile_time());
    let ratio = interpreted.time().as_secs_f64() / compiled.time().as_secs_f64().max(1e-9);
    let plural = if rounds == 1 { "" } else { "s" };

    let mut table = Table::new(["", "interpreter", "compiled"]);
    let mut row = |name: &str, left: String, right: String| table.row([name.into(), left, right]);
    row("picture", seconds(interpreted.picture.time), seconds(compiled.picture.time));
    row(
        &format!("work, {rounds} round{plural}"),
        seconds(interpreted.work.time),
        seconds(compiled.work.time),
    );
    row("guest instructions executed", thousands(insns), "the same".into());
    row("MIPS", mips(interpreted.time()), mips(compiled.time()));
    row("MIPS, compile time left out", mips(interpreted.time()), mips(own_time));
    row("regions compiled", "-".into(), thousands(compiled.sum(|r| r.regions)));
    row("guest instructions in them", "-".into(), thousands(compiled.sum(|r| r.region_insns)));
    row("bytes of host code", "-".into(), thousands(compiled.sum(|r| r.code_bytes)));
    row("compile time", "-".into(), seconds(compiled.compile_time()));
    format!(
        "\nAn arm64 program of {} bytes drew this (tests/guests/demo.c), then made calls, indirect jumps and sorted.\n\
         Both engines ran all of it, with the same output.\n\n{table}\n\
         Compiled code is {ratio:.0} times as fast as the interpreter, compiling included.\n",
        thousands(DEMO_ELF.len() as u64),
    )
}

/// A nameless file with these bytes.
fn in_memory(bytes: &[u8]) -> anyhow::Result<File> {
    let mut file = File::from(memfd_create(c"isamorph-demo", MemfdFlags::CLOEXEC)?);
    file.write_all(bytes)?;
    Ok(file)
}

/// Runs the program in a child process: what it wrote, and what the engine did.
fn run_guest(
    program: &File,
    engine: EngineKind,
    args: &[&str],
    colour: bool,
) -> anyhow::Result<(Vec<u8>, Record)> {
    // A process of its own: a guest that ends takes its process along.
    let path = format!("/proc/{}/fd/{}", std::process::id(), program.as_raw_fd());
    let mut command = Command::new("/proc/self/exe");
    command.arg0("isamorph").args(["demo-guest", "--engine", guest::name(engine), &path]);
    command.args(args).env_clear().stdin(Stdio::null());
    if !colour {
        command.env("NO_COLOR", "1");
    }
    let output =
        command.output().context("cannot start isamorph again to run the demo's program")?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        bail!("the demo's program failed ({}): {}", output.status, said.trim());
    }
    let record = said.lines().find_map(Record::parse);
    Ok((
        output.stdout,
        record.ok_or_else(|| anyhow!("no report from the engine: {}", said.trim()))?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_report_holds_what_was_measured() {
        let interpreted = Record {
            time: Duration::from_millis(500),
            interpreted_insns: 10_000_000,
            ..Record::default()
        };
        let compiled = Record {
            time: Duration::from_millis(10),
            regions: 24,
            region_insns: 400,
            code_bytes: 7056,
            compile_time: Duration::from_millis(5),
            ..Record::default()
        };
        let runs = |r: Record| Runs { picture: r, work: r };
        let text = report(2, &runs(interpreted), &runs(compiled));
        for part in
            ["20,000,000", "20 ", "1000", "2000", " 48", "800", "14,112", "0.010 s", "50 times"]
        {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }
}
