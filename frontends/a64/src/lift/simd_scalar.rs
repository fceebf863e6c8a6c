//! Advanced SIMD scalar: the operations of the vector chapters on the one element at the bottom of the registers.

use crate::isa::*;
use crate::lift::simd_shift_imm::{Amount, from_fixed, to_fixed};
use crate::lift::simd_three_same::{SRSHL, SSHL, URSHL, USHL};
use crate::lift::simd_two_reg_misc::{to_signed, to_unsigned};
use crate::lift::{Flow, Lifter};
use crate::operand::int;
use crate::vector::{Lanes, float, float_of, floats, halves, ints};
use isamorph_ir::inst::{FloatCC, FpConv, IntCC, Narrow, Round};
use isamorph_ir::{Shape, Ty, Value};

/// Three same, elements of any size.
macro_rules! three {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.three(Lanes::scalar(i.size), i.rd, i.rn, i.rm, $op)
        }
    )* } };
}

three! {
    sqadd_s SqaddS = Lifter::sqadd;
    uqadd_s UqaddS = Lifter::uqadd;
    sqsub_s SqsubS = Lifter::sqsub;
    uqsub_s UqsubS = Lifter::uqsub;
    sqshl_s SqshlS = |l, s, a, b| l.shift_saturating(SSHL, s, a, b);
    uqshl_s UqshlS = |l, s, a, b| l.shift_saturating(USHL, s, a, b);
    sqrshl_s SqrshlS = |l, s, a, b| l.shift_saturating(SRSHL, s, a, b);
    uqrshl_s UqrshlS = |l, s, a, b| l.shift_saturating(URSHL, s, a, b);
    sqdmulh_s SqdmulhS = |l, s, a, b| l.doubling_mul_high(s, a, b, false);
    sqrdmulh_s SqrdmulhS = |l, s, a, b| l.doubling_mul_high(s, a, b, true);
}

/// Three same, 64-bit elements only.
macro_rules! three_64 {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.three(Lanes::scalar(3), i.rd, i.rn, i.rm, $op)
        }
    )* } };
}

three_64! {
    cmgt_s CmgtS = |l, s, a, b| l.ir.icmp(s, IntCC::Sgt, a, b);
    cmhi_s CmhiS = |l, s, a, b| l.ir.icmp(s, IntCC::Ugt, a, b);
    cmge_s CmgeS = |l, s, a, b| l.ir.icmp(s, IntCC::Sge, a, b);
    cmhs_s CmhsS = |l, s, a, b| l.ir.icmp(s, IntCC::Uge, a, b);
    cmtst_s CmtstS = |l, s, a, b| l.ir.icmp(s, IntCC::Test, a, b);
    cmeq_s CmeqS = |l, s, a, b| l.ir.icmp(s, IntCC::Eq, a, b);
    sshl_s SshlS = |l, s, a, b| l.ir.shift_signed(s, a, b, SSHL);
    ushl_s UshlS = |l, s, a, b| l.ir.shift_signed(s, a, b, USHL);
    srshl_s SrshlS = |l, s, a, b| l.ir.shift_signed(s, a, b, SRSHL);
    urshl_s UrshlS = |l, s, a, b| l.ir.shift_signed(s, a, b, URSHL);
    add_s AddS = |l, s, a, b| l.ir.add(s, a, b);
    sub_s SubS = |l, s, a, b| l.ir.sub(s, a, b);
}

/// Floating-point three same.
macro_rules! fp_three {
    ($($name:ident $fields:ident, $half:ident $half_fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.fp_three(float(i.sz), i.rd, i.rn, i.rm, $op)
        }

        pub(crate) fn $half(&mut self, i: $half_fields) -> Flow {
            self.fp_three(Ty::F16, i.rd, i.rn, i.rm, $op)
        }
    )* } };
}

