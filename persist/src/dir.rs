//! The directory of units: who may use it, how files are opened, and how they are replaced.
//!
//! Files in it: `KEY.elf`, the units; `lock`, held while anything is written, with the bytes of all units as last counted;
//! `KEY.tmp`, a unit under way.
//!
//! Invariant: units are only ever replaced by `rename`, and only by who holds the lock: a `KEY.tmp` that is there when
//! the lock is free was left by a crash.

use crate::evict;
use crate::format::{Head, UnitKey};
use crate::fresh::{AppendCode, Fresh};
use crate::unit::Unit;
use crate::write::{Merged, Title, merge};
use rustix::process::{Resource, geteuid, getrlimit};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Why a directory or a file in it is not used.
#[derive(Debug, thiserror::Error)]
pub enum DirError {
    /// The host says no.
    #[error("`{}`: {source}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not what it should be, or others could change it.
    #[error("`{}` is not used: {what}", .path.display())]
    Distrusted {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
}

/// Why a unit was not written.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// Another process is writing.
    #[error("another process is writing to it")]
    Busy,
    /// It would be larger than what is allowed for all.
    #[error("a unit of {0} bytes does not fit the cache")]
    TooLarge(u64),
    /// The process may not write files of that size.
    #[error("a unit of {0} bytes is larger than this process may write (ulimit -f)")]
    FileLimit(u64),
    /// The host says no.
    #[error(transparent)]
    Dir(#[from] DirError),
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// Pieces added to the unit.
    pub added: usize,
    /// Broken pieces left out of it.
    pub dropped: usize,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A unit in the directory.
#[derive(Clone, Debug)]
pub struct UnitFile {
    /// Its path.
    pub path: PathBuf,
    /// Its key, which its name tells.
    pub key: UnitKey,
    /// Its bytes.
    pub len: u64,
    /// When it was last written, or used (to the day).
    pub used: SystemTime,
}

/// A directory of units that may be used.
#[derive(Clone, Debug)]
pub struct Directory {
    path: PathBuf,
    /// It was made by opening it.
    new: bool,
}

/// A unit's file is touched when it is used and was not for so long.
const TOUCHED: Duration = Duration::from_secs(24 * 3600);
/// How often the lock is tried, and how long it is waited between.
const TRIES: u32 = 4;
const WAIT: Duration = Duration::from_millis(1);

/// The bits of a mode by which others than the owner may write.
const OTHERS_WRITE: u32 = 0o022;

impl Directory {
    /// The directory at this path; made, for its owner alone, if it is not there and is to be `made`.
    ///
    /// # Errors
    /// If it cannot be used: it is another user's, say.
    pub fn open(path: &Path, made: bool) -> Result<Directory, DirError> {
        let failed = |source| DirError::Io { path: path.into(), source };
        let mut new = false;
        let meta = match fs::symlink_metadata(path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound && made => {
                new = true;
                fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
                fs::symlink_metadata(path).map_err(failed)?
            }
            other => other.map_err(failed)?,
        };
        let distrusted = |what| Err(DirError::Distrusted { path: path.into(), what });
        if !meta.is_dir() {
            return distrusted("it is not a directory");
        }
        if let Some(what) = distrust(&meta) {
            return distrusted(what);
        }
        Ok(Directory { path: path.into(), new })
    }

    /// Was it made by opening it?
    pub(crate) fn is_new(&self) -> bool {
        self.new
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the unit for a key lies.
    pub fn unit_path(&self, key: UnitKey) -> PathBuf {
        self.path.join(format!("{:032x}.elf", key.0))
    }

    /// The file of the unit for a key and its length; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be opened or trusted.
    pub fn open_unit(&self, key: UnitKey) -> Result<Option<(File, u64)>, DirError> {
        open_trusted(&self.unit_path(key))
    }

    /// Notes that a unit is in use, once a day.
    pub fn touch(&self, file: &File) {
        let now = SystemTime::now();
        let old = |used: SystemTime| now.duration_since(used).is_ok_and(|d| d > TOUCHED);
        if file.metadata().and_then(|m| m.modified()).is_ok_and(old) {
            let _ = file.set_modified(now);
        }
    }

    /// Identity of the file that now lies there for a key.
    pub fn unit_inode(&self, key: UnitKey) -> Option<u64> {
        fs::symlink_metadata(self.unit_path(key)).ok().map(|m| m.ino())
    }

    /// All units, in no order.
    ///
    /// # Errors
    /// If the directory cannot be read.
    pub fn units(&self) -> Result<Vec<UnitFile>, DirError> {
        let failed = |source| DirError::Io { path: self.path.clone(), source };
        let mut units = vec![];
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(key) = name.to_str().and_then(|n| n.strip_suffix(".elf")).and_then(key_of)
            else {
                continue;
            };
            // Gone meanwhile: no unit.
            let Ok(meta) = entry.metadata() else { continue };
            let used = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            units.push(UnitFile { path: entry.path(), key, len: meta.len(), used });
        }
        Ok(units)
    }

    /// The whole unit in memory; `None` if there is none, or one that is broken.
    pub(crate) fn read_unit(&self, key: UnitKey) -> Result<Option<Unit<Vec<u8>>>, DirError> {
        let path = self.unit_path(key);
        let Some((mut file, len)) = open_trusted(&path)? else { return Ok(None) };
        let mut bytes = Vec::with_capacity(len as usize);
        file.read_to_end(&mut bytes).map_err(|source| DirError::Io { path, source })?;
        Ok(Unit::open_for(bytes, key).ok())
    }

    /// Begins to write, for several units at once. `patient`: waits for other processes, and takes the time for names.
    ///
    /// # Errors
    /// If another process writes, or the directory cannot be written.
    pub fn writing(&self, limit: u64, patient: bool) -> Result<Writing<'_>, SaveError> {
        let lock = self.lock(patient)?;
        Ok(Writing { dir: self, limit, patient, before: 0, after: 0, lock })
    }

    /// Writes a unit anew from what of it is whole. False: nothing of it was, and it is gone.
    pub(crate) fn rewrite(&self, key: UnitKey) -> Result<bool, SaveError> {
        let _lock = self.lock(true)?;
        let Some(old) = self.read_unit(key).unwrap_or(None) else {
            self.remove(&self.unit_path(key))?;
            return Ok(false);
        };
        let Head { base, .. } = *old.head();
        let title = Title { key, base, name: old.name() };
        let nothing = Fresh::default();
        if let Some(merged) = merge(&title, Some(&old), &nothing, &|_, _, _| ()) {
            self.replace(key, &merged, true)?;
        }
        Ok(true)
    }

    /// Writes a unit in place of the one that is there, with `names` or without; its bytes.
    fn replace(&self, key: UnitKey, merged: &Merged<'_>, names: bool) -> Result<u64, SaveError> {
        let most = merged.most_bytes();
        let limit = getrlimit(Resource::Fsize).current;
        if limit.is_some_and(|limit| most > limit) {
            // Writing on would bring the guest a signal that it has no part in.
            return Err(SaveError::FileLimit(most));
        }
        let temporary = self.path.join(format!("{:032x}.tmp", key.0));
        let failed = |source| DirError::Io { path: temporary.clone(), source };
        let create = || {
            let mut options = OpenOptions::new();
            options.write(true).create_new(true).mode(0o600);
            options.open(&temporary)
        };
        let file = match create() {
            // Left by a crash: whoever writes holds the lock.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(&temporary).and_then(|()| create())
            }
            other => other,
        }
        .map_err(failed)?;
        let written = merged.write(&file, names).and_then(|bytes| {
            fs::rename(&temporary, self.unit_path(key))?;
            Ok(bytes)
        });
        written.map_err(|source| {
            let _ = fs::remove_file(&temporary);
            failed(source).into()
        })
    }

