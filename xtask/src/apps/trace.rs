//! What a run of a program shows: how it ended, what it printed, what files it left.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::guests::runs::first_difference;
use crate::process::Outcome;

/// What a run showed.
#[derive(PartialEq, Eq)]
pub struct Trace {
    ending: String,
    stdout: String,
    stderr: String,
    files: BTreeMap<PathBuf, String>,
}

impl Trace {
    /// Of a run that left these files.
    pub fn of(outcome: &Outcome, files: BTreeMap<PathBuf, String>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (stdout, stderr) = (text(&outcome.stdout), text(&outcome.stderr));
        Self { ending: outcome.ending(), stdout, stderr, files }
    }

    /// What is otherwise in `got`, in one line.
    pub fn differs(&self, got: &Self) -> String {
        let mut parts = Vec::new();
        if self.ending != got.ending {
            parts.push(format!("{} instead of {}", got.ending, self.ending));
        }
        if self.stdout != got.stdout {
            parts.push(format!("stdout: {}", first_difference(&self.stdout, &got.stdout)));
        }
        if self.stderr != got.stderr {
            parts.push(format!("stderr: {}", first_difference(&self.stderr, &got.stderr)));
        }
        let names = self.files.keys().chain(got.files.keys());
        if let Some(name) = names.into_iter().find(|&n| self.files.get(n) != got.files.get(n)) {
            parts.push(format!(
                "file {}: expected {:?}, got {:?}",
                name.display(),
                self.files.get(name),
                got.files.get(name)
            ));
        }
        parts.join("; ")
    }
}

/// Every file below `root`: kind, mode, size and a checksum of its contents.
pub fn files_below(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let metadata = path.symlink_metadata()?;
            let kind = metadata.file_type();
            let mode = metadata.permissions().mode();
            let what = if kind.is_dir() {
                folders.push(path.clone());
                format!("folder {mode:o}")
            } else if kind.is_symlink() {
                format!("link to {}", fs::read_link(&path)?.display())
            } else if kind.is_fifo() {
                format!("pipe {mode:o}")
            } else {
                let bytes = fs::read(&path)?;
                let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, &byte| {
                    (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
                });
                format!("file {mode:o}, {} bytes, {sum:016x}", bytes.len())
            };
            files.insert(path.strip_prefix(root).expect("is below root").into(), what);
        }
    }
    Ok(files)
}
