//! Advanced SIMD two-register miscellaneous: one operation on the elements of Vn, some with Vd as a second operand.

use crate::helper;
use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::vector::{Lanes, bytes, elem_bits, floats, halves, ints};
use isamorph_ir::inst::{FloatCC, FpConv, FpRound, IntCC, Narrow, Round};
use isamorph_ir::{HelperId, Shape, Value};

/// Instructions that compute Vd from the elements of Vn by one operation.
macro_rules! integer {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.two(Lanes::vector(i.size, i.q), i.rd, i.rn, $op)
        }
    )* } };
}

integer! {
    rev64_v Rev64V = |l, s, a| l.ir.rev_lanes(s, a, 64);
    rev32_v Rev32V = |l, s, a| l.ir.rev_lanes(s, a, 32);
    saddlp_v SaddlpV = |l, s, a| l.add_long_pairs(s, true, a);
    uaddlp_v UaddlpV = |l, s, a| l.add_long_pairs(s, false, a);
    cls_v ClsV = |l, s, a| l.ir.cls(s, a);
    clz_v ClzV = |l, s, a| l.ir.clz(s, a);
    sqabs_v SqabsV = Lifter::sqabs;
    sqneg_v SqnegV = Lifter::sqneg;
    cmgt_zv CmgtZv = |l, s, a| l.against_zero(s, IntCC::Sgt, a);
    cmge_zv CmgeZv = |l, s, a| l.against_zero(s, IntCC::Sge, a);
    cmeq_zv CmeqZv = |l, s, a| l.against_zero(s, IntCC::Eq, a);
    cmle_zv CmleZv = |l, s, a| l.against_zero(s, IntCC::Sle, a);
    cmlt_zv CmltZv = |l, s, a| l.against_zero(s, IntCC::Slt, a);
    abs_v AbsV = |l, s, a| l.ir.abs(s, a);
    neg_v NegV = |l, s, a| l.ir.neg(s, a);
}

/// Instructions that also read Vd, as the last operand.
macro_rules! accumulating {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.two_onto(Lanes::vector(i.size, i.q), i.rd, i.rn, $op)
        }
    )* } };
}

accumulating! {
    suqadd_v SuqaddV = Lifter::suqadd;
    usqadd_v UsqaddV = Lifter::usqadd;
    sadalp_v SadalpV = |l, s, a, d| l.add_onto_long(s, true, a, d);
    uadalp_v UadalpV = |l, s, a, d| l.add_onto_long(s, false, a, d);
}

/// Instructions that narrow the elements of Vn; the "2" forms write the upper half of Vd.
macro_rules! narrowing {
    ($($name:ident $fields:ident = $how:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let wide = self.read_v(i.rn);
            let result = self.narrow(ints(i.size, false), Narrow::$how, wide);
            self.write_half(i.q, i.rd, result);
            Flow::Next
        }
    )* } };
}

narrowing! {
    xtn_v XtnV = Trunc;
    sqxtun_v SqxtunV = SatSU;
    sqxtn_v SqxtnV = SatSS;
    uqxtn_v UqxtnV = SatUU;
}

/// Floating-point instructions that compute Vd from the elements of Vn by one operation, and their forms of half
/// precision.
macro_rules! floating {
    ($($name:ident $fields:ident, $half:ident $half_fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.fp_two(floats(i.sz, i.q), i.rd, i.rn, $op)
        }

        pub(crate) fn $half(&mut self, i: $half_fields) -> Flow {
            self.fp_two(halves(i.q), i.rd, i.rn, $op)
        }
    )* } };
}

