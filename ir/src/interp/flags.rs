//! Operations on condition flags.
//!
//! A flags value in the interpreter is a [`FlagsVal`] spread over a value's 128 bits (`a | b << 64`) and the
//! kind beside it.

use super::lanes::mask;
use crate::flags::{CondCC, FlagsKind, FlagsVal};
use crate::op::Op;
use crate::ty::{Shape, Ty};

/// The flags that a flag-setting op records from integer operands.
///
/// # Panics
/// If the op is not one of the pure flag setters of integer operands.
pub fn set(op: Op, shape: Shape, args: &[u128; 4]) -> FlagsVal {
    let ty = shape.ty().unwrap_or(Ty::I64);
    let (a, b) = (args[0] as u64, args[1] as u64);
    match op {
        Op::FlagsAdd => FlagsVal::add(ty, a, b),
        Op::FlagsSub => FlagsVal::sub(ty, a, b),
        Op::FlagsAdc => FlagsVal::adc(ty, a, b, args[2] & 1 != 0),
        Op::FlagsLogic => FlagsVal::logic(ty, a),
        Op::FlagsPack => FlagsVal::packed(a as u8),
        _ => panic!("{op:?} does not set flags from integers"),
    }
}

/// Does the condition with this immediate hold?
///
/// The conditions that compiled loops end by are computed from the operands, without making the nibble.
#[inline]
pub fn cond(imm: u128, flags: FlagsVal) -> bool {
    let cc = CondCC::ALL[imm as usize % CondCC::ALL.len()];
    let w = match flags.kind {
        FlagsKind::Sub64 => 64,
        FlagsKind::Sub32 => 32,
        _ => return cc.holds(flags.nzcv()),
    };
    let (a, b) = (flags.a & mask(w) as u64, flags.b & mask(w) as u64);
    // Moved to the top, 32-bit operands compare as signed 64-bit ones.
    let (x, y) = ((a << (64 - w)) as i64, (b << (64 - w)) as i64);
    match cc {
        CondCC::Eq => a == b,
        CondCC::Ne => a != b,
        CondCC::Cs => a >= b,
        CondCC::Cc => a < b,
        CondCC::Hi => a > b,
        CondCC::Ls => a <= b,
        CondCC::Ge => x >= y,
        CondCC::Lt => x < y,
        CondCC::Gt => x > y,
        CondCC::Le => x <= y,
        _ => cc.holds(flags.nzcv()),
    }
}

/// The value bits of a flags value; the kind goes beside them.
#[inline]
pub(super) fn bits(flags: FlagsVal) -> u128 {
    flags.a as u128 | (flags.b as u128) << 64
}

/// Inverse of [`bits`].
#[inline]
pub(super) fn value(kind: FlagsKind, bits: u128) -> FlagsVal {
    FlagsVal { kind, a: bits as u64, b: (bits >> 64) as u64 }
}
