//! Data processing, register: logical, add/subtract, carry, conditional compare and select, one to three sources.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::gpr;
use crate::state;
use isamorph_ir::{CondCC, Ty, Value};

/// Logical and add/subtract with a shifted register.
impl Lifter {
    /// AND (shifted register): Rd <- Rn & shift(Rm).
    pub(crate) fn and_sh(&mut self, i: AndSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        let result = self.ir.and(ty, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// BIC (shifted register): Rd <- Rn & !shift(Rm).
    pub(crate) fn bic_sh(&mut self, i: BicSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        let result = self.ir.andnot(ty, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// ORR (shifted register): Rd <- Rn | shift(Rm). MOV (register) is its form with Rn = 31.
    pub(crate) fn orr_sh(&mut self, i: OrrSh) -> Flow {
        let ty = gpr(i.sf);
        let b = self.shifted(ty, i.rm, i.shift, i.imm6);
        let result = if i.rn == 31 {
            b
        } else {
            let a = self.read_zr(ty, i.rn);
            self.ir.or(ty, a, b)
        };
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// ORN (shifted register): Rd <- Rn | !shift(Rm). MVN is its form with Rn = 31.
    pub(crate) fn orn_sh(&mut self, i: OrnSh) -> Flow {
        let ty = gpr(i.sf);
        let b = self.shifted(ty, i.rm, i.shift, i.imm6);
        let b = self.ir.not(ty, b);
        let result = if i.rn == 31 {
            b
        } else {
            let a = self.read_zr(ty, i.rn);
            self.ir.or(ty, a, b)
        };
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// EOR (shifted register): Rd <- Rn ^ shift(Rm).
    pub(crate) fn eor_sh(&mut self, i: EorSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        let result = self.ir.xor(ty, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// EON (shifted register): Rd <- Rn ^ !shift(Rm).
    pub(crate) fn eon_sh(&mut self, i: EonSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        let b = self.ir.not(ty, b);
        let result = self.ir.xor(ty, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// ANDS (shifted register): Rd <- Rn & shift(Rm), setting flags.
    pub(crate) fn ands_sh(&mut self, i: AndsSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        let result = self.ir.and(ty, a, b);
        self.logic_setting_flags(ty, i.rd, result)
    }

    /// BICS (shifted register): Rd <- Rn & !shift(Rm), setting flags.
    pub(crate) fn bics_sh(&mut self, i: BicsSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        let result = self.ir.andnot(ty, a, b);
        self.logic_setting_flags(ty, i.rd, result)
    }

    /// ADD (shifted register): Rd <- Rn + shift(Rm).
    pub(crate) fn add_sh(&mut self, i: AddSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        let sum = self.ir.add(ty, a, b);
        self.write_gpr(ty, i.rd, sum);
        Flow::Next
    }

    /// ADDS (shifted register): Rd <- Rn + shift(Rm), setting flags.
    pub(crate) fn adds_sh(&mut self, i: AddsSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        self.add_setting_flags(ty, i.rd, a, b)
    }

    /// SUB (shifted register): Rd <- Rn - shift(Rm).
    pub(crate) fn sub_sh(&mut self, i: SubSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        let difference = self.ir.sub(ty, a, b);
        self.write_gpr(ty, i.rd, difference);
        Flow::Next
    }

    /// SUBS (shifted register): Rd <- Rn - shift(Rm), setting flags.
    pub(crate) fn subs_sh(&mut self, i: SubsSh) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.shifted(ty, i.rm, i.shift, i.imm6));
        self.sub_setting_flags(ty, i.rd, a, b)
    }
}

/// Add/subtract with an extended register, and with carry.
impl Lifter {
    /// ADD (extended register): Rd or SP <- Rn or SP + extend(Rm).
    pub(crate) fn add_ext(&mut self, i: AddExt) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_sp(ty, i.rn), self.extended(ty, i.rm, i.option, i.imm3));
        let sum = self.ir.add(ty, a, b);
        self.write_sp(ty, i.rd, sum);
        Flow::Next
    }

    /// ADDS (extended register): Rd <- Rn or SP + extend(Rm), setting flags.
    pub(crate) fn adds_ext(&mut self, i: AddsExt) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_sp(ty, i.rn), self.extended(ty, i.rm, i.option, i.imm3));
        self.add_setting_flags(ty, i.rd, a, b)
    }

    /// SUB (extended register): Rd or SP <- Rn or SP - extend(Rm).
    pub(crate) fn sub_ext(&mut self, i: SubExt) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_sp(ty, i.rn), self.extended(ty, i.rm, i.option, i.imm3));
        let difference = self.ir.sub(ty, a, b);
        self.write_sp(ty, i.rd, difference);
        Flow::Next
    }

    /// SUBS (extended register): Rd <- Rn or SP - extend(Rm), setting flags.
    pub(crate) fn subs_ext(&mut self, i: SubsExt) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_sp(ty, i.rn), self.extended(ty, i.rm, i.option, i.imm3));
        self.sub_setting_flags(ty, i.rd, a, b)
    }

