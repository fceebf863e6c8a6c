//! The A64 registers of one processor as slots, and what the IR's users must know of the guest.
//!
//! Invariant: [`LAYOUT`] and the slot constants here are made from one list, so they cannot disagree.

use crate::helper;
use isamorph_ir::contract::{FpEnv, FpMode, GuestDesc, NanRule, Rounding};
use isamorph_ir::{Slot, SlotInfo, StateLayout, Ty};

/// X`n`, 0 to 30. Register number 31 is never a slot: it means SP or zero.
pub const fn x(n: u8) -> Slot {
    assert!(n < 31);
    Slot(n as u16)
}

/// V`n`, 0 to 31.
pub const fn v(n: u8) -> Slot {
    assert!(n < 32);
    Slot(V0 + n as u16)
}

const V0: u16 = 34;

/// The stack pointer of the current exception level.
pub const SP: Slot = Slot(31);
/// The program counter.
pub const PC: Slot = Slot(32);
/// The condition flags.
pub const NZCV: Slot = Slot(33);
/// Floating-point control, in the register's format.
pub const FPCR: Slot = Slot(V0 + 32);
/// The cumulative flags of FPSR (IOC to IXC, IDC), whose format is the IR's neutral one. QC is apart.
pub const FPSR: Slot = Slot(V0 + 33);
/// FPSR.QC: set if any bit is.
pub const QC: Slot = Slot(V0 + 34);
/// The thread pointer.
pub const TPIDR_EL0: Slot = Slot(V0 + 35);
/// The thread register that EL0 only reads.
pub const TPIDRRO_EL0: Slot = Slot(V0 + 36);
/// Address of the exclusive monitor, or [`EXCL_NONE`].
pub const EXCL_ADDR: Slot = Slot(V0 + 37);
/// What the load-exclusive read: its low 64 bits, zero-extended.
pub const EXCL_LO: Slot = Slot(V0 + 38);
/// The high 64 bits of what a 128-bit load-exclusive read.
pub const EXCL_HI: Slot = Slot(V0 + 39);

/// PSTATE.DIT (data-independent timing), at its place in the register DIT.
pub const DIT: Slot = Slot(V0 + 40);
/// PSTATE.SSBS (speculative store bypass safe), at its place in the register SSBS.
pub const SSBS: Slot = Slot(V0 + 41);

/// A key of pointer authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacKey {
    /// Instruction addresses, A.
    Ia,
    /// Instruction addresses, B.
    Ib,
    /// Data addresses, A.
    Da,
    /// Data addresses, B.
    Db,
    /// Generic data.
    Ga,
}

/// The low and the high half of a key. Linux draws all of them when a program begins (and at prctl
/// PR_PAC_RESET_KEYS); threads and children have those of their maker.
pub const fn pac_key(key: PacKey) -> (Slot, Slot) {
    let low = V0 + 42 + 2 * key as u16;
    (Slot(low), Slot(low + 1))
}

/// The bit of [`DIT`], in the register and in Linux's `pstate`.
pub const DIT_BIT: u32 = 24;
/// The bit of [`SSBS`], in the register and in Linux's `pstate`.
pub const SSBS_BIT: u32 = 12;

/// [`EXCL_ADDR`] when the monitor is open. No exclusive access succeeds at this address.
pub const EXCL_NONE: u64 = u64::MAX;

/// PSTATE.BTYPE: how the last instruction branched, at its place in Linux's `pstate`. Kept where [`CHECKS_TARGETS`] is set,
/// else zero.
pub const BTYPE: Slot = Slot(V0 + 52);
/// Not zero once the process has guarded pages.
pub const CHECKS_TARGETS: Slot = Slot(V0 + 53);
/// Lowest bit of [`BTYPE`].
pub const BTYPE_SHIFT: u32 = 10;

const COUNT: usize = V0 as usize + 54;

const NAMES: [&str; COUNT] = [
    "x0",
    "x1",
    "x2",
    "x3",
    "x4",
    "x5",
    "x6",
    "x7",
    "x8",
    "x9",
    "x10",
    "x11",
    "x12",
    "x13",
    "x14",
    "x15",
    "x16",
    "x17",
    "x18",
    "x19",
    "x20",
    "x21",
    "x22",
    "x23",
    "x24",
    "x25",
    "x26",
    "x27",
    "x28",
    "x29",
    "x30",
    "sp",
    "pc",
    "nzcv",
    "v0",
    "v1",
    "v2",
    "v3",
    "v4",
    "v5",
    "v6",
    "v7",
    "v8",
    "v9",
    "v10",
    "v11",
    "v12",
    "v13",
    "v14",
    "v15",
    "v16",
    "v17",
    "v18",
    "v19",
    "v20",
    "v21",
    "v22",
    "v23",
    "v24",
    "v25",
    "v26",
    "v27",
    "v28",
    "v29",
    "v30",
    "v31",
    "fpcr",
    "fpsr",
    "qc",
    "tpidr_el0",
    "tpidrro_el0",
    "excl_addr",
    "excl_lo",
    "excl_hi",
    "dit",
    "ssbs",
    "apiakey_lo",
    "apiakey_hi",
    "apibkey_lo",
    "apibkey_hi",
    "apdakey_lo",
    "apdakey_hi",
    "apdbkey_lo",
    "apdbkey_hi",
    "apgakey_lo",
    "apgakey_hi",
    "btype",
    "checks_targets",
];

