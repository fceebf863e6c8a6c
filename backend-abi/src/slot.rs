//! Data beside the code that compiled code jumps through: link slots, predictions of computed branches, and the shared
//! table of computed branches' targets.
//!
//! Invariant: what compiled code reads here is one word at a time. A slot belongs to one guest address for as long as any
//! code may know it, so that its address alone says where it leads, whatever becomes of the code behind it.

use std::mem::offset_of;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering};

/// How control reaches the code for a guest address.
#[derive(Debug)]
#[repr(C)]
pub struct LinkSlot {
    /// Host address of the code, or of the slot's thunk ([`crate::abi::link_thunk`]). Changed by single aligned stores.
    pub code: AtomicU64,
    /// The guest address.
    pub pc: u64,
    /// Executions left until the code counts as hot. Counted down by compiled code without a lock: threads may lose
    /// counts to each other.
    pub count: AtomicI32,
    /// The low half of the thunk's address.
    pub thunk: u32,
}

/// What a computed branch is expected to go to, told by where it went.
#[derive(Debug)]
#[repr(C)]
pub struct Prediction {
    /// Address of a [`LinkSlot`]; that of [`nowhere`] at first.
    pub slot: AtomicU64,
    /// Guest address of the branch.
    pub site: u64,
    /// Times that it may still be wrong before another is put here. Counted down by compiled code.
    pub patience: AtomicI32,
    /// What `patience` is set to next time.
    pub next: AtomicU32,
}

const _: () = assert!(size_of::<Prediction>() == size_of::<LinkSlot>());

/// Offset of [`LinkSlot::pc`].
pub const SLOT_PC: usize = offset_of!(LinkSlot, pc);
/// Offset of [`LinkSlot::thunk`].
pub const SLOT_THUNK: usize = offset_of!(LinkSlot, thunk);
/// Offset of [`Prediction::patience`].
pub const PATIENCE: usize = offset_of!(Prediction, patience);

/// Most entries of a table of shared jumps (a power of two).
pub const SHARED_JUMPS: usize = 1 << 17;
/// Entries that it begins with (a power of two): a short program has few targets, and each on a page of its own would cost
/// more than all that it does with them.
const FIRST_SHARED_JUMPS: u32 = 512;
/// How many times more it has when it grows.
const GROWTH: u32 = 8;

/// A table of shared jumps. An entry is the address of a [`LinkSlot`], which tells whose it is, or 0.
#[derive(Debug)]
#[repr(C)]
pub struct SharedJumps {
    /// Entries in use, less one. It only grows, and then entries are where they were, or not found.
    mask: AtomicU32,
    entries: [AtomicU64; SHARED_JUMPS],
}

/// Offset of the mask in a table of shared jumps.
pub(crate) const SHARED_MASK: usize = offset_of!(SharedJumps, mask);
/// Offset of the entries there.
pub(crate) const SHARED_ENTRIES: usize = offset_of!(SharedJumps, entries);

/// An empty one that stays empty.
pub static NO_JUMPS: SharedJumps =
    SharedJumps { mask: AtomicU32::new(0), entries: [const { AtomicU64::new(0) }; SHARED_JUMPS] };

impl SharedJumps {
    /// An empty one.
    pub fn new() -> Box<SharedJumps> {
        // SAFETY: zeros are a table, whose pages are made when they are used.
        let table = unsafe { Box::<SharedJumps>::new_zeroed().assume_init() };
        table.mask.store(FIRST_SHARED_JUMPS - 1, Ordering::Relaxed);
        table
    }

    /// The entries in use.
    fn used(&self) -> &[AtomicU64] {
        &self.entries[..=self.mask.load(Ordering::Relaxed) as usize]
    }

    /// The entry of a guest address; the other one of its pair may be it too. As the stub `lookup` computes it.
    fn index(&self, pc: u64) -> usize {
        (pc >> 2 ^ pc >> 19) as usize & self.mask.load(Ordering::Relaxed) as usize
    }

    /// Puts the slot at this address in, which is of this guest address. By one thread at a time.
    pub fn put(&self, pc: u64, slot: u64) {
        let at = self.index(pc);
        let before = self.entries[at].load(Ordering::Relaxed);
        if before != slot {
            if before != 0 {
                self.entries[at ^ 1].store(before, Ordering::Release);
            }
            self.entries[at].store(slot, Ordering::Release);
        }
    }

    /// Does it hold so many as it has good use for, of `count` that were put in?
    pub fn is_full(&self, count: usize) -> bool {
        let used = self.used().len();
        used < SHARED_JUMPS && count > used / 2
    }

    /// Gives it more entries; `pc_of` tells whose slot lies at an address. By who puts.
    pub fn grow(&self, pc_of: impl Fn(u64) -> Option<u64>) {
        let slots: Vec<u64> = self.used().iter().map(|e| e.load(Ordering::Relaxed)).collect();
        let entries = (slots.len() as u32 * GROWTH).min(SHARED_JUMPS as u32);
        self.mask.store(entries - 1, Ordering::Release);
        for slot in slots.into_iter().filter(|slot| *slot != 0) {
            if let Some(pc) = pc_of(slot) {
                self.put(pc, slot);
            }
        }
    }

    /// Forgets all targets.
    pub fn clear(&self) {
        // Pages that nobody wrote stay unmade.
        let is_used = |entry: &&AtomicU64| entry.load(Ordering::Relaxed) != 0;
        self.used().iter().filter(is_used).for_each(|entry| entry.store(0, Ordering::Relaxed));
    }
}

/// Where the prediction of a branch that never ran leads. No instruction has this address; who branches to it is told so
/// by the engine (the stub `lookup` takes the address where compiled code has it).
pub fn nowhere() -> &'static LinkSlot {
    static NOWHERE: std::sync::OnceLock<LinkSlot> = std::sync::OnceLock::new();
    NOWHERE.get_or_init(|| LinkSlot {
        code: AtomicU64::new(crate::abi::stubs().lookup as usize as u64),
        pc: u64::MAX,
        count: AtomicI32::new(0),
        thunk: 0,
    })
}
