//! Advanced SIMD permute, extract and table lookup.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::vector::{Lanes, bytes};
use isamorph_ir::Value;
use isamorph_ir::inst::IntCC;

/// Instructions that pick elements of Vn and Vm.
macro_rules! permute {
    ($($name:ident $fields:ident = $op:ident;)*) => { impl Lifter { $(
        pub(crate) fn $name(&mut self, i: $fields) -> Flow {
            self.three(Lanes::vector(i.size, i.q), i.rd, i.rn, i.rm, |l, s, a, b| l.ir.$op(s, a, b))
        }
    )* } };
}

permute! {
    uzp1 Uzp1 = uzp1;
    uzp2 Uzp2 = uzp2;
    trn1 Trn1 = trn1;
    trn2 Trn2 = trn2;
    zip1 Zip1 = zip1;
    zip2 Zip2 = zip2;
}

impl Lifter {
    /// EXT: bytes from `imm4` on of Vn followed by Vm.
    pub(crate) fn ext_v(&mut self, i: ExtV) -> Flow {
        let (a, b) = (self.read_v(i.rn), self.read_v(i.rm));
        let result = self.ir.ext(bytes(i.q), a, b, i.imm4 as u32);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// TBL: bytes of the table Vn, Vn+1, .. by the indices in Vm; 0 beyond its end.
    pub(crate) fn tbl(&mut self, i: Tbl) -> Flow {
        let index = self.read_v(i.rm);
        let result = self.look_up(i.q, i.rn, i.len + 1, index);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// TBX: the same; beyond the table's end bytes of Vd stay.
    pub(crate) fn tbx(&mut self, i: Tbx) -> Flow {
        let (index, old) = (self.read_v(i.rm), self.read_v(i.rd));
        let found = self.look_up(i.q, i.rn, i.len + 1, index);
        let end = self.every(bytes(true), 16 * (i.len as u64 + 1));
        let inside = self.ir.icmp(bytes(i.q), IntCC::Ult, index, end);
        let result = self.ir.bitsel(bytes(i.q), inside, found, old);
        self.write_v(i.rd, result);
        Flow::Next
    }

    /// Bytes of a table of `regs` registers from V `first` on (31 is followed by 0), 0 beyond its end.
    fn look_up(&mut self, q: bool, first: u8, regs: u8, index: Value) -> Value {
        let shape = bytes(q);
        let mut result = None;
        for n in 0..regs {
            let table = self.read_v((first + n) % 32);
            // What lies before this register wraps around to far beyond its end.
            let start = self.every(shape, 16 * n as u64);
            let here = if n == 0 { index } else { self.ir.sub(shape, index, start) };
            let found = self.ir.tbl(shape, table, here);
            result = Some(match result {
                None => found,
                Some(before) => self.ir.or(shape, before, found),
            });
        }
        result.expect("a table has a register")
    }
}
