//! Data processing, immediate: PC-relative addresses, add/subtract, logical, move wide, bitfields, extract.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::{bitmask, gpr, signed};
use isamorph_ir::{Ty, Value};

/// The low `width` bits set, 1 to 64.
const fn ones(width: u32) -> u64 {
    u64::MAX >> (64 - width)
}

impl Lifter {
    /// ADR: Rd <- PC + imm.
    pub(crate) fn adr(&mut self, i: Adr) -> Flow {
        let offset = signed(i.immhi << 2 | i.immlo as u32, 21);
        let address = self.ir.i64(self.pc.wrapping_add_signed(offset));
        self.write_gpr(Ty::I64, i.rd, address);
        Flow::Next
    }

    /// ADRP: Rd <- page of PC + imm pages.
    pub(crate) fn adrp(&mut self, i: Adrp) -> Flow {
        let offset = signed(i.immhi << 2 | i.immlo as u32, 21) << 12;
        let address = self.ir.i64((self.pc & !0xfff).wrapping_add_signed(offset));
        self.write_gpr(Ty::I64, i.rd, address);
        Flow::Next
    }

    /// Rn or SP and the immediate of the add/subtract forms.
    fn add_sub_operands(&mut self, ty: Ty, rn: u8, sh: bool, imm12: u16) -> (Value, Value) {
        let imm = (imm12 as u64) << if sh { 12 } else { 0 };
        (self.read_sp(ty, rn), self.imm(ty, imm))
    }

    /// ADD (immediate): Rd or SP <- Rn or SP + imm.
    pub(crate) fn add_imm(&mut self, i: AddImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = self.add_sub_operands(ty, i.rn, i.sh, i.imm12);
        let sum = self.ir.add(ty, a, b);
        self.write_sp(ty, i.rd, sum);
        Flow::Next
    }

    /// ADDS (immediate): Rd <- Rn or SP + imm, setting flags.
    pub(crate) fn adds_imm(&mut self, i: AddsImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = self.add_sub_operands(ty, i.rn, i.sh, i.imm12);
        self.add_setting_flags(ty, i.rd, a, b)
    }

    /// SUB (immediate): Rd or SP <- Rn or SP - imm.
    pub(crate) fn sub_imm(&mut self, i: SubImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = self.add_sub_operands(ty, i.rn, i.sh, i.imm12);
        let difference = self.ir.sub(ty, a, b);
        self.write_sp(ty, i.rd, difference);
        Flow::Next
    }

    /// SUBS (immediate): Rd <- Rn or SP - imm, setting flags.
    pub(crate) fn subs_imm(&mut self, i: SubsImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = self.add_sub_operands(ty, i.rn, i.sh, i.imm12);
        self.sub_setting_flags(ty, i.rd, a, b)
    }

