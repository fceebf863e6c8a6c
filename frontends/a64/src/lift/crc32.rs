//! CRC32 and CRC32C: a helper's work.

use crate::helper;
use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::gpr;
use isamorph_ir::{HelperId, Ty};

impl Lifter {
    /// CRC32B, CRC32H, CRC32W, CRC32X: Wd <- sum Wn continued over the bytes of Rm.
    pub(crate) fn crc32(&mut self, i: Crc32) -> Flow {
        self.checksum(helper::CRC32, i.sf, i.sz, i.rd, i.rn, i.rm)
    }

    /// CRC32CB, CRC32CH, CRC32CW, CRC32CX: the same by Castagnoli's polynomial.
    pub(crate) fn crc32c(&mut self, i: Crc32c) -> Flow {
        self.checksum(helper::CRC32C, i.sf, i.sz, i.rd, i.rn, i.rm)
    }

    fn checksum(&mut self, sum: HelperId, sf: bool, sz: u8, rd: u8, rn: u8, rm: u8) -> Flow {
        let (acc, data) = (self.read_zr(Ty::I32, rn), self.read_zr(gpr(sf), rm));
        let (data, bytes) = (self.widen(data), self.imm(Ty::I32, 1 << sz));
        let result = self.ir.call(sum, &[acc, data, bytes]).expect("a checksum has a result");
        self.write_zr(rd, result);
        Flow::Next
    }
}
