//! `/tmp/perf-PID.map`: a line for each piece of code, `START SIZE NAME` in hexadecimal without `0x`.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file.
#[derive(Debug)]
pub struct MapFile {
    pub(super) path: PathBuf,
    file: File,
}

impl MapFile {
    /// The map of this process, in this folder.
    pub fn create(folder: &Path, pid: u32) -> Result<MapFile, (PathBuf, io::Error)> {
        let path = folder.join(format!("perf-{pid}.map"));
        match super::create(&path) {
            Ok(file) => Ok(MapFile { path, file }),
            Err(error) => Err((path, error)),
        }
    }

    /// Adds a line.
    pub fn add(&mut self, host: u64, size: u64, name: &str) -> io::Result<()> {
        // One write for a line: whoever dies leaves whole lines.
        self.file.write_all(format!("{host:x} {size:x} {name}\n").as_bytes())
    }
}
