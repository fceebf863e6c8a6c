//! Runs the program under test, and makes the files it is given.

#![allow(dead_code, reason = "each test file uses a part")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What a run came to.
pub struct Shown {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs `isamorph` with these arguments.
pub fn isamorph(args: &[&str]) -> Shown {
    let output = Command::new(env!("CARGO_BIN_EXE_isamorph"))
        .args(args)
        .env_remove("ISAMORPH_SYSROOT")
        .env_remove("ISAMORPH_CPU")
        .env_remove("COLUMNS")
        .stdin(Stdio::null())
        .output()
        .expect("the program under test starts");
    Shown {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The demo's guest program.
pub fn demo_elf() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/guests/demo.elf")
}

/// A folder that goes away with it.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new(name: &str) -> Folder {
        let path = std::env::temp_dir().join(format!("isamorph-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a folder for temporary files");
        Folder(path)
    }

    /// An executable file with this content; its path.
    pub fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).expect("a temporary file");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("its rights");
        path.display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
