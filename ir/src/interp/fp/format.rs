//! The binary interchange formats, and numbers taken apart.

use crate::contract::NanRule;
use crate::ty::{Shape, Ty};

/// A binary interchange format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// Bits of the stored fraction.
    pub frac: u32,
    /// Bits of the exponent.
    pub exp: u32,
}

/// binary16.
pub(super) const HALF: Format = Format { frac: 10, exp: 5 };
/// binary32.
pub(super) const SINGLE: Format = Format { frac: 23, exp: 8 };
/// binary64.
pub(super) const DOUBLE: Format = Format { frac: 52, exp: 11 };

impl Format {
    /// The format of a shape's lanes.
    pub fn of(shape: Shape) -> Format {
        match shape.elem() {
            Some(Ty::F16) => HALF,
            Some(Ty::F32) => SINGLE,
            _ => DOUBLE,
        }
    }

    /// Exponent of the smallest normal number.
    pub const fn emin(self) -> i32 {
        2 - (1 << (self.exp - 1))
    }

    /// The exponent field of infinities and NaNs.
    pub const fn exp_ones(self) -> u64 {
        (1 << self.exp) - 1
    }

    pub const fn frac_mask(self) -> u64 {
        (1 << self.frac) - 1
    }

    pub const fn sign_bit(self) -> u64 {
        1 << (self.frac + self.exp)
    }

    pub const fn quiet_bit(self) -> u64 {
        1 << (self.frac - 1)
    }

    pub const fn zero(self, sign: bool) -> u64 {
        if sign { self.sign_bit() } else { 0 }
    }

    pub const fn infinity(self, sign: bool) -> u64 {
        self.zero(sign) | self.exp_ones() << self.frac
    }

    pub const fn max_normal(self, sign: bool) -> u64 {
        self.infinity(sign) - 1
    }

    pub const fn default_nan(self, rule: NanRule) -> u64 {
        self.infinity(matches!(rule, NanRule::X86)) | self.quiet_bit()
    }
}

/// Class of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Zero,
    /// Non-zero, finite.
    Finite,
    Infinity,
    Quiet,
    Signalling,
}

/// A number taken apart. A finite one is `±sig * 2^exp`, not normalised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Num {
    pub class: Class,
    pub sign: bool,
    pub exp: i32,
    pub sig: u128,
    /// As it was packed (a flushed input: the zero it was flushed to).
    pub bits: u64,
}

impl Num {
    /// Takes `bits` apart, flushing nothing. `alt_half`: the exponent of all ones is an ordinary one.
    pub fn unpack(fmt: Format, bits: u64, alt_half: bool) -> Num {
        let sign = bits & fmt.sign_bit() != 0;
        let e = bits >> fmt.frac & fmt.exp_ones();
        let f = bits & fmt.frac_mask();
        let num = |class, exp, sig: u64| Num { class, sign, exp, sig: sig as u128, bits };
        let least = fmt.emin() - fmt.frac as i32;
        match (e, f) {
            (0, 0) => num(Class::Zero, 0, 0),
            (0, _) => num(Class::Finite, least, f),
            (e, 0) if e == fmt.exp_ones() && !alt_half => num(Class::Infinity, 0, 0),
            (e, f) if e == fmt.exp_ones() && !alt_half => {
                let quiet = f & fmt.quiet_bit() != 0;
                num(if quiet { Class::Quiet } else { Class::Signalling }, 0, 0)
            }
            _ => num(Class::Finite, least + e as i32 - 1, f | 1 << fmt.frac),
        }
    }

    /// The exact number `sig * 2^exp`, `sig` not 0.
    pub const fn exact(sign: bool, exp: i32, sig: u128) -> Num {
        Num { class: Class::Finite, sign, exp, sig, bits: 0 }
    }

    pub fn is_nan(&self) -> bool {
        matches!(self.class, Class::Quiet | Class::Signalling)
    }

    pub fn is_zero(&self) -> bool {
        self.class == Class::Zero
    }

    pub fn is_infinity(&self) -> bool {
        self.class == Class::Infinity
    }

    /// The number with its sign inverted (also a NaN's).
    pub fn negate(self, fmt: Format) -> Num {
        Num { sign: !self.sign, bits: self.bits ^ fmt.sign_bit(), ..self }
    }

    /// Exponent of the leading one of a finite number.
    pub fn top(&self) -> i32 {
        self.exp + 127 - self.sig.leading_zeros() as i32
    }
}
