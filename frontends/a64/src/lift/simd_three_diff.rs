//! Advanced SIMD three different: operands and results of different widths (long, wide, narrow).
//!
//! The "2" forms (Q) take the narrow operands from the upper halves, or write the narrow result there.

use crate::helper;
use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::vector::{elem_bits, ints};
use isamorph_ir::inst::Narrow;
use isamorph_ir::{Shape, Value};

/// A binary operation on wide elements.
pub(super) type WideOp = fn(&mut Lifter, Shape, Value, Value) -> Value;

/// Instructions that widen both operands, then work on the wide elements.
macro_rules! long {
    ($($name:ident $fields:ident $signed:literal = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let op: WideOp = $op;
            let (a, b) = (self.read_v(i.rn), self.read_v(i.rm));
            let (a, b) = self.widen_both(i.size, i.q, $signed, a, b);
            let result = op(self, ints(i.size + 1, true), a, b);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

long! {
    saddl Saddl true = |l, s, a, b| l.ir.add(s, a, b);
    uaddl Uaddl false = |l, s, a, b| l.ir.add(s, a, b);
    ssubl Ssubl true = |l, s, a, b| l.ir.sub(s, a, b);
    usubl Usubl false = |l, s, a, b| l.ir.sub(s, a, b);
    sabdl Sabdl true = |l, s, a, b| l.ir.sabd(s, a, b);
    uabdl Uabdl false = |l, s, a, b| l.ir.uabd(s, a, b);
    smull Smull true = |l, s, a, b| l.ir.mul(s, a, b);
    umull Umull false = |l, s, a, b| l.ir.mul(s, a, b);
    sqdmull Sqdmull true = Lifter::doubling_mul;
}

/// Instructions that accumulate onto the wide elements of Vd (the operation's third operand).
macro_rules! accumulating {
    ($($name:ident $fields:ident $signed:literal = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let op: fn(&mut Lifter, Shape, Value, Value, Value) -> Value = $op;
            let (a, b, d) = (self.read_v(i.rn), self.read_v(i.rm), self.read_v(i.rd));
            let (a, b) = self.widen_both(i.size, i.q, $signed, a, b);
            let result = op(self, ints(i.size + 1, true), a, b, d);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

accumulating! {
    sabal Sabal true = |l, s, a, b, d| { let x = l.ir.sabd(s, a, b); l.ir.add(s, d, x) };
    uabal Uabal false = |l, s, a, b, d| { let x = l.ir.uabd(s, a, b); l.ir.add(s, d, x) };
    smlal Smlal true = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.add(s, d, x) };
    umlal Umlal false = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.add(s, d, x) };
    smlsl Smlsl true = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.sub(s, d, x) };
    umlsl Umlsl false = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.sub(s, d, x) };
    sqdmlal Sqdmlal true = |l, s, a, b, d| { let x = l.doubling_mul(s, a, b); l.sqadd(s, d, x) };
    sqdmlsl Sqdmlsl true = |l, s, a, b, d| { let x = l.doubling_mul(s, a, b); l.sqsub(s, d, x) };
}

/// Instructions whose first operand is wide already.
macro_rules! wide {
    ($($name:ident $fields:ident $signed:literal = $op:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let (a, b) = (self.read_v(i.rn), self.read_v(i.rm));
            let wide = ints(i.size + 1, true);
            let b = self.ir.widen(wide, ints(i.size, true), i.q, $signed, b);
            let result = self.ir.$op(wide, a, b);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

wide! {
    saddw Saddw true = add;
    uaddw Uaddw false = add;
    ssubw Ssubw true = sub;
    usubw Usubw false = sub;
}

/// Instructions that keep the upper halves of wide results.
macro_rules! high_half {
    ($($name:ident $fields:ident $round:literal = $op:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let (a, b) = (self.read_v(i.rn), self.read_v(i.rm));
            let wide = self.ir.$op(ints(i.size + 1, true), a, b);
            let result = self.high_halves(i.size, $round, wide);
            self.write_half(i.q, i.rd, result);
            Flow::Next
        }
    )* } };
}

high_half! {
    addhn Addhn false = add;
    raddhn Raddhn true = add;
    subhn Subhn false = sub;
    rsubhn Rsubhn true = sub;
}

impl Lifter {
    /// PMULL: carry-less products of bytes, 16 bits each.
    pub(crate) fn pmull(&mut self, i: Pmull) -> Flow {
        self.polynomial(helper::PMULL_8, i.q, i.rd, i.rn, i.rm)
    }

    /// PMULL (64-bit elements): the carry-less product, 128 bits.
    pub(crate) fn pmull_1q(&mut self, i: Pmull1q) -> Flow {
        self.polynomial(helper::PMULL_64, i.q, i.rd, i.rn, i.rm)
    }

    fn polynomial(&mut self, of: isamorph_ir::HelperId, q: bool, rd: u8, rn: u8, rm: u8) -> Flow {
        let (a, b) = (self.read_v(rn), self.read_v(rm));
        let (a, b) = if q { (self.upper_half(a), self.upper_half(b)) } else { (a, b) };
        let result = self.ir.call(of, &[a, b]).expect("the helper has a result");
        self.write_v(rd, result);
        Flow::Next
    }

    /// The elements (of `1 << size` bytes) of the lower or `upper` halves, twice as wide.
    pub(super) fn widen_both(
        &mut self,
        size: u8,
        upper: bool,
        signed: bool,
        a: Value,
        b: Value,
    ) -> (Value, Value) {
        let (wide, narrow) = (ints(size + 1, true), ints(size, true));
        (
            self.ir.widen(wide, narrow, upper, signed, a),
            self.ir.widen(wide, narrow, upper, signed, b),
        )
    }

    /// 2 * a * b of widened operands, saturated: out of range only for the square of the most negative number.
    pub(super) fn doubling_mul(&mut self, wide: Shape, a: Value, b: Value) -> Value {
        let product = self.ir.mul(wide, a, b);
        self.sqadd(wide, product, product)
    }

    /// The upper halves of wide elements, as elements of `1 << size` bytes, rounded to nearest if `round`.
    fn high_halves(&mut self, size: u8, round: bool, a: Value) -> Value {
        let wide = ints(size + 1, true);
        let bits = elem_bits(wide) / 2;
        let a = if round {
            let half = self.every(wide, 1 << (bits - 1));
            self.ir.add(wide, a, half)
        } else {
            a
        };
        let high = self.ir.lshri(wide, a, bits);
        self.narrow(ints(size, false), Narrow::Trunc, high)
    }
}