fp_three! {
    fabd_s FabdS, fabd_sh FabdSh = Lifter::fabd;
    fmulx_s FmulxS, fmulx_sh FmulxSh = |l, s, a, b| l.ir.fmulx(s, a, b);
    fcmeq_s FcmeqS, fcmeq_sh FcmeqSh = |l, s, a, b| l.fp_mask(s, FloatCC::Eq, a, b);
    fcmge_s FcmgeS, fcmge_sh FcmgeSh = |l, s, a, b| l.fp_mask(s, FloatCC::Ge, a, b);
    fcmgt_s FcmgtS, fcmgt_sh FcmgtSh = |l, s, a, b| l.fp_mask(s, FloatCC::Gt, a, b);
    facge_s FacgeS, facge_sh FacgeSh = |l, s, a, b| l.fp_mask(s, FloatCC::AbsGe, a, b);
    facgt_s FacgtS, facgt_sh FacgtSh = |l, s, a, b| l.fp_mask(s, FloatCC::AbsGt, a, b);
    frecps_s FrecpsS, frecps_sh FrecpsSh = |l, s, a, b| l.ir.frecip_step(s, a, b);
    frsqrts_s FrsqrtsS, frsqrts_sh FrsqrtsSh = |l, s, a, b| l.ir.frsqrt_step(s, a, b);
}

/// Two-register miscellaneous, elements of any size.
macro_rules! two {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.two(Lanes::scalar(i.size), i.rd, i.rn, $op)
        }
    )* } };
}

two! {
    sqabs_s SqabsS = Lifter::sqabs;
    sqneg_s SqnegS = Lifter::sqneg;
}

/// Two-register miscellaneous, 64-bit elements only.
macro_rules! two_64 {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.two(Lanes::scalar(3), i.rd, i.rn, $op)
        }
    )* } };
}

two_64! {
    cmgt_zs CmgtZs = |l, s, a| l.against_zero(s, IntCC::Sgt, a);
    cmge_zs CmgeZs = |l, s, a| l.against_zero(s, IntCC::Sge, a);
    cmeq_zs CmeqZs = |l, s, a| l.against_zero(s, IntCC::Eq, a);
    cmle_zs CmleZs = |l, s, a| l.against_zero(s, IntCC::Sle, a);
    cmlt_zs CmltZs = |l, s, a| l.against_zero(s, IntCC::Slt, a);
    abs_s AbsS = |l, s, a| l.ir.abs(s, a);
    neg_s NegS = |l, s, a| l.ir.neg(s, a);
}

/// SQRDMLAH and SQRDMLSH (vector), scalar.
macro_rules! doubling_onto {
    ($($name:ident $fields:ident = $minus:literal;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let lanes = Lanes::scalar(i.size);
            let d = self.read_lanes(lanes, i.rd);
            self.three(lanes, i.rd, i.rn, i.rm, |l, s, a, b| l.doubling_mul_onto(s, $minus, a, b, d))
        }
    )* } };
}

doubling_onto! {
    sqrdmlah_s SqrdmlahS = false;
    sqrdmlsh_s SqrdmlshS = true;
}

