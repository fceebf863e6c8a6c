//! Condition flags: operands until somebody looks.
//!
//! Flags of integer operations are never computed as such: a condition is the host's comparison again, and a guest's
//! flags register is written as the record of operands ([`isamorph_ir::flags`]). A nibble NZCV lies in a general
//! register where only that will do.

use crate::x64::Gen;
use crate::x64::alloc::Place;
use crate::x64::emit::{Alu, Cc, Mem, RAX, RCX, RDX, Shift};
use isamorph_backend_abi::engine_offset;
use isamorph_ir::flags::{CondCC, FlagsKind};
use isamorph_ir::{Inst, Op, Ty, Value};

/// Bit n: the condition holds for the nibble n.
fn truth(cc: CondCC) -> u64 {
    (0..16).filter(|n| cc.holds(*n)).fold(0, |mask, n| mask | 1 << n)
}

impl Gen<'_> {
    /// [`Op::Cond`]: sets the host's flags; the condition that says whether the guest's holds.
    pub(super) fn condition_of_flags(&mut self, inst: &Inst) -> Cc {
        let cc = CondCC::ALL[inst.imm as usize % CondCC::ALL.len()];
        self.holds(cc, inst.args[0])
    }

    pub(super) fn bool_of_condition(&mut self, inst: &Inst, v: Value) -> bool {
        let cc = self.condition_of_flags(inst);
        self.set(cc, v);
        true
    }

    /// Does the condition hold for these flags?
    fn holds(&mut self, cc: CondCC, flags: Value) -> Cc {
        if self.place(flags) != Place::Lazy {
            let nibble = self.gpr(flags);
            self.e.mov_imm(RAX, truth(cc));
            self.e.bt(false, RAX, nibble);
            return Cc::B;
        }
        let inst = self.code.insts[flags.index()];
        let [a, b, c, _] = inst.args;
        match inst.op {
            Op::FlagsSub => {
                let w = self.ty(a) == Ty::I64;
                // Against zero the host's `test` clears the carry as `cmp` does.
                self.compare_values(w, a, b);
                host(cc)
            }
            Op::FlagsAdd => {
                let w = self.ty(a) == Ty::I64;
                let b = self.rm(b);
                let a = self.gpr(a);
                self.e.mov(w, RAX, a);
                self.e.alu(Alu::Add, w, RAX, b);
                // The host's comparisons read the carry as a borrow.
                if matches!(cc, CondCC::Cs | CondCC::Cc | CondCC::Hi | CondCC::Ls) {
                    self.e.raw(&[0xf5]);
                }
                host(cc)
            }
            Op::FlagsLogic => {
                let w = self.ty(a) == Ty::I64;
                match self.in_memory(a) {
                    Some(m) => self.e.alu_imm(Alu::Cmp, w, m, 0),
                    None => {
                        let a = self.gpr(a);
                        self.e.test(w, a, a);
                    }
                }
                match cc {
                    // No carry: which the host's comparison would call no borrow.
                    CondCC::Cs | CondCC::Hi => Cc::B,
                    CondCC::Cc | CondCC::Ls => Cc::Ae,
                    cc => host(cc),
                }
            }
            Op::FlagsFCmp => self.holds_for_floats(cc, &inst),
            // FlagsSel, Select.
            _ => self.holds_for_selected(cc, a, b, c),
        }
    }

    /// `if c { a } else { b }`, where `b` is often known: a conditional comparison.
    fn holds_for_selected(&mut self, cc: CondCC, c: Value, a: Value, b: Value) -> Cc {
        if let Some(nibble) = self.known_nibble(b) {
            let first = self.holds(cc, a);
            self.e.setcc(first, RAX);
            let choice = self.clean(c);
            if cc.holds(nibble) {
                // !c | holds
                self.e.mov(false, RCX, choice);
                self.e.alu_imm(Alu::Xor, false, RCX, 1);
                self.e.raw(&[0x08, 0xc8]); // or al, cl
            } else {
                self.e.raw(&[0x0f, 0xb6, 0xc0]); // movzx eax, al
                self.e.test(false, RAX, choice);
            }
            return Cc::Ne;
        }
        self.nibble_of_selected(c, a, b);
        self.e.mov_imm(RCX, truth(cc));
        self.e.bt(false, RCX, RAX);
        Cc::B
    }

    /// The nibble of flags that are packed from a constant.
    fn known_nibble(&self, flags: Value) -> Option<u8> {
        let inst = &self.code.insts[flags.index()];
        (inst.op == Op::FlagsPack)
            .then(|| self.const_of(inst.args[0]))
            .flatten()
            .map(|n| n as u8 & 15)
    }

    fn nibble_of_selected(&mut self, c: Value, a: Value, b: Value) {
        // Both are computed: registers are given out alike on every way.
        self.nibble(a);
        let saved = self.frame_word();
        self.e.store(4, saved, RAX);
        self.nibble(b);
        let choice = self.clean(c);
        self.e.test(false, choice, choice);
        self.e.cmov(Cc::Ne, false, RAX, saved);
    }

    /// The nibble NZCV in RAX; RCX and RDX are used up.
    pub(super) fn nibble(&mut self, flags: Value) {
        if self.place(flags) != Place::Lazy {
            let r = self.gpr(flags);
            return self.e.mov(false, RAX, r);
        }
        let inst = self.code.insts[flags.index()];
        let [a, b, c, _] = inst.args;
        match inst.op {
            Op::FlagsSub => {
                let w = self.ty(a) == Ty::I64;
                self.compare_values(w, a, b);
                self.nibble_of_host(Some(Cc::Ae));
            }
            Op::FlagsAdd => {
                let w = self.ty(a) == Ty::I64;
                let b = self.rm(b);
                let a = self.gpr(a);
                self.e.mov(w, RAX, a);
                self.e.alu(Alu::Add, w, RAX, b);
                self.nibble_of_host(Some(Cc::B));
            }
            Op::FlagsLogic => {
                let w = self.ty(a) == Ty::I64;
                let a = self.gpr(a);
                self.e.test(w, a, a);
                self.nibble_of_host(None);
            }
            Op::FlagsFCmp => self.nibble_of_floats(&inst),
            // FlagsSel, Select.
            _ => self.nibble_of_selected(a, b, c),
        }
    }

    /// The nibble in RAX from the host's flags: N and Z as they are, C by this condition, V the host's overflow.
    fn nibble_of_host(&mut self, carry: Option<Cc>) {
        self.e.setcc(Cc::O, RCX);
        if let Some(cc) = carry {
            self.e.setcc(cc, RDX);
        }
        self.e.raw(&[0x9f]); // lahf: SF and ZF in bits 15 and 14
        self.e.shift_imm(Shift::Shr, false, RAX, 12);
        self.e.alu_imm(Alu::And, false, RAX, 12);
        self.e.load_zx(1, RCX, RCX);
        self.e.alu(Alu::Or, false, RAX, RCX);
        if carry.is_some() {
            self.e.load_zx(1, RDX, RDX);
            self.e.lea(false, RAX, Mem { base: RAX, index: Some((RDX, 1)), disp: 0 });
        }
    }

    /// The nibble of the record at this offset of the area, in RAX; RCX, RDX and RSI are used up.
    pub(crate) fn nibble_of_record(&mut self, at: u32) {
        self.e.lea(true, RAX, Mem::area(at as usize));
        self.e.call_rm(Mem::area(engine_offset!(stubs.flags)));
    }

    pub(super) fn flags_adc(&mut self, inst: &Inst, v: Value) -> bool {
        let [a, b, c, _] = inst.args;
        let w = self.ty(a) == Ty::I64;
        let carry = self.clean(c);
        let b = self.rm(b);
        let a = self.gpr(a);
        self.e.mov(w, RAX, a);
        self.e.mov(false, RCX, carry);
        self.e.raw(&[0x0f, 0xba, 0xe1, 0]); // bt ecx, 0
        self.e.alu(Alu::Adc, w, RAX, b);
        self.nibble_of_host(Some(Cc::B));
        let d = self.def_g(v);
        self.e.mov(false, d, RAX);
        true
    }

    pub(super) fn flags_pack(&mut self, inst: &Inst, v: Value) -> bool {
        let d = self.def_g_from(v, inst.args[0]);
        self.e.alu_imm(Alu::And, false, d, 15);
        self.unsoil(d);
        true
    }

    pub(super) fn flags_bits(&mut self, inst: &Inst, v: Value) -> bool {
        self.nibble(inst.args[0]);
        let d = self.def_g(v);
        self.e.mov(false, d, RAX);
        true
    }

    /// Writes flags to the record of a guest register.
    pub(super) fn put_flags(&mut self, m: Mem, flags: Value) {
        let inst = self.code.insts[flags.index()];
        let [a, b, ..] = inst.args;
        let wide = inst.shape.ty() == Some(Ty::I64);
        let kind = match (inst.op, wide) {
            _ if self.place(flags) != Place::Lazy => FlagsKind::Packed,
            (Op::FlagsAdd, false) => FlagsKind::Add32,
            (Op::FlagsAdd, true) => FlagsKind::Add64,
            (Op::FlagsSub, false) => FlagsKind::Sub32,
            (Op::FlagsSub, true) => FlagsKind::Sub64,
            (Op::FlagsLogic, false) => FlagsKind::Logic32,
            (Op::FlagsLogic, true) => FlagsKind::Logic64,
            _ => FlagsKind::Packed,
        };
        let word = |n: i32| Mem { disp: m.disp + 8 * n, ..m };
        if kind == FlagsKind::Packed {
            match self.known_nibble(flags) {
                Some(n) => self.e.store_imm(8, word(1), n as i32),
                None => {
                    self.nibble(flags);
                    self.e.store(8, word(1), RAX);
                }
            }
        } else {
            self.put_operand(word(1), a);
            if !matches!(kind, FlagsKind::Logic32 | FlagsKind::Logic64) {
                self.put_operand(word(2), b);
            }
        }
        self.e.store_imm(8, word(0), kind as i32);
    }

    /// An operand in the record; of a 32-bit one the upper half does not count.
    fn put_operand(&mut self, m: Mem, v: Value) {
        if let Some(imm) = self.const_of(v).and_then(|bits| i32::try_from(bits as u64 as i64).ok())
        {
            return self.e.store_imm(8, m, imm);
        }
        let r = self.gpr(v);
        self.e.store(8, m, r);
    }
}

/// The host's condition after a comparison of the guest's operands.
fn host(cc: CondCC) -> Cc {
    match cc {
        CondCC::Eq => Cc::E,
        CondCC::Ne => Cc::Ne,
        CondCC::Cs => Cc::Ae,
        CondCC::Cc => Cc::B,
        CondCC::Mi => Cc::S,
        CondCC::Pl => Cc::Ns,
        CondCC::Vs => Cc::O,
        CondCC::Vc => Cc::No,
        CondCC::Hi => Cc::A,
        CondCC::Ls => Cc::Be,
        CondCC::Ge => Cc::Ge,
        CondCC::Lt => Cc::L,
        CondCC::Gt => Cc::G,
        CondCC::Le => Cc::Le,
    }
}