    /// Removes every unit; their number and bytes.
    ///
    /// # Errors
    /// If one cannot be removed.
    pub fn clear(&self) -> Result<(usize, u64), SaveError> {
        let lock = self.lock(true)?;
        let units = self.units()?;
        for unit in &units {
            self.remove(&unit.path)?;
        }
        evict::forget(&lock);
        Ok((units.len(), units.iter().map(|u| u.len).sum()))
    }

    pub(crate) fn remove(&self, path: &Path) -> Result<(), DirError> {
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => {
                Err(DirError::Io { path: path.into(), source: e })
            }
            _ => Ok(()),
        }
    }

    /// The right to write, as long as the file is open.
    fn lock(&self, patient: bool) -> Result<File, SaveError> {
        let path = self.path.join("lock");
        let failed = |source| DirError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        options.custom_flags(libc::O_NOFOLLOW);
        let file = options.open(&path).map_err(failed)?;
        if patient {
            file.lock().map_err(failed)?;
            return Ok(file);
        }
        for attempt in 0..TRIES {
            if attempt > 0 {
                std::thread::sleep(WAIT);
            }
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(fs::TryLockError::WouldBlock) => {}
                Err(fs::TryLockError::Error(e)) => return Err(failed(e).into()),
            }
        }
        Err(SaveError::Busy)
    }
}

