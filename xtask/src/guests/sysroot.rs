//! Sysroots: Debian packages of a guest architecture, with all they depend on, unpacked into one folder.
//!
//! No maintainer script runs and nothing on the host changes. Repeatable and incremental: only packages that were not
//! unpacked before are.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::apt::{Apt, Database, RELEASE};
use crate::{paths, process};

/// What the program comparison and the examples of the README use.
pub const DEFAULT_PACKAGES: &[&str] = &[
    "base-files",
    "bash",
    "bc",
    "busybox-static",
    "bzip2",
    "coreutils",
    "cpp-12",
    "dash",
    "diffutils",
    "file",
    "findutils",
    "gawk",
    "grep",
    "gzip",
    "less",
    "libpython3.11-testsuite",
    "libstdc++6",
    "lua5.4",
    "luajit",
    "mawk",
    "ncurses-bin",
    "openssl",
    "perl",
    "python3",
    "sed",
    "sqlite3",
    "tar",
    "util-linux",
    "xz-utils",
    "zstd",
];

/// The folders that a merged-/usr Debian system has as links.
const MERGED: &[&str] = &["bin", "sbin", "lib"];

/// Makes or extends the sysroot of `arch` with `packages` (the default set if none are named).
pub fn make(arch: &str, packages: &[String]) -> Result<PathBuf> {
    let root = paths::sysroot(arch);
    let notes = paths::guests().join(format!("apt-{arch}"));
    let wanted: BTreeSet<String> = if packages.is_empty() {
        DEFAULT_PACKAGES.iter().map(|&name| name.to_owned()).collect()
    } else {
        packages.iter().cloned().collect()
    };
    let asked_file = notes.join("asked");
    let mut asked = if root.is_dir() { lines_of(&asked_file) } else { BTreeSet::new() };
    if wanted.is_subset(&asked) {
        println!("sysroot {}: has all of these packages already", root.display());
        return Ok(root);
    }

    let apt = Apt::new(&notes, arch, &[RELEASE, &format!("{RELEASE}-updates")], Database::Empty)?;
    apt.update()?;
    let debs = apt.fetch(&wanted.iter().cloned().collect::<Vec<_>>())?;
    let unpacked_file = notes.join("unpacked");
    // The note is about this folder only as long as the folder is there.
    let mut unpacked =
        if root.join("usr").is_dir() { lines_of(&unpacked_file) } else { BTreeSet::new() };
    lay_merged_usr(&root)?;
    let mut fresh = 0;
    for deb in &debs {
        let name = deb.file_name().expect("a file has a name").to_string_lossy().into_owned();
        if unpacked.contains(&name) {
            continue;
        }
        unpack(deb, &root)?;
        unpacked.insert(name);
        fresh += 1;
    }
    write_lines(&unpacked_file, &unpacked)?;
    finish(&root)?;
    asked.extend(wanted);
    write_lines(&asked_file, &asked)?;
    println!("sysroot {}: {fresh} packages unpacked, {} in all", root.display(), unpacked.len());
    Ok(root)
}

fn lay_merged_usr(root: &Path) -> Result<()> {
    for name in MERGED {
        fs::create_dir_all(root.join("usr").join(name))?;
        let link = root.join(name);
        if link.symlink_metadata().is_err() {
            symlink(format!("usr/{name}"), &link)
                .with_context(|| format!("cannot link {}", link.display()))?;
        }
    }
    Ok(())
}

/// `dpkg-deb -x`, but keeping the links of a merged /usr.
fn unpack(deb: &Path, root: &Path) -> Result<()> {
    let mut dpkg = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(deb)
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start dpkg-deb: sysroots are made on a Debian or Ubuntu host")?;
    let tar = dpkg.stdout.take().expect("stdout was piped");
    process::run(
        Command::new("tar")
            .args(["--extract", "--keep-directory-symlink", "--no-same-owner", "--directory"])
            .arg(root)
            .stdin(tar),
    )?;
    ensure!(dpkg.wait()?.success(), "dpkg-deb cannot read {}", deb.display());
    Ok(())
}

/// The few things that maintainer scripts would have done and that programs miss at once.
fn finish(root: &Path) -> Result<()> {
    let links = [("usr/bin/sh", "dash"), ("usr/bin/awk", "mawk"), ("usr/bin/lua", "lua5.4")];
    for (link, target) in links {
        let link = root.join(link);
        let there = link.parent().expect("is below root").join(target).exists();
        if there && link.symlink_metadata().is_err() {
            symlink(target, &link)?;
        }
    }
    // Redirection finds a path in the sysroot first: these would hide the host's own.
    for name in ["boot", "dev", "home", "media", "mnt", "proc", "root", "run", "srv", "sys", "tmp"]
    {
        // Only if it is empty: remove_dir takes nothing else.
        let _ = fs::remove_dir(root.join(name));
    }
    let etc = root.join("etc");
    fs::create_dir_all(&etc)?;
    for (name, text) in [
        ("passwd", "root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n"),
        ("group", "root:x:0:\nnogroup:x:65534:\n"),
    ] {
        let file = etc.join(name);
        if !file.exists() {
            fs::write(file, text)?;
        }
    }
    Ok(())
}

fn lines_of(file: &Path) -> BTreeSet<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn write_lines(file: &Path, lines: &BTreeSet<String>) -> Result<()> {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}
