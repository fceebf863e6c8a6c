//! `cargo xtask fuzz`: the coverage-guided fuzz targets of `fuzz/`, each for some time, from seeds of this repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::cargo;
use crate::{paths, process};

/// A fuzz target and the folders or files that its corpus begins with.
const TARGETS: [(&str, &[&str]); 5] = [
    ("elf", &["tests/guests/demo.elf"]),
    ("lift", &[]),
    ("text", &["tests/filetests/opt", "tests/filetests/verify"]),
    ("compile", &[]),
    ("unit", &[]),
];

/// Runs the targets whose name contains `filter`, each this long. A finding ends it with an error that names the input.
pub fn run(filter: Option<&str>, seconds: u32) -> Result<()> {
    install()?;
    let chosen = TARGETS.iter().filter(|(name, _)| filter.is_none_or(|f| name.contains(f)));
    let mut ran = 0;
    for (name, seeds) in chosen {
        let corpus = paths::root().join("fuzz/corpus").join(name);
        fs::create_dir_all(&corpus).with_context(|| format!("cannot make {}", corpus.display()))?;
        for seed in seeds.iter().map(|seed| paths::root().join(seed)) {
            plant(&seed, &corpus)?;
        }
        // Without a sanitizer: the code is Rust, most of it safe, and this needs no nightly compiler.
        let mut command = cargo(&["fuzz", "run", "--sanitizer", "none", name]);
        command.arg("--").arg(format!("-max_total_time={seconds}")).arg("-max_len=8192");
        process::run(&mut command)?;
        ran += 1;
    }
    let known: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    ensure!(ran > 0, "no fuzz target is called like that: there are {}", known.join(", "));
    Ok(())
}

/// Copies a file, or the files of a folder, into a corpus.
fn plant(seed: &Path, corpus: &Path) -> Result<()> {
    let files: Vec<PathBuf> = match fs::read_dir(seed) {
        Ok(entries) => entries.filter_map(|e| Some(e.ok()?.path())).collect(),
        Err(_) => vec![seed.to_owned()],
    };
    for file in files.iter().filter(|file| file.is_file()) {
        let name = file.file_name().context("a seed has a name")?;
        fs::copy(file, corpus.join(name))
            .with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

/// Installs cargo-fuzz if it is missing.
fn install() -> Result<()> {
    let present = cargo(&["fuzz", "--version"]).output().is_ok_and(|o| o.status.success());
    if present {
        return Ok(());
    }
    println!("installing cargo-fuzz, which drives LLVM's libFuzzer");
    let mut command: Command = cargo(&["install", "cargo-fuzz", "--locked"]);
    process::run(&mut command)
}
