//! Advanced SIMD three same: one operation on the elements of Vn and Vm, some with Vd as a third operand.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::vector::{Lanes, bytes, elem_bits, floats, halves, ints};
use isamorph_ir::inst::{FloatCC, IntCC, Narrow, SignedShift};
use isamorph_ir::{Shape, Ty, Value};

/// Instructions that compute Vd from the elements of Vn and Vm by one operation.
macro_rules! integer {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.three(Lanes::vector(i.size, i.q), i.rd, i.rn, i.rm, $op)
        }
    )* } };
}

integer! {
    shadd_v ShaddV = |l, s, a, b| l.ir.savg(s, a, b, false);
    uhadd_v UhaddV = |l, s, a, b| l.ir.uavg(s, a, b, false);
    srhadd_v SrhaddV = |l, s, a, b| l.ir.savg(s, a, b, true);
    urhadd_v UrhaddV = |l, s, a, b| l.ir.uavg(s, a, b, true);
    shsub_v ShsubV = |l, s, a, b| l.ir.shsub(s, a, b);
    uhsub_v UhsubV = |l, s, a, b| l.ir.uhsub(s, a, b);
    sqadd_v SqaddV = Lifter::sqadd;
    uqadd_v UqaddV = Lifter::uqadd;
    sqsub_v SqsubV = Lifter::sqsub;
    uqsub_v UqsubV = Lifter::uqsub;
    cmgt_v CmgtV = |l, s, a, b| l.ir.icmp(s, IntCC::Sgt, a, b);
    cmhi_v CmhiV = |l, s, a, b| l.ir.icmp(s, IntCC::Ugt, a, b);
    cmge_v CmgeV = |l, s, a, b| l.ir.icmp(s, IntCC::Sge, a, b);
    cmhs_v CmhsV = |l, s, a, b| l.ir.icmp(s, IntCC::Uge, a, b);
    cmtst_v CmtstV = |l, s, a, b| l.ir.icmp(s, IntCC::Test, a, b);
    cmeq_v CmeqV = |l, s, a, b| l.ir.icmp(s, IntCC::Eq, a, b);
    sshl_v SshlV = |l, s, a, b| l.ir.shift_signed(s, a, b, SSHL);
    ushl_v UshlV = |l, s, a, b| l.ir.shift_signed(s, a, b, USHL);
    srshl_v SrshlV = |l, s, a, b| l.ir.shift_signed(s, a, b, SRSHL);
    urshl_v UrshlV = |l, s, a, b| l.ir.shift_signed(s, a, b, URSHL);
    sqshl_v SqshlV = |l, s, a, b| l.shift_saturating(SSHL, s, a, b);
    uqshl_v UqshlV = |l, s, a, b| l.shift_saturating(USHL, s, a, b);
    sqrshl_v SqrshlV = |l, s, a, b| l.shift_saturating(SRSHL, s, a, b);
    uqrshl_v UqrshlV = |l, s, a, b| l.shift_saturating(URSHL, s, a, b);
    smax_v SmaxV = |l, s, a, b| l.ir.smax(s, a, b);
    umax_v UmaxV = |l, s, a, b| l.ir.umax(s, a, b);
    smin_v SminV = |l, s, a, b| l.ir.smin(s, a, b);
    umin_v UminV = |l, s, a, b| l.ir.umin(s, a, b);
    sabd_v SabdV = |l, s, a, b| l.ir.sabd(s, a, b);
    uabd_v UabdV = |l, s, a, b| l.ir.uabd(s, a, b);
    add_v AddV = |l, s, a, b| l.ir.add(s, a, b);
    sub_v SubV = |l, s, a, b| l.ir.sub(s, a, b);
    mul_v MulV = |l, s, a, b| l.ir.mul(s, a, b);
    smaxp_v SmaxpV = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.smax(s, a, b));
    umaxp_v UmaxpV = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.umax(s, a, b));
    sminp_v SminpV = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.smin(s, a, b));
    uminp_v UminpV = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.umin(s, a, b));
    addp_v AddpV = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.add(s, a, b));
    sqdmulh_v SqdmulhV = |l, s, a, b| l.doubling_mul_high(s, a, b, false);
    sqrdmulh_v SqrdmulhV = |l, s, a, b| l.doubling_mul_high(s, a, b, true);
}

