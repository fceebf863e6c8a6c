//! Pointer authentication: codes in bits 54..48 of addresses of 48 bits, as Linux has them (the top byte is ignored).
//!
//! The algorithm is implementation defined (ID_AA64ISAR1_EL1.API): a keyed multiplicative hash, cheap enough to stand in
//! every function's prologue. FEAT_FPAC is absent: a failure makes an address of which bits 54 and 53 differ, which
//! faults when it is used.

use crate::isa::*;
use crate::lift::{Flow, Lifter};
use crate::operand::signed;
use crate::processor::Feature;
use crate::state::{self, PacKey};
use isamorph_ir::inst::{IntCC, MemAttr};
use isamorph_ir::{Hint as Kind, Term, Ty, Value};

/// Where the code lies.
const FIELD: u64 = 0x7f << 48;
/// Lowest bit of the error code.
const ERROR: u32 = 53;

const fn instruction(b: bool) -> PacKey {
    if b { PacKey::Ib } else { PacKey::Ia }
}

const fn key(data: bool, b: bool) -> PacKey {
    match (data, b) {
        (false, b) => instruction(b),
        (true, false) => PacKey::Da,
        (true, true) => PacKey::Db,
    }
}

/// Codes.
impl Lifter {
    /// ComputePAC: 64 bits that depend on all of the pointer, the modifier and the key; the upper ones are best mixed.
    fn pac(&mut self, key: PacKey, pointer: Value, modifier: Value) -> Value {
        let (low, high) = state::pac_key(key);
        let (low, high) = (self.ir.get(low), self.ir.get(high));
        let (first, second) =
            (self.ir.i64(0x9e37_79b9_7f4a_7c15), self.ir.i64(0xd6e8_feb8_6659_fd93));
        let mixed = self.ir.xor(Ty::I64, pointer, low);
        let mixed = self.ir.mul(Ty::I64, mixed, first);
        let modifier = self.ir.add(Ty::I64, modifier, high);
        let mixed = self.ir.xor(Ty::I64, mixed, modifier);
        let folded = self.ir.lshri(Ty::I64, mixed, 32);
        let mixed = self.ir.xor(Ty::I64, mixed, folded);
        self.ir.mul(Ty::I64, mixed, second)
    }

    /// The pointer with `bits` in place of its code.
    fn with_code(&mut self, pointer: Value, bits: Value) -> Value {
        let field = self.ir.i64(FIELD);
        let (code, rest) =
            (self.ir.and(Ty::I64, bits, field), self.ir.andnot(Ty::I64, pointer, field));
        self.ir.or(Ty::I64, code, rest)
    }

    /// Strip: bit 55 in place of the code.
    fn stripped(&mut self, pointer: Value) -> Value {
        let up = self.ir.shli(Ty::I64, pointer, 8);
        let extension = self.ir.ashri(Ty::I64, up, 63);
        self.with_code(pointer, extension)
    }

    /// AddPAC. Of an address that is none (bits 55..48 differ) the code is spoilt.
    fn signed_pointer(&mut self, key: PacKey, pointer: Value, modifier: Value) -> Value {
        let original = self.stripped(pointer);
        let code = self.pac(key, original, modifier);
        let differ = self.ir.icmp(Ty::I64, IntCC::Ne, original, pointer);
        let differ = self.ir.zext(Ty::I64, differ);
        let spoilt = self.ir.shli(Ty::I64, differ, 54);
        let code = self.ir.xor(Ty::I64, code, spoilt);
        self.with_code(pointer, code)
    }

    /// Auth: the address, or one with an error code.
    fn authenticated(&mut self, key: PacKey, pointer: Value, modifier: Value) -> Value {
        let original = self.stripped(pointer);
        let code = self.pac(key, original, modifier);
        let expected = self.with_code(original, code);
        let right = self.ir.icmp(Ty::I64, IntCC::Eq, expected, pointer);
        let error = if matches!(key, PacKey::Ib | PacKey::Db) { 0b10 } else { 0b01 };
        let (mask, error) = (self.ir.i64(0b11 << ERROR), self.ir.i64(error << ERROR));
        let wrong = self.ir.andnot(Ty::I64, original, mask);
        let wrong = self.ir.or(Ty::I64, wrong, error);
        self.ir.select(right, original, wrong)
    }

    fn coded(&mut self, auth: bool, key: PacKey, pointer: Value, modifier: Value) -> Value {
        match auth {
            true => self.authenticated(key, pointer, modifier),
            false => self.signed_pointer(key, pointer, modifier),
        }
    }
}

/// On registers.
impl Lifter {
    /// X `rd` <- itself with a code, or authenticated.
    fn code_register(&mut self, auth: bool, key: PacKey, rd: u8, modifier: Value) -> Flow {
        let pointer = self.read_zr(Ty::I64, rd);
        let result = self.coded(auth, key, pointer, modifier);
        self.write_zr(rd, result);
        Flow::Next
    }

    /// PACIA .. AUTDB: Xd by the modifier Xn or SP.
    pub(crate) fn pac_reg(&mut self, i: PacReg) -> Flow {
        let modifier = self.read_sp(Ty::I64, i.rn);
        self.code_register(i.auth, key(i.data, i.b), i.rd, modifier)
    }

