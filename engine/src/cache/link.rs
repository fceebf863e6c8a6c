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
use super::map::{CodeCache, Key, NO_CODE, NO_SLOT, THUNK};
use super::table::Table;
use isamorph_backend_abi::abi;
use isamorph_ir::Mode;
use std::io;
use std::sync::atomic::Ordering;

/// What is known of a slot beside what it holds.
#[derive(Clone, Copy, Debug)]
struct Link {
    mode: Mode,
    /// Offset of its thunk in the cache, or [`PREDICTION`].
    thunk: u32,
}

/// Not a link slot but a prediction.
const PREDICTION: u32 = u32::MAX;

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

    /// A slot for an address in this mode; its thunk is told by [`Links::set_thunk`].
    pub fn allocate(&mut self, mode: Mode) -> u32 {
        self.push(Link { mode, thunk: 0 })
    }

    /// A slot for the prediction of a branch.
    pub fn allocate_prediction(&mut self, mode: Mode) -> u32 {
        self.push(Link { mode, thunk: PREDICTION })
    }

    fn push(&mut self, link: Link) -> u32 {
        let at = self.halves[self.half].push(link);
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
        let links = self.halves[self.half].iter().enumerate();
        for (i, link) in links.filter(|(_, link)| link.thunk != PREDICTION) {
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
        self.key_of(index)
    }

    /// The guest address whose counter lies here.
    pub fn counted(&self, counter: u64) -> Option<Key> {
        let index = self.mem.slot_of_counter(counter)?;
        self.key_of(index as u32)
    }

    fn key_of(&self, index: u32) -> Option<Key> {
        let mode = self.links.get(index)?.mode;
        Some(Key { pc: self.mem.slot(index as usize).pc, mode })
    }

    /// How often the code for an address was counted since its counter began, if it is counted.
    pub fn counts(&self, key: Key) -> u32 {
        let slot = self.entry(key).map(|entry| entry.slot).filter(|slot| *slot != NO_SLOT);
        let left = slot.map(|slot| self.mem.slot(slot as usize).count.load(Ordering::Relaxed));
        left.map_or(0, |left| self.threshold.saturating_sub(left).max(0) as u32)
    }

    /// Lets the code for an address run so many times before it counts as hot.
    pub fn set_count(&self, counter: u64, count: i32) {
        if let Some(index) = self.mem.slot_of_counter(counter) {
            self.mem.slot(index).count.store(count, Ordering::Relaxed);
        }
    }

    /// The slot of this address, made if there is none. `None`: there is no room.
    pub(super) fn slot_of(&mut self, key: Key) -> Option<u32> {
        if !self.has_room_for(1) {
            return None;
        }
        let entry = *self.entry_mut(key);
        if entry.slot != NO_SLOT {
            return Some(entry.slot);
        }
        let thunk = self.mem.reserve_apart(THUNK)?;
        let slot = self.links.allocate(key.mode);
        self.entry_mut(key).slot = slot;
        self.begin_slot(slot, key.pc, thunk);
        if entry.code != NO_CODE {
            self.lead(slot, Some(self.address(entry.code)));
        }
        Some(slot)
    }

    /// Puts a new slot's thunk there, and leads it to that.
    pub(super) fn begin_slot(&mut self, slot: u32, pc: u64, thunk: u64) {
        self.mem.write(thunk, &abi::link_thunk(slot));
        self.links.set_thunk(slot, (thunk - self.mem.range().start) as u32);
        self.mem.init_slot(slot as usize, pc, thunk, self.threshold);
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
