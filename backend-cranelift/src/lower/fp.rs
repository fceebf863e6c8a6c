//! Floating point: host instructions, a cheap check, and the reference for what the check finds.
//!
//! The host computes as every guest does while no NaN comes out: NaNs (which one, with which sign), and what
//! the host does otherwise than the guest, take a cold path to [`crate::helpers::eval`]. Cumulative flags
//! stay in MXCSR until something reads them. Blocks with an unusual control ([`isamorph_ir::Block::fp_exact`])
//! compute everything by the reference, unless the host can be set to the same.
//!
//! Evaluated by the reference always: F16 (but for conversions from and to F32, [`super::half`]), `FMulX`,
//! estimates, `FRecipExp`, rounding to odd, F64 to unsigned lanes; `FMulAdd` and the Newton steps
//! ([`super::fp_step`]) on hosts without FMA.
//!
//! Invariant: a host instruction that runs on the hot path raises no flag that the guest would not have.

use super::Lower;
use crate::abi::engine_offset;
use cranelift_codegen::ir::condcodes::FloatCC;
use cranelift_codegen::ir::types::{F32, F32X4, F64, F64X2, I32, I64, I64X2};
use cranelift_codegen::ir::{self, AbiParam, InstBuilder, Signature, Type};
use cranelift_codegen::isa::CallConv;
use isamorph_ir::contract::NanRule;
use isamorph_ir::inst;
use isamorph_ir::{Inst, Op, Shape, Value};

/// How the host computes a shape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Scalar(Type),
    /// All 128 bits.
    Full(Type),
    /// Two F32: computed with both halves equal, so that the upper one raises no other flags.
    Pair,
    /// One F64 in a vector: computed as a scalar.
    One,
}

impl Form {
    pub(super) fn of(shape: Shape) -> Option<Form> {
        Some(match shape {
            Shape::F32 => Form::Scalar(F32),
            Shape::F64 => Form::Scalar(F64),
            Shape::F32x4 => Form::Full(F32X4),
            Shape::F64x2 => Form::Full(F64X2),
            Shape::F32x2 => Form::Pair,
            Shape::F64x1 => Form::One,
            _ => return None,
        })
    }

    /// Type in which the host computes.
    pub(super) fn work(self) -> Type {
        match self {
            Form::Scalar(t) | Form::Full(t) => t,
            Form::Pair => F32X4,
            Form::One => F64,
        }
    }

    /// Type of the finished value.
    pub(super) fn result(self) -> Type {
        match self {
            Form::Scalar(t) | Form::Full(t) => t,
            Form::Pair => F32X4,
            Form::One => F64X2,
        }
    }
}

impl Lower<'_, '_> {
    pub(super) fn fp(&mut self, inst: &Inst) -> ir::Value {
        match inst.op {
            Op::FAbs | Op::FNeg => return self.sign_bit(inst),
            _ => {}
        }
        // Folding by the compiler would lose the flags.
        let folds = inst.args().all(|v| self.const_of(v).is_some());
        let host = if self.is_fp_exact() || folds { None } else { self.host_fp(inst) };
        host.unwrap_or_else(|| self.eval_result(inst))
    }

    /// The op by host instructions; `None` if there are none.
    fn host_fp(&mut self, inst: &Inst) -> Option<ir::Value> {
        match inst.op {
            Op::FCmp => return self.compare(inst),
            Op::FCvt => return self.convert_precision(inst),
            Op::FToInt => return self.float_to_int(inst),
            Op::IntToF => return self.int_to_float(inst),
            _ => {}
        }
        let form = Form::of(inst.shape)?;
        if inst.op == Op::FMulAdd && !self.target.fma {
            return None;
        }
        match inst.op {
            Op::FAdd | Op::FSub | Op::FMul | Op::FDiv | Op::FSqrt | Op::FMulAdd => {}
            Op::FMin | Op::FMax | Op::FMinNum | Op::FMaxNum => {
                return Some(self.min_max_fp(inst, form));
            }
            Op::FRound => return self.round_to_integral(inst, form),
            Op::FRecipStep | Op::FRsqrtStep if self.target.fma => {
                return Some(self.newton_step(inst, form));
            }
            _ => return None,
        }
        if matches!(form, Form::Scalar(_) | Form::Full(_)) {
            return Some(self.link(inst, form, |l, args| l.arithmetic(inst.op, args)));
        }
        let args: Vec<ir::Value> = inst.args().map(|v| self.operand(form, v)).collect();
        let raw = self.arithmetic(inst.op, &args);
        let bad = self.suspicious(inst.op, raw);
        let value = self.finished(form, raw);
        Some(self.or_reference(inst, form.result(), bad, value))
    }

