//! BFloat16: conversion, products added to singles, dot products and matrix products.

use crate::helper;
use crate::isa::*;
use crate::lift::simd_indexed::element;
use crate::lift::{Flow, Lifter};
use crate::vector::ints;
use isamorph_ir::{HelperId, Shape, Ty, Value};

impl Lifter {
    /// BFCVT: Hd <- Sn.
    pub(crate) fn bfcvt(&mut self, i: Bfcvt) -> Flow {
        let single = self.read_lowest(2, i.rn);
        let result = self.bfloats(single);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// BFCVTN, BFCVTN2: the four singles of Vn, narrowed.
    pub(crate) fn bfcvtn_v(&mut self, i: BfcvtnV) -> Flow {
        let singles = self.read_v(i.rn);
        let result = self.bfloats(singles);
        self.write_half(i.q, i.rd, result);
        Flow::Next
    }

    fn bfloats(&mut self, singles: Value) -> Value {
        self.ir.call(helper::BFCVT, &[singles]).expect("the helper has a result")
    }

    /// BFMLALB, BFMLALT (vector): singles of Vd <- themselves + the products of every second element.
    pub(crate) fn bfmlal_v(&mut self, i: BfmlalV) -> Flow {
        let m = self.read_v(i.rm);
        self.add_long_products(i.q, i.rd, i.rn, m)
    }

    /// BFMLALB, BFMLALT (by element).
    pub(crate) fn bfmlal_e(&mut self, i: BfmlalE) -> Flow {
        let m = self.broadcast(Shape::I16x8, element(1, i.h, i.l, i.m, i.rm));
        self.add_long_products(i.q, i.rd, i.rn, m)
    }

    fn add_long_products(&mut self, top: bool, rd: u8, rn: u8, m: Value) -> Flow {
        let (n, d) = (self.read_v(rn), self.read_v(rd));
        let (n, m) = (self.second_bfloats(top, n), self.second_bfloats(top, m));
        let result = self.ir.fmuladd(Shape::F32x4, n, m, d);
        self.write_v(rd, result);
        Flow::Next
    }

    /// The even elements, or the odd ones (`top`), as singles.
    fn second_bfloats(&mut self, top: bool, a: Value) -> Value {
        if top {
            let mask = self.every(ints(2, true), 0xffff_0000);
            self.ir.and(Ty::V128, a, mask)
        } else {
            self.ir.shli(Shape::I32x4, a, 16)
        }
    }

    /// BFDOT (vector).
    pub(crate) fn bfdot_v(&mut self, i: BfdotV) -> Flow {
        let m = self.read_v(i.rm);
        self.bfloat_products(helper::BFDOT, i.q, i.rd, i.rn, m)
    }

    /// BFDOT (by element): one pair of Vm for all.
    pub(crate) fn bfdot_e(&mut self, i: BfdotE) -> Flow {
        let m = self.broadcast(Shape::I32x4, element(2, i.h, i.l, i.m, i.rm));
        self.bfloat_products(helper::BFDOT, i.q, i.rd, i.rn, m)
    }

    /// BFMMLA.
    pub(crate) fn bfmmla(&mut self, i: Bfmmla) -> Flow {
        let m = self.read_v(i.rm);
        self.bfloat_products(helper::BFMMLA, true, i.rd, i.rn, m)
    }

    fn bfloat_products(&mut self, helper: HelperId, q: bool, rd: u8, rn: u8, m: Value) -> Flow {
        let (d, n) = (self.read_v(rd), self.read_v(rn));
        let result = self.ir.call(helper, &[d, n, m]).expect("the helper has a result");
        let result = if q { result } else { self.ir.lo64(result) };
        self.write_v(rd, result);
        Flow::Next
    }
}