const fn ty(slot: Slot) -> Ty {
    if slot.0 == NZCV.0 {
        Ty::Flags
    } else if slot.0 == FPCR.0 || slot.0 == FPSR.0 {
        Ty::I32
    } else if (slot.0 >= V0 && slot.0 < V0 + 32) || slot.0 == QC.0 {
        Ty::V128
    } else {
        Ty::I64
    }
}

/// Places the registers one after the other, each at a multiple of its size (the flags' record: of 8).
const fn place() -> ([SlotInfo; COUNT], u32) {
    let mut slots = [SlotInfo { name: "", ty: Ty::I64, offset: 0 }; COUNT];
    let mut at = 0u32;
    let mut i = 0;
    while i < COUNT {
        let ty = ty(Slot(i as u16));
        let align = if matches!(ty, Ty::Flags) { 8 } else { ty.bytes() };
        let offset = at.next_multiple_of(align);
        slots[i] = SlotInfo { name: NAMES[i], ty, offset };
        at = offset + ty.bytes();
        i += 1;
    }
    (slots, at.next_multiple_of(16))
}

static SLOTS: [SlotInfo; COUNT] = place().0;

/// Where the registers lie.
pub static LAYOUT: StateLayout = StateLayout { slots: &SLOTS, size: place().1, pc: PC };

/// The guest, for the IR's users.
pub static DESC: GuestDesc = GuestDesc {
    name: "a64",
    layout: LAYOUT,
    helpers: helper::HELPERS,
    fp: FpEnv { rule: NanRule::Arm, control: FPCR, flags: FPSR, decode: fp_mode },
    insn_shift: 2,
    ignored_top_bits: 8,
};

/// Bits of FPCR.
pub mod fpcr {
    /// Alternative half precision.
    pub const AHP: u32 = 1 << 26;
    /// Default NaN.
    pub const DN: u32 = 1 << 25;
    /// Flush to zero.
    pub const FZ: u32 = 1 << 24;
    /// Rounding mode, two bits: nearest, up, down, zero.
    pub const RMODE_SHIFT: u32 = 22;
    /// Flush to zero of halves (FEAT_FP16).
    pub const FZ16: u32 = 1 << 19;
    /// The bits that can be written, but for [`FZ16`]; the others read as zero (no trapped exceptions).
    pub const WRITABLE: u32 = AHP | DN | FZ | 3 << RMODE_SHIFT;
}

/// FPCR as the IR sees it.
fn fp_mode(control: u32) -> FpMode {
    let rounding = match control >> fpcr::RMODE_SHIFT & 3 {
        0 => Rounding::NearestEven,
        1 => Rounding::Up,
        2 => Rounding::Down,
        _ => Rounding::Zero,
    };
    FpMode {
        rounding,
        default_nan: control & fpcr::DN != 0,
        flush: control & fpcr::FZ != 0,
        flush16: control & fpcr::FZ16 != 0,
        alt_half: control & fpcr::AHP != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_bear_their_names() {
        for (slot, name) in [
            (x(0), "x0"),
            (x(30), "x30"),
            (SP, "sp"),
            (PC, "pc"),
            (NZCV, "nzcv"),
            (v(0), "v0"),
            (v(31), "v31"),
            (FPCR, "fpcr"),
            (FPSR, "fpsr"),
            (QC, "qc"),
            (TPIDR_EL0, "tpidr_el0"),
            (TPIDRRO_EL0, "tpidrro_el0"),
            (EXCL_ADDR, "excl_addr"),
            (EXCL_LO, "excl_lo"),
            (EXCL_HI, "excl_hi"),
            (DIT, "dit"),
            (SSBS, "ssbs"),
            (pac_key(PacKey::Ia).0, "apiakey_lo"),
            (pac_key(PacKey::Ga).1, "apgakey_hi"),
            (BTYPE, "btype"),
            (CHECKS_TARGETS, "checks_targets"),
        ] {
            assert_eq!(LAYOUT.find(name), Some(slot), "{name}");
        }
    }

    #[test]
    fn slots_are_apart_and_inside() {
        let mut end = 0;
        for s in LAYOUT.slots {
            assert!(s.offset >= end, "{} overlaps", s.name);
            end = s.offset + s.ty.bytes();
        }
        assert!(end <= LAYOUT.size && LAYOUT.size <= StateLayout::MAX_SIZE);
    }
}
