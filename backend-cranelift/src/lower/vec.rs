//! Vector integer arithmetic, lane by lane.
//!
//! Invariants: an op works on all 128 bits; for a 64-bit arrangement the upper half of its result is zeroed
//! afterwards. Evaluated by the reference: `ShiftBySigned` where it saturates, or lanes of 8 and 16 bits go by different
//! amounts ([`super::shift`]), and `PMul`.

use super::int::int_cc;
use super::{Lower, clif};
use crate::rotate;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32X4, F64X2, I8X16, I16X8, I32, I32X4, I64, I64X2};
use cranelift_codegen::ir::{self, ConstantData, InstBuilder, Type};
use isamorph_ir::inst::SignedShift;
use isamorph_ir::{Inst, Op, Shape, Ty, Value, inst};

/// The 128-bit type of an arrangement's lanes, as integers.
pub(super) fn int_lanes(shape: Shape) -> Type {
    match shape.elem().map_or(64, Ty::bits) {
        8 => I8X16,
        16 => I16X8,
        32 => I32X4,
        _ => I64X2,
    }
}

/// The vector type with lanes twice as wide.
fn wider(ty: Type) -> Type {
    match ty {
        I8X16 => I16X8,
        I16X8 => I32X4,
        _ => I64X2,
    }
}

/// A lane's bits repeated over 128.
pub(super) fn repeat(lane: u64, bits: u32) -> u128 {
    let lane = lane as u128 & (u128::MAX >> (128 - bits));
    (0..128 / bits).fold(0, |v, n| v | lane << (n * bits))
}

impl Lower<'_, '_> {
    /// A 128-bit constant.
    pub(super) fn vconst(&mut self, ty: Type, bits: u128) -> ir::Value {
        let data = ConstantData::from(&bits.to_le_bytes()[..]);
        let handle = self.b.func.dfg.constants.insert(data);
        self.b.ins().vconst(ty, handle)
    }

    /// Every lane this constant.
    fn lanes(&mut self, ty: Type, lane: u64) -> ir::Value {
        self.vconst(ty, repeat(lane, ty.lane_bits()))
    }

    /// The low half; the upper one zeroed.
    pub(super) fn zero_upper(&mut self, v: ir::Value) -> ir::Value {
        let lanes = self.cast(I64X2, v);
        let low = self.vconst(I64X2, u64::MAX as u128);
        self.b.ins().band(lanes, low)
    }

    /// An IR value of type V128 as this vector type.
    pub(super) fn vector(&mut self, v: Value, ty: Type) -> ir::Value {
        let v = self.v(v);
        self.cast(ty, v)
    }

    /// The op's result by the reference.
    pub(super) fn eval_result(&mut self, inst: &Inst) -> ir::Value {
        let ty = inst.op.info().result.resolve(inst.shape, inst.from).unwrap_or(Ty::I64);
        self.eval(inst, clif(ty))
    }

    pub(super) fn vec_int(&mut self, inst: &Inst) -> ir::Value {
        if let Some(rotated) = self.rotate(inst) {
            return rotated;
        }
        let ty = int_lanes(inst.shape);
        let mut args = [None; 3];
        for (to, v) in args.iter_mut().zip(inst.args()) {
            *to = Some(self.vector(v, ty));
        }
        let a = args[0].expect("an operand");
        let b = args[1].unwrap_or(a);
        let result = match inst.op {
            Op::ReduceAdd | Op::ReduceSMax | Op::ReduceSMin | Op::ReduceUMax | Op::ReduceUMin => {
                return self.reduce(inst, a);
            }
            Op::ShiftBySigned => match self.shift_signed(inst, a) {
                Some(v) => v,
                None => match self.shift_variable(inst, a, b) {
                    Some(v) => v,
                    None => return self.eval_result(inst),
                },
            },
            Op::PMul => return self.eval_result(inst),
            Op::BitSel => self.b.ins().bitselect(a, b, args[2].expect("three operands")),
            op => self.lanewise(op, ty, a, b, inst.imm),
        };
        if inst.shape.is_half() { self.zero_upper(result) } else { result }
    }

