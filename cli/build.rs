//! Links the program statically and at a fixed address, where the C library allows it: a third of the start of a short
//! guest program was the host's dynamic linker, its symbols, and pages that relocations had touched (ADR 16).
//!
//! `rustc` links for a dynamic C library unless all crates are compiled otherwise, procedural macros included, which
//! cannot be. So the libraries that it names are led to their static archives by linker scripts of those names, in a
//! directory that is searched first. `ISAMORPH_LINK=dynamic` leaves the link as `rustc` makes it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// Where the program lies: low, since the C library's start-up code has 32-bit addresses, and away from where guest
/// programs with fixed addresses are (from 64 KiB and 4 MiB upwards; what emulates Windows takes up to 0x6800_0000 and
/// from 0x7f00_0000).
const BASE: u64 = 0x7000_0000;

/// What `rustc` asks for, and the archives it is led to.
const LIBRARIES: [(&str, &[&str]); 8] = [
    ("gcc_s", &["gcc_eh", "gcc"]),
    ("c", &["c"]),
    ("m", &["m"]),
    ("rt", &["rt"]),
    ("pthread", &["pthread"]),
    ("util", &["util"]),
    ("dl", &["dl"]),
    ("gcc", &["gcc"]),
];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=ISAMORPH_LINK");
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|v| v == value);
    let known = is("CARGO_CFG_TARGET_OS", "linux")
        && is("CARGO_CFG_TARGET_ARCH", "x86_64")
        && is("CARGO_CFG_TARGET_ENV", "gnu")
        && env::var("HOST") == env::var("TARGET");
    if !known || is("ISAMORPH_LINK", "dynamic") {
        return Ok(());
    }
    let folder = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("static");
    fs::create_dir_all(&folder)?;
    if !lead(&folder)? {
        println!(
            "cargo::warning=no static C library (libc6-dev, glibc-static): programs will start 1 ms later"
        );
        return Ok(());
    }
    // Not a search path of the crate's, which its tests would have too.
    let search = format!("-L{}", folder.display());
    for arg in [&search, "-static", "-no-pie", &format!("-Wl,--image-base={BASE:#x}")] {
        println!("cargo::rustc-link-arg-bins={arg}");
    }
    Ok(())
}

/// Writes the scripts. False: an archive is missing.
fn lead(folder: &Path) -> io::Result<bool> {
    for (name, archives) in LIBRARIES {
        let mut script = String::from("GROUP(");
        for archive in archives {
            let Some(path) = archive_path(&format!("lib{archive}.a"))? else { return Ok(false) };
            script.push_str(&format!(" \"{path}\""));
        }
        fs::write(folder.join(format!("lib{name}.a")), script + " )\n")?;
    }
    Ok(true)
}

/// Where the compiler driver finds an archive.
fn archive_path(file: &str) -> io::Result<Option<String>> {
    let asked = Command::new("cc").arg(format!("-print-file-name={file}")).output()?;
    let path = String::from_utf8_lossy(&asked.stdout).trim().to_string();
    // What it does not find it gives back as it was.
    Ok(Path::new(&path).is_absolute().then_some(path))
}
