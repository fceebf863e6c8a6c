//! Movement of lanes: splat, insert, permutations, widening, narrowing.
//!
//! Invariant: as in [`super::vec`], a 64-bit arrangement's result has a zero upper half.

use super::Lower;
use super::vec::int_lanes;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32X4, F64X2, I8, I8X16, I16, I16X8, I32, I32X4, I64X2};
use cranelift_codegen::ir::{self, ConstantData, InstBuilder, Type};
use isamorph_ir::inst::Narrow;
use isamorph_ir::{Inst, Op, Shape, Ty, Value};

/// The vector type whose lanes have the CLIF type of the arrangement's elements.
pub(super) fn elem_lanes(shape: Shape) -> Type {
    match shape.elem() {
        Some(Ty::F32) => F32X4,
        Some(Ty::F64) => F64X2,
        _ => int_lanes(shape),
    }
}

impl Lower<'_, '_> {
    pub(super) fn vec_lanes(&mut self, inst: &Inst) -> ir::Value {
        let ty = elem_lanes(inst.shape);
        let lane = inst.imm as u8;
        let result = match inst.op {
            Op::Extract => return self.extract(inst, ty, lane),
            Op::Lo64 => {
                let a = self.v(inst.args[0]);
                return self.zero_upper(a);
            }
            Op::Splat if inst.shape.lanes() == 1 => {
                let a = self.v(inst.args[0]);
                return self.b.ins().scalar_to_vector(ty, a);
            }
            Op::Splat => match self.splat_lane(inst) {
                Some(v) => self.cast(ty, v),
                None => {
                    let a = self.v(inst.args[0]);
                    self.b.ins().splat(ty, a)
                }
            },
            Op::Insert => {
                let a = self.vector(inst.args[0], ty);
                let b = self.v(inst.args[1]);
                self.b.ins().insertlane(a, b, lane)
            }
            Op::Tbl => {
                let table = self.vector(inst.args[0], I8X16);
                match self.table_index(inst.args[1]) {
                    Some(index) => self.b.ins().x86_pshufb(table, index),
                    None => {
                        let index = self.vector(inst.args[1], I8X16);
                        self.b.ins().swizzle(table, index)
                    }
                }
            }
            Op::WidenLo | Op::WidenHi => return self.widen(inst),
            Op::NarrowOp => return self.narrow(inst),
            Op::RevLanes => return self.reverse(inst),
            _ => return self.permute(inst),
        };
        if inst.shape.is_half() { self.zero_upper(result) } else { result }
    }

    /// Bytes 0..16 of `a` and 16..32 of `b`.
    pub(super) fn shuffle(&mut self, a: ir::Value, b: ir::Value, mask: [u8; 16]) -> ir::Value {
        let [a, b] = [a, b].map(|v| self.cast(I8X16, v));
        let mask = self.b.func.dfg.immediates.push(ConstantData::from(&mask[..]));
        self.b.ins().shuffle(a, b, mask)
    }

    /// The scalar that an extraction gets back, if it does just that.
    pub(super) fn is_lane_of(&self, inst: &Inst) -> Option<Value> {
        let from = self.block.insts[inst.args[0].index()];
        let same = from.shape.elem() == inst.shape.elem();
        // A splat of a 64-bit arrangement has zeros above.
        let splat = from.op == Op::Splat && inst.imm < from.shape.lanes() as u128;
        let back = splat || from.op == Op::ZextLane && inst.imm == 0;
        (same && back).then_some(from.args[0])
    }

    /// The lane of a vector in every lane, by one shuffle.
    fn splat_lane(&mut self, inst: &Inst) -> Option<ir::Value> {
        let from = self.block.insts[inst.args[0].index()];
        if from.op != Op::Extract || from.shape.elem() != inst.shape.elem() {
            return None;
        }
        let a = self.v(from.args[0]);
        // A register of which the region holds a scalar is no vector.
        if !self.type_of(a).is_vector() {
            return None;
        }
        let bytes = from.shape.elem()?.bytes() as usize;
        let first = from.imm as usize * bytes;
        Some(self.shuffle(a, a, std::array::from_fn(|n| (first + n % bytes) as u8)))
    }

    /// Indices into tables of 16 bytes as the host's shuffle takes them, which gives zero for those from 128 on: computed once,
    /// if the block looks up more than one table by them.
    fn table_index(&mut self, v: Value) -> Option<ir::Value> {
        if let Some((_, index)) = self.table_indices.iter().find(|(of, _)| *of == v) {
            return Some(*index);
        }
        let by = |i: &&Inst| i.op == Op::Tbl && i.args[1] == v;
        if self.cold != 0 || self.block.insts.iter().filter(by).nth(1).is_none() {
            return None;
        }
        let index = self.vector(v, I8X16);
        let beyond = self.vconst(I8X16, u128::from_le_bytes([128 - 16; 16]));
        let index = self.b.ins().uadd_sat(index, beyond);
        self.table_indices.push((v, index));
        Some(index)
    }