    /// PACIZA .. AUTDZB: Xd by the modifier zero.
    pub(crate) fn pac_zero(&mut self, i: PacZero) -> Flow {
        let zero = self.ir.i64(0);
        self.code_register(i.auth, key(i.data, i.b), i.rd, zero)
    }

    /// PACIA1716 .. AUTIB1716: X17 by X16. A hint: nothing without the feature.
    pub(crate) fn pac_1716(&mut self, i: Pac1716) -> Flow {
        if !self.has(Feature::PAuth) {
            return Flow::Next;
        }
        let modifier = self.read_zr(Ty::I64, 16);
        self.code_register(i.auth, instruction(i.b), 17, modifier)
    }

    /// PACIAZ .. AUTIBSP: X30 by zero or SP. A hint.
    pub(crate) fn pac_link(&mut self, i: PacLink) -> Flow {
        if !self.has(Feature::PAuth) {
            return Flow::Next;
        }
        let modifier = if i.sp { self.ir.get(state::SP) } else { self.ir.i64(0) };
        self.code_register(i.auth, instruction(i.b), 30, modifier)
    }

    /// XPACI, XPACD: Xd without its code.
    pub(crate) fn xpac(&mut self, i: Xpac) -> Flow {
        let pointer = self.read_zr(Ty::I64, i.rd);
        let result = self.stripped(pointer);
        self.write_zr(i.rd, result);
        Flow::Next
    }

    /// XPACLRI: X30 without its code. A hint.
    pub(crate) fn xpaclri(&mut self, _: Xpaclri) -> Flow {
        if self.has(Feature::PAuth) { self.xpac(Xpac { data: false, rd: 30 }) } else { Flow::Next }
    }

    /// PACGA: the upper half of Xd <- the code of Xn by Xm or SP; the lower half 0.
    pub(crate) fn pacga(&mut self, i: Pacga) -> Flow {
        let (data, modifier) = (self.read_zr(Ty::I64, i.rn), self.read_sp(Ty::I64, i.rm));
        let code = self.pac(PacKey::Ga, data, modifier);
        let mask = self.ir.i64(0xffff_ffff << 32);
        let result = self.ir.and(Ty::I64, code, mask);
        self.write_zr(i.rd, result);
        Flow::Next
    }
}

/// Branches and loads through authenticated addresses.
impl Lifter {
    fn branch(&mut self, b: bool, rn: u8, modifier: Value, hint: Kind) -> Flow {
        let pointer = self.read_zr(Ty::I64, rn);
        let target = self.authenticated(instruction(b), pointer, modifier);
        match hint {
            Kind::Call { .. } => {
                self.link();
                self.mark_call();
            }
            Kind::Jump => self.mark_jump(rn),
            Kind::Return => {}
        }
        Flow::End(Term::Indirect { target, hint })
    }

    /// BRAA, BRAB: by the modifier Xm or SP.
    pub(crate) fn bra(&mut self, i: Bra) -> Flow {
        let modifier = self.read_sp(Ty::I64, i.rm);
        self.branch(i.b, i.rn, modifier, Kind::Jump)
    }

    /// BRAAZ, BRABZ.
    pub(crate) fn braz(&mut self, i: Braz) -> Flow {
        let zero = self.ir.i64(0);
        self.branch(i.b, i.rn, zero, Kind::Jump)
    }

    /// BLRAA, BLRAB.
    pub(crate) fn blra(&mut self, i: Blra) -> Flow {
        let modifier = self.read_sp(Ty::I64, i.rm);
        self.branch(i.b, i.rn, modifier, Kind::Call { ret: self.next() })
    }

    /// BLRAAZ, BLRABZ.
    pub(crate) fn blraz(&mut self, i: Blraz) -> Flow {
        let zero = self.ir.i64(0);
        self.branch(i.b, i.rn, zero, Kind::Call { ret: self.next() })
    }

    /// RETAA, RETAB: X30 by SP.
    pub(crate) fn reta(&mut self, i: Reta) -> Flow {
        let modifier = self.ir.get(state::SP);
        self.branch(i.b, 30, modifier, Kind::Return)
    }

    /// ERETAA, ERETAB: UNDEFINED at EL0.
    pub(crate) fn ereta(&mut self, _: Ereta) -> Flow {
        self.undefined()
    }

    /// LDRAA, LDRAB: Xt <- memory at the authenticated Xn or SP + offset, which it may write back.
    pub(crate) fn ldra(&mut self, i: Ldra) -> Flow {
        let (base, zero) = (self.base(i.rn), self.ir.i64(0));
        let base = self.authenticated(key(true, i.b), base, zero);
        let offset = signed((i.s as u32) << 9 | i.imm9 as u32, 10) << 3;
        let address = self.offset(base, offset);
        let value = self.ir.load(Ty::I64, address, MemAttr::PLAIN);
        self.write_zr(i.rt, value);
        if i.pre {
            self.write_sp(Ty::I64, i.rn, address);
        }
        Flow::Next
    }
}
