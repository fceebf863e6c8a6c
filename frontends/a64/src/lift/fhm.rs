//! FMLAL, FMLSL: products of halves, exact, added to or subtracted from singles.

use crate::helper;
use crate::isa::*;
use crate::lift::simd_indexed::element;
use crate::lift::{Flow, Lifter};
use crate::state;
use crate::vector::{floats, halves};
use isamorph_ir::{Shape, Value};

impl Lifter {
    /// FMLAL, FMLSL (vector): the lower half of the operands' elements.
    pub(crate) fn fmlal_v(&mut self, i: FmlalV) -> Flow {
        let m = self.read_v(i.rm);
        self.add_half_products(i.q, i.sub, false, i.rd, i.rn, m)
    }

    /// FMLAL2, FMLSL2 (vector): the upper half.
    pub(crate) fn fmlal2_v(&mut self, i: Fmlal2V) -> Flow {
        let m = self.read_v(i.rm);
        let m = self.upper_elements(i.q, m);
        self.add_half_products(i.q, i.sub, true, i.rd, i.rn, m)
    }

    /// FMLAL, FMLSL (by element).
    pub(crate) fn fmlal_e(&mut self, i: FmlalE) -> Flow {
        let m = self.broadcast(Shape::I16x8, element(1, i.h, i.l, i.m, i.rm));
        self.add_half_products(i.q, i.sub, false, i.rd, i.rn, m)
    }

    /// FMLAL2, FMLSL2 (by element).
    pub(crate) fn fmlal2_e(&mut self, i: Fmlal2E) -> Flow {
        let m = self.broadcast(Shape::I16x8, element(1, i.h, i.l, i.m, i.rm));
        self.add_half_products(i.q, i.sub, true, i.rd, i.rn, m)
    }

    /// The elements of the upper half of a register, or of the lower half's upper half, moved down.
    fn upper_elements(&mut self, q: bool, a: Value) -> Value {
        if q { self.upper_half(a) } else { self.ir.ext(Shape::I8x16, a, a, 4) }
    }

    fn add_half_products(
        &mut self,
        q: bool,
        sub: bool,
        upper: bool,
        rd: u8,
        rn: u8,
        m: Value,
    ) -> Flow {
        let (n, d) = (self.read_v(rn), self.read_v(rd));
        let n = if upper { self.upper_elements(q, n) } else { n };
        let n = if sub { self.ir.fneg(halves(true), n) } else { n };
        let (n, m) = (self.singles(n), self.singles(m));
        let result = self.ir.fmuladd(floats(false, q), n, m, d);
        self.write_v(rd, result);
        Flow::Next
    }

    /// The halves of the lower half of a register as singles, without exceptions: signalling NaNs stay so.
    fn singles(&mut self, a: Value) -> Value {
        let fpcr = self.ir.get(state::FPCR);
        self.ir.call(helper::HALF_BITS, &[a, fpcr]).expect("the helper has a result")
    }
}
