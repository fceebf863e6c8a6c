//! Memory: plain, ordered and atomic accesses, barriers.
//!
//! The host is TSO: plain accesses, load-acquire and store-release need nothing but to keep their order in the
//! compiler, except that a load-acquire must not pass an earlier store-release (RCsc): such a store is an
//! exchange, which is also a full barrier.
//!
//! Invariants: in precise code the state is exact before every access, and before some ([`MemAttr::exact`]) always, or what
//! it lacks is stored by the access's fault exit ([`crate::fault_exits`]); a misaligned access that demands alignment leaves
//! by a cold exit with exact state; every access carries a trap code that tells its guest instruction, and whether it has a
//! fault exit.

use super::{Lower, TRAP_CODES, clif};
use crate::abi::{ExitReason, engine_offset};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{F32X4, F64X2, I8, I8X16, I16, I32, I64, I128};
use cranelift_codegen::ir::{self, AtomicRmwOp, InstBuilder, MemFlagsData, TrapCode};
use isamorph_ir::inst::{Align, Fence, MemAttr, Order, Prefetch, Rmw, RmwAttr};
use isamorph_ir::{Block, Inst, Op, Shape, Ty, Value};

/// An access that is ready to be made.
#[derive(Clone, Copy)]
struct Access {
    ty: Ty,
    attr: MemAttr,
    /// Host address.
    at: ir::Value,
    flags: MemFlagsData,
    /// It has a fault exit.
    guarded: bool,
}

impl Access {
    fn ordered(&self) -> bool {
        self.attr.order != Order::Relaxed
    }

    /// Must it be one access to memory?
    fn single_copy(&self) -> bool {
        self.ordered() || self.attr.align != Align::Any
    }
}

impl Lower<'_, '_> {
    /// Checks the alignment, makes the state exact where it must be, and computes the host address.
    fn access(&mut self, ty: Ty, attr: MemAttr, address: Value, write: bool) -> Access {
        let address = self.v(address);
        if attr.align != Align::Any && ty.bytes() > 1 {
            let misaligned = self.misaligned(ty, attr.align, address);
            let pc = self.pc;
            self.cold_exit(misaligned, |l| {
                l.flush();
                let write = l.b.ins().iconst(I64, write as i64);
                l.leave_with(pc, ExitReason::AlignFault, [Some(address), Some(write)]);
            });
        }
        let guarded = (self.opts.precise || attr.exact) && self.store_for_access();
        let at = self.host_address(address);
        let number = self.out.insn_pcs.len().saturating_sub(1);
        let code = number % TRAP_CODES + if guarded { TRAP_CODES } else { 0 };
        let code = TrapCode::unwrap_user(code as u8 + 1);
        let flags = self.guest_mem.with_trap_code(Some(code));
        Access { ty, attr, at, flags, guarded }
    }

    /// Where a guest address lies in the host.
    fn host_address(&mut self, address: ir::Value) -> ir::Value {
        let address = self.clear_ignored_bits(address);
        match self.opts.guest_base {
            0 => address,
            base => {
                let base = self.b.ins().iconst(I64, base as i64);
                self.b.ins().iadd(address, base)
            }
        }
    }

    /// The address as the guest's translation sees it, if that is this code's business.
    fn clear_ignored_bits(&mut self, address: ir::Value) -> ir::Value {
        let bits = self.desc.ignored_top_bits as i64;
        if bits == 0 || !self.opts.clear_ignored_bits {
            return address;
        }
        let shifted = self.b.ins().ishl_imm_u(address, bits);
        self.b.ins().sshr_imm_u(shifted, bits)
    }

    /// Not zero if an access of this type here breaks the rule.
    fn misaligned(&mut self, ty: Ty, align: Align, address: ir::Value) -> ir::Value {
        if align != Align::Within16 {
            return self.b.ins().band_imm_u(address, ty.bytes() as i64 - 1);
        }
        let (low, last) = (self.b.ins().band_imm_u(address, 15), 16 - ty.bytes() as i64);
        self.b.ins().icmp_imm_u(IntCC::UnsignedGreaterThan, low, last)
    }

    /// Keeps the compiler from moving accesses across this point.
    fn compiler_fence(&mut self) {
        self.b.ins().sequence_point();
    }

