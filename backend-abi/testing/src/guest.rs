//! The guest: four registers of every type, helpers of every kind.

use isamorph_ir::contract::{FpEnv, FpMode, HelperEffects, MemTrap, NanRule, Rounding, TrapKind};
use isamorph_ir::{GuestDesc, HelperDef, HelperFn, Slot, SlotInfo, StateLayout, Ty};

const fn slot(name: &'static str, ty: Ty, offset: u32) -> SlotInfo {
    SlotInfo { name, ty, offset }
}

/// Slots: four of every type, at `4 * index in Ty::ALL + n`, then the special ones.
pub static SLOTS: [SlotInfo; 48] = {
    let names = [
        "p0", "p1", "p2", "p3", "b0", "b1", "b2", "b3", "h0", "h1", "h2", "h3", "w0", "w1", "w2",
        "w3", "x0", "x1", "x2", "x3", "q0", "q1", "q2", "q3", "fh0", "fh1", "fh2", "fh3", "fs0",
        "fs1", "fs2", "fs3", "fd0", "fd1", "fd2", "fd3", "v0", "v1", "v2", "v3", "n0", "n1", "n2",
        "n3",
    ];
    let mut slots = [slot("", Ty::I1, 0); 48];
    let mut i = 0;
    let mut offset = 0;
    while i < 44 {
        let ty = Ty::ALL[i / 4];
        slots[i] = slot(names[i], ty, offset);
        offset += if matches!(ty, Ty::Flags) { 32 } else { 16 };
        i += 1;
    }
    slots[44] = slot("pc", Ty::I64, offset);
    slots[45] = slot("fpc", Ty::I32, offset + 16);
    slots[46] = slot("fpf", Ty::I32, offset + 32);
    slots[47] = slot("spare", Ty::I64, offset + 48);
    slots
};

/// The program counter.
pub const PC: Slot = Slot(44);
/// Floating-point control.
pub const FP_CONTROL: Slot = Slot(45);
/// Cumulative floating-point flags.
pub const FP_FLAGS: Slot = Slot(46);

/// The n-th slot (0..4) of a type.
pub fn slot_of(ty: Ty, n: usize) -> Slot {
    let at = Ty::ALL.iter().position(|t| *t == ty).expect("listed");
    Slot((4 * at + n) as u16)
}

fn decode(control: u32) -> FpMode {
    FpMode {
        rounding: match control & 3 {
            0 => Rounding::NearestEven,
            1 => Rounding::Up,
            2 => Rounding::Down,
            _ => Rounding::Zero,
        },
        default_nan: control & 4 != 0,
        flush: control & 8 != 0,
        flush16: control & 16 != 0,
        alt_half: control & 32 != 0,
    }
}

extern "C" fn mix(a: u64, b: u64, c: u64, d: u64) -> u64 {
    a.rotate_left(7) ^ b.wrapping_mul(3) ^ c.rotate_left(21) ^ d
}

extern "C" fn wide(v: &mut [u128; 4]) {
    v[0] = v[0].rotate_left(11) ^ v[1].wrapping_mul(5);
}

fn context(cx: &mut isamorph_ir::contract::HelperCx<'_>) -> Result<u128, MemTrap> {
    let x0 = slot_of(Ty::I64, 0);
    let x1 = slot_of(Ty::I64, 1);
    let n0 = slot_of(Ty::Flags, 0);
    if cx.args[0] & 1 == 1 {
        return Err(MemTrap { addr: cx.args[0] as u64, write: true, kind: TrapKind::Unmapped });
    }
    let old = cx.desc.layout.read(cx.state, x0);
    cx.desc.layout.write(cx.state, x1, old.wrapping_add(cx.args[0]));
    cx.desc.layout.write(cx.state, n0, old & 15);
    Ok(old ^ cx.args[0])
}

static READS: [Slot; 1] = [Slot(16)];
static WRITES: [Slot; 2] = [Slot(17), Slot(40)];

/// A helper of each kind.
pub static HELPERS: [HelperDef; 3] = [
    HelperDef {
        name: "mix",
        args: &[Ty::I64, Ty::I32],
        ret: Some(Ty::I64),
        effects: HelperEffects::PURE,
        func: HelperFn::Int(mix),
        intrinsic: None,
    },
    HelperDef {
        name: "wide",
        args: &[Ty::V128, Ty::I128],
        ret: Some(Ty::V128),
        effects: HelperEffects::PURE,
        func: HelperFn::Wide(wide),
        intrinsic: None,
    },
    HelperDef {
        name: "context",
        args: &[Ty::I64],
        ret: Some(Ty::I64),
        effects: HelperEffects { reads: &READS, writes: &WRITES, memory: true, volatile: true },
        func: HelperFn::Context(context),
        intrinsic: None,
    },
];

/// The guest.
pub static DESC: GuestDesc = GuestDesc {
    name: "test",
    layout: StateLayout { slots: &SLOTS, size: 44 * 16 + 4 * 16 + 64, pc: PC },
    helpers: &HELPERS,
    fp: FpEnv { rule: NanRule::Arm, control: FP_CONTROL, flags: FP_FLAGS, decode },
    insn_shift: 2,
    ignored_top_bits: 0,
};
