//! Link slots: how direct exits reach their targets, and where executions are counted.
//!
//! Every guest address that some exit goes to has one slot in the table beside the code; all exits jump through it. A
//! new slot leads to its thunk, which asks the dispatcher; as soon as the target is compiled the slot holds its
//! address, when better code replaces that the better one's, and when it is dropped the thunk's again. Linking is
//! one aligned store to data: threads may run through the slot meanwhile.
//!
//! Like the code, the table is used in two halves, so that a thread still in code that was given up finds the
//! slots of that code as they were.

use super::exec_mem::ExecMem;
use super::map::{CodeCache, Key};
use std::sync::atomic::Ordering;

/// What a slot stands for.
#[derive(Clone, Copy, Debug)]
struct Link {
    key: Key,
    thunk: u64,
}

/// The slots in use.
#[derive(Debug)]
pub(super) struct Links {
    halves: [Vec<Link>; 2],
    half: usize,
    /// Slots in a half.
    capacity: usize,
}

impl Links {
    pub fn new(slots: usize) -> Links {
        Links { halves: [vec![], vec![]], half: 0, capacity: slots / 2 }
    }

    pub fn room(&self, n: usize) -> bool {
        self.halves[self.half].len() + n <= self.capacity
    }

    /// A slot for this address; its thunk is told by [`Links::set_thunk`].
    pub fn allocate(&mut self, key: Key) -> u32 {
        let half = &mut self.halves[self.half];
        half.push(Link { key, thunk: 0 });
        (self.half * self.capacity + half.len() - 1) as u32
    }

    pub fn set_thunk(&mut self, index: u32, thunk: u64) {
        self.halves[self.half][index as usize % self.capacity].thunk = thunk;
    }

    fn get(&self, index: u32) -> Option<Link> {
        let index = index as usize;
        self.halves[index / self.capacity].get(index % self.capacity).copied()
    }

    fn is_current(&self, index: u32) -> bool {
        index as usize / self.capacity == self.half
    }

    /// Leads every slot to its thunk and begins the other half.
    pub fn swap_halves(&mut self, mem: &ExecMem) {
        for (i, link) in self.halves[self.half].iter().enumerate() {
            let index = self.half * self.capacity + i;
            mem.slot(index).code.store(link.thunk, Ordering::Release);
        }
        self.half ^= 1;
        self.halves[self.half].clear();
    }
}

impl CodeCache {
    /// A thread came through the thunk of this slot: its target, and the target's code if there is any.
    ///
    /// `None`: there is no such slot, which only a broken state can ask for.
    pub fn follow(&mut self, index: u32) -> Option<(Key, Option<u64>)> {
        let link = self.links.get(index)?;
        Some((link.key, self.find(link.key)))
    }

    /// The guest address whose counter lies here.
    pub fn counted(&self, counter: u64) -> Option<Key> {
        let index = self.mem.slot_of_counter(counter)?;
        Some(self.links.get(index as u32)?.key)
    }

    /// Lets the code for an address run so many times before it counts as hot.
    pub fn set_count(&self, counter: u64, count: i32) {
        if let Some(index) = self.mem.slot_of_counter(counter) {
            self.mem.slot(index).count.store(count, Ordering::Relaxed);
        }
    }

    /// Leads a slot to code, or back to its thunk.
    pub(super) fn lead(&mut self, index: u32, code: Option<u64>) {
        let Some(link) = self.links.get(index).filter(|_| self.links.is_current(index)) else {
            return;
        };
        let to = code.filter(|_| self.chain).unwrap_or(link.thunk);
        self.mem.slot(index as usize).code.store(to, Ordering::Release);
    }
}