    /// Two shifts that rotate lanes: by whole bytes one shuffle; else one rotation, if the host has it.
    fn rotate(&mut self, inst: &Inst) -> Option<ir::Value> {
        if inst.op != Op::Or {
            return None;
        }
        let [left, right] = [0, 1].map(|n| self.block.insts[inst.args[n].index()]);
        let [left, right] = if left.op == Op::ShlI { [left, right] } else { [right, left] };
        let shape = left.shape;
        let bits = shape.elem()?.bits();
        let rotates = (left.op, right.op) == (Op::ShlI, Op::LShrI)
            && (left.args[0], shape) == (right.args[0], right.shape)
            && left.imm + right.imm == u128::from(bits)
            && !shape.is_half()
            && !inst.shape.is_half();
        if !rotates {
            return None;
        }
        if !left.imm.is_multiple_of(8) {
            if bits != 32 || !self.target.rotates {
                return None;
            }
            let a = self.v(left.args[0]);
            if !rotate::suits(self.b.func, a) {
                return None;
            }
            let a = self.cast(I64X2, a);
            let amount = self.b.ins().iconst(I32, left.imm as i64 + rotate::BIAS);
            let rotated = self.b.ins().sshr(a, amount);
            self.out.rotations += 1;
            return Some(self.cast(I32X4, rotated));
        }
        let (lane, by) = (bits as usize / 8, left.imm as usize / 8);
        let a = self.v(left.args[0]);
        let from = |n: usize| n / lane * lane + (n % lane + lane - by) % lane;
        Some(self.shuffle(a, a, std::array::from_fn(|n| from(n) as u8)))
    }

    fn lanewise(&mut self, op: Op, ty: Type, a: ir::Value, b: ir::Value, imm: u128) -> ir::Value {
        let bits = ty.lane_bits();
        let amount = imm.min(bits as u128) as u32;
        match op {
            Op::Add => self.b.ins().iadd(a, b),
            Op::Sub => self.b.ins().isub(a, b),
            Op::Mul if ty == I8X16 => self.mul_bytes(a, b),
            Op::Mul => self.b.ins().imul(a, b),
            Op::Neg => self.b.ins().ineg(a),
            Op::Abs => self.b.ins().iabs(a),
            Op::And => self.b.ins().band(a, b),
            Op::Or => self.b.ins().bor(a, b),
            Op::Xor => self.b.ins().bxor(a, b),
            Op::AndNot => self.b.ins().band_not(a, b),
            Op::Not => self.b.ins().bnot(a),
            Op::ShlI => self.shift_left(ty, a, amount),
            Op::LShrI => self.shift_right(ty, false, a, amount),
            Op::AShrI => self.shift_right(ty, true, a, amount),
            Op::URShrI | Op::SRShrI => self.round_shift(ty, op == Op::SRShrI, a, amount),
            Op::Clz => self.clz_lanes(ty, a),
            Op::Ctz => {
                let reversed = self.bitrev_lanes(ty, a);
                self.clz_lanes(ty, reversed)
            }
            Op::Cls => {
                let sign = self.shift_right(ty, true, a, bits - 1);
                let x = self.b.ins().bxor(a, sign);
                let n = self.clz_lanes(ty, x);
                let one = self.lanes(ty, 1);
                self.b.ins().isub(n, one)
            }
            Op::Popcnt => self.popcnt_lanes(ty, a),
            Op::BitRev => self.bitrev_lanes(ty, a),
            Op::ICmp => {
                let cc = inst::IntCC::from_bits(imm).unwrap_or(inst::IntCC::Eq);
                match int_cc(cc) {
                    Some(cc) => self.b.ins().icmp(cc, a, b),
                    None => {
                        let both = self.b.ins().band(a, b);
                        let zero = self.lanes(ty, 0);
                        self.b.ins().icmp(IntCC::NotEqual, both, zero)
                    }
                }
            }
            Op::SMin | Op::SMax | Op::UMin | Op::UMax => self.min_max(op, ty, a, b),
            Op::SAddSat | Op::SSubSat | Op::UAddSat | Op::USubSat => self.saturating(op, ty, a, b),
            Op::SAvg | Op::UAvg => self.average(op == Op::SAvg, ty, a, b, imm & 1 == 1),
            Op::SHSub | Op::UHSub => {
                // a - b = (a ^ b) - 2 (!a & b)
                let x = self.b.ins().bxor(a, b);
                let x = self.shift_right(ty, op == Op::SHSub, x, 1);
                let borrow = self.b.ins().band_not(b, a);
                self.b.ins().isub(x, borrow)
            }
            Op::SAbd => {
                let (max, min) =
                    (self.min_max(Op::SMax, ty, a, b), self.min_max(Op::SMin, ty, a, b));
                self.b.ins().isub(max, min)
            }
            Op::UAbd => {
                let (max, min) =
                    (self.min_max(Op::UMax, ty, a, b), self.min_max(Op::UMin, ty, a, b));
                self.b.ins().isub(max, min)
            }
            Op::SQDMulHi => self.doubling_mul_high(ty, a, b, imm & 1 == 1),
            op => unreachable!("{op:?} is no lanewise integer op"),
        }
    }

