//! Floating point: host instructions, a cheap check, and the reference for what the check finds.
//!
//! The host computes as every guest does while no NaN comes out; NaNs take a cold path to the reference. Cumulative
//! flags stay in MXCSR until something reads them.
//!
//! Invariant: a host instruction on the usual path raises no flag that the guest would not have.

use crate::x64::Gen;
use crate::x64::alloc::Place;
use crate::x64::emit::{Alu, Cc, Code, Jump, Mem, RAX, RCX, Rm, Shift, Xmm, code};
use isamorph_backend_abi::engine_offset;
use isamorph_ir::contract::NanRule;
use isamorph_ir::flags::CondCC;
use isamorph_ir::inst::FloatCC;
use isamorph_ir::{Inst, Op, Shape, Ty, Value};

/// How the host computes a shape.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Scalar,
    /// All 128 bits.
    Full,
    /// Two F32 in the low half.
    Pair,
    /// One F64 of a vector.
    One,
}

/// The form, and the mandatory prefix of its instructions; F16 has none.
pub(super) fn form(shape: Shape) -> Option<(Form, u8)> {
    Some(match shape {
        Shape::F32 => (Form::Scalar, 0xf3),
        Shape::F64 => (Form::Scalar, 0xf2),
        Shape::F32x4 => (Form::Full, 0),
        Shape::F64x2 => (Form::Full, 0x66),
        Shape::F32x2 => (Form::Pair, 0),
        Shape::F64x1 => (Form::One, 0xf2),
        _ => return None,
    })
}

pub(super) const X0: Xmm = Xmm(0);
pub(super) const X1: Xmm = Xmm(1);
pub(super) const X2: Xmm = Xmm(2);

/// `ucomiss`/`ucomisd` or, signalling, `comiss`/`comisd`.
fn comi(double: bool, signalling: bool) -> Code {
    code(if double { 0x66 } else { 0 }, 1, if signalling { 0x2f } else { 0x2e })
}

/// The least normal number in every lane.
fn least_normal(double: bool) -> u128 {
    if double {
        super::vec::repeat(f64::MIN_POSITIVE.to_bits(), 64)
    } else {
        super::vec::repeat(f32::MIN_POSITIVE.to_bits() as u64, 32)
    }
}

pub(super) fn is_double(shape: Shape) -> bool {
    shape.elem() == Some(Ty::F64)
}

