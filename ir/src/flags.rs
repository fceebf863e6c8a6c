//! Condition flags as the operands of what set them.
//!
//! A flag setter only records its operands; N, Z, C and V are computed where a condition reads them. The
//! record has a fixed form in the guest state (three 64-bit words), so that compiled code stores it without
//! computing anything. Carry after a subtraction means *no borrow*.

use crate::ty::Ty;

/// N, Z, C, V in bits 3..0 of a nibble.
pub mod nzcv {
    #![allow(missing_docs)]
    pub const N: u8 = 8;
    pub const Z: u8 = 4;
    pub const C: u8 = 2;
    pub const V: u8 = 1;
}

/// What set the flags; the first word of the record in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum FlagsKind {
    /// `a` is the NZCV nibble itself.
    Packed = 0,
    /// 32-bit `a + b`.
    Add32 = 1,
    /// 64-bit `a + b`.
    Add64 = 2,
    /// 32-bit `a - b`.
    Sub32 = 3,
    /// 64-bit `a - b`.
    Sub64 = 4,
    /// 32-bit result `a`; C and V clear.
    Logic32 = 5,
    /// 64-bit result `a`; C and V clear.
    Logic64 = 6,
}

/// A flags value: the record `{kind, a, b}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FlagsVal {
    /// What set them.
    pub kind: FlagsKind,
    /// First operand, zero-extended.
    pub a: u64,
    /// Second operand, zero-extended.
    pub b: u64,
}

impl FlagsVal {
    /// Flags given as a nibble.
    pub const fn packed(nzcv: u8) -> FlagsVal {
        FlagsVal { kind: FlagsKind::Packed, a: (nzcv & 15) as u64, b: 0 }
    }

    /// Flags of `a + b` of type `ty` (I32 or I64).
    pub const fn add(ty: Ty, a: u64, b: u64) -> FlagsVal {
        let kind = if matches!(ty, Ty::I32) { FlagsKind::Add32 } else { FlagsKind::Add64 };
        FlagsVal { kind, a, b }
    }

    /// Flags of `a - b` of type `ty` (I32 or I64).
    pub const fn sub(ty: Ty, a: u64, b: u64) -> FlagsVal {
        let kind = if matches!(ty, Ty::I32) { FlagsKind::Sub32 } else { FlagsKind::Sub64 };
        FlagsVal { kind, a, b }
    }

    /// Flags of a logical result of type `ty` (I32 or I64).
    pub const fn logic(ty: Ty, result: u64) -> FlagsVal {
        let kind = if matches!(ty, Ty::I32) { FlagsKind::Logic32 } else { FlagsKind::Logic64 };
        FlagsVal { kind, a: result, b: 0 }
    }

    /// Flags of `a + b + carry` of type `ty` (I32 or I64), packed at once.
    pub const fn adc(ty: Ty, a: u64, b: u64, carry: bool) -> FlagsVal {
        let shift = if matches!(ty, Ty::I32) { 32 } else { 0 };
        let (a, b) = (a << shift, b << shift);
        // With the operands moved to the top, the carry enters at bit `shift`.
        let cin = (carry as u64) << shift;
        let (t, c1) = a.overflowing_add(b);
        let (r, c2) = t.overflowing_add(cin);
        let v = (!(a ^ b) & (a ^ r)) >> 63;
        FlagsVal::packed(pack(r, c1 | c2, v != 0))
    }

    /// The record as it lies in the guest state.
    pub const fn to_record(self) -> [u64; 3] {
        [self.kind as u64, self.a, self.b]
    }

    /// From the record in the guest state. An unknown kind (a hostile state) reads as packed.
    pub const fn from_record(words: [u64; 3]) -> FlagsVal {
        let kind = match words[0] {
            1 => FlagsKind::Add32,
            2 => FlagsKind::Add64,
            3 => FlagsKind::Sub32,
            4 => FlagsKind::Sub64,
            5 => FlagsKind::Logic32,
            6 => FlagsKind::Logic64,
            _ => return FlagsVal::packed(words[1] as u8 & 15),
        };
        FlagsVal { kind, a: words[1], b: words[2] }
    }

    /// N, Z, C, V in bits 3..0.
    pub const fn nzcv(self) -> u8 {
        use FlagsKind::*;
        let shift = if matches!(self.kind, Add32 | Sub32 | Logic32) { 32 } else { 0 };
        let (a, b) = (self.a << shift, self.b << shift);
        match self.kind {
            Packed => self.a as u8 & 15,
            Add32 | Add64 => {
                let (r, c) = a.overflowing_add(b);
                pack(r, c, (!(a ^ b) & (a ^ r)) >> 63 != 0)
            }
            Sub32 | Sub64 => {
                let r = a.wrapping_sub(b);
                pack(r, a >= b, ((a ^ b) & (a ^ r)) >> 63 != 0)
            }
            Logic32 | Logic64 => pack(a, false, false),
        }
    }
}

const fn pack(result: u64, c: bool, v: bool) -> u8 {
    let n = (result >> 63) as u8;
    n << 3 | ((result == 0) as u8) << 2 | (c as u8) << 1 | v as u8
}

/// A condition on flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CondCC {
    /// Z.
    Eq,
    /// not Z.
    Ne,
    /// C (carry; after a subtraction: no borrow).
    Cs,
    /// not C.
    Cc,
    /// N.
    Mi,
    /// not N.
    Pl,
    /// V.
    Vs,
    /// not V.
    Vc,
    /// C and not Z.
    Hi,
    /// not C, or Z.
    Ls,
    /// N equals V.
    Ge,
    /// N differs from V.
    Lt,
    /// not Z, and N equals V.
    Gt,
    /// Z, or N differs from V.
    Le,
}

impl CondCC {
    /// Every condition, in encoding order: an odd index is the inverse of the one before it.
    pub const ALL: [CondCC; 14] = [
        CondCC::Eq,
        CondCC::Ne,
        CondCC::Cs,
        CondCC::Cc,
        CondCC::Mi,
        CondCC::Pl,
        CondCC::Vs,
        CondCC::Vc,
        CondCC::Hi,
        CondCC::Ls,
        CondCC::Ge,
        CondCC::Lt,
        CondCC::Gt,
        CondCC::Le,
    ];

    /// The name in the text form.
    pub const fn name(self) -> &'static str {
        const NAMES: [&str; 14] =
            ["eq", "ne", "cs", "cc", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"];
        NAMES[self as usize]
    }

    /// The opposite condition.
    pub const fn invert(self) -> CondCC {
        CondCC::ALL[self as usize ^ 1]
    }

    /// Does it hold for this nibble?
    pub const fn holds(self, nzcv: u8) -> bool {
        let (n, z) = (nzcv & nzcv::N != 0, nzcv & nzcv::Z != 0);
        let (c, v) = (nzcv & nzcv::C != 0, nzcv & nzcv::V != 0);
        let base = match self as u8 >> 1 {
            0 => z,
            1 => c,
            2 => n,
            3 => v,
            4 => c && !z,
            5 => n == v,
            _ => !z && n == v,
        };
        base != (self as u8 & 1 == 1)
    }
}
