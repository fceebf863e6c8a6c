//! Dropping translations when guest code changes or is unmapped.
//!
//! A dropped region is unlinked and no longer found; its memory is reused only after the next flush, so that a
//! thread inside of it runs safely to its next exit.

use super::map::{CodeCache, RegionId, pages};
use std::ops::Range;

impl CodeCache {
    /// Drops every region made from guest code in the range; how many.
    pub fn invalidate(&mut self, range: Range<u64>) -> usize {
        if range.is_empty() || self.by_page.is_empty() {
            return 0;
        }
        let touched = range.start >> 12..=(range.end - 1) >> 12;
        // Large unmappings touch more pages than there are with code.
        let ids: Vec<RegionId> = if touched.clone().count() > self.by_page.len() {
            let inside = self.by_page.iter().filter(|(page, _)| touched.contains(page));
            inside.flat_map(|(_, ids)| ids.iter().copied()).collect()
        } else {
            touched.filter_map(|page| self.by_page.get(&page)).flatten().copied().collect()
        };
        let mut dropped = 0;
        for id in ids {
            let overlaps = |r: &Range<u64>| r.start < range.end && range.start < r.end;
            let hit =
                self.regions[id.0 as usize].as_ref().is_some_and(|p| p.guest.iter().any(overlaps));
            if hit {
                self.drop_region(id);
                dropped += 1;
            }
        }
        dropped
    }

    fn drop_region(&mut self, id: RegionId) {
        let Some(placed) = self.regions[id.0 as usize].take() else { return };
        for (key, _) in placed.entries {
            if self.by_key.get(&key).is_some_and(|&(_, owner)| owner == id) {
                self.by_key.remove(&key);
                self.unlink(key);
            }
        }
        for page in pages(&placed.guest) {
            if let Some(ids) = self.by_page.get_mut(&page) {
                ids.retain(|&other| other != id);
                if ids.is_empty() {
                    self.by_page.remove(&page);
                }
            }
        }
        self.by_host.remove(&placed.code.start);
    }
}
