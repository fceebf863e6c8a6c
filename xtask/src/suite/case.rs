//! One program of a suite: how it is built, how it is run, what it must print.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::Suite;
use crate::guests::programs::CROSS_SYSROOT;
use crate::guests::runs::{Runner, first_difference};
use crate::process::{Outcome, capture};

/// As long as QEMU's own runner waits.
const LIMIT: Duration = Duration::from_secs(120);

/// A program, and its run: every one must end with status 0.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// Unique in its suite; with the folder in front where the suite has several.
    pub name: String,
    /// The optimisation level, in suites that are built at several.
    pub level: Option<String>,
    /// What is compiled; the first is the one whose age counts.
    pub sources: Vec<PathBuf>,
    /// Compiler flags.
    pub flags: Vec<String>,
    /// Libraries, behind the sources.
    pub libs: Vec<String>,
    /// Linked with the shared C library of the cross compiler, not with the static one.
    pub dynamic: bool,
    /// Environment variables of the run.
    pub env: Vec<(&'static str, &'static str)>,
    /// What it prints.
    pub prints: Prints,
}

/// What must be on a program's standard output.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Prints {
    /// It does not matter.
    #[default]
    Anything,
    /// This, somewhere.
    Part(String),
    /// The text of this file.
    File(PathBuf),
    /// This text.
    Text(&'static str),
}

impl Case {
    /// The name in reports and in the list of expectations.
    pub fn title(&self) -> String {
        match &self.level {
            Some(level) => format!("{}-{level}", self.name),
            None => self.name.clone(),
        }
    }

    /// The built program.
    pub fn binary(&self, suite: Suite) -> PathBuf {
        suite.binaries().join(self.level.as_deref().unwrap_or("")).join(&self.name)
    }

    /// Runs it: what is wrong, in one line, or nothing.
    pub fn check(&self, runner: Runner, suite: Suite) -> Result<Option<String>> {
        let binary = self.binary(suite);
        let folder = binary.parent().expect("a program lies in a folder");
        let sysroot = self.dynamic.then(|| Path::new(CROSS_SYSROOT));
        let mut command = runner.command(sysroot, &binary);
        command.current_dir(folder).envs(self.env.iter().copied());
        let outcome = capture(&mut command, b"", LIMIT)?;
        if !outcome.success() {
            return Ok(Some(why(&outcome)));
        }
        self.prints.compare(&String::from_utf8_lossy(&outcome.stdout))
    }
}

impl Prints {
    fn compare(&self, printed: &str) -> Result<Option<String>> {
        let whole = |expected: &str| {
            (printed != expected).then(|| format!("prints {}", first_difference(expected, printed)))
        };
        Ok(match self {
            Self::Anything => None,
            Self::Part(part) => {
                (!printed.contains(part)).then(|| format!("does not print `{part}`"))
            }
            Self::Text(text) => whole(text),
            Self::File(file) => {
                let text = fs::read_to_string(file);
                whole(&text.with_context(|| format!("cannot read {}", file.display()))?)
            }
        })
    }
}

/// How it ended, with the first line that the emulator said.
fn why(outcome: &Outcome) -> String {
    let stderr = String::from_utf8_lossy(&outcome.stderr);
    match stderr.lines().find(|line| line.contains("isamorph")) {
        Some(line) => format!("{}: {}", outcome.ending(), line.trim()),
        None => outcome.ending(),
    }
}