    fn shift_left(&mut self, ty: Type, a: ir::Value, n: u32) -> ir::Value {
        match n {
            0 => a,
            n if n >= ty.lane_bits() => self.lanes(ty, 0),
            n => self.b.ins().ishl_imm_u(a, n as i64),
        }
    }

    pub(super) fn shift_right(
        &mut self,
        ty: Type,
        signed: bool,
        a: ir::Value,
        n: u32,
    ) -> ir::Value {
        let last = ty.lane_bits() - 1;
        match n {
            0 => a,
            n if signed && n >= last => {
                let zero = self.lanes(ty, 0);
                self.b.ins().icmp(IntCC::SignedLessThan, a, zero)
            }
            n if signed => self.b.ins().sshr_imm_u(a, n as i64),
            n if n > last => self.lanes(ty, 0),
            n => self.b.ins().ushr_imm_u(a, n as i64),
        }
    }

    /// The shifted value plus the last bit shifted out.
    fn round_shift(&mut self, ty: Type, signed: bool, a: ir::Value, n: u32) -> ir::Value {
        if n == 0 {
            return a;
        }
        let shifted = self.shift_right(ty, signed, a, n);
        let last = self.shift_right(ty, false, a, n - 1);
        let one = self.lanes(ty, 1);
        let last = self.b.ins().band(last, one);
        self.b.ins().iadd(shifted, last)
    }

    /// Shifts by one constant amount; `None` if the amounts are not that, or saturation is asked for.
    fn shift_signed(&mut self, inst: &Inst, a: ir::Value) -> Option<ir::Value> {
        let how = SignedShift::from_bits(inst.imm)?;
        let bits = inst.shape.elem()?.bits();
        let amounts = self.const_of(inst.args[1])?;
        let by = amounts as u8 as i8;
        let mask = repeat(0xff, bits) & if inst.shape.is_half() { u64::MAX as u128 } else { !0 };
        if amounts & mask != repeat(by as u8 as u64, bits) & mask || how.saturate && by > 0 {
            return None;
        }
        if how.saturate && how.to_unsigned {
            return None;
        }
        let ty = int_lanes(inst.shape);
        let n = by.unsigned_abs() as u32;
        Some(match by {
            0.. => self.shift_left(ty, a, n),
            _ if how.round && n > bits => self.lanes(ty, 0),
            _ if how.round => self.round_shift(ty, how.signed, a, n),
            _ => self.shift_right(ty, how.signed, a, n),
        })
    }

    /// Products of bytes from products of 16-bit lanes: even and odd ones.
    fn mul_bytes(&mut self, a: ir::Value, b: ir::Value) -> ir::Value {
        let [a, b] = [a, b].map(|v| self.cast(I16X8, v));
        let even = self.b.ins().imul(a, b);
        let [a, b] = [a, b].map(|v| self.b.ins().ushr_imm_u(v, 8));
        let odd = self.b.ins().imul(a, b);
        let odd = self.b.ins().ishl_imm_u(odd, 8);
        let low = self.lanes(I16X8, 0xff);
        let even = self.b.ins().band(even, low);
        let both = self.b.ins().bor(even, odd);
        self.cast(I8X16, both)
    }

    fn min_max(&mut self, op: Op, ty: Type, a: ir::Value, b: ir::Value) -> ir::Value {
        if ty == I64X2 {
            let cc = match op {
                Op::SMin => IntCC::SignedLessThan,
                Op::SMax => IntCC::SignedGreaterThan,
                Op::UMin => IntCC::UnsignedLessThan,
                _ => IntCC::UnsignedGreaterThan,
            };
            let first = self.compare_64(cc, a, b);
            return self.b.ins().bitselect(first, a, b);
        }
        match op {
            Op::SMin => self.b.ins().smin(a, b),
            Op::SMax => self.b.ins().smax(a, b),
            Op::UMin => self.b.ins().umin(a, b),
            _ => self.b.ins().umax(a, b),
        }
    }

    /// A strict comparison of 64-bit lanes; unsigned ones with the top bit inverted.
    fn compare_64(&mut self, cc: IntCC, a: ir::Value, b: ir::Value) -> ir::Value {
        let (cc, a, b) = match cc {
            IntCC::UnsignedLessThan | IntCC::UnsignedGreaterThan => {
                let top = self.lanes(I64X2, 1 << 63);
                let [a, b] = [a, b].map(|v| self.b.ins().bxor(v, top));
                let greater = cc == IntCC::UnsignedGreaterThan;
                let cc = if greater { IntCC::SignedGreaterThan } else { IntCC::SignedLessThan };
                (cc, a, b)
            }
            _ => (cc, a, b),
        };
        self.b.ins().icmp(cc, a, b)
    }

