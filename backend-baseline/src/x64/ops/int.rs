//! Integers in general registers: arithmetic, shifts, bits, comparisons, selection, conversions, guest registers.
//!
//! Operations of 8 and 16 bits work on 32 and leave the register dirty.

use crate::x64::Gen;
use crate::x64::alloc::{Place, in_gpr};
use crate::x64::emit::{Alu, Cc, Gpr, Mem, RAX, RCX, RDX, Rm, Shift, code};
use isamorph_ir::inst::IntCC;
use isamorph_ir::{Inst, Op, Shape, Ty, Value};

impl Gen<'_> {
    pub(crate) fn get(&mut self, inst: &Inst, v: Value) {
        let at = self.desc.layout.slots[inst.imm as usize].offset;
        self.places[v.index()] = Place::State(at);
        self.home(inst.imm as u16, v);
    }

    pub(crate) fn put(&mut self, inst: &Inst) {
        let (slot, v) = (inst.imm as u16, inst.args[0]);
        self.leave_home(slot, v);
        let m = self.slot(inst.imm);
        if inst.shape == Shape::FLAGS {
            return self.put_flags(m, v);
        }
        if self.place(v) == Place::Lazy {
            self.gpr(v);
        }
        let bytes = self.ty(v).bytes();
        match self.place(v) {
            Place::Const => self.put_const(m, bytes, self.const_of(v).unwrap_or(0)),
            Place::Gpr(r) => self.e.store(bytes, m, r),
            Place::Xmm(r) => self.e.store_x(bytes, true, m, r),
            _ if bytes <= 8 && in_gpr(self.ty(v)) => {
                let r = self.gpr(v);
                self.e.store(bytes, m, r);
            }
            _ => {
                let r = self.xmm(v);
                self.e.store_x(bytes, true, m, r);
            }
        }
        if !self.dies(v) && matches!(self.place(v), Place::Gpr(_) | Place::Xmm(_)) {
            self.home(slot, v);
        }
    }

    fn put_const(&mut self, m: Mem, bytes: u32, bits: u128) {
        if bytes < 8 {
            return self.e.store_imm(bytes, m, bits as u32 as i32);
        }
        for half in 0..bytes as i32 / 8 {
            let word = (bits >> (64 * half)) as u64;
            let m = Mem { disp: m.disp + 8 * half, ..m };
            match i32::try_from(word as i64) {
                Ok(imm) => self.e.store_imm(8, m, imm),
                Err(_) => {
                    self.e.mov_imm(RAX, word);
                    self.e.store(8, m, RAX);
                }
            }
        }
    }

    /// A constant that fits into a sign-extended immediate of an operation of this width.
    fn imm32(&self, v: Value, wide: bool) -> Option<i32> {
        let bits = self.const_of(v)? as u64;
        if wide { i32::try_from(bits as i64).ok() } else { Some(bits as u32 as i32) }
    }

    pub(super) fn int(&mut self, inst: &Inst, v: Value) -> bool {
        let Shape::Scalar(ty) = inst.shape else { return false };
        if ty == Ty::I128 {
            return false;
        }
        let w = ty == Ty::I64;
        let narrow = matches!(ty, Ty::I8 | Ty::I16);
        let [a, b, c, _] = inst.args;
        if ty == Ty::I1 {
            return self.bit(inst, v);
        }
        match inst.op {
            Op::Add => self.add(w, v, a, b),
            Op::Sub => self.alu(Alu::Sub, w, v, a, b),
            Op::And => self.alu_commutes(Alu::And, w, v, a, b),
            Op::Or => self.alu_commutes(Alu::Or, w, v, a, b),
            Op::Xor => self.alu_commutes(Alu::Xor, w, v, a, b),
            Op::AndNot => self.and_not(w, v, a, b),
            Op::Mul => self.mul(w, v, a, b),
            Op::Neg | Op::Not => {
                let d = self.def_g_from(v, a);
                self.e.group3(if inst.op == Op::Neg { 3 } else { 2 }, w, d);
            }
            Op::Abs if !narrow => {
                let s = self.gpr(a);
                let d = self.def_g(v);
                self.e.mov(w, d, s);
                self.e.group3(3, w, d);
                self.e.cmov(Cc::S, w, d, s);
            }
            Op::UMulHi | Op::SMulHi => {
                let b = self.rm(b);
                let a = self.gpr(a);
                self.e.mov(w, RAX, a);
                self.e.group3(if inst.op == Op::UMulHi { 4 } else { 5 }, w, b);
                let d = self.def_g(v);
                self.e.mov(w, d, RDX);
            }
            Op::UDiv | Op::SDiv => self.divide(inst.op == Op::SDiv, w, v, a, b),
            Op::Shl if !narrow => self.shift(Shift::Shl, w, v, a, b),
            Op::LShr if !narrow => self.shift(Shift::Shr, w, v, a, b),
            Op::AShr if !narrow => self.shift(Shift::Sar, w, v, a, b),
            Op::Rotr if !narrow => self.shift(Shift::Ror, w, v, a, b),
            Op::RotrI if !narrow => {
                let d = self.def_g_from(v, a);
                let n = inst.imm as u8 & (ty.bits() as u8 - 1);
                if n != 0 {
                    self.e.shift_imm(Shift::Ror, w, d, n);
                }
            }
            Op::ShlI | Op::LShrI | Op::AShrI => self.shift_by(inst, ty, v, a),
            Op::Clz if !narrow => {
                let d = self.clz(w, v, a);
                debug_assert_eq!(self.place(v), Place::Gpr(d));
            }
            Op::Ctz if !narrow => {
                let a = self.rm(a);
                let d = self.def_g(v);
                if self.host.lzcnt {
                    self.e.bits(0xf3, 0xbc, w, d, a);
                } else {
                    self.e.bits(0, 0xbc, w, RAX, a);
                    self.e.mov_imm(d, ty.bits() as u64);
                    self.e.cmov(Cc::Ne, w, d, RAX);
                }
            }
            Op::Cls if !narrow => {
                let s = self.gpr(a);
                self.e.mov(w, RAX, s);
                self.e.shift_imm(Shift::Sar, w, RAX, ty.bits() as u8 - 1);
                self.e.alu(Alu::Xor, w, RAX, s);
                let d = self.def_g(v);
                self.count_zeros(w, d, RAX.into());
                self.e.alu_imm(Alu::Sub, w, d, 1);
            }
            Op::Popcnt if !narrow => {
                let a = self.rm(a);
                let d = self.def_g(v);
                self.e.bits(0xf3, 0xb8, w, d, a);
            }
            Op::BitRev if !narrow => self.reverse_bits(w, v, a),
            Op::Bswap if ty == Ty::I8 => {
                self.def_g_from(v, a);
            }
            Op::Bswap => {
                let d = self.def_g_from(v, a);
                self.e.bswap(w, d);
                if ty == Ty::I16 {
                    self.e.shift_imm(Shift::Shr, false, d, 16);
                    return true;
                }
            }
            Op::ICmp => {
                let cc = self.compare(inst);
                self.set(cc, v);
                return true;
            }
            Op::SMin | Op::SMax | Op::UMin | Op::UMax if !narrow => {
                let s = self.gpr(b);
                let d = self.def_g_from(v, a);
                let cc = match inst.op {
                    Op::SMin => Cc::G,
                    Op::SMax => Cc::L,
                    Op::UMin => Cc::A,
                    _ => Cc::B,
                };
                self.e.alu(Alu::Cmp, w, d, s);
                self.e.cmov(cc, w, d, s);
            }
            Op::BitSel => {
                // ((a ^ b) & m) ^ b
                let (m, y) = (self.gpr(a), self.gpr(c));
                let x = self.gpr(b);
                self.e.mov(true, RAX, x);
                self.e.alu(Alu::Xor, true, RAX, y);
                self.e.alu(Alu::And, true, RAX, m);
                self.e.alu(Alu::Xor, w || narrow, RAX, y);
                let d = self.def_g(v);
                self.e.mov(w, d, RAX);
            }
            _ => return false,
        }
        if narrow && let Place::Gpr(d) = self.place(v) {
            self.soil(d);
        } else if let Place::Gpr(d) = self.place(v) {
            self.wash(d, w);
        }
        true
    }

    /// An operation of full width cleaned the register (a 32-bit one by zeroing the upper half).
    fn wash(&mut self, d: Gpr, w: bool) {
        if self.is_dirty(d) {
            // Only a move without an operation keeps a dirty register.
            if !w {
                self.e.mov(false, d, d);
            }
            self.unsoil(d);
        }
    }

    /// Operations on single bits.
    fn bit(&mut self, inst: &Inst, v: Value) -> bool {
        let [a, b, ..] = inst.args;
        match inst.op {
            Op::And => self.alu_commutes(Alu::And, false, v, a, b),
            Op::Or => self.alu_commutes(Alu::Or, false, v, a, b),
            Op::Xor | Op::Add | Op::Sub => self.alu_commutes(Alu::Xor, false, v, a, b),
            Op::Not => {
                let d = self.def_g_from(v, a);
                self.e.alu_imm(Alu::Xor, false, d, 1);
            }
            _ => return false,
        }
        true
    }

    fn add(&mut self, w: bool, v: Value, a: Value, b: Value) {
        // A sum of registers that live on is one instruction.
        if let Place::Gpr(x) = self.place(a)
            && !self.dies(a)
        {
            if let Some(imm) = self.imm32(b, w) {
                let d = self.def_g(v);
                return self.e.lea(w, d, Mem::new(x, imm));
            }
            if let Place::Gpr(y) = self.place(b)
                && !self.dies(b)
            {
                let d = self.def_g(v);
                return self.e.lea(w, d, Mem { base: x, index: Some((y, 0)), disp: 0 });
            }
        }
        self.alu_commutes(Alu::Add, w, v, a, b);
    }

    fn alu_commutes(&mut self, op: Alu, w: bool, v: Value, a: Value, b: Value) {
        let in_register = |p: Place| matches!(p, Place::Gpr(_));
        let swap = self.const_of(a).is_some() && self.const_of(b).is_none()
            || in_register(self.place(b)) && self.dies(b) && !self.dies(a)
            || in_register(self.place(b)) && self.dies(b) && !in_register(self.place(a));
        let (a, b) = if swap && self.const_of(b).is_none() { (b, a) } else { (a, b) };
        self.alu(op, w, v, a, b);
    }

    fn alu(&mut self, op: Alu, w: bool, v: Value, a: Value, b: Value) {
        if let Some(imm) = self.imm32(b, w) {
            let d = self.def_g_from(v, a);
            self.e.alu_imm(op, w, d, imm);
        } else {
            let b = self.rm(b);
            let d = self.def_g_from(v, a);
            self.e.alu(op, w, d, b);
        }
        if let Place::Gpr(d) = self.place(v) {
            self.unsoil(d);
        }
    }

    fn and_not(&mut self, w: bool, v: Value, a: Value, b: Value) {
        if let Some(bits) = self.const_of(b) {
            let not = !(bits as u64);
            let fits = if w { i32::try_from(not as i64).ok() } else { Some(not as u32 as i32) };
            if let Some(imm) = fits {
                let d = self.def_g_from(v, a);
                return self.e.alu_imm(Alu::And, w, d, imm);
            }
        }
        let not = self.gpr(b);
        if self.host.bmi1 {
            let a = self.rm(a);
            let d = self.def_g(v);
            return self.e.andn(w, d, not, a);
        }
        self.e.mov(w, RAX, not);
        self.e.group3(2, w, RAX);
        let d = self.def_g_from(v, a);
        self.e.alu(Alu::And, w, d, RAX);
    }

    fn mul(&mut self, w: bool, v: Value, a: Value, b: Value) {
        if let Some(imm) = self.imm32(b, w) {
            let a = self.rm(a);
            let d = self.def_g(v);
            return self.e.imul_imm(w, d, a, imm);
        }
        let b = self.rm(b);
        let d = self.def_g_from(v, a);
        self.e.imul(w, d, b);
    }

    fn divide(&mut self, signed: bool, w: bool, v: Value, a: Value, b: Value) {
        let by = self.gpr(b);
        let a = self.gpr(a);
        let d = self.def_g(v);
        self.e.mov(w, RAX, a);
        self.e.test(w, by, by);
        self.e.cmov(Cc::E, w, RAX, by);
        let zero = self.e.jcc(Cc::E);
        if signed {
            self.e.alu_imm(Alu::Cmp, w, by, -1);
            let usual = self.e.jcc(Cc::Ne);
            self.e.group3(3, w, RAX);
            let negated = self.e.jmp();
            self.e.bind(usual);
            self.e.raw(if w { &[0x48, 0x99] } else { &[0x99] });
            self.e.group3(7, w, by);
            self.e.bind(negated);
        } else {
            self.e.alu(Alu::Xor, false, RDX, RDX);
            self.e.group3(6, w, by);
        }
        self.e.bind(zero);
        self.e.mov(w, d, RAX);
    }

    fn shift(&mut self, op: Shift, w: bool, v: Value, a: Value, b: Value) {
        if let Some(n) = self.const_of(b) {
            let n = n as u8 & if w { 63 } else { 31 };
            let d = self.def_g_from(v, a);
            if n != 0 {
                self.e.shift_imm(op, w, d, n);
            } else if !w {
                self.e.mov(false, d, d);
            }
            return self.unsoil(d);
        }
        let by = self.gpr(b);
        if self.host.bmi2 && op != Shift::Ror {
            let a = self.rm(a);
            let d = self.def_g(v);
            return self.e.shift_x(op, w, d, a, by);
        }
        self.e.mov(false, RCX, by);
        let d = self.def_g_from(v, a);
        if !w && self.is_dirty(d) {
            self.e.mov(false, d, d);
        }
        self.e.shift_cl(op, w, d);
        self.unsoil(d);
    }

    fn shift_by(&mut self, inst: &Inst, ty: Ty, v: Value, a: Value) {
        let (w, bits) = (ty == Ty::I64, ty.bits() as u128);
        let narrow = bits < 32;
        let (op, n) = match inst.op {
            Op::AShrI => (Shift::Sar, inst.imm.min(bits - 1)),
            Op::ShlI => (Shift::Shl, inst.imm),
            _ => (Shift::Shr, inst.imm),
        };
        if n >= bits {
            let d = self.def_g(v);
            return self.e.mov_imm(d, 0);
        }
        if narrow && op == Shift::Shr {
            self.clean(a);
        }
        let d = self.def_g_from(v, a);
        if narrow && op == Shift::Sar {
            self.e.load_sx(ty.bytes(), false, d, d);
        }
        if n != 0 {
            self.e.shift_imm(op, w, d, n as u8);
        } else if !w && !narrow {
            self.e.mov(false, d, d);
        }
        self.unsoil(d);
    }

    fn clz(&mut self, w: bool, v: Value, a: Value) -> Gpr {
        let a = self.rm(a);
        let d = self.def_g(v);
        self.count_zeros(w, d, a);
        d
    }

    /// Leading zeros.
    fn count_zeros(&mut self, w: bool, d: Gpr, a: Rm) {
        if self.host.lzcnt {
            return self.e.bits(0xf3, 0xbd, w, d, a);
        }
        let bits = if w { 64 } else { 32 };
        self.e.bits(0, 0xbd, w, RCX, a);
        self.e.mov_imm(d, 2 * bits - 1);
        self.e.cmov(Cc::Ne, w, d, RCX);
        self.e.alu_imm(Alu::Xor, w, d, bits as i32 - 1);
    }

    /// Bits reversed within bytes by three exchanges, then the bytes.
    fn reverse_bits(&mut self, w: bool, v: Value, a: Value) {
        let d = self.def_g_from(v, a);
        for (n, mask) in
            [(1, 0x5555_5555_5555_5555u64), (2, 0x3333_3333_3333_3333), (4, 0x0f0f_0f0f_0f0f_0f0f)]
        {
            self.e.mov_imm(RCX, if w { mask } else { mask as u32 as u64 });
            self.e.mov(w, RAX, d);
            self.e.shift_imm(Shift::Shr, w, RAX, n);
            self.e.alu(Alu::And, w, RAX, RCX);
            self.e.alu(Alu::And, w, d, RCX);
            self.e.shift_imm(Shift::Shl, w, d, n);
            self.e.alu(Alu::Or, w, d, RAX);
        }
        self.e.bswap(w, d);
    }

    /// Sets the host's flags for a comparison of integers; the condition that says whether it holds.
    pub(super) fn compare(&mut self, inst: &Inst) -> Cc {
        let [a, b, ..] = inst.args;
        let cc = IntCC::from_bits(inst.imm).unwrap_or(IntCC::Eq);
        let ty = self.ty(a);
        let w = ty == Ty::I64;
        let signed = matches!(cc, IntCC::Slt | IntCC::Sle | IntCC::Sgt | IntCC::Sge);
        if ty.bits() < 32 {
            let (x, y) = (self.clean(a), self.clean(b));
            if signed {
                self.e.load_sx(ty.bytes(), false, RAX, x);
                self.e.load_sx(ty.bytes(), false, RCX, y);
                self.e.alu(Alu::Cmp, false, RAX, RCX);
            } else if cc == IntCC::Test {
                self.e.test(false, x, y);
            } else {
                self.e.alu(Alu::Cmp, false, x, y);
            }
        } else if cc == IntCC::Test {
            match (self.imm32(b, w), self.in_memory(a)) {
                (Some(imm), Some(m)) => self.e.test_imm(w, m, imm),
                (Some(imm), None) => {
                    let a = self.gpr(a);
                    self.e.test_imm(w, a, imm);
                }
                (None, _) => {
                    let (a, b) = (self.gpr(a), self.gpr(b));
                    self.e.test(w, a, b);
                }
            }
        } else {
            self.compare_values(w, a, b);
        }
        match cc {
            IntCC::Eq => Cc::E,
            IntCC::Ne | IntCC::Test => Cc::Ne,
            IntCC::Ult => Cc::B,
            IntCC::Ule => Cc::Be,
            IntCC::Ugt => Cc::A,
            IntCC::Uge => Cc::Ae,
            IntCC::Slt => Cc::L,
            IntCC::Sle => Cc::Le,
            IntCC::Sgt => Cc::G,
            IntCC::Sge => Cc::Ge,
        }
    }

    /// `cmp a, b` of 32 or 64 bits.
    pub(super) fn compare_values(&mut self, w: bool, a: Value, b: Value) {
        match self.imm32(b, w) {
            Some(0) if !matches!(self.place(a), Place::State(_) | Place::Frame(_)) => {
                let a = self.gpr(a);
                self.e.test(w, a, a);
            }
            Some(imm) => {
                let a = self.rm(a);
                self.e.alu_imm(Alu::Cmp, w, a, imm);
            }
            None => {
                let b = self.rm(b);
                let a = self.gpr(a);
                self.e.alu(Alu::Cmp, w, a, b);
            }
        }
    }

    /// 1 if the host's condition holds, else 0.
    pub(super) fn set(&mut self, cc: Cc, v: Value) -> Gpr {
        self.e.setcc(cc, RAX);
        let d = self.def_g(v);
        self.e.load_zx(1, d, RAX);
        d
    }

    /// Sets the host's flags by a bit; the condition that says whether it is 1.
    pub(crate) fn condition(&mut self, v: Value) -> Cc {
        let inst = self.code.insts[v.index()];
        if self.place(v) == Place::Lazy {
            return match inst.op {
                Op::ICmp => self.compare(&inst),
                _ => self.condition_of_flags(&inst),
            };
        }
        let r = self.gpr(v);
        self.e.test(false, r, r);
        Cc::Ne
    }

    /// A lazy value in a register after all.
    pub(crate) fn compute_lazy(&mut self, v: Value) -> Gpr {
        let inst = self.code.insts[v.index()];
        match inst.op {
            Op::ICmp | Op::Cond => {
                let cc = self.condition(v);
                self.set(cc, v)
            }
            Op::Add => {
                let m = self.lazy_sum(&inst);
                let d = self.def_g(v);
                self.e.lea(true, d, m);
                d
            }
            Op::ShlI => {
                let a = self.gpr(inst.args[0]);
                let d = self.def_g(v);
                self.e.mov(true, d, a);
                self.e.shift_imm(Shift::Shl, true, d, inst.imm as u8);
                d
            }
            _ => {
                self.nibble(v);
                let d = self.def_g(v);
                self.e.mov(false, d, RAX);
                d
            }
        }
    }

    pub(super) fn select(&mut self, inst: &Inst, v: Value) -> bool {
        let [c, a, b, _] = inst.args;
        if inst.shape.is_half() {
            return false;
        }
        let ty = self.ty(v);
        if in_gpr(ty) {
            let yes = self.clean(a);
            self.clean(b);
            let cc = self.condition(c);
            let d = self.def_g_from_moves(v, b);
            self.e.cmov(cc, true, d, yes);
            return true;
        }
        let yes = self.xmm(a);
        self.xmm(b);
        let cc = self.condition(c);
        let d = self.def_x_from(v, b);
        let keep = self.e.jcc_near(cc.invert());
        self.e.movaps(d, yes);
        self.e.bind(keep);
        true
    }

    /// As `def_g_from` of a value in a register: only moves, which keep the host's flags.
    fn def_g_from_moves(&mut self, v: Value, a: Value) -> Gpr {
        self.def_g_from(v, a)
    }

    pub(super) fn cast(&mut self, inst: &Inst, v: Value) -> bool {
        let (Shape::Scalar(to), a) = (inst.shape, inst.args[0]) else { return false };
        let from = self.ty(a);
        match inst.op {
            Op::Zext if to == Ty::I128 => {
                let r = self.clean(a);
                let d = self.def_x(v);
                self.e.movd_to(true, d, r);
            }
            Op::Zext => {
                self.clean(a);
                let d = self.def_g_from(v, a);
                self.unsoil(d);
            }
            Op::Sext if to == Ty::I128 || from == Ty::I1 => return false,
            Op::Sext => {
                let w = to == Ty::I64;
                match self.in_memory(a) {
                    Some(m) => {
                        let d = self.def_g(v);
                        self.e.load_sx(from.bytes(), w, d, m);
                    }
                    None => {
                        let r = self.gpr(a);
                        let d = if self.dies(a) { self.def_g_from(v, a) } else { self.def_g(v) };
                        self.e.load_sx(from.bytes(), w, d, r);
                        self.unsoil(d);
                    }
                }
                if to.bits() < 32
                    && let Place::Gpr(d) = self.place(v)
                {
                    self.soil(d);
                }
            }
            Op::Trunc => return self.truncate(to, from, v, a),
            Op::Bitcast => return self.bitcast(to, from, v, a),
            Op::Concat => {
                let (lo, hi) = (self.rm(a), self.rm(inst.args[1]));
                let d = self.def_x(v);
                self.e.movd_to(true, d, lo);
                self.e.v3w(code(0x66, 3, 0x22), true, d, d, hi, Some(1));
            }
            _ => {
                let r = self.xmm(a);
                let d = self.def_g(v);
                self.e.v2w(code(0x66, 3, 0x16), true, r.0, d.into(), Some(1));
            }
        }
        true
    }

    fn truncate(&mut self, to: Ty, from: Ty, v: Value, a: Value) -> bool {
        if !to.is_int() || to == Ty::I128 || !from.is_int() {
            return false;
        }
        if from == Ty::I128 {
            let r = self.xmm(a);
            let d = self.def_g(v);
            self.e.movd_from(true, d, r);
            if to == Ty::I1 {
                self.e.alu_imm(Alu::And, false, d, 1);
                return true;
            }
            self.soil(d);
        } else if to == Ty::I1 {
            let d = self.def_g_from(v, a);
            self.e.alu_imm(Alu::And, false, d, 1);
            self.unsoil(d);
            return true;
        } else if let Place::State(at) = self.place(a)
            && self.code.insts[a.index()].op == Op::Get
        {
            // The low part of the guest register.
            let slot = self.code.insts[a.index()].imm as u16;
            self.places[v.index()] = Place::State(at);
            self.home(slot, v);
            return true;
        } else if to == Ty::I32 && !self.dies(a) {
            let r = self.gpr(a);
            let d = self.def_g(v);
            self.e.mov(false, d, r);
            return true;
        } else {
            let d = self.def_g_from(v, a);
            self.soil(d);
        }
        if to == Ty::I64
            && let Place::Gpr(d) = self.place(v)
        {
            self.unsoil(d);
        }
        true
    }

    fn bitcast(&mut self, to: Ty, from: Ty, v: Value, a: Value) -> bool {
        if to == Ty::Flags || from == Ty::Flags {
            return false;
        }
        match (in_gpr(from), in_gpr(to)) {
            (true, true) => {
                self.def_g_from(v, a);
            }
            (false, false) => {
                self.def_x_from(v, a);
            }
            (true, false) => {
                let a = self.rm(a);
                let d = self.def_x(v);
                self.e.movd_to(to == Ty::F64, d, a);
            }
            (false, true) => {
                if let Some(m) = self.in_memory(a) {
                    let d = self.def_g(v);
                    self.e.load_zx(to.bytes(), d, m);
                    return true;
                }
                let r = self.xmm(a);
                let d = self.def_g(v);
                self.e.movd_from(to == Ty::I64, d, r);
            }
        }
        true
    }
}
