//! Advanced SIMD vector and scalar by indexed element: three same or three different, with one element of Vm for all.

use crate::isa::*;
use crate::lift::simd_three_diff::WideOp;
use crate::lift::{Flow, Lifter};
use crate::vector::{Lanes, elem_bits, float, floats, halves, ints};
use isamorph_ir::{Shape, Value};

/// The element of Vm that the fields name: register and index.
pub(super) const fn element(size: u8, h: bool, l: bool, m: bool, rm: u8) -> (u8, u32) {
    let (h, l, m) = (h as u8, l as u8, m as u8);
    match size {
        1 => (rm, (h << 2 | l << 1 | m) as u32),
        2 => (m << 4 | rm, (h << 1 | l) as u32),
        _ => (m << 4 | rm, h as u32),
    }
}

/// Instructions on elements of one width; the operation's third operand is Vd.
macro_rules! same {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let op: fn(&mut Lifter, Shape, Value, Value, Value) -> Value = $op;
            let shape = ints(i.size, i.q);
            let (a, d) = (self.read_v(i.rn), self.read_v(i.rd));
            let b = self.broadcast(shape, element(i.size, i.h, i.l, i.m, i.rm));
            let result = op(self, shape, a, b, d);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

same! {
    mla_e MlaE = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.add(s, d, x) };
    mls_e MlsE = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.sub(s, d, x) };
    mul_e MulE = |l, s, a, b, _| l.ir.mul(s, a, b);
    sqdmulh_e SqdmulhE = |l, s, a, b, _| l.doubling_mul_high(s, a, b, false);
    sqrdmulh_e SqrdmulhE = |l, s, a, b, _| l.doubling_mul_high(s, a, b, true);
}