    fn saturating(&mut self, op: Op, ty: Type, a: ir::Value, b: ir::Value) -> ir::Value {
        if matches!(ty, I8X16 | I16X8) {
            return match op {
                Op::SAddSat => self.b.ins().sadd_sat(a, b),
                Op::SSubSat => self.b.ins().ssub_sat(a, b),
                Op::UAddSat => self.b.ins().uadd_sat(a, b),
                _ => self.b.ins().usub_sat(a, b),
            };
        }
        let below = |l: &mut Self, a, b| match ty {
            I64X2 => l.compare_64(IntCC::UnsignedLessThan, a, b),
            _ => l.b.ins().icmp(IntCC::UnsignedLessThan, a, b),
        };
        match op {
            Op::UAddSat => {
                let sum = self.b.ins().iadd(a, b);
                let carry = below(self, sum, a);
                self.b.ins().bor(sum, carry)
            }
            Op::USubSat => {
                let difference = self.b.ins().isub(a, b);
                let borrow = below(self, a, b);
                self.b.ins().band_not(difference, borrow)
            }
            _ => {
                let (r, y) = if op == Op::SAddSat {
                    let r = self.b.ins().iadd(a, b);
                    (r, self.b.ins().bxor(b, r))
                } else {
                    (self.b.ins().isub(a, b), self.b.ins().bxor(a, b))
                };
                let x = self.b.ins().bxor(a, r);
                let overflow = self.b.ins().band(x, y);
                let overflow = self.shift_right(ty, true, overflow, ty.lane_bits() - 1);
                // MAX if a >= 0, MIN if not.
                let sign = self.shift_right(ty, true, a, ty.lane_bits() - 1);
                let max = self.lanes(ty, u64::MAX >> (65 - ty.lane_bits()));
                let limit = self.b.ins().bxor(sign, max);
                self.b.ins().bitselect(overflow, limit, r)
            }
        }
    }

    fn average(
        &mut self,
        signed: bool,
        ty: Type,
        a: ir::Value,
        b: ir::Value,
        round: bool,
    ) -> ir::Value {
        if round && !signed && matches!(ty, I8X16 | I16X8) {
            return self.b.ins().avg_round(a, b);
        }
        // a + b = 2 (a & b) + (a ^ b) = 2 (a | b) - (a ^ b)
        let x = self.b.ins().bxor(a, b);
        let x = self.shift_right(ty, signed, x, 1);
        if round {
            let either = self.b.ins().bor(a, b);
            self.b.ins().isub(either, x)
        } else {
            let both = self.b.ins().band(a, b);
            self.b.ins().iadd(both, x)
        }
    }

    fn doubling_mul_high(
        &mut self,
        ty: Type,
        a: ir::Value,
        b: ir::Value,
        round: bool,
    ) -> ir::Value {
        if ty == I16X8 && round {
            return self.b.ins().sqmul_round_sat(a, b);
        }
        // 2ab >> 16 is ab >> 15; only MIN * MIN does not fit.
        let halves = [false, true].map(|high| {
            let [a, b] = [a, b].map(|v| match high {
                false => self.b.ins().swiden_low(v),
                true => self.b.ins().swiden_high(v),
            });
            self.b.ins().imul(a, b)
        });
        if ty == I16X8 {
            let [lo, hi] = halves.map(|p| self.b.ins().sshr_imm_u(p, 15));
            return self.b.ins().snarrow(lo, hi);
        }
        let [lo, hi] = halves.map(|p| {
            let half = self.lanes(I64X2, 1 << 30);
            let p = if round { self.b.ins().iadd(p, half) } else { p };
            let p = self.b.ins().ushr_imm_u(p, 31);
            self.cast(I8X16, p)
        });
        let low_words = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
        let words = self.shuffle(lo, hi, low_words);
        let words = self.cast(I32X4, words);
        let min = self.lanes(I32X4, 1 << 31);
        let overflow = self.b.ins().icmp(IntCC::Equal, words, min);
        self.b.ins().bxor(words, overflow)
    }

