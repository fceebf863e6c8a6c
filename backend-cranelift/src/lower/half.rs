//! Half precision: conversions from and to F32, of scalars and of four lanes.
//!
//! The host's own instructions for it (F16C) are not known to Cranelift. What is exact is done by moving the exponent
//! with one multiplication; what rounds, by adding and subtracting a power of two whose last place is the half's. So
//! the host raises Inexact where the guest does. NaNs, and what leaves the range of normal halves, take the cold
//! path before anything is computed.
//!
//! Invariant: lanes above those of the operand are zero, and stay so.

use super::Lower;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32, F32X4, I16, I16X8, I32, I32X4};
use cranelift_codegen::ir::{self, InstBuilder};
use isamorph_ir::inst::Round;
use isamorph_ir::{Inst, Shape};

impl Lower<'_, '_> {
    /// Between F16 and F32; `None` for what is not that.
    pub(super) fn convert_half(&mut self, inst: &Inst) -> Option<ir::Value> {
        let round = Round::from_bits(inst.imm)?;
        if !matches!(round, Round::Mode | Round::NearestEven) {
            return None;
        }
        let a = inst.args[0];
        match (inst.shape, inst.from) {
            (Shape::F32, Shape::F16) => {
                let a = self.v(a);
                let wide = self.b.ins().uextend(I32, a);
                let halves = self.b.ins().scalar_to_vector(I32X4, wide);
                Some(self.widened(inst, halves))
            }
            (Shape::F32x4, Shape::F16x4) => {
                let a = self.vector(a, I16X8);
                let halves = self.b.ins().uwiden_low(a);
                Some(self.widened(inst, halves))
            }
            (Shape::F16, Shape::F32) => {
                let a = self.v(a);
                let a = self.b.ins().scalar_to_vector(F32X4, a);
                Some(self.narrowed(inst, a))
            }
            (Shape::F16x4, Shape::F32x4) => {
                let a = self.vector(a, F32X4);
                Some(self.narrowed(inst, a))
            }
            _ => None,
        }
    }

    fn words(&mut self, word: u32) -> ir::Value {
        self.vconst(I32X4, super::vec::repeat(word.into(), 32))
    }

    /// Halves, one in each word, to singles.
    fn widened(&mut self, inst: &Inst, halves: ir::Value) -> ir::Value {
        let scalar = inst.shape == Shape::F32;
        let (magnitudes, infinity) = (self.words(0x7fff), self.words(0x7c00));
        let magnitude = self.b.ins().band(halves, magnitudes);
        let nan = self.b.ins().icmp(IntCC::SignedGreaterThan, magnitude, infinity);
        let nan = self.any_lane(nan);
        self.unless(inst, if scalar { F32 } else { F32X4 }, nan, |l| {
            let sign = l.b.ins().bxor(halves, magnitude);
            let sign = l.b.ins().ishl_imm_u(sign, 16);
            // The half's exponent, too small by the difference of the biases; denormals are denormals here.
            let moved = l.b.ins().ishl_imm_u(magnitude, 13);
            let moved = l.cast(F32X4, moved);
            let factor = l.words((127 + 112) << 23);
            let factor = l.cast(F32X4, factor);
            let value = l.b.ins().fmul(moved, factor);
            let value = l.cast(I32X4, value);
            let value =
                if l.opts.host_flushes { l.with_denormals(magnitude, value) } else { value };
            let infinite = l.b.ins().icmp(IntCC::Equal, magnitude, infinity);
            let ones = l.words(0x7f80_0000);
            let infinite = l.b.ins().band(infinite, ones);
            let value = l.b.ins().bor(value, infinite);
            let value = l.b.ins().bor(value, sign);
            let value = l.cast(F32X4, value);
            if scalar { l.b.ins().extractlane(value, 0) } else { value }
        })
    }

    /// `value` of these halves, but of denormal ones from the integers that they are, for a host that makes zeros of them.
    fn with_denormals(&mut self, magnitude: ir::Value, value: ir::Value) -> ir::Value {
        let (least, factor) = (self.words(0x400), self.words((127 - 24) << 23));
        let factor = self.cast(F32X4, factor);
        let small = self.b.ins().icmp(IntCC::SignedGreaterThan, least, magnitude);
        let integer = self.b.ins().fcvt_from_sint(F32X4, magnitude);
        let denormal = self.b.ins().fmul(integer, factor);
        let denormal = self.cast(I32X4, denormal);
        self.b.ins().bitselect(small, denormal, value)
    }

    /// Singles to halves, in the low four lanes.
    fn narrowed(&mut self, inst: &Inst, singles: ir::Value) -> ir::Value {
        /// 2^-14, the least normal half, and 65520, which rounds to infinity.
        const LEAST: u32 = (127 - 14) << 23;
        const TOO_LARGE: u32 = 0x477f_f000;
        let scalar = inst.shape == Shape::F16;
        let bits = self.cast(I32X4, singles);
        let magnitudes = self.words(0x7fff_ffff);
        let magnitude = self.b.ins().band(bits, magnitudes);
        let (least, large, zero) = (self.words(LEAST), self.words(TOO_LARGE - 1), self.words(0));
        let below = self.b.ins().icmp(IntCC::SignedGreaterThan, least, magnitude);
        let above = self.b.ins().icmp(IntCC::SignedGreaterThan, magnitude, large);
        let is_zero = self.b.ins().icmp(IntCC::Equal, magnitude, zero);
        let below = self.b.ins().band_not(below, is_zero);
        let odd = self.b.ins().bor(below, above);
        let odd = self.any_lane(odd);
        self.unless(inst, if scalar { I16 } else { I16X8 }, odd, |l| {
            let exponents = l.words(0x7f80_0000);
            let exponent = l.b.ins().band(bits, exponents);
            let thirteen = l.words(13 << 23);
            let magic = l.b.ins().iadd(exponent, thirteen);
            let [magic, value] = [magic, magnitude].map(|v| l.cast(F32X4, v));
            let rounded = l.b.ins().fadd(value, magic);
            let rounded = l.b.ins().fsub(rounded, magic);
            let rounded = l.cast(I32X4, rounded);
            let half = l.b.ins().ushr_imm_u(rounded, 13);
            let bias = l.words(112 << 10);
            let half = l.b.ins().isub(half, bias);
            let half = l.b.ins().band_not(half, is_zero);
            let sign = l.b.ins().ushr_imm_u(bits, 16);
            let top = l.words(0x8000);
            let sign = l.b.ins().band(sign, top);
            let half = l.b.ins().bor(half, sign);
            if scalar {
                let word = l.b.ins().extractlane(half, 0);
                return l.b.ins().ireduce(I16, word);
            }
            // Words below 2^16: the low halfwords of each.
            let low = [0, 1, 4, 5, 8, 9, 12, 13, 16, 17, 16, 17, 16, 17, 16, 17];
            let half = l.shuffle(half, zero, low);
            l.cast(I16X8, half)
        })
    }
}
