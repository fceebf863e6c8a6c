//! GCC's execution tests, from Debian's package `gcc-12-source`: the C torture tests and the run tests for AArch64.
//!
//! Which folder is built how is told by the `.exp` file in each; [`FOLDERS`] says it in our words.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::case::{Case, Prints};
use super::directive::{Defaults, plan};
use super::folder;
use crate::guests::apt::{Apt, Database, RELEASE};
use crate::process;
use crate::tally::Step;

const PACKAGE: &str = "gcc-12-source";
/// The folders below `gcc/testsuite` that are unpacked.
const PARTS: [&str; 2] = ["gcc.c-torture/execute", "gcc.target/aarch64"];

/// One folder of tests.
struct Folder {
    /// Below `gcc/testsuite`.
    path: &'static str,
    /// What stands before the names of its tests.
    prefix: &'static str,
    /// Only files that begin so.
    files: &'static str,
    /// Whether every test is built at several levels.
    leveled: bool,
    /// Linked with the shared C library: its tests define functions that the static one has too.
    dynamic: bool,
    defaults: Defaults<'static>,
    /// Flags of all its tests.
    flags: &'static str,
    /// Sources that every test is built with; `?` is the test's own name.
    with: &'static [&'static str],
}

const RUN: Defaults = Defaults { runs: true, options: "" };
/// `DEFAULT_CFLAGS` of `aarch64.exp`.
const ANSI: Defaults = Defaults { runs: false, options: "-ansi -pedantic-errors" };

const TORTURE: [Folder; 3] = [
    execute("gcc.c-torture/execute", ""),
    Folder { flags: "-fno-inline", ..execute("gcc.c-torture/execute/ieee", "ieee-") },
    Folder {
        dynamic: true,
        flags: "-fno-tree-dse -fno-tree-loop-distribute-patterns -fno-tracer -fno-ipa-ra \
                -fno-inline-functions",
        with: &["?-lib.c", "lib/main.c"],
        ..execute("gcc.c-torture/execute/builtins", "builtins/")
    },
];

/// The folders `sve` and `sve2` are left out whole; `cpunative` and `sls-mitigation` hold no test that is run.
const AARCH64: [Folder; 8] = [
    plain("gcc.target/aarch64", ""),
    plain("gcc.target/aarch64/simd", "simd/"),
    plain("gcc.target/aarch64/fp16", "fp16/"),
    plain("gcc.target/aarch64/acle", "acle/"),
    Folder { leveled: true, ..plain("gcc.target/aarch64/torture", "torture/") },
    Folder {
        defaults: Defaults { runs: true, options: "-march=armv8.2-a+fp16" },
        ..execute("gcc.target/aarch64/advsimd-intrinsics", "advsimd-intrinsics/")
    },
    aapcs64("test_"),
    aapcs64("va_arg-"),
];

const AAPCS64_RETURNS: [Folder; 2] = [
    Folder { flags: "-fno-ipa-ra", ..aapcs64("func-ret-") },
    Folder { flags: "-fno-inline", with: &[], ..aapcs64("rec_") },
];

/// Built as it says itself, and run if it says so.
const fn plain(path: &'static str, prefix: &'static str) -> Folder {
    Folder {
        path,
        prefix,
        files: "",
        leveled: false,
        dynamic: false,
        defaults: ANSI,
        flags: "",
        with: &[],
    }
}

/// Built at several levels and run unless it says otherwise.
const fn execute(path: &'static str, prefix: &'static str) -> Folder {
    Folder { leveled: true, defaults: RUN, ..plain(path, prefix) }
}

const fn aapcs64(files: &'static str) -> Folder {
    Folder { files, with: &["abitest.S"], ..execute("gcc.target/aarch64/aapcs64", "aapcs64/") }
}

/// The torture tests at each level.
pub fn torture(levels: &[String]) -> Result<Vec<Case>> {
    cases(TORTURE.iter(), levels)
}

/// The AArch64 tests; those that are built at several levels, at each.
pub fn aarch64(levels: &[String]) -> Result<Vec<Case>> {
    cases(AARCH64.iter().chain(&AAPCS64_RETURNS), levels)
}

fn unpacked() -> PathBuf {
    folder().join("gcc")
}

