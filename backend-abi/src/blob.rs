//! The compiler's output: position-independent code and what the engine must know of it.
//!
//! Way of the data: `Compiler::compile →` **[`CodeBlob`]** `→ engine's cache: copy, fill in fixups, publish entries`.
//!
//! Invariant: to install a blob, copy `code` anywhere, give each [`Fixup`] a link slot within ±2 GiB, and write
//! the displacement. Nothing else refers to the outside.

use isamorph_ir::Exception;
use std::ops::Range;

/// A compiled region.
#[derive(Clone, Debug, Default)]
pub struct CodeBlob {
    /// Machine code; wants an address aligned to 16.
    pub code: Vec<u8>,
    /// Where the region may be entered: guest address and offset in `code`; the region's own address first.
    pub entries: Vec<(u64, u32)>,
    /// Places to fill in.
    pub fixups: Vec<Fixup>,
    /// Sorted by offset: from this offset on (to the next pair), code works for the guest instruction at this
    /// address. Covers every access that may fault; find an address by its *own* offset, not a return address.
    pub source_map: Vec<(u32, u64)>,
    /// Sorted: the offset of an access that may fault, and where the thread is led if it does, with all registers as they
    /// are: code that stores what the state lacks and leaves for the reason that the area names. An access that is not
    /// listed leaves by [`crate::abi::Stubs::exit`].
    pub fault_exits: Vec<(u32, u32)>,
    /// It was to have fault exits, and they did not stand the examination. Not kept on disk.
    pub unguarded: bool,
    /// Exceptions by the index in `exit_args[0]` ([`crate::abi::ExitReason::Exception`]).
    pub exceptions: Vec<Exception>,
    /// Guest code it was made from, one range a block.
    pub guest_ranges: Vec<Range<u64>>,
    /// Number of guest instructions.
    pub guest_insns: u32,
    /// Frame in bytes, at most [`crate::abi::MAX_FRAME`].
    pub frame_size: u32,
    /// Listing, if asked for.
    pub listing: Option<Listing>,
}

/// A place in the code that the engine fills in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixup {
    /// Offset in `code` of a 32-bit displacement relative to the end of that displacement (`offset + 4`).
    pub offset: u32,
    /// What it must point to.
    pub kind: FixupKind,
}

/// What a fixup wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FixupKind {
    /// `jmp [rip + disp32]` through a [`crate::slot::LinkSlot`].
    DirectExit {
        /// Guest address that follows.
        target: u64,
        /// If this is a call: the guest address it returns to.
        ret: Option<u64>,
    },
    /// The counter of executions of a guest address: 4 aligned bytes of data, counted down.
    Counter {
        /// Guest address that is counted.
        target: u64,
    },
    /// As a direct exit, to where a call returns to.
    Continuation {
        /// Guest address behind the call.
        target: u64,
    },
    /// The guest address in its [`crate::slot::LinkSlot`].
    Address {
        /// That address.
        target: u64,
    },
    /// The [`crate::slot::Prediction`] of the computed branch at this guest address.
    Prediction {
        /// The branch.
        site: u64,
    },
}

/// Text forms of a compiled region.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Cranelift's IR.
    pub clif: String,
    /// Cranelift's view of the machine code (before exits are patched).
    pub vcode: String,
}

impl CodeBlob {
    /// Guest address of the instruction that the code at this offset works for.
    pub fn guest_pc(&self, offset: u32) -> Option<u64> {
        let after = self.source_map.partition_point(|(o, _)| *o <= offset);
        Some(self.source_map.get(after.checked_sub(1)?)?.1)
    }
}