    fn arithmetic(&mut self, op: Op, args: &[ir::Value]) -> ir::Value {
        match (op, args) {
            (Op::FAdd, [a, b]) => self.b.ins().fadd(*a, *b),
            (Op::FSub, [a, b]) => self.b.ins().fsub(*a, *b),
            (Op::FMul, [a, b]) => self.b.ins().fmul(*a, *b),
            (Op::FDiv, [a, b]) => self.b.ins().fdiv(*a, *b),
            (Op::FSqrt, [a]) => self.b.ins().sqrt(*a),
            (Op::FMulAdd, [a, b, c]) => self.b.ins().fma(*a, *b, *c),
            (op, _) => unreachable!("{op:?} with {} operands", args.len()),
        }
    }

    /// Must results that were rounded up to the least normal number be found?
    pub(super) fn sees_tininess(&self) -> bool {
        self.desc.fp.rule == NanRule::Arm && (self.opts.exact_underflow || self.opts.host_flushes)
    }

    /// Is the block's floating point to be left to the reference?
    pub(super) fn is_fp_exact(&self) -> bool {
        self.block.fp_exact && !self.opts.host_flushes
    }

    /// May this op round a tiny value up to the least normal number, and the guest detects tininess before
    /// rounding? Sums that small are exact. Of two significands of p bits a quotient below 1 is below 1 - 2^-p,
    /// which has p bits itself: so it stays tiny when rounded to nearest, and the host sees it too.
    pub(super) fn rounds_up_tiny(&self, op: Op) -> bool {
        matches!(op, Op::FMul | Op::FMulAdd) && self.sees_tininess()
    }

    /// Not zero if a result or its flags may differ from the guest's: it is a NaN, or (for guests that detect
    /// tininess before rounding) it was rounded up to the least normal number.
    fn suspicious(&mut self, op: Op, raw: ir::Value) -> ir::Value {
        if !self.rounds_up_tiny(op) {
            return self.unordered(raw, raw);
        }
        let odd = self.nan_or_least(raw);
        if self.type_of(raw).is_vector() { self.any_lane(odd) } else { odd }
    }

    /// Which lanes are NaNs or the least normal number, of either sign.
    pub(super) fn nan_or_least(&mut self, raw: ir::Value) -> ir::Value {
        let ty = self.type_of(raw);
        let abs = self.b.ins().fabs(raw);
        let least = self.least_normal(ty);
        if !ty.is_vector() {
            // One host comparison sees both.
            return self.b.ins().fcmp(FloatCC::UnorderedOrEqual, abs, least);
        }
        let nan = self.b.ins().fcmp(FloatCC::Unordered, raw, raw);
        let tiny = self.is_least(raw);
        self.b.ins().bor(nan, tiny)
    }

    /// Which lanes are the least normal number, of either sign.
    pub(super) fn is_least(&mut self, raw: ir::Value) -> ir::Value {
        let ty = self.type_of(raw);
        let abs = self.b.ins().fabs(raw);
        let least = self.least_normal(ty);
        self.b.ins().fcmp(FloatCC::Equal, abs, least)
    }

    pub(super) fn least_normal(&mut self, ty: Type) -> ir::Value {
        let lane = match ty.lane_type() {
            F32 => self.b.ins().f32const(f32::MIN_POSITIVE),
            _ => self.b.ins().f64const(f64::MIN_POSITIVE),
        };
        if ty.is_vector() { self.b.ins().splat(ty, lane) } else { lane }
    }

    /// An operand in the form in which the host computes.
    pub(super) fn operand(&mut self, form: Form, v: Value) -> ir::Value {
        match form {
            Form::Scalar(_) => self.v(v),
            Form::Full(t) => self.vector(v, t),
            Form::One => {
                let v = self.vector(v, F64X2);
                self.b.ins().extractlane(v, 0)
            }
            Form::Pair => {
                let v = self.v(v);
                self.twice(v)
            }
        }
    }

    /// The low half in both halves, as F32X4.
    pub(super) fn twice(&mut self, v: ir::Value) -> ir::Value {
        let both = self.shuffle(v, v, std::array::from_fn(|n| n as u8 % 8));
        self.cast(F32X4, both)
    }

