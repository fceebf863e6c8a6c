//! A guest that has a register of every type and a helper of every kind, and nothing else.

use crate::contract::{
    FpEnv, FpMode, GuestDesc, HelperCx, HelperDef, HelperEffects, HelperFn, MemTrap, NanRule,
    Rounding,
};
use crate::inst::MemAttr;
use crate::slot::{Slot, SlotInfo, StateLayout};
use crate::ty::Ty;

const fn slot(name: &'static str, ty: Ty, offset: u32) -> SlotInfo {
    SlotInfo { name, ty, offset }
}

static SLOTS: [SlotInfo; 24] = [
    slot("x0", Ty::I64, 0),
    slot("x1", Ty::I64, 8),
    slot("x2", Ty::I64, 16),
    slot("x3", Ty::I64, 24),
    slot("x4", Ty::I64, 32),
    slot("x5", Ty::I64, 40),
    slot("w0", Ty::I32, 48),
    slot("w1", Ty::I32, 52),
    slot("h0", Ty::I16, 56),
    slot("b0", Ty::I8, 58),
    slot("p0", Ty::I1, 59),
    slot("fpcr", Ty::I32, 60),
    slot("q0", Ty::I128, 64),
    slot("v0", Ty::V128, 80),
    slot("v1", Ty::V128, 96),
    slot("v2", Ty::V128, 112),
    slot("nzcv", Ty::Flags, 128),
    slot("nzcv2", Ty::Flags, 152),
    slot("d0", Ty::F64, 176),
    slot("s0", Ty::F32, 184),
    slot("f0", Ty::F16, 188),
    slot("fpsr", Ty::I32, 192),
    slot("pc", Ty::I64, 200),
    slot("x6", Ty::I64, 208),
];

/// Control word: rounding in bits 0..2, default NaN 2, flush 3, flush16 4, alternative half 5.
fn decode(control: u32) -> FpMode {
    let rounding = [Rounding::NearestEven, Rounding::Up, Rounding::Down, Rounding::Zero];
    let bit = |i: u32| control >> i & 1 == 1;
    FpMode {
        rounding: rounding[control as usize & 3],
        default_nan: bit(2),
        flush: bit(3),
        flush16: bit(4),
        alt_half: bit(5),
    }
}

extern "C" fn mix(a: u64, b: u64, _: u64, _: u64) -> u64 {
    a.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ b
}

extern "C" fn swap_halves(v: &mut [u128; 4]) {
    v[0] = v[0].rotate_left(64) ^ v[1];
}

/// x5 <- x5 + x4 + argument; the old x5.
fn count(cx: &mut HelperCx<'_>) -> Result<u128, MemTrap> {
    let layout = &cx.desc.layout;
    let old = layout.read(cx.state, Slot(5));
    let step = layout.read(cx.state, Slot(4));
    layout.write(cx.state, Slot(5), old.wrapping_add(step).wrapping_add(cx.args[0]));
    Ok(old)
}

/// Two 8-byte loads; their sum goes to x3.
fn gather(cx: &mut HelperCx<'_>) -> Result<u128, MemTrap> {
    let (a, b) = (cx.args[0] as u64, cx.args[1] as u64);
    let sum = cx.memory.load(a, 8, MemAttr::PLAIN)? + cx.memory.load(b, 8, MemAttr::PLAIN)?;
    cx.desc.layout.write(cx.state, Slot(3), sum);
    Ok(0)
}

static HELPERS: [HelperDef; 4] = [
    HelperDef {
        name: "mix",
        args: &[Ty::I64, Ty::I64],
        ret: Some(Ty::I64),
        effects: HelperEffects::PURE,
        func: HelperFn::Int(mix),
        intrinsic: None,
    },
    HelperDef {
        name: "swap_halves",
        args: &[Ty::V128, Ty::V128],
        ret: Some(Ty::V128),
        effects: HelperEffects::PURE,
        func: HelperFn::Wide(swap_halves),
        intrinsic: None,
    },
    HelperDef {
        name: "count",
        args: &[Ty::I32],
        ret: Some(Ty::I64),
        effects: HelperEffects {
            reads: &[Slot(4), Slot(5)],
            writes: &[Slot(5)],
            memory: false,
            volatile: true,
        },
        func: HelperFn::Context(count),
        intrinsic: None,
    },
    HelperDef {
        name: "gather",
        args: &[Ty::I64, Ty::I64],
        ret: None,
        effects: HelperEffects { reads: &[], writes: &[Slot(3)], memory: true, volatile: false },
        func: HelperFn::Context(gather),
        intrinsic: None,
    },
];

/// The toy guest.
pub static TOY: GuestDesc = GuestDesc {
    name: "toy",
    insn_shift: 2,
    ignored_top_bits: 0,
    layout: StateLayout { slots: &SLOTS, size: 216, pc: Slot(22) },
    helpers: &HELPERS,
    fp: FpEnv { rule: NanRule::Arm, control: Slot(11), flags: Slot(21), decode },
};
