//! Where the work's own things lie: the workspace root and what xtask makes under `target/`.
//!
//! Everything fetched or built for guests stands in `target/guests`, whatever `CARGO_TARGET_DIR` says, so that the
//! paths in the documentation hold on every machine.

use std::path::{Path, PathBuf};

/// The workspace root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask is a folder of the workspace")
        .into()
}

/// `target/guests`: sysroots, guest programs, test suites.
pub fn guests() -> PathBuf {
    root().join("target/guests")
}

/// The unpacked Debian packages of `arch` (Debian's name for it: `arm64`).
///
/// `ISAMORPH_SYSROOT` names another folder to use instead.
pub fn sysroot(arch: &str) -> PathBuf {
    match std::env::var_os("ISAMORPH_SYSROOT") {
        Some(dir) => dir.into(),
        None => guests().join(format!("sysroot-{arch}")),
    }
}

/// Cargo's target directory.
pub fn cargo_target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The release binary of the command line, as [`crate::cargo::build_isamorph`] leaves it.
pub fn isamorph() -> PathBuf {
    match std::env::var_os("ISAMORPH") {
        Some(file) => file.into(),
        None => cargo_target().join("release/isamorph"),
    }
}
