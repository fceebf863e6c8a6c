//! Dot products and matrix products of bytes.

use crate::isa::*;
use crate::lift::simd_indexed::element;
use crate::lift::{Flow, Lifter};
use crate::vector::ints;
use isamorph_ir::{Shape, Value};

/// Which of the factors are signed.
#[derive(Clone, Copy)]
struct Signs(bool, bool);

const SIGNED: Signs = Signs(true, true);
const UNSIGNED: Signs = Signs(false, false);
const MIXED: Signs = Signs(false, true);

/// Each word of Vd <- itself + the four products of its bytes in Vn and Vm.
macro_rules! dots {
    ($($name:ident $fields:ident = $signs:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let m = self.read_v(i.rm);
            self.add_dot(i.q, i.rd, i.rn, m, $signs)
        }
    )* } };
}

dots! {
    sdot_v SdotV = SIGNED;
    udot_v UdotV = UNSIGNED;
    usdot_v UsdotV = MIXED;
}

/// The same with one group of four bytes of Vm for all.
macro_rules! dots_by_element {
    ($($name:ident $fields:ident = $signs:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let m = self.broadcast(Shape::I32x4, element(2, i.h, i.l, i.m, i.rm));
            self.add_dot(i.q, i.rd, i.rn, m, $signs)
        }
    )* } };
}

dots_by_element! {
    sdot_e SdotE = SIGNED;
    udot_e UdotE = UNSIGNED;
    usdot_e UsdotE = MIXED;
    sudot_e SudotE = Signs(true, false);
}

/// The 2x2 words of Vd <- themselves + the 2x8 bytes of Vn times the 8x2 bytes of Vm (which lie by columns).
macro_rules! matrices {
    ($($name:ident $fields:ident = $signs:expr;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let (n, m, d) = (self.read_v(i.rn), self.read_v(i.rm), self.read_v(i.rd));
            let (first, second) =
                (self.ir.zip1(Shape::I64x2, n, n), self.ir.zip2(Shape::I64x2, n, n));
            let (first, second) =
                (self.dot(true, first, m, $signs), self.dot(true, second, m, $signs));
            let product = self.pairwise(Shape::I32x4, first, second, |l, a, b| l.ir.add(Shape::I32x4, a, b));
            let result = self.ir.add(Shape::I32x4, d, product);
            self.write_v(i.rd, result);
            Flow::Next
        }
    )* } };
}

matrices! {
    smmla Smmla = SIGNED;
    ummla Ummla = UNSIGNED;
    usmmla Usmmla = MIXED;
}

impl Lifter {
    fn add_dot(&mut self, q: bool, rd: u8, rn: u8, m: Value, signs: Signs) -> Flow {
        let (n, d) = (self.read_v(rn), self.read_v(rd));
        let dot = self.dot(q, n, m, signs);
        let result = self.ir.add(ints(2, q), d, dot);
        self.write_v(rd, result);
        Flow::Next
    }

    /// In each word: the sum of the products of its four bytes. A product fits 16 bits, signed if a factor is.
    fn dot(&mut self, q: bool, a: Value, b: Value, signs: Signs) -> Value {
        let pairs = |l: &mut Lifter, upper| {
            let (bytes, wide) = (Shape::I8x16, Shape::I16x8);
            let a = l.ir.widen(wide, bytes, upper, signs.0, a);
            let b = l.ir.widen(wide, bytes, upper, signs.1, b);
            let products = l.ir.mul(wide, a, b);
            l.add_long_pairs(wide, signs.0 || signs.1, products)
        };
        let low = pairs(self, false);
        let high = if q { pairs(self, true) } else { low };
        self.pairwise(Shape::I32x4, low, high, |l, a, b| l.ir.add(Shape::I32x4, a, b))
    }
}
