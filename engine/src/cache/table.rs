//! Arrays that only grow, in memory of their own.
//!
//! A cold program fills the code cache's books once and page by page: here pages are made many at once, ahead of their
//! use, nothing is moved when an array grows, and what is not used takes no memory.

use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::ptr;

/// An array of at most so many values.
#[derive(Debug)]
pub(super) struct Table<T> {
    base: *mut T,
    len: usize,
    capacity: usize,
    /// Bytes whose pages are there.
    populated: usize,
    values: PhantomData<T>,
}

// SAFETY: a table owns its memory as a vector does.
unsafe impl<T: Send> Send for Table<T> {}

/// Bytes whose pages are made at once: at first, and at most.
const STEP: [usize; 2] = [16 << 10, 256 << 10];

impl<T> Table<T> {
    /// An empty table with room for `capacity` values.
    pub fn new(capacity: usize) -> io::Result<Table<T>> {
        const { assert!(!std::mem::needs_drop::<T>() && align_of::<T>() <= 4096) };
        let (prot, flags) =
            (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let bytes = (capacity * size_of::<T>()).next_multiple_of(4096);
        // SAFETY: a new mapping.
        let base =
            unsafe { libc::mmap(ptr::null_mut(), bytes, prot, flags | libc::MAP_NORESERVE, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Table { base: base.cast(), len: 0, capacity, populated: 0, values: PhantomData })
    }

    /// Is there room for `n` more?
    pub fn room(&self, n: usize) -> bool {
        n <= self.capacity - self.len
    }

    /// Appends a value; its index.
    ///
    /// # Panics
    /// If there is no room: the caller's error.
    pub fn push(&mut self, value: T) -> usize {
        assert!(self.len < self.capacity, "a table is full");
        let end = (self.len + 1) * size_of::<T>();
        if end > self.populated {
            self.populate(end);
        }
        // SAFETY: in bounds of the mapping.
        unsafe { self.base.add(self.len).write(value) };
        self.len += 1;
        self.len - 1
    }

    #[cold]
    fn populate(&mut self, end: usize) {
        let all = (self.capacity * size_of::<T>()).next_multiple_of(4096);
        let step = (self.populated / 2).clamp(STEP[0], STEP[1]).next_multiple_of(4096);
        let to = (self.populated + step).max(end.next_multiple_of(4096)).min(all);
        // SAFETY: inside of the mapping. It is only advice: a kernel that does not know it lets pages fault.
        unsafe {
            let at = self.base.cast::<u8>().add(self.populated);
            libc::madvise(at.cast(), to - self.populated, libc::MADV_POPULATE_WRITE);
        }
        self.populated = to;
    }

    /// Removes all values; the memory stays.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}

impl<T> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: so many values were written.
        unsafe { std::slice::from_raw_parts(self.base, self.len) }
    }
}

impl<T> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and `self` is borrowed mutably.
        unsafe { std::slice::from_raw_parts_mut(self.base, self.len) }
    }
}

impl<T> Drop for Table<T> {
    fn drop(&mut self) {
        let bytes = (self.capacity * size_of::<T>()).next_multiple_of(4096);
        // SAFETY: the mapping is ours alone.
        unsafe { libc::munmap(self.base.cast(), bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_what_was_pushed() {
        let mut table = Table::new(100_000).unwrap();
        for n in 0..100_000_u64 {
            assert_eq!(table.push(n), n as usize);
        }
        assert!(!table.room(1) && table.iter().copied().eq(0..100_000));
        table[7] = 1;
        table.clear();
        assert!(table.is_empty() && table.room(100_000));
    }
}
