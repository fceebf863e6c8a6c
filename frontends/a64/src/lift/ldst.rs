//! Loads and stores of general registers: every addressing form, pairs, literals, unprivileged, prefetch.
//!
//! CONSTRAINED UNPREDICTABLE choices, those that common cores make: a load that writes its base back into its
//! own destination leaves the new base there; a store of its base stores the old value; of two equal
//! destinations of a pair the second wins.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::{gpr, int, signed};
use isamorph_ir::inst::{MemAttr, Prefetch, Privilege};
use isamorph_ir::{Ty, Value};

const UNPRIVILEGED: MemAttr = MemAttr { privilege: Privilege::User, ..MemAttr::PLAIN };

/// Addresses and transfers.
impl Lifter {
    /// Rn or SP, the base address of an access.
    pub(crate) fn base(&mut self, rn: u8) -> Value {
        if rn == 31 { self.stack_base() } else { self.read_x(rn) }
    }

    /// `address` + a constant.
    pub(crate) fn offset(&mut self, address: Value, offset: i64) -> Value {
        if offset == 0 {
            return address;
        }
        let offset = self.ir.i64(offset as u64);
        self.ir.add(Ty::I64, address, offset)
    }

    /// Rn or SP + a signed 9-bit offset.
    pub(crate) fn unscaled(&mut self, rn: u8, imm9: u16) -> Value {
        let base = self.base(rn);
        self.offset(base, signed(imm9 as u32, 9))
    }

    /// Rn or SP + an unsigned offset in units of `1 << size` bytes.
    fn scaled(&mut self, rn: u8, imm12: u16, size: u8) -> Value {
        let base = self.base(rn);
        self.offset(base, (imm12 as i64) << size)
    }

    /// Rn or SP + extended Rm, scaled if `s`.
    pub(crate) fn register_offset(
        &mut self,
        rn: u8,
        rm: u8,
        option: u8,
        s: bool,
        size: u8,
    ) -> Value {
        let base = self.base(rn);
        let index = self.extended(Ty::I64, rm, option, if s { size } else { 0 });
        self.ir.add(Ty::I64, base, index)
    }

    /// A pre- or post-indexed access, after which Rn or SP is what it was + `offset`. The new base of a post-indexed one
    /// is computed behind the access, so that it may take the old one's place in a register.
    pub(crate) fn indexed(
        &mut self,
        rn: u8,
        pre: bool,
        offset: i64,
        access: impl FnOnce(&mut Lifter, Value),
    ) -> Flow {
        let base = self.base(rn);
        let moved = if pre {
            let moved = self.offset(base, offset);
            access(self, moved);
            moved
        } else {
            access(self, base);
            self.offset(base, offset)
        };
        self.write_sp(Ty::I64, rn, moved);
        Flow::Next
    }

    /// PRFM's operation: of loads and stores; hints about instructions and what is reserved do nothing.
    fn prefetch(&mut self, operation: u8, address: impl FnOnce(&mut Lifter) -> Value) -> Flow {
        let what = match (operation >> 3, operation >> 1 & 3, operation & 1) {
            (0b00, _, 1) => Prefetch::Stream,
            (0b00, 0b00, _) => Prefetch::L1,
            (0b00, 0b01, _) => Prefetch::L2,
            (0b00, ..) => Prefetch::L3,
            (0b10, ..) => Prefetch::Write,
            _ => return Flow::Next,
        };
        let address = address(self);
        self.excuse_stack();
        self.ir.prefetch(address, what);
        Flow::Next
    }

    /// PC + 4 * a signed 19-bit offset.
    pub(crate) fn literal(&mut self, imm19: u32) -> Value {
        self.ir.i64(self.pc.wrapping_add_signed(signed(imm19, 19) << 2))
    }

    /// Memory <- the low `1 << size` bytes of Rt.
    pub(crate) fn store(&mut self, size: u8, rt: u8, address: Value, attr: MemAttr) -> Flow {
        let value = self.read_zr(int(size), rt);
        self.ir.store(address, value, attr);
        Flow::Next
    }

    /// Rt <- `1 << size` bytes of memory, zero-extended.
    pub(crate) fn load(&mut self, size: u8, rt: u8, address: Value, attr: MemAttr) -> Flow {
        let value = self.ir.load(int(size), address, attr);
        self.write_gpr(int(size), rt, value);
        Flow::Next
    }

    /// Rt <- `1 << size` bytes of memory, sign-extended to W or X.
    pub(crate) fn load_signed(
        &mut self,
        size: u8,
        w: bool,
        rt: u8,
        address: Value,
        attr: MemAttr,
    ) -> Flow {
        let ty = gpr(!w);
        let value = self.ir.load(int(size), address, attr);
        let value = self.ir.sext(ty, value);
        self.write_gpr(ty, rt, value);
        Flow::Next
    }
}

/// Literals.
impl Lifter {
    /// LDR (literal): Rt <- memory at PC + offset.
    pub(crate) fn ldr_lit(&mut self, i: LdrLit) -> Flow {
        let address = self.literal(i.imm19);
        self.load(2 + i.sf as u8, i.rt, address, MemAttr::PLAIN)
    }

    /// LDRSW (literal): Xt <- memory at PC + offset.
    pub(crate) fn ldrsw_lit(&mut self, i: LdrswLit) -> Flow {
        let address = self.literal(i.imm19);
        self.load_signed(2, false, i.rt, address, MemAttr::PLAIN)
    }

