//! Runs guest programs, under the oracle or under the emulator, and compares with what they must print.
//!
//! Expected output is written by the oracle alone (`cargo xtask oracle guests`) and read by a person before it is
//! committed; our own output never becomes an expectation.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use super::programs::{CROSS_SYSROOT, Ending, Link, Oracle, Program, Run};
use crate::process::{self, Outcome};
use crate::{paths, process::capture};

/// Longer than any guest program takes on the slowest engine.
const LIMIT: Duration = Duration::from_secs(120);

/// What executes A64 code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// Debian's qemu-aarch64, the independent oracle.
    Qemu,
    /// The host itself, for programs built for it.
    Native,
    /// `isamorph run --engine …`, beginning with nothing.
    Isamorph(&'static str),
    /// `isamorph profile`, which is not to change anything.
    Profiled,
    /// The same with a code cache of the tests' own, where everything is kept.
    Keeping(&'static str),
    /// As users run it: with a code cache, where the environment says.
    Usual(&'static str),
}

impl Runner {
    /// Every engine of ours.
    pub const ENGINES: [Self; 4] = [
        Self::Isamorph("interp"),
        Self::Isamorph("baseline"),
        Self::Isamorph("jit"),
        Self::Isamorph("auto"),
    ];

    /// The same engine with a code cache.
    pub fn keeping(self) -> Self {
        match self {
            Self::Isamorph(engine) => Self::Keeping(engine),
            other => other,
        }
    }

    /// The same engine as users run it.
    pub fn usual(self) -> Self {
        match self {
            Self::Isamorph(engine) => Self::Usual(engine),
            other => other,
        }
    }

    /// Each of these engines twice with a code cache: what a second run loads is what the first compiled.
    pub fn warmed(engines: &[Self]) -> Vec<Self> {
        engines.iter().flat_map(|engine| [engine.keeping(); 2]).collect()
    }

    /// The command that runs `program` (a file of the host) with guest paths redirected into `sysroot`.
    pub fn command(self, sysroot: Option<&Path>, program: &Path) -> Command {
        self.command_as(None, sysroot, program)
    }

    /// The same, with this processor.
    fn command_as(self, cpu: Option<&str>, sysroot: Option<&Path>, program: &Path) -> Command {
        let ours = |args: &[&str]| {
            let mut command = Command::new(paths::isamorph());
            command.args(args);
            command
        };
        let mut command = match self {
            Self::Qemu => Command::new("qemu-aarch64"),
            Self::Native => return Command::new(program),
            Self::Profiled => ours(&["profile", "--format", "folded", "-o", "/dev/null"]),
            Self::Isamorph(engine) => ours(&["run", "--cache", "off", "--engine", engine]),
            Self::Usual(engine) => ours(&["run", "--engine", engine, "--cache", "rw"]),
            Self::Keeping(engine) => {
                let mut command =
                    ours(&["run", "--engine", engine, "--cache", "rw", "--cache-eager"]);
                command.arg("--cache-dir").arg(paths::guests().join("code-cache"));
                command
            }
        };
        if let Some(cpu) = cpu {
            command.args([if self == Self::Qemu { "-cpu" } else { "--cpu" }, cpu]);
        }
        if let Some(sysroot) = sysroot {
            command.arg("-L").arg(sysroot);
        }
        command.arg(program);
        command
    }
}

impl fmt::Display for Runner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Qemu => f.write_str("qemu"),
            Self::Native => f.write_str("native"),
            Self::Profiled => f.write_str("profile"),
            Self::Isamorph(engine) | Self::Usual(engine) => f.write_str(engine),
            Self::Keeping(engine) => write!(f, "{engine} with a code cache"),
        }
    }
}

/// Runs one run of a program, with an environment that holds only what the program's header says.
pub fn execute(runner: Runner, program: &Program, link: Link, run: &Run) -> Result<Outcome> {
    let binary = match runner {
        Runner::Native => program.build_native()?,
        _ => program.binary(link),
    };
    let sysroot = (link == Link::Dynamic).then(|| Path::new(CROSS_SYSROOT));
    let mut command = runner.command_as(run.cpu.as_deref(), sysroot, &binary);
    command.args(&run.args).env_clear().env("PATH", "/usr/bin:/bin");
    command.envs(program.env.iter().map(|(name, value)| (name, value)));
    capture(&mut command, b"", LIMIT)
}

