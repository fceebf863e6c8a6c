//! Starts cargo on the rest of the workspace.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::{paths, process};

/// A cargo command in the workspace root, run by the cargo that runs this program.
pub fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args).current_dir(paths::root());
    command
}

/// Builds the release binary of the command line, unless `ISAMORPH` names one to use; returns its path.
pub fn build_isamorph() -> Result<PathBuf> {
    if std::env::var_os("ISAMORPH").is_none() {
        process::run(&mut cargo(&["build", "--quiet", "--release", "--package", "isamorph"]))?;
    }
    Ok(paths::isamorph())
}

/// Runs a program of the tests crate, with `task` (if not empty) before the arguments.
pub fn tests_program(name: &str, task: &str, args: &[String]) -> Result<()> {
    let mut command = cargo(&["run", "--quiet", "--release", "--package", "isamorph-tests"]);
    command.args(["--bin", name, "--"]);
    if !task.is_empty() {
        command.arg(task);
    }
    process::run(command.args(args))
}
