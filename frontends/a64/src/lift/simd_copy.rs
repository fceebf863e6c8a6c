//! Advanced SIMD copy (elements to and from general registers and each other) and modified immediates.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::{gpr, int};
use crate::vector::{bytes, ints};
use isamorph_ir::Value;

/// imm5: log2 of the element's bytes, and its index.
const fn size_and_index(imm5: u8) -> (u8, u8) {
    let size = imm5.trailing_zeros() as u8;
    (size, imm5 >> (size + 1))
}

/// VFPExpandImm: the double that abcdefgh stands for.
pub(super) const fn fp_imm(imm8: u8) -> u64 {
    let (sign, exp, frac) = ((imm8 >> 7) as u64, (imm8 >> 4 & 7) as u64, (imm8 & 15) as u64);
    // The exponent's top bit b, inverted, then b eight times, then cd.
    let exp = if exp & 4 == 0 { 0x400 | exp } else { 0x3fc | (exp & 3) };
    sign << 63 | exp << 52 | frac << 48
}

/// VFPExpandImm for singles.
pub(super) const fn fp_imm32(imm8: u8) -> u32 {
    let (sign, exp, frac) = ((imm8 >> 7) as u32, (imm8 >> 4 & 7) as u32, (imm8 & 15) as u32);
    let exp = if exp & 4 == 0 { 0x80 | exp } else { 0x7c | (exp & 3) };
    sign << 31 | exp << 23 | frac << 19
}

/// VFPExpandImm for halves.
pub(super) const fn fp_imm16(imm8: u8) -> u16 {
    let (sign, exp, frac) = ((imm8 >> 7) as u16, (imm8 >> 4 & 7) as u16, (imm8 & 15) as u16);
    let exp = if exp & 4 == 0 { 0x10 | exp } else { 0x0c | (exp & 3) };
    sign << 15 | exp << 10 | frac << 6
}

/// The same word in both halves.
const fn twice(word: u64) -> u64 {
    word << 32 | word
}

/// AdvSIMDExpandImm for the integer forms with op = 0: 64 bits, to be replicated.
const fn expand_imm(cmode: u8, imm8: u8) -> u64 {
    let imm = imm8 as u64;
    match cmode {
        0..8 => twice(imm << (8 * (cmode >> 1))),
        8..12 => (imm << (8 * (cmode >> 1 & 1))) * 0x0001_0001_0001_0001,
        12 => twice(imm << 8 | 0xff),
        13 => twice(imm << 16 | 0xffff),
        _ => imm * 0x0101_0101_0101_0101,
    }
}

