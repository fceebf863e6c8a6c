//! The bound on the bytes of all units: what was used least lately goes first.
//!
//! The file `usage` holds their sum, so that not every write has to look at every file. It is only a hint: what is not
//! a number, or above the limit, is counted anew.

use crate::dir::{DirError, Directory, UnitFile};
use std::fs;
use std::path::PathBuf;

fn usage_path(dir: &Directory) -> PathBuf {
    dir.path().join("usage")
}

fn note(dir: &Directory, bytes: u64) {
    // A sum that cannot be written is counted anew next time.
    let _ = fs::write(usage_path(dir), format!("{bytes}\n"));
}

/// Forgets the sum: it is counted anew next time.
pub(crate) fn forget(dir: &Directory) {
    let _ = fs::remove_file(usage_path(dir));
}

/// A unit of `old` bytes has now `new`: evicts others if all together have more than `limit`; how many.
pub(crate) fn account(dir: &Directory, old: u64, new: u64, limit: u64) -> Result<usize, DirError> {
    let known = fs::read_to_string(usage_path(dir)).ok();
    let known: Option<u64> = known.and_then(|text| text.strip_suffix('\n')?.parse().ok());
    match known.and_then(|bytes| bytes.checked_add(new)?.checked_sub(old)) {
        Some(bytes) if bytes <= limit => {
            note(dir, bytes);
            Ok(0)
        }
        _ => sweep(dir, limit),
    }
}

/// Counts all units, and evicts until a quarter of the limit is free if they are above it.
fn sweep(dir: &Directory, limit: u64) -> Result<usize, DirError> {
    leftovers(dir);
    let mut units = dir.units()?;
    let mut bytes: u64 = units.iter().map(|u| u.len).sum();
    let mut evicted = 0;
    if bytes > limit {
        units.sort_by_key(|u| u.used);
        for UnitFile { path, len, .. } in &units {
            if bytes <= limit / 4 * 3 {
                break;
            }
            dir.remove(path)?;
            bytes -= len;
            evicted += 1;
        }
    }
    note(dir, bytes);
    Ok(evicted)
}

/// Removes what crashes left: nobody else writes while we hold the lock.
fn leftovers(dir: &Directory) {
    let Ok(entries) = fs::read_dir(dir.path()) else { return };
    for entry in entries.flatten() {
        if entry.path().extension().is_some_and(|e| e == "tmp") {
            let _ = fs::remove_file(entry.path());
        }
    }
}