    fn extract(&mut self, inst: &Inst, ty: Type, lane: u8) -> ir::Value {
        let a = self.v(inst.args[0]);
        if !self.type_of(a).is_vector() {
            // A register of which the region holds a scalar.
            return self.cast(ty.lane_type(), a);
        }
        let a = self.cast(ty, a);
        match ty {
            I32X4 | I64X2 if lane == 0 => self.first_lane(a),
            _ => self.b.ins().extractlane(a, lane),
        }
    }

    /// Lane 0 = `a`, zeros above.
    pub(super) fn zext_lane(&mut self, shape: Shape, a: ir::Value) -> ir::Value {
        if matches!(self.type_of(a), I8 | I16) {
            let wide = self.b.ins().uextend(I32, a);
            return self.b.ins().scalar_to_vector(I32X4, wide);
        }
        self.b.ins().scalar_to_vector(elem_lanes(shape), a)
    }

    /// A lane of a vector in every lane, zero-extended, by one shuffle: what multiplications by an element are made of.
    fn widened_lane(&mut self, inst: &Inst) -> Option<ir::Value> {
        let splat = self.block.insts[inst.args[0].index()];
        if splat.op != Op::Splat || inst.imm & 1 == 1 || inst.op == Op::WidenHi {
            return None;
        }
        let from = self.block.insts[splat.args[0].index()];
        let elem = from.shape.elem().filter(|e| inst.from.elem() == Some(*e))?;
        if from.op != Op::Extract || splat.shape.elem() != Some(elem) {
            return None;
        }
        let a = self.v(from.args[0]);
        if !self.type_of(a).is_vector() {
            return None;
        }
        let a = self.cast(I8X16, a);
        let bytes = elem.bytes() as usize;
        let first = from.imm as usize * bytes;
        let mask = std::array::from_fn(|n| match n % (2 * bytes) {
            n if n < bytes => (first + n) as u8,
            _ => 0x80,
        });
        let mask = self.vconst(I8X16, u128::from_le_bytes(mask));
        let lanes = self.b.ins().x86_pshufb(a, mask);
        Some(self.cast(int_lanes(inst.shape), lanes))
    }

    fn widen(&mut self, inst: &Inst) -> ir::Value {
        if let Some(lanes) = self.widened_lane(inst) {
            return lanes;
        }
        let a = self.vector(inst.args[0], int_lanes(inst.from));
        match (inst.op == Op::WidenHi, inst.imm & 1 == 1) {
            (false, false) => self.b.ins().uwiden_low(a),
            (false, true) => self.b.ins().swiden_low(a),
            (true, false) => self.b.ins().uwiden_high(a),
            (true, true) => self.b.ins().swiden_high(a),
        }
    }

    fn narrow(&mut self, inst: &Inst) -> ir::Value {
        let ty = int_lanes(inst.from);
        let a = self.vector(inst.args[0], ty);
        let how = Narrow::from_bits(inst.imm).unwrap_or(Narrow::Trunc);
        let zero = self.vconst(ty, 0);
        let bits = ty.lane_bits() / 2;
        match (how, ty) {
            (Narrow::SatSS, I16X8 | I32X4) => return self.b.ins().snarrow(a, zero),
            (Narrow::SatSU, I16X8 | I32X4) => return self.b.ins().unarrow(a, zero),
            _ => {}
        }
        let limits = match how {
            Narrow::Trunc => None,
            Narrow::SatSS => Some((Some(!0 << (bits - 1)), (1u64 << (bits - 1)) - 1)),
            Narrow::SatSU => Some((Some(0), (1 << bits) - 1)),
            Narrow::SatUU => Some((None, (1 << bits) - 1)),
        };
        let clamped = match limits {
            None => a,
            Some((low, high)) => self.clamp(ty, a, low, high),
        };
        self.truncate_lanes(ty, clamped)
    }

    /// Lanes between two limits: signed ones, or unsigned ones below a limit.
    fn clamp(&mut self, ty: Type, a: ir::Value, low: Option<u64>, high: u64) -> ir::Value {
        let repeat = |l: &mut Self, lane: u64| {
            let lane = lane as u128 & (u128::MAX >> (128 - ty.lane_bits()));
            let all = (0..ty.lane_count()).fold(0, |v, n| v | lane << (n * ty.lane_bits()));
            l.vconst(ty, all)
        };
        let high = repeat(self, high);
        let Some(low) = low else {
            if ty != I64X2 {
                return self.b.ins().umin(a, high);
            }
            // Above the limit exactly if some upper bit is set.
            let upper = self.b.ins().ushr_imm_u(a, 32);
            let zero = self.vconst(ty, 0);
            let fits = self.b.ins().icmp(IntCC::Equal, upper, zero);
            return self.b.ins().bitselect(fits, a, high);
        };
        let low = repeat(self, low);
        let above = self.b.ins().icmp(IntCC::SignedGreaterThan, a, high);
        let a = self.b.ins().bitselect(above, high, a);
        let below = self.b.ins().icmp(IntCC::SignedLessThan, a, low);
        self.b.ins().bitselect(below, low, a)
    }

