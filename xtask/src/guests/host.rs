//! The host tools: which Debian packages the work needs, why, and their installation.

use std::process::Command;

use anyhow::{Result, bail};

use super::apt::{Apt, Database, RELEASE};
use crate::{paths, process};

/// A host package, the program by which its presence is known, and what it is for.
struct HostPackage {
    name: &'static str,
    /// A program on the `PATH` or a file that comes with the package.
    brings: &'static str,
    why: &'static str,
}

/// Why programs are installed that guests run too.
const NATIVE: &str = "the native side of the program comparison";

const PACKAGES: &[HostPackage] = &[
    HostPackage {
        name: "gcc",
        brings: "gcc",
        why: "builds the host side of the benchmarks, and links Rust programs",
    },
    HostPackage { name: "libc6-dev", brings: "/usr/include/stdio.h", why: "C library for gcc" },
    HostPackage {
        name: "gcc-aarch64-linux-gnu",
        brings: "aarch64-linux-gnu-gcc",
        why: "builds the A64 guest programs, benchmarks and test suites",
    },
    HostPackage {
        name: "libc6-dev-arm64-cross",
        brings: "/usr/aarch64-linux-gnu/lib/libc.a",
        why: "C library (static and dynamic) of the guest programs",
    },
    HostPackage {
        name: "busybox-static",
        brings: "busybox",
        why: "the native side of the applet comparison",
    },
    HostPackage { name: "gawk", brings: "gawk", why: NATIVE },
    HostPackage {
        name: "xz-utils",
        brings: "xz",
        why: "the native side of the program comparison; unpacks sources",
    },
    HostPackage { name: "python3", brings: "python3", why: NATIVE },
    HostPackage {
        name: "libpython3.11-testsuite",
        brings: "/usr/lib/python3.11/test/test_math.py",
        why: "the native side of the comparison of Python's own tests",
    },
    HostPackage { name: "python3-pip", brings: "pip", why: "fetches numpy for the long programs" },
    HostPackage { name: "bc", brings: "bc", why: NATIVE },
    HostPackage { name: "lua5.4", brings: "lua5.4", why: NATIVE },
    HostPackage { name: "luajit", brings: "luajit", why: NATIVE },
    HostPackage { name: "openssl", brings: "openssl", why: NATIVE },
    HostPackage { name: "sqlite3", brings: "sqlite3", why: NATIVE },
    HostPackage { name: "zstd", brings: "zstd", why: NATIVE },
    HostPackage {
        name: "chromium",
        brings: "/usr/bin/chromium",
        why: "opens the page of `inspect --html` in its test",
    },
];

/// From the backports: the version in the release itself is 7.2, too old for an oracle.
const QEMU: HostPackage = HostPackage {
    name: "qemu-user",
    brings: "qemu-aarch64",
    why: "the independent oracle of the tests, and the rival in the benchmarks (version 10)",
};

const QEMU_MAJOR: u32 = 10;

/// Installs what is missing. Does nothing, quickly, when nothing is.
pub fn install() -> Result<()> {
    let missing: Vec<&HostPackage> =
        PACKAGES.iter().filter(|package| !is_present(package.brings)).collect();
    let qemu = qemu_version().is_none_or(|major| major < QEMU_MAJOR);
    if missing.is_empty() && !qemu {
        println!("host tools: all present");
        return Ok(());
    }
    println!("host tools to install with apt-get:");
    for package in missing.iter().copied().chain(qemu.then_some(&QEMU)) {
        println!("  {:24} {}", package.name, package.why);
    }
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    // SAFETY: geteuid takes nothing and cannot fail.
    if unsafe { libc::geteuid() } != 0 {
        bail!(
            "installing packages needs root: run `sudo cargo xtask guests host`, or ask for these \
             packages: {} {}",
            names.join(" "),
            if qemu { "qemu-user (version 10)" } else { "" }
        );
    }
    let backports = format!("{RELEASE}-backports");
    let updates = format!("{RELEASE}-updates");
    let apt = Apt::new(
        &paths::guests().join("apt-host"),
        "amd64",
        &[RELEASE, &updates, &backports],
        Database::Host,
    )?;
    apt.update()?;
    if !names.is_empty() {
        process::run_quiet(&mut apt.get(&[&["install"], names.as_slice()].concat()))?;
    }
    if qemu {
        process::run_quiet(&mut apt.get(&["install", "-t", &backports, QEMU.name]))?;
    }
    for package in missing.iter().copied().chain(qemu.then_some(&QEMU)) {
        if !is_present(package.brings) {
            bail!("{} was installed, but brought no {}", package.name, package.brings);
        }
    }
    println!("host tools: installed");
    Ok(())
}

fn is_present(brings: &str) -> bool {
    if brings.starts_with('/') {
        std::path::Path::new(brings).exists()
    } else {
        process::on_path(brings)
    }
}

/// The major version of qemu-aarch64 on the `PATH`.
fn qemu_version() -> Option<u32> {
    let text = process::run_quiet(Command::new(QEMU.brings).arg("--version")).ok()?;
    let version = text.split_once("version ")?.1;
    version.split('.').next()?.parse().ok()
}
