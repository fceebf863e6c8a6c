//! Advanced SIMD across lanes: one element from all of Vn.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::vector::{elem_bits, ints};
use isamorph_ir::{Shape, Ty, Value};

/// Instructions that reduce the integer elements of Vn to one.
macro_rules! integer {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let op: fn(&mut Lifter, Shape, Value) -> Value = $op;
            let a = self.read_v(i.rn);
            let result = op(self, ints(i.size, i.q), a);
            self.write_fp(i.rd, result);
            Flow::Next
        }
    )* } };
}

integer! {
    saddlv Saddlv = |l, s, a| l.sum_long(s, true, a);
    uaddlv Uaddlv = |l, s, a| l.sum_long(s, false, a);
    smaxv Smaxv = |l, s, a| l.ir.reduce_smax(s, a);
    umaxv Umaxv = |l, s, a| l.ir.reduce_umax(s, a);
    sminv Sminv = |l, s, a| l.ir.reduce_smin(s, a);
    uminv Uminv = |l, s, a| l.ir.reduce_umin(s, a);
    addv Addv = |l, s, a| l.ir.reduce_add(s, a);
}

/// Instructions that reduce the numbers of Vn to one: four singles, or four or eight halves.
macro_rules! floating {
    ($($name:ident $fields:ident, $half:ident $half_fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let op: fn(&mut Lifter, Shape, Value, Value) -> Value = $op;
            let a = self.read_v(i.rn);
            let pairs = self.pairwise(Shape::F32x4, a, a, |l, a, b| op(l, Shape::F32x2, a, b));
            self.reduce_pair(Shape::F32x4, Ty::F32, i.rd, pairs, op)
        }

        pub(crate) fn $half(&mut self, i: $half_fields) -> Flow {
            let op: fn(&mut Lifter, Shape, Value, Value) -> Value = $op;
            let mut a = self.read_v(i.rn);
            for shape in [Shape::F16x8, Shape::F16x4].into_iter().skip(!i.q as usize) {
                a = self.pairwise(shape, a, a, |l, a, b| op(l, Shape::F16x4, a, b));
            }
            self.reduce_pair(Shape::F16x8, Ty::F16, i.rd, a, op)
        }
    )* } };
}

floating! {
    fmaxnmv Fmaxnmv, fmaxnmv_h FmaxnmvH = |l, s, a, b| l.ir.fmaxnum(s, a, b);
    fminnmv Fminnmv, fminnmv_h FminnmvH = |l, s, a, b| l.ir.fminnum(s, a, b);
    fmaxv Fmaxv, fmaxv_h FmaxvH = |l, s, a, b| l.ir.fmax(s, a, b);
    fminv Fminv, fminv_h FminvH = |l, s, a, b| l.ir.fmin(s, a, b);
}

impl Lifter {
    /// The sum of all elements, of twice their width.
    fn sum_long(&mut self, shape: Shape, signed: bool, a: Value) -> Value {
        let pairs = self.add_long_pairs(shape, signed, a);
        self.ir.reduce_add(Shape::int_vector(2 * elem_bits(shape), !shape.is_half()), pairs)
    }

    /// Rd <- op of the two elements at the bottom. Neighbours go first (Reduce), which decides what NaN is passed on.
    fn reduce_pair(
        &mut self,
        full: Shape,
        ty: Ty,
        rd: u8,
        a: Value,
        op: fn(&mut Lifter, Shape, Value, Value) -> Value,
    ) -> Flow {
        let (first, second) = (self.ir.extract(full, a, 0), self.ir.extract(full, a, 1));
        let result = op(self, ty.into(), first, second);
        self.write_fp(rd, result);
        Flow::Next
    }
}