/// Units being written: nobody else writes meanwhile.
#[derive(Debug)]
pub struct Writing<'d> {
    dir: &'d Directory,
    /// Most bytes of all units.
    limit: u64,
    patient: bool,
    /// Bytes of the units replaced, before and after.
    before: u64,
    after: u64,
    lock: File,
}

impl Writing<'_> {
    /// Adds pieces, whose placed code is found by `code`, to the unit for a key.
    ///
    /// # Errors
    /// If that did not succeed: the old unit is still there.
    pub fn save(
        &mut self,
        title: &Title,
        fresh: &Fresh,
        code: &AppendCode<'_>,
    ) -> Result<Saved, SaveError> {
        let old = self.dir.read_unit(title.key)?;
        let old_len = old.as_ref().map_or(0, |u| u.head().file_len);
        let Some(merged) = merge(title, old.as_ref(), fresh, code) else {
            return Ok(Saved::default());
        };
        let most = merged.most_bytes();
        if most > self.limit / 2 {
            return Err(SaveError::TooLarge(most));
        }
        let bytes = self.dir.replace(title.key, &merged, self.patient)?;
        self.before += old_len;
        self.after += bytes;
        Ok(Saved { added: merged.added, dropped: merged.dropped, bytes })
    }

    /// Evicts what was used least lately, if all units have more bytes than they may; how many.
    ///
    /// # Errors
    /// If a unit cannot be removed.
    pub fn end(self) -> Result<usize, SaveError> {
        if self.after == 0 {
            return Ok(0);
        }
        Ok(evict::account(self.dir, &self.lock, (self.before, self.after), self.limit)?)
    }
}

/// What is wrong with a file's or directory's owner or mode.
fn distrust(meta: &fs::Metadata) -> Option<&'static str> {
    if meta.uid() != geteuid().as_raw() {
        return Some("it belongs to another user");
    }
    (meta.mode() & OTHERS_WRITE != 0).then_some("others than its owner may write to it")
}

fn open_trusted(path: &Path) -> Result<Option<(File, u64)>, DirError> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    let opened = options.open(path).and_then(|file| Ok((file.metadata()?, file)));
    let (meta, file) = match opened {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other.map_err(|source| DirError::Io { path: path.into(), source })?,
    };
    let what = if meta.is_file() { distrust(&meta) } else { Some("it is not a regular file") };
    match what {
        Some(what) => Err(DirError::Distrusted { path: path.into(), what }),
        None => Ok(Some((file, meta.len()))),
    }
}

fn key_of(hex: &str) -> Option<UnitKey> {
    let digits = hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| u128::from_str_radix(hex, 16).ok().map(UnitKey))?
}
