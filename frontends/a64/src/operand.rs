//! Operand forms: registers where 31 means zero or SP, shifted and extended registers, immediates.
//!
//! Invariant: a 32-bit result zero-extends; nothing else writes an X register.

use crate::lift::Lifter;
use crate::state;
use isamorph_ir::{Op, Shape, Slot, Ty, Value};

/// The type of a general register: X if `sf`, else W.
pub(crate) const fn gpr(sf: bool) -> Ty {
    if sf { Ty::I64 } else { Ty::I32 }
}

/// The integer type of `1 << log2` bytes; `log2` is at most 4.
pub(crate) const fn int(log2: u8) -> Ty {
    match log2 {
        0 => Ty::I8,
        1 => Ty::I16,
        2 => Ty::I32,
        3 => Ty::I64,
        _ => Ty::I128,
    }
}

/// The low `bits` of `value` as a signed number.
pub(crate) const fn signed(value: u32, bits: u32) -> i64 {
    let shift = 64 - bits;
    ((value as i64) << shift) >> shift
}

/// DecodeBitMasks: the immediate of the logical instructions. The tables admit no reserved one.
pub(crate) const fn bitmask(n: bool, imms: u8, immr: u8) -> u64 {
    let combined = (n as u32) << 6 | (!imms & 0x3f) as u32;
    let size = 1 << (31 - combined.leading_zeros());
    let ones = (imms as u32 & (size - 1)) + 1;
    let rotate = immr as u32 & (size - 1);
    let mut pattern = u64::MAX >> (64 - ones);
    let mut width = size;
    while width < 64 {
        pattern |= pattern << width;
        width *= 2;
    }
    pattern.rotate_right(rotate)
}

const _: () = assert!(state::SP.0 == state::x(30).0 + 1);

impl Lifter {
    /// X `r`; register 31 is SP.
    #[inline]
    pub(crate) fn read_x(&mut self, r: u8) -> Value {
        // SP follows X30 among the slots.
        self.ir.get_as(Ty::I64, Slot(r.into()))
    }

    /// X `r`, which is not 31, <- an I64.
    #[inline]
    pub(crate) fn write_x(&mut self, r: u8, value: Value) {
        self.ir.put_as(Ty::I64, Slot(r.into()), value);
    }

    /// X or W `r`; register 31 reads as zero.
    pub(crate) fn read_zr(&mut self, ty: Ty, r: u8) -> Value {
        if r == 31 {
            return self.ir.iconst(ty, 0);
        }
        let x = self.read_x(r);
        self.low(ty, x)
    }

    /// X or W `r`; register 31 is SP.
    pub(crate) fn read_sp(&mut self, ty: Ty, r: u8) -> Value {
        let x = self.read_x(r);
        self.low(ty, x)
    }

    /// Writes an integer of at most 64 bits to register `r`, zero-extended; writes to 31 vanish.
    pub(crate) fn write_zr(&mut self, r: u8, value: Value) {
        self.write_gpr(self.ir.ty(value), r, value);
    }

    /// The same of a value whose type is known to be this one.
    pub(crate) fn write_gpr(&mut self, ty: Ty, r: u8, value: Value) {
        if r != 31 {
            let x = self.widen_from(ty, value);
            self.write_x(r, x);
        }
    }

    /// Writes an integer of this type, of at most 64 bits, to register `r`, zero-extended; register 31 is SP.
    pub(crate) fn write_sp(&mut self, ty: Ty, r: u8, value: Value) {
        let x = self.widen_from(ty, value);
        match r {
            31 => self.write_stack(x),
            _ => self.write_x(r, x),
        }
    }

    /// The low bits of an I64.
    #[inline]
    pub(crate) fn low(&mut self, ty: Ty, x: Value) -> Value {
        if ty == Ty::I64 { x } else { self.ir.emit_from(Op::Trunc, ty.into(), Shape::I64, x, 0) }
    }

    /// An integer of at most 64 bits, zero-extended to I64.
    pub(crate) fn widen(&mut self, value: Value) -> Value {
        self.widen_from(self.ir.ty(value), value)
    }

    /// The same of a value whose type is known to be this one.
    #[inline]
    fn widen_from(&mut self, ty: Ty, value: Value) -> Value {
        if ty == Ty::I64 {
            value
        } else {
            self.ir.emit_from(Op::Zext, Shape::I64, ty.into(), value, 0)
        }
    }

    /// ShiftReg: register `r` shifted by a constant (LSL, LSR, ASR, ROR).
    pub(crate) fn shifted(&mut self, ty: Ty, r: u8, shift: u8, amount: u8) -> Value {
        let value = self.read_zr(ty, r);
        let amount = amount as u32;
        match shift {
            _ if amount == 0 => value,
            0 => self.ir.shli(ty, value, amount),
            1 => self.ir.lshri(ty, value, amount),
            2 => self.ir.ashri(ty, value, amount),
            _ => self.ir.rotri(ty, value, amount),
        }
    }

    /// ExtendReg: the low part of register `r` extended (UXTB .. SXTX), then shifted left.
    pub(crate) fn extended(&mut self, ty: Ty, r: u8, option: u8, shift: u8) -> Value {
        let part = int(option & 3).min(ty);
        let part = self.read_zr(part, r);
        let value = match self.ir.ty(part) {
            same if same == ty => part,
            _ if option & 4 == 0 => self.ir.zext(ty, part),
            _ => self.ir.sext(ty, part),
        };
        if shift == 0 { value } else { self.ir.shli(ty, value, shift as u32) }
    }

    /// A constant; bits above the width of `ty` are dropped.
    pub(crate) fn imm(&mut self, ty: Ty, value: u64) -> Value {
        self.ir.iconst(ty, value as u128)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmasks_of_every_element_size() {
        // and x0, x1, #0x5555555555555555; #0x3333..; #0x0f0f..; #0x00ff..; #0x0000ffff..; #0xffffffff
        assert_eq!(bitmask(false, 0b111100, 0), 0x5555_5555_5555_5555);
        assert_eq!(bitmask(false, 0b111001, 0), 0x3333_3333_3333_3333);
        assert_eq!(bitmask(false, 0b110011, 0), 0x0f0f_0f0f_0f0f_0f0f);
        assert_eq!(bitmask(false, 0b100111, 0), 0x00ff_00ff_00ff_00ff);
        assert_eq!(bitmask(false, 0b001111, 0), 0x0000_ffff_0000_ffff);
        assert_eq!(bitmask(true, 0b011111, 0), 0x0000_0000_ffff_ffff);
        // and x0, x1, #0x8000000000000001
        assert_eq!(bitmask(true, 0b000001, 1), 0x8000_0000_0000_0001);
    }

    #[test]
    fn signed_fields() {
        assert_eq!(signed(0x1ff, 9), -1);
        assert_eq!(signed(0x0ff, 9), 255);
        assert_eq!(signed(0x3ff_ffff, 26), -1);
    }
}
