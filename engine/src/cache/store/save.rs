//! Saving: what is worth it, and the writing, from the code cache itself. `fork` is kept away meanwhile (a child would
//! inherit the lock of the directory).

use super::Store;
use crate::StoreConfig;
use crate::engine::{Cache, Engine};
use crate::stats::Counters;
use isamorph_persist::{AppendCode, Bytes as _, DirError, Directory, Fresh, SaveError, Title};
use std::hash::{BuildHasher as _, RandomState};
use std::io::ErrorKind;
use std::time::Instant;

/// How many later runs are counted on to win by what is saved.
const RUNS: u64 = 4;
/// What opening, locking and renaming costs, in nanoseconds.
const SAVE_NANOS: u64 = 150_000;

/// What is to be written.
pub(crate) struct Work {
    config: StoreConfig,
    units: Vec<(Title, Fresh)>,
}

impl Store {
    /// Takes out what is worth writing: always if compiling it took longer than writing does, else with a chance that
    /// makes up for the cost. So a hundred short processes that each compile the same few blocks write them once in a
    /// while, not a hundred times.
    pub fn take_work(&mut self) -> Option<Work> {
        let luck = RandomState::new().hash_one(0u8);
        let mut units = vec![];
        for image in self.images.iter_mut().chain(&mut self.parked) {
            if image.fresh.is_empty() {
                continue;
            }
            let old = image.unit.as_ref().map_or(0, |u| u.bytes().len());
            // About a nanosecond a byte is read, compared and written.
            let cost = SAVE_NANOS + old + image.fresh.bytes() as u64;
            let worth = image.gain * RUNS;
            if self.config.eager || worth >= cost || luck % cost < worth {
                units.push((image.title(), image.take_fresh()));
            }
        }
        (!units.is_empty()).then(|| Work { config: self.config.clone(), units })
    }
}

impl Work {
    /// Writes it. What cannot be written is lost, which only costs time later.
    pub fn write(self, code: &AppendCode<'_>, counters: &Counters) {
        let begun = Instant::now();
        let Work { config, units } = self;
        let dir = match Directory::open(&config.dir, true) {
            Ok(dir) => dir,
            Err(error) => return complain(&error.into()),
        };
        let written = dir.writing(config.limit, config.eager).and_then(|mut writing| {
            let all = units.iter().try_for_each(|(title, fresh)| {
                let saved = writing.save(title, fresh, code)?;
                counters.kept_written.add(saved.added as u64);
                counters.kept_bytes.add(saved.bytes);
                tracing::debug!(unit = %title.name, ?saved, "code cache");
                Ok(())
            });
            // What was written counts, whatever came then.
            let evicted = writing.end()?;
            all.map(|()| evicted)
        });
        match written {
            Ok(evicted) => counters.kept_evicted.add(evicted as u64),
            Err(SaveError::Busy) => tracing::debug!("code cache: another process is writing"),
            Err(error) => complain(&error),
        }
        counters.save_nanos.add(begun.elapsed().as_nanos() as u64);
    }
}

/// Says what went wrong, aloud if the user can do something about it.
fn complain(error: &SaveError) {
    match error {
        SaveError::Dir(DirError::Io { source, .. })
            if matches!(
                source.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            // A guest that gave up its rights or its file system; a cache that is only to be read.
            tracing::debug!("compiled code is not kept: {error}");
        }
        _ => tracing::warn!(
            "compiled code is not kept: {error} (--cache ro or ISAMORPH_CACHE=ro only reads)"
        ),
    }
}

impl Engine {
    /// Writes what this process compiled to the code cache, if that is worth it. To be called when the process is
    /// about to end or to become another program, by one thread at a time, with signals blocked or harmless.
    pub fn save_code(&self) {
        // No fork meanwhile: the child would hold the directory's lock as well.
        let _no_fork = self.saving();
        // The code to be written lies in the code cache: no other thread places or drops any meanwhile.
        let Some(mut cache) = self.cache() else { return };
        let Cache { code, store, .. } = &mut *cache;
        if let Some(work) = store.as_mut().and_then(Store::take_work) {
            work.write(
                &|at, len, out| out.extend_from_slice(code.placed_code(at, len)),
                &self.counters,
            );
        }
    }
}