/// Instructions that also read Vd, as the last operand.
macro_rules! accumulating {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let op: fn(&mut Lifter, Shape, Value, Value, Value) -> Value = $op;
            let d = self.read_v(i.rd);
            let shape = ints(i.size, i.q);
            self.three(Lanes::vector(i.size, i.q), i.rd, i.rn, i.rm, |l, _, a, b| op(l, shape, a, b, d))
        }
    )* } };
}

accumulating! {
    saba_v SabaV = |l, s, a, b, d| { let x = l.ir.sabd(s, a, b); l.ir.add(s, d, x) };
    uaba_v UabaV = |l, s, a, b, d| { let x = l.ir.uabd(s, a, b); l.ir.add(s, d, x) };
    mla_v MlaV = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.add(s, d, x) };
    mls_v MlsV = |l, s, a, b, d| { let x = l.ir.mul(s, a, b); l.ir.sub(s, d, x) };
    sqrdmlah_v SqrdmlahV = |l, s, a, b, d| l.doubling_mul_onto(s, false, a, b, d);
    sqrdmlsh_v SqrdmlshV = |l, s, a, b, d| l.doubling_mul_onto(s, true, a, b, d);
}

/// Instructions on bits: Vd from Vn, Vm and Vd.
macro_rules! bitwise {
    ($($name:ident $fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let op: fn(&mut Lifter, Shape, Value, Value, Value) -> Value = $op;
            let (a, b, d) = (self.read_v(i.rn), self.read_v(i.rm), self.read_v(i.rd));
            let result = op(self, bytes(i.q), a, b, d);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

bitwise! {
    and_v AndV = |l, s, a, b, _| l.ir.and(s, a, b);
    bic_v BicV = |l, s, a, b, _| l.ir.andnot(s, a, b);
    orn_v OrnV = |l, s, a, b, _| { let not = l.ir.not(s, b); l.ir.or(s, a, not) };
    eor_v EorV = |l, s, a, b, _| l.ir.xor(s, a, b);
    bsl_v BslV = |l, s, a, b, d| l.ir.bitsel(s, d, a, b);
    bit_v BitV = |l, s, a, b, d| l.ir.bitsel(s, b, a, d);
    bif_v BifV = |l, s, a, b, d| l.ir.bitsel(s, b, d, a);
}

/// Floating-point instructions that compute Vd from the elements of Vn and Vm by one operation, and their forms of
/// half precision.
macro_rules! floating {
    ($($name:ident $fields:ident, $half:ident $half_fields:ident = $op:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.fp_three(floats(i.sz, i.q), i.rd, i.rn, i.rm, $op)
        }

        pub(crate) fn $half(&mut self, i: $half_fields) -> Flow {
            self.fp_three(halves(i.q), i.rd, i.rn, i.rm, $op)
        }
    )* } };
}

floating! {
    fmaxnm_v FmaxnmV, fmaxnm_vh FmaxnmVh = |l, s, a, b| l.ir.fmaxnum(s, a, b);
    fminnm_v FminnmV, fminnm_vh FminnmVh = |l, s, a, b| l.ir.fminnum(s, a, b);
    fadd_v FaddV, fadd_vh FaddVh = |l, s, a, b| l.ir.fadd(s, a, b);
    fsub_v FsubV, fsub_vh FsubVh = |l, s, a, b| l.ir.fsub(s, a, b);
    fabd_v FabdV, fabd_vh FabdVh = Lifter::fabd;
    fmulx_v FmulxV, fmulx_vh FmulxVh = |l, s, a, b| l.ir.fmulx(s, a, b);
    fmul_v FmulV, fmul_vh FmulVh = |l, s, a, b| l.ir.fmul(s, a, b);
    fcmeq_v FcmeqV, fcmeq_vh FcmeqVh = |l, s, a, b| l.fp_mask(s, FloatCC::Eq, a, b);
    fcmge_v FcmgeV, fcmge_vh FcmgeVh = |l, s, a, b| l.fp_mask(s, FloatCC::Ge, a, b);
    fcmgt_v FcmgtV, fcmgt_vh FcmgtVh = |l, s, a, b| l.fp_mask(s, FloatCC::Gt, a, b);
    facge_v FacgeV, facge_vh FacgeVh = |l, s, a, b| l.fp_mask(s, FloatCC::AbsGe, a, b);
    facgt_v FacgtV, facgt_vh FacgtVh = |l, s, a, b| l.fp_mask(s, FloatCC::AbsGt, a, b);
    fmax_v FmaxV, fmax_vh FmaxVh = |l, s, a, b| l.ir.fmax(s, a, b);
    fmin_v FminV, fmin_vh FminVh = |l, s, a, b| l.ir.fmin(s, a, b);
    frecps_v FrecpsV, frecps_vh FrecpsVh = |l, s, a, b| l.ir.frecip_step(s, a, b);
    frsqrts_v FrsqrtsV, frsqrts_vh FrsqrtsVh = |l, s, a, b| l.ir.frsqrt_step(s, a, b);
    fdiv_v FdivV, fdiv_vh FdivVh = |l, s, a, b| l.ir.fdiv(s, a, b);
    fmaxnmp_v FmaxnmpV, fmaxnmp_vh FmaxnmpVh = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.fmaxnum(s, a, b));
    fminnmp_v FminnmpV, fminnmp_vh FminnmpVh = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.fminnum(s, a, b));
    faddp_v FaddpV, faddp_vh FaddpVh = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.fadd(s, a, b));
    fmaxp_v FmaxpV, fmaxp_vh FmaxpVh = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.fmax(s, a, b));
    fminp_v FminpV, fminp_vh FminpVh = |l, s, a, b| l.pairwise(s, a, b, |l, a, b| l.ir.fmin(s, a, b));
}

