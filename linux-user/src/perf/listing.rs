//! `isamorph-PID.s`: the guest instructions that code was made from, a line each, for `perf annotate` to show as the source of
//! the host's.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The file.
#[derive(Debug)]
pub struct Listing {
    /// Where it is.
    pub path: PathBuf,
    file: File,
    /// The line of each instruction, by address and text: memory may hold another one later.
    lines: HashMap<(u64, String), u32>,
}

impl Listing {
    /// The listing of this process, in this folder.
    pub fn create(folder: &Path, pid: u32) -> Result<Listing, (PathBuf, io::Error)> {
        let path = folder.join(format!("isamorph-{pid}.s"));
        match super::create(&path) {
            Ok(file) => Ok(Listing { path, file, lines: HashMap::new() }),
            Err(error) => Err((path, error)),
        }
    }

    /// The number of an instruction's line, from 1 on; a new one if it is not there yet.
    pub fn line(&mut self, pc: u64, text: String) -> io::Result<u32> {
        let next = self.lines.len() as u32 + 1;
        let key = (pc, text);
        if let Some(&line) = self.lines.get(&key) {
            return Ok(line);
        }
        self.file.write_all(format!("{pc:x}  {}\n", key.1).as_bytes())?;
        self.lines.insert(key, next);
        Ok(next)
    }
}
