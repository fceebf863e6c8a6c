//! Vector integer arithmetic, lane by lane.
//!
//! Invariant: an op works on all 128 bits; for a 64-bit arrangement the upper half of its result is zeroed afterwards.

use super::fp::{X0, X1, X2};
use crate::x64::Gen;
use crate::x64::alloc::Place;
use crate::x64::emit::{Code, Rm, Xmm, code};
use isamorph_ir::inst::{IntCC, SignedShift};
use isamorph_ir::{Inst, Op, Shape, Ty, Value};

/// An instruction of prefix 66 in map 0f.
const fn p(byte: u8) -> Code {
    code(0x66, 1, byte)
}

/// An instruction of prefix 66 in map 0f 38.
const fn q(byte: u8) -> Code {
    code(0x66, 2, byte)
}

const PAND: Code = p(0xdb);
const PANDN: Code = p(0xdf);
const POR: Code = p(0xeb);
const PXOR: Code = p(0xef);

/// A lane's bits repeated over 128.
pub(super) fn repeat(lane: u64, bits: u32) -> u128 {
    let lane = lane as u128 & (u128::MAX >> (128 - bits));
    (0..128 / bits).fold(0, |v, n| v | lane << (n * bits))
}

/// Number of the lane's width: 0 for 8 bits to 3 for 64.
fn log(bits: u32) -> usize {
    bits.trailing_zeros() as usize - 3
}

fn add(bits: u32) -> Code {
    p([0xfc, 0xfd, 0xfe, 0xd4][log(bits)])
}

fn sub(bits: u32) -> Code {
    p([0xf8, 0xf9, 0xfa, 0xfb][log(bits)])
}

fn equal(bits: u32) -> Code {
    [p(0x74), p(0x75), p(0x76), q(0x29)][log(bits)]
}

fn greater(bits: u32) -> Code {
    [p(0x64), p(0x65), p(0x66), q(0x37)][log(bits)]
}

/// Minimum or maximum, where the host has it.
fn min_max(op: Op, bits: u32) -> Option<Code> {
    Some(match (op, bits) {
        (Op::SMin, 8) => q(0x38),
        (Op::SMin, 16) => p(0xea),
        (Op::SMin, 32) => q(0x39),
        (Op::SMax, 8) => q(0x3c),
        (Op::SMax, 16) => p(0xee),
        (Op::SMax, 32) => q(0x3d),
        (Op::UMin, 8) => p(0xda),
        (Op::UMin, 16) => q(0x3a),
        (Op::UMin, 32) => q(0x3b),
        (Op::UMax, 8) => p(0xde),
        (Op::UMax, 16) => q(0x3e),
        (Op::UMax, 32) => q(0x3f),
        _ => return None,
    })
}

/// The instruction that an op is on the host, if it is one; may its operands be exchanged?
fn single(inst: &Inst, bits: u32) -> Option<(Code, bool)> {
    Some(match (inst.op, bits) {
        (Op::Add, _) => (add(bits), true),
        (Op::Sub, _) => (sub(bits), false),
        (Op::Mul, 16) => (p(0xd5), true),
        (Op::Mul, 32) => (q(0x40), true),
        (Op::And, _) => (PAND, true),
        (Op::Or, _) => (POR, true),
        (Op::Xor, _) => (PXOR, true),
        (Op::SMin | Op::SMax | Op::UMin | Op::UMax, _) => (min_max(inst.op, bits)?, true),
        (Op::SAddSat, 8) => (p(0xec), true),
        (Op::SAddSat, 16) => (p(0xed), true),
        (Op::SSubSat, 8) => (p(0xe8), false),
        (Op::SSubSat, 16) => (p(0xe9), false),
        (Op::UAddSat, 8) => (p(0xdc), true),
        (Op::UAddSat, 16) => (p(0xdd), true),
        (Op::USubSat, 8) => (p(0xd8), false),
        (Op::USubSat, 16) => (p(0xd9), false),
        (Op::UAvg, 8) if inst.imm & 1 == 1 => (p(0xe0), true),
        (Op::UAvg, 16) if inst.imm & 1 == 1 => (p(0xe3), true),
        (Op::ICmp, _) => match IntCC::from_bits(inst.imm)? {
            IntCC::Eq => (equal(bits), true),
            IntCC::Sgt => (greater(bits), false),
            _ => return None,
        },
        _ => return None,
    })
}

