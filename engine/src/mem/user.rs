//! A user process's memory: guest addresses are host addresses plus a base.
//!
//! The mappings themselves belong to `linux-user`; this gives safe access to them, for the interpreter
//! ([`Memory`]) and for system calls (copying in and out).

use super::access;
use crate::fault;
use isamorph_ir::contract::{MemTrap, Memory, TrapKind};
use isamorph_ir::inst::{Fence, MemAttr, Order, Rmw};
use std::sync::atomic::{Ordering, fence};

/// Access to a guest process's memory. Copies are cheap: it is only the base.
#[derive(Clone, Copy, Debug, Default)]
pub struct UserMemory {
    /// Host address of guest address 0.
    pub base: u64,
    /// [`isamorph_ir::GuestDesc::ignored_top_bits`] of the guest whose instructions access it; 0 for system calls.
    pub ignored_top_bits: u32,
}

impl UserMemory {
    /// Memory whose guest address 0 lies at this host address.
    pub fn new(base: u64) -> UserMemory {
        UserMemory { base, ignored_top_bits: 0 }
    }

    /// The same as the guest's own instructions see it.
    pub fn with_ignored_top_bits(self, bits: u32) -> UserMemory {
        UserMemory { ignored_top_bits: bits, ..self }
    }

    fn host(&self, addr: u64) -> u64 {
        self.base
            .wrapping_add(((addr << self.ignored_top_bits) as i64 >> self.ignored_top_bits) as u64)
    }

    fn trap(&self, addr: u64, write: bool) -> MemTrap {
        let seen = fault::last_access_fault();
        let addr = seen.addr.map_or(addr, |a| a.wrapping_sub(self.base));
        MemTrap { addr, write, kind: seen.kind }
    }

    /// Copies guest memory to a buffer.
    pub fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), MemTrap> {
        // SAFETY: the buffer is ours; the guest side is recovered from.
        let r = unsafe { access::copy(buf.as_mut_ptr() as u64, self.host(addr), buf.len()) };
        r.map_err(|left| self.trap(addr.wrapping_add((buf.len() - left) as u64), false))
    }

    /// Copies a buffer to guest memory.
    pub fn write(&self, addr: u64, buf: &[u8]) -> Result<(), MemTrap> {
        // SAFETY: the address is the guest's by this type's contract with linux-user.
        let r = unsafe { access::copy(self.host(addr), buf.as_ptr() as u64, buf.len()) };
        r.map_err(|left| self.trap(addr.wrapping_add((buf.len() - left) as u64), true))
    }

    /// Copies as much as is readable, at most the buffer's length; the number of bytes copied.
    pub fn read_some(&self, addr: u64, buf: &mut [u8]) -> usize {
        // SAFETY: as in `read`.
        let r = unsafe { access::copy(buf.as_mut_ptr() as u64, self.host(addr), buf.len()) };
        r.map_or_else(|left| buf.len() - left, |()| buf.len())
    }

    /// Reads a little-endian 64-bit word.
    pub fn read_u64(&self, addr: u64) -> Result<u64, MemTrap> {
        self.read_sized(addr, 8).map(|v| v as u64)
    }

    /// Reads a little-endian 32-bit word.
    pub fn read_u32(&self, addr: u64) -> Result<u32, MemTrap> {
        self.read_sized(addr, 4).map(|v| v as u32)
    }

    /// Reads a little-endian 16-bit word.
    pub fn read_u16(&self, addr: u64) -> Result<u16, MemTrap> {
        self.read_sized(addr, 2).map(|v| v as u16)
    }

    /// Reads a byte.
    pub fn read_u8(&self, addr: u64) -> Result<u8, MemTrap> {
        self.read_sized(addr, 1).map(|v| v as u8)
    }

    /// Writes a little-endian 64-bit word.
    pub fn write_u64(&self, addr: u64, value: u64) -> Result<(), MemTrap> {
        self.write_sized(addr, 8, value as u128)
    }

    /// Writes a little-endian 32-bit word.
    pub fn write_u32(&self, addr: u64, value: u32) -> Result<(), MemTrap> {
        self.write_sized(addr, 4, value as u128)
    }

    /// Writes a little-endian 16-bit word.
    pub fn write_u16(&self, addr: u64, value: u16) -> Result<(), MemTrap> {
        self.write_sized(addr, 2, value as u128)
    }

    /// Writes a byte.
    pub fn write_u8(&self, addr: u64, value: u8) -> Result<(), MemTrap> {
        self.write_sized(addr, 1, value as u128)
    }

    /// Reads a NUL-terminated string of at most `max` bytes, without the NUL. `Ok(None)`: no NUL within `max`.
    pub fn read_cstr(&self, addr: u64, max: usize) -> Result<Option<Vec<u8>>, MemTrap> {
        let mut out = Vec::new();
        let mut at = addr;
        while out.len() < max {
            // Chunks end at page boundaries, so that the string's own end decides, not the chunk's.
            let room = (4096 - (at & 4095)) as usize;
            let mut chunk = vec![0; room.min(256).min(max - out.len())];
            self.read(at, &mut chunk)?;
            if let Some(end) = chunk.iter().position(|&b| b == 0) {
                out.extend_from_slice(&chunk[..end]);
                return Ok(Some(out));
            }
            at = at.wrapping_add(chunk.len() as u64);
            out.extend_from_slice(&chunk);
        }
        Ok(None)
    }

    fn read_sized(&self, addr: u64, size: u32) -> Result<u128, MemTrap> {
        access::load(self.host(addr), size).map_err(|_| self.trap(addr, false))
    }

    fn write_sized(&self, addr: u64, size: u32, value: u128) -> Result<(), MemTrap> {
        // SAFETY: the address is the guest's by this type's contract with linux-user.
        let done = unsafe { access::store(self.host(addr), size, value) };
        done.map_err(|_| self.trap(addr, true))
    }
}