/// Narrowing with saturation.
macro_rules! narrowing {
    ($($name:ident $fields:ident = $how:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let wide = self.read_lowest(i.size + 1, i.rn);
            let result = self.narrow(ints(i.size, false), Narrow::$how, wide);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

narrowing! {
    sqxtun_s SqxtunS = SatSU;
    sqxtn_s SqxtnS = SatSS;
    uqxtn_s UqxtnS = SatUU;
}

/// Floating-point two-register miscellaneous.
macro_rules! fp_two {
    ($($name:ident $fields:ident, $half:ident $half_fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.fp_two(float(i.sz), i.rd, i.rn, $op)
        }

        pub(crate) fn $half(&mut self, i: $half_fields) -> Flow {
            self.fp_two(Ty::F16, i.rd, i.rn, $op)
        }
    )* } };
}

fp_two! {
    fcvtns_s FcvtnsS, fcvtns_sh FcvtnsSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::NearestEven), a);
    fcvtnu_s FcvtnuS, fcvtnu_sh FcvtnuSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::NearestEven), a);
    fcvtps_s FcvtpsS, fcvtps_sh FcvtpsSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::Up), a);
    fcvtpu_s FcvtpuS, fcvtpu_sh FcvtpuSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::Up), a);
    fcvtms_s FcvtmsS, fcvtms_sh FcvtmsSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::Down), a);
    fcvtmu_s FcvtmuS, fcvtmu_sh FcvtmuSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::Down), a);
    fcvtzs_s FcvtzsS, fcvtzs_sh FcvtzsSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::Zero), a);
    fcvtzu_s FcvtzuS, fcvtzu_sh FcvtzuSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::Zero), a);
    fcvtas_s FcvtasS, fcvtas_sh FcvtasSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::NearestAway), a);
    fcvtau_s FcvtauS, fcvtau_sh FcvtauSh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::NearestAway), a);
    frecpe_s FrecpeS, frecpe_sh FrecpeSh = |l, s, a| l.ir.frecip_est(s, a);
    frsqrte_s FrsqrteS, frsqrte_sh FrsqrteSh = |l, s, a| l.ir.frsqrt_est(s, a);
    frecpx_s FrecpxS, frecpx_sh FrecpxSh = |l, s, a| l.ir.frecip_exp(s, a);
    fcmgt_zs FcmgtZs, fcmgt_zsh FcmgtZsh = |l, s, a| l.fp_against_zero(s, FloatCC::Gt, a);
    fcmge_zs FcmgeZs, fcmge_zsh FcmgeZsh = |l, s, a| l.fp_against_zero(s, FloatCC::Ge, a);
    fcmeq_zs FcmeqZs, fcmeq_zsh FcmeqZsh = |l, s, a| l.fp_against_zero(s, FloatCC::Eq, a);
    fcmle_zs FcmleZs, fcmle_zsh FcmleZsh = |l, s, a| l.fp_against_zero(s, FloatCC::Le, a);
    fcmlt_zs FcmltZs, fcmlt_zsh FcmltZsh = |l, s, a| l.fp_against_zero(s, FloatCC::Lt, a);
}

/// Pairwise: the two elements at the bottom of Vn.
macro_rules! fp_pairwise {
    ($($name:ident $fields:ident, $half:ident $half_fields:ident = $op:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let (first, second) = self.lowest_pair(floats(i.sz, true), i.rn);
            let result = self.ir.$op(float(i.sz), first, second);
            self.write_fp(i.rd, result);
            Flow::Next
        }

        pub(crate) fn $half(&mut self, i: $half_fields) -> Flow {
            let (first, second) = self.lowest_pair(halves(true), i.rn);
            let result = self.ir.$op(Ty::F16, first, second);
            self.write_fp(i.rd, result);
            Flow::Next
        }
    )* } };
}

fp_pairwise! {
    fmaxnmp_s FmaxnmpS, fmaxnmp_sh FmaxnmpSh = fmaxnum;
    fminnmp_s FminnmpS, fminnmp_sh FminnmpSh = fminnum;
    faddp_s FaddpS, faddp_sh FaddpSh = fadd;
    fmaxp_s FmaxpS, fmaxp_sh FmaxpSh = fmax;
    fminp_s FminpS, fminp_sh FminpSh = fmin;
}

/// Shifts of 64-bit elements by immediate; the operation's last operand is Vd.
macro_rules! shifts_64 {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let amount = Amount::new(8 | i.immhb >> 3, i.immhb & 7);
            self.shift_by_imm(Lanes::scalar(3), amount, i.rd, i.rn, $op)
        }
    )* } };
}