    /// The integer type as wide as this type.
    fn int_type(ty: Ty) -> ir::Type {
        match ty.bytes() {
            1 => I8,
            2 => I16,
            4 => I32,
            8 => I64,
            _ => I128,
        }
    }

    pub(super) fn load(&mut self, n: usize, inst: &Inst) -> ir::Value {
        let attr = MemAttr::from_bits(inst.imm).unwrap_or(MemAttr::PLAIN);
        let extension = self.extended[n].map(|e| self.block.insts[e.index()]);
        let a = self.access(inst.shape.ty().unwrap_or(Ty::I64), attr, inst.args[0], false);
        if let Some(extension) = extension {
            let value = self.extending_load(a, &extension);
            self.fault_exit_behind(n, a.guarded);
            return value;
        }
        let raw = if a.ty.bytes() == 16 {
            // One 16-byte load: atomic on hosts with AVX if aligned.
            let v = self.b.ins().load(I8X16, a.flags, a.at, 0);
            if a.ordered() {
                self.compiler_fence();
            }
            v
        } else if a.ordered() {
            self.b.ins().atomic_load(Self::int_type(a.ty), a.flags, a.at)
        } else if attr.big_endian {
            self.b.ins().load(Self::int_type(a.ty), a.flags, a.at, 0)
        } else {
            self.b.ins().load(clif(a.ty), a.flags, a.at, 0)
        };
        self.fault_exit_behind(n, a.guarded);
        self.memory_to_value(a, raw)
    }

    /// A load and the extension that is its only use, in one.
    fn extending_load(&mut self, a: Access, extension: &Inst) -> ir::Value {
        let to = clif(extension.shape.ty().expect("an extension has a type"));
        let ins = self.b.ins();
        match (extension.op, a.ty) {
            (Op::Zext, Ty::I8) => ins.uload8(to, a.flags, a.at, 0),
            (Op::Zext, Ty::I16) => ins.uload16(to, a.flags, a.at, 0),
            (Op::Zext, _) => ins.uload32(a.flags, a.at, 0),
            (_, Ty::I8) => ins.sload8(to, a.flags, a.at, 0),
            (_, Ty::I16) => ins.sload16(to, a.flags, a.at, 0),
            (_, _) => ins.sload32(a.flags, a.at, 0),
        }
    }

    /// From what lies in memory (of the type loaded) to a value.
    fn memory_to_value(&mut self, a: Access, raw: ir::Value) -> ir::Value {
        let raw = self.byte_order(a.attr, raw);
        self.cast(clif(a.ty), raw)
    }

    fn byte_order(&mut self, attr: MemAttr, v: ir::Value) -> ir::Value {
        if !attr.big_endian || self.type_of(v) == I8 {
            return v;
        }
        let v = if self.type_of(v).is_vector() { self.cast(I128, v) } else { v };
        self.b.ins().bswap(v)
    }

    pub(super) fn store(&mut self, n: usize, inst: &Inst) {
        let attr = MemAttr::from_bits(inst.imm).unwrap_or(MemAttr::PLAIN);
        let a = self.access(inst.shape.ty().unwrap_or(Ty::I64), attr, inst.args[0], true);
        self.make_store(inst, a);
        self.fault_exit_behind(n, a.guarded);
    }

    fn make_store(&mut self, inst: &Inst, a: Access) {
        let attr = a.attr;
        let plain = !a.ordered() && !attr.big_endian;
        let value = match self.first_lane_to_store(inst.args[1]).filter(|_| plain) {
            Some(lane) => lane,
            None => self.v(inst.args[1]),
        };
        if plain && !(a.ty == Ty::I128 && a.single_copy()) {
            self.b.ins().store(a.flags, value, a.at, 0);
            return;
        }
        let value = self.cast(Self::int_type(a.ty), value);
        let value = self.byte_order(attr, value);
        if a.ordered() && a.ty.bytes() == 16 {
            self.b.ins().atomic_store(a.flags, value, a.at);
        } else if a.ordered() {
            let ty = self.type_of(value);
            self.b.ins().atomic_rmw(ty, a.flags, AtomicRmwOp::Xchg, a.at, value);
        } else if a.ty.bytes() == 16 {
            let value = self.cast(I8X16, value);
            self.b.ins().store(a.flags, value, a.at, 0);
        } else {
            self.b.ins().store(a.flags, value, a.at, 0);
        }
    }

