//! The memory of the code cache's books: chunks for [`super::table`]s, one behind the other.
//!
//! A page of 4 KiB costs the kernel more than what a cold program writes there: made, zeroed and given back, some 2.5 µs.
//! So all tables share huge pages, two MiB of which cost about as much as 40 small ones: the shortest program needs more.

use std::io;
#[cfg(test)]
use std::ptr;

/// Bytes of a chunk.
pub(super) const CHUNK: usize = 32 << 10;
/// A huge page of the host.
pub(super) const HUGE: usize = 2 << 20;

/// Chunks that are given out and never taken back.
#[derive(Debug)]
pub(super) struct Arena {
    base: *mut u8,
    size: usize,
    used: usize,
    /// Up to here pages were said to be huge.
    advised: usize,
}

// SAFETY: the memory is the arena's, to be given out by whoever has it.
unsafe impl Send for Arena {}

impl Arena {
    /// Over zeroed private memory of this `size`, of which no page was touched, and which begins where a huge page can.
    ///
    /// # Safety
    /// The memory is nobody else's, and outlives what is taken from the arena.
    pub unsafe fn new(base: *mut u8, size: usize) -> Arena {
        Arena { base, size, used: 0, advised: 0 }
    }

    /// A chunk of zeros.
    ///
    /// # Errors
    /// If there is none left.
    pub fn take(&mut self) -> io::Result<*mut u8> {
        let end = self.used + CHUNK;
        if end > self.size {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        if end > self.advised {
            self.advise();
        }
        // SAFETY: in bounds of the memory.
        let chunk = unsafe { self.base.add(self.used) };
        self.used = end;
        Ok(chunk)
    }

    /// Asks for a huge page behind those asked for. A kernel that has none makes small ones.
    #[cold]
    fn advise(&mut self) {
        let len = HUGE.min(self.size - self.advised);
        // SAFETY: inside of the memory; it is only advice.
        unsafe { libc::madvise(self.base.add(self.advised).cast(), len, libc::MADV_HUGEPAGE) };
        self.advised += len;
    }

    /// Memory of its own for a test, never given back.
    #[cfg(test)]
    pub fn of(size: usize) -> Arena {
        let (prot, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a fresh mapping.
        let base =
            unsafe { libc::mmap(ptr::null_mut(), size, prot, flags | libc::MAP_NORESERVE, -1, 0) };
        assert_ne!(base, libc::MAP_FAILED);
        // SAFETY: just mapped, and it stays.
        unsafe { Arena::new(base.cast(), size) }
    }
}
