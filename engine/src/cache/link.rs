//! Link slots: how direct exits reach their targets, where executions are counted, and what is known of an address.
//!
//! Every guest address that control was seen to go to has one slot in the data beside the code; all exits to it jump
//! through that. A new slot leads to its thunk, which asks the dispatcher; as soon as the target is compiled the slot
//! holds its address, when better code replaces that the better one's, and when it is dropped the thunk's again. Linking
//! is one aligned store to data: threads may run through the slot meanwhile.
//!
//! Like the code, slots are used in two halves, so that a thread still in code that was given up finds the slots of that
//! code as they were. Thunks are a page at a time, apart from the code: a slot's is found by its number.

use super::exec_mem::ExecMem;
use super::map::{CodeCache, Key, PlaceError};
use super::table::Table;
use super::units::UnitId;
use isamorph_backend_abi::abi::{THUNK, THUNK_PAGE, THUNKS, thunk_page};
use isamorph_backend_abi::slot::{LinkSlot, Prediction, nowhere};
use isamorph_ir::Mode;
use std::mem::offset_of;
use std::ptr;
use std::sync::atomic::Ordering;

/// A link slot, and what is known of its guest address.
#[repr(C)]
#[derive(Debug)]
pub(super) struct Slot {
    pub link: LinkSlot,
    /// The address's own code as an offset from the cache's begin, or [`NO_CODE`].
    pub own: u32,
    /// Whose the code is; and [`CALLED`]; without code also [`SEEN`].
    owner: u32,
    pub mode: Mode,
}

/// Some exit calls the address.
const CALLED: u32 = 1 << 31;
/// Control came to the address before, which has no code.
const SEEN: u32 = 1 << 30;
/// No code yet, or no more.
pub(super) const NO_CODE: u32 = u32::MAX;
/// Offset of the counter in a slot.
pub(super) const COUNT_OFFSET: u64 = offset_of!(LinkSlot, count) as u64;
/// Slots of a half: one for every guest address that control goes to.
const SLOTS: usize = 1 << 20;
/// Predictions of a half.
const PREDICTIONS: usize = 1 << 18;

impl Slot {
    #[inline]
    pub fn key(&self) -> Key {
        Key { pc: self.link.pc, mode: self.mode }
    }

    #[inline]
    pub fn owner(&self) -> UnitId {
        UnitId(self.owner & !(CALLED | SEEN))
    }

    #[inline]
    pub fn set_owner(&mut self, owner: UnitId) {
        self.owner = self.owner & CALLED | owner.0;
    }

    /// Control comes to the address, which has no code: did it come before?
    pub fn see(&mut self) -> bool {
        let before = self.owner & SEEN != 0;
        self.owner |= SEEN;
        before
    }

    #[inline]
    pub fn is_called(&self) -> bool {
        self.owner & CALLED != 0
    }

    #[inline]
    pub fn set_called(&mut self) {
        self.owner |= CALLED;
    }
}

/// Mispredictions that the first prediction of a branch outlives.
const FIRST_PATIENCE: u32 = 8;

/// The slots in use. Their numbers go from the first half's to the second's.
#[derive(Debug)]
pub(super) struct Links {
    halves: [Table<Slot>; 2],
    predictions: [Table<Prediction>; 2],
    /// Host addresses of each half's pages of thunks.
    thunks: [Vec<u64>; 2],
    half: usize,
}

impl Links {
    /// Bytes that it may take of its arena.
    pub const BYTES: usize =
        2 * (Table::<Slot>::bytes(SLOTS) + Table::<Prediction>::bytes(PREDICTIONS));

    pub fn new() -> Links {
        let halves = [Table::new(SLOTS), Table::new(SLOTS)];
        let predictions = [Table::new(PREDICTIONS), Table::new(PREDICTIONS)];
        Links { halves, predictions, thunks: Default::default(), half: 0 }
    }

    pub fn room(&self, n: usize) -> bool {
        self.halves[self.half].room(n) && self.predictions[self.half].room(n)
    }

    /// The number of a new slot for this address, which leads to its thunk.
    #[inline]
    pub fn allocate(&mut self, mem: &mut ExecMem, key: Key, count: i32) -> Result<u32, PlaceError> {
        let (half, pages) = (&mut self.halves[self.half], &mut self.thunks[self.half]);
        let first = (self.half * SLOTS) as u32;
        let at = half.len();
        if at == pages.len() * THUNKS {
            let page = mem.reserve_apart(THUNK_PAGE).ok_or(PlaceError::Full)?;
            mem.writable(page, THUNK_PAGE).copy_from_slice(&thunk_page(first + at as u32));
            pages.push(page);
        }
        let thunk = pages[at / THUNKS] + (at % THUNKS * THUNK) as u64;
        let Key { pc, mode } = key;
        let link = LinkSlot { code: thunk.into(), pc, count: count.into(), thunk: thunk as u32 };
        half.push(&mut mem.data, Slot { link, own: NO_CODE, owner: 0, mode });
        Ok(first + at as u32)
    }

