//! Advanced SIMD shift by immediate: right (also rounding, accumulating, inserting), left, narrowing, widening, and
//! conversions between floating and fixed point. The scalar forms in `simd_scalar` use the same operations.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::vector::{Lanes, bytes, elem_bits, ints};
use isamorph_ir::inst::{FpConv, IntCC, Narrow, Round};
use isamorph_ir::{Shape, Value};

/// immh:immb: the element's size, and both meanings of the amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    /// Log2 of the element's bytes.
    pub(super) size: u8,
    /// Amount of a shift right, 1 to the width; the fraction bits of a conversion.
    pub(super) right: u32,
    /// Amount of a shift left, 0 to the width - 1.
    pub(super) left: u32,
}

impl Amount {
    /// Decodes the fields; `immh` is not zero.
    pub(super) const fn new(immh: u8, immb: u8) -> Amount {
        let size = immh.ilog2() as u8;
        let (bits, imm) = (8 << size, (immh as u32) << 3 | immb as u32);
        Amount { size, right: 2 * bits - imm, left: imm - bits }
    }
}

/// Instructions that compute Vd from the elements of Vn, the amounts, and Vd.
macro_rules! shifts {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let amount = Amount::new(i.immh, i.immb);
            self.shift_by_imm(Lanes::vector(amount.size, i.q), amount, i.rd, i.rn, $op)
        }
    )* } };
}

shifts! {
    sshr_v SshrV = |l, s, n, a, _| l.ir.ashri(s, a, n.right);
    ushr_v UshrV = |l, s, n, a, _| l.ir.lshri(s, a, n.right);
    ssra_v SsraV = |l, s, n, a, d| { let x = l.ir.ashri(s, a, n.right); l.ir.add(s, d, x) };
    usra_v UsraV = |l, s, n, a, d| { let x = l.ir.lshri(s, a, n.right); l.ir.add(s, d, x) };
    srshr_v SrshrV = |l, s, n, a, _| l.ir.srshri(s, a, n.right);
    urshr_v UrshrV = |l, s, n, a, _| l.ir.urshri(s, a, n.right);
    srsra_v SrsraV = |l, s, n, a, d| { let x = l.ir.srshri(s, a, n.right); l.ir.add(s, d, x) };
    ursra_v UrsraV = |l, s, n, a, d| { let x = l.ir.urshri(s, a, n.right); l.ir.add(s, d, x) };
    sri_v SriV = |l, s, n, a, d| l.insert_shifted_right(s, n.right, a, d);
    shl_v ShlV = |l, s, n, a, _| l.ir.shli(s, a, n.left);
    sli_v SliV = |l, s, n, a, d| l.insert_shifted_left(s, n.left, a, d);
    sqshlu_v SqshluV = |l, s, n, a, _| l.sqshlu(s, n.left, a);
    sqshl_iv SqshlIv = |l, s, n, a, _| l.sqshl(s, n.left, a);
    uqshl_iv UqshlIv = |l, s, n, a, _| l.uqshl(s, n.left, a);
}

/// Instructions that shift wide elements right and narrow them; the "2" forms write the upper half of Vd.
macro_rules! narrowing {
    ($($name:ident $fields:ident = $shift:ident $how:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let amount = Amount::new(i.immh, i.immb);
            let wide = self.read_v(i.rn);
            let shifted = self.ir.$shift(ints(amount.size + 1, true), wide, amount.right);
            let result = self.narrow(ints(amount.size, false), Narrow::$how, shifted);
            self.write_half(i.q, i.rd, result);
            Flow::Next
        }
    )* } };
}

narrowing! {
    shrn_v ShrnV = lshri Trunc;
    sqshrun_v SqshrunV = ashri SatSU;
    rshrn_v RshrnV = urshri Trunc;
    sqrshrun_v SqrshrunV = srshri SatSU;
    sqshrn_v SqshrnV = ashri SatSS;
    uqshrn_v UqshrnV = lshri SatUU;
    sqrshrn_v SqrshrnV = srshri SatSS;
    uqrshrn_v UqrshrnV = urshri SatUU;
}

/// Conversions between floating and fixed point.
macro_rules! fixed {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let amount = Amount::new(i.immh, i.immb);
            let fbits = amount.right as u8;
            let op: fn(&mut Lifter, Shape, u8, Value) -> Value = $op;
            self.fp_two(Shape::float_vector(8 << amount.size, i.q), i.rd, i.rn, |l, s, a| op(l, s, fbits, a))
        }
    )* } };
}

fixed! {
    scvtf_fv ScvtfFv = |l, s, fbits, a| l.ir.inttof(s, s.to_int(), from_fixed(true, fbits), a);
    ucvtf_fv UcvtfFv = |l, s, fbits, a| l.ir.inttof(s, s.to_int(), from_fixed(false, fbits), a);
    fcvtzs_fv FcvtzsFv = |l, s, fbits, a| l.ir.ftoint(s.to_int(), s, to_fixed(true, fbits), a);
    fcvtzu_fv FcvtzuFv = |l, s, fbits, a| l.ir.ftoint(s.to_int(), s, to_fixed(false, fbits), a);
}

