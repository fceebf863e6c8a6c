//! Conversions between precisions, and between floating point and integers.
//!
//! Invariant: as in [`super::fp`]: what the host would flag otherwise than the guest is found before the host
//! converts.

use super::Lower;
use super::fp::Form;
use crate::abi::engine_offset;
use crate::patch::Patch;
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2, I32, I32X4, I64, I64X2};
use cranelift_codegen::ir::{self, InstBuilder, Type};
use isamorph_ir::inst::{FpConv, FpRound, Round};
use isamorph_ir::{Inst, Shape};

impl Lower<'_, '_> {
    /// [`Op::FRound`].
    pub(super) fn round_to_integral(&mut self, inst: &Inst, form: Form) -> Option<ir::Value> {
        let how = FpRound::from_bits(inst.imm)?;
        if how.round == Round::Odd {
            return None;
        }
        let a = self.operand(form, inst.args[0]);
        if how.round == Round::NearestAway {
            let bad = self.not_fractional(a);
            return Some(self.unless(inst, form.result(), bad, |l| {
                let raw = l.round(how.round, how.exact, a);
                if how.exact {
                    l.pinned(raw);
                }
                l.finished(form, raw)
            }));
        }
        let raw = self.round(how.round, how.exact, a);
        let nan = self.b.ins().fcmp(FloatCC::Unordered, raw, raw);
        let nan = if self.type_of(raw).is_vector() { self.any_lane(nan) } else { nan };
        let value = self.finished(form, raw);
        Some(self.or_reference(inst, form.result(), nan, value))
    }

    /// Rounding to an integral value; to nearest-away only of what [`Lower::not_fractional`] lets through.
    fn round(&mut self, how: Round, inexact: bool, a: ir::Value) -> ir::Value {
        let round = |l: &mut Self| match how {
            Round::Up => l.b.ins().ceil(a),
            Round::Down => l.b.ins().floor(a),
            Round::Zero | Round::NearestAway => l.b.ins().trunc(a),
            _ => l.b.ins().nearest(a),
        };
        let rounded = if inexact { round(self) } else { self.patched(Patch::QuietRounding, round) };
        if how != Round::NearestAway {
            return rounded;
        }
        // Away by one where at least a half was cut off; all of this is exact.
        let ty = self.type_of(a);
        let rest = self.b.ins().fsub(a, rounded);
        let rest = self.b.ins().fabs(rest);
        let half = self.float(ty, 0.5);
        let away = self.b.ins().fcmp(FloatCC::GreaterThanOrEqual, rest, half);
        let one = self.float(ty, 1.0);
        let zero = self.float(ty, 0.0);
        let step = if ty.is_vector() {
            let mask = self.cast(ty, away);
            self.b.ins().band(mask, one)
        } else {
            self.b.ins().select(away, one, zero)
        };
        // The step with the operand's sign; -0 + -0 keeps the sign of what rounds to zero.
        let sign = self.float(ty, -0.0);
        let sign = self.b.ins().band(a, sign);
        let step = self.b.ins().bor(step, sign);
        self.b.ins().fadd(rounded, step)
    }

    /// Every lane this constant.
    pub(super) fn float(&mut self, ty: Type, value: f64) -> ir::Value {
        let lane = match ty.lane_type() {
            F32 => self.b.ins().f32const(value as f32),
            _ => self.b.ins().f64const(value),
        };
        if ty.is_vector() { self.b.ins().splat(ty, lane) } else { lane }
    }

