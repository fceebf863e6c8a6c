//! Operand forms of floating point and Advanced SIMD: V registers, arrangements, single elements, vector constants.
//!
//! Invariant: a result of fewer than 128 bits zeroes the rest of its V register. Arrangements of 64 bits do so by
//! their meaning in the IR; a scalar does by [`Lifter::write_fp`].

use crate::lift::Lifter;
use crate::state;
use isamorph_ir::inst::IntCC;
use isamorph_ir::{Shape, Ty, Value};

/// What an integer instruction works on: an arrangement, or the one element at the bottom of its registers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lanes {
    /// The arrangement that is computed in; for one element, the 64-bit one.
    pub(crate) shape: Shape,
    /// The other lanes of the operands must not be seen.
    lone: bool,
}

impl Lanes {
    /// An arrangement with elements of `1 << size` bytes, 128 bits if `q`, else 64.
    pub(crate) const fn vector(size: u8, q: bool) -> Lanes {
        Lanes { shape: ints(size, q), lone: false }
    }

    /// One element of `1 << size` bytes.
    pub(crate) const fn scalar(size: u8) -> Lanes {
        Lanes { shape: ints(size, false), lone: size != 3 }
    }
}

/// Integer arrangement with elements of `1 << size` bytes, 128 bits if `q`, else 64.
pub(crate) const fn ints(size: u8, q: bool) -> Shape {
    Shape::int_vector(8 << size, q)
}

/// Floating-point arrangement of doubles if `sz`, else singles; 128 bits if `q`, else 64.
pub(crate) const fn floats(sz: bool, q: bool) -> Shape {
    Shape::float_vector(if sz { 64 } else { 32 }, q)
}

/// Arrangement of halves, 128 bits if `q`, else 64.
pub(crate) const fn halves(q: bool) -> Shape {
    Shape::float_vector(16, q)
}

/// The scalar floating-point type of `1 << size` bytes.
pub(crate) const fn float_of(size: u8) -> Ty {
    match size {
        1 => Ty::F16,
        2 => Ty::F32,
        _ => Ty::F64,
    }
}

/// The bytes of a register, or of its lower half.
pub(crate) const fn bytes(q: bool) -> Shape {
    ints(0, q)
}

/// The scalar type: double if `sz`, else single.
pub(crate) const fn float(sz: bool) -> Ty {
    if sz { Ty::F64 } else { Ty::F32 }
}

/// Width of the elements of an arrangement.
pub(crate) const fn elem_bits(shape: Shape) -> u32 {
    match shape.elem() {
        Some(ty) => ty.bits(),
        None => 0,
    }
}

/// The low `bits` of an element, in every element of a register.
const fn replicate(bits: u32, value: u64) -> u128 {
    let mut result = value as u128 & (u128::MAX >> (128 - bits));
    let mut width = bits;
    while width < 128 {
        result |= result << width;
        width *= 2;
    }
    result
}

/// The 128-bit arrangement with elements like the scalar `ty`.
const fn full(ty: Ty) -> Shape {
    match ty {
        Ty::I8 => Shape::I8x16,
        Ty::I16 => Shape::I16x8,
        Ty::I32 => Shape::I32x4,
        Ty::I64 => Shape::I64x2,
        Ty::F16 => Shape::F16x8,
        Ty::F32 => Shape::F32x4,
        _ => Shape::F64x2,
    }
}

impl Lifter {
    /// The whole of V `r`.
    pub(crate) fn read_v(&mut self, r: u8) -> Value {
        self.ir.get(state::v(r))
    }

    /// Writes the whole of V `r`.
    pub(crate) fn write_v(&mut self, r: u8, value: Value) {
        self.ir.put(state::v(r), value);
    }

    /// V `r` as an operand of elements like `lanes`.
    pub(crate) fn read_lanes(&mut self, lanes: Lanes, r: u8) -> Value {
        let v = self.read_v(r);
        if lanes.lone { self.lowest(lanes.shape, v) } else { v }
    }

    /// The lowest element alone, all else zero.
    pub(crate) fn lowest(&mut self, shape: Shape, v: Value) -> Value {
        let full = shape.to_full();
        let lane = self.ir.extract(full, v, 0);
        self.ir.zext_lane(full, lane)
    }

    /// The lowest element of V `r`, of `1 << size` bytes, all else zero.
    pub(crate) fn read_lowest(&mut self, size: u8, r: u8) -> Value {
        let v = self.read_v(r);
        self.lowest(ints(size, true), v)
    }

    /// The scalar at the bottom of V `r`: B, H, S or D as integer or floating-point type.
    pub(crate) fn read_fp(&mut self, ty: Ty, r: u8) -> Value {
        let v = self.read_v(r);
        self.ir.extract(full(ty), v, 0)
    }

    /// Writes a scalar to V `r`; the rest of it becomes zero.
    pub(crate) fn write_fp(&mut self, r: u8, value: Value) {
        let v = match self.ir.ty(value) {
            Ty::V128 => value,
            ty => self.ir.zext_lane(full(ty), value),
        };
        self.write_v(r, v);
    }

    /// Element `lane` of V `r`.
    pub(crate) fn read_elem(&mut self, size: u8, r: u8, lane: u8) -> Value {
        let v = self.read_v(r);
        self.ir.extract(ints(size, true), v, lane as u32)
    }

    /// The vector constant of these bits.
    pub(crate) fn vector(&mut self, bits: u128) -> Value {
        self.ir.iconst(Ty::V128, bits)
    }

    /// `value` in every element of `shape` (and above a 64-bit arrangement, which nobody sees).
    pub(crate) fn every(&mut self, shape: Shape, value: u64) -> Value {
        self.vector(replicate(elem_bits(shape), value))
    }

    /// Vd <- result, or for the "2" forms its upper half <- the lower half of `result`.
    pub(crate) fn write_half(&mut self, upper: bool, rd: u8, result: Value) {
        let result = match upper {
            true => {
                let old = self.read_v(rd);
                self.ir.zip1(Shape::I64x2, old, result)
            }
            false => result,
        };
        self.write_v(rd, result);
    }

    /// The upper half of a register, moved down.
    pub(crate) fn upper_half(&mut self, v: Value) -> Value {
        self.ir.zip2(Shape::I64x2, v, v)
    }

    /// FPSR.QC is set where any bit of `lanes` is.
    pub(crate) fn raise_qc(&mut self, lanes: Value) {
        let old = self.ir.get(state::QC);
        let new = self.ir.or(Ty::V128, old, lanes);
        self.ir.put(state::QC, new);
    }

    /// FPSR.QC is set where a saturated result differs from the one that wraps around (or was not clipped).
    pub(crate) fn raise_qc_if_differ(&mut self, saturated: Value, unclipped: Value) {
        let differ = self.ir.xor(Ty::V128, saturated, unclipped);
        self.raise_qc(differ);
    }

    /// The lanes where `a cc 0`.
    pub(crate) fn against_zero(&mut self, shape: Shape, cc: IntCC, a: Value) -> Value {
        let zero = self.vector(0);
        self.ir.icmp(shape, cc, a, zero)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_fill_a_register() {
        assert_eq!(replicate(8, 0x180), 0x8080_8080_8080_8080_8080_8080_8080_8080);
        assert_eq!(replicate(64, 1), 0x1_0000_0000_0000_0001);
        assert_eq!(replicate(32, u64::MAX), u128::MAX);
    }

    #[test]
    fn a_lone_element_computes_in_a_half_register() {
        assert_eq!(Lanes::scalar(1).shape, Shape::I16x4);
        assert_eq!(Lanes::vector(2, true).shape, Shape::I32x4);
    }
}