/// Conversion from fixed point, rounded as FPCR says.
pub(super) const fn from_fixed(signed: bool, fbits: u8) -> FpConv {
    FpConv { round: Round::Mode, signed, fbits }
}

/// Conversion to fixed point, towards zero.
pub(super) const fn to_fixed(signed: bool, fbits: u8) -> FpConv {
    FpConv { round: Round::Zero, signed, fbits }
}

impl Lifter {
    /// SSHLL: signed elements of one half of Vn, widened and shifted left.
    pub(crate) fn sshll_v(&mut self, i: SshllV) -> Flow {
        self.shift_left_long(true, i.q, Amount::new(i.immh, i.immb), i.rd, i.rn)
    }

    /// USHLL: the same of unsigned elements.
    pub(crate) fn ushll_v(&mut self, i: UshllV) -> Flow {
        self.shift_left_long(false, i.q, Amount::new(i.immh, i.immb), i.rd, i.rn)
    }

    fn shift_left_long(&mut self, signed: bool, upper: bool, n: Amount, rd: u8, rn: u8) -> Flow {
        let (wide, narrow) = (ints(n.size + 1, true), ints(n.size, true));
        let a = self.read_v(rn);
        let a = self.ir.widen(wide, narrow, upper, signed, a);
        let result = if n.left == 0 { a } else { self.ir.shli(wide, a, n.left) };
        self.write_v(rd, result);
        Flow::Next
    }

    /// Vd <- op of the elements of Vn, the amount, and the elements of Vd.
    pub(super) fn shift_by_imm(
        &mut self,
        lanes: Lanes,
        amount: Amount,
        rd: u8,
        rn: u8,
        op: fn(&mut Lifter, Shape, Amount, Value, Value) -> Value,
    ) -> Flow {
        self.two_onto(lanes, rd, rn, |l, s, a, d| op(l, s, amount, a, d))
    }

    /// SRI: `a >> n`; the bits shifted in are those of `d`.
    pub(super) fn insert_shifted_right(&mut self, s: Shape, n: u32, a: Value, d: Value) -> Value {
        let ones = u64::MAX >> (64 - elem_bits(s));
        let shifted = self.ir.lshri(s, a, n);
        let mask = self.every(s, ones.checked_shr(n).unwrap_or(0));
        self.ir.bitsel(bytes(!s.is_half()), mask, shifted, d)
    }

    /// SLI: `a << n`; the bits shifted in are those of `d`.
    pub(super) fn insert_shifted_left(&mut self, s: Shape, n: u32, a: Value, d: Value) -> Value {
        let shifted = self.ir.shli(s, a, n);
        let mask = self.every(s, u64::MAX << n);
        self.ir.bitsel(bytes(!s.is_half()), mask, shifted, d)
    }

    /// SQSHL: signed `a << n`, saturated.
    pub(super) fn sqshl(&mut self, s: Shape, n: u32, a: Value) -> Value {
        let shifted = self.ir.shli(s, a, n);
        let back = self.ir.ashri(s, shifted, n);
        let fits = self.ir.icmp(s, IntCC::Eq, back, a);
        // The end of the range on the side of the sign.
        let top = elem_bits(s) - 1;
        let (sign, max) = (self.ir.ashri(s, a, top), self.every(s, (1 << top) - 1));
        let end = self.ir.xor(s, sign, max);
        self.clip(s, fits, shifted, end)
    }

    /// UQSHL: unsigned `a << n`, saturated.
    pub(super) fn uqshl(&mut self, s: Shape, n: u32, a: Value) -> Value {
        let shifted = self.ir.shli(s, a, n);
        let back = self.ir.lshri(s, shifted, n);
        let fits = self.ir.icmp(s, IntCC::Eq, back, a);
        let max = self.every(s, u64::MAX);
        self.clip(s, fits, shifted, max)
    }

    /// SQSHLU: signed `a << n`, saturated as unsigned.
    pub(super) fn sqshlu(&mut self, s: Shape, n: u32, a: Value) -> Value {
        let negative = self.against_zero(s, IntCC::Slt, a);
        let positive = self.ir.andnot(s, a, negative);
        self.raise_qc(negative);
        self.uqshl(s, n, positive)
    }

    /// `value` where it `fits`, else `end` and QC.
    fn clip(&mut self, s: Shape, fits: Value, value: Value, end: Value) -> Value {
        let over = self.ir.not(s, fits);
        self.raise_qc(over);
        self.ir.bitsel(bytes(!s.is_half()), fits, value, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts() {
        assert_eq!(Amount::new(0b0001, 0b000), Amount { size: 0, right: 8, left: 0 });
        assert_eq!(Amount::new(0b0111, 0b111), Amount { size: 2, right: 1, left: 31 });
        assert_eq!(Amount::new(0b1000, 0b001), Amount { size: 3, right: 63, left: 1 });
    }
}