fn swap(value: u128, size: u32, attr: MemAttr) -> u128 {
    if attr.big_endian { value.swap_bytes() >> (128 - 8 * size) } else { value }
}

impl Memory for UserMemory {
    #[inline]
    fn load(&mut self, addr: u64, size: u32, attr: MemAttr) -> Result<u128, MemTrap> {
        self.check_align(addr, size, attr, false)?;
        Ok(swap(self.read_sized(addr, size)?, size, attr))
    }

    #[inline]
    fn store(&mut self, addr: u64, size: u32, value: u128, attr: MemAttr) -> Result<(), MemTrap> {
        self.check_align(addr, size, attr, true)?;
        self.write_sized(addr, size, swap(value, size, attr))?;
        // On a TSO host only a release store before a later acquire load needs help (RCsc).
        if matches!(attr.order, Order::Release | Order::AcqRel) {
            fence(Ordering::SeqCst);
        }
        Ok(())
    }

    fn rmw(&mut self, addr: u64, size: u32, op: Rmw, value: u128) -> Result<u128, MemTrap> {
        let mut old = self.read_sized(addr, size)?;
        loop {
            let new = apply(op, old, value, size);
            let seen = Memory::cas(self, addr, size, old, new)?;
            if seen == old {
                return Ok(old);
            }
            old = seen;
        }
    }

    fn cas(&mut self, addr: u64, size: u32, expected: u128, new: u128) -> Result<u128, MemTrap> {
        if size == 16 && addr & 15 != 0 {
            return Err(MemTrap { addr, write: true, kind: TrapKind::Align });
        }
        // SAFETY: the address is the guest's by this type's contract with linux-user; alignment checked.
        let old = unsafe { access::cas(self.host(addr), size, expected, new) };
        old.map_err(|_| self.trap(addr, true))
    }

    fn fence(&mut self, which: Fence) {
        match which {
            // Loads and stores of one kind are not reordered on the host: the compiler must not either.
            Fence::Load | Fence::Store => std::sync::atomic::compiler_fence(Ordering::SeqCst),
            Fence::Full => fence(Ordering::SeqCst),
        }
    }
}

/// The new value of a read-modify-write of `size` bytes.
fn apply(op: Rmw, old: u128, value: u128, size: u32) -> u128 {
    let bits = 8 * size;
    let mask = if bits == 128 { u128::MAX } else { (1 << bits) - 1 };
    let signed = |v: u128| (v << (128 - bits)) as i128;
    let (old, value) = (old & mask, value & mask);
    mask & match op {
        Rmw::Xchg => value,
        Rmw::Add => old.wrapping_add(value),
        Rmw::And => old & value,
        Rmw::AndNot => old & !value,
        Rmw::Or => old | value,
        Rmw::Xor => old ^ value,
        Rmw::SMax if signed(old) >= signed(value) => old,
        Rmw::SMin if signed(old) <= signed(value) => old,
        Rmw::UMax => old.max(value),
        Rmw::UMin => old.min(value),
        Rmw::SMax | Rmw::SMin => value,
    }
}
