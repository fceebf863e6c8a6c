//! Round to an integral value that fits a general register: else the most negative one, and Invalid.

use crate::isa::*;
use crate::lift::simd_two_reg_misc::rounding;
use crate::lift::{Flow, Lifter};
use crate::vector::{float, floats};
use isamorph_ir::inst::{FpConv, IntCC, Round};
use isamorph_ir::{Shape, Ty, Value};

impl Lifter {
    /// FRINT32Z, FRINT32X, FRINT64Z, FRINT64X (scalar).
    pub(crate) fn frintts(&mut self, i: Frintts) -> Flow {
        let ty = float(i.ftype == 1);
        let a = self.read_fp(ty, i.rn);
        let result = self.round_to_fit(ty, i.wide, i.mode, a);
        self.write_fp(i.rd, result);
        Flow::Next
    }

    /// FRINT32Z, FRINT32X, FRINT64Z, FRINT64X (vector).
    pub(crate) fn frintts_v(&mut self, i: FrinttsV) -> Flow {
        let (ty, full) = (float(i.sz), floats(i.sz, true));
        let (v, mut result) = (self.read_v(i.rn), self.vector(0));
        for lane in 0..floats(i.sz, i.q).lanes() {
            let a = self.ir.extract(full, v, lane);
            let rounded = self.round_to_fit(ty, i.wide, i.mode, a);
            result = self.ir.insert(full, result, lane, rounded);
        }
        self.write_v(i.rd, result);
        Flow::Next
    }

    fn round_to_fit(&mut self, ty: Ty, wide: bool, mode: bool, a: Value) -> Value {
        let round = if mode { Round::Mode } else { Round::Zero };
        let integer = if wide { Ty::I64 } else { Ty::I32 };
        // The conversion's value is not wanted: it raises Invalid and Inexact where this instruction does.
        self.ir.ftoint(integer, ty, FpConv { round, signed: true, fbits: 0 }, a);
        let rounded = self.ir.fround(ty, rounding(round), a);

        // The first power of two that is too large, and its negation, which fits.
        let power = integer.bits() as u64 - 1;
        let (bits, limit) = match ty {
            Ty::F32 => (Ty::I32, (127 + power) << 23),
            _ => (Ty::I64, (1023 + power) << 52),
        };
        let sign = 1 << (bits.bits() - 1);
        let (magnitude, raw) = (self.ir.fabs(ty, rounded), self.ir.bitcast(bits, rounded));
        let magnitude = self.ir.bitcast(bits, magnitude);
        let limit_value = self.imm(bits, limit);
        // Infinities and NaNs have the largest magnitudes; the negated power is replaced by itself.
        let too_large = self.ir.icmp(bits, IntCC::Uge, magnitude, limit_value);
        let least = self.imm(bits, limit | sign);
        let result = self.ir.select(too_large, least, raw);
        self.ir.bitcast(Shape::Scalar(ty), result)
    }
}