    /// PSTATE.C.
    fn carry(&mut self) -> Value {
        let flags = self.ir.get(state::NZCV);
        self.ir.cond(CondCC::Cs, flags)
    }

    /// Rd <- a + b + C.
    fn add_carry(&mut self, ty: Ty, rd: u8, a: Value, b: Value) -> Flow {
        let carry = self.carry();
        let sum = self.sum_of_three(ty, a, b, carry);
        self.write_zr(rd, sum);
        Flow::Next
    }

    /// Rd <- a + b + C, setting flags.
    fn add_carry_setting_flags(&mut self, ty: Ty, rd: u8, a: Value, b: Value) -> Flow {
        let carry = self.carry();
        let sum = self.sum_of_three(ty, a, b, carry);
        let flags = self.ir.flags_adc(ty, a, b, carry);
        self.write_gpr(ty, rd, sum);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    fn sum_of_three(&mut self, ty: Ty, a: Value, b: Value, carry: Value) -> Value {
        let (sum, carry) = (self.ir.add(ty, a, b), self.ir.zext(ty, carry));
        self.ir.add(ty, sum, carry)
    }

    /// ADC: Rd <- Rn + Rm + C.
    pub(crate) fn adc(&mut self, i: Adc) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        self.add_carry(ty, i.rd, a, b)
    }

    /// ADCS: Rd <- Rn + Rm + C, setting flags.
    pub(crate) fn adcs(&mut self, i: Adcs) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        self.add_carry_setting_flags(ty, i.rd, a, b)
    }

    /// SBC: Rd <- Rn + !Rm + C.
    pub(crate) fn sbc(&mut self, i: Sbc) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let b = self.ir.not(ty, b);
        self.add_carry(ty, i.rd, a, b)
    }

    /// SBCS: Rd <- Rn + !Rm + C, setting flags.
    pub(crate) fn sbcs(&mut self, i: Sbcs) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let b = self.ir.not(ty, b);
        self.add_carry_setting_flags(ty, i.rd, a, b)
    }
}

/// Conditional compare and select.
impl Lifter {
    /// NZCV <- cond ? flags : nzcv.
    fn conditional_flags(&mut self, cond: u8, flags: Value, nzcv: u8) -> Flow {
        let holds = self.cond_holds(cond);
        let given = self.imm(Ty::I32, nzcv as u64);
        let given = self.ir.flags_pack(given);
        let flags = self.ir.select(holds, flags, given);
        self.ir.put(state::NZCV, flags);
        Flow::Next
    }

