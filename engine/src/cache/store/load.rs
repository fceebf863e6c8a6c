//! Code of earlier runs on its way into the code cache: what is asked for, and what its exits go to.

use super::Kept;
use crate::cache::map::{CodeTier, Key, Placing};
use crate::engine::{Cache, Engine};
use isamorph_backend_abi::{CodeBlob, FixupKind};
use isamorph_persist::format::PAGE_SHIFT;
use std::collections::VecDeque;
use std::time::Instant;

/// Most pieces that are placed besides the one asked for, because exits lead to them.
const AHEAD: usize = 32;
/// One load of so many is measured.
const MEASURED: u64 = 16;

impl Engine {
    /// Code for this key: what there is, or what an earlier run left.
    pub(crate) fn find_or_load(&self, key: Key) -> Option<u64> {
        let mut cache = self.cache()?;
        cache.code.find(key).or_else(|| self.load_kept(&mut cache, key))
    }

    /// Code of an earlier run for this key, which has none yet.
    pub(crate) fn load_kept(&self, cache: &mut Cache, key: Key) -> Option<u64> {
        cache.store.as_ref()?;
        let loads = self.counters.kept_loads.add_one();
        let begun = loads.is_multiple_of(MEASURED).then(Instant::now);
        let code = self.load(cache, key)?;
        self.load_ahead(cache, key);
        if let Some(begun) = begun {
            self.counters.kept_nanos.add(MEASURED * begun.elapsed().as_nanos() as u64);
        }
        Some(code)
    }

    /// Places what is kept for this key. What changes the guest's code meanwhile waits for the lock, and drops it.
    fn load(&self, cache: &mut Cache, key: Key) -> Option<u64> {
        let Cache { code, store, .. } = cache;
        let store = store.as_mut()?;
        let Kept { tier, precise } = store.find(&*self.code, key, self.care(), &self.counters)?;
        let placed = code.place(&store.blob, Placing { mode: key.mode, tier, precise });
        // A full cache is flushed by the compiler, which comes next.
        let placed = placed.ok()?;
        let counter = match tier {
            CodeTier::Baseline => &self.counters.kept_blocks,
            CodeTier::Region => &self.counters.kept_regions,
        };
        counter.add(1);
        Some(placed)
    }

    /// Places what the exits of the code just placed go to, and so on: cheaper than being asked for each when it is
    /// reached.
    fn load_ahead(&self, cache: &mut Cache, key: Key) {
        let mut pc = key.pc;
        if let Some(store) = &mut cache.store {
            store.ahead.clear();
        }
        for _ in 0..AHEAD {
            let Some(store) = &mut cache.store else { return };
            store.ahead.add(pc, &store.blob);
            let loaded = loop {
                let Some(next) = cache.store.as_mut().and_then(|store| store.ahead.next()) else {
                    return;
                };
                let key = Key { pc: next, ..key };
                if cache.code.find(key).is_none() && self.load(cache, key).is_some() {
                    break next;
                }
            };
            pc = loaded;
        }
    }
}

/// Exits that may be loaded: those on the page that was loaded from last before others, since its pieces are at hand.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    near: Vec<u64>,
    far: VecDeque<u64>,
}

impl Ahead {
    fn clear(&mut self) {
        self.near.clear();
        self.far.clear();
    }

    /// Adds the exits of what was loaded for `pc`.
    fn add(&mut self, pc: u64, blob: &CodeBlob) {
        for fixup in &blob.fixups {
            let target = match fixup.kind {
                FixupKind::DirectExit { target, .. } | FixupKind::Continuation { target } => target,
                FixupKind::Counter { .. }
                | FixupKind::Address { .. }
                | FixupKind::Prediction { .. } => continue,
            };
            if target >> PAGE_SHIFT == pc >> PAGE_SHIFT {
                self.near.push(target);
            } else {
                self.far.push_back(target);
            }
        }
    }

    fn next(&mut self) -> Option<u64> {
        self.near.pop().or_else(|| self.far.pop_front())
    }
}