    /// The lowest lane of a vector, if the value is that, as a number that is stored from where it is.
    fn first_lane_to_store(&mut self, v: Value) -> Option<ir::Value> {
        let inst = self.block.insts[v.index()];
        let float = match inst.shape {
            Shape::I32x4 => F32X4,
            Shape::I64x2 => F64X2,
            _ => return None,
        };
        if inst.op != Op::Extract || inst.imm != 0 {
            return None;
        }
        let from = self.v(inst.args[0]);
        if !self.type_of(from).is_vector() {
            return None;
        }
        let lanes = self.cast(float, from);
        Some(self.b.ins().extractlane(lanes, 0))
    }

    pub(super) fn atomic_rmw(&mut self, inst: &Inst) -> ir::Value {
        let how =
            RmwAttr::from_bits(inst.imm).unwrap_or(RmwAttr { rmw: Rmw::Xchg, mem: MemAttr::PLAIN });
        let a = self.access(inst.shape.ty().unwrap_or(Ty::I64), how.mem, inst.args[0], true);
        let operand = self.v(inst.args[1]);
        let bitwise = matches!(how.rmw, Rmw::Xchg | Rmw::And | Rmw::AndNot | Rmw::Or | Rmw::Xor);
        if how.mem.big_endian && !bitwise && a.ty != Ty::I8 {
            return self.rmw_loop(a, how.rmw, operand);
        }
        let operand = self.byte_order(how.mem, operand);
        let (op, operand) = match how.rmw {
            Rmw::Xchg => (AtomicRmwOp::Xchg, operand),
            Rmw::Add => (AtomicRmwOp::Add, operand),
            Rmw::And => (AtomicRmwOp::And, operand),
            Rmw::AndNot => (AtomicRmwOp::And, self.b.ins().bnot(operand)),
            Rmw::Or => (AtomicRmwOp::Or, operand),
            Rmw::Xor => (AtomicRmwOp::Xor, operand),
            Rmw::SMax => (AtomicRmwOp::Smax, operand),
            Rmw::SMin => (AtomicRmwOp::Smin, operand),
            Rmw::UMax => (AtomicRmwOp::Umax, operand),
            Rmw::UMin => (AtomicRmwOp::Umin, operand),
        };
        let old = self.b.ins().atomic_rmw(clif(a.ty), a.flags, op, a.at, operand);
        self.byte_order(how.mem, old)
    }

    /// Arithmetic on memory of the other byte order: compare and exchange until it succeeds.
    fn rmw_loop(&mut self, a: Access, rmw: Rmw, operand: ir::Value) -> ir::Value {
        let ty = clif(a.ty);
        let (again, done) = (self.b.create_block(), self.b.create_block());
        let seen = self.b.append_block_param(again, ty);
        let first = match ty {
            I128 => {
                let v = self.b.ins().load(I8X16, a.flags, a.at, 0);
                self.cast(I128, v)
            }
            _ => self.b.ins().load(ty, a.flags, a.at, 0),
        };
        self.b.ins().jump(again, &[first.into()]);
        self.b.switch_to_block(again);
        let old = self.byte_order(a.attr, seen);
        let cc = match rmw {
            Rmw::SMax => Some(IntCC::SignedGreaterThan),
            Rmw::SMin => Some(IntCC::SignedLessThan),
            Rmw::UMax => Some(IntCC::UnsignedGreaterThan),
            Rmw::UMin => Some(IntCC::UnsignedLessThan),
            _ => None,
        };
        let new = match cc {
            Some(cc) => {
                // Not a select: Cranelift would make it a minimum, which I128 has not.
                let keep = self.b.ins().icmp(cc, old, operand);
                let keep = self.b.ins().bmask(ty, keep);
                self.b.ins().bitselect(keep, old, operand)
            }
            None => self.b.ins().iadd(old, operand),
        };
        let new = self.byte_order(a.attr, new);
        let found = self.b.ins().atomic_cas(a.flags, a.at, seen, new);
        let stored = self.b.ins().icmp(IntCC::Equal, found, seen);
        self.b.ins().brif(stored, done, &[], again, &[found.into()]);
        self.b.seal_block(again);
        self.b.switch_to_block(done);
        self.b.seal_block(done);
        old
    }

