//! A small memory that faults outside its bytes and remembers what was done to it.

use crate::contract::{MemTrap, Memory, TrapKind};
use crate::inst::{Fence, MemAttr, Rmw};
use crate::interp::mem::rmw_value;
use std::ops::Range;

/// One access or barrier, as it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Load of `size` bytes.
    Load {
        /// Address.
        addr: u64,
        /// Bytes.
        size: u32,
    },
    /// Store of `size` bytes.
    Store {
        /// Address.
        addr: u64,
        /// Bytes.
        size: u32,
        /// What was stored.
        value: u128,
    },
    /// Atomic access.
    Atomic {
        /// Address.
        addr: u64,
        /// Bytes.
        size: u32,
    },
    /// Barrier.
    Fence(Fence),
}

/// Bytes from `base`; everything else is unmapped, and the last quarter is read-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestMemory {
    /// Address of the first byte.
    pub base: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Every access that did not fault, in order.
    pub log: Vec<Access>,
}

impl TestMemory {
    /// `size` bytes from `base`, each its own number.
    pub fn new(base: u64, size: usize) -> TestMemory {
        TestMemory { base, bytes: (0..size).map(|i| (i * 7) as u8).collect(), log: Vec::new() }
    }

    fn range(&self, addr: u64, size: u32, write: bool) -> Result<Range<usize>, MemTrap> {
        let end = if write { self.bytes.len() / 4 * 3 } else { self.bytes.len() };
        let at = addr.wrapping_sub(self.base);
        let inside = |len: usize| at < len as u64 && size as u64 <= len as u64 - at;
        if inside(end) {
            return Ok(at as usize..at as usize + size as usize);
        }
        let kind = if inside(self.bytes.len()) { TrapKind::Protected } else { TrapKind::Unmapped };
        Err(MemTrap { addr, write, kind })
    }

    fn get(&self, range: Range<usize>) -> u128 {
        let mut buf = [0; 16];
        buf[..range.len()].copy_from_slice(&self.bytes[range]);
        u128::from_le_bytes(buf)
    }

    fn set(&mut self, range: Range<usize>, value: u128) {
        let len = range.len();
        self.bytes[range].copy_from_slice(&value.to_le_bytes()[..len]);
    }
}

impl Memory for TestMemory {
    fn load(&mut self, addr: u64, size: u32, _: MemAttr) -> Result<u128, MemTrap> {
        let range = self.range(addr, size, false)?;
        self.log.push(Access::Load { addr, size });
        Ok(self.get(range))
    }

    fn store(&mut self, addr: u64, size: u32, value: u128, _: MemAttr) -> Result<(), MemTrap> {
        let range = self.range(addr, size, true)?;
        self.log.push(Access::Store { addr, size, value });
        self.set(range, value);
        Ok(())
    }

    fn rmw(&mut self, addr: u64, size: u32, op: Rmw, value: u128) -> Result<u128, MemTrap> {
        let range = self.range(addr, size, true)?;
        self.log.push(Access::Atomic { addr, size });
        let old = self.get(range.clone());
        self.set(range, rmw_value(op, 8 * size, old, value));
        Ok(old)
    }

    fn cas(&mut self, addr: u64, size: u32, expected: u128, new: u128) -> Result<u128, MemTrap> {
        let range = self.range(addr, size, true)?;
        self.log.push(Access::Atomic { addr, size });
        let old = self.get(range.clone());
        if old == expected {
            self.set(range, new);
        }
        Ok(old)
    }

    fn fence(&mut self, fence: Fence) {
        self.log.push(Access::Fence(fence));
    }
}
