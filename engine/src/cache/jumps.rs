//! Computed branches: what their predictions hold, and the targets that all vCPUs share.
//!
//! A vCPU's own jump cache is small and loses addresses to each other. What it misses is looked for by the stub `lookup`
//! in a table for the whole process, without a lock: an entry is one word, the address of a link slot, which names its
//! guest address and leads to whatever code there is for it. So entries are never outdated by code that is dropped or
//! replaced. They are forgotten with the slots themselves, when a half of the memory is given up.

use super::map::{CodeCache, Key};
use isamorph_backend_abi::slot::{NO_JUMPS, SharedJumps};
use isamorph_ir::Mode;
use std::ptr;
use std::sync::atomic::Ordering;

/// A table for each translation mode.
#[derive(Debug, Default)]
pub(super) struct Jumps(Vec<Table>);

#[derive(Debug)]
struct Table {
    mode: Mode,
    jumps: Box<SharedJumps>,
    /// How many targets were put in.
    count: usize,
}

impl Jumps {
    fn of(&mut self, mode: Mode) -> &mut Table {
        let at = self.0.iter().position(|table| table.mode == mode).unwrap_or_else(|| {
            self.0.push(Table { mode, jumps: SharedJumps::new(), count: 0 });
            self.0.len() - 1
        });
        &mut self.0[at]
    }

    /// Forgets all targets.
    pub fn clear(&mut self) {
        self.0.iter().for_each(|table| table.jumps.clear());
    }
}

impl CodeCache {
    /// The table of targets for this mode; it stays where it is as long as the cache lives.
    pub fn shared_jumps(&mut self, mode: Mode) -> *const SharedJumps {
        if self.chain { &*self.jumps.of(mode).jumps } else { &NO_JUMPS }
    }

    /// Tells all vCPUs how to reach this address; the address of its link slot. `None`: there is no code.
    pub fn share(&mut self, key: Key) -> Option<u64> {
        self.find(key)?;
        let slot = ptr::from_ref(self.slot(key)?) as u64;
        let CodeCache { jumps, links, .. } = self;
        let table = jumps.of(key.mode);
        table.count += 1;
        if table.jumps.is_full(table.count) {
            table.jumps.grow(|slot| Some(links.at(slot)?.link.pc));
        }
        table.jumps.put(key.pc, slot);
        Some(slot)
    }

    /// Where the computed branch at this address went lately, if baseline code for it was ever wrong about it.
    pub fn last_target(&self, site: Key) -> Option<u64> {
        let number = *self.sites.get(&site)?;
        let slot = self.links.prediction(number).slot.load(Ordering::Acquire);
        Some(self.links.at(slot)?.link.pc)
    }

    /// The host address of the prediction for this branch, which is made if there is none. There is room for it.
    pub(super) fn prediction(&mut self, site: Key) -> u64 {
        let CodeCache { sites, links, mem, .. } = self;
        let number = *sites.entry(site).or_insert_with(|| links.predict(mem, site.pc));
        ptr::from_ref(links.prediction(number)) as u64
    }
}