    /// From the form in which the host computes to the value.
    pub(super) fn finished(&mut self, form: Form, raw: ir::Value) -> ir::Value {
        match form {
            Form::Scalar(_) | Form::Full(_) => raw,
            Form::One => self.b.ins().scalar_to_vector(F64X2, raw),
            Form::Pair => {
                let v = self.zero_upper(raw);
                self.cast(F32X4, v)
            }
        }
    }

    /// Not zero if some lanes of `a` and `b` are unordered.
    fn unordered(&mut self, a: ir::Value, b: ir::Value) -> ir::Value {
        let mask = self.b.ins().fcmp(FloatCC::Unordered, a, b);
        if self.type_of(a).is_vector() { self.any_lane(mask) } else { mask }
    }

    /// Not zero if some lane of a comparison's result is set.
    pub(super) fn any_lane(&mut self, mask: ir::Value) -> ir::Value {
        match self.type_of(mask).lane_bits() {
            // One host operation less than the test of all bits.
            32 | 64 => self.b.ins().vhigh_bits(I32, mask),
            _ => self.b.ins().vany_true(mask),
        }
    }

    /// `value` of type `ty`, or the reference's result if `bad` is not zero.
    pub(super) fn or_reference(
        &mut self,
        inst: &Inst,
        ty: Type,
        bad: ir::Value,
        value: ir::Value,
    ) -> ir::Value {
        self.unless(inst, ty, bad, |_| value)
    }

    /// `hot` computed where `bad` is zero, else the reference's result.
    pub(super) fn unless(
        &mut self,
        inst: &Inst,
        ty: Type,
        bad: ir::Value,
        hot: impl FnOnce(&mut Self) -> ir::Value,
    ) -> ir::Value {
        let args: Vec<ir::Value> = inst.args().map(|v| self.v(v)).collect();
        let [cold, usual, done] = [(); 3].map(|()| self.b.create_block());
        self.b.set_cold_block(cold);
        let result = self.b.append_block_param(done, ty);
        self.b.ins().brif(bad, cold, &[], usual, &[]);
        self.b.switch_to_block(cold);
        self.b.seal_block(cold);
        let exact = self.eval_args(inst, &args, ty);
        self.b.ins().jump(done, &[exact.into()]);
        self.b.switch_to_block(usual);
        self.b.seal_block(usual);
        self.cold += 1;
        let value = hot(self);
        self.cold -= 1;
        self.b.ins().jump(done, &[value.into()]);
        self.b.switch_to_block(done);
        self.b.seal_block(done);
        result
    }

    /// Clears (`FAbs`) or inverts (`FNeg`) sign bits.
    fn sign_bit(&mut self, inst: &Inst) -> ir::Value {
        let clear = inst.op == Op::FAbs;
        if let Some(form @ (Form::Scalar(_) | Form::Full(_))) = Form::of(inst.shape) {
            return self.link(inst, form, |l, a| match clear {
                true => l.b.ins().fabs(a[0]),
                false => l.b.ins().fneg(a[0]),
            });
        }
        if inst.shape == Shape::F16 {
            let a = self.v(inst.args[0]);
            return match clear {
                true => self.b.ins().band_imm_u(a, 0x7fff),
                false => self.b.ins().bxor_imm_u(a, 0x8000),
            };
        }
        let ty = super::vec::int_lanes(inst.shape);
        let bits = ty.lane_bits();
        let a = self.vector(inst.args[0], ty);
        let sign = 1u128 << (bits - 1);
        let signs = (0..128 / bits).fold(0, |v, n| v | sign << (n * bits));
        let result = if clear {
            let mask = self.vconst(ty, !signs);
            self.b.ins().band(a, mask)
        } else {
            let mask = self.vconst(ty, signs);
            self.b.ins().bxor(a, mask)
        };
        if inst.shape.is_half() { self.zero_upper(result) } else { result }
    }

