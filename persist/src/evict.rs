//! The bound on the bytes of all units: what was used least lately goes first.
//!
//! The lock's file holds their sum, so that not every write has to look at every file. It is only a hint: what is not
//! a number, or above the limit, is counted anew.

use crate::dir::{DirError, Directory, UnitFile};
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;

/// Digits of the sum: it is written over the one before.
const DIGITS: usize = 20;

fn note(lock: &File, bytes: u64) {
    // A sum that cannot be written is counted anew next time.
    let _ = lock.write_all_at(format!("{bytes:0DIGITS$}\n").as_bytes(), 0);
}

fn noted(lock: &File) -> Option<u64> {
    let mut text = [0; DIGITS + 1];
    lock.read_exact_at(&mut text, 0).ok()?;
    std::str::from_utf8(&text).ok()?.strip_suffix('\n')?.parse().ok()
}

/// Forgets the sum: it is counted anew next time.
pub(crate) fn forget(lock: &File) {
    let _ = lock.set_len(0);
}

/// Units of `old` bytes have now `new`: evicts others if all together have more than `limit`; how many.
pub(crate) fn account(
    dir: &Directory,
    lock: &File,
    (old, new): (u64, u64),
    limit: u64,
) -> Result<usize, DirError> {
    // In a directory that was just made there was nothing.
    let known = noted(lock).or(dir.is_new().then_some(0));
    match known.and_then(|bytes| bytes.checked_add(new)?.checked_sub(old)) {
        Some(bytes) if bytes <= limit => {
            note(lock, bytes);
            Ok(0)
        }
        _ => sweep(dir, lock, limit),
    }
}

/// Counts all units, and evicts until a quarter of the limit is free if they are above it.
fn sweep(dir: &Directory, lock: &File, limit: u64) -> Result<usize, DirError> {
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
    note(lock, bytes);
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
