//! Dropping translations when guest code changes or is unmapped.
//!
//! Dropped code is unlinked and no longer found; its memory is reused only after the next flush, so that a
//! thread inside of it runs safely to its next exit. Until then its faults still have their guest addresses.

use super::map::{CodeCache, CodeTier, RegionId};
use std::ops::Range;

impl CodeCache {
    /// Drops all code made from guest code in the range; how many blocks and regions.
    pub fn invalidate(&mut self, range: Range<u64>) -> usize {
        if range.is_empty() || self.by_page.is_empty() {
            return 0;
        }
        let touched = range.start >> 12..=(range.end - 1) >> 12;
        // Large unmappings touch more pages than there are with code.
        let ids: Vec<RegionId> = if touched.end() - touched.start() >= self.by_page.len() as u64 {
            let inside = self.by_page.iter().filter(|(page, _)| touched.contains(page));
            inside.flat_map(|(_, ids)| ids.iter().copied()).collect()
        } else {
            touched.filter_map(|page| self.by_page.get(&page)).flatten().copied().collect()
        };
        let mut dropped = 0;
        for id in ids {
            let overlaps = |r: &Range<u64>| r.start < range.end && range.start < r.end;
            let placed = self.placed(id);
            if !placed.dropped && self.current.ranges(placed).any(overlaps) {
                self.drop_code(id);
                dropped += 1;
            }
        }
        dropped
    }

    /// Drops the regions whose registers are not exact at faults.
    pub fn drop_relaxed(&mut self) {
        for n in 0..self.current.placed.len() {
            let placed = &self.current.placed[n];
            if placed.tier == CodeTier::Region && !placed.precise && !placed.dropped {
                self.drop_code(RegionId(n as u32));
            }
        }
    }

    fn drop_code(&mut self, id: RegionId) {
        let placed = &mut self.current.placed[id.0 as usize];
        placed.dropped = true;
        let placed = self.placed(id);
        let keys: Vec<_> = self.current.keys(placed).collect();
        let pages = self.current.pages(placed);
        for key in keys {
            self.forget_code(key, id);
        }
        for page in pages {
            if let Some(ids) = self.by_page.get_mut(&page) {
                ids.retain(|&other| other != id);
                if ids.is_empty() {
                    self.by_page.remove(&page);
                }
            }
        }
    }
}
