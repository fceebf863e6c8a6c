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
use super::table::Table;
use isamorph_ir::Mode;
use std::io;
use std::sync::atomic::Ordering;

/// What a slot stands for.
#[derive(Clone, Copy, Debug)]
struct Link {
    pc: u64,
    mode: Mode,
    /// Offset of its thunk in the cache.
    thunk: u32,
}

impl Link {
    fn key(&self) -> Key {
        Key { pc: self.pc, mode: self.mode }
    }
}

/// The slots in use.
#[derive(Debug)]
pub(super) struct Links {
    halves: [Table<Link>; 2],
    half: usize,
    /// Slots in a half.
    capacity: usize,
}

impl Links {
    pub fn new(slots: usize) -> io::Result<Links> {
        let capacity = slots / 2;
        let halves = [Table::new(capacity)?, Table::new(capacity)?];
        Ok(Links { halves, half: 0, capacity })
    }

    pub fn room(&self, n: usize) -> bool {
        self.halves[self.half].room(n)
    }

    /// A slot for this address; its thunk is told by [`Links::set_thunk`].
    pub fn allocate(&mut self, key: Key) -> u32 {
        let half = &mut self.halves[self.half];
        let at = half.push(Link { pc: key.pc, mode: key.mode, thunk: 0 });
        (self.half * self.capacity + at) as u32
    }

    pub fn set_thunk(&mut self, index: u32, thunk: u32) {
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
            let thunk = mem.range().start + link.thunk as u64;
            mem.slot(index).code.store(thunk, Ordering::Release);
        }
        self.half ^= 1;
        self.halves[self.half].clear();
    }
}

impl CodeCache {
    /// Where the exits through this slot go. `None`: there is no such slot, which only a broken state can ask for.
    pub fn target(&self, index: u32) -> Option<Key> {
        Some(self.links.get(index)?.key())
    }

    /// The guest address whose counter lies here.
    pub fn counted(&self, counter: u64) -> Option<Key> {
        let index = self.mem.slot_of_counter(counter)?;
        Some(self.links.get(index as u32)?.key())
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
        let thunk = self.mem.range().start + link.thunk as u64;
        let to = code.filter(|_| self.chain).unwrap_or(thunk);
        self.mem.slot(index as usize).code.store(to, Ordering::Release);
    }
}