    /// Not zero if some lane is a NaN, infinite, or so large that it has no fraction.
    fn not_fractional(&mut self, a: ir::Value) -> ir::Value {
        let ty = self.type_of(a);
        let limit = if ty.lane_type() == F32 { 8388608.0 } else { 4503599627370496.0 };
        let limit = self.float(ty, limit);
        let abs = self.b.ins().fabs(a);
        if ty.is_vector() {
            // The host's comparison of vectors would raise Invalid for a quiet NaN.
            let ints = if ty == F32X4 { I32X4 } else { I64X2 };
            let [abs, limit] = [abs, limit].map(|v| self.cast(ints, v));
            let large = self.b.ins().icmp(IntCC::SignedGreaterThanOrEqual, abs, limit);
            return self.any_lane(large);
        }
        self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThanOrEqual, abs, limit)
    }

    /// Between precisions. From F32 to F64 and back NaNs convert alike everywhere.
    pub(super) fn convert_precision(&mut self, inst: &Inst) -> Option<ir::Value> {
        let round = Round::from_bits(inst.imm)?;
        if !matches!(round, Round::Mode | Round::NearestEven) {
            return None;
        }
        let a = inst.args[0];
        Some(match (inst.shape, inst.from) {
            (Shape::F64, Shape::F32) => {
                let a = self.v(a);
                let raw = self.b.ins().fpromote(F64, a);
                self.pinned(raw)
            }
            (Shape::F32, Shape::F64) => {
                let a = self.v(a);
                let raw = self.b.ins().fdemote(F32, a);
                self.unless_tiny(inst, raw)
            }
            (Shape::F64x2, Shape::F32x2) => {
                let a = self.vector(a, F32X4);
                let raw = self.b.ins().fvpromote_low(a);
                self.pinned(raw)
            }
            (Shape::F32x2, Shape::F64x2) => {
                let a = self.vector(a, F64X2);
                let raw = self.b.ins().fvdemote(a);
                self.unless_tiny(inst, raw)
            }
            _ => return self.convert_half(inst),
        })
    }

    /// Keeps an operation that nothing else must keep, for the sake of the flags it raises: its result may be
    /// dead, or wanted only after the flags were read.
    pub(super) fn pinned(&mut self, v: ir::Value) -> ir::Value {
        self.store_area(v, engine_offset!(scratch) + 3 * 16);
        v
    }

    /// A narrowed value, or the reference's if it may have been rounded up to the least normal number.
    fn unless_tiny(&mut self, inst: &Inst, raw: ir::Value) -> ir::Value {
        if !self.sees_tininess() {
            return self.pinned(raw);
        }
        let ty = self.type_of(raw);
        let abs = self.b.ins().fabs(raw);
        let least = self.least_normal(ty);
        let tiny = self.b.ins().fcmp(FloatCC::Equal, abs, least);
        let tiny = if ty.is_vector() { self.any_lane(tiny) } else { tiny };
        self.or_reference(inst, ty, tiny, raw)
    }

    pub(super) fn float_to_int(&mut self, inst: &Inst) -> Option<ir::Value> {
        let how = FpConv::from_bits(inst.imm)?;
        if how.round == Round::Odd {
            return None;
        }
        let form = Form::of(inst.from)?;
        match (form, inst.shape) {
            (Form::Scalar(_), Shape::I32 | Shape::I64) => {
                let to = super::clif(inst.shape.ty()?);
                let a = self.v(inst.args[0]);
                let convert = |l: &mut Self, a| match how.signed {
                    true => l.signed_of(inst, how.round, to, a),
                    false => l.unsigned_of(inst, how.round, to, a),
                };
                if how.fbits == 0 {
                    return Some(convert(self, a));
                }
                // Scaled by a power of two: exact, and none of it overflows.
                let ty = self.type_of(a);
                let limit = self.float(ty, (64.0 - f64::from(how.fbits)).exp2());
                let abs = self.b.ins().fabs(a);
                let bad = self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThanOrEqual, abs, limit);
                Some(self.unless(inst, to, bad, |l| {
                    let scale = l.float(ty, f64::from(how.fbits).exp2());
                    let a = l.b.ins().fmul(a, scale);
                    convert(l, a)
                }))
            }
            (Form::Full(F32X4), Shape::I32x4) | (Form::Pair, Shape::I32x2)
                if how.round != Round::NearestAway && (how.fbits != 0 || !how.signed) =>
            {
                // What lies in the range for sure; of unsigned ones only what the signed range has too.
                let a = self.operand(form, inst.args[0]);
                let bits = self.cast(I32X4, a);
                let magnitudes = self.vconst(I32X4, super::vec::repeat(0x7fff_ffff, 32));
                let limit = (127 + 31 - u64::from(how.fbits)) << 23;
                let limit = self.vconst(I32X4, super::vec::repeat(limit - 1, 32));
                let large = if how.signed {
                    let magnitude = self.b.ins().band(bits, magnitudes);
                    self.b.ins().icmp(IntCC::SignedGreaterThan, magnitude, limit)
                } else {
                    self.b.ins().icmp(IntCC::UnsignedGreaterThan, bits, limit)
                };
                let bad = self.any_lane(large);
                Some(self.unless(inst, I32X4, bad, |l| {
                    let scale = l.float(F32X4, f64::from(how.fbits).exp2());
                    let a = if how.fbits == 0 { a } else { l.b.ins().fmul(a, scale) };
                    let a = l.round_first(how.round, a);
                    let raw = l.b.ins().x86_cvtt2dq(I32X4, a);
                    l.pinned(raw);
                    let value = if form == Form::Pair { l.zero_upper(raw) } else { raw };
                    l.cast(I32X4, value)
                }))
            }
            (Form::Full(F32X4), Shape::I32x4) | (Form::Pair, Shape::I32x2)
                if how.round != Round::NearestAway =>
            {
                let a = self.operand(form, inst.args[0]);
                let a = self.round_first(how.round, a);
                // NaN and out of range give the least integer, and Invalid.
                let raw = self.b.ins().x86_cvtt2dq(I32X4, a);
                let least = self.vconst(I32X4, 0x80000000_80000000_80000000_80000000);
                let odd = self.b.ins().icmp(IntCC::Equal, raw, least);
                let bad = self.any_lane(odd);
                let value = if form == Form::Pair { self.zero_upper(raw) } else { raw };
                let value = self.cast(I32X4, value);
                Some(self.or_reference(inst, I32X4, bad, value))
            }
            (Form::Full(F64X2), Shape::I64x2)
                if how.signed && how.fbits == 0 && how.round != Round::NearestAway =>
            {
                let a = self.operand(form, inst.args[0]);
                let a = self.round_first(how.round, a);
                let [x, y] = [0, 1].map(|n| {
                    let lane = self.b.ins().extractlane(a, n);
                    self.b.ins().fcvt_to_sint_sat(I64, lane)
                });
                let low = self.b.ins().scalar_to_vector(I64X2, x);
                let both = self.b.ins().insertlane(low, y, 1);
                Some(self.pinned(both))
            }
            _ => None,
        }
    }

    fn round_first(&mut self, how: Round, a: ir::Value) -> ir::Value {
        if how == Round::Zero { a } else { self.round(how, true, a) }
    }

    /// The host's conversion saturates, gives 0 for a NaN and raises Invalid, as Cranelift builds it.
    fn signed_of(&mut self, inst: &Inst, how: Round, to: Type, a: ir::Value) -> ir::Value {
        if how != Round::Zero && to == I32 && self.type_of(a) == F64 {
            // Rounding first would raise Inexact for what is out of range.
            let limit = self.b.ins().f64const(2147483647.0);
            let abs = self.b.ins().fabs(a);
            let bad = self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThanOrEqual, abs, limit);
            return self.unless(inst, to, bad, |l| {
                let a = l.round(how, true, a);
                let raw = l.b.ins().fcvt_to_sint_sat(to, a);
                l.pinned(raw)
            });
        }
        if how == Round::NearestAway {
            let bad = self.not_fractional(a);
            return self.unless(inst, to, bad, |l| {
                let a = l.round(how, true, a);
                let raw = l.b.ins().fcvt_to_sint_sat(to, a);
                l.pinned(raw)
            });
        }
        let a = self.round_first(how, a);
        let raw = self.b.ins().fcvt_to_sint_sat(to, a);
        self.pinned(raw)
    }

    /// Through the signed conversion to 64 bits where the value is in its range.
    fn unsigned_of(&mut self, inst: &Inst, how: Round, to: Type, a: ir::Value) -> ir::Value {
        let limit = if to == I32 { 4294967295.0 } else { 9223372036854775808.0 };
        let [limit, least] = [limit, if how == Round::Zero { -1.0 } else { 0.0 }].map(|x| {
            if self.type_of(a) == F32 {
                // 2^32 - 1 is no F32: what lies below 2^32 is at most 2^32 - 256.
                self.b.ins().f32const(x as f32)
            } else {
                self.b.ins().f64const(x)
            }
        });
        let above = self.b.ins().fcmp(FloatCC::UnorderedOrGreaterThanOrEqual, a, limit);
        let below = match how {
            Round::Zero => self.b.ins().fcmp(FloatCC::LessThanOrEqual, a, least),
            _ => self.b.ins().fcmp(FloatCC::LessThan, a, least),
        };
        let mut bad = self.b.ins().bor(above, below);
        if how == Round::NearestAway {
            let large = self.not_fractional(a);
            bad = self.b.ins().bor(bad, large);
        }
        self.unless(inst, to, bad, |l| {
            let a = l.round_first(how, a);
            let wide = l.b.ins().fcvt_to_sint_sat(I64, a);
            l.pinned(wide);
            if to == I32 { l.b.ins().ireduce(I32, wide) } else { wide }
        })
    }

    pub(super) fn int_to_float(&mut self, inst: &Inst) -> Option<ir::Value> {
        let how = FpConv::from_bits(inst.imm)?;
        if !matches!(how.round, Round::Mode | Round::NearestEven) {
            return None;
        }
        let form = Form::of(inst.shape)?;
        let from = inst.from;
        let a = match (form, from) {
            (Form::Scalar(_), Shape::I32 | Shape::I64) => self.v(inst.args[0]),
            (Form::Full(F32X4), Shape::I32x4) => self.vector(inst.args[0], I32X4),
            (Form::Full(F64X2), Shape::I64x2) => self.vector(inst.args[0], I64X2),
            (Form::Pair, Shape::I32x2) => {
                let v = self.v(inst.args[0]);
                let v = self.twice(v);
                self.cast(I32X4, v)
            }
            (Form::One, Shape::I64x1) => {
                let v = self.vector(inst.args[0], I64X2);
                self.b.ins().extractlane(v, 0)
            }
            _ => return None,
        };
        let to = form.work();
        let raw = match how.signed {
            true => self.b.ins().fcvt_from_sint(to, a),
            false if to == F64X2 => {
                let [x, y] = [0, 1].map(|n| {
                    let lane = self.b.ins().extractlane(a, n);
                    self.b.ins().fcvt_from_uint(F64, lane)
                });
                let low = self.b.ins().scalar_to_vector(F64X2, x);
                self.b.ins().insertlane(low, y, 1)
            }
            false => self.b.ins().fcvt_from_uint(to, a),
        };
        if !(from == Shape::I32 && form.work() == F64) {
            self.pinned(raw);
        }
        let raw = match how.fbits {
            0 => raw,
            // A power of two: exact.
            n => {
                let scale = (-(n as f64)).exp2();
                let scale = self.float(to, scale);
                self.b.ins().fmul(raw, scale)
            }
        };
        Some(self.finished(form, raw))
    }
}