floating! {
    frintn_v FrintnV, frintn_vh FrintnVh = |l, s, a| l.ir.fround(s, rounding(Round::NearestEven), a);
    frinta_v FrintaV, frinta_vh FrintaVh = |l, s, a| l.ir.fround(s, rounding(Round::NearestAway), a);
    frintp_v FrintpV, frintp_vh FrintpVh = |l, s, a| l.ir.fround(s, rounding(Round::Up), a);
    frintm_v FrintmV, frintm_vh FrintmVh = |l, s, a| l.ir.fround(s, rounding(Round::Down), a);
    frintz_v FrintzV, frintz_vh FrintzVh = |l, s, a| l.ir.fround(s, rounding(Round::Zero), a);
    frinti_v FrintiV, frinti_vh FrintiVh = |l, s, a| l.ir.fround(s, rounding(Round::Mode), a);
    frintx_v FrintxV, frintx_vh FrintxVh = |l, s, a| l.ir.fround(s, EXACT, a);
    fcvtns_v FcvtnsV, fcvtns_vh FcvtnsVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::NearestEven), a);
    fcvtnu_v FcvtnuV, fcvtnu_vh FcvtnuVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::NearestEven), a);
    fcvtps_v FcvtpsV, fcvtps_vh FcvtpsVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::Up), a);
    fcvtpu_v FcvtpuV, fcvtpu_vh FcvtpuVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::Up), a);
    fcvtms_v FcvtmsV, fcvtms_vh FcvtmsVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::Down), a);
    fcvtmu_v FcvtmuV, fcvtmu_vh FcvtmuVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::Down), a);
    fcvtzs_v FcvtzsV, fcvtzs_vh FcvtzsVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::Zero), a);
    fcvtzu_v FcvtzuV, fcvtzu_vh FcvtzuVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::Zero), a);
    fcvtas_v FcvtasV, fcvtas_vh FcvtasVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_signed(Round::NearestAway), a);
    fcvtau_v FcvtauV, fcvtau_vh FcvtauVh = |l, s, a| l.ir.ftoint(s.to_int(), s, to_unsigned(Round::NearestAway), a);
    scvtf_v ScvtfV, scvtf_vh ScvtfVh = |l, s, a| l.ir.inttof(s, s.to_int(), to_signed(Round::Mode), a);
    ucvtf_v UcvtfV, ucvtf_vh UcvtfVh = |l, s, a| l.ir.inttof(s, s.to_int(), to_unsigned(Round::Mode), a);
    frecpe_v FrecpeV, frecpe_vh FrecpeVh = |l, s, a| l.ir.frecip_est(s, a);
    frsqrte_v FrsqrteV, frsqrte_vh FrsqrteVh = |l, s, a| l.ir.frsqrt_est(s, a);
    fcmgt_zv FcmgtZv, fcmgt_zvh FcmgtZvh = |l, s, a| l.fp_against_zero(s, FloatCC::Gt, a);
    fcmge_zv FcmgeZv, fcmge_zvh FcmgeZvh = |l, s, a| l.fp_against_zero(s, FloatCC::Ge, a);
    fcmeq_zv FcmeqZv, fcmeq_zvh FcmeqZvh = |l, s, a| l.fp_against_zero(s, FloatCC::Eq, a);
    fcmle_zv FcmleZv, fcmle_zvh FcmleZvh = |l, s, a| l.fp_against_zero(s, FloatCC::Le, a);
    fcmlt_zv FcmltZv, fcmlt_zvh FcmltZvh = |l, s, a| l.fp_against_zero(s, FloatCC::Lt, a);
    fabs_v FabsV, fabs_vh FabsVh = |l, s, a| l.ir.fabs(s, a);
    fneg_v FnegV, fneg_vh FnegVh = |l, s, a| l.ir.fneg(s, a);
    fsqrt_v FsqrtV, fsqrt_vh FsqrtVh = |l, s, a| l.ir.fsqrt(s, a);
}

/// Round-to-integral that does not say whether the value changed.
pub(super) const fn rounding(round: Round) -> FpRound {
    FpRound { round, exact: false }
}

/// FRINTX: as FPCR says, raising Inexact.
pub(super) const EXACT: FpRound = FpRound { round: Round::Mode, exact: true };

/// Conversion to or from signed integers.
pub(super) const fn to_signed(round: Round) -> FpConv {
    FpConv { round, signed: true, fbits: 0 }
}

/// Conversion to or from unsigned integers.
pub(super) const fn to_unsigned(round: Round) -> FpConv {
    FpConv { round, signed: false, fbits: 0 }
}

impl Lifter {
    /// REV16 (vector): the bytes of each halfword swapped.
    pub(crate) fn rev16_v(&mut self, i: Rev16V) -> Flow {
        self.two(Lanes::vector(0, i.q), i.rd, i.rn, |l, s, a| l.ir.rev_lanes(s, a, 16))
    }