/// Does `outcome` end as the run says?
pub fn ends_as(outcome: &Outcome, ending: Ending) -> bool {
    use std::os::unix::process::ExitStatusExt;
    outcome.status.is_some_and(|status| match ending {
        Ending::Exit(code) => status.code() == Some(code),
        Ending::Signal(signal) => status.signal() == Some(signal),
    })
}

/// Runs everything that the header of `program` lists; an error names the first difference.
pub fn check(runner: Runner, program: &Program, link: Link) -> Result<()> {
    let expected = read_expectation(program)?;
    for (run, expected) in program.runs.iter().zip(&expected) {
        let outcome = execute(runner, program, link, run)?;
        let what = || format!("{} {} under {runner}: {}", program.name, link.name(), title(run));
        if !ends_as(&outcome, run.ending) {
            let (ending, tail) = (outcome.ending(), outcome.tail(8));
            bail!("{}: {ending} instead of {:?}\n{tail}", what(), run.ending);
        }
        let printed = String::from_utf8_lossy(&outcome.stdout);
        if printed != *expected {
            let tail = String::from_utf8_lossy(&outcome.stderr);
            bail!("{}: {}\n{tail}", what(), first_difference(expected, &printed));
        }
    }
    Ok(())
}

/// The first line that differs, with its number, as expected and as it was.
pub fn first_difference(expected: &str, got: &str) -> String {
    let mut lines = expected.lines().zip(got.lines()).enumerate();
    match lines.find(|(_, (a, b))| a != b) {
        Some((at, (a, b))) => format!("line {}: expected `{a}`, got `{b}`", at + 1),
        None if expected == got => "no difference".into(),
        None => format!("expected {} bytes, got {} (equal so far)", expected.len(), got.len()),
    }
}

/// How a run is named in the expectation file.
fn title(run: &Run) -> String {
    let mut command = Command::new("$");
    command.args(&run.args);
    process::display(&command).replacen("'$'", "$", 1)
}

/// The expected standard output of each run: sections of `NAME.out` that begin with `$ ARGS`.
fn read_expectation(program: &Program) -> Result<Vec<String>> {
    let file = program.expectation();
    let text = fs::read_to_string(&file).with_context(|| {
        format!("cannot read {}: `cargo xtask oracle guests` writes it", file.display())
    })?;
    let mut sections: Vec<String> = Vec::new();
    let mut runs = program.runs.iter();
    let mut next = runs.next();
    for line in text.split_inclusive('\n') {
        if next.is_some_and(|run| line.trim_end() == title(run)) {
            sections.push(String::new());
            next = runs.next();
        } else {
            sections
                .last_mut()
                .with_context(|| format!("{} begins with no `$` line", file.display()))?
                .push_str(line);
        }
    }
    ensure!(
        sections.len() == program.runs.len(),
        "{} has {} sections for {} runs: renew it with `cargo xtask oracle guests`",
        file.display(),
        sections.len(),
        program.runs.len()
    );
    Ok(sections)
}

/// Writes the expectation of `program` from what the oracle prints.
pub fn bless_from_oracle(program: &Program) -> Result<()> {
    let oracle = match program.oracle {
        Oracle::Qemu => Runner::Qemu,
        Oracle::Native => Runner::Native,
        Oracle::Manual => bail!("{}: its expectation is written by hand", program.name),
    };
    let mut text = String::new();
    for run in &program.runs {
        let outcome = execute(oracle, program, program.links[0], run)?;
        let name = format!("{} {}", program.name, title(run));
        ensure!(
            ends_as(&outcome, run.ending),
            "{name}: the oracle ends with {}\n{}",
            outcome.ending(),
            outcome.tail(8)
        );
        let printed = String::from_utf8(outcome.stdout).with_context(|| name.clone())?;
        ensure!(printed.is_empty() || printed.ends_with('\n'), "{name}: ends within a line");
        text += &format!("{}\n{printed}", title(run));
    }
    fs::write(program.expectation(), text)?;
    Ok(())
}
