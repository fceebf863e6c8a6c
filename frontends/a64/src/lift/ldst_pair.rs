//! Pairs of general registers. Both halves are read before any register is written; a pair is two accesses,
//! each of its register's size. With FEAT_LSE2 a pair of X registers is one access, so that it is single if aligned.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::{gpr, signed};
use crate::processor::Feature;
use isamorph_ir::inst::MemAttr;
use isamorph_ir::{Shape, Ty, Value};

/// The byte offset of a pair of `ty`.
const fn pair_offset(imm7: u8, ty: Ty) -> i64 {
    signed(imm7 as u32, 7) * ty.bytes() as i64
}

impl Lifter {
    /// Memory <- Rt, Rt2.
    fn store_pair(&mut self, ty: Ty, rt: u8, rt2: u8, address: Value) -> Flow {
        let (first, second) = (self.read_zr(ty, rt), self.read_zr(ty, rt2));
        if self.single_pair(ty) {
            let low = self.ir.zext_lane(Shape::I64x2, first);
            let both = self.ir.insert(Shape::I64x2, low, 1, second);
            self.ir.store(address, both, MemAttr::PLAIN);
            return Flow::Next;
        }
        let next = self.offset(address, ty.bytes() as i64);
        self.ir.store(address, first, MemAttr::PLAIN);
        self.ir.store(next, second, MemAttr::PLAIN);
        Flow::Next
    }

    /// Rt, Rt2 <- memory.
    fn load_pair(&mut self, ty: Ty, rt: u8, rt2: u8, address: Value) -> Flow {
        if self.single_pair(ty) {
            let both = self.ir.load(Ty::V128, address, MemAttr::PLAIN);
            let (first, second) =
                (self.ir.extract(Shape::I64x2, both, 0), self.ir.extract(Shape::I64x2, both, 1));
            self.write_zr(rt, first);
            self.write_zr(rt2, second);
            return Flow::Next;
        }
        let next = self.offset(address, ty.bytes() as i64);
        let first = self.ir.load(ty, address, MemAttr::PLAIN);
        let second = self.ir.load(ty, next, MemAttr::PLAIN);
        self.write_gpr(ty, rt, first);
        self.write_gpr(ty, rt2, second);
        Flow::Next
    }

    /// Xt, Xt2 <- words of memory, sign-extended.
    fn load_pair_signed(&mut self, rt: u8, rt2: u8, address: Value) -> Flow {
        let next = self.offset(address, 4);
        let first = self.ir.load(Ty::I32, address, MemAttr::PLAIN);
        let second = self.ir.load(Ty::I32, next, MemAttr::PLAIN);
        let (first, second) = (self.ir.sext(Ty::I64, first), self.ir.sext(Ty::I64, second));
        self.write_zr(rt, first);
        self.write_zr(rt2, second);
        Flow::Next
    }

    /// Is a pair of this type one access?
    fn single_pair(&self, ty: Ty) -> bool {
        ty == Ty::I64 && self.has(Feature::LSE2)
    }

    /// Rn or SP + the offset of a pair.
    fn pair_address(&mut self, rn: u8, imm7: u8, ty: Ty) -> Value {
        let base = self.base(rn);
        self.offset(base, pair_offset(imm7, ty))
    }

    /// STNP.
    pub(crate) fn stnp(&mut self, i: Stnp) -> Flow {
        let address = self.pair_address(i.rn, i.imm7, gpr(i.sf));
        self.store_pair(gpr(i.sf), i.rt, i.rt2, address)
    }

    /// LDNP.
    pub(crate) fn ldnp(&mut self, i: Ldnp) -> Flow {
        let address = self.pair_address(i.rn, i.imm7, gpr(i.sf));
        self.load_pair(gpr(i.sf), i.rt, i.rt2, address)
    }

    /// STP (signed offset).
    pub(crate) fn stp(&mut self, i: Stp) -> Flow {
        let address = self.pair_address(i.rn, i.imm7, gpr(i.sf));
        self.store_pair(gpr(i.sf), i.rt, i.rt2, address)
    }

    /// LDP (signed offset).
    pub(crate) fn ldp(&mut self, i: Ldp) -> Flow {
        let address = self.pair_address(i.rn, i.imm7, gpr(i.sf));
        self.load_pair(gpr(i.sf), i.rt, i.rt2, address)
    }

    /// LDPSW (signed offset).
    pub(crate) fn ldpsw(&mut self, i: Ldpsw) -> Flow {
        let address = self.pair_address(i.rn, i.imm7, Ty::I32);
        self.load_pair_signed(i.rt, i.rt2, address)
    }

    /// STP (pre/post-index).
    pub(crate) fn stp_wb(&mut self, i: StpWb) -> Flow {
        let ty = gpr(i.sf);
        self.indexed(i.rn, i.pre, pair_offset(i.imm7, ty), |l, address| {
            l.store_pair(ty, i.rt, i.rt2, address);
        })
    }

    /// LDP (pre/post-index).
    pub(crate) fn ldp_wb(&mut self, i: LdpWb) -> Flow {
        let ty = gpr(i.sf);
        self.indexed(i.rn, i.pre, pair_offset(i.imm7, ty), |l, address| {
            l.load_pair(ty, i.rt, i.rt2, address);
        })
    }

    /// LDPSW (pre/post-index).
    pub(crate) fn ldpsw_wb(&mut self, i: LdpswWb) -> Flow {
        self.indexed(i.rn, i.pre, pair_offset(i.imm7, Ty::I32), |l, address| {
            l.load_pair_signed(i.rt, i.rt2, address);
        })
    }
}
