//! Loads and stores of SIMD&FP registers: every addressing form, pairs, literals.
//!
//! Of two equal destinations of a pair the second wins (CONSTRAINED UNPREDICTABLE).

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::signed;
use isamorph_ir::inst::MemAttr;
use isamorph_ir::{Ty, Value};

/// The type of an access of `1 << size` bytes.
pub(super) const fn access(size: u8) -> Ty {
    match size {
        0 => Ty::I8,
        1 => Ty::I16,
        2 => Ty::F32,
        3 => Ty::F64,
        _ => Ty::V128,
    }
}

/// q:size of the single-register forms.
const fn log2(q: bool, size: u8) -> u8 {
    if q { 4 } else { size }
}

impl Lifter {
    /// Memory <- the low `1 << size` bytes of Vt.
    fn store_fp(&mut self, size: u8, rt: u8, address: Value) -> Flow {
        let value = self.read_part(size, rt);
        self.ir.store(address, value, MemAttr::PLAIN);
        Flow::Next
    }

    /// Vt <- `1 << size` bytes of memory, the rest zero.
    fn load_fp(&mut self, size: u8, rt: u8, address: Value) -> Flow {
        let value = self.ir.load(access(size), address, MemAttr::PLAIN);
        self.write_fp(rt, value);
        Flow::Next
    }

    /// The low `1 << size` bytes of V `r`, of the type of the access.
    pub(super) fn read_part(&mut self, size: u8, r: u8) -> Value {
        if size == 4 { self.read_v(r) } else { self.read_fp(access(size), r) }
    }

    /// LDR (literal, SIMD&FP): Vt <- memory at PC + offset.
    pub(crate) fn ldr_fp_lit(&mut self, i: LdrFpLit) -> Flow {
        let address = self.literal(i.imm19);
        self.load_fp(2 + i.opc, i.rt, address)
    }

    /// STR (immediate, SIMD&FP), unsigned offset.
    pub(crate) fn str_fp_uimm(&mut self, i: StrFpUimm) -> Flow {
        let size = log2(i.q, i.size);
        let base = self.base(i.rn);
        let address = self.offset(base, (i.imm12 as i64) << size);
        self.store_fp(size, i.rt, address)
    }

    /// LDR (immediate, SIMD&FP), unsigned offset.
    pub(crate) fn ldr_fp_uimm(&mut self, i: LdrFpUimm) -> Flow {
        let size = log2(i.q, i.size);
        let base = self.base(i.rn);
        let address = self.offset(base, (i.imm12 as i64) << size);
        self.load_fp(size, i.rt, address)
    }

    /// STUR (SIMD&FP).
    pub(crate) fn stur_fp(&mut self, i: SturFp) -> Flow {
        let base = self.base(i.rn);
        let address = self.offset(base, signed(i.imm9 as u32, 9));
        self.store_fp(log2(i.q, i.size), i.rt, address)
    }

    /// LDUR (SIMD&FP).
    pub(crate) fn ldur_fp(&mut self, i: LdurFp) -> Flow {
        let base = self.base(i.rn);
        let address = self.offset(base, signed(i.imm9 as u32, 9));
        self.load_fp(log2(i.q, i.size), i.rt, address)
    }

    /// STR (immediate, SIMD&FP), pre- or post-indexed.
    pub(crate) fn str_fp_wb(&mut self, i: StrFpWb) -> Flow {
        self.indexed(i.rn, i.pre, signed(i.imm9 as u32, 9), |l, address| {
            l.store_fp(log2(i.q, i.size), i.rt, address);
        })
    }

    /// LDR (immediate, SIMD&FP), pre- or post-indexed.
    pub(crate) fn ldr_fp_wb(&mut self, i: LdrFpWb) -> Flow {
        self.indexed(i.rn, i.pre, signed(i.imm9 as u32, 9), |l, address| {
            l.load_fp(log2(i.q, i.size), i.rt, address);
        })
    }

    /// STR (register, SIMD&FP).
    pub(crate) fn str_fp_reg(&mut self, i: StrFpReg) -> Flow {
        let size = log2(i.q, i.size);
        let address = self.register_offset(i.rn, i.rm, i.option, i.s, size);
        self.store_fp(size, i.rt, address)
    }

    /// LDR (register, SIMD&FP).
    pub(crate) fn ldr_fp_reg(&mut self, i: LdrFpReg) -> Flow {
        let size = log2(i.q, i.size);
        let address = self.register_offset(i.rn, i.rm, i.option, i.s, size);
        self.load_fp(size, i.rt, address)
    }
}

/// Pairs.
impl Lifter {
    /// Memory <- Vt, Vt2.
    fn store_pair_fp(&mut self, size: u8, rt: u8, rt2: u8, address: Value) {
        let (first, second) = (self.read_part(size, rt), self.read_part(size, rt2));
        let next = self.offset(address, 1 << size);
        self.ir.store(address, first, MemAttr::PLAIN);
        self.ir.store(next, second, MemAttr::PLAIN);
    }

    /// Vt, Vt2 <- memory.
    fn load_pair_fp(&mut self, size: u8, rt: u8, rt2: u8, address: Value) {
        let next = self.offset(address, 1 << size);
        let first = self.ir.load(access(size), address, MemAttr::PLAIN);
        let second = self.ir.load(access(size), next, MemAttr::PLAIN);
        self.write_fp(rt, first);
        self.write_fp(rt2, second);
    }

    /// STNP (SIMD&FP): the hint has no effect.
    pub(crate) fn stnp_fp(&mut self, i: StnpFp) -> Flow {
        self.stp_fp(StpFp { opc: i.opc, imm7: i.imm7, rt2: i.rt2, rn: i.rn, rt: i.rt })
    }

    /// LDNP (SIMD&FP): the hint has no effect.
    pub(crate) fn ldnp_fp(&mut self, i: LdnpFp) -> Flow {
        self.ldp_fp(LdpFp { opc: i.opc, imm7: i.imm7, rt2: i.rt2, rn: i.rn, rt: i.rt })
    }

    /// STP (SIMD&FP), signed offset.
    pub(crate) fn stp_fp(&mut self, i: StpFp) -> Flow {
        let size = 2 + i.opc;
        let base = self.base(i.rn);
        let address = self.offset(base, signed(i.imm7 as u32, 7) << size);
        self.store_pair_fp(size, i.rt, i.rt2, address);
        Flow::Next
    }

    /// LDP (SIMD&FP), signed offset.
    pub(crate) fn ldp_fp(&mut self, i: LdpFp) -> Flow {
        let size = 2 + i.opc;
        let base = self.base(i.rn);
        let address = self.offset(base, signed(i.imm7 as u32, 7) << size);
        self.load_pair_fp(size, i.rt, i.rt2, address);
        Flow::Next
    }

    /// STP (SIMD&FP), pre- or post-indexed.
    pub(crate) fn stp_fp_wb(&mut self, i: StpFpWb) -> Flow {
        let size = 2 + i.opc;
        self.indexed(i.rn, i.pre, signed(i.imm7 as u32, 7) << size, |l, address| {
            l.store_pair_fp(size, i.rt, i.rt2, address);
        })
    }

    /// LDP (SIMD&FP), pre- or post-indexed.
    pub(crate) fn ldp_fp_wb(&mut self, i: LdpFpWb) -> Flow {
        let size = 2 + i.opc;
        self.indexed(i.rn, i.pre, signed(i.imm7 as u32, 7) << size, |l, address| {
            l.load_pair_fp(size, i.rt, i.rt2, address);
        })
    }
}
