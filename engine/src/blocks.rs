//! Lifted blocks kept for the interpreter, with their execution counts.

use crate::cache::map::Key;
use isamorph_ir::Block;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, RwLock};

/// A lifted block.
#[derive(Debug)]
pub(crate) struct LiftedBlock {
    pub key: Key,
    pub block: Block,
    /// Times it was interpreted.
    pub runs: AtomicU32,
    /// A compilation of the region here was asked for.
    pub requested: AtomicBool,
}

#[derive(Debug, Default)]
struct Maps {
    by_key: HashMap<Key, Arc<LiftedBlock>>,
    by_page: HashMap<u64, Vec<Key>>,
}

/// All lifted blocks, shared by the vCPUs.
#[derive(Debug, Default)]
pub(crate) struct BlockMap {
    maps: RwLock<Maps>,
}

impl BlockMap {
    pub fn find(&self, key: Key) -> Option<Arc<LiftedBlock>> {
        self.maps.read().expect("no thread panics with this lock").by_key.get(&key).cloned()
    }

    pub fn insert(&self, key: Key, block: Block) -> Arc<LiftedBlock> {
        let pages = key.pc >> 12..=key.pc.wrapping_add(block.len.max(1) as u64 - 1) >> 12;
        let lifted = Arc::new(LiftedBlock {
            key,
            block,
            runs: AtomicU32::new(0),
            requested: AtomicBool::new(false),
        });
        let mut maps = self.maps.write().expect("no thread panics with this lock");
        for page in pages {
            maps.by_page.entry(page).or_default().push(key);
        }
        maps.by_key.insert(key, lifted.clone());
        lifted
    }

    /// Drops the blocks on the pages of this range; how many.
    pub fn invalidate(&self, range: &Range<u64>) -> usize {
        if range.is_empty() {
            return 0;
        }
        let touched = range.start >> 12..=(range.end - 1) >> 12;
        let mut maps = self.maps.write().expect("no thread panics with this lock");
        let pages: Vec<u64> = if touched.end() - touched.start() > maps.by_page.len() as u64 {
            maps.by_page.keys().copied().filter(|p| touched.contains(p)).collect()
        } else {
            touched.filter(|p| maps.by_page.contains_key(p)).collect()
        };
        let mut dropped = 0;
        for page in pages {
            for key in maps.by_page.remove(&page).unwrap_or_default() {
                dropped += maps.by_key.remove(&key).is_some() as usize;
            }
        }
        dropped
    }

    /// Compiled code is gone: what was asked for may be asked for again.
    pub fn forget_requests(&self) {
        let maps = self.maps.read().expect("no thread panics with this lock");
        for block in maps.by_key.values() {
            block.requested.store(false, Ordering::Relaxed);
        }
    }

    /// Runs `f` with the map locked, so that a fork inside finds it whole.
    pub fn locked<R>(&self, f: impl FnOnce() -> R) -> R {
        let _guard = self.maps.write().expect("no thread panics with this lock");
        f()
    }
}
