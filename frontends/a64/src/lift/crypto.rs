//! Cryptographic instructions: AES rounds, SHA-1 and SHA-256 rounds and schedules.

use crate::helper;
use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::state;
use isamorph_ir::{HelperId, Op, Shape, Ty, Value};

/// Vd <- helper(Vd, Vn).
macro_rules! updates {
    ($($name:ident $fields:ident = $helper:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let (d, n) = (self.read_v(i.rd), self.read_v(i.rn));
            self.write_call(helper::$helper, i.rd, &[d, n])
        }
    )* } };
}

updates! {
    aese Aese = AESE;
    aesd Aesd = AESD;
    sha256su0 Sha256su0 = SHA256SU0;
}

/// Vd <- helper(Vn). Where the instruction before computed Vn by a round, one helper does both (compilers put the two
/// together, for cores do the same).
macro_rules! mix_columns {
    ($($name:ident $fields:ident = $helper:ident, $round:ident and $both:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            if let Some([state, key]) = self.just_computed(i.rn, helper::$round) {
                return self.write_call(helper::$both, i.rd, &[state, key]);
            }
            let n = self.read_v(i.rn);
            self.write_call(helper::$helper, i.rd, &[n])
        }
    )* } };
}

mix_columns! {
    aesmc Aesmc = AESMC, AESE and AESE_AESMC;
    aesimc Aesimc = AESIMC, AESD and AESD_AESIMC;
}

/// Vd <- helper(Vd, Vn, Vm).
macro_rules! hashes {
    ($($name:ident $fields:ident = $helper:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let (d, n, m) = (self.read_v(i.rd), self.read_v(i.rn), self.read_v(i.rm));
            self.write_call(helper::$helper, i.rd, &[d, n, m])
        }
    )* } };
}

hashes! {
    sha1c Sha1c = SHA1C;
    sha1p Sha1p = SHA1P;
    sha1m Sha1m = SHA1M;
    sha256h Sha256h = SHA256H;
    sha256h2 Sha256h2 = SHA256H2;
    sha256su1 Sha256su1 = SHA256SU1;
}

impl Lifter {
    /// SHA1H: Sd <- Sn rotated left by 30.
    pub(crate) fn sha1h(&mut self, i: Sha1h) -> Flow {
        let n = self.read_fp(Ty::I32, i.rn);
        let result = self.ir.rotri(Ty::I32, n, 2);
        self.write_fp(i.rd, result);
        Flow::Next
    }

    /// SHA1SU0: W[0..4] ^ W[2..6] ^ W[8..12].
    pub(crate) fn sha1su0(&mut self, i: Sha1su0) -> Flow {
        let (d, n, m) = (self.read_v(i.rd), self.read_v(i.rn), self.read_v(i.rm));
        let middle = self.ir.ext(Shape::I8x16, d, n, 8);
        let sum = self.ir.xor(Ty::V128, d, middle);
        let sum = self.ir.xor(Ty::V128, sum, m);
        self.write_v(i.rd, sum);
        Flow::Next
    }

    /// SHA1SU1: the sums ^ W[13..16], rotated left by 1; the last word needs the first result.
    pub(crate) fn sha1su1(&mut self, i: Sha1su1) -> Flow {
        let (d, n, zero) = (self.read_v(i.rd), self.read_v(i.rn), self.vector(0));
        let known = self.ir.ext(Shape::I8x16, n, zero, 4);
        let sum = self.ir.xor(Ty::V128, d, known);
        let once = self.rotate_words_left(sum);
        let twice = self.rotate_words_left(once);
        let first = self.ir.ext(Shape::I8x16, zero, twice, 4);
        let result = self.ir.xor(Ty::V128, once, first);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// Each word rotated left by 1.
    fn rotate_words_left(&mut self, a: Value) -> Value {
        let (high, low) = (self.ir.shli(Shape::I32x4, a, 1), self.ir.lshri(Shape::I32x4, a, 31));
        self.ir.or(Ty::V128, high, low)
    }

    /// The arguments of the call of `helper` whose result the instruction before wrote to V `r`.
    fn just_computed(&self, r: u8, helper: HelperId) -> Option<[Value; 2]> {
        let [.., call, put, mark] = self.ir.block().insts.as_slice() else { return None };
        let written = put.op == Op::Put && put.imm == state::v(r).0 as u128;
        let called = call.op == Op::Call && call.imm == helper.0 as u128;
        // The mark is this instruction's own; the call stands right before its write.
        (mark.op == Op::Insn && written && called).then_some([call.args[0], call.args[1]])
    }

    /// Vd <- the result of a helper.
    pub(super) fn write_call(&mut self, helper: HelperId, rd: u8, args: &[Value]) -> Flow {
        let result = self.ir.call(helper, args).expect("the helper has a result");
        self.write_v(rd, result);
        Flow::Next
    }
}
