//! Results that set the condition flags, conditions that read them, and flag manipulation (FEAT_FlagM, FlagM2).

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::state;
use isamorph_ir::inst::IntCC;
use isamorph_ir::{CondCC, Ty, Value};

impl Lifter {
    /// Rd <- a + b, NZCV <- its flags.
    pub(crate) fn add_setting_flags(&mut self, ty: Ty, rd: u8, a: Value, b: Value) -> Flow {
        let (sum, flags) = (self.ir.add(ty, a, b), self.ir.flags_add(ty, a, b));
        self.write_gpr(ty, rd, sum);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// Rd <- a - b, NZCV <- its flags.
    pub(crate) fn sub_setting_flags(&mut self, ty: Ty, rd: u8, a: Value, b: Value) -> Flow {
        let (difference, flags) = (self.ir.sub(ty, a, b), self.ir.flags_sub(ty, a, b));
        self.write_gpr(ty, rd, difference);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// Rd <- result, NZCV <- its N and Z.
    pub(crate) fn logic_setting_flags(&mut self, ty: Ty, rd: u8, result: Value) -> Flow {
        let flags = self.ir.flags_logic(ty, result);
        self.write_gpr(ty, rd, result);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// Whether the flags satisfy `cond`; AL and NV always do.
    pub(crate) fn cond_holds(&mut self, cond: u8) -> Value {
        match CondCC::ALL.get(cond as usize) {
            Some(&cc) => {
                let flags = self.ir.get(state::NZCV);
                self.ir.cond(cc, flags)
            }
            None => self.ir.iconst(Ty::I1, 1),
        }
    }
}

/// Flag manipulation. Flags are nibbles NZCV here.
impl Lifter {
    fn nzcv(&mut self) -> Value {
        let flags = self.ir.get(state::NZCV);
        self.ir.flags_bits(flags)
    }

    fn write_nzcv(&mut self, nibble: Value) -> Flow {
        let flags = self.ir.flags_pack(nibble);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// The flags `mask` of `new`, the others of `old`.
    fn merged(&mut self, mask: u8, new: Value, old: Value) -> Value {
        let (mask, rest) = (self.imm(Ty::I32, mask as u64), self.imm(Ty::I32, !mask as u64 & 15));
        let (new, old) = (self.ir.and(Ty::I32, new, mask), self.ir.and(Ty::I32, old, rest));
        self.ir.or(Ty::I32, new, old)
    }

    /// Bit `n` of a word, at the bottom.
    fn bit_of(&mut self, word: Value, n: u32) -> Value {
        let (moved, one) = (self.ir.lshri(Ty::I32, word, n), self.imm(Ty::I32, 1));
        self.ir.and(Ty::I32, moved, one)
    }

    /// RMIF: the flags `mask` <- the low bits of Xn rotated right.
    pub(crate) fn rmif(&mut self, i: Rmif) -> Flow {
        let n = self.read_zr(Ty::I64, i.rn);
        let rotated = self.ir.rotri(Ty::I64, n, i.imm6 as u32);
        let (new, old) = (self.ir.trunc(Ty::I32, rotated), self.nzcv());
        let merged = self.merged(i.mask, new, old);
        self.write_nzcv(merged)
    }

    /// SETF8, SETF16: N and Z of the low byte or halfword of Wn; V: it does not hold the sign of the next bit.
    pub(crate) fn setf(&mut self, i: Setf) -> Flow {
        let (bits, old) = (if i.sz { 16 } else { 8 }, self.nzcv());
        let n = self.read_zr(Ty::I32, i.rn);
        let (sign, next) = (self.bit_of(n, bits - 1), self.bit_of(n, bits));
        let overflow = self.ir.xor(Ty::I32, sign, next);
        let (low, zero) = (self.ir.shli(Ty::I32, n, 32 - bits), self.imm(Ty::I32, 0));
        let is_zero = self.ir.icmp(Ty::I32, IntCC::Eq, low, zero);
        let is_zero = self.ir.zext(Ty::I32, is_zero);
        let (sign, is_zero) = (self.ir.shli(Ty::I32, sign, 3), self.ir.shli(Ty::I32, is_zero, 2));
        let new = self.ir.or(Ty::I32, sign, is_zero);
        let new = self.ir.or(Ty::I32, new, overflow);
        let merged = self.merged(0b1101, new, old);
        self.write_nzcv(merged)
    }

    /// CFINV: C inverted.
    pub(crate) fn cfinv(&mut self, _: Cfinv) -> Flow {
        let (old, carry) = (self.nzcv(), self.imm(Ty::I32, 0b0010));
        let new = self.ir.xor(Ty::I32, old, carry);
        self.write_nzcv(new)
    }

    /// XAFLAG: flags of a comparison in the external format (unordered: Z and C) to Arm's.
    pub(crate) fn xaflag(&mut self, _: Xaflag) -> Flow {
        let old = self.nzcv();
        let (z, c) = (self.bit_of(old, 2), self.bit_of(old, 1));
        let one = self.imm(Ty::I32, 1);
        let (not_z, not_c) = (self.ir.xor(Ty::I32, z, one), self.ir.xor(Ty::I32, c, one));
        let (n, v) = (self.ir.and(Ty::I32, not_c, not_z), self.ir.and(Ty::I32, not_c, z));
        let (new_z, new_c) = (self.ir.and(Ty::I32, z, c), self.ir.or(Ty::I32, c, z));
        let new = self.flags_from(n, new_z, new_c, v);
        self.write_nzcv(new)
    }

    /// AXFLAG: the reverse of XAFLAG; N and V become clear.
    pub(crate) fn axflag(&mut self, _: Axflag) -> Flow {
        let old = self.nzcv();
        let (z, c, v) = (self.bit_of(old, 2), self.bit_of(old, 1), self.bit_of(old, 0));
        let (new_z, new_c) = (self.ir.or(Ty::I32, z, v), self.ir.andnot(Ty::I32, c, v));
        let zero = self.imm(Ty::I32, 0);
        let new = self.flags_from(zero, new_z, new_c, zero);
        self.write_nzcv(new)
    }

    fn flags_from(&mut self, n: Value, z: Value, c: Value, v: Value) -> Value {
        [z, c, v].into_iter().fold(n, |all, flag| {
            let above = self.ir.shli(Ty::I32, all, 1);
            self.ir.or(Ty::I32, above, flag)
        })
    }
}
