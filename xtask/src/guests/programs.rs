//! The guest programs of `tests/guests`: what their headers ask for, and their building with Debian's cross compiler.
//!
//! A source says in `//@` lines how it is linked, and how it is run with which ending; see `tests/guests/README.md`.
//! Built programs lie in `target/guests/programs/<arch>/<link>/<name>`; one is rebuilt when its source or its command
//! line changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};

use crate::{paths, process};

/// The cross compiler of the guests.
pub const COMPILER: &str = "aarch64-linux-gnu-gcc";

/// What the committed `demo.elf` was built with: another version need not yield the same bytes.
pub const PINNED_VERSION: &str = "12.2.0";

/// The sysroot that dynamic guest programs run in: the C library that the cross compiler links against.
pub const CROSS_SYSROOT: &str = "/usr/aarch64-linux-gnu";

/// How a program is linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// With its libraries inside, at a fixed address.
    Static,
    /// With its libraries inside, at any address.
    StaticPie,
    /// By the dynamic loader of [`CROSS_SYSROOT`].
    Dynamic,
    /// Freestanding: no C library at all.
    Bare,
}

impl Link {
    fn parse(word: &str) -> Result<Self> {
        Ok(match word {
            "static" => Self::Static,
            "static-pie" => Self::StaticPie,
            "dynamic" => Self::Dynamic,
            "bare" => Self::Bare,
            _ => bail!("`{word}` is no way to link: static, static-pie, dynamic, bare"),
        })
    }

    /// The folder and display name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::StaticPie => "static-pie",
            Self::Dynamic => "dynamic",
            Self::Bare => "bare",
        }
    }

    fn flags(self) -> &'static [&'static str] {
        match self {
            Self::Static => &["-static"],
            Self::StaticPie => &["-static-pie"],
            Self::Dynamic => &[],
            // Small, and the same bytes whenever and wherever it is built.
            Self::Bare => &[
                "-Os",
                "-static",
                "-ffreestanding",
                "-nostdlib",
                "-fno-asynchronous-unwind-tables",
                "-fno-stack-protector",
                "-fno-pie",
                "-no-pie",
                "-mgeneral-regs-only",
                "-g0",
                "-Wl,--build-id=none,-z,noseparate-code,-z,max-page-size=4096",
            ],
        }
    }
}

/// Who tells what a program must print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Oracle {
    /// qemu-aarch64, running the same binary.
    Qemu,
    /// The host, running the same source built for it: where qemu-user falls short (it hands an execve to the host).
    Native,
    /// The architecture's manual and the kernel's sources, by hand: where no emulator at hand does what they say.
    Manual,
}

/// How a run of a program must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With this exit status.
    Exit(i32),
    /// By this signal.
    Signal(i32),
}

/// One run of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The arguments after the program's name.
    pub args: Vec<String>,
    /// The processor that it sees, by its name; what the runner takes if not given.
    pub cpu: Option<String>,
    /// How it must end.
    pub ending: Ending,
}

/// A guest program as its source describes it.
#[derive(Clone, Debug)]
pub struct Program {
    /// File name without its extension.
    pub name: String,
    /// The C or assembly file.
    pub source: PathBuf,
    /// The ways to link it.
    pub links: Vec<Link>,
    /// Further compiler flags.
    pub cflags: Vec<String>,
    /// Libraries, after the source.
    pub libs: Vec<String>,
    /// Environment variables of every run.
    pub env: Vec<(String, String)>,
    /// Who tells the expected output.
    pub oracle: Oracle,
    /// The runs.
    pub runs: Vec<Run>,
}

impl Program {
    /// Reads the `//@` lines of a source.
    pub fn read(source: &Path) -> Result<Self> {
        let text = fs::read_to_string(source)
            .with_context(|| format!("cannot read {}", source.display()))?;
        let mut program = Self {
            name: source.file_stem().expect("a source has a name").to_string_lossy().into_owned(),
            source: source.into(),
            links: vec![Link::Static, Link::Dynamic],
            cflags: Vec::new(),
            libs: Vec::new(),
            env: Vec::new(),
            oracle: Oracle::Qemu,
            runs: Vec::new(),
        };
        let mut cpu = None;
        for (index, line) in text.lines().enumerate() {
            if let Some(directive) = line.strip_prefix("//@") {
                program
                    .directive(directive.trim(), &mut cpu)
                    .with_context(|| format!("{}:{}", source.display(), index + 1))?;
            }
        }
        ensure!(!program.runs.is_empty(), "{}: no `//@ run:` line", source.display());
        Ok(program)
    }

    /// Takes one line; `cpu` is the processor of the runs that follow.
    fn directive(&mut self, text: &str, cpu: &mut Option<String>) -> Result<()> {
        let (key, value) = text.split_once(':').context("a directive is `//@ key: value`")?;
        let value = value.trim();
        match key {
            "link" => {
                self.links = value.split_whitespace().map(Link::parse).collect::<Result<_>>()?;
            }
            "cflags" => self.cflags = words(value)?,
            "libs" => self.libs = words(value)?,
            "env" => {
                let (name, value) = value.split_once('=').context("env is NAME=VALUE")?;
                self.env.push((name.into(), value.into()));
            }
            "cpu" => *cpu = Some(value.into()),
            "oracle" => {
                self.oracle = match value {
                    "qemu" => Oracle::Qemu,
                    "native" => Oracle::Native,
                    "manual" => Oracle::Manual,
                    _ => bail!("`{value}` is no oracle: qemu, native, manual"),
                }
            }
            "run" => {
                let (args, ending) = value.rsplit_once("=>").context("run is `ARGS => exit N`")?;
                let ending = match ending.split_whitespace().collect::<Vec<_>>()[..] {
                    ["exit", status] => Ending::Exit(status.parse()?),
                    ["signal", number] => Ending::Signal(number.parse()?),
                    _ => bail!("a run ends in `exit N` or `signal N`"),
                };
                self.runs.push(Run { args: words(args)?, cpu: cpu.clone(), ending });
            }
            _ => bail!("`{key}` is no directive: link, cflags, libs, env, cpu, oracle, run"),
        }
        Ok(())
    }