shifts_64! {
    sshr_s SshrS = |l, s, n, a, _| l.ir.ashri(s, a, n.right);
    ushr_s UshrS = |l, s, n, a, _| l.ir.lshri(s, a, n.right);
    ssra_s SsraS = |l, s, n, a, d| { let x = l.ir.ashri(s, a, n.right); l.ir.add(s, d, x) };
    usra_s UsraS = |l, s, n, a, d| { let x = l.ir.lshri(s, a, n.right); l.ir.add(s, d, x) };
    srshr_s SrshrS = |l, s, n, a, _| l.ir.srshri(s, a, n.right);
    urshr_s UrshrS = |l, s, n, a, _| l.ir.urshri(s, a, n.right);
    srsra_s SrsraS = |l, s, n, a, d| { let x = l.ir.srshri(s, a, n.right); l.ir.add(s, d, x) };
    ursra_s UrsraS = |l, s, n, a, d| { let x = l.ir.urshri(s, a, n.right); l.ir.add(s, d, x) };
    sri_s SriS = |l, s, n, a, d| l.insert_shifted_right(s, n.right, a, d);
    shl_s ShlS = |l, s, n, a, _| l.ir.shli(s, a, n.left);
    sli_s SliS = |l, s, n, a, d| l.insert_shifted_left(s, n.left, a, d);
}

/// Saturating shifts left by immediate, elements of any size.
macro_rules! saturating_shifts {
    ($($name:ident $fields:ident = $op:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let amount = Amount::new(i.immh, i.immb);
            self.two(Lanes::scalar(amount.size), i.rd, i.rn, |l, s, a| l.$op(s, amount.left, a))
        }
    )* } };
}

saturating_shifts! {
    sqshlu_s SqshluS = sqshlu;
    sqshl_is SqshlIs = sqshl;
    uqshl_is UqshlIs = uqshl;
}

/// Shifts right that narrow with saturation.
macro_rules! narrowing_shifts {
    ($($name:ident $fields:ident = $shift:ident $how:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let amount = Amount::new(i.immh, i.immb);
            let wide = self.read_lowest(amount.size + 1, i.rn);
            let shifted = self.ir.$shift(ints(amount.size + 1, true), wide, amount.right);
            let result = self.narrow(ints(amount.size, false), Narrow::$how, shifted);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

narrowing_shifts! {
    sqshrun_s SqshrunS = ashri SatSU;
    sqrshrun_s SqrshrunS = srshri SatSU;
    sqshrn_s SqshrnS = ashri SatSS;
    uqshrn_s UqshrnS = lshri SatUU;
    sqrshrn_s SqrshrnS = srshri SatSS;
    uqrshrn_s UqrshrnS = urshri SatUU;
}

/// Conversions between floating and fixed point.
macro_rules! fixed {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let amount = Amount::new(i.immh, i.immb);
            let op: fn(&mut Lifter, Shape, u8, Value) -> Value = $op;
            self.fp_two(float_of(amount.size), i.rd, i.rn, |l, s, a| op(l, s, amount.right as u8, a))
        }
    )* } };
}

fixed! {
    fcvtzs_fs FcvtzsFs = |l, s, fbits, a| l.ir.ftoint(s.to_int(), s, to_fixed(true, fbits), a);
    fcvtzu_fs FcvtzuFs = |l, s, fbits, a| l.ir.ftoint(s.to_int(), s, to_fixed(false, fbits), a);
}

impl Lifter {
    /// The two elements at the bottom of Vn.
    fn lowest_pair(&mut self, full: Shape, rn: u8) -> (Value, Value) {
        let v = self.read_v(rn);
        (self.ir.extract(full, v, 0), self.ir.extract(full, v, 1))
    }

    /// SQDMULL (vector), scalar.
    pub(crate) fn sqdmull_s(&mut self, i: SqdmullS) -> Flow {
        let b = self.read_lowest(i.size, i.rm);
        self.scalar_long(i.size, i.rd, i.rn, b, |_, _, _, product| product)
    }

    /// SQDMLAL (vector), scalar.
    pub(crate) fn sqdmlal_s(&mut self, i: SqdmlalS) -> Flow {
        let b = self.read_lowest(i.size, i.rm);
        self.scalar_long(i.size, i.rd, i.rn, b, Lifter::sqadd)
    }

