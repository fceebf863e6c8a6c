//! Code of earlier runs on its way into the code cache: what is asked for, and what its exits go to.

use super::{Kept, Store};
use crate::cache::map::{CodeTier, Key, Placing};
use crate::engine::{Cache, Engine};
use isamorph_backend_abi::FixupKind;
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
        let Some(mut ahead) = cache.store.as_mut().map(Store::take_ahead) else { return };
        ahead.clear();
        let mut left = AHEAD;
        let mut from = 0;
        loop {
            if let Some(store) = &cache.store {
                let exits = store.blob.fixups.iter().filter_map(|f| match f.kind {
                    FixupKind::DirectExit { target, .. } => Some(target),
                    FixupKind::Counter { .. } | FixupKind::Prediction { .. } => None,
                });
                ahead.extend(exits);
            }
            let more = ahead[from..].iter().position(|&pc| {
                let key = Key { pc, ..key };
                cache.code.find(key).is_none() && self.load(cache, key).is_some()
            });
            let Some(at) = more else { break };
            from += at + 1;
            left -= 1;
            if left == 0 {
                break;
            }
        }
        if let Some(store) = &mut cache.store {
            store.give_ahead(ahead);
        }
    }
}
