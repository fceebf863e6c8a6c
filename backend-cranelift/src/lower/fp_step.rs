//! Newton steps of reciprocals and square roots: fused multiply-adds, where the operands are usual.
//!
//! Invariant: what the host would flag otherwise than the guest (a NaN; zero times infinity, which gives a constant
//! here; halving what loses its last bit) takes the cold path before the host computes.

use super::Lower;
use super::fp::Form;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, I32, I32X4, I64, I64X2};
use cranelift_codegen::ir::{self, InstBuilder, Type};
use isamorph_ir::{Inst, Op};

impl Lower<'_, '_> {
    /// `FRecipStep` and `FRsqrtStep`: 2 - ab, (3 - ab) / 2. Results are zero or far from tiny.
    pub(super) fn newton_step(&mut self, inst: &Inst, form: Form) -> ir::Value {
        let [a, b] = [0, 1].map(|n| self.operand(form, inst.args[n]));
        let halves = inst.op == Op::FRsqrtStep;
        let wide = self.type_of(a);
        let odd_a = self.unusual(a, halves);
        let odd_b = self.unusual(b, false);
        let odd = self.b.ins().bor(odd_a, odd_b);
        let odd = if wide.is_vector() { self.any_lane(odd) } else { odd };
        self.unless(inst, form.result(), odd, |l| {
            let a = l.b.ins().fneg(a);
            let raw = if halves {
                let (half, three_halves) = (l.float(wide, 0.5), l.float(wide, 1.5));
                let a = l.b.ins().fmul(a, half);
                l.b.ins().fma(a, b, three_halves)
            } else {
                let two = l.float(wide, 2.0);
                l.b.ins().fma(a, b, two)
            };
            l.pinned(raw);
            l.finished(form, raw)
        })
    }

    /// Not zero (in lanes of vectors: all ones) where `v` is a NaN or infinite, or, if `normal`, so small that its
    /// half is not normal. By integers: the host's comparison of vectors flags quiet NaNs.
    fn unusual(&mut self, v: ir::Value, normal: bool) -> ir::Value {
        let ty = self.type_of(v);
        let single = ty.lane_type() == F32;
        let (int, fraction, ones): (Type, u32, u64) = match (ty.is_vector(), single) {
            (false, true) => (I32, 23, 0xff),
            (false, false) => (I64, 52, 0x7ff),
            (true, true) => (I32X4, 23, 0xff),
            (true, false) => (I64X2, 52, 0x7ff),
        };
        let lane = |l: &mut Self, bits: u64| match int.is_vector() {
            true => l.vconst(int, super::vec::repeat(bits, int.lane_bits())),
            false => l.iconst(int, bits),
        };
        let bits = self.cast(int, v);
        let mask = lane(self, ones << fraction);
        let exponent = self.b.ins().band(bits, mask);
        let special = self.b.ins().icmp(IntCC::Equal, exponent, mask);
        if !normal {
            return special;
        }
        let least = lane(self, 2 << fraction);
        let small = self.b.ins().icmp(IntCC::SignedLessThan, exponent, least);
        self.b.ins().bor(special, small)
    }
}
