//! Complex numbers: each pair of elements is a real and an imaginary part.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::vector::elem_bits;
use isamorph_ir::{Shape, Ty, Value};

/// Which parts of a number are negated.
#[derive(Clone, Copy, PartialEq)]
enum Negated {
    None,
    Real,
    Imaginary,
    Both,
}

impl Lifter {
    /// FCADD: Vd <- Vn + Vm turned by 90 or 270 degrees.
    pub(crate) fn fcadd_v(&mut self, i: FcaddV) -> Flow {
        let shape = Shape::float_vector(8 << i.size, i.q);
        let negated = if i.rot { Negated::Imaginary } else { Negated::Real };
        self.fp_three(shape, i.rd, i.rn, i.rm, |l, s, a, b| {
            let swapped = l.swap_parts(s, b);
            let turned = l.negate_parts(s, negated, swapped);
            l.ir.fadd(s, a, turned)
        })
    }

    /// FCMLA (vector).
    pub(crate) fn fcmla_v(&mut self, i: FcmlaV) -> Flow {
        let m = self.read_v(i.rm);
        self.add_complex(Shape::float_vector(8 << i.size, i.q), i.rot, i.rd, i.rn, m)
    }

    /// FCMLA (by element): one number of Vm for all.
    pub(crate) fn fcmla_e(&mut self, i: FcmlaE) -> Flow {
        let index = if i.size == 1 { (i.h as u32) << 1 | i.l as u32 } else { i.h as u32 };
        let pair = Shape::int_vector(16 << i.size, true);
        let m = self.broadcast(pair, ((i.m as u8) << 4 | i.rm, index));
        self.add_complex(Shape::float_vector(8 << i.size, i.q), i.rot, i.rd, i.rn, m)
    }

    /// Vd <- Vd + a part of Vn (by `rot`: real, imaginary) times the numbers `m`, turned so that two of these with
    /// rotations 90 degrees apart add the complex product.
    fn add_complex(&mut self, s: Shape, rot: u8, rd: u8, rn: u8, m: Value) -> Flow {
        let (n, d) = (self.read_v(rn), self.read_v(rd));
        let (part, m) = match rot & 1 {
            0 => (self.ir.trn1(s, n, n), m),
            _ => (self.ir.trn2(s, n, n), self.swap_parts(s, m)),
        };
        let negated = match rot {
            0 => Negated::None,
            1 => Negated::Real,
            2 => Negated::Both,
            _ => Negated::Imaginary,
        };
        let m = self.negate_parts(s, negated, m);
        let result = self.ir.fmuladd(s, part, m, d);
        self.write_v(rd, result);
        Flow::Next
    }

    /// Real and imaginary parts exchanged.
    fn swap_parts(&mut self, shape: Shape, a: Value) -> Value {
        match elem_bits(shape) {
            64 => self.ir.ext(Shape::I8x16, a, a, 8),
            bits => self.ir.rev_lanes(shape.to_int(), a, 2 * bits),
        }
    }

    fn negate_parts(&mut self, shape: Shape, parts: Negated, a: Value) -> Value {
        let bits = elem_bits(shape);
        let (real, imaginary) = (1u128 << (bits - 1), 1u128 << (2 * bits - 1));
        let signs = match parts {
            Negated::None => return a,
            Negated::Real => real,
            Negated::Imaginary => imaginary,
            Negated::Both => real | imaginary,
        };
        let mask = (0..64 / bits).fold(0, |all, n| all | signs << (2 * bits * n));
        let mask = self.vector(mask);
        self.ir.xor(Ty::V128, a, mask)
    }
}