    /// Where the program lies once it is built.
    pub fn binary(&self, link: Link) -> PathBuf {
        paths::guests().join("programs/arm64").join(link.name()).join(&self.name)
    }

    /// The file with the expected standard output of all runs.
    pub fn expectation(&self) -> PathBuf {
        self.source.with_extension("out")
    }

    /// Builds the program for the host; returns the file.
    pub fn build_native(&self) -> Result<PathBuf> {
        let binary = paths::guests().join("programs/native").join(&self.name);
        self.build_with("gcc", Link::Dynamic, &binary)?;
        Ok(binary)
    }

    fn build(&self, link: Link) -> Result<bool> {
        self.build_with(COMPILER, link, &self.binary(link))
    }

    fn build_with(&self, compiler: &str, link: Link, binary: &Path) -> Result<bool> {
        let mut command = Command::new(compiler);
        command.args(["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Wno-infinite-recursion"]);
        command.args(link.flags()).args(&self.cflags);
        command.arg("-o").arg(binary).arg(&self.source).args(&self.libs);
        compile_if_stale(&mut command, &self.source, binary)
    }
}

/// Runs the compiler unless `output` is younger than `source` and was made by the same command line.
pub fn compile_if_stale(command: &mut Command, source: &Path, output: &Path) -> Result<bool> {
    let note = output.with_extension("cmd");
    let line = process::display(command);
    let younger = || {
        let built = fs::metadata(output).ok()?.modified().ok()?;
        Some(built > fs::metadata(source).ok()?.modified().ok()?)
    };
    if younger() == Some(true) && fs::read_to_string(&note).is_ok_and(|old| old == line) {
        return Ok(false);
    }
    fs::create_dir_all(output.parent().expect("an output is in a folder"))?;
    process::run_quiet(command)?;
    fs::write(&note, line)?;
    Ok(true)
}

/// Splits at spaces; double quotes keep words together.
fn words(text: &str) -> Result<Vec<String>> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, after) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted.split_once('"').context("a quote is not closed")?
        } else {
            rest.split_once(' ').unwrap_or((rest, ""))
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}

/// The folder of the sources.
pub fn folder() -> PathBuf {
    paths::root().join("tests/guests")
}

/// All programs, in the order of their names.
pub fn all() -> Result<Vec<Program>> {
    let mut sources: Vec<PathBuf> = fs::read_dir(folder())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "c" || e == "S"))
        .collect();
    sources.sort();
    sources.iter().map(|source| Program::read(source)).collect()
}

/// Builds every program in every way that it asks for.
pub fn build_all() -> Result<Vec<Program>> {
    ensure!(
        process::on_path(COMPILER),
        "{COMPILER} is not installed: run `cargo xtask guests host` as root"
    );
    // Tests of one binary come here at once: the second waits until there is nothing left to build.
    static BUILDING: Mutex<()> = Mutex::new(());
    let _building = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
    let programs = all()?;
    let jobs: Vec<(&Program, Link)> = programs
        .iter()
        .flat_map(|program| program.links.iter().map(move |&link| (program, link)))
        .collect();
    let results = process::in_parallel(&jobs, |(program, link)| program.build(*link));
    let built = results.into_iter().collect::<Result<Vec<bool>>>()?;
    let fresh = built.iter().filter(|&&fresh| fresh).count();
    println!("guest programs: {fresh} built, {} up to date", built.len() - fresh);
    Ok(programs)
}

/// Builds the executor of the oracle (`tests/oracle/executor.c`); returns the file.
pub fn build_executor() -> Result<PathBuf> {
    let source = paths::root().join("tests/oracle/executor.c");
    let binary = paths::guests().join("oracle/executor");
    let mut command = Command::new(COMPILER);
    command.args(["-std=gnu11", "-Wall", "-Wextra"]).args(Link::Bare.flags()).arg("-O2");
    // Where no random address hits it.
    command.args(["-fno-tree-loop-distribute-patterns", "-Wl,-Ttext-segment=0x5a3c210000"]);
    command.arg("-o").arg(&binary).arg(&source);
    compile_if_stale(&mut command, &source, &binary)?;
    Ok(binary)
}

/// The committed binary of the demo.
pub fn demo_elf() -> PathBuf {
    folder().join("demo.elf")
}

/// Puts the demo as the cross compiler builds it now in the place of the committed one.
pub fn renew_demo() -> Result<()> {
    let demo = Program::read(&folder().join("demo.c"))?;
    demo.build(Link::Bare)?;
    fs::copy(demo.binary(Link::Bare), demo_elf())?;
    if compiler_version().as_deref() != Some(PINNED_VERSION) {
        println!("note: the tests compare demo.elf with what gcc {PINNED_VERSION} builds");
    }
    Ok(())
}

/// The version of the cross compiler, if it is there.
pub fn compiler_version() -> Option<String> {
    let text = process::run_quiet(Command::new(COMPILER).arg("-dumpfullversion")).ok()?;
    Some(text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_quoted_spaces() {
        assert_eq!(words(r#"a "b c" "" d"#).unwrap(), ["a", "b c", "", "d"]);
        assert!(words("\"open").is_err());
    }

    #[test]
    fn every_source_has_a_well_formed_header() {
        assert!(all().unwrap().len() > 5);
    }
}