    /// The low halves of the lanes in the low 64 bits, zeros above.
    fn truncate_lanes(&mut self, ty: Type, a: ir::Value) -> ir::Value {
        let half = ty.lane_bits() as u8 / 16;
        let zero = self.vconst(I8X16, 0);
        if ty == I64X2 {
            let mask = std::array::from_fn(|n| {
                if n < 8 { (n / 4 * 8 + n % 4) as u8 } else { 16 + n as u8 % 4 }
            });
            return self.shuffle(a, zero, mask);
        }
        let bytes = self.cast(I8X16, a);
        let mask = |n: u8| if n < 8 { n / half * 2 * half + n % half } else { 0x80 };
        let mask = self.vconst(I8X16, u128::from_le_bytes(std::array::from_fn(|n| mask(n as u8))));
        self.b.ins().x86_pshufb(bytes, mask)
    }

    fn reverse(&mut self, inst: &Inst) -> ir::Value {
        let a = self.vector(inst.args[0], I8X16);
        let lane = int_lanes(inst.shape).lane_bits() as usize / 8;
        let container = inst.imm as usize / 8;
        let from = |n: usize| {
            let (start, at) = (n / container * container, n % container / lane);
            start + (container / lane - 1 - at) * lane + n % lane
        };
        if inst.shape.is_half() {
            let mask = |n: usize| if n < 8 { from(n) as u8 } else { 0x80 };
            let mask = self.vconst(I8X16, u128::from_le_bytes(std::array::from_fn(mask)));
            return self.b.ins().x86_pshufb(a, mask);
        }
        self.shuffle(a, a, std::array::from_fn(|n| from(n) as u8))
    }

    /// Permutations of the lanes of two operands.
    fn permute(&mut self, inst: &Inst) -> ir::Value {
        let [a, b] = [0, 1].map(|n| self.vector(inst.args[n], I8X16));
        let lane = match inst.op {
            Op::Ext => 1,
            _ => int_lanes(inst.shape).lane_bits() as usize / 8,
        };
        let half = inst.shape.is_half();
        let lanes = if half { 8 } else { 16 } / lane;
        // Lane of a (0..lanes) or b (lanes..) for each lane of the result.
        let source = |n: usize| match inst.op {
            Op::Zip1 => n / 2 + n % 2 * lanes,
            Op::Zip2 => lanes / 2 + n / 2 + n % 2 * lanes,
            Op::Uzp1 => 2 * n,
            Op::Uzp2 => 2 * n + 1,
            Op::Trn1 => (n & !1) + n % 2 * lanes,
            Op::Trn2 => (n | 1) + n % 2 * lanes,
            Op::Ext => n + inst.imm as usize,
            op => unreachable!("{op:?} is no permutation"),
        };
        if lanes == 1 {
            // One lane: the first half of a permutation is a, the second b.
            let chosen = match inst.op {
                Op::Zip2 | Op::Uzp2 | Op::Trn2 => b,
                _ => a,
            };
            return self.zero_upper(chosen);
        }
        let byte = |n: usize| {
            let from = source(n / lane % lanes);
            let (operand, at) = (from / lanes, from % lanes);
            (16 * operand + at * lane + n % lane) as u8
        };
        if half && inst.args[0] == inst.args[1] {
            let mask = |n: usize| if n < 8 { byte(n) & 15 } else { 0x80 };
            let mask = self.vconst(I8X16, u128::from_le_bytes(std::array::from_fn(mask)));
            return self.b.ins().x86_pshufb(a, mask);
        }
        if half && matches!(inst.op, Op::Zip1 | Op::Zip2) {
            // The interleaved low halves are both results.
            let full = |n: usize| (n / lane / 2 * lane + n % lane + n / lane % 2 * 16) as u8;
            let both = self.shuffle(a, b, std::array::from_fn(full));
            if inst.op == Op::Zip1 {
                return self.zero_upper(both);
            }
            let zero = self.vconst(I8X16, 0);
            return self.shuffle(both, zero, std::array::from_fn(|n| n as u8 + 8));
        }
        let mask: [u8; 16] = std::array::from_fn(byte);
        let mask = if inst.args[0] == inst.args[1] { mask.map(|m| m & 15) } else { mask };
        let result = self.shuffle(a, b, mask);
        if half { self.zero_upper(result) } else { result }
    }
}