/// A shift by register without saturation.
const fn shift(signed: bool, round: bool) -> SignedShift {
    SignedShift { signed, round, saturate: false, to_unsigned: false }
}

/// How SSHL shifts.
pub(super) const SSHL: SignedShift = shift(true, false);
/// How USHL shifts.
pub(super) const USHL: SignedShift = shift(false, false);
/// How SRSHL shifts.
pub(super) const SRSHL: SignedShift = shift(true, true);
/// How URSHL shifts.
pub(super) const URSHL: SignedShift = shift(false, true);

impl Lifter {
    /// PMUL: carry-less products of bytes, low halves.
    pub(crate) fn pmul_v(&mut self, i: PmulV) -> Flow {
        self.three(Lanes::vector(0, i.q), i.rd, i.rn, i.rm, |l, s, a, b| l.ir.pmul(s, a, b))
    }

    /// ORR (vector, register); with one register twice it is MOV.
    pub(crate) fn orr_v(&mut self, i: OrrV) -> Flow {
        let a = self.read_v(i.rn);
        let result = match (i.rn == i.rm, i.q) {
            (true, true) => a,
            (true, false) => self.ir.lo64(a),
            (false, q) => {
                let b = self.read_v(i.rm);
                self.ir.or(bytes(q), a, b)
            }
        };
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// FMLA (vector).
    pub(crate) fn fmla_v(&mut self, i: FmlaV) -> Flow {
        self.fused(floats(i.sz, i.q), i.rd, i.rn, i.rm)
    }

    /// FMLA (vector), half.
    pub(crate) fn fmla_vh(&mut self, i: FmlaVh) -> Flow {
        self.fused(halves(i.q), i.rd, i.rn, i.rm)
    }

    /// FMLS (vector).
    pub(crate) fn fmls_v(&mut self, i: FmlsV) -> Flow {
        self.fused_minus(floats(i.sz, i.q), i.rd, i.rn, i.rm)
    }

    /// FMLS (vector), half.
    pub(crate) fn fmls_vh(&mut self, i: FmlsVh) -> Flow {
        self.fused_minus(halves(i.q), i.rd, i.rn, i.rm)
    }

    /// Vd <- Vd + Vn * Vm, rounded once.
    fn fused(&mut self, shape: Shape, rd: u8, rn: u8, rm: u8) -> Flow {
        let d = self.read_v(rd);
        self.fp_three(shape, rd, rn, rm, |l, s, a, b| l.ir.fmuladd(s, a, b, d))
    }

    /// Vd <- Vd - Vn * Vm, rounded once.
    fn fused_minus(&mut self, shape: Shape, rd: u8, rn: u8, rm: u8) -> Flow {
        let d = self.read_v(rd);
        self.fp_three(shape, rd, rn, rm, |l, s, a, b| {
            let minus = l.ir.fneg(s, a);
            l.ir.fmuladd(s, minus, b, d)
        })
    }

    /// Vd <- op of the integer elements of Vn and Vm.
    pub(super) fn three(
        &mut self,
        lanes: Lanes,
        rd: u8,
        rn: u8,
        rm: u8,
        op: impl FnOnce(&mut Lifter, Shape, Value, Value) -> Value,
    ) -> Flow {
        let (a, b) = (self.read_lanes(lanes, rn), self.read_lanes(lanes, rm));
        let result = op(self, lanes.shape, a, b);
        self.write_v(rd, result);
        Flow::Next
    }

    /// Vd <- op of the floating-point elements (of a scalar shape: the one at the bottom) of Vn and Vm.
    pub(super) fn fp_three(
        &mut self,
        shape: impl Into<Shape>,
        rd: u8,
        rn: u8,
        rm: u8,
        op: impl FnOnce(&mut Lifter, Shape, Value, Value) -> Value,
    ) -> Flow {
        let shape = shape.into();
        let (a, b) = (self.read_float(shape, rn), self.read_float(shape, rm));
        let result = op(self, shape, a, b);
        self.write_fp(rd, result);
        Flow::Next
    }

    /// Register `r` as an operand of a floating-point operation of this shape.
    pub(super) fn read_float(&mut self, shape: Shape, r: u8) -> Value {
        match shape {
            Shape::Scalar(ty) => self.read_fp(ty, r),
            _ => self.read_v(r),
        }
    }

    /// `op` of each two neighbours, of `a` and then of `b`.
    pub(super) fn pairwise(
        &mut self,
        shape: Shape,
        a: Value,
        b: Value,
        op: impl FnOnce(&mut Lifter, Value, Value) -> Value,
    ) -> Value {
        let (even, odd) = (self.ir.uzp1(shape, a, b), self.ir.uzp2(shape, a, b));
        op(self, even, odd)
    }

    /// Signed sum, saturated.
    pub(super) fn sqadd(&mut self, shape: Shape, a: Value, b: Value) -> Value {
        let (result, wrapped) = (self.ir.sadd_sat(shape, a, b), self.ir.add(shape, a, b));
        self.raise_qc_if_differ(result, wrapped);
        result
    }

    /// Unsigned sum, saturated.
    pub(super) fn uqadd(&mut self, shape: Shape, a: Value, b: Value) -> Value {
        let (result, wrapped) = (self.ir.uadd_sat(shape, a, b), self.ir.add(shape, a, b));
        self.raise_qc_if_differ(result, wrapped);
        result
    }

    /// Signed difference, saturated.
    pub(super) fn sqsub(&mut self, shape: Shape, a: Value, b: Value) -> Value {
        let (result, wrapped) = (self.ir.ssub_sat(shape, a, b), self.ir.sub(shape, a, b));
        self.raise_qc_if_differ(result, wrapped);
        result
    }

    /// Unsigned difference, saturated.
    pub(super) fn uqsub(&mut self, shape: Shape, a: Value, b: Value) -> Value {
        let (result, wrapped) = (self.ir.usub_sat(shape, a, b), self.ir.sub(shape, a, b));
        self.raise_qc_if_differ(result, wrapped);
        result
    }

    /// Upper half of 2 * a * b, signed: out of range only for the square of the most negative number.
    pub(super) fn doubling_mul_high(&mut self, s: Shape, a: Value, b: Value, round: bool) -> Value {
        let min = self.every(s, 1 << (elem_bits(s) - 1));
        let (a_min, b_min) =
            (self.ir.icmp(s, IntCC::Eq, a, min), self.ir.icmp(s, IntCC::Eq, b, min));
        let both = self.ir.and(Ty::V128, a_min, b_min);
        self.raise_qc(both);
        self.ir.sqdmulhi(s, a, b, round)
    }

    /// Upper half of `d` (above its own width) plus or `minus` 2 * a * b, rounded and saturated.
    ///
    /// All is halved, so that it fits twice the width: d << (w - 1) and a * b are at most 2^(2w - 2) each.
    pub(super) fn doubling_mul_onto(
        &mut self,
        s: Shape,
        minus: bool,
        a: Value,
        b: Value,
        d: Value,
    ) -> Value {
        let bits = elem_bits(s);
        let (full, wide) = (s.to_full(), Shape::int_vector(2 * bits, true));
        let half = |l: &mut Lifter, upper| {
            let [a, b, d] = [a, b, d].map(|v| l.ir.widen(wide, full, upper, true, v));
            let (product, d) = (l.ir.mul(wide, a, b), l.ir.shli(wide, d, bits - 1));
            let sum = if minus { l.ir.sub(wide, d, product) } else { l.ir.add(wide, d, product) };
            let high = l.ir.srshri(wide, sum, bits - 1);
            l.narrow(Shape::int_vector(bits, false), Narrow::SatSS, high)
        };
        let low = half(self, false);
        if s.is_half() {
            return low;
        }
        let high = half(self, true);
        self.ir.zip1(Shape::I64x2, low, high)
    }

    /// Shift by register, saturated where shifting back does not give the operand again.
    pub(super) fn shift_saturating(
        &mut self,
        how: SignedShift,
        s: Shape,
        a: Value,
        by: Value,
    ) -> Value {
        let result = self.ir.shift_signed(s, a, by, SignedShift { saturate: true, ..how });
        let exact = SignedShift { round: false, ..how };
        let minus = self.ir.neg(s, by);
        let shifted = self.ir.shift_signed(s, a, by, exact);
        let back = self.ir.shift_signed(s, shifted, minus, exact);
        let same = self.ir.icmp(s, IntCC::Eq, back, a);
        // Only a left shift can overflow: the amount is the low byte of the element.
        let amount = self.ir.shli(s, by, elem_bits(s) - 8);
        let left = self.against_zero(s, IntCC::Sgt, amount);
        let over = self.ir.andnot(Ty::V128, left, same);
        self.raise_qc(over);
        result
    }

    /// |a - b|.
    pub(super) fn fabd(&mut self, shape: Shape, a: Value, b: Value) -> Value {
        let difference = self.ir.fsub(shape, a, b);
        self.ir.fabs(shape, difference)
    }

    /// All ones where `a cc b`; of a scalar shape, as an integer of its width.
    pub(super) fn fp_mask(&mut self, shape: Shape, cc: FloatCC, a: Value, b: Value) -> Value {
        let holds = self.ir.fcmp(shape, cc, a, b);
        if shape.is_vector() { holds } else { self.ir.sext(shape.to_int(), holds) }
    }
}
