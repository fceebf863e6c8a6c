//! Memory operations: alignment rule, byte order, atomics.
//!
//! [`Memory`] is little-endian and does not check alignment by itself; both are done here, before the access,
//! so that every implementation of it agrees.

use super::lanes::{mask, sext};
use crate::contract::{MemTrap, Memory};
use crate::inst::{Inst, MemAttr, Rmw, RmwAttr};
use crate::ty::Ty;

/// A memory by reference, so that an unsized one can be handed to a helper as a trait object.
pub(super) struct ByRef<'a, M: ?Sized>(pub &'a mut M);

impl<M: Memory + ?Sized> Memory for ByRef<'_, M> {
    fn load(&mut self, addr: u64, size: u32, attr: MemAttr) -> Result<u128, MemTrap> {
        self.0.load(addr, size, attr)
    }
    fn store(&mut self, addr: u64, size: u32, value: u128, attr: MemAttr) -> Result<(), MemTrap> {
        self.0.store(addr, size, value, attr)
    }
    fn rmw(&mut self, addr: u64, size: u32, op: Rmw, value: u128) -> Result<u128, MemTrap> {
        self.0.rmw(addr, size, op, value)
    }
    fn cas(&mut self, addr: u64, size: u32, expected: u128, new: u128) -> Result<u128, MemTrap> {
        self.0.cas(addr, size, expected, new)
    }
    fn fence(&mut self, fence: crate::inst::Fence) {
        self.0.fence(fence);
    }
    fn check_align(&self, addr: u64, size: u32, attr: MemAttr, write: bool) -> Result<(), MemTrap> {
        self.0.check_align(addr, size, attr, write)
    }
}

#[inline]
fn size(inst: &Inst) -> u32 {
    inst.shape.ty().map_or(0, Ty::bytes)
}

#[inline]
fn attr(imm: u128) -> MemAttr {
    // Plain accesses, the many, are packed as zero.
    if imm == 0 { MemAttr::PLAIN } else { MemAttr::from_bits(imm).unwrap_or(MemAttr::PLAIN) }
}

/// `value` of `size` bytes as it lies in memory.
fn order(attr: MemAttr, size: u32, value: u128) -> u128 {
    if attr.big_endian { value.swap_bytes() >> (128 - 8 * size) } else { value }
}

/// [`crate::Op::Load`].
#[inline]
pub(super) fn load<M: Memory + ?Sized>(
    mem: &mut M,
    inst: &Inst,
    addr: u64,
) -> Result<u128, MemTrap> {
    let (size, attr) = (size(inst), attr(inst.imm));
    mem.check_align(addr, size, attr, false)?;
    Ok(order(attr, size, mem.load(addr, size, attr)?))
}

/// [`crate::Op::Store`].
#[inline]
pub(super) fn store<M: Memory + ?Sized>(
    mem: &mut M,
    inst: &Inst,
    addr: u64,
    value: u128,
) -> Result<(), MemTrap> {
    let (size, attr) = (size(inst), attr(inst.imm));
    mem.check_align(addr, size, attr, true)?;
    mem.store(addr, size, order(attr, size, value), attr)
}

/// [`crate::Op::AtomicRmw`].
pub(super) fn rmw<M: Memory + ?Sized>(
    mem: &mut M,
    inst: &Inst,
    addr: u64,
    operand: u128,
) -> Result<u128, MemTrap> {
    let size = size(inst);
    let how =
        RmwAttr::from_bits(inst.imm).unwrap_or(RmwAttr { rmw: Rmw::Xchg, mem: MemAttr::PLAIN });
    mem.check_align(addr, size, how.mem, true)?;
    if !how.mem.big_endian {
        return mem.rmw(addr, size, how.rmw, operand);
    }
    let mut raw = mem.load(addr, size, how.mem)?;
    loop {
        let old = order(how.mem, size, raw);
        let new = rmw_value(how.rmw, 8 * size, old, operand);
        let seen = mem.cas(addr, size, raw, order(how.mem, size, new))?;
        if seen == raw {
            return Ok(old);
        }
        raw = seen;
    }
}

/// What a read-modify-write of `bits` bits stores.
pub fn rmw_value(op: Rmw, bits: u32, old: u128, operand: u128) -> u128 {
    let signed = |x: u128| sext(bits, x);
    let new = match op {
        Rmw::Xchg => operand,
        Rmw::Add => old.wrapping_add(operand),
        Rmw::And => old & operand,
        Rmw::AndNot => old & !operand,
        Rmw::Or => old | operand,
        Rmw::Xor => old ^ operand,
        Rmw::SMax => signed(old).max(signed(operand)) as u128,
        Rmw::SMin => signed(old).min(signed(operand)) as u128,
        Rmw::UMax => old.max(operand),
        Rmw::UMin => old.min(operand),
    };
    new & mask(bits)
}

/// [`crate::Op::AtomicCas`]: the old value.
pub(super) fn cas<M: Memory + ?Sized>(
    mem: &mut M,
    inst: &Inst,
    addr: u64,
    expected: u128,
    new: u128,
) -> Result<u128, MemTrap> {
    let (size, attr) = (size(inst), attr(inst.imm));
    mem.check_align(addr, size, attr, true)?;
    let (expected, new) = (order(attr, size, expected), order(attr, size, new));
    Ok(order(attr, size, mem.cas(addr, size, expected, new)?))
}