    /// CNT: ones in each byte.
    pub(crate) fn cnt_v(&mut self, i: CntV) -> Flow {
        self.two(Lanes::vector(0, i.q), i.rd, i.rn, |l, s, a| l.ir.popcnt(s, a))
    }

    /// NOT.
    pub(crate) fn not_v(&mut self, i: NotV) -> Flow {
        self.two(Lanes::vector(0, i.q), i.rd, i.rn, |l, s, a| l.ir.not(s, a))
    }

    /// RBIT (vector): the bits of each byte reversed.
    pub(crate) fn rbit_v(&mut self, i: RbitV) -> Flow {
        self.two(Lanes::vector(0, i.q), i.rd, i.rn, |l, s, a| l.ir.bitrev(s, a))
    }

    /// SHLL: elements of one half of Vn, widened and shifted left by their width.
    pub(crate) fn shll_v(&mut self, i: ShllV) -> Flow {
        let (narrow, wide) = (ints(i.size, true), ints(i.size + 1, true));
        let a = self.read_v(i.rn);
        let a = self.ir.widen(wide, narrow, i.q, false, a);
        let result = self.ir.shli(wide, a, elem_bits(narrow));
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// FCVTN: elements of Vn in the next narrower format.
    pub(crate) fn fcvtn_v(&mut self, i: FcvtnV) -> Flow {
        let (to, from) =
            if i.sz { (Shape::F32x2, Shape::F64x2) } else { (Shape::F16x4, Shape::F32x4) };
        self.narrow_float(to, from, Round::Mode, i.q, i.rd, i.rn)
    }

    /// FCVTXN: doubles to singles, rounded to odd.
    pub(crate) fn fcvtxn_v(&mut self, i: FcvtxnV) -> Flow {
        self.narrow_float(Shape::F32x2, Shape::F64x2, Round::Odd, i.q, i.rd, i.rn)
    }

    fn narrow_float(
        &mut self,
        to: Shape,
        from: Shape,
        how: Round,
        q: bool,
        rd: u8,
        rn: u8,
    ) -> Flow {
        let a = self.read_v(rn);
        let result = self.ir.fcvt(to, from, how, a);
        self.write_half(q, rd, result);
        Flow::Next
    }

    /// FCVTL: elements of one half of Vn in the next wider format.
    pub(crate) fn fcvtl_v(&mut self, i: FcvtlV) -> Flow {
        let (to, from) =
            if i.sz { (Shape::F64x2, Shape::F32x2) } else { (Shape::F32x4, Shape::F16x4) };
        let a = self.read_v(i.rn);
        let half = if i.q { self.upper_half(a) } else { a };
        let result = self.ir.fcvt(to, from, Round::Mode, half);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// URECPE: unsigned reciprocal estimates of 32-bit fixed-point elements.
    pub(crate) fn urecpe_v(&mut self, i: UrecpeV) -> Flow {
        self.estimate(helper::URECPE, i.q, i.rd, i.rn)
    }

    /// URSQRTE: unsigned reciprocal square root estimates.
    pub(crate) fn ursqrte_v(&mut self, i: UrsqrteV) -> Flow {
        self.estimate(helper::URSQRTE, i.q, i.rd, i.rn)
    }

    fn estimate(&mut self, estimate: HelperId, q: bool, rd: u8, rn: u8) -> Flow {
        let a = self.read_v(rn);
        let result = self.ir.call(estimate, &[a]).expect("the helper has a result");
        let result = if q { result } else { self.ir.lo64(result) };
        self.write_v(rd, result);
        Flow::Next
    }

    /// Vd <- op of the integer elements of Vn.
    pub(super) fn two(
        &mut self,
        lanes: Lanes,
        rd: u8,
        rn: u8,
        op: impl FnOnce(&mut Lifter, Shape, Value) -> Value,
    ) -> Flow {
        let a = self.read_lanes(lanes, rn);
        let result = op(self, lanes.shape, a);
        self.write_v(rd, result);
        Flow::Next
    }

    /// Vd <- op of the integer elements of Vn and Vd.
    pub(super) fn two_onto(
        &mut self,
        lanes: Lanes,
        rd: u8,
        rn: u8,
        op: impl FnOnce(&mut Lifter, Shape, Value, Value) -> Value,
    ) -> Flow {
        let (a, d) = (self.read_lanes(lanes, rn), self.read_lanes(lanes, rd));
        let result = op(self, lanes.shape, a, d);
        self.write_v(rd, result);
        Flow::Next
    }

    /// Vd <- op of the floating-point elements (of a scalar shape: the one at the bottom) of Vn.
    pub(super) fn fp_two(
        &mut self,
        shape: impl Into<Shape>,
        rd: u8,
        rn: u8,
        op: impl FnOnce(&mut Lifter, Shape, Value) -> Value,
    ) -> Flow {
        let shape = shape.into();
        let a = self.read_float(shape, rn);
        let result = op(self, shape, a);
        self.write_fp(rd, result);
        Flow::Next
    }

    /// Sums of neighbouring elements of `shape`, twice as wide.
    pub(super) fn add_long_pairs(&mut self, shape: Shape, signed: bool, a: Value) -> Value {
        let bits = elem_bits(shape);
        let wide = Shape::int_vector(2 * bits, !shape.is_half());
        let even = self.ir.shli(wide, a, bits);
        let (even, odd) = match signed {
            true => (self.ir.ashri(wide, even, bits), self.ir.ashri(wide, a, bits)),
            false => (self.ir.lshri(wide, even, bits), self.ir.lshri(wide, a, bits)),
        };
        self.ir.add(wide, even, odd)
    }

    /// The same added to `d`, whose elements are the wide ones.
    fn add_onto_long(&mut self, shape: Shape, signed: bool, a: Value, d: Value) -> Value {
        let sums = self.add_long_pairs(shape, signed, a);
        let wide = Shape::int_vector(2 * elem_bits(shape), !shape.is_half());
        self.ir.add(wide, d, sums)
    }

    /// The full register `wide` narrowed to the 64-bit arrangement `to`.
    pub(super) fn narrow(&mut self, to: Shape, how: Narrow, wide: Value) -> Value {
        let from = Shape::int_vector(2 * elem_bits(to), true);
        let result = self.ir.narrow(to, from, how, wide);
        if how != Narrow::Trunc {
            let signed = how == Narrow::SatSS;
            let back = self.ir.widen(from, to.to_full(), false, signed, result);
            self.raise_qc_if_differ(back, wide);
        }
        result
    }

    /// |a|, saturated.
    pub(super) fn sqabs(&mut self, shape: Shape, a: Value) -> Value {
        let (zero, wrapped) = (self.vector(0), self.ir.abs(shape, a));
        let minus = self.ir.ssub_sat(shape, zero, a);
        let result = self.ir.smax(shape, a, minus);
        self.raise_qc_if_differ(result, wrapped);
        result
    }

    /// -a, saturated.
    pub(super) fn sqneg(&mut self, shape: Shape, a: Value) -> Value {
        let zero = self.vector(0);
        self.sqsub(shape, zero, a)
    }

    /// Signed `d` plus unsigned `a`, saturated as signed.
    pub(super) fn suqadd(&mut self, shape: Shape, a: Value, d: Value) -> Value {
        // Biased by the sign bit the sum is an unsigned one, and its ends are the signed ones.
        let sign = self.every(shape, 1 << (elem_bits(shape) - 1));
        let biased = self.ir.xor(shape, d, sign);
        let sum = self.uqadd(shape, biased, a);
        self.ir.xor(shape, sum, sign)
    }

    /// Unsigned `d` plus signed `a`, saturated as unsigned.
    pub(super) fn usqadd(&mut self, shape: Shape, a: Value, d: Value) -> Value {
        let negative = self.against_zero(shape, IntCC::Slt, a);
        let minus = self.ir.neg(shape, a);
        let (up, down) = (self.ir.uadd_sat(shape, d, a), self.ir.usub_sat(shape, d, minus));
        let result = self.ir.bitsel(bytes(!shape.is_half()), negative, down, up);
        let wrapped = self.ir.add(shape, d, a);
        self.raise_qc_if_differ(result, wrapped);
        result
    }

    /// All ones where `a cc 0`; of a scalar shape, as an integer of its width.
    pub(super) fn fp_against_zero(&mut self, shape: Shape, cc: FloatCC, a: Value) -> Value {
        let ty = shape.ty().expect("a floating-point shape has a type");
        let zero = self.ir.iconst(ty, 0);
        self.fp_mask(shape, cc, a, zero)
    }
}
