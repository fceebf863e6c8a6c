//! SHA-512 rounds and schedule, and the bitwise steps of SHA-3.

use crate::helper;
use crate::isa::*;
use crate::lift::{Flow, Lifter};
use isamorph_ir::{Shape, Ty, Value};

const DOUBLES: Shape = Shape::I64x2;

impl Lifter {
    /// SHA512H: two rounds' first half.
    pub(crate) fn sha512h(&mut self, i: Sha512h) -> Flow {
        let (d, n, m) = (self.read_v(i.rd), self.read_v(i.rn), self.read_v(i.rm));
        self.write_call(helper::SHA512H, i.rd, &[d, n, m])
    }

    /// SHA512H2: two rounds' second half.
    pub(crate) fn sha512h2(&mut self, i: Sha512h2) -> Flow {
        let (d, n, m) = (self.read_v(i.rd), self.read_v(i.rn), self.read_v(i.rm));
        self.write_call(helper::SHA512H2, i.rd, &[d, n, m])
    }

    /// SHA512SU0: W[0..2] + sigma0(W[1..3]).
    pub(crate) fn sha512su0(&mut self, i: Sha512su0) -> Flow {
        let (d, n) = (self.read_v(i.rd), self.read_v(i.rn));
        let w = self.ir.ext(Shape::I8x16, d, n, 8);
        let sigma = self.sigma(w, 1, 8, 7);
        let result = self.ir.add(DOUBLES, d, sigma);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// SHA512SU1: the sums + sigma1(W[14..16]) + W[9..11].
    pub(crate) fn sha512su1(&mut self, i: Sha512su1) -> Flow {
        let (d, n, m) = (self.read_v(i.rd), self.read_v(i.rn), self.read_v(i.rm));
        let sigma = self.sigma(n, 19, 61, 6);
        let sum = self.ir.add(DOUBLES, d, sigma);
        let result = self.ir.add(DOUBLES, sum, m);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// Two rotations right and a shift right of doublewords, xored.
    fn sigma(&mut self, w: Value, first: u32, second: u32, shift: u32) -> Value {
        let (first, second) = (self.rotate_doubles(w, first), self.rotate_doubles(w, second));
        let shifted = self.ir.lshri(DOUBLES, w, shift);
        let sum = self.ir.xor(Ty::V128, first, second);
        self.ir.xor(Ty::V128, sum, shifted)
    }

    /// Doublewords rotated right.
    fn rotate_doubles(&mut self, a: Value, by: u32) -> Value {
        if by == 0 {
            return a;
        }
        let (low, high) = (self.ir.lshri(DOUBLES, a, by), self.ir.shli(DOUBLES, a, 64 - by));
        self.ir.or(Ty::V128, low, high)
    }

    /// EOR3: Vd <- Vn ^ Vm ^ Va.
    pub(crate) fn eor3(&mut self, i: Eor3) -> Flow {
        let (n, m, a) = (self.read_v(i.rn), self.read_v(i.rm), self.read_v(i.ra));
        let sum = self.ir.xor(Ty::V128, n, m);
        let result = self.ir.xor(Ty::V128, sum, a);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// BCAX: Vd <- Vn ^ (Vm & ~Va).
    pub(crate) fn bcax(&mut self, i: Bcax) -> Flow {
        let (n, m, a) = (self.read_v(i.rn), self.read_v(i.rm), self.read_v(i.ra));
        let cleared = self.ir.andnot(Ty::V128, m, a);
        let result = self.ir.xor(Ty::V128, n, cleared);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// RAX1: Vd <- Vn ^ Vm rotated left by 1.
    pub(crate) fn rax1(&mut self, i: Rax1) -> Flow {
        let (n, m) = (self.read_v(i.rn), self.read_v(i.rm));
        let rotated = self.rotate_doubles(m, 63);
        let result = self.ir.xor(Ty::V128, n, rotated);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// XAR: Vd <- Vn ^ Vm, rotated right.
    pub(crate) fn xar(&mut self, i: Xar) -> Flow {
        let (n, m) = (self.read_v(i.rn), self.read_v(i.rm));
        let sum = self.ir.xor(Ty::V128, n, m);
        let result = self.rotate_doubles(sum, i.imm6 as u32);
        self.write_v(i.rd, result);
        Flow::Next
    }
}