fn cases<'a>(folders: impl Iterator<Item = &'a Folder>, levels: &[String]) -> Result<Vec<Case>> {
    let mut cases = Vec::new();
    for folder in folders {
        for source in folder.sources()? {
            let text = String::from_utf8_lossy(&fs::read(&source)?).into_owned();
            let levels: Vec<Option<&String>> =
                if folder.leveled { levels.iter().map(Some).collect() } else { vec![None] };
            cases.extend(levels.into_iter().filter_map(|at| folder.case(&source, &text, at)));
        }
    }
    Ok(cases)
}

impl Folder {
    fn sources(&self) -> Result<Vec<PathBuf>> {
        let dir = unpacked().join(self.path);
        let listed = fs::read_dir(&dir).with_context(|| dir.display().to_string())?;
        let mut sources: Vec<PathBuf> = listed
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let is_test = name.starts_with(self.files) && !name.ends_with("-lib.c");
                is_test && path.extension().is_some_and(|extension| extension == "c")
            })
            .collect();
        sources.sort();
        Ok(sources)
    }

    fn case(&self, source: &Path, text: &str, level: Option<&String>) -> Option<Case> {
        let stem = source.file_stem()?.to_string_lossy();
        let optimise = level.map_or(String::new(), |level| format!("-{level}"));
        let plan = plan(text, &optimise, self.defaults)?;
        let mut flags = plan.flags;
        flags.extend(self.flags.split_whitespace().map(str::to_owned));
        // An older form of the directives: a Tcl file beside the source.
        let script = fs::read_to_string(source.with_extension("x")).unwrap_or_default();
        flags.extend(script.lines().flat_map(unconditional_flags));
        let mut sources = vec![source.to_owned()];
        sources
            .extend(self.with.iter().map(|with| source.with_file_name(with.replace('?', &stem))));
        Some(Case {
            name: format!("{}{stem}", self.prefix),
            level: level.cloned(),
            sources,
            flags,
            libs: vec!["-lm".into()],
            dynamic: self.dynamic,
            prints: plan.output.map_or(Prints::Anything, Prints::Part),
            ..Case::default()
        })
    }
}

/// The flags of a line `lappend additional_flags "…"` or `set additional_flags …` that is not inside a condition.
fn unconditional_flags(line: &str) -> Vec<String> {
    let set = "set additional_flags";
    let flags = line.strip_prefix("lappend additional_flags").or_else(|| line.strip_prefix(set));
    let words = flags.unwrap_or("").split_whitespace();
    words.map(|word| word.trim_matches('"').to_owned()).collect()
}

/// Unpacks the tests, if that was not done before.
pub fn fetch() -> Result<()> {
    if unpacked().is_dir() {
        return Ok(());
    }
    let _step = Step::begin(format!("fetching {PACKAGE}"));
    let apt = Apt::new(&folder().join("apt-gcc"), "amd64", &[RELEASE], Database::Empty)?;
    apt.update()?;
    process::run_quiet(apt.get(&["download", PACKAGE]).current_dir(folder()))?;
    let deb = fs::read_dir(folder())?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .with_context(|| format!("apt-get download {PACKAGE} left no package"))?;

    // A package that holds an archive that holds the tests: unpacked in one pass, without the gigabyte around them.
    let mut package =
        Command::new("dpkg-deb").arg("--fsys-tarfile").arg(&deb).stdout(Stdio::piped()).spawn()?;
    let mut archive = Command::new("tar")
        .args(["-xO", "--wildcards", "./usr/src/gcc-12/gcc-*.tar.xz"])
        .stdin(package.stdout.take().expect("stdout was piped"))
        .stdout(Stdio::piped())
        .spawn()?;
    let unpacking = folder().join("gcc-unpacking");
    fs::create_dir_all(&unpacking)?;
    process::run(
        Command::new("tar")
            .args(["-xJ", "--strip-components=3", "--wildcards"])
            .args(PARTS.map(|part| format!("*/gcc/testsuite/{part}")))
            .stdin(archive.stdout.take().expect("stdout was piped"))
            .current_dir(&unpacking),
    )?;
    ensure!(package.wait()?.success() && archive.wait()?.success(), "cannot unpack {PACKAGE}");
    fs::rename(unpacking, unpacked())?;
    fs::remove_file(deb)?;
    Ok(())
}