    pub(super) fn atomic_cas(
        &mut self,
        inst: &Inst,
        address: Value,
        expected: Value,
        new: Value,
    ) -> ir::Value {
        let attr = MemAttr::from_bits(inst.imm).unwrap_or(MemAttr::PLAIN);
        let a = self.access(inst.shape.ty().unwrap_or(Ty::I64), attr, address, true);
        let [expected, new] = [expected, new].map(|v| {
            let v = self.v(v);
            self.byte_order(attr, v)
        });
        let old = self.b.ins().atomic_cas(a.flags, a.at, expected, new);
        self.byte_order(attr, old)
    }

    pub(super) fn cas_if(
        &mut self,
        inst: &Inst,
        p: Value,
        address: Value,
        expected: Value,
        new: Value,
    ) -> ir::Value {
        self.settle();
        // In precise code the state is stored on either way, as the plan says.
        if self.opts.precise {
            self.flush();
        }
        let p = self.v(p);
        let (attempt, done) = (self.b.create_block(), self.b.create_block());
        let result = self.b.append_block_param(done, I8);
        let no = self.b.ins().iconst(I8, 0);
        self.b.ins().brif(p, attempt, &[], done, &[no.into()]);
        self.b.switch_to_block(attempt);
        self.b.seal_block(attempt);
        self.cold += 1;
        let old = self.atomic_cas(inst, address, expected, new);
        let expected = self.v(expected);
        self.cold -= 1;
        let stored = self.b.ins().icmp(IntCC::Equal, old, expected);
        self.b.ins().jump(done, &[stored.into()]);
        self.b.switch_to_block(done);
        self.b.seal_block(done);
        result
    }

    /// Compiled as a load of a byte, which may fault and is kept therefore, and patched ([`crate::patch`]).
    pub(super) fn prefetch(&mut self, inst: &Inst) {
        let address = self.v(inst.args[0]);
        let at = self.host_address(address);
        let what = Prefetch::from_bits(inst.imm).unwrap_or(Prefetch::L1);
        let flags = self.guest_mem;
        self.patched(what.into(), |l| l.b.ins().uload8(I64, flags, at, 0));
    }

    pub(super) fn fence(&mut self, inst: &Inst) {
        match Fence::from_bits(inst.imm).unwrap_or(Fence::Full) {
            Fence::Load | Fence::Store => self.compiler_fence(),
            Fence::Full => {
                // A locked operation on the own area is as strong as `mfence` here, and faster.
                let at = engine_offset!(scratch) as i64;
                let at = self.b.ins().iadd_imm_s(self.area, at);
                let zero = self.b.ins().iconst(I32, 0);
                self.b.ins().atomic_rmw(I32, self.area_mem, AtomicRmwOp::Or, at, zero);
            }
        }
    }
}

/// Of each plain load whose only use is an extension to 32 or 64 bits: that extension.
pub(super) fn extended_loads(block: &Block) -> Vec<Option<Value>> {
    let mut uses = vec![0u32; block.insts.len()];
    let mut last = vec![Value::NONE; block.insts.len()];
    for (n, inst) in block.insts.iter().enumerate() {
        for arg in inst.args() {
            uses[arg.index()] += 1;
            last[arg.index()] = Value(n as u32);
        }
    }
    block.term.args().for_each(|arg| uses[arg.index()] += 1);
    let extension = |(n, load): (usize, &Inst)| {
        let by = block.insts.get(last[n].index())?;
        let plain = load.op == Op::Load && load.imm == MemAttr::PLAIN.to_bits();
        let small = matches!(load.shape, Shape::I8 | Shape::I16 | Shape::I32);
        let extends = matches!(by.op, Op::Zext | Op::Sext)
            && (by.shape == Shape::I64 || by.shape == Shape::I32 && load.shape != Shape::I32);
        (plain && small && extends && uses[n] == 1).then_some(last[n])
    };
    block.insts.iter().enumerate().map(extension).collect()
}