    /// CCMN (register): NZCV <- cond ? flags of Rn + Rm : nzcv.
    pub(crate) fn ccmn_reg(&mut self, i: CcmnReg) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let flags = self.ir.flags_add(ty, a, b);
        self.conditional_flags(i.cond, flags, i.nzcv)
    }

    /// CCMP (register): NZCV <- cond ? flags of Rn - Rm : nzcv.
    pub(crate) fn ccmp_reg(&mut self, i: CcmpReg) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let flags = self.ir.flags_sub(ty, a, b);
        self.conditional_flags(i.cond, flags, i.nzcv)
    }

    /// CCMN (immediate): NZCV <- cond ? flags of Rn + imm : nzcv.
    pub(crate) fn ccmn_imm(&mut self, i: CcmnImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.imm(ty, i.imm5 as u64));
        let flags = self.ir.flags_add(ty, a, b);
        self.conditional_flags(i.cond, flags, i.nzcv)
    }

    /// CCMP (immediate): NZCV <- cond ? flags of Rn - imm : nzcv.
    pub(crate) fn ccmp_imm(&mut self, i: CcmpImm) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.imm(ty, i.imm5 as u64));
        let flags = self.ir.flags_sub(ty, a, b);
        self.conditional_flags(i.cond, flags, i.nzcv)
    }

    /// CSEL: Rd <- cond ? Rn : Rm.
    pub(crate) fn csel(&mut self, i: Csel) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let holds = self.cond_holds(i.cond);
        let result = self.ir.select(holds, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// CSINC: Rd <- cond ? Rn : Rm + 1. CSET is its form with Rn = Rm = 31.
    pub(crate) fn csinc(&mut self, i: Csinc) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let holds = self.cond_holds(i.cond);
        let one = self.imm(ty, 1);
        let b = self.ir.add(ty, b, one);
        let result = self.ir.select(holds, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// CSINV: Rd <- cond ? Rn : !Rm.
    pub(crate) fn csinv(&mut self, i: Csinv) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let holds = self.cond_holds(i.cond);
        let b = self.ir.not(ty, b);
        let result = self.ir.select(holds, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// CSNEG: Rd <- cond ? Rn : -Rm.
    pub(crate) fn csneg(&mut self, i: Csneg) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let holds = self.cond_holds(i.cond);
        let b = self.ir.neg(ty, b);
        let result = self.ir.select(holds, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }
}

/// Three sources.
impl Lifter {
    /// MADD: Rd <- Ra + Rn * Rm. MUL is its form with Ra = 31.
    pub(crate) fn madd(&mut self, i: Madd) -> Flow {
        let ty = gpr(i.sf);
        let (n, m) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let product = self.ir.mul(ty, n, m);
        self.add_product(ty, i.rd, i.ra, product)
    }

    /// MSUB: Rd <- Ra - Rn * Rm.
    pub(crate) fn msub(&mut self, i: Msub) -> Flow {
        let ty = gpr(i.sf);
        let (n, m) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let product = self.ir.mul(ty, n, m);
        self.sub_product(ty, i.rd, i.ra, product)
    }

    /// SMADDL: Xd <- Xa + Wn * Wm, signed.
    pub(crate) fn smaddl(&mut self, i: Smaddl) -> Flow {
        let product = self.long_product(true, i.rn, i.rm);
        self.add_product(Ty::I64, i.rd, i.ra, product)
    }

    /// SMSUBL: Xd <- Xa - Wn * Wm, signed.
    pub(crate) fn smsubl(&mut self, i: Smsubl) -> Flow {
        let product = self.long_product(true, i.rn, i.rm);
        self.sub_product(Ty::I64, i.rd, i.ra, product)
    }

    /// UMADDL: Xd <- Xa + Wn * Wm, unsigned.
    pub(crate) fn umaddl(&mut self, i: Umaddl) -> Flow {
        let product = self.long_product(false, i.rn, i.rm);
        self.add_product(Ty::I64, i.rd, i.ra, product)
    }

    /// UMSUBL: Xd <- Xa - Wn * Wm, unsigned.
    pub(crate) fn umsubl(&mut self, i: Umsubl) -> Flow {
        let product = self.long_product(false, i.rn, i.rm);
        self.sub_product(Ty::I64, i.rd, i.ra, product)
    }

    /// SMULH: Xd <- high half of Xn * Xm, signed.
    pub(crate) fn smulh(&mut self, i: Smulh) -> Flow {
        let (n, m) = (self.read_zr(Ty::I64, i.rn), self.read_zr(Ty::I64, i.rm));
        let high = self.ir.smulhi(Ty::I64, n, m);
        self.write_zr(i.rd, high);
        Flow::Next
    }

    /// UMULH: Xd <- high half of Xn * Xm, unsigned.
    pub(crate) fn umulh(&mut self, i: Umulh) -> Flow {
        let (n, m) = (self.read_zr(Ty::I64, i.rn), self.read_zr(Ty::I64, i.rm));
        let high = self.ir.umulhi(Ty::I64, n, m);
        self.write_zr(i.rd, high);
        Flow::Next
    }

    fn long_product(&mut self, signed: bool, rn: u8, rm: u8) -> Value {
        let mut wide = |r| {
            let w = self.read_zr(Ty::I32, r);
            if signed { self.ir.sext(Ty::I64, w) } else { self.ir.zext(Ty::I64, w) }
        };
        let (n, m) = (wide(rn), wide(rm));
        self.ir.mul(Ty::I64, n, m)
    }

    fn add_product(&mut self, ty: Ty, rd: u8, ra: u8, product: Value) -> Flow {
        let result = if ra == 31 {
            product
        } else {
            let a = self.read_zr(ty, ra);
            self.ir.add(ty, a, product)
        };
        self.write_zr(rd, result);
        Flow::Next
    }

    fn sub_product(&mut self, ty: Ty, rd: u8, ra: u8, product: Value) -> Flow {
        let a = self.read_zr(ty, ra);
        let result = self.ir.sub(ty, a, product);
        self.write_zr(rd, result);
        Flow::Next
    }
}

/// Two sources. A shift's amount counts modulo the width, as the IR's do.
impl Lifter {
    /// UDIV: Rd <- Rn / Rm, unsigned; 0 if Rm is.
    pub(crate) fn udiv(&mut self, i: Udiv) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let quotient = self.ir.udiv(ty, a, b);
        self.write_gpr(ty, i.rd, quotient);
        Flow::Next
    }

    /// SDIV: Rd <- Rn / Rm towards zero, signed; 0 if Rm is.
    pub(crate) fn sdiv(&mut self, i: Sdiv) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let quotient = self.ir.sdiv(ty, a, b);
        self.write_gpr(ty, i.rd, quotient);
        Flow::Next
    }

    /// LSLV: Rd <- Rn << Rm.
    pub(crate) fn lslv(&mut self, i: Lslv) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let result = self.ir.shl(ty, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// LSRV: Rd <- Rn >> Rm, zeros in.
    pub(crate) fn lsrv(&mut self, i: Lsrv) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let result = self.ir.lshr(ty, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// ASRV: Rd <- Rn >> Rm, sign in.
    pub(crate) fn asrv(&mut self, i: Asrv) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let result = self.ir.ashr(ty, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// RORV: Rd <- Rn rotated right by Rm.
    pub(crate) fn rorv(&mut self, i: Rorv) -> Flow {
        let ty = gpr(i.sf);
        let (a, b) = (self.read_zr(ty, i.rn), self.read_zr(ty, i.rm));
        let result = self.ir.rotr(ty, a, b);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }
}

/// One source.
impl Lifter {
    /// RBIT: Rd <- Rn, bits reversed.
    pub(crate) fn rbit(&mut self, i: Rbit) -> Flow {
        let ty = gpr(i.sf);
        let value = self.read_zr(ty, i.rn);
        let result = self.ir.bitrev(ty, value);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// REV16: Rd <- Rn, bytes of each halfword reversed.
    pub(crate) fn rev16(&mut self, i: Rev16) -> Flow {
        let ty = gpr(i.sf);
        let (value, even) = (self.read_zr(ty, i.rn), self.imm(ty, 0x00ff_00ff_00ff_00ff));
        let low = self.ir.and(ty, value, even);
        let high = self.ir.lshri(ty, value, 8);
        let (high, low) = (self.ir.and(ty, high, even), self.ir.shli(ty, low, 8));
        let result = self.ir.or(ty, high, low);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// REV (32-bit): Wd <- Wn, bytes reversed.
    pub(crate) fn rev_w(&mut self, i: RevW) -> Flow {
        let value = self.read_zr(Ty::I32, i.rn);
        let result = self.ir.bswap(Ty::I32, value);
        self.write_zr(i.rd, result);
        Flow::Next
    }

    /// REV32: Xd <- Xn, bytes of each word reversed.
    pub(crate) fn rev32(&mut self, i: Rev32) -> Flow {
        let value = self.read_zr(Ty::I64, i.rn);
        let swapped = self.ir.bswap(Ty::I64, value);
        let result = self.ir.rotri(Ty::I64, swapped, 32);
        self.write_zr(i.rd, result);
        Flow::Next
    }

    /// REV (64-bit): Xd <- Xn, bytes reversed.
    pub(crate) fn rev_x(&mut self, i: RevX) -> Flow {
        let value = self.read_zr(Ty::I64, i.rn);
        let result = self.ir.bswap(Ty::I64, value);
        self.write_zr(i.rd, result);
        Flow::Next
    }

    /// CLZ: Rd <- leading zeros of Rn.
    pub(crate) fn clz(&mut self, i: Clz) -> Flow {
        let ty = gpr(i.sf);
        let value = self.read_zr(ty, i.rn);
        let result = self.ir.clz(ty, value);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }

    /// CLS: Rd <- leading bits of Rn that equal its sign bit, beside it.
    pub(crate) fn cls(&mut self, i: Cls) -> Flow {
        let ty = gpr(i.sf);
        let value = self.read_zr(ty, i.rn);
        let result = self.ir.cls(ty, value);
        self.write_gpr(ty, i.rd, result);
        Flow::Next
    }
}
