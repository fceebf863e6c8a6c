//! Scalar floating point: moves, arithmetic, compares, selection, conversions to and from general registers.

use crate::isa::*;
use crate::lift::simd_copy::{fp_imm, fp_imm16, fp_imm32};
use crate::lift::simd_shift_imm::{from_fixed, to_fixed};
use crate::lift::simd_two_reg_misc::{EXACT, rounding, to_signed, to_unsigned};
use crate::lift::{Flow, Lifter};
use crate::operand::gpr;
use crate::state;
use isamorph_ir::inst::{FpConv, IntCC, Round};
use isamorph_ir::{Shape, Ty, Value};

/// The type that `ftype` names.
const fn fp(ftype: u8) -> Ty {
    match ftype {
        0 => Ty::F32,
        1 => Ty::F64,
        _ => Ty::F16,
    }
}

/// The integer of the width that `ftype` names.
const fn bits_of(ftype: u8) -> Ty {
    match ftype {
        0 => Ty::I32,
        1 => Ty::I64,
        _ => Ty::I16,
    }
}

/// One source.
macro_rules! one {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.fp_two(fp(i.ftype), i.rd, i.rn, $op)
        }
    )* } };
}

one! {
    fmov Fmov = |_, _, a| a;
    fabs Fabs = |l, s, a| l.ir.fabs(s, a);
    fneg Fneg = |l, s, a| l.ir.fneg(s, a);
    fsqrt Fsqrt = |l, s, a| l.ir.fsqrt(s, a);
    frintn Frintn = |l, s, a| l.ir.fround(s, rounding(Round::NearestEven), a);
    frintp Frintp = |l, s, a| l.ir.fround(s, rounding(Round::Up), a);
    frintm Frintm = |l, s, a| l.ir.fround(s, rounding(Round::Down), a);
    frintz Frintz = |l, s, a| l.ir.fround(s, rounding(Round::Zero), a);
    frinta Frinta = |l, s, a| l.ir.fround(s, rounding(Round::NearestAway), a);
    frintx Frintx = |l, s, a| l.ir.fround(s, EXACT, a);
    frinti Frinti = |l, s, a| l.ir.fround(s, rounding(Round::Mode), a);
}

/// Two sources.
macro_rules! two {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.fp_three(fp(i.ftype), i.rd, i.rn, i.rm, $op)
        }
    )* } };
}

two! {
    fmul Fmul = |l, s, a, b| l.ir.fmul(s, a, b);
    fdiv Fdiv = |l, s, a, b| l.ir.fdiv(s, a, b);
    fadd Fadd = |l, s, a, b| l.ir.fadd(s, a, b);
    fsub Fsub = |l, s, a, b| l.ir.fsub(s, a, b);
    fmax Fmax = |l, s, a, b| l.ir.fmax(s, a, b);
    fmin Fmin = |l, s, a, b| l.ir.fmin(s, a, b);
    fmaxnm Fmaxnm = |l, s, a, b| l.ir.fmaxnum(s, a, b);
    fminnm Fminnm = |l, s, a, b| l.ir.fminnum(s, a, b);
    fnmul Fnmul = |l, s, a, b| { let product = l.ir.fmul(s, a, b); l.ir.fneg(s, product) };
}

/// Three sources: Ra + Rn * Rm with either or both of Ra and Rn negated.
macro_rules! three {
    ($($name:ident $fields:ident = $minus_a:literal $minus_n:literal;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let ty = fp(i.ftype);
            let addend = self.signed_operand(ty, $minus_a, i.ra);
            let factor = self.signed_operand(ty, $minus_n, i.rn);
            self.fp_three(ty, i.rd, i.rn, i.rm, |l, s, _, b| l.ir.fmuladd(s, factor, b, addend))
        }
    )* } };
}

three! {
    fmadd Fmadd = false false;
    fmsub Fmsub = false true;
    fnmadd Fnmadd = true true;
    fnmsub Fnmsub = true false;
}

