//! Movement of lanes: splat, insert, permutations, widening, narrowing.
//!
//! Invariant: as in [`super::vec`], a 64-bit arrangement's result has a zero upper half.

use super::fp::{X0, X1};
use crate::x64::Gen;
use crate::x64::alloc::{Place, in_gpr};
use crate::x64::emit::{Code, Mem, Xmm, code};
use isamorph_ir::inst::Narrow;
use isamorph_ir::{Inst, Op, Shape, Ty, Value};

const fn p(byte: u8) -> Code {
    code(0x66, 1, byte)
}

const PSHUFB: Code = code(0x66, 2, 0x00);
const POR: Code = p(0xeb);

fn lane_bits(shape: Shape) -> u32 {
    shape.elem().map_or(64, Ty::bits)
}

/// A byte shuffle's mask.
fn mask(of: impl Fn(usize) -> u8) -> u128 {
    u128::from_le_bytes(std::array::from_fn(of))
}

impl Gen<'_> {
    pub(super) fn lanes(&mut self, inst: &Inst, v: Value) -> bool {
        let bits = lane_bits(inst.shape);
        let [a, b, ..] = inst.args;
        let half = inst.shape.is_half();
        match inst.op {
            Op::Lo64 => {
                let x = self.xmm(a);
                let d = self.def_x_over(v, &[a]);
                self.e.load_x(8, false, d, x);
            }
            Op::ZextLane => self.zext_lane(inst, v),
            Op::Splat => self.splat(inst, v, bits, half),
            Op::Extract => self.extract(inst, v, bits),
            Op::Insert => self.insert(inst, v, bits, half),
            Op::Tbl => {
                let (table, index) = (self.xmm(a), self.xmm(b));
                // Indices of 16 and more get their top bit, which gives 0.
                let high = self.e.constant(super::vec::repeat(0x70, 8));
                self.e.v3(p(0xdc), X0, index, high);
                let d = self.def_x(v);
                self.e.v3(PSHUFB, d, table, X0);
                if half {
                    self.e.load_x(8, false, d, d);
                }
            }
            Op::WidenLo | Op::WidenHi => {
                let mut x = self.xmm(a);
                if inst.op == Op::WidenHi {
                    self.e.v2i(p(0x70), X0, x, 0xee);
                    x = X0;
                }
                let byte = match (lane_bits(inst.from), inst.imm & 1 == 1) {
                    (8, false) => 0x30,
                    (16, false) => 0x33,
                    (_, false) => 0x35,
                    (8, true) => 0x20,
                    (16, true) => 0x23,
                    (_, true) => 0x25,
                };
                let d = self.def_x(v);
                self.e.v2(code(0x66, 2, byte), d, x);
            }
            Op::NarrowOp => return self.narrow(inst, v),
            Op::RevLanes => {
                let (lane, container) = (bits as usize / 8, inst.imm as usize / 8);
                let from = |n: usize| {
                    let (start, at) = (n / container * container, n % container / lane);
                    start + (container / lane - 1 - at) * lane + n % lane
                };
                let mask = mask(|n| if half && n >= 8 { 0x80 } else { from(n) as u8 });
                let mask = self.e.constant(mask);
                let x = self.xmm(a);
                let d = self.def_x_over(v, &[a]);
                self.e.v3(PSHUFB, d, x, mask);
            }
            _ => return false,
        }
        true
    }

    fn zext_lane(&mut self, inst: &Inst, v: Value) {
        let a = inst.args[0];
        if in_gpr(self.ty(a)) {
            let r = self.clean(a);
            let d = self.def_x(v);
            self.e.movd_to(lane_bits(inst.shape) == 64, d, r);
        } else {
            // A scalar has zeros above.
            self.def_x_from(v, a);
        }
    }

    fn splat(&mut self, inst: &Inst, v: Value, bits: u32, half: bool) {
        let a = inst.args[0];
        let x = if in_gpr(self.ty(a)) {
            let r = if half && bits == 64 { self.clean(a) } else { self.gpr(a) };
            self.e.movd_to(bits == 64, X0, r);
            X0
        } else {
            self.xmm(a)
        };
        let d = self.def_x(v);
        match bits {
            _ if inst.shape.lanes() == 1 => self.e.movaps(d, x),
            8 => {
                self.e.zero_x(X1);
                self.e.v3(PSHUFB, d, x, X1);
            }
            16 => {
                self.e.v2i(code(0xf2, 1, 0x70), d, x, 0);
                self.e.v2i(p(0x70), d, d, 0);
            }
            32 => self.e.v2i(p(0x70), d, x, 0),
            _ => self.e.v2i(p(0x70), d, x, 0x44),
        }
        if half && inst.shape.lanes() > 1 {
            self.e.load_x(8, false, d, d);
        }
    }

    fn extract(&mut self, inst: &Inst, v: Value, bits: u32) {
        let (a, lane) = (inst.args[0], inst.imm as u8);
        let scalar = self.ty(v);
        // Out of memory it is a load.
        if let Place::State(at) | Place::Frame(at) = self.place(a)
            && self.dies(a)
        {
            let m = Mem::area((at + lane as u32 * bits / 8) as usize);
            if in_gpr(scalar) {
                let d = self.def_g(v);
                self.e.load_zx(bits / 8, d, m);
            } else {
                let d = self.def_x(v);
                self.e.load_x(bits / 8, false, d, m);
            }
            return;
        }
        let x = self.xmm(a);
        if in_gpr(scalar) {
            let d = self.def_g(v);
            match (bits, lane) {
                (64, 0) => self.e.movd_from(true, d, x),
                (32, 0) => self.e.movd_from(false, d, x),
                (8, _) => self.e.v2w(code(0x66, 3, 0x14), false, x.0, d.into(), Some(lane)),
                (16, _) => self.e.v2w(code(0x66, 3, 0x15), false, x.0, d.into(), Some(lane)),
                (32, _) => self.e.v2w(code(0x66, 3, 0x16), false, x.0, d.into(), Some(lane)),
                _ => self.e.v2w(code(0x66, 3, 0x16), true, x.0, d.into(), Some(lane)),
            }
            return;
        }
        let d = self.def_x(v);
        if bits == 64 {
            if lane == 0 {
                self.e.load_x(8, false, d, x);
            } else {
                self.e.vshift(0x73, 3, d, x, 8);
            }
        } else {
            // insertps: the lane to the lowest place, all others zeroed.
            self.e.v3i(code(0x66, 3, 0x21), d, x, x, lane << 6 | 0b1110);
        }
    }

    fn insert(&mut self, inst: &Inst, v: Value, bits: u32, half: bool) {
        let [a, b, ..] = inst.args;
        let lane = inst.imm as u8;
        let x = self.xmm(a);
        if in_gpr(self.ty(b)) {
            let r = self.gpr(b);
            let d = self.def_x_over(v, &[a]);
            let (c, w) = match bits {
                8 => (code(0x66, 3, 0x20), false),
                16 => (p(0xc4), false),
                32 => (code(0x66, 3, 0x22), false),
                _ => (code(0x66, 3, 0x22), true),
            };
            self.e.v3w(c, w, d, x, r, Some(lane));
            return self.zero_if(half, d);
        }
        let y = self.xmm(b);
        let d = self.def_x(v);
        match (bits, lane) {
            (32, _) => self.e.v3i(code(0x66, 3, 0x21), d, x, y, lane << 4),
            // movsd and movlhps
            (_, 0) => self.e.v3(code(0xf2, 1, 0x10), d, x, y),
            _ => self.e.v3(code(0, 1, 0x16), d, x, y),
        }
        self.zero_if(half, d);
    }

    fn zero_if(&mut self, half: bool, d: Xmm) {
        if half {
            self.e.load_x(8, false, d, d);
        }
    }

    fn narrow(&mut self, inst: &Inst, v: Value) -> bool {
        let bits = lane_bits(inst.from);
        let how = Narrow::from_bits(inst.imm).unwrap_or(Narrow::Trunc);
        let pack = match (how, bits) {
            (Narrow::SatSS, 16) => Some(p(0x63)),
            (Narrow::SatSS, 32) => Some(p(0x6b)),
            (Narrow::SatSU, 16) => Some(p(0x67)),
            (Narrow::SatSU, 32) => Some(code(0x66, 2, 0x2b)),
            _ => None,
        };
        let least = match (how, bits) {
            (Narrow::SatUU, 16) => Some(code(0x66, 2, 0x3a)),
            (Narrow::SatUU, 32) => Some(code(0x66, 2, 0x3b)),
            _ => None,
        };
        if pack.is_none() && least.is_none() && how != Narrow::Trunc {
            return false;
        }
        let x = self.xmm(inst.args[0]);
        let d = self.def_x(v);
        if let Some(pack) = pack {
            self.e.zero_x(X0);
            self.e.v3(pack, d, x, X0);
            return true;
        }
        let mut from = x;
        if let Some(min) = least {
            let limit = self.e.constant(super::vec::repeat((1 << (bits / 2)) - 1, bits));
            self.e.v3(min, X0, x, limit);
            from = X0;
        }
        let half = bits as usize / 16;
        let bytes = mask(|n| if n < 8 { (n / half * 2 * half + n % half) as u8 } else { 0x80 });
        let bytes = self.e.constant(bytes);
        self.e.v3(PSHUFB, d, from, bytes);
        true
    }

    /// Permutations of the lanes of two operands.
    pub(super) fn permute(&mut self, inst: &Inst, v: Value) -> bool {
        let bits = lane_bits(inst.shape);
        let half = inst.shape.is_half();
        let [a, b, ..] = inst.args;
        let (x, y) = (self.xmm(a), self.xmm(b));
        let d = self.def_x(v);
        if half && inst.shape.lanes() == 1 {
            let chosen = match inst.op {
                Op::Zip2 | Op::Uzp2 | Op::Trn2 => y,
                _ => x,
            };
            self.e.load_x(8, false, d, chosen);
            return true;
        }
        let log = bits.trailing_zeros() as usize - 3;
        let low = p([0x60, 0x61, 0x62, 0x6c][log]);
        let high = p([0x68, 0x69, 0x6a, 0x6d][log]);
        match inst.op {
            Op::Zip1 => {
                self.e.v3(low, d, x, y);
                self.zero_if(half, d);
            }
            Op::Zip2 if half => {
                self.e.v3(low, d, x, y);
                self.e.vshift(0x73, 3, d, d, 8);
            }
            Op::Zip2 => self.e.v3(high, d, x, y),
            Op::Uzp1 | Op::Trn1 if bits == 64 => self.e.v3(low, d, x, y),
            Op::Uzp2 | Op::Trn2 if bits == 64 => self.e.v3(high, d, x, y),
            Op::Uzp1 | Op::Uzp2 if bits == 32 && !half => {
                let imm = if inst.op == Op::Uzp1 { 0x88 } else { 0xdd };
                self.e.v3i(code(0, 1, 0xc6), d, x, y, imm);
            }
            Op::Ext if half => {
                self.e.v3(p(0x6c), d, x, y);
                self.e.vshift(0x73, 3, d, d, inst.imm as u8);
                self.e.load_x(8, false, d, d);
            }
            Op::Ext => self.e.v3i(code(0x66, 3, 0x0f), d, y, x, inst.imm as u8),
            op => self.shuffle(op, bits, half, d, x, y),
        }
        true
    }

    /// Any lanes of two operands by two byte shuffles.
    fn shuffle(&mut self, op: Op, bits: u32, half: bool, d: Xmm, x: Xmm, y: Xmm) {
        let lane = bits as usize / 8;
        let lanes = if half { 8 } else { 16 } / lane;
        let source = |n: usize| match op {
            Op::Uzp1 => 2 * n,
            Op::Uzp2 => 2 * n + 1,
            Op::Trn1 => (n & !1) + n % 2 * lanes,
            _ => (n & !1) + 1 + n % 2 * lanes,
        };
        let of = |operand: usize| {
            mask(|n| {
                let from = source(n / lane % lanes);
                let beyond = half && n >= 8;
                if beyond || from / lanes != operand {
                    0x80
                } else {
                    (from % lanes * lane + n % lane) as u8
                }
            })
        };
        let (first, second) = (self.e.constant(of(0)), self.e.constant(of(1)));
        self.e.v3(PSHUFB, X0, x, first);
        self.e.v3(PSHUFB, d, y, second);
        self.e.v3(POR, d, d, X0);
    }
}