    /// Leading zeros of bytes by tables of nibbles, of wider lanes from those of their halves.
    fn clz_lanes(&mut self, ty: Type, a: ir::Value) -> ir::Value {
        let high: [u8; 16] = [8, 3, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        let low: [u8; 16] = [8, 7, 6, 6, 5, 5, 5, 5, 4, 4, 4, 4, 4, 4, 4, 4];
        let a = self.cast(I8X16, a);
        let (high, low) = self.nibble_tables(a, high, low);
        let mut count = self.b.ins().umin(high, low);
        let mut lanes = I8X16;
        while lanes != ty {
            let bits = lanes.lane_bits();
            lanes = wider(lanes);
            count = self.cast(lanes, count);
            let high = self.b.ins().ushr_imm_u(count, bits as i64);
            let mask = self.lanes(lanes, (1 << bits) - 1);
            let low = self.b.ins().band(count, mask);
            let full = self.lanes(lanes, bits as u64);
            let empty = self.b.ins().icmp(IntCC::Equal, high, full);
            let low = self.b.ins().band(low, empty);
            count = self.b.ins().iadd(high, low);
        }
        count
    }

    /// Bytes that these tables give for the high and the low nibbles.
    fn nibble_tables(
        &mut self,
        a: ir::Value,
        high: [u8; 16],
        low: [u8; 16],
    ) -> (ir::Value, ir::Value) {
        let [high, low] = [high, low].map(|t| self.vconst(I8X16, u128::from_le_bytes(t)));
        let mask = self.lanes(I8X16, 15);
        let high_nibbles = self.b.ins().ushr_imm_u(a, 4);
        let low_nibbles = self.b.ins().band(a, mask);
        (self.b.ins().x86_pshufb(high, high_nibbles), self.b.ins().x86_pshufb(low, low_nibbles))
    }

    fn popcnt_lanes(&mut self, ty: Type, a: ir::Value) -> ir::Value {
        let a = self.cast(I8X16, a);
        let mut count = self.b.ins().popcnt(a);
        let mut lanes = I8X16;
        while lanes != ty {
            let bits = lanes.lane_bits();
            lanes = wider(lanes);
            count = self.cast(lanes, count);
            let high = self.b.ins().ushr_imm_u(count, bits as i64);
            let sum = self.b.ins().iadd(count, high);
            let mask = self.lanes(lanes, (1 << bits) - 1);
            count = self.b.ins().band(sum, mask);
        }
        count
    }

    /// Through a vector, where a shuffle is a table of nibbles: a quarter of what shifts and masks take.
    pub(super) fn reverse_bits(&mut self, ty: Type, a: ir::Value) -> ir::Value {
        let lanes = if ty == I64 { I64X2 } else { I32X4 };
        let a = self.b.ins().scalar_to_vector(lanes, a);
        let reversed = self.bitrev_lanes(lanes, a);
        self.first_lane(reversed)
    }

    /// The lowest lane of 32 or 64 bits as an integer; by a move, where an extraction is a shuffle too.
    pub(super) fn first_lane(&mut self, v: ir::Value) -> ir::Value {
        let (float, int) = match self.type_of(v).lane_bits() {
            64 => (F64X2, I64),
            _ => (F32X4, I32),
        };
        let lanes = self.cast(float, v);
        let lane = self.b.ins().extractlane(lanes, 0);
        self.cast(int, lane)
    }

    fn bitrev_lanes(&mut self, ty: Type, a: ir::Value) -> ir::Value {
        let low: [u8; 16] = std::array::from_fn(|n| (n as u8).reverse_bits());
        let high = low.map(|n| n >> 4);
        let a = self.cast(I8X16, a);
        let (high, low) = self.nibble_tables(a, high, low);
        let bytes = self.b.ins().bor(high, low);
        let size = ty.lane_bits() as usize / 8;
        if size == 1 {
            return bytes;
        }
        let reversed = self.shuffle(bytes, bytes, std::array::from_fn(|n| (n ^ (size - 1)) as u8));
        self.cast(ty, reversed)
    }

    /// Folds the upper half onto the lower one until one lane is left.
    fn reduce(&mut self, inst: &Inst, a: ir::Value) -> ir::Value {
        let ty = int_lanes(inst.shape);
        let lane = ty.lane_bits() as usize / 8;
        let mut width = if inst.shape.is_half() { 8 } else { 16 };
        let mut v = a;
        while width > lane {
            width /= 2;
            let bytes = self.cast(I8X16, v);
            let moved = std::array::from_fn(|n| ((n + width) % 16) as u8);
            let upper = self.shuffle(bytes, bytes, moved);
            let upper = self.cast(ty, upper);
            v = match inst.op {
                Op::ReduceAdd => self.b.ins().iadd(v, upper),
                Op::ReduceSMax => self.min_max(Op::SMax, ty, v, upper),
                Op::ReduceSMin => self.min_max(Op::SMin, ty, v, upper),
                Op::ReduceUMax => self.min_max(Op::UMax, ty, v, upper),
                _ => self.min_max(Op::UMin, ty, v, upper),
            };
        }
        self.b.ins().extractlane(v, 0)
    }
}