/// Conversions to a general register.
macro_rules! to_general {
    ($($name:ident $fields:ident = $how:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.float_to_int(gpr(i.sf), fp(i.ftype), $how, i.rd, i.rn)
        }
    )* } };
}

to_general! {
    fcvtns_gen FcvtnsGen = to_signed(Round::NearestEven);
    fcvtnu_gen FcvtnuGen = to_unsigned(Round::NearestEven);
    fcvtps_gen FcvtpsGen = to_signed(Round::Up);
    fcvtpu_gen FcvtpuGen = to_unsigned(Round::Up);
    fcvtms_gen FcvtmsGen = to_signed(Round::Down);
    fcvtmu_gen FcvtmuGen = to_unsigned(Round::Down);
    fcvtzs_gen FcvtzsGen = to_signed(Round::Zero);
    fcvtzu_gen FcvtzuGen = to_unsigned(Round::Zero);
    fcvtas_gen FcvtasGen = to_signed(Round::NearestAway);
    fcvtau_gen FcvtauGen = to_unsigned(Round::NearestAway);
}

impl Lifter {
    /// FCVT: between precisions.
    pub(crate) fn fcvt(&mut self, i: Fcvt) -> Flow {
        let (to, from) = (fp(i.opc), fp(i.ftype));
        let a = self.read_fp(from, i.rn);
        let result = self.ir.fcvt(to, from, Round::Mode, a);
        self.write_fp(i.rd, result);
        Flow::Next
    }

    /// Register `r`, negated if `minus`.
    fn signed_operand(&mut self, ty: Ty, minus: bool, r: u8) -> Value {
        let value = self.read_fp(ty, r);
        if minus { self.ir.fneg(ty, value) } else { value }
    }

    /// FMOV (scalar, immediate).
    pub(crate) fn fmov_imm(&mut self, i: FmovImm) -> Flow {
        let bits = match i.ftype {
            0 => fp_imm32(i.imm8) as u64,
            1 => fp_imm(i.imm8),
            _ => fp_imm16(i.imm8) as u64,
        };
        let value = self.vector(bits as u128);
        self.write_v(i.rd, value);
        Flow::Next
    }

    /// FCMP: NZCV <- Rn compared with Rm.
    pub(crate) fn fcmp(&mut self, i: Fcmp) -> Flow {
        let ty = fp(i.ftype);
        let (a, b) = (self.read_fp(ty, i.rn), self.read_fp(ty, i.rm));
        self.compare(ty, a, b, false)
    }

    /// FCMP (zero).
    pub(crate) fn fcmp_z(&mut self, i: FcmpZ) -> Flow {
        let ty = fp(i.ftype);
        let (a, zero) = (self.read_fp(ty, i.rn), self.ir.iconst(ty, 0));
        self.compare(ty, a, zero, false)
    }

    /// FCMPE: the same, also a quiet NaN raises Invalid.
    pub(crate) fn fcmpe(&mut self, i: Fcmpe) -> Flow {
        let ty = fp(i.ftype);
        let (a, b) = (self.read_fp(ty, i.rn), self.read_fp(ty, i.rm));
        self.compare(ty, a, b, true)
    }

    /// FCMPE (zero).
    pub(crate) fn fcmpe_z(&mut self, i: FcmpeZ) -> Flow {
        let ty = fp(i.ftype);
        let (a, zero) = (self.read_fp(ty, i.rn), self.ir.iconst(ty, 0));
        self.compare(ty, a, zero, true)
    }

