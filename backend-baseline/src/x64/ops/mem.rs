//! Memory: plain, ordered and atomic accesses, barriers.
//!
//! The host is TSO: plain accesses, load-acquire and store-release are the host's own, except that a load-acquire must
//! not pass an earlier store-release (RCsc): such a store is an exchange, which is a full barrier too.
//!
//! Invariant: every access is covered by the source map; guest registers are exact before it.

use crate::x64::Gen;
use crate::x64::alloc::{Place, in_gpr};
use crate::x64::cold::Cold;
use crate::x64::emit::{Alu, Cc, Gpr, Mem, RAX, RCX, RDX, RSI, Shift, Xmm, code};
use isamorph_backend_abi::abi;
use isamorph_backend_abi::engine_offset;
use isamorph_ir::inst::{Align, Fence, MemAttr, Order, Prefetch, Rmw, RmwAttr};
use isamorph_ir::{Inst, Op, Ty, Value};

/// Byte order reversed.
const REVERSED: u128 = 0x00010203_04050607_08090a0b_0c0d0e0f;

impl Gen<'_> {
    /// The address that a lazy sum stands for.
    pub(crate) fn lazy_sum(&mut self, inst: &Inst) -> Mem {
        let [a, b, ..] = inst.args;
        if let Some(disp) = self.const_of(b).and_then(|c| i32::try_from(c as u64 as i64).ok()) {
            return Mem::new(self.gpr(a), disp);
        }
        if self.place(b) == Place::Lazy {
            let shift = self.code.insts[b.index()];
            if shift.op == Op::ShlI {
                let base = self.gpr(a);
                let index = self.gpr(shift.args[0]);
                return Mem { base, index: Some((index, shift.imm as u8)), disp: 0 };
            }
        }
        let (base, index) = (self.gpr(a), self.gpr(b));
        Mem { base, index: Some((index, 0)), disp: 0 }
    }

    /// Where a guest address lies in the host, after the check that its alignment asks for. RAX or RCX may be its base.
    fn address(&mut self, v: Value, bytes: u32, align: Align, write: bool) -> Mem {
        let mut m = self.guest_address(v);
        if align != Align::Any && bytes > 1 {
            self.e.lea(true, RCX, m);
            let cc = if align == Align::Within16 {
                self.e.mov(false, RDX, RCX);
                self.e.alu_imm(Alu::And, false, RDX, 15);
                self.e.alu_imm(Alu::Cmp, false, RDX, 16 - bytes as i32);
                Cc::A
            } else {
                self.e.test_imm(false, RCX, bytes as i32 - 1);
                Cc::Ne
            };
            let from = self.e.jcc(cc);
            self.colds.push(Cold::Misaligned { from, pc: self.pc, write });
            m = Mem::new(RCX, 0);
        }
        self.may_fault();
        self.host_address(m)
    }

    /// A guest address as an operand.
    fn guest_address(&mut self, v: Value) -> Mem {
        if self.place(v) == Place::Lazy && self.code.insts[v.index()].op == Op::Add {
            let inst = self.code.insts[v.index()];
            return self.lazy_sum(&inst);
        }
        Mem::new(self.gpr(v), 0)
    }

    /// Where a guest address lies in the host. RAX or RCX may be its base.
    fn host_address(&mut self, mut m: Mem) -> Mem {
        let ignored = self.desc.ignored_top_bits as u8;
        if self.options.clear_ignored_bits && ignored != 0 {
            self.e.lea(true, RCX, m);
            self.e.shift_imm(Shift::Shl, true, RCX, ignored);
            self.e.shift_imm(Shift::Sar, true, RCX, ignored);
            m = Mem::new(RCX, 0);
        }
        if self.options.guest_base != 0 {
            self.e.lea(true, RCX, m);
            self.e.mov_imm(RAX, self.options.guest_base);
            m = Mem { base: RCX, index: Some((RAX, 0)), disp: 0 };
        }
        m
    }

    pub(super) fn load(&mut self, inst: &Inst, v: Value) -> bool {
        let attr = MemAttr::from_bits(inst.imm).unwrap_or(MemAttr::PLAIN);
        let ty = inst.shape.ty().unwrap_or(Ty::I64);
        let m = self.address(inst.args[0], ty.bytes(), attr.align, false);
        if in_gpr(ty) {
            let d = self.def_g(v);
            self.e.load_zx(ty.bytes(), d, m);
            if attr.big_endian {
                self.swap(ty.bytes(), d);
            }
        } else {
            let d = self.def_x(v);
            self.e.load_x(ty.bytes(), false, d, m);
            if attr.big_endian {
                self.swap_x(ty.bytes(), d, d);
            }
        }
        true
    }

    /// Reverses the bytes of a zero-extended value.
    fn swap(&mut self, bytes: u32, r: Gpr) {
        match bytes {
            1 => {}
            2 => {
                self.e.bswap(false, r);
                self.e.shift_imm(Shift::Shr, false, r, 16);
            }
            _ => self.e.bswap(bytes == 8, r),
        }
    }

    fn swap_x(&mut self, bytes: u32, d: Xmm, a: Xmm) {
        let mask = self.e.constant(if bytes == 16 {
            REVERSED
        } else {
            // The low bytes reversed, zeros above.
            (0..16).fold(0, |v, n| {
                let from = if n < bytes { bytes - 1 - n } else { 0x80 };
                v | (from as u128) << (8 * n)
            })
        });
        self.e.v3(code(0x66, 2, 0x00), d, a, mask);
    }

    pub(super) fn store(&mut self, inst: &Inst) -> bool {
        let attr = MemAttr::from_bits(inst.imm).unwrap_or(MemAttr::PLAIN);
        let ty = inst.shape.ty().unwrap_or(Ty::I64);
        let (bytes, value) = (ty.bytes(), inst.args[1]);
        let ordered = attr.order != Order::Relaxed;
        if in_gpr(ty) {
            let constant = self.const_of(value).filter(|_| !ordered && !attr.big_endian);
            if let Some(imm) = constant.and_then(|c| store_imm(bytes, c as u64)) {
                let m = self.address(inst.args[0], bytes, attr.align, true);
                self.e.store_imm(bytes, m, imm);
                return true;
            }
            let mut r = self.gpr(value);
            let m = self.address(inst.args[0], bytes, attr.align, true);
            if attr.big_endian {
                self.e.load_zx(bytes, RSI, r);
                self.swap(bytes, RSI);
                r = RSI;
            }
            if ordered {
                self.e.mov(true, RDX, r);
                self.e.xchg(bytes, m, RDX);
            } else {
                self.e.store(bytes, m, r);
            }
            return true;
        }
        let mut r = self.xmm(value);
        let m = self.address(inst.args[0], bytes, attr.align, true);
        if attr.big_endian {
            self.swap_x(bytes, Xmm(0), r);
            r = Xmm(0);
        }
        self.e.store_x(bytes, false, m, r);
        if ordered {
            self.full_barrier();
        }
        true
    }

    /// Computes an address that must not be in a register that the access uses: in RSI.
    fn address_in_rsi(&mut self, v: Value, bytes: u32, align: Align) -> Mem {
        let m = self.address(v, bytes, align, true);
        self.e.lea(true, RSI, m);
        Mem::new(RSI, 0)
    }

    pub(super) fn atomic_rmw(&mut self, inst: &Inst, v: Value) -> bool {
        let how =
            RmwAttr::from_bits(inst.imm).unwrap_or(RmwAttr { rmw: Rmw::Xchg, mem: MemAttr::PLAIN });
        let ty = inst.shape.ty().unwrap_or(Ty::I64);
        let bytes = ty.bytes();
        if bytes == 16 {
            self.refuse(inst, "128 bits");
            return true;
        }
        if how.mem.big_endian && bytes > 1 {
            self.refuse(inst, "the other byte order");
            return true;
        }
        let operand = self.clean(inst.args[1]);
        let m = self.address_in_rsi(inst.args[0], bytes, how.mem.align);
        let d = self.def_g(v);
        match how.rmw {
            Rmw::Xchg | Rmw::Add => {
                self.e.mov(true, RAX, operand);
                if how.rmw == Rmw::Xchg {
                    self.e.xchg(bytes, m, RAX);
                } else {
                    self.e.locked(0xc0, bytes, m, RAX);
                }
            }
            _ => {
                self.e.load_zx(bytes, RAX, m);
                let again = self.e.offset();
                self.modify(how.rmw, bytes, operand);
                self.e.locked(0xb0, bytes, m, RDX);
                self.e.jcc_back(Cc::Ne, again);
            }
        }
        self.e.load_zx(bytes, d, RAX);
        true
    }

    /// RDX = what is stored where RAX was found (zero-extended at first, later only its low bytes count).
    fn modify(&mut self, rmw: Rmw, bytes: u32, operand: Gpr) {
        let alu = match rmw {
            Rmw::And => Some(Alu::And),
            Rmw::Or => Some(Alu::Or),
            Rmw::Xor => Some(Alu::Xor),
            _ => None,
        };
        if let Some(op) = alu {
            self.e.mov(true, RDX, RAX);
            return self.e.alu(op, true, RDX, operand);
        }
        if rmw == Rmw::AndNot {
            self.e.mov(true, RDX, operand);
            self.e.group3(2, true, RDX);
            return self.e.alu(Alu::And, true, RDX, RAX);
        }
        let signed = matches!(rmw, Rmw::SMax | Rmw::SMin);
        let (w, narrow) = (bytes == 8, bytes < 4);
        if narrow && signed {
            self.e.load_sx(bytes, false, RDX, RAX);
            self.e.load_sx(bytes, false, RCX, operand);
        } else {
            self.e.load_zx(bytes, RDX, RAX);
            self.e.mov(true, RCX, operand);
        }
        self.e.alu(Alu::Cmp, w, RDX, RCX);
        let cc = match rmw {
            Rmw::SMax => Cc::L,
            Rmw::SMin => Cc::G,
            Rmw::UMax => Cc::B,
            _ => Cc::A,
        };
        self.e.cmov(cc, w, RDX, RCX);
    }

    pub(super) fn atomic_cas(&mut self, inst: &Inst, v: Value) -> bool {
        let attr = MemAttr::from_bits(inst.imm).unwrap_or(MemAttr::PLAIN);
        let ty = inst.shape.ty().unwrap_or(Ty::I64);
        let [address, expected, new, _] = inst.args;
        if attr.big_endian && ty.bytes() > 1 {
            self.refuse(inst, "the other byte order");
            return true;
        }
        if ty == Ty::I128 {
            self.compare_exchange_128(address, expected, new, attr);
            let d = self.def_x(v);
            self.e.movd_to(true, d, RAX);
            self.e.v3w(code(0x66, 3, 0x22), true, d, d, RDX, Some(1));
            return true;
        }
        self.compare_exchange(ty.bytes(), address, expected, new, attr);
        let d = self.def_g(v);
        self.e.load_zx(ty.bytes(), d, RAX);
        true
    }

    /// `lock cmpxchg`: what was there in RAX, the host's Z set if the new value was stored.
    fn compare_exchange(&mut self, bytes: u32, at: Value, old: Value, new: Value, attr: MemAttr) {
        let (old, new) = (self.gpr(old), self.gpr(new));
        let m = self.address_in_rsi(at, bytes, attr.align);
        self.e.mov(true, RAX, old);
        self.e.locked(0xb0, bytes, m, new);
    }

    /// The same of 128 bits, in RDX:RAX. RBX is kept in the frame meanwhile.
    fn compare_exchange_128(&mut self, at: Value, old: Value, new: Value, attr: MemAttr) {
        const RBX: Gpr = Gpr(3);
        let (old, new) = (self.xmm(old), self.xmm(new));
        let m = self.address_in_rsi(at, 16, attr.align);
        let saved = Mem::area(abi::VALUES_OFFSET + 8);
        self.e.store(8, saved, RBX);
        self.e.movd_from(true, RAX, old);
        self.e.v2w(code(0x66, 3, 0x16), true, old.0, RDX.into(), Some(1));
        self.e.movd_from(true, RBX, new);
        self.e.v2w(code(0x66, 3, 0x16), true, new.0, RCX.into(), Some(1));
        self.e.cmpxchg16b(m);
        self.e.mov(true, RBX, saved);
    }

    pub(super) fn cas_if(&mut self, inst: &Inst, v: Value) -> bool {
        let attr = MemAttr::from_bits(inst.imm).unwrap_or(MemAttr::PLAIN);
        let ty = inst.shape.ty().unwrap_or(Ty::I64);
        let [p, address, expected, new] = inst.args;
        if attr.big_endian && ty.bytes() > 1 {
            self.refuse(inst, "the other byte order");
            return true;
        }
        // Everything is in its register before the ways part.
        let p = self.clean(p);
        if self.place(address) == Place::Lazy {
            self.compute_lazy(address);
        }
        self.gpr(address);
        for v in [expected, new] {
            if ty == Ty::I128 {
                self.xmm(v);
            } else {
                self.gpr(v);
            }
        }
        let d = self.def_g(v);
        self.e.mov_imm(d, 0);
        self.e.test(false, p, p);
        let no = self.e.jcc(Cc::E);
        if ty == Ty::I128 {
            self.compare_exchange_128(address, expected, new, attr);
        } else {
            self.compare_exchange(ty.bytes(), address, expected, new, attr);
        }
        self.e.setcc(Cc::E, RAX);
        self.e.load_zx(1, d, RAX);
        self.e.bind(no);
        true
    }

    pub(super) fn prefetch(&mut self, inst: &Inst) -> bool {
        let m = self.guest_address(inst.args[0]);
        let m = self.host_address(m);
        self.e.prefetch(Prefetch::from_bits(inst.imm).unwrap_or(Prefetch::L1), m);
        true
    }

    pub(super) fn fence(&mut self, inst: &Inst) -> bool {
        match Fence::from_bits(inst.imm).unwrap_or(Fence::Full) {
            Fence::Load | Fence::Store => {}
            Fence::Full => self.full_barrier(),
        }
        true
    }

    /// A locked operation on the own area is as strong as `mfence` here, and faster.
    fn full_barrier(&mut self) {
        self.e.lock_or(Mem::area(engine_offset!(scratch)), 0);
    }
}

/// A constant that can be stored as an immediate.
fn store_imm(bytes: u32, bits: u64) -> Option<i32> {
    if bytes == 8 { i32::try_from(bits as i64).ok() } else { Some(bits as u32 as i32) }
}
