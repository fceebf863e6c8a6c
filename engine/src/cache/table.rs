//! Arrays that only grow, in chunks of the [`Arena`].
//!
//! Nothing is moved when an array grows, what is not used takes no memory, and values keep their addresses.

use super::arena::{Arena, CHUNK};
use std::marker::PhantomData;
use std::ops::{Index, IndexMut};

/// An array of at most so many values.
#[derive(Debug)]
pub(super) struct Table<T> {
    chunks: Vec<*mut T>,
    len: usize,
    capacity: usize,
    values: PhantomData<T>,
}

// SAFETY: a table owns its chunks as a vector does.
unsafe impl<T: Send> Send for Table<T> {}

impl<T> Table<T> {
    /// Values in a chunk.
    const PER: usize = CHUNK / size_of::<T>();

    /// An empty table with room for `capacity` values.
    pub fn new(capacity: usize) -> Table<T> {
        const { assert!(!std::mem::needs_drop::<T>() && align_of::<T>() <= 4096) };
        Table { chunks: vec![], len: 0, capacity, values: PhantomData }
    }

    /// Bytes of an arena that tables of so many values may take at most.
    pub const fn bytes(capacity: usize) -> usize {
        capacity.div_ceil(Self::PER) * CHUNK
    }

    /// Is there room for `n` more?
    #[inline]
    pub fn room(&self, n: usize) -> bool {
        n <= self.capacity - self.len
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Appends a value; its index. A table takes its chunks from one arena always.
    ///
    /// # Panics
    /// If there is no room: the caller's error.
    #[inline(always)]
    pub fn push(&mut self, arena: &mut Arena, value: T) -> usize {
        assert!(self.len < self.capacity, "a table is full");
        if self.len == self.chunks.len() * Self::PER {
            self.grow(arena);
        }
        let at = self.len;
        self.len += 1;
        // SAFETY: in bounds of the chunk, which is this table's.
        unsafe { self.at(at).write(value) };
        at
    }

    #[cold]
    fn grow(&mut self, arena: &mut Arena) {
        let chunk = arena.take().expect("an arena has room for its tables");
        self.chunks.push(chunk.cast());
    }

    /// Where the value of this index lies, for an index whose chunk is there.
    #[inline]
    fn at(&self, index: usize) -> *mut T {
        // SAFETY: in bounds of the chunk.
        unsafe { self.chunks[index / Self::PER].add(index % Self::PER) }
    }

    #[inline]
    pub fn get(&self, index: usize) -> Option<&T> {
        // SAFETY: it was written.
        (index < self.len).then(|| unsafe { &*self.at(index) })
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        (0..self.len).map(|n| &self[n])
    }

    /// How many values there are up to the first that `before` does not hold for; those behind it are such as well.
    pub fn partition_point(&self, before: impl Fn(&T) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let mid = low.midpoint(high);
            if before(&self[mid]) {
                low = mid + 1;
            } else {
                high = mid;
            }
        }
        low
    }

    /// The index of the value that this address lies in.
    pub fn index_of(&self, address: u64) -> Option<usize> {
        self.chunks.iter().enumerate().find_map(|(n, chunk)| {
            let inside = address.checked_sub(*chunk as u64)? as usize / size_of::<T>();
            let index = n * Self::PER + inside;
            (inside < Self::PER && index < self.len).then_some(index)
        })
    }

    /// Removes all values; the memory stays.
    pub fn clear(&mut self) {
        self.len = 0;
    }
}

impl<T> Index<usize> for Table<T> {
    type Output = T;

    #[inline]
    fn index(&self, index: usize) -> &T {
        assert!(index < self.len, "a table has no value {index}");
        // SAFETY: it was written.
        unsafe { &*self.at(index) }
    }
}

impl<T> IndexMut<usize> for Table<T> {
    #[inline]
    fn index_mut(&mut self, index: usize) -> &mut T {
        assert!(index < self.len, "a table has no value {index}");
        // SAFETY: it was written, and `self` is borrowed mutably.
        unsafe { &mut *self.at(index) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_what_was_pushed() {
        let mut arena = Arena::of(16 << 20);
        let (mut table, mut other) = (Table::new(100_000), Table::new(100_000));
        for n in 0..100_000_u64 {
            assert_eq!(table.push(&mut arena, n), n as usize);
            other.push(&mut arena, [n as u32; 3]);
        }
        assert!(!table.room(1) && table.iter().copied().eq(0..100_000));
        assert!(other.iter().zip(0..).all(|(v, n)| *v == [n; 3]));
        assert_eq!(table.partition_point(|n| *n < 70_000), 70_000);
        let address = &raw const other[77_777] as u64;
        assert_eq!(other.index_of(address + 4), Some(77_777));
        assert_eq!(table.index_of(address), None);
        table[7] = 1;
        table.clear();
        assert!(table.len() == 0 && table.room(100_000) && table.index_of(address).is_none());
    }
}
