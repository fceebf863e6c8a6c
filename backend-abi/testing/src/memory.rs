//! Guest memory.

use isamorph_ir::contract::{MemTrap, Memory, TrapKind};
use isamorph_ir::inst::{Fence, MemAttr, Rmw};
use isamorph_ir::interp::mem::rmw_value;

/// Guest memory as bytes from address 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Bytes {
    fn at(&mut self, addr: u64, size: u32, write: bool) -> Result<&mut [u8], MemTrap> {
        let trap = MemTrap { addr, write, kind: TrapKind::Unmapped };
        let range = addr as usize..(addr as usize).wrapping_add(size as usize);
        self.0.get_mut(range).ok_or(trap)
    }
}

impl Memory for Bytes {
    fn load(&mut self, addr: u64, size: u32, _: MemAttr) -> Result<u128, MemTrap> {
        let mut buf = [0; 16];
        buf[..size as usize].copy_from_slice(self.at(addr, size, false)?);
        Ok(u128::from_le_bytes(buf))
    }
    fn store(&mut self, addr: u64, size: u32, value: u128, _: MemAttr) -> Result<(), MemTrap> {
        let bytes = value.to_le_bytes();
        self.at(addr, size, true)?.copy_from_slice(&bytes[..size as usize]);
        Ok(())
    }
    fn rmw(&mut self, addr: u64, size: u32, op: Rmw, value: u128) -> Result<u128, MemTrap> {
        let old = self.load(addr, size, MemAttr::PLAIN)?;
        self.store(addr, size, rmw_value(op, 8 * size, old, value), MemAttr::PLAIN)?;
        Ok(old)
    }
    fn cas(&mut self, addr: u64, size: u32, expected: u128, new: u128) -> Result<u128, MemTrap> {
        let old = self.load(addr, size, MemAttr::PLAIN)?;
        if old == expected {
            self.store(addr, size, new, MemAttr::PLAIN)?;
        }
        Ok(old)
    }
    fn fence(&mut self, _: Fence) {}
}

/// A page of guest memory with an inaccessible one behind it.
pub struct Guarded(*mut u8);

impl Guarded {
    /// Bytes that may be accessed.
    pub const SIZE: usize = 4096;

    /// Maps both pages.
    #[allow(clippy::new_without_default, reason = "a mapping is not a default")]
    pub fn new() -> Guarded {
        // SAFETY: a fresh anonymous mapping.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let at =
                libc::mmap(std::ptr::null_mut(), 2 * Self::SIZE, libc::PROT_NONE, flags, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            let rw = libc::PROT_READ | libc::PROT_WRITE;
            assert_eq!(libc::mprotect(at, Self::SIZE, rw), 0);
            Guarded(at.cast())
        }
    }

    /// Host address of the first page.
    pub fn address(&self) -> u64 {
        self.0 as u64
    }

    /// The first page.
    pub fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the first page is readable and writable, and borrowed with `self`.
        unsafe { std::slice::from_raw_parts_mut(self.0, Self::SIZE) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`.
        unsafe { libc::munmap(self.0.cast(), 2 * Self::SIZE) };
    }
}
