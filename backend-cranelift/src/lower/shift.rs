//! Shifts of lanes by amounts known at run time only.
//!
//! Mostly all lanes go by one amount (a splat that another block made): then the host's shift by a scalar does it.
//! Else 32- and 64-bit lanes are shifted one by one, narrower ones by the reference, as whatever saturates.

use super::Lower;
use super::vec::int_lanes;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I8X16, I32, I32X4, I64X2};
use cranelift_codegen::ir::{self, InstBuilder, Type};
use isamorph_ir::Inst;
use isamorph_ir::inst::SignedShift;

impl Lower<'_, '_> {
    /// `ShiftBySigned` of `a` by `amounts`, both of [`int_lanes`]; `None` if it saturates.
    pub(super) fn shift_variable(
        &mut self,
        inst: &Inst,
        a: ir::Value,
        amounts: ir::Value,
    ) -> Option<ir::Value> {
        let how = SignedShift::from_bits(inst.imm)?;
        if how.saturate {
            return None;
        }
        let ty = int_lanes(inst.shape);
        let args = [0, 1].map(|n| self.v(inst.args[n]));
        // The low byte of each lane counts.
        let mask = self.vconst(ty, super::vec::repeat(0xff, ty.lane_bits()));
        let bytes = self.b.ins().band(amounts, mask);
        let bytes = if inst.shape.is_half() { self.twice(bytes) } else { bytes };
        let bytes = self.cast(ty, bytes);
        let lane = ty.lane_bits() as u8 / 8;
        let first = self.shuffle(bytes, bytes, std::array::from_fn(|n| n as u8 % lane));
        let first = self.cast(ty, first);
        let differ = self.b.ins().icmp(IntCC::NotEqual, bytes, first);
        let differ = self.any_lane(differ);

        let [cold, usual, done] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let result = self.b.append_block_param(done, ty);
        self.b.ins().brif(differ, cold, &[], usual, &[]);
        self.b.switch_to_block(cold);
        self.b.seal_block(cold);
        let each = match ty {
            I32X4 | I64X2 => self.shift_each(how, ty, a, amounts),
            _ => {
                let exact = self.eval_args(inst, &args, I8X16);
                self.cast(ty, exact)
            }
        };
        self.b.ins().jump(done, &[each.into()]);
        self.b.switch_to_block(usual);
        self.b.seal_block(usual);
        let amounts = self.cast(I8X16, amounts);
        let amount = self.b.ins().extractlane(amounts, 0);
        let amount = self.b.ins().sextend(I32, amount);
        let all = self.shift_by(how, a, amount);
        self.b.ins().jump(done, &[all.into()]);
        self.b.switch_to_block(done);
        self.b.seal_block(done);
        Some(result)
    }

    fn shift_each(
        &mut self,
        how: SignedShift,
        ty: Type,
        a: ir::Value,
        amounts: ir::Value,
    ) -> ir::Value {
        (0..128 / ty.lane_bits() as u8).fold(a, |whole, n| {
            let lane = self.b.ins().extractlane(a, n);
            let amount = self.b.ins().extractlane(amounts, n);
            let amount = self.b.ins().ireduce(I8, amount);
            let amount = self.b.ins().sextend(I32, amount);
            let shifted = self.shift_by(how, lane, amount);
            self.b.ins().insertlane(whole, shifted, n)
        })
    }

    /// `v`, a vector or a scalar, shifted left by `n`, an I32; to the right if that is negative.
    fn shift_by(&mut self, how: SignedShift, v: ir::Value, n: ir::Value) -> ir::Value {
        let ty = self.type_of(v);
        let last = i64::from(ty.lane_bits()) - 1;
        let zero = match ty.is_vector() {
            true => self.vconst(ty, 0),
            false => self.iconst(ty, 0),
        };
        let right = self.b.ins().ineg(n);
        // A shift by more than the width, and that by the width, go by one less where it comes to the same.
        let far = self.b.ins().iconst(I32, last);
        let clamped = self.b.ins().smin(right, far);
        let fits = |l: &mut Self, amount, most: i64| {
            l.b.ins().icmp_imm_s(IntCC::SignedLessThanOrEqual, amount, most)
        };
        let mut shifted = if how.signed {
            self.b.ins().sshr(v, clamped)
        } else {
            let low = self.b.ins().ushr(v, right);
            let within = fits(self, right, last);
            self.b.ins().select(within, low, zero)
        };
        if how.round {
            // The last bit that goes; of a signed lane that goes wholly, the sign, which makes 0 of -1.
            let before = self.b.ins().iadd_imm_s(right, -1);
            let before = self.b.ins().smin(before, far);
            let bit = self.b.ins().ushr(v, before);
            let one = match ty.is_vector() {
                true => self.vconst(ty, super::vec::repeat(1, ty.lane_bits())),
                false => self.iconst(ty, 1),
            };
            let mut bit = self.b.ins().band(bit, one);
            if !how.signed {
                let within = fits(self, right, last + 1);
                bit = self.b.ins().select(within, bit, zero);
            }
            shifted = self.b.ins().iadd(shifted, bit);
        }
        let left = self.b.ins().ishl(v, n);
        let within = fits(self, n, last);
        let left = self.b.ins().select(within, left, zero);
        let to_left = self.b.ins().icmp_imm_s(IntCC::SignedGreaterThanOrEqual, n, 0);
        self.b.ins().select(to_left, left, shifted)
    }
}