    /// PRFM (literal).
    pub(crate) fn prfm_lit(&mut self, i: PrfmLit) -> Flow {
        self.prefetch(i.rt, |l| l.literal(i.imm19))
    }
}

/// Unscaled immediate offset, also unprivileged.
impl Lifter {
    /// STUR, STURB, STURH.
    pub(crate) fn stur(&mut self, i: Stur) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        self.store(i.size, i.rt, address, MemAttr::PLAIN)
    }

    /// LDUR, LDURB, LDURH.
    pub(crate) fn ldur(&mut self, i: Ldur) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        self.load(i.size, i.rt, address, MemAttr::PLAIN)
    }

    /// LDURSB, LDURSH, LDURSW.
    pub(crate) fn ldurs(&mut self, i: Ldurs) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        self.load_signed(i.size, i.w, i.rt, address, MemAttr::PLAIN)
    }

    /// PRFUM.
    pub(crate) fn prfum(&mut self, i: Prfum) -> Flow {
        self.prefetch(i.rt, |l| l.unscaled(i.rn, i.imm9))
    }

    /// STTR, STTRB, STTRH.
    pub(crate) fn sttr(&mut self, i: Sttr) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        self.store(i.size, i.rt, address, UNPRIVILEGED)
    }

    /// LDTR, LDTRB, LDTRH.
    pub(crate) fn ldtr(&mut self, i: Ldtr) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        self.load(i.size, i.rt, address, UNPRIVILEGED)
    }

    /// LDTRSB, LDTRSH, LDTRSW.
    pub(crate) fn ldtrs(&mut self, i: Ldtrs) -> Flow {
        let address = self.unscaled(i.rn, i.imm9);
        self.load_signed(i.size, i.w, i.rt, address, UNPRIVILEGED)
    }
}

/// Pre- and post-indexed.
impl Lifter {
    /// STR, STRB, STRH (pre/post-index).
    pub(crate) fn str_wb(&mut self, i: StrWb) -> Flow {
        self.indexed(i.rn, i.pre, signed(i.imm9 as u32, 9), |l, address| {
            l.store(i.size, i.rt, address, MemAttr::PLAIN);
        })
    }

    /// LDR, LDRB, LDRH (pre/post-index).
    pub(crate) fn ldr_wb(&mut self, i: LdrWb) -> Flow {
        self.indexed(i.rn, i.pre, signed(i.imm9 as u32, 9), |l, address| {
            l.load(i.size, i.rt, address, MemAttr::PLAIN);
        })
    }

    /// LDRSB, LDRSH, LDRSW (pre/post-index).
    pub(crate) fn ldrs_wb(&mut self, i: LdrsWb) -> Flow {
        self.indexed(i.rn, i.pre, signed(i.imm9 as u32, 9), |l, address| {
            l.load_signed(i.size, i.w, i.rt, address, MemAttr::PLAIN);
        })
    }
}

/// Register offset.
impl Lifter {
    /// STR, STRB, STRH (register).
    pub(crate) fn str_reg(&mut self, i: StrReg) -> Flow {
        let address = self.register_offset(i.rn, i.rm, i.option, i.s, i.size);
        self.store(i.size, i.rt, address, MemAttr::PLAIN)
    }

    /// LDR, LDRB, LDRH (register).
    pub(crate) fn ldr_reg(&mut self, i: LdrReg) -> Flow {
        let address = self.register_offset(i.rn, i.rm, i.option, i.s, i.size);
        self.load(i.size, i.rt, address, MemAttr::PLAIN)
    }

    /// LDRSB, LDRSH, LDRSW (register).
    pub(crate) fn ldrs_reg(&mut self, i: LdrsReg) -> Flow {
        let address = self.register_offset(i.rn, i.rm, i.option, i.s, i.size);
        self.load_signed(i.size, i.w, i.rt, address, MemAttr::PLAIN)
    }

    /// PRFM (register); RPRFM.
    pub(crate) fn prfm_reg(&mut self, i: PrfmReg) -> Flow {
        self.prefetch(i.rt, |l| l.register_offset(i.rn, i.rm, i.option, i.s, 3))
    }
}

/// Unsigned scaled offset.
impl Lifter {
    /// STR, STRB, STRH (unsigned offset).
    pub(crate) fn str_imm(&mut self, i: StrImm) -> Flow {
        let address = self.scaled(i.rn, i.imm12, i.size);
        self.store(i.size, i.rt, address, MemAttr::PLAIN)
    }

    /// LDR, LDRB, LDRH (unsigned offset).
    pub(crate) fn ldr_imm(&mut self, i: LdrImm) -> Flow {
        let address = self.scaled(i.rn, i.imm12, i.size);
        self.load(i.size, i.rt, address, MemAttr::PLAIN)
    }

    /// LDRSB, LDRSH, LDRSW (unsigned offset).
    pub(crate) fn ldrs_imm(&mut self, i: LdrsImm) -> Flow {
        let address = self.scaled(i.rn, i.imm12, i.size);
        self.load_signed(i.size, i.w, i.rt, address, MemAttr::PLAIN)
    }

    /// PRFM (immediate).
    pub(crate) fn prfm_imm(&mut self, i: PrfmImm) -> Flow {
        self.prefetch(i.rt, |l| l.scaled(i.rn, i.imm12, 3))
    }
}