    /// SQDMLSL (vector), scalar.
    pub(crate) fn sqdmlsl_s(&mut self, i: SqdmlslS) -> Flow {
        let b = self.read_lowest(i.size, i.rm);
        self.scalar_long(i.size, i.rd, i.rn, b, Lifter::sqsub)
    }

    /// SUQADD, scalar.
    pub(crate) fn suqadd_s(&mut self, i: SuqaddS) -> Flow {
        self.two_onto(Lanes::scalar(i.size), i.rd, i.rn, Lifter::suqadd_lowest)
    }

    /// SUQADD leaves zeros in the lanes above the element, where its bias would show.
    fn suqadd_lowest(&mut self, shape: Shape, a: Value, d: Value) -> Value {
        let sum = self.suqadd(shape, a, d);
        self.lowest(shape, sum)
    }

    /// USQADD, scalar.
    pub(crate) fn usqadd_s(&mut self, i: UsqaddS) -> Flow {
        self.two_onto(Lanes::scalar(i.size), i.rd, i.rn, Lifter::usqadd)
    }

    /// FCVTXN, scalar: double to single, rounded to odd.
    pub(crate) fn fcvtxn_s(&mut self, i: FcvtxnS) -> Flow {
        let a = self.read_fp(Ty::F64, i.rn);
        let result = self.ir.fcvt(Ty::F32, Ty::F64, Round::Odd, a);
        self.write_fp(i.rd, result);
        Flow::Next
    }

    /// ADDP (scalar): the sum of both halves of Vn.
    pub(crate) fn addp_s(&mut self, i: AddpS) -> Flow {
        let v = self.read_v(i.rn);
        let sum = self.ir.reduce_add(Shape::I64x2, v);
        self.write_fp(i.rd, sum);
        Flow::Next
    }

    /// SCVTF (vector, integer), scalar.
    pub(crate) fn scvtf_s(&mut self, i: ScvtfS) -> Flow {
        self.lowest_to_float(2 + i.sz as u8, from_fixed(true, 0), i.rd, i.rn)
    }

    /// SCVTF (vector, integer), scalar, half.
    pub(crate) fn scvtf_sh(&mut self, i: ScvtfSh) -> Flow {
        self.lowest_to_float(1, from_fixed(true, 0), i.rd, i.rn)
    }

    /// UCVTF (vector, integer), scalar.
    pub(crate) fn ucvtf_s(&mut self, i: UcvtfS) -> Flow {
        self.lowest_to_float(2 + i.sz as u8, from_fixed(false, 0), i.rd, i.rn)
    }

    /// UCVTF (vector, integer), scalar, half.
    pub(crate) fn ucvtf_sh(&mut self, i: UcvtfSh) -> Flow {
        self.lowest_to_float(1, from_fixed(false, 0), i.rd, i.rn)
    }

    /// SCVTF (vector, fixed-point), scalar.
    pub(crate) fn scvtf_fs(&mut self, i: ScvtfFs) -> Flow {
        let amount = Amount::new(i.immh, i.immb);
        self.lowest_to_float(amount.size, from_fixed(true, amount.right as u8), i.rd, i.rn)
    }

    /// UCVTF (vector, fixed-point), scalar.
    pub(crate) fn ucvtf_fs(&mut self, i: UcvtfFs) -> Flow {
        let amount = Amount::new(i.immh, i.immb);
        self.lowest_to_float(amount.size, from_fixed(false, amount.right as u8), i.rd, i.rn)
    }

    /// The number at the bottom of Vd <- the integer of its size, `1 << size` bytes, at the bottom of Vn.
    fn lowest_to_float(&mut self, size: u8, how: FpConv, rd: u8, rn: u8) -> Flow {
        let (to, from) = (float_of(size), int(size));
        let a = self.read_fp(from, rn);
        let result = self.ir.inttof(to, from, how, a);
        self.write_fp(rd, result);
        Flow::Next
    }
}