/// SQRDMLAH and SQRDMLSH.
macro_rules! doubling_onto {
    ($($vector:ident $fields:ident, $scalar:ident $scalar_fields:ident = $minus:literal;)*) => { impl Lifter { $(
        pub(crate) fn $vector(&mut self, i: $fields) -> Flow {
            let shape = ints(i.size, i.q);
            let (a, d) = (self.read_v(i.rn), self.read_v(i.rd));
            let b = self.broadcast(shape, element(i.size, i.h, i.l, i.m, i.rm));
            let result = self.doubling_mul_onto(shape, $minus, a, b, d);
            self.write_v(i.rd, result);
            Flow::Next
        }

        pub(crate) fn $scalar(&mut self, i: $scalar_fields) -> Flow {
            let lanes = Lanes::scalar(i.size);
            let (a, d) = (self.read_lanes(lanes, i.rn), self.read_lanes(lanes, i.rd));
            let b = self.lone_element(i.size, element(i.size, i.h, i.l, i.m, i.rm));
            let result = self.doubling_mul_onto(lanes.shape, $minus, a, b, d);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

doubling_onto! {
    sqrdmlah_e SqrdmlahE, sqrdmlah_es SqrdmlahEs = false;
    sqrdmlsh_e SqrdmlshE, sqrdmlsh_es SqrdmlshEs = true;
}

/// Instructions that widen their operands; the operation's third operand is Vd.
macro_rules! long {
    ($($name:ident $fields:ident $signed:literal = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let op: fn(&mut Lifter, Shape, Value, Value, Value) -> Value = $op;
            let (a, d) = (self.read_v(i.rn), self.read_v(i.rd));
            let b = self.broadcast(ints(i.size, true), element(i.size, i.h, i.l, i.m, i.rm));
            let (a, b) = self.widen_both(i.size, i.q, $signed, a, b);
            let result = op(self, ints(i.size + 1, true), a, b, d);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

long! {
    smlal_e SmlalE true = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.add(s, d, x) };
    umlal_e UmlalE false = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.add(s, d, x) };
    smlsl_e SmlslE true = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.sub(s, d, x) };
    umlsl_e UmlslE false = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.sub(s, d, x) };
    smull_e SmullE true = |l, s, a, b, _| l.ir.mul(s, a, b);
    umull_e UmullE false = |l, s, a, b, _| l.ir.mul(s, a, b);
    sqdmlal_e SqdmlalE true = |l, s, a, b, d| { let x = l.doubling_mul(s, a, b); l.sqadd(s, d, x) };
    sqdmlsl_e SqdmlslE true = |l, s, a, b, d| { let x = l.doubling_mul(s, a, b); l.sqsub(s, d, x) };
    sqdmull_e SqdmullE true = |l, s, a, b, _| l.doubling_mul(s, a, b);
}

/// Floating-point instructions; the operation's third operand is Vd.
macro_rules! floating {
    ($($vector:ident $fields:ident, $scalar:ident $scalar_fields:ident,
        $half:ident $half_fields:ident, $lone:ident $lone_fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $vector(&mut self, i: $fields) -> Flow {
            let element = element(2 + i.sz as u8, i.h, i.l, i.m, i.rm);
            self.fp_by_element(floats(i.sz, i.q), i.rd, i.rn, element, $op)
        }

        pub(crate) fn $scalar(&mut self, i: $scalar_fields) -> Flow {
            let element = element(2 + i.sz as u8, i.h, i.l, i.m, i.rm);
            self.fp_by_element(float(i.sz).into(), i.rd, i.rn, element, $op)
        }

        pub(crate) fn $half(&mut self, i: $half_fields) -> Flow {
            let element = element(1, i.h, i.l, i.m, i.rm);
            self.fp_by_element(halves(i.q), i.rd, i.rn, element, $op)
        }

        pub(crate) fn $lone(&mut self, i: $lone_fields) -> Flow {
            let element = element(1, i.h, i.l, i.m, i.rm);
            self.fp_by_element(Shape::F16, i.rd, i.rn, element, $op)
        }
    )* } };
}

floating! {
    fmla_e FmlaE, fmla_es FmlaEs, fmla_eh FmlaEh, fmla_esh FmlaEsh = |l, s, a, b, d| l.ir.fmuladd(s, a, b, d);
    fmls_e FmlsE, fmls_es FmlsEs, fmls_eh FmlsEh, fmls_esh FmlsEsh = |l, s, a, b, d| { let a = l.ir.fneg(s, a); l.ir.fmuladd(s, a, b, d) };
    fmul_e FmulE, fmul_es FmulEs, fmul_eh FmulEh, fmul_esh FmulEsh = |l, s, a, b, _| l.ir.fmul(s, a, b);
    fmulx_e FmulxE, fmulx_es FmulxEs, fmulx_eh FmulxEh, fmulx_esh FmulxEsh = |l, s, a, b, _| l.ir.fmulx(s, a, b);
}

impl Lifter {
    /// SQDMULH (by element), scalar.
    pub(crate) fn sqdmulh_es(&mut self, i: SqdmulhEs) -> Flow {
        let (reg, index) = element(i.size, i.h, i.l, i.m, i.rm);
        self.mul_high_by_element(i.size, i.rd, i.rn, (reg, index), false)
    }

    /// SQRDMULH (by element), scalar.
    pub(crate) fn sqrdmulh_es(&mut self, i: SqrdmulhEs) -> Flow {
        let (reg, index) = element(i.size, i.h, i.l, i.m, i.rm);
        self.mul_high_by_element(i.size, i.rd, i.rn, (reg, index), true)
    }

    fn mul_high_by_element(
        &mut self,
        size: u8,
        rd: u8,
        rn: u8,
        of: (u8, u32),
        round: bool,
    ) -> Flow {
        let lanes = Lanes::scalar(size);
        let (a, b) = (self.read_lanes(lanes, rn), self.lone_element(size, of));
        let result = self.doubling_mul_high(lanes.shape, a, b, round);
        self.write_v(rd, result);
        Flow::Next
    }

    /// SQDMULL (by element), scalar.
    pub(crate) fn sqdmull_es(&mut self, i: SqdmullEs) -> Flow {
        let b = self.lone_element(i.size, element(i.size, i.h, i.l, i.m, i.rm));
        self.scalar_long(i.size, i.rd, i.rn, b, |_, _, _, product| product)
    }

    /// SQDMLAL (by element), scalar.
    pub(crate) fn sqdmlal_es(&mut self, i: SqdmlalEs) -> Flow {
        let b = self.lone_element(i.size, element(i.size, i.h, i.l, i.m, i.rm));
        self.scalar_long(i.size, i.rd, i.rn, b, Lifter::sqadd)
    }

    /// SQDMLSL (by element), scalar.
    pub(crate) fn sqdmlsl_es(&mut self, i: SqdmlslEs) -> Flow {
        let b = self.lone_element(i.size, element(i.size, i.h, i.l, i.m, i.rm));
        self.scalar_long(i.size, i.rd, i.rn, b, Lifter::sqsub)
    }

    /// Vd <- onto(Vd, 2 * Vn * b saturated), all of one element; the product and Vd twice as wide.
    pub(super) fn scalar_long(&mut self, size: u8, rd: u8, rn: u8, b: Value, onto: WideOp) -> Flow {
        let wide = ints(size + 1, true);
        let (a, d) = (self.read_lowest(size, rn), self.read_lowest(size + 1, rd));
        let (a, b) = self.widen_both(size, false, true, a, b);
        let product = self.doubling_mul(wide, a, b);
        let result = onto(self, wide, d, product);
        self.write_v(rd, result);
        Flow::Next
    }

    /// An element in every element.
    pub(super) fn broadcast(&mut self, shape: Shape, (reg, index): (u8, u32)) -> Value {
        let v = self.read_v(reg);
        let elem = self.ir.extract(shape.to_full(), v, index);
        self.ir.splat(shape, elem)
    }

    /// An element at the bottom, all else zero.
    fn lone_element(&mut self, size: u8, (reg, index): (u8, u32)) -> Value {
        let elem = self.read_elem(size, reg, index as u8);
        self.ir.zext_lane(ints(size, true), elem)
    }

    /// Vd <- op of the elements of Vn, an element, and the elements of Vd.
    fn fp_by_element(
        &mut self,
        shape: Shape,
        rd: u8,
        rn: u8,
        (reg, index): (u8, u32),
        op: fn(&mut Lifter, Shape, Value, Value, Value) -> Value,
    ) -> Flow {
        let full = Shape::float_vector(elem_bits(shape), true);
        let v = self.read_v(reg);
        let elem = self.ir.extract(full, v, index);
        let b = if shape.is_vector() { self.ir.splat(shape, elem) } else { elem };
        let (a, d) = (self.read_float(shape, rn), self.read_float(shape, rd));
        let result = op(self, shape, a, b, d);
        self.write_fp(rd, result);
        Flow::Next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_fields() {
        assert_eq!(element(1, true, false, true, 7), (7, 5));
        assert_eq!(element(2, true, false, true, 7), (23, 2));
        assert_eq!(element(3, true, false, false, 7), (7, 1));
    }
}
