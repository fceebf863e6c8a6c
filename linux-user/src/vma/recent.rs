//! The executable area that was looked for last: code is read block by block, and mostly from where the last one was.

use super::PAGE;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};

/// A range of pages in one word, so that it is read and written whole: the first page above, the number of pages in
/// the lower bits. Zero: none. What may not be remembered any more is forgotten by who changes the map, which nobody
/// looks at meanwhile: no order beyond that of the map's own lock is needed.
#[derive(Debug, Default)]
pub(super) struct Recent(AtomicU64);

const COUNT_BITS: u32 = 28;

impl Recent {
    /// The end of the area, if `addr` lies in it.
    pub fn end(&self, addr: u64) -> Option<u64> {
        let word = self.0.load(Ordering::Relaxed);
        let (first, count) = (word >> COUNT_BITS, word & ((1 << COUNT_BITS) - 1));
        ((addr / PAGE).wrapping_sub(first) < count).then(|| (first + count) * PAGE)
    }

    /// Remembers an area, if its pages can be written so.
    pub fn note(&self, area: Range<u64>) {
        let (first, count) = (area.start / PAGE, (area.end - area.start) / PAGE);
        if first >> (64 - COUNT_BITS) == 0 && count >> COUNT_BITS == 0 {
            self.0.store(first << COUNT_BITS | count, Ordering::Relaxed);
        }
    }

    pub fn forget(&mut self) {
        *self.0.get_mut() = 0;
    }
}

impl Clone for Recent {
    /// A copy of the map begins without one.
    fn clone(&self) -> Recent {
        Recent::default()
    }
}
