//! Link slots: how the direct exits of regions reach their targets.
//!
//! An exit jumps through a slot of the table beside the code. A new slot leads to its thunk, which asks the
//! dispatcher; once the target is compiled the slot holds its address; when the target is dropped it leads to the
//! thunk again. Linking is one aligned store to data: threads may run through the slot meanwhile.
//!
//! Like the code, the table is used in two halves, so that a thread still in code that was given up finds the
//! slots of that code as they were.

use super::exec_mem::ExecMem;
use super::map::{CodeCache, Key};
use std::collections::HashMap;
use std::sync::atomic::Ordering;

#[derive(Clone, Copy, Debug)]
struct Link {
    key: Key,
    thunk: u64,
}

/// Which slots stand for what.
#[derive(Debug)]
pub(super) struct Links {
    halves: [Vec<Link>; 2],
    half: usize,
    /// Slots in a half.
    capacity: usize,
    /// Linked slots by target.
    incoming: HashMap<Key, Vec<u32>>,
}

impl Links {
    pub fn new(slots: usize) -> Links {
        Links { halves: [vec![], vec![]], half: 0, capacity: slots / 2, incoming: HashMap::new() }
    }

    pub fn room(&self, n: usize) -> bool {
        self.halves[self.half].len() + n <= self.capacity
    }

    pub fn allocate(&mut self, key: Key, thunk: u64) -> u32 {
        let half = &mut self.halves[self.half];
        half.push(Link { key, thunk });
        (self.half * self.capacity + half.len() - 1) as u32
    }

    fn get(&self, index: u32) -> Option<Link> {
        let index = index as usize;
        self.halves[index / self.capacity].get(index % self.capacity).copied()
    }

    /// Leads every slot to its thunk and begins the other half.
    pub fn swap_halves(&mut self, mem: &ExecMem) {
        for (i, link) in self.halves[self.half].iter().enumerate() {
            let index = self.half * self.capacity + i;
            mem.slot(index).code.store(link.thunk, Ordering::Release);
        }
        self.half ^= 1;
        self.halves[self.half].clear();
        self.incoming.clear();
    }
}

impl CodeCache {
    /// A thread came through the thunk of this slot: its target, and the target's code if there is any, to which
    /// the slot now leads if `link` says so.
    ///
    /// `None`: there is no such slot, which only a broken state can ask for.
    pub fn follow(&mut self, index: u32, link_now: bool) -> Option<(Key, Option<u64>)> {
        let link = self.links.get(index)?;
        let code = self.find(link.key);
        let current = link_now && index as usize / self.links.capacity == self.links.half;
        if let Some(code) = code.filter(|_| current) {
            self.mem.slot(index as usize).code.store(code, Ordering::Release);
            self.links.incoming.entry(link.key).or_default().push(index);
        }
        Some((link.key, code))
    }

    /// Leads all slots that are linked to this key to their thunks again.
    pub(super) fn unlink(&mut self, key: Key) {
        for index in self.links.incoming.remove(&key).unwrap_or_default() {
            let link = self.links.get(index).expect("an incoming slot belongs to the current half");
            self.mem.slot(index as usize).code.store(link.thunk, Ordering::Release);
        }
    }
}