impl Lifter {
    /// DUP (element): every element of Vd <- one of Vn.
    pub(crate) fn dup_v(&mut self, i: DupV) -> Flow {
        let (size, index) = size_and_index(i.imm5);
        let elem = self.read_elem(size, i.rn, index);
        let result = self.ir.splat(ints(size, i.q), elem);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// DUP (element), scalar: the bottom of Vd <- an element of Vn.
    pub(crate) fn dup_s(&mut self, i: DupS) -> Flow {
        let (size, index) = size_and_index(i.imm5);
        let elem = self.read_elem(size, i.rn, index);
        self.write_fp(i.rd, elem);
        Flow::Next
    }

    /// DUP (general): every element of Vd <- the low bits of Rn.
    pub(crate) fn dup_gen(&mut self, i: DupGen) -> Flow {
        let (size, _) = size_and_index(i.imm5);
        let elem = self.read_zr(int(size), i.rn);
        let result = self.ir.splat(ints(size, i.q), elem);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// INS (general): an element of Vd <- the low bits of Rn.
    pub(crate) fn ins_gen(&mut self, i: InsGen) -> Flow {
        let (size, index) = size_and_index(i.imm5);
        let elem = self.read_zr(int(size), i.rn);
        self.insert_elem(size, i.rd, index, elem);
        Flow::Next
    }

    /// INS (element): an element of Vd <- one of Vn.
    pub(crate) fn ins_elem(&mut self, i: InsElem) -> Flow {
        let (size, index) = size_and_index(i.imm5);
        let elem = self.read_elem(size, i.rn, i.imm4 >> size);
        self.insert_elem(size, i.rd, index, elem);
        Flow::Next
    }

    /// Element `index` of V `r` <- a value of its type; the others stay.
    pub(super) fn insert_elem(&mut self, size: u8, r: u8, index: u8, elem: Value) {
        let old = self.read_v(r);
        let new = self.ir.insert(ints(size, true), old, index as u32, elem);
        self.write_v(r, new);
    }

    /// SMOV: Rd <- an element of Vn, sign-extended.
    pub(crate) fn smov(&mut self, i: Smov) -> Flow {
        let (size, index) = size_and_index(i.imm5);
        let elem = self.read_elem(size, i.rn, index);
        let value = self.ir.sext(gpr(i.q), elem);
        self.write_zr(i.rd, value);
        Flow::Next
    }

    /// UMOV: Rd <- an element of Vn, zero-extended.
    pub(crate) fn umov(&mut self, i: Umov) -> Flow {
        let (size, index) = size_and_index(i.imm5);
        let elem = self.read_elem(size, i.rn, index);
        self.write_zr(i.rd, elem);
        Flow::Next
    }

    /// Vd <- 64 bits in each half, or zero in the upper one.
    fn write_imm(&mut self, q: bool, rd: u8, half: u64) -> Flow {
        let upper = if q { half } else { 0 };
        let value = self.vector((upper as u128) << 64 | half as u128);
        self.write_v(rd, value);
        Flow::Next
    }

    /// MOVI: Vd <- the expanded immediate.
    pub(crate) fn movi(&mut self, i: Movi) -> Flow {
        self.write_imm(i.q, i.rd, expand_imm(i.cmode, i.abc << 5 | i.defgh))
    }

    /// MOVI, 64-bit: each bit of abcdefgh makes a byte.
    pub(crate) fn movi_d(&mut self, i: MoviD) -> Flow {
        let imm8 = i.abc << 5 | i.defgh;
        let byte = |b: u32| if imm8 >> b & 1 == 1 { 0xff << (8 * b) } else { 0u64 };
        self.write_imm(i.q, i.rd, (0..8).map(byte).sum())
    }

    /// MVNI: Vd <- the expanded immediate, inverted.
    pub(crate) fn mvni(&mut self, i: Mvni) -> Flow {
        self.write_imm(i.q, i.rd, !expand_imm(i.cmode, i.abc << 5 | i.defgh))
    }

    /// FMOV (vector, immediate), single.
    pub(crate) fn fmov_imm_vs(&mut self, i: FmovImmVs) -> Flow {
        let single = fp_imm32(i.abc << 5 | i.defgh) as u64;
        self.write_imm(i.q, i.rd, single << 32 | single)
    }

    /// FMOV (vector, immediate), double.
    pub(crate) fn fmov_imm_vd(&mut self, i: FmovImmVd) -> Flow {
        self.write_imm(true, i.rd, fp_imm(i.abc << 5 | i.defgh))
    }

    /// FMOV (vector, immediate), half.
    pub(crate) fn fmov_imm_vh(&mut self, i: FmovImmVh) -> Flow {
        let half = fp_imm16(i.abc << 5 | i.defgh) as u64;
        self.write_imm(i.q, i.rd, half * 0x0001_0001_0001_0001)
    }

    /// ORR (vector, immediate): Vd <- Vd | the expanded immediate.
    pub(crate) fn orr_imm_v(&mut self, i: OrrImmV) -> Flow {
        let (old, imm) = self.old_and_imm(i.rd, i.cmode, i.abc << 5 | i.defgh);
        let result = self.ir.or(bytes(i.q), old, imm);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// BIC (vector, immediate): Vd <- Vd & the expanded immediate inverted.
    pub(crate) fn bic_imm_v(&mut self, i: BicImmV) -> Flow {
        let (old, imm) = self.old_and_imm(i.rd, i.cmode, i.abc << 5 | i.defgh);
        let result = self.ir.andnot(bytes(i.q), old, imm);
        self.write_v(i.rd, result);
        Flow::Next
    }

    fn old_and_imm(&mut self, rd: u8, cmode: u8, imm8: u8) -> (Value, Value) {
        // The odd cmodes are the accumulating forms of the even ones.
        let imm = expand_imm(cmode & !1, imm8);
        (self.read_v(rd), self.every(ints(3, true), imm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the manual's table of FMOV constants.
    #[test]
    fn floating_point_constants() {
        for (imm8, value) in
            [(0x70, 1.0), (0x00, 2.0), (0xf0, -1.0), (0x7f, 1.9375), (0x40, 0.125), (0x3f, 31.0)]
        {
            assert_eq!(f64::from_bits(fp_imm(imm8)), value);
            assert_eq!(f32::from_bits(fp_imm32(imm8)) as f64, value);
            // A half widened: the fraction moves up by 13, the exponent's bias grows by 112.
            let half = fp_imm16(imm8) as u32;
            let single = (half >> 15 << 31) | (((half & 0x7fff) << 13) + (112 << 23));
            assert_eq!(f32::from_bits(single) as f64, value);
        }
    }

    #[test]
    fn modified_immediates() {
        assert_eq!(expand_imm(0b0100, 0xab), 0x00ab_0000_00ab_0000);
        assert_eq!(expand_imm(0b1010, 0xab), 0xab00_ab00_ab00_ab00);
        assert_eq!(expand_imm(0b1100, 0xab), 0x0000_abff_0000_abff);
        assert_eq!(expand_imm(0b1101, 0xab), 0x00ab_ffff_00ab_ffff);
        assert_eq!(expand_imm(0b1110, 0xab), 0xabab_abab_abab_abab);
    }

    #[test]
    fn element_sizes() {
        assert_eq!(size_and_index(0b10111), (0, 11));
        assert_eq!(size_and_index(0b11000), (3, 1));
    }
}
