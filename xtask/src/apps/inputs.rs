//! What long cases work on and Debian's program packages do not hold: a large preprocessed source, and numpy.
//!
//! Fetched once, by name, below `target/guests/apps`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::guests::apt::{Apt, RELEASE};
use crate::guests::programs::COMPILER;
use crate::tally::Step;
use crate::{paths, process};

/// Debian's name of each architecture whose wheel is fetched, and Python's.
const ARCHITECTURES: [(&str, &str); 2] =
    [("arm64", "manylinux2014_aarch64"), ("amd64", "manylinux2014_x86_64")];
const NUMPY: &str = "numpy==1.26.4";
/// Its orig archive holds one folder with all of the interpreter's sources.
const LARGE: &str = "lua5.4";

fn folder() -> PathBuf {
    paths::guests().join("apps")
}

/// Python packages for `arch` (Debian's name).
pub fn site(arch: &str) -> PathBuf {
    folder().join("site").join(arch)
}

/// The Lua interpreter and its libraries as one preprocessed file for A64: 16,000 lines.
pub fn preprocessed() -> PathBuf {
    folder().join("large.i")
}

/// Fetches what is not there yet.
pub fn fetch() -> Result<()> {
    fetch_preprocessed()?;
    for (arch, platform) in ARCHITECTURES {
        if !site(arch).join("numpy").is_dir() {
            let _step = Step::begin(format!("fetching {NUMPY} for {arch}"));
            wheel(platform, &site(arch))?;
        }
    }
    Ok(())
}

/// Makes [`preprocessed`], if it is not there yet.
pub fn fetch_preprocessed() -> Result<()> {
    fs::create_dir_all(folder())?;
    if !preprocessed().exists() {
        let _step = Step::begin(format!("fetching the source of {LARGE}"));
        preprocess()?;
    }
    Ok(())
}

/// Unpacks the wheel of numpy for `platform` into `site`.
fn wheel(platform: &str, site: &Path) -> Result<()> {
    let wheels = folder().join("wheels");
    process::run_quiet(
        Command::new("pip")
            .args(["download", "--quiet", "--no-deps", "--only-binary=:all:"])
            .args(["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311"])
            .args(["--platform", platform, NUMPY, "--dest"])
            .arg(&wheels),
    )?;
    let wheel = find(&wheels, |name| name.contains(platform))?;
    // A wheel is a zip archive.
    let extract =
        Command::new("python3").args(["-m", "zipfile", "-e"]).arg(wheel).arg(site).status();
    anyhow::ensure!(extract?.success(), "cannot unpack the wheel of numpy");
    Ok(())
}

fn preprocess() -> Result<()> {
    let apt = Apt::sources(&folder().join("apt-source"), &[RELEASE])?;
    apt.update()?;
    process::run_quiet(
        apt.get(&["source", "--download-only", "--tar-only", LARGE]).current_dir(folder()),
    )?;
    let archive = find(&folder(), |name| name.ends_with(".orig.tar.gz"))?;
    let sources = folder().join(LARGE);
    fs::create_dir_all(&sources)?;
    process::run_quiet(
        Command::new("tar")
            .arg("-xzf")
            .arg(archive)
            .arg("--strip-components=1")
            .current_dir(&sources),
    )?;
    let sources = sources.join("src");
    let mut names: Vec<String> = fs::read_dir(&sources)?
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.starts_with('l') && name.ends_with(".c"))
        // The programs' own main functions.
        .filter(|name| !["lua.c", "luac.c"].contains(&name.as_str()))
        .collect();
    names.sort();
    let all: String = ["#define LUA_CORE\n#define LUA_LIB\n#include \"lprefix.h\"\n".to_owned()]
        .into_iter()
        .chain(names.iter().map(|name| format!("#include \"{name}\"\n")))
        .collect();
    let together = sources.join("all.c");
    fs::write(&together, all)?;
    process::run_quiet(
        Command::new(COMPILER).args(["-E", "-P"]).arg(&together).arg("-o").arg(preprocessed()),
    )
    .map(drop)
}

/// The file of `folder` whose name is like that.
fn find(folder: &Path, like: impl Fn(&str) -> bool) -> Result<PathBuf> {
    fs::read_dir(folder)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.file_name().is_some_and(|name| like(&name.to_string_lossy())))
        .with_context(|| format!("what was fetched is not in {}", folder.display()))
}