    /// The host's minimum raises Invalid for quiet NaNs: so it runs only if there is no NaN.
    fn min_max_fp(&mut self, inst: &Inst, form: Form) -> ir::Value {
        let [a, b] = [0, 1].map(|n| self.operand(form, inst.args[n]));
        let nan = self.unordered(a, b);
        let min = matches!(inst.op, Op::FMin | Op::FMinNum);
        self.unless(inst, form.result(), nan, |l| {
            // Of zeros the host gives the second: both orders, so that -0 < +0 comes out.
            let [x, y] = [(a, b), (b, a)].map(|(a, b)| l.host_min_max(min, a, b));
            let raw = if min { l.b.ins().bor(x, y) } else { l.b.ins().band(x, y) };
            l.finished(form, raw)
        })
    }

    /// `minss` and its kin, in the form that Cranelift recognises.
    fn host_min_max(&mut self, min: bool, a: ir::Value, b: ir::Value) -> ir::Value {
        let ty = self.type_of(a);
        let less = match min {
            true => self.b.ins().fcmp(FloatCC::LessThan, a, b),
            false => self.b.ins().fcmp(FloatCC::LessThan, b, a),
        };
        if ty.is_vector() {
            let mask = self.cast(ty, less);
            self.b.ins().bitselect(mask, a, b)
        } else {
            self.b.ins().select(less, a, b)
        }
    }

    fn compare(&mut self, inst: &Inst) -> Option<ir::Value> {
        let form = Form::of(inst.shape)?;
        let cc = inst::FloatCC::from_bits(inst.imm)?;
        let [mut a, mut b] = [0, 1].map(|n| self.operand(form, inst.args[n]));
        if matches!(cc, inst::FloatCC::AbsGt | inst::FloatCC::AbsGe) {
            [a, b] = [a, b].map(|v| self.b.ins().fabs(v));
        }
        let (cc, signalling) = match cc {
            inst::FloatCC::Eq => (FloatCC::Equal, false),
            inst::FloatCC::Lt => (FloatCC::LessThan, true),
            inst::FloatCC::Le => (FloatCC::LessThanOrEqual, true),
            inst::FloatCC::Gt | inst::FloatCC::AbsGt => (FloatCC::GreaterThan, true),
            inst::FloatCC::Ge | inst::FloatCC::AbsGe => (FloatCC::GreaterThanOrEqual, true),
            inst::FloatCC::Uno => (FloatCC::Unordered, false),
        };
        let scalar = matches!(form, Form::Scalar(_) | Form::One);
        if scalar && signalling {
            // The host's scalar comparison is the quiet one.
            let nan = self.b.ins().fcmp(FloatCC::Unordered, a, b);
            let args: Vec<ir::Value> = inst.args().map(|v| self.v(v)).collect();
            self.in_cold(nan, |l| l.eval_discard(inst, &args));
        }
        let mask = self.b.ins().fcmp(cc, a, b);
        self.pinned(mask);
        Some(match form {
            Form::Scalar(_) => mask,
            Form::Full(_) => mask,
            Form::Pair => self.zero_upper(mask),
            Form::One => {
                let wide = self.b.ins().uextend(I64, mask);
                let all = self.b.ins().ineg(wide);
                self.b.ins().scalar_to_vector(I64X2, all)
            }
        })
    }

    /// The flags in the slot and those that the host holds.
    pub(super) fn fp_flags_read(&mut self) -> ir::Value {
        self.call_fp_stub(engine_offset!(stubs.fp_read));
        let mxcsr = self.load_area(I32, engine_offset!(guest_mxcsr));
        // As `abi::mxcsr_to_flags`.
        let invalid = self.b.ins().band_imm_u(mxcsr, 1);
        let rest = self.b.ins().ushr_imm_u(mxcsr, 1);
        let rest = self.b.ins().band_imm_u(rest, 0b11110);
        let host = self.b.ins().bor(invalid, rest);
        let slot = self.load_area(I32, self.offset(self.desc.fp.flags) as usize);
        self.b.ins().bor(slot, host)
    }

    pub(super) fn fp_flags_write(&mut self, flags: Value) {
        let flags = self.v(flags);
        self.pack_comparisons();
        self.call_fp_stub(engine_offset!(stubs.fp_clear));
        self.store_area(flags, self.offset(self.desc.fp.flags) as usize);
    }

    /// Calls a stub that keeps every register.
    fn call_fp_stub(&mut self, stub: usize) {
        self.settle();
        let mut sig = Signature::new(CallConv::PreserveAll);
        sig.params.push(AbiParam::new(I64));
        let sig = self.b.import_signature(sig);
        let func = self.load_area(I64, stub);
        self.b.ins().call_indirect(sig, func, &[self.area]);
    }
}