    /// AND (immediate): Rd or SP <- Rn & mask.
    pub(crate) fn and_imm(&mut self, i: AndImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.imm(ty, bitmask(i.n, i.imms, i.immr)));
        let result = self.ir.and(ty, a, b);
        self.write_sp(ty, i.rd, result);
        Flow::Next
    }

    /// ORR (immediate): Rd or SP <- Rn | mask.
    pub(crate) fn orr_imm(&mut self, i: OrrImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.imm(ty, bitmask(i.n, i.imms, i.immr)));
        let result = self.ir.or(ty, a, b);
        self.write_sp(ty, i.rd, result);
        Flow::Next
    }

    /// EOR (immediate): Rd or SP <- Rn ^ mask.
    pub(crate) fn eor_imm(&mut self, i: EorImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.imm(ty, bitmask(i.n, i.imms, i.immr)));
        let result = self.ir.xor(ty, a, b);
        self.write_sp(ty, i.rd, result);
        Flow::Next
    }

    /// ANDS (immediate): Rd <- Rn & mask, setting flags.
    pub(crate) fn ands_imm(&mut self, i: AndsImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.imm(ty, bitmask(i.n, i.imms, i.immr)));
        let result = self.ir.and(ty, a, b);
        self.logic_setting_flags(ty, i.rd, result)
    }

    /// MOVN: Rd <- !(imm << 16 hw).
    pub(crate) fn movn(&mut self, i: Movn) -> Flow {
        let ty = gpr(i.sf);
        let value = self.imm(ty, !((i.imm16 as u64) << (16 * i.hw)));
        self.write_gpr(ty, i.rd, value);
        Flow::Next
    }

    /// MOVZ: Rd <- imm << 16 hw.
    pub(crate) fn movz(&mut self, i: Movz) -> Flow {
        let ty = gpr(i.sf);
        let value = self.imm(ty, (i.imm16 as u64) << (16 * i.hw));
        self.write_gpr(ty, i.rd, value);
        Flow::Next
    }

    /// MOVK: 16 bits of Rd <- imm, the others stay.
    pub(crate) fn movk(&mut self, i: Movk) -> Flow {
        let (ty, at) = (gpr(i.sf), 16 * i.hw);
        let (old, keep) = (self.read_zr(ty, i.rd), self.imm(ty, !(0xffff << at)));
        let (kept, new) = (self.ir.and(ty, old, keep), self.imm(ty, (i.imm16 as u64) << at));
        let value = self.ir.or(ty, kept, new);
        self.write_gpr(ty, i.rd, value);
        Flow::Next
    }

    /// SBFM: a field of Rn moved to a place in Rd, its sign above, zeros below (ASR, SXTB, SBFIZ, ...).
    pub(crate) fn sbfm(&mut self, i: Sbfm) -> Flow {
        let (ty, r, s) = (gpr(i.sf), i.immr as u32, i.imms as u32);
        let bits = ty.bits();
        let value = self.read_zr(ty, i.rn);
        // The field's sign bit goes to the top, then the field down to its place.
        let result = match (r, s) {
            (0, 7) => self.sign_extend(ty, Ty::I8, value),
            (0, 15) => self.sign_extend(ty, Ty::I16, value),
            (0, 31) => self.sign_extend(ty, Ty::I32, value),
            _ => {
                let top = self.ir.shli(ty, value, bits - 1 - s);
                let down = if s >= r { bits - 1 - s + r } else { r - 1 - s };
                self.ir.ashri(ty, top, down)
            }
        };
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// UBFM: a field of Rn moved to a place in Rd, zeros around it (LSL, LSR, UXTB, UBFIZ, ...).
    pub(crate) fn ubfm(&mut self, i: Ubfm) -> Flow {
        let (ty, r, s) = (gpr(i.sf), i.immr as u32, i.imms as u32);
        let value = self.read_zr(ty, i.rn);
        let field = self.bitfield(ty, value, r, s);
        self.write_gpr(ty, i.rd, field);
        Flow::Next
    }

    /// BFM: a field of Rn moved to a place in Rd, the other bits of Rd stay (BFI, BFXIL).
    pub(crate) fn bfm(&mut self, i: Bfm) -> Flow {
        let (ty, r, s) = (gpr(i.sf), i.immr as u32, i.imms as u32);
        let (value, old) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rd));
        let field = self.bitfield(ty, value, r, s);
        let place = if s >= r { ones(s - r + 1) } else { ones(s + 1) << (ty.bits() - r) };
        let keep = self.imm(ty, !place);
        let kept = self.ir.and(ty, old, keep);
        let result = self.ir.or(ty, kept, field);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// The field that UBFM and BFM move: bits `r..=s` down to bit 0, or bits `0..=s` up to bit `width - r`.
    fn bitfield(&mut self, ty: Ty, value: Value, r: u32, s: u32) -> Value {
        let bits = ty.bits();
        let (low, width) = if s >= r { (r, s - r + 1) } else { (0, s + 1) };
        let down = if low == 0 { value } else { self.ir.lshri(ty, value, low) };
        // Bits that a shift drops anyway need no mask.
        let up = if s >= r { 0 } else { bits - r };
        let dropped = low + width == bits || up + width == bits;
        let field = if dropped {
            down
        } else {
            let mask = self.imm(ty, ones(width));
            self.ir.and(ty, down, mask)
        };
        if up == 0 { field } else { self.ir.shli(ty, field, up) }
    }

    /// EXTR: the bits from `lsb` of Rn:Rm (ROR if they are the same).
    pub(crate) fn extr(&mut self, i: Extr) -> Flow {
        let (ty, lsb) = (gpr(i.sf), i.imms as u32);
        let low = self.read_zr(ty, i.rm);
        let result = if i.rn == i.rm {
            self.ir.rotri(ty, low, lsb)
        } else if lsb == 0 {
            low
        } else {
            let high = self.read_zr(ty, i.rn);
            let (high, low) =
                (self.ir.shli(ty, high, ty.bits() - lsb), self.ir.lshri(ty, low, lsb));
            self.ir.or(ty, high, low)
        };
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// The low `from` bits of `value` as a signed `ty`.
    fn sign_extend(&mut self, ty: Ty, from: Ty, value: Value) -> Value {
        if from == ty {
            return value;
        }
        let low = self.ir.trunc(from, value);
        self.ir.sext(ty, low)
    }
}
