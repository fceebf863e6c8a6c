//! Data beside the code that compiled code jumps through: link slots, predictions of computed branches, and the shared
//! table of computed branches' targets.
//!
//! Invariant: what compiled code reads here is one word at a time. A slot belongs to one guest address for as long as any
//! code may know it, so that its address alone says where it leads, whatever becomes of the code behind it.

use std::mem::offset_of;
use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64};

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

/// Entries of a table of shared jumps (a power of two): addresses of [`LinkSlot`]s, or 0.
pub const SHARED_JUMPS: usize = 1 << 17;

/// The two entries of a table of shared jumps that a guest address may be in: this one, and the other of its pair. As
/// the stub `lookup` computes it.
pub const fn shared_jump_index(pc: u64) -> usize {
    (pc >> 2 ^ pc >> 19) as usize & (SHARED_JUMPS - 1)
}

/// A table of shared jumps.
pub type SharedJumps = [AtomicU64; SHARED_JUMPS];

/// An empty one.
pub static NO_JUMPS: SharedJumps = [const { AtomicU64::new(0) }; SHARED_JUMPS];

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
