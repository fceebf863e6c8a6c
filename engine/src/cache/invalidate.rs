//! Dropping translations when guest code changes or is unmapped.
//!
//! Dropped code is unlinked and no longer found; its memory is reused only after the next flush, so that a
//! thread inside of it runs safely to its next exit. Until then its faults still have their guest addresses.

use super::addresses::NONE;
use super::map::{CodeCache, CodeTier, UnitId};
use std::ops::Range;

impl CodeCache {
    /// Drops all code made from guest code in the range; how many blocks and regions.
    pub fn invalidate(&mut self, range: Range<u64>) -> usize {
        if range.is_empty() {
            return 0;
        }
        self.drop_blocks(&range) + self.drop_regions(&range)
    }

    /// Blocks are listed by the page on which they begin.
    fn drop_blocks(&mut self, range: &Range<u64>) -> usize {
        let first = range.start.saturating_sub(self.current.longest() as u64);
        let mut dropped = 0;
        for page in self.addresses.pages_in(first, range.end - 1) {
            let mut at = std::mem::replace(self.addresses.made_on(page), NONE);
            while at != NONE {
                let id = UnitId(at - 1);
                let unit = self.current.get_mut(id);
                at = unit.next;
                if unit.dropped {
                    continue;
                }
                if overlap(&unit.guest(), range) {
                    self.drop_unit(id);
                    dropped += 1;
                } else {
                    unit.next = std::mem::replace(self.addresses.made_on(page), id.0 + 1);
                }
            }
        }
        dropped
    }

    fn drop_regions(&mut self, range: &Range<u64>) -> usize {
        let touched = range.start >> 12..=(range.end - 1) >> 12;
        // Large unmappings touch more pages than there are with code.
        let mut ids: Vec<UnitId> = if touched.end() - touched.start() >= self.regions.len() as u64 {
            let inside = self.regions.iter().filter(|(page, _)| touched.contains(page));
            inside.flat_map(|(_, ids)| ids.iter().copied()).collect()
        } else {
            touched.filter_map(|page| self.regions.get(&page)).flatten().copied().collect()
        };
        ids.sort_unstable();
        ids.dedup();
        ids.retain(|id| {
            let unit = self.current.get(*id);
            !unit.dropped && self.current.ranges(unit).any(|r| overlap(&r, range))
        });
        self.drop_listed(&ids);
        ids.len()
    }

    /// Drops the regions whose registers are not exact at faults.
    pub fn drop_relaxed(&mut self) {
        let relaxed = |(n, unit): (usize, &super::units::Unit)| {
            let relaxed = unit.tier == CodeTier::Region && !unit.precise && !unit.dropped;
            relaxed.then_some(UnitId(n as u32))
        };
        let ids: Vec<UnitId> = self.current.iter().enumerate().filter_map(relaxed).collect();
        self.drop_listed(&ids);
    }

    /// Drops these, which may be listed as regions.
    fn drop_listed(&mut self, ids: &[UnitId]) {
        for &id in ids {
            self.drop_unit(id);
            for page in self.current.pages(self.current.get(id)) {
                if let Some(ids) = self.regions.get_mut(&page) {
                    ids.retain(|&other| other != id);
                    if ids.is_empty() {
                        self.regions.remove(&page);
                    }
                }
            }
        }
    }

    fn drop_unit(&mut self, id: UnitId) {
        let unit = self.current.get_mut(id);
        unit.dropped = true;
        let unit = self.current.get(id);
        let keys: Vec<_> = self.current.keys(unit).collect();
        for key in keys {
            self.forget_code(key, id);
        }
    }
}

fn overlap(a: &Range<u64>, b: &Range<u64>) -> bool {
    a.start < b.end && b.start < a.end
}