impl Gen<'_> {
    /// An operand as the host needs it: of a 64-bit arrangement with zeros above.
    pub(super) fn fp_operand(&mut self, form: Form, v: Value, temp: Xmm) -> Xmm {
        let r = self.xmm(v);
        match form {
            Form::Scalar | Form::Full => r,
            Form::Pair | Form::One => {
                self.e.load_x(8, false, temp, r);
                temp
            }
        }
    }

    /// Must results that were rounded up to the least normal number be found?
    fn sees_tininess(&self) -> bool {
        self.desc.fp.rule == NanRule::Arm && self.options.exact_underflow
    }

    /// Add, subtract, multiply, divide, square root, fused multiplication and addition.
    pub(super) fn arithmetic(&mut self, inst: &Inst, v: Value) -> bool {
        let Some((form, prefix)) = form(inst.shape) else { return false };
        let byte = match inst.op {
            Op::FAdd => 0x58,
            Op::FSub => 0x5c,
            Op::FMul => 0x59,
            Op::FDiv => 0x5e,
            Op::FSqrt => 0x51,
            _ if self.host.fma => return self.fused(inst, v, form),
            _ => return false,
        };
        let c = code(prefix, 1, byte);
        let [a, b, ..] = inst.args;
        let plain = matches!(form, Form::Scalar | Form::Full);
        if inst.op == Op::FSqrt {
            let x = self.fp_operand(form, a, X0);
            let d = self.def_x(v);
            match form {
                Form::Scalar | Form::One => {
                    // Zeros above: those of the operand.
                    self.e.movaps(X1, x);
                    self.e.v3(c, d, X1, x);
                }
                Form::Full | Form::Pair => self.e.v2(c, d, x),
            }
        } else if plain {
            let y = self.xrm(b);
            let x = self.xmm(a);
            let d = self.def_x(v);
            self.e.v3(c, d, x, y);
        } else {
            let x = self.fp_operand(form, a, X0);
            let y = self.fp_operand(form, b, X1);
            if form == Form::Pair && inst.op == Op::FDiv {
                // Both halves alike: 0 / 0 above would raise Invalid.
                for r in [x, y] {
                    self.e.v3(code(0x66, 1, 0x6c), r, r, r);
                }
            }
            let d = self.def_x(v);
            self.e.v3(c, d, x, y);
            if form == Form::Pair && inst.op == Op::FDiv {
                self.e.load_x(8, false, d, d);
            }
        }
        self.check(inst, v, matches!(inst.op, Op::FMul | Op::FDiv));
        true
    }

    fn fused(&mut self, inst: &Inst, v: Value, form: Form) -> bool {
        let [a, b, c, _] = inst.args;
        let scalar = matches!(form, Form::Scalar | Form::One);
        // 213: d = b * d + c; the sum's upper lanes are those of d.
        let op = code(0x66, 2, if scalar { 0xa9 } else { 0xa8 });
        let x = self.fp_operand(form, a, X0);
        let y = self.fp_operand(form, b, X1);
        let z = self.fp_operand(form, c, X2);
        let d = self.def_x(v);
        self.e.movaps(d, x);
        self.e.vex_only(op, is_double(inst.shape), d, y, z);
        self.check(inst, v, true);
        true
    }

    /// The result is a NaN, or (if it may be tiny) one of those whose flags differ: the reference computes it.
    pub(super) fn check(&mut self, inst: &Inst, v: Value, underflows: bool) {
        let Place::Xmm(d) = self.place(v) else { return };
        let double = is_double(inst.shape);
        let scalar = !inst.shape.is_vector() || inst.shape == Shape::F64x1;
        let tiny = underflows && self.sees_tininess();
        let from = match (scalar, tiny) {
            (true, false) => {
                self.e.v2(comi(double, false), d, d);
                self.e.jcc(Cc::P)
            }
            (true, true) => {
                // Equal or unordered.
                self.magnitude(double, X1, d);
                let least = self.e.constant(least_normal(double));
                self.e.v2(comi(double, false), X1, least);
                self.e.jcc(Cc::E)
            }
            (false, _) => {
                let prefix = if double { 0x66 } else { 0 };
                self.e.v3i(code(prefix, 1, 0xc2), X0, d, d, 3);
                if tiny {
                    self.magnitude(double, X1, d);
                    let least = self.e.constant(least_normal(double));
                    self.e.v3i(code(prefix, 1, 0xc2), X1, X1, least, 0);
                    self.e.v3(code(0x66, 1, 0xeb), X0, X0, X1);
                }
                self.any(X0)
            }
        };
        self.eval_if(from, inst, Some(v));
    }

    /// `d` = the lanes of `a` without their signs.
    fn magnitude(&mut self, double: bool, d: Xmm, a: Xmm) {
        let sign =
            if double { 1u128 << 63 | 1 << 127 } else { 0x80000000_80000000_80000000_80000000 };
        let mask = self.e.constant(!sign);
        self.e.v3(code(0, 1, 0x54), d, a, mask);
    }

    /// Jumps if some bit is set.
    pub(super) fn any(&mut self, r: Xmm) -> Jump {
        self.e.v2(code(0x66, 2, 0x17), r, r);
        self.e.jcc(Cc::Ne)
    }

    /// The host's minimum raises Invalid for quiet NaNs: so it runs only if there is no NaN.
    pub(super) fn min_max_fp(&mut self, inst: &Inst, v: Value) -> bool {
        let Some((form, prefix)) = form(inst.shape) else { return false };
        let [a, b, ..] = inst.args;
        let double = is_double(inst.shape);
        let x = self.fp_operand(form, a, X0);
        let y = self.fp_operand(form, b, X1);
        let d = self.def_x(v);
        let from = if matches!(form, Form::Scalar | Form::One) {
            self.e.v2(comi(double, false), x, y);
            self.e.jcc(Cc::P)
        } else {
            self.e.v3i(code(prefix, 1, 0xc2), X2, x, y, 3);
            self.any(X2)
        };
        let min = matches!(inst.op, Op::FMin | Op::FMinNum);
        let c = code(prefix, 1, if min { 0x5d } else { 0x5f });
        // Of zeros the host gives the second: both orders, so that -0 < +0 comes out.
        self.e.v3(c, X2, y, x);
        self.e.v3(c, d, x, y);
        self.e.v3(code(0x66, 1, if min { 0xeb } else { 0xdb }), d, d, X2);
        self.eval_if(from, inst, Some(v));
        true
    }

    /// Clears (`FAbs`) or inverts (`FNeg`) sign bits.
    pub(super) fn sign_bit(&mut self, inst: &Inst, v: Value) -> bool {
        let clear = inst.op == Op::FAbs;
        let a = inst.args[0];
        if inst.shape == Shape::F16 {
            let d = self.def_g_from(v, a);
            let (op, imm) = if clear { (Alu::And, 0x7fff) } else { (Alu::Xor, 0x8000) };
            self.e.alu_imm(op, false, d, imm);
            return true;
        }
        let Some(ty) = inst.shape.elem() else { return false };
        let (bits, lanes) = (ty.bits(), inst.shape.lanes());
        let signs = (0..lanes).fold(0u128, |m, n| m | 1 << (bits * n + bits - 1));
        let kept = if inst.shape.is_half() { u64::MAX as u128 } else { u128::MAX };
        let mut r = self.xmm(a);
        if inst.shape.is_half() && !clear {
            self.e.load_x(8, false, X0, r);
            r = X0;
        }
        let mask = self.e.constant(if clear { kept & !signs } else { signs });
        let d = if r == X0 { self.def_x(v) } else { self.def_x_over(v, &[a]) };
        self.e.v3(code(0, 1, if clear { 0x54 } else { 0x57 }), d, r, mask);
        true
    }

    pub(super) fn compare_fp(&mut self, inst: &Inst, v: Value) -> bool {
        let Some((form, prefix)) = form(inst.shape) else { return false };
        let Some(cc) = FloatCC::from_bits(inst.imm) else { return false };
        let [a, b, ..] = inst.args;
        let mut x = self.fp_operand(form, a, X0);
        let mut y = self.fp_operand(form, b, X1);
        if matches!(cc, FloatCC::AbsGt | FloatCC::AbsGe) {
            self.magnitude(is_double(inst.shape), X0, x);
            self.magnitude(is_double(inst.shape), X1, y);
            (x, y) = (X0, X1);
        }
        if form == Form::Scalar {
            let signalling = !matches!(cc, FloatCC::Eq | FloatCC::Uno);
            let swap = matches!(cc, FloatCC::Lt | FloatCC::Le);
            let (x, y) = if swap { (y, x) } else { (x, y) };
            self.e.v2(comi(is_double(inst.shape), signalling), x, y);
            let holds = match cc {
                FloatCC::Eq => {
                    self.e.setcc(Cc::Np, RCX);
                    self.e.setcc(Cc::E, RAX);
                    self.e.alu(Alu::And, false, RAX, RCX);
                    let d = self.def_g(v);
                    self.e.load_zx(1, d, RAX);
                    return true;
                }
                FloatCC::Uno => Cc::P,
                FloatCC::Lt | FloatCC::Gt | FloatCC::AbsGt => Cc::A,
                FloatCC::Le | FloatCC::Ge | FloatCC::AbsGe => Cc::Ae,
            };
            self.set(holds, v);
            return true;
        }
        let (swap, imm) = match cc {
            FloatCC::Eq => (false, 0),
            FloatCC::Lt => (false, 1),
            FloatCC::Le => (false, 2),
            FloatCC::Gt | FloatCC::AbsGt => (true, 1),
            FloatCC::Ge | FloatCC::AbsGe => (true, 2),
            FloatCC::Uno => (false, 3),
        };
        let (x, y) = if swap { (y, x) } else { (x, y) };
        let d = self.def_x(v);
        self.e.v3i(code(prefix, 1, 0xc2), d, x, y, imm);
        if form != Form::Full {
            self.e.load_x(8, false, d, d);
        }
        true
    }

    /// Sets the host's flags for a condition on a comparison of floats; `flags` is the comparison.
    pub(super) fn holds_for_floats(&mut self, cc: CondCC, flags: &Inst) -> Cc {
        let [a, b, ..] = flags.args;
        let (double, signalling) = (is_double(flags.shape), flags.imm != 0);
        // Conditions that hold for `less` but not for `unordered` need the operands exchanged.
        let (swap, host) = match cc {
            CondCC::Eq | CondCC::Ne => (false, Cc::E),
            CondCC::Gt => (false, Cc::A),
            CondCC::Le => (false, Cc::Be),
            CondCC::Ge => (false, Cc::Ae),
            CondCC::Lt => (false, Cc::B),
            CondCC::Mi | CondCC::Cc => (true, Cc::A),
            CondCC::Pl | CondCC::Cs => (true, Cc::Be),
            CondCC::Ls => (true, Cc::Ae),
            CondCC::Hi => (true, Cc::B),
            CondCC::Vs => (false, Cc::P),
            CondCC::Vc => (false, Cc::Np),
        };
        let (a, b) = if swap { (b, a) } else { (a, b) };
        self.compare_floats(double, signalling, a, b);
        if !matches!(cc, CondCC::Eq | CondCC::Ne) {
            return host;
        }
        self.e.setcc(Cc::Np, RCX);
        self.e.setcc(Cc::E, RAX);
        self.e.raw(&[0x84, 0xc8]); // test al, cl
        if cc == CondCC::Eq { Cc::Ne } else { Cc::E }
    }

    fn compare_floats(&mut self, double: bool, signalling: bool, a: Value, b: Value) {
        let y: Rm = self.xrm(b);
        let x = self.xmm(a);
        self.e.v2(comi(double, signalling), x, y);
    }

    /// The nibble of a comparison of floats, in RAX: 2 greater, 8 less, 6 equal, 3 unordered.
    pub(super) fn nibble_of_floats(&mut self, flags: &Inst) {
        let [a, b, ..] = flags.args;
        self.compare_floats(is_double(flags.shape), flags.imm != 0, a, b);
        // Z, P and C become a number: 0 greater, 1 less, 4 equal, 5 unordered.
        self.e.raw(&[0x9f]); // lahf
        self.e.raw(&[0x0f, 0xb6, 0xcc]); // movzx ecx, ah
        self.e.mov(false, RAX, RCX);
        self.e.shift_imm(Shift::Shr, false, RAX, 4);
        self.e.alu(Alu::Or, false, RCX, RAX);
        self.e.alu_imm(Alu::And, false, RCX, 5);
        self.e.shift_imm(Shift::Shl, false, RCX, 2);
        self.e.mov_imm(RAX, 0x36_00_82);
        self.e.shift_cl(Shift::Shr, false, RAX);
        self.e.alu_imm(Alu::And, false, RAX, 15);
    }

    /// The flags in the slot and those that the host holds.
    pub(super) fn fp_flags_read(&mut self, v: Value) -> bool {
        self.e.call_rm(Mem::area(engine_offset!(stubs.fp_read)));
        let d = self.def_g(v);
        self.e.mov(false, RAX, Mem::area(engine_offset!(guest_mxcsr)));
        // As `abi::mxcsr_to_flags`.
        self.e.mov(false, d, RAX);
        self.e.alu_imm(Alu::And, false, d, 1);
        self.e.shift_imm(Shift::Shr, false, RAX, 1);
        self.e.alu_imm(Alu::And, false, RAX, 0b11110);
        self.e.alu(Alu::Or, false, d, RAX);
        let slot = self.slot(self.desc.fp.flags.0 as u128);
        self.e.alu(Alu::Or, false, d, slot);
        true
    }

    pub(super) fn fp_flags_write(&mut self, inst: &Inst) -> bool {
        let flags = self.gpr(inst.args[0]);
        self.e.call_rm(Mem::area(engine_offset!(stubs.fp_clear)));
        let slot = self.slot(self.desc.fp.flags.0 as u128);
        self.e.store(4, slot, flags);
        true
    }
}
