//! Conversions between precisions, and between floating point and integers.
//!
//! Invariant: as in [`super::fp`]: what the host would flag otherwise than the guest is found before the host converts
//! for good.

use super::fp::{Form, X0, X1, form, is_double};
use crate::x64::Gen;
use crate::x64::emit::{Alu, Cc, Gpr, RAX, RCX, Shift, Xmm, code};
use isamorph_ir::inst::{FpConv, FpRound, Round};
use isamorph_ir::{Inst, Shape, Ty, Value};

/// The immediate of `roundss` and its kin; without Inexact if `quiet`.
fn round_imm(round: Round, quiet: bool) -> Option<u8> {
    let mode = match round {
        Round::Mode => 4,
        Round::NearestEven => 0,
        Round::Down => 1,
        Round::Up => 2,
        Round::Zero => 3,
        Round::NearestAway | Round::Odd => return None,
    };
    Some(mode | (quiet as u8) << 3)
}

impl Gen<'_> {
    /// [`isamorph_ir::Op::FRound`].
    pub(super) fn round(&mut self, inst: &Inst, v: Value) -> bool {
        let Some((form, _)) = form(inst.shape) else { return false };
        let Some(how) = FpRound::from_bits(inst.imm) else { return false };
        let Some(imm) = round_imm(how.round, !how.exact) else { return false };
        let a = self.fp_operand(form, inst.args[0], X0);
        let d = self.def_x(v);
        let double = is_double(inst.shape);
        if matches!(form, Form::Scalar | Form::One) {
            self.round_scalar(double, d, a, imm);
            self.e.v2(code(if double { 0x66 } else { 0 }, 1, 0x2e), d, d);
            let from = self.e.jcc(Cc::P);
            self.eval_if(from, inst, Some(v));
        } else {
            self.e.v2i(code(0x66, 3, 0x08 | double as u8), d, a, imm);
            self.e.v3i(code(if double { 0x66 } else { 0 }, 1, 0xc2), X1, d, d, 3);
            let from = self.any(X1);
            self.eval_if(from, inst, Some(v));
        }
        true
    }

    /// Rounds a scalar; zeros above, those of the operand.
    fn round_scalar(&mut self, double: bool, d: Xmm, a: Xmm, imm: u8) {
        self.e.movaps(X1, a);
        self.e.v3i(code(0x66, 3, 0x0a | double as u8), d, X1, a, imm);
    }

    /// Between F32 and F64. NaNs convert alike everywhere.
    pub(super) fn convert_precision(&mut self, inst: &Inst, v: Value) -> bool {
        let even = matches!(Round::from_bits(inst.imm), Some(Round::Mode | Round::NearestEven));
        if !even {
            return false;
        }
        let (prefix, scalar) = match (inst.shape, inst.from) {
            (Shape::F64, Shape::F32) => (0xf3, true),
            (Shape::F32, Shape::F64) => (0xf2, true),
            (Shape::F64x2, Shape::F32x2) => (0, false),
            (Shape::F32x2, Shape::F64x2) => (0x66, false),
            _ => return false,
        };
        let a = self.xmm(inst.args[0]);
        let d = self.def_x(v);
        if scalar {
            self.e.zero_x(X0);
            self.e.v3(code(prefix, 1, 0x5a), d, X0, a);
        } else {
            self.e.v2(code(prefix, 1, 0x5a), d, a);
        }
        if self.options.exact_underflow && inst.shape.elem() == Some(Ty::F32) {
            self.check(inst, v, true);
        }
        true
    }

    pub(super) fn float_to_int(&mut self, inst: &Inst, v: Value) -> bool {
        let Some(how) = FpConv::from_bits(inst.imm) else { return false };
        let Some((form, _)) = form(inst.from) else { return false };
        let Some(imm) = round_imm(how.round, true) else { return false };
        if how.fbits != 0 {
            return false;
        }
        match (form, inst.shape) {
            (Form::Scalar, Shape::I32 | Shape::I64) if how.signed => {
                self.convert_signed(inst, v, how.round, imm);
            }
            (Form::Scalar, Shape::I32 | Shape::I64) if how.round == Round::Zero => {
                self.convert_unsigned(inst, v);
            }
            (Form::Full, Shape::I32x4) | (Form::Pair, Shape::I32x2)
                if how.signed && how.round == Round::Zero =>
            {
                let a = self.fp_operand(form, inst.args[0], X0);
                let d = self.def_x(v);
                self.e.v2(code(0xf3, 1, 0x5b), d, a);
                // NaN and out of range give the least integer, and Invalid.
                let least = self.e.constant(0x80000000_80000000_80000000_80000000);
                self.e.v3(code(0x66, 1, 0x76), X1, d, least);
                let from = self.any(X1);
                self.eval_if(from, inst, Some(v));
            }
            _ => return false,
        }
        true
    }

    fn truncate_float(&mut self, double: bool, w: bool, d: Gpr, a: Xmm) {
        let prefix = if double { 0xf2 } else { 0xf3 };
        self.e.v2w(code(prefix, 1, 0x2c), w, d.0, a.into(), None);
    }

    /// The host gives the least integer for NaN and what is out of range.
    fn convert_signed(&mut self, inst: &Inst, v: Value, round: Round, imm: u8) {
        let (double, w) = (is_double(inst.from), inst.shape == Shape::I64);
        let a = self.xmm(inst.args[0]);
        let d = self.def_g(v);
        let mut x = a;
        if round != Round::Zero {
            // Quietly: what is out of range is not Inexact.
            self.round_scalar(double, X0, a, imm);
            x = X0;
        }
        self.truncate_float(double, w, d, x);
        self.e.alu_imm(Alu::Cmp, w, d, 1);
        let from = self.e.jcc(Cc::O);
        if round != Round::Zero {
            self.round_scalar(double, X0, a, imm & !8);
        }
        self.eval_if(from, inst, Some(v));
    }

    /// Through the signed conversion to 64 bits, if the value is in its range.
    fn convert_unsigned(&mut self, inst: &Inst, v: Value) {
        let (double, wide) = (is_double(inst.from), inst.shape == Shape::I64);
        let a = self.xmm(inst.args[0]);
        let d = self.def_g(v);
        let limit = if wide { 9223372036854775808.0 } else { 4294967296.0 };
        let bits = |x: f64| if double { x.to_bits() as u128 } else { (x as f32).to_bits() as u128 };
        let compare = code(if double { 0x66 } else { 0 }, 1, 0x2e);
        let above = self.e.constant(bits(limit));
        self.e.load_x(16, true, X0, above);
        self.e.v2(compare, X0, a);
        let large = self.e.jcc(Cc::Be);
        let below = self.e.constant(bits(-1.0));
        self.e.v2(compare, a, below);
        let small = self.e.jcc(Cc::Be);
        self.truncate_float(double, true, d, a);
        if !wide {
            self.e.mov(false, d, d);
        }
        self.eval_if(large, inst, Some(v));
        self.eval_if(small, inst, Some(v));
    }

    pub(super) fn int_to_float(&mut self, inst: &Inst, v: Value) -> bool {
        let Some(how) = FpConv::from_bits(inst.imm) else { return false };
        let Some((form, prefix)) = form(inst.shape) else { return false };
        if !matches!(how.round, Round::Mode | Round::NearestEven) || how.fbits != 0 {
            return false;
        }
        let from = inst.from;
        match (form, from) {
            (Form::Scalar, Shape::I32 | Shape::I64) => {
                let w = from == Shape::I64;
                let a = if how.signed { self.gpr(inst.args[0]) } else { self.clean(inst.args[0]) };
                let d = self.def_x(v);
                self.int_scalar(prefix, w, how.signed, d, a);
            }
            (Form::One, Shape::I64x1) => {
                let a = self.xmm(inst.args[0]);
                let d = self.def_x(v);
                self.e.movd_from(true, RCX, a);
                self.int_scalar(prefix, true, how.signed, d, RCX);
            }
            (Form::Full, Shape::I32x4) | (Form::Pair, Shape::I32x2) if how.signed => {
                let a = self.fp_operand(form, inst.args[0], X0);
                let d = self.def_x(v);
                self.e.v2(code(0, 1, 0x5b), d, a);
            }
            (Form::Full, Shape::I64x2) if how.signed => {
                let a = self.xmm(inst.args[0]);
                let d = self.def_x(v);
                self.e.movd_from(true, RAX, a);
                self.e.v2w(code(0x66, 3, 0x16), true, a.0, RCX.into(), Some(1));
                self.int_scalar(prefix_of_double(), true, true, d, RAX);
                self.int_scalar(prefix_of_double(), true, true, X1, RCX);
                self.e.v3(code(0x66, 1, 0x6c), d, d, X1);
            }
            _ => return false,
        }
        true
    }

    /// An integer register as a float, zeros above. X0 and RAX are used up.
    fn int_scalar(&mut self, prefix: u8, w: bool, signed: bool, d: Xmm, a: Gpr) {
        let convert = code(prefix, 1, 0x2a);
        self.e.zero_x(X0);
        if signed || !w {
            // An unsigned word is a signed double word.
            return self.e.v3w(convert, w || !signed, d, X0, a, None);
        }
        self.e.test(true, a, a);
        let large = self.e.jcc(Cc::S);
        self.e.v3w(convert, true, d, X0, a, None);
        let done = self.e.jmp();
        self.e.bind(large);
        // Half of it, the last bit kept sticky, twice.
        self.e.mov(true, RAX, a);
        self.e.shift_imm(Shift::Shr, true, RAX, 1);
        self.e.mov(false, crate::x64::emit::RDX, a);
        self.e.alu_imm(Alu::And, false, crate::x64::emit::RDX, 1);
        self.e.alu(Alu::Or, true, RAX, crate::x64::emit::RDX);
        self.e.v3w(convert, true, d, X0, RAX, None);
        self.e.v3(code(prefix, 1, 0x58), d, d, d);
        self.e.bind(done);
    }
}

const fn prefix_of_double() -> u8 {
    0xf2
}
