//! Guest memory as the emulator itself reads and writes it: checked, never a raw pointer.
//!
//! Invariant: an address the guest has not mapped (or not with the needed permission) yields
//! `EFAULT`, whatever another guest thread does meanwhile.

use std::ffi::CString;
use std::mem::MaybeUninit;

use isamorph_engine::mem::user::UserMemory;
use isamorph_ir::contract::Memory;

use crate::errno::Errno;

/// Types that are any bytes: integers, and kernel structures made of them.
///
/// # Safety
/// Every bit pattern is valid, and the type has no padding that must not be read. Structures of
/// linux-raw-sys with padding are to be zeroed first (`zeroed()`), so that no host bytes leak.
pub unsafe trait Plain: Copy + 'static {}

macro_rules! plain {
    ($($ty:ty),* $(,)?) => { $(
        // SAFETY: integers and arrays or structures of integers.
        unsafe impl Plain for $ty {}
    )* };
}
plain!(u8, i8, u16, i16, u32, i32, u64, i64, u128, usize, isize);

// SAFETY: an array of plain values has no padding of its own.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// A zeroed plain value.
pub fn zeroed<T: Plain>() -> T {
    // SAFETY: every bit pattern of a `Plain` is valid.
    unsafe { MaybeUninit::zeroed().assume_init() }
}

/// Memory of one guest address space: guest address = host address.
#[derive(Clone, Copy, Debug)]
pub struct GuestMemory {
    user: UserMemory,
}

impl Default for GuestMemory {
    /// Relies on the handlers that `Actions::inherit` installs.
    fn default() -> GuestMemory {
        #[cfg(test)]
        crate::inbox::catch_synchronous();
        GuestMemory { user: UserMemory::new(0) }
    }
}

impl GuestMemory {
    /// Longest path including its NUL (`PATH_MAX`).
    pub const PATH_MAX: usize = 4096;

    /// Fills `buf` from `addr`.
    pub fn read_bytes(&self, addr: u64, buf: &mut [u8]) -> Result<(), Errno> {
        self.user.read(addr, buf).map_err(|_| Errno::EFAULT)
    }

    /// Fills as much of `buf` as is readable; the number of bytes.
    pub fn read_some(&self, addr: u64, buf: &mut [u8]) -> usize {
        self.user.read_some(addr, buf)
    }

    /// Writes `bytes` at `addr`; on a fault a first part may have been written.
    pub fn write_bytes(&self, addr: u64, bytes: &[u8]) -> Result<(), Errno> {
        self.user.write(addr, bytes).map_err(|_| Errno::EFAULT)
    }

    /// Reads a plain value.
    pub fn read<T: Plain>(&self, addr: u64) -> Result<T, Errno> {
        let mut value = zeroed::<T>();
        // SAFETY: the bytes of a plain value may be any.
        let bytes = unsafe {
            std::slice::from_raw_parts_mut((&raw mut value).cast::<u8>(), size_of::<T>())
        };
        self.read_bytes(addr, bytes)?;
        Ok(value)
    }

    /// Writes a plain value.
    pub fn write<T: Plain>(&self, addr: u64, value: &T) -> Result<(), Errno> {
        // SAFETY: a plain value's bytes may be read.
        let bytes =
            unsafe { std::slice::from_raw_parts((&raw const *value).cast::<u8>(), size_of::<T>()) };
        self.write_bytes(addr, bytes)
    }

    /// Atomically replaces the aligned word at `addr` if it is `expected`; what was there.
    pub fn compare_exchange_u32(&self, addr: u64, expected: u32, new: u32) -> Result<u32, Errno> {
        let mut user = self.user;
        let seen = user.cas(addr, 4, expected as u128, new as u128);
        seen.map(|v| v as u32).map_err(|_| Errno::EFAULT)
    }

    /// The bytes of the NUL-terminated string at `addr` without its NUL; `None` if there is no NUL in
    /// the first `max` bytes.
    pub fn cstr(&self, addr: u64, max: usize) -> Result<Option<Vec<u8>>, Errno> {
        let mut out = Vec::new();
        let mut at = addr;
        while out.len() < max {
            // Never past the page: the next one may be unmapped though the string ends here.
            let left = (4096 - (at as usize & 4095)).min(max - out.len());
            let start = out.len();
            out.resize(start + left, 0);
            self.read_bytes(at, &mut out[start..])?;
            if let Some(nul) = out[start..].iter().position(|&b| b == 0) {
                out.truncate(start + nul);
                return Ok(Some(out));
            }
            at = at.checked_add(left as u64).ok_or(Errno::EFAULT)?;
        }
        Ok(None)
    }

    /// A path argument: `EFAULT`, or `ENAMETOOLONG` from [`Self::PATH_MAX`] bytes on.
    pub fn path(&self, addr: u64) -> Result<CString, Errno> {
        let bytes = self.cstr(addr, Self::PATH_MAX)?.ok_or(Errno::ENAMETOOLONG)?;
        Ok(CString::new(bytes).expect("cstr stops before the first NUL"))
    }
}