    fn compare(&mut self, ty: Ty, a: Value, b: Value, signaling: bool) -> Flow {
        let flags = self.ir.flags_fcmp(ty, a, b, signaling);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// FCCMP: NZCV <- Rn compared with Rm if `cond` holds, else the immediate.
    pub(crate) fn fccmp(&mut self, i: Fccmp) -> Flow {
        self.conditional_compare(fp(i.ftype), i.rn, i.rm, i.cond, i.nzcv, false)
    }

    /// FCCMPE.
    pub(crate) fn fccmpe(&mut self, i: Fccmpe) -> Flow {
        self.conditional_compare(fp(i.ftype), i.rn, i.rm, i.cond, i.nzcv, true)
    }

    fn conditional_compare(
        &mut self,
        ty: Ty,
        rn: u8,
        rm: u8,
        cond: u8,
        nzcv: u8,
        signaling: bool,
    ) -> Flow {
        let holds = self.cond_holds(cond);
        let (a, b, zero) = (self.read_fp(ty, rn), self.read_fp(ty, rm), self.ir.iconst(ty, 0));
        // A comparison that is not made must not raise exceptions.
        let (a, b) = (self.ir.select(holds, a, zero), self.ir.select(holds, b, zero));
        let compared = self.ir.flags_fcmp(ty, a, b, signaling);
        let nzcv = self.imm(Ty::I32, nzcv as u64);
        let given = self.ir.flags_pack(nzcv);
        let flags = self.ir.select(holds, compared, given);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// FCSEL: Rd <- Rn if `cond` holds, else Rm.
    pub(crate) fn fcsel(&mut self, i: Fcsel) -> Flow {
        let holds = self.cond_holds(i.cond);
        self.fp_three(fp(i.ftype), i.rd, i.rn, i.rm, |l, _, a, b| l.ir.select(holds, a, b))
    }

    fn float_to_int(&mut self, to: Ty, from: Ty, how: FpConv, rd: u8, rn: u8) -> Flow {
        let a = self.read_fp(from, rn);
        let result = self.ir.ftoint(to, from, how, a);
        self.write_zr(rd, result);
        Flow::Next
    }

    fn int_to_float(&mut self, to: Ty, from: Ty, how: FpConv, rd: u8, rn: u8) -> Flow {
        let a = self.read_zr(from, rn);
        let result = self.ir.inttof(to, from, how, a);
        self.write_fp(rd, result);
        Flow::Next
    }

    /// SCVTF (scalar, integer).
    pub(crate) fn scvtf_gen(&mut self, i: ScvtfGen) -> Flow {
        self.int_to_float(fp(i.ftype), gpr(i.sf), to_signed(Round::Mode), i.rd, i.rn)
    }

    /// UCVTF (scalar, integer).
    pub(crate) fn ucvtf_gen(&mut self, i: UcvtfGen) -> Flow {
        self.int_to_float(fp(i.ftype), gpr(i.sf), to_unsigned(Round::Mode), i.rd, i.rn)
    }

    /// SCVTF (scalar, fixed-point).
    pub(crate) fn scvtf_fix(&mut self, i: ScvtfFix) -> Flow {
        self.int_to_float(fp(i.ftype), gpr(i.sf), from_fixed(true, 64 - i.scale), i.rd, i.rn)
    }

    /// UCVTF (scalar, fixed-point).
    pub(crate) fn ucvtf_fix(&mut self, i: UcvtfFix) -> Flow {
        self.int_to_float(fp(i.ftype), gpr(i.sf), from_fixed(false, 64 - i.scale), i.rd, i.rn)
    }

    /// FCVTZS (scalar, fixed-point).
    pub(crate) fn fcvtzs_fix(&mut self, i: FcvtzsFix) -> Flow {
        self.float_to_int(gpr(i.sf), fp(i.ftype), to_fixed(true, 64 - i.scale), i.rd, i.rn)
    }

    /// FCVTZU (scalar, fixed-point).
    pub(crate) fn fcvtzu_fix(&mut self, i: FcvtzuFix) -> Flow {
        self.float_to_int(gpr(i.sf), fp(i.ftype), to_fixed(false, 64 - i.scale), i.rd, i.rn)
    }

    /// FJCVTZS: Wd <- Dn towards zero, modulo 2^32 (as JavaScript); Z <- that this is Dn exactly (and not -0).
    pub(crate) fn fjcvtzs(&mut self, i: Fjcvtzs) -> Flow {
        let d = self.read_fp(Ty::F64, i.rn);
        let saturated = self.ir.ftoint(Ty::I32, Ty::F64, to_signed(Round::Zero), d);
        let back = self.ir.inttof(Ty::F64, Ty::I32, to_signed(Round::Mode), saturated);
        let (bits, back) = (self.ir.bitcast(Ty::I64, d), self.ir.bitcast(Ty::I64, back));
        let exact = self.ir.icmp(Ty::I64, IntCC::Eq, bits, back);
        let modular = self.modulo_word(bits);
        let result = self.ir.select(exact, saturated, modular);
        let z = self.ir.zext(Ty::I32, exact);
        let nibble = self.ir.shli(Ty::I32, z, 2);
        let flags = self.ir.flags_pack(nibble);
        self.write_zr(i.rd, result);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// The low word of the integer part of the double of these bits; of infinities and NaNs zero.
    fn modulo_word(&mut self, bits: Value) -> Value {
        let constant = |l: &mut Lifter, n: u64| l.ir.i64(n);
        let exp = self.ir.lshri(Ty::I64, bits, 52);
        let mask = constant(self, 0x7ff);
        let exp = self.ir.and(Ty::I64, exp, mask);
        let (fraction_bits, hidden) = (constant(self, (1 << 52) - 1), constant(self, 1 << 52));
        let fraction = self.ir.and(Ty::I64, bits, fraction_bits);
        let significand = self.ir.or(Ty::I64, fraction, hidden);
        // 1023 + 52: the significand is the integer. Shifts of 63 and more leave nothing of 53 bits, or of a word.
        let (unit, most) = (constant(self, 1075), constant(self, 63));
        let (left, right) = (self.ir.sub(Ty::I64, exp, unit), self.ir.sub(Ty::I64, unit, exp));
        let (by_left, by_right) =
            (self.ir.umin(Ty::I64, left, most), self.ir.umin(Ty::I64, right, most));
        let (up, down) = (
            self.ir.shl(Ty::I64, significand, by_left),
            self.ir.lshr(Ty::I64, significand, by_right),
        );
        let large = self.ir.icmp(Ty::I64, IntCC::Uge, exp, unit);
        let magnitude = self.ir.select(large, up, down);
        let word = self.ir.trunc(Ty::I32, magnitude);
        let (minus, zero) = (self.ir.neg(Ty::I32, word), constant(self, 0));
        let negative = self.ir.icmp(Ty::I64, IntCC::Slt, bits, zero);
        self.ir.select(negative, minus, word)
    }

    /// FMOV (general): Rd <- the bits of Hn, Sn or Dn.
    pub(crate) fn fmov_to_gen(&mut self, i: FmovToGen) -> Flow {
        let bits = self.read_fp(bits_of(i.ftype), i.rn);
        self.write_zr(i.rd, bits);
        Flow::Next
    }

    /// FMOV (general): Hd, Sd or Dd <- the bits of Rn.
    pub(crate) fn fmov_from_gen(&mut self, i: FmovFromGen) -> Flow {
        let bits = self.read_zr(bits_of(i.ftype), i.rn);
        self.write_fp(i.rd, bits);
        Flow::Next
    }

    /// FMOV (general): Xd <- the upper half of Vn.
    pub(crate) fn fmov_to_gen_top(&mut self, i: FmovToGenTop) -> Flow {
        let v = self.read_v(i.rn);
        let bits = self.ir.extract(Shape::I64x2, v, 1);
        self.write_zr(i.rd, bits);
        Flow::Next
    }

    /// FMOV (general): the upper half of Vd <- Xn.
    pub(crate) fn fmov_from_gen_top(&mut self, i: FmovFromGenTop) -> Flow {
        let bits = self.read_zr(Ty::I64, i.rn);
        self.insert_elem(3, i.rd, 1, bits);
        Flow::Next
    }
}