    /// The number of a new prediction for the branch at this address.
    pub fn predict(&mut self, mem: &mut ExecMem, site: u64) -> u32 {
        let slot = ptr::from_ref(nowhere()) as u64;
        let (patience, next) = (0.into(), FIRST_PATIENCE.into());
        let made = Prediction { slot: slot.into(), site, patience, next };
        self.predictions[self.half].push(&mut mem.data, made) as u32
    }

    /// A prediction of the current half.
    pub fn prediction(&self, number: u32) -> &Prediction {
        &self.predictions[self.half][number as usize]
    }

    #[inline]
    pub fn get(&self, number: u32) -> Option<&Slot> {
        self.halves[number as usize / SLOTS].get(number as usize % SLOTS)
    }

    /// A slot of the current half.
    #[inline]
    pub fn slot(&self, number: u32) -> &Slot {
        &self.halves[self.half][number as usize % SLOTS]
    }

    /// A slot of the current half, to be changed.
    #[inline]
    pub fn slot_mut(&mut self, number: u32) -> &mut Slot {
        &mut self.halves[self.half][number as usize % SLOTS]
    }

    /// Is this a slot of the current half?
    #[inline]
    pub fn is_current(&self, number: u32) -> bool {
        number as usize / SLOTS == self.half
    }

    /// Leads a slot of the current half to code, or back to its thunk.
    #[inline]
    pub fn lead(&self, number: u32, code: Option<u64>) {
        let thunk = || {
            let at = number as usize % SLOTS;
            self.thunks[self.half][at / THUNKS] + (at % THUNKS * THUNK) as u64
        };
        self.slot(number).link.code.store(code.unwrap_or_else(thunk), Ordering::Release);
    }

    /// The slot that this host address lies in.
    pub fn at(&self, address: u64) -> Option<&Slot> {
        self.halves.iter().find_map(|half| half.get(half.index_of(address)?))
    }

    /// Leads every slot to its thunk and begins the other half.
    pub fn swap_halves(&mut self) {
        for at in 0..self.halves[self.half].len() {
            self.lead((self.half * SLOTS + at) as u32, None);
        }
        self.half ^= 1;
        self.halves[self.half].clear();
        self.predictions[self.half].clear();
        self.thunks[self.half].clear();
    }
}

impl CodeCache {
    /// The guest address whose counter lies here.
    pub fn counted(&self, counter: u64) -> Option<Key> {
        Some(self.links.at(counter)?.key())
    }

    /// How often the code for an address was counted since its counter began.
    pub fn counts(&self, key: Key) -> u32 {
        let left = self.slot(key).map(|slot| slot.link.count.load(Ordering::Relaxed));
        left.map_or(0, |left| self.threshold.saturating_sub(left).max(0) as u32)
    }

    /// Lets the code for an address run so many times before it counts as hot.
    pub fn set_count(&self, counter: u64, count: i32) {
        if let Some(slot) = self.links.at(counter) {
            slot.link.count.store(count, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isamorph_backend_abi::engine_offset;

    #[test]
    fn a_thunk_tells_its_slot() {
        let mut mem = ExecMem::new(4 << 20, Links::BYTES).unwrap();
        let mut links = Links::new();
        for half in 0..2 {
            // `mov eax, esi; ret`, where thunks go on.
            let stub = mem.reserve(3).unwrap();
            mem.writable(stub, 3).copy_from_slice(&[0x89, 0xf0, 0xc3]);
            let mut area = [0u64; engine_offset!(stubs.link) / 8 + 1];
            area[engine_offset!(stubs.link) / 8] = stub;
            for n in 0..3 * THUNKS as u32 {
                let key = Key { pc: n as u64, mode: Mode(0) };
                let number = links.allocate(&mut mem, key, 1).unwrap();
                assert_eq!(number, half * SLOTS as u32 + n);
                let thunk = links.slot(number).link.code.load(Ordering::Relaxed) as usize;
                // SAFETY: the thunk jumps to the stub, which returns what the thunk found.
                let told = unsafe {
                    let thunk: extern "C" fn(*const u64) -> u32 = std::mem::transmute(thunk);
                    thunk(area.as_ptr())
                };
                assert_eq!(told, number);
            }
            links.swap_halves();
            mem.swap_halves().unwrap();
        }
    }
}
