//! SM3 and SM4.

use crate::helper;
use crate::isa::*;
use crate::lift::{Flow, Lifter};
use isamorph_ir::{HelperId, Shape, Ty, Value};

/// Vd <- helper(Vd, Vn, Vm).
macro_rules! three {
    ($($name:ident $fields:ident = $helper:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            let (d, n, m) = (self.read_v(i.rd), self.read_v(i.rn), self.read_v(i.rm));
            self.write_call(helper::$helper, i.rd, &[d, n, m])
        }
    )* } };
}

three! {
    sm3partw1 Sm3partw1 = SM3PARTW1;
    sm3partw2 Sm3partw2 = SM3PARTW2;
}

/// A round of SM3 with one word of Vm.
macro_rules! rounds {
    ($($name:ident $fields:ident = $helper:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.sm3_round(helper::$helper, i.rd, i.rn, i.rm, i.imm2)
        }
    )* } };
}

rounds! {
    sm3tt1a Sm3tt1a = SM3TT1A;
    sm3tt1b Sm3tt1b = SM3TT1B;
    sm3tt2a Sm3tt2a = SM3TT2A;
    sm3tt2b Sm3tt2b = SM3TT2B;
}

impl Lifter {
    fn sm3_round(&mut self, helper: HelperId, rd: u8, rn: u8, rm: u8, index: u8) -> Flow {
        let (d, n) = (self.read_v(rd), self.read_v(rn));
        let word = self.read_elem(2, rm, index);
        self.write_call(helper, rd, &[d, n, word])
    }

    /// SM3SS1: the top word of Vd <- ((Vn rotated left by 12) + Vm + Va) rotated left by 7; the others 0.
    pub(crate) fn sm3ss1(&mut self, i: Sm3ss1) -> Flow {
        let top = |l: &mut Lifter, r| l.read_elem(2, r, 3);
        let (n, m, a) = (top(self, i.rn), top(self, i.rm), top(self, i.ra));
        let rotated = self.ir.rotri(Ty::I32, n, 32 - 12);
        let sum = self.ir.add(Ty::I32, rotated, m);
        let sum = self.ir.add(Ty::I32, sum, a);
        let result = self.ir.rotri(Ty::I32, sum, 32 - 7);
        let zero = self.vector(0);
        let result: Value = self.ir.insert(Shape::I32x4, zero, 3, result);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// SM4E: four rounds on Vd with the round keys in Vn.
    pub(crate) fn sm4e(&mut self, i: Sm4e) -> Flow {
        let (d, n) = (self.read_v(i.rd), self.read_v(i.rn));
        self.write_call(helper::SM4E, i.rd, &[d, n])
    }

    /// SM4EKEY: the next four round keys, from those in Vn and the constants in Vm.
    pub(crate) fn sm4ekey(&mut self, i: Sm4ekey) -> Flow {
        let (n, m) = (self.read_v(i.rn), self.read_v(i.rm));
        self.write_call(helper::SM4EKEY, i.rd, &[n, m])
    }
}