impl Gen<'_> {
    /// Zeroes the upper half of a result in a 64-bit arrangement.
    fn cut(&mut self, inst: &Inst, d: Xmm) {
        if inst.shape.is_half() {
            self.e.load_x(8, false, d, d);
        }
    }

    /// An operand as a register or, if it is needed no more, 16 bytes of memory.
    fn vrm(&mut self, v: Value) -> Rm {
        self.xrm(v)
    }

    pub(super) fn vec_int(&mut self, inst: &Inst, v: Value) -> bool {
        let bits = match inst.shape {
            Shape::V128 => 64,
            shape => shape.elem().map_or(64, Ty::bits),
        };
        if let Some((c, commutes)) = single(inst, bits) {
            let [mut a, mut b, ..] = inst.args;
            let memory = |g: &Self, v| {
                matches!(g.place(v), Place::State(_) | Place::Frame(_) | Place::Const)
            };
            if commutes && memory(self, a) && !memory(self, b) {
                (a, b) = (b, a);
            }
            let y = self.vrm(b);
            let x = self.xmm(a);
            let d = self.def_x_over(v, &[a, b]);
            self.e.v3(c, d, x, y);
            self.cut(inst, d);
            return true;
        }
        let [a, b, c, _] = inst.args;
        let amount = inst.imm.min(bits as u128) as u32;
        let x = self.xmm(a);
        // Operands beyond the first, in registers before the result gets its own.
        match inst.op {
            Op::AndNot => {
                let y = self.xmm(b);
                let d = self.def_x(v);
                self.e.v3(PANDN, d, y, x);
                self.cut(inst, d);
            }
            Op::Not => {
                self.e.ones_x(X0);
                let d = self.def_x(v);
                self.e.v3(PXOR, d, x, X0);
                self.cut(inst, d);
            }
            Op::Neg => {
                self.e.zero_x(X0);
                let d = self.def_x(v);
                self.e.v3(sub(bits), d, X0, x);
                self.cut(inst, d);
            }
            Op::Abs if bits < 64 => {
                let d = self.def_x(v);
                self.e.v2(q([0x1c, 0x1d, 0x1e][log(bits)]), d, x);
                self.cut(inst, d);
            }
            Op::Abs => {
                self.e.zero_x(X0);
                self.e.v3(greater(64), X0, X0, x);
                let d = self.def_x(v);
                self.e.v3(PXOR, d, x, X0);
                self.e.v3(sub(64), d, d, X0);
                self.cut(inst, d);
            }
            Op::ShlI | Op::LShrI | Op::AShrI => {
                let d = self.def_x(v);
                self.shift_lanes(inst.op, bits, amount, d, x);
                self.cut(inst, d);
            }
            Op::URShrI | Op::SRShrI => {
                let d = self.def_x(v);
                self.round_shift(inst.op == Op::SRShrI, bits, amount, d, x);
                self.cut(inst, d);
            }
            Op::ShiftBySigned => return self.shift_signed(inst, v, bits, x),
            Op::BitSel => {
                let (y, z) = (self.xmm(b), self.xmm(c));
                let d = self.def_x(v);
                self.e.v3(PAND, X0, x, y);
                self.e.v3(PANDN, d, x, z);
                self.e.v3(POR, d, d, X0);
                self.cut(inst, d);
            }
            Op::Mul => {
                let y = self.xmm(b);
                let d = self.def_x(v);
                if bits == 8 {
                    self.mul_bytes(d, x, y);
                } else {
                    self.mul_double_words(d, x, y);
                }
                self.cut(inst, d);
            }
            Op::ICmp => {
                let y = self.xmm(b);
                let d = self.def_x(v);
                self.compare_lanes(IntCC::from_bits(inst.imm).unwrap_or(IntCC::Eq), bits, d, x, y);
                self.cut(inst, d);
            }
            Op::SMin | Op::SMax | Op::UMin | Op::UMax => {
                let y = self.xmm(b);
                let d = self.def_x(v);
                let greater = matches!(inst.op, Op::SMax | Op::UMax);
                let cc = match inst.op {
                    Op::SMin | Op::SMax => IntCC::Sgt,
                    _ => IntCC::Ugt,
                };
                self.compare_lanes(cc, bits, X2, x, y);
                let (yes, no) = if greater { (x, y) } else { (y, x) };
                self.e.v3(PAND, X0, X2, yes);
                self.e.v3(PANDN, d, X2, no);
                self.e.v3(POR, d, d, X0);
                self.cut(inst, d);
            }
            Op::SAddSat | Op::SSubSat | Op::UAddSat | Op::USubSat => {
                let y = self.xmm(b);
                let d = self.def_x(v);
                self.saturating(inst.op, bits, d, x, y);
                self.cut(inst, d);
            }
            Op::SAvg | Op::UAvg => {
                // a + b = 2 (a & b) + (a ^ b) = 2 (a | b) - (a ^ b)
                let y = self.xmm(b);
                let d = self.def_x(v);
                let shift = if inst.op == Op::SAvg { Op::AShrI } else { Op::LShrI };
                self.e.v3(PXOR, X2, x, y);
                self.shift_lanes(shift, bits, 1, d, X2);
                let round = inst.imm & 1 == 1;
                self.e.v3(if round { POR } else { PAND }, X2, x, y);
                if round {
                    self.e.v3(sub(bits), X2, X2, d);
                    self.e.movaps(d, X2);
                } else {
                    self.e.v3(add(bits), d, d, X2);
                }
                self.cut(inst, d);
            }
            Op::SHSub | Op::UHSub => {
                // a - b = (a ^ b) - 2 (!a & b)
                let y = self.xmm(b);
                let d = self.def_x(v);
                let shift = if inst.op == Op::SHSub { Op::AShrI } else { Op::LShrI };
                self.e.v3(PXOR, X2, x, y);
                self.shift_lanes(shift, bits, 1, d, X2);
                self.e.v3(PANDN, X2, x, y);
                self.e.v3(sub(bits), d, d, X2);
                self.cut(inst, d);
            }
            Op::SAbd | Op::UAbd => {
                let (max, min) =
                    if inst.op == Op::SAbd { (Op::SMax, Op::SMin) } else { (Op::UMax, Op::UMin) };
                let (Some(max), Some(min)) = (min_max(max, bits), min_max(min, bits)) else {
                    return false;
                };
                let y = self.xmm(b);
                let d = self.def_x(v);
                self.e.v3(max, d, x, y);
                self.e.v3(min, X0, x, y);
                self.e.v3(sub(bits), d, d, X0);
                self.cut(inst, d);
            }
            Op::Popcnt => {
                let d = self.def_x(v);
                if !self.count_ones(bits, d, x) {
                    return false;
                }
                self.cut(inst, d);
            }
            Op::SQDMulHi if bits == 16 && inst.imm & 1 == 1 => {
                // Only MIN * MIN does not fit.
                let y = self.xmm(b);
                let d = self.def_x(v);
                self.e.v3(q(0x0b), d, x, y);
                let least = self.e.constant(repeat(0x8000, 16));
                self.e.v3(equal(16), X0, d, least);
                self.e.v3(PXOR, d, d, X0);
                self.cut(inst, d);
            }
            _ => return false,
        }
        true
    }

    /// `d` = lanes of `a` shifted by an amount of at most their width. X0 is used up.
    fn shift_lanes(&mut self, op: Op, bits: u32, n: u32, d: Xmm, a: Xmm) {
        let group = |op: Op| match op {
            Op::ShlI => 6,
            Op::LShrI => 2,
            _ => 4,
        };
        let arithmetic = op == Op::AShrI;
        let n = if arithmetic { n.min(bits - 1) } else { n };
        if n == 0 {
            return self.e.movaps(d, a);
        }
        if n >= bits {
            return self.e.zero_x(d);
        }
        match bits {
            8 => {
                // Whole words, then what came over from the neighbour is masked.
                let lane = if op == Op::ShlI { 0xffu64 << n & 0xff } else { 0xff >> n };
                self.e.vshift(0x71, group(if arithmetic { Op::LShrI } else { op }), d, a, n as u8);
                let mask = self.e.constant(repeat(lane, 8));
                self.e.v3(PAND, d, d, mask);
                if arithmetic {
                    let sign = self.e.constant(repeat(0x80 >> n, 8));
                    self.e.v3(PXOR, d, d, sign);
                    self.e.v3(sub(8), d, d, sign);
                }
            }
            64 if arithmetic => {
                self.e.zero_x(X0);
                self.e.v3(greater(64), X0, X0, a);
                self.e.vshift(0x73, 6, X0, X0, (64 - n) as u8);
                self.e.vshift(0x73, 2, d, a, n as u8);
                self.e.v3(POR, d, d, X0);
            }
            _ => {
                let byte = [0x71, 0x72, 0x73][log(bits) - 1];
                self.e.vshift(byte, group(op), d, a, n as u8);
            }
        }
    }

    /// The shifted value plus the last bit shifted out. X0 and X1 are used up; `d` is not `a`.
    fn round_shift(&mut self, signed: bool, bits: u32, n: u32, d: Xmm, a: Xmm) {
        if n == 0 {
            return self.e.movaps(d, a);
        }
        self.shift_lanes(Op::LShrI, bits, n - 1, X1, a);
        let one = self.e.constant(repeat(1, bits));
        self.e.v3(PAND, X1, X1, one);
        if signed {
            self.shift_lanes(Op::AShrI, bits, n, d, a);
        } else {
            self.shift_lanes(Op::LShrI, bits, n, d, a);
        }
        self.e.v3(add(bits), d, d, X1);
    }

    /// Shifts by one constant amount; others are left to the reference.
    fn shift_signed(&mut self, inst: &Inst, v: Value, bits: u32, a: Xmm) -> bool {
        let Some(how) = SignedShift::from_bits(inst.imm) else { return false };
        let Some(amounts) = self.const_of(inst.args[1]) else { return false };
        let by = amounts as u8 as i8;
        let mask = repeat(0xff, bits) & if inst.shape.is_half() { u64::MAX as u128 } else { !0 };
        let same = amounts & mask == repeat(by as u8 as u64, bits) & mask;
        if !same || how.saturate && (by > 0 || how.to_unsigned) {
            return false;
        }
        let n = by.unsigned_abs() as u32;
        let d = self.def_x(v);
        match by {
            0.. => self.shift_lanes(Op::ShlI, bits, n.min(bits), d, a),
            _ if how.round && n > bits => self.e.zero_x(d),
            _ if how.round => self.round_shift(how.signed, bits, n, d, a),
            _ if how.signed => self.shift_lanes(Op::AShrI, bits, n.min(bits), d, a),
            _ => self.shift_lanes(Op::LShrI, bits, n.min(bits), d, a),
        }
        self.cut(inst, d);
        true
    }

    /// Products of bytes from products of 16-bit lanes: even and odd ones.
    fn mul_bytes(&mut self, d: Xmm, a: Xmm, b: Xmm) {
        self.e.vshift(0x71, 2, X0, a, 8);
        self.e.vshift(0x71, 2, X1, b, 8);
        self.e.v3(p(0xd5), X0, X0, X1);
        self.e.vshift(0x71, 6, X0, X0, 8);
        self.e.v3(p(0xd5), d, a, b);
        let low = self.e.constant(repeat(0xff, 16));
        self.e.v3(PAND, d, d, low);
        self.e.v3(POR, d, d, X0);
    }

    /// Low halves of products of 64 bits from products of 32.
    fn mul_double_words(&mut self, d: Xmm, a: Xmm, b: Xmm) {
        let mul = p(0xf4);
        self.e.vshift(0x73, 2, X0, a, 32);
        self.e.v3(mul, X0, X0, b);
        self.e.vshift(0x73, 2, X1, b, 32);
        self.e.v3(mul, X1, X1, a);
        self.e.v3(add(64), X0, X0, X1);
        self.e.vshift(0x73, 6, X0, X0, 32);
        self.e.v3(mul, d, a, b);
        self.e.v3(add(64), d, d, X0);
    }

    /// `d` = ones where the comparison holds. X0 and X1 are used up; `d` is neither operand.
    fn compare_lanes(&mut self, cc: IntCC, bits: u32, d: Xmm, a: Xmm, b: Xmm) {
        let (swap, not) = match cc {
            IntCC::Eq | IntCC::Sgt | IntCC::Ugt => (false, false),
            IntCC::Ne | IntCC::Sle | IntCC::Ule | IntCC::Test => (false, true),
            IntCC::Slt | IntCC::Ult => (true, false),
            IntCC::Sge | IntCC::Uge => (true, true),
        };
        let (a, b) = if swap { (b, a) } else { (a, b) };
        match cc {
            IntCC::Eq | IntCC::Ne => self.e.v3(equal(bits), d, a, b),
            IntCC::Test => {
                self.e.v3(PAND, d, a, b);
                self.e.zero_x(X0);
                self.e.v3(equal(bits), d, d, X0);
            }
            IntCC::Sgt | IntCC::Sle | IntCC::Slt | IntCC::Sge => {
                self.e.v3(greater(bits), d, a, b);
            }
            IntCC::Ugt | IntCC::Ule | IntCC::Ult | IntCC::Uge => {
                let top = self.e.constant(repeat(1 << (bits - 1), bits));
                self.e.v3(PXOR, X0, a, top);
                self.e.v3(PXOR, X1, b, top);
                self.e.v3(greater(bits), d, X0, X1);
            }
        }
        if not {
            self.e.ones_x(X0);
            self.e.v3(PXOR, d, d, X0);
        }
    }

    /// Saturating sums and differences of 32- and 64-bit lanes.
    fn saturating(&mut self, op: Op, bits: u32, d: Xmm, a: Xmm, b: Xmm) {
        match op {
            Op::UAddSat => {
                self.e.v3(add(bits), X2, a, b);
                self.compare_lanes(IntCC::Ult, bits, d, X2, a);
                self.e.v3(POR, d, d, X2);
            }
            Op::USubSat => {
                self.compare_lanes(IntCC::Ult, bits, d, a, b);
                self.e.v3(sub(bits), X2, a, b);
                self.e.v3(PANDN, d, d, X2);
            }
            _ => {
                let sum = op == Op::SAddSat;
                self.e.v3(if sum { add(bits) } else { sub(bits) }, d, a, b);
                // Overflow: a's sign is not the result's, and b's has its part in it.
                self.e.v3(PXOR, X1, a, d);
                self.e.v3(PXOR, X2, b, if sum { d } else { a });
                self.e.v3(PAND, X1, X1, X2);
                self.e.zero_x(X2);
                self.e.v3(greater(bits), X2, X2, X1);
                // MAX if a >= 0, MIN if not.
                self.e.zero_x(X1);
                self.e.v3(greater(bits), X1, X1, a);
                let max = self.e.constant(repeat(u64::MAX >> (65 - bits), bits));
                self.e.v3(PXOR, X1, X1, max);
                self.e.v3(PAND, X1, X1, X2);
                self.e.v3(PANDN, X2, X2, d);
                self.e.v3(POR, d, X1, X2);
            }
        }
    }

    /// Ones of bytes by a table of nibbles; of wider lanes by sums.
    fn count_ones(&mut self, bits: u32, d: Xmm, a: Xmm) -> bool {
        if bits != 8 {
            return false;
        }
        let table = self.e.constant(0x04030302_03020201_03020201_02010100);
        let low = self.e.constant(repeat(15, 8));
        self.e.load_x(16, true, X0, low);
        self.e.load_x(16, true, X1, table);
        self.e.vshift(0x71, 2, X2, a, 4);
        self.e.v3(PAND, X2, X2, X0);
        self.e.v3(PAND, X0, X0, a);
        self.e.v3(q(0x00), d, X1, X2);
        self.e.v3(q(0x00), X1, X1, X0);
        self.e.v3(add(8), d, d, X1);
        true
    }

    /// Folds the upper half onto the lower one until one lane is left.
    pub(super) fn reduce(&mut self, inst: &Inst, v: Value) -> bool {
        let bits = inst.shape.elem().map_or(64, Ty::bits);
        let op = match inst.op {
            Op::ReduceAdd => Some(add(bits)),
            Op::ReduceSMax => min_max(Op::SMax, bits),
            Op::ReduceSMin => min_max(Op::SMin, bits),
            Op::ReduceUMax => min_max(Op::UMax, bits),
            _ => min_max(Op::UMin, bits),
        };
        let Some(op) = op else { return false };
        let mut a = self.xmm(inst.args[0]);
        let mut width = if inst.shape.is_half() { 8 } else { 16 };
        if bits == 8 && inst.op == Op::ReduceAdd {
            // One instruction sums bytes (to 16 bits each half).
            if width == 8 {
                self.e.load_x(8, false, X0, a);
                a = X0;
            }
            self.e.zero_x(X1);
            self.e.v3(p(0xf6), X0, a, X1);
            if width == 16 {
                self.e.v2i(p(0x70), X1, X0, 0xee);
                self.e.v3(add(32), X0, X0, X1);
            }
            a = X0;
            width = 1;
        }
        while width * 8 > bits {
            width /= 2;
            self.e.vshift(0x73, 3, X1, a, width as u8);
            self.e.v3(op, X0, a, X1);
            a = X0;
        }
        let d = self.def_g(v);
        self.e.movd_from(bits == 64, d, a);
        if bits < 32 {
            self.soil(d);
        }
        true
    }
}
