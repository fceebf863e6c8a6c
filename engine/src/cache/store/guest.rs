//! The guest's code as it is now, a page at a time, and its hash.
//!
//! Many pieces come from one page: its bytes are copied once and stay until guest code changes anywhere.

use isamorph_ir::CodeSource;
use isamorph_persist::XxHash3_64;
use std::ops::Range;

const PAGE: u64 = 4096;
/// Pages held, a power of two. Memory that is touched first costs more than copying a page again.
const PAGES: usize = 8;
/// No page of the guest's has this number.
const NO_PAGE: u64 = u64::MAX;

/// Copies of pages, each in the place that its number says.
#[derive(Default)]
pub(super) struct GuestBytes {
    held: [Held; PAGES],
    /// Bytes of several pages.
    gathered: Vec<u8>,
}

/// A page's number, and as many of its bytes as there are.
struct Held {
    number: u64,
    bytes: Vec<u8>,
}

impl Default for Held {
    fn default() -> Held {
        Held { number: NO_PAGE, bytes: vec![] }
    }
}

impl std::fmt::Debug for GuestBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GuestBytes").finish_non_exhaustive()
    }
}

impl GuestBytes {
    /// Forgets all copies.
    pub fn forget(&mut self) {
        self.held.iter_mut().for_each(|held| held.number = NO_PAGE);
    }

    /// The part of a range that lies in its first page.
    fn head(&mut self, code: &dyn CodeSource, range: &Range<u64>) -> Option<&[u8]> {
        let page = range.start / PAGE;
        let held = &mut self.held[page as usize & (PAGES - 1)];
        if held.number != page {
            held.bytes.resize(PAGE as usize, 0);
            let len = code.fetch(page * PAGE, &mut held.bytes);
            held.bytes.truncate(len);
            held.number = page;
        }
        let start = (range.start % PAGE) as usize;
        let end = start + (range.end - range.start).min(PAGE - start as u64) as usize;
        held.bytes.get(start..end)
    }

    /// The same as [`GuestBytes::hash`] for code that hardly any other will be asked for near: no page is copied for it.
    pub fn hash_once(&mut self, code: &dyn CodeSource, ranges: &[Range<u64>]) -> Option<u64> {
        let mut short = [0; 256];
        if let [range] = ranges
            && let Some(bytes) = short.get_mut(..(range.end - range.start) as usize)
        {
            let whole = code.fetch(range.start, bytes) == bytes.len();
            return whole.then(|| XxHash3_64::oneshot(bytes));
        }
        self.hash(code, ranges)
    }

    /// The hash of the code in these ranges, one after the other; `None` if some of it is not there.
    pub fn hash(&mut self, code: &dyn CodeSource, ranges: &[Range<u64>]) -> Option<u64> {
        if let [range] = ranges
            && range.start / PAGE == (range.end - 1) / PAGE
        {
            return self.head(code, range).map(XxHash3_64::oneshot);
        }
        let mut gathered = std::mem::take(&mut self.gathered);
        gathered.clear();
        let mut whole = true;
        for range in ranges {
            let mut rest = range.clone();
            while whole && !rest.is_empty() {
                match self.head(code, &rest) {
                    Some(bytes) => {
                        gathered.extend_from_slice(bytes);
                        rest.start += bytes.len() as u64;
                    }
                    None => whole = false,
                }
            }
        }
        let hash = whole.then(|| XxHash3_64::oneshot(&gathered));
        self.gathered = gathered;
        hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Executable from page 1 to the middle of page 3.
    struct Code(AtomicU64);

    impl CodeSource for Code {
        fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
            self.0.fetch_add(1, Ordering::Relaxed);
            let there = (PAGE..3 * PAGE + 2048).contains(&addr);
            let len = if there { (3 * PAGE + 2048 - addr).min(buf.len() as u64) } else { 0 };
            for (n, b) in buf[..len as usize].iter_mut().enumerate() {
                *b = ((addr + n as u64) / 3) as u8;
            }
            len as usize
        }
    }

    #[test]
    fn the_hash_is_of_the_bytes_whatever_pages_they_lie_in() {
        let (code, mut guest) = (Code(0.into()), GuestBytes::default());
        let of = |r: Range<u64>| r.map(|a| (a / 3) as u8).collect::<Vec<u8>>();
        let inside = PAGE + 4..PAGE + 40;
        let hash =
            |guest: &mut GuestBytes, r: &Range<u64>| guest.hash(&code, std::slice::from_ref(r));
        assert_eq!(hash(&mut guest, &inside), Some(XxHash3_64::oneshot(&of(inside.clone()))));
        let across = 2 * PAGE - 8..3 * PAGE + 100;
        let both = [of(across.clone()), of(inside.clone())].concat();
        assert_eq!(
            guest.hash(&code, &[across.clone(), inside.clone()]),
            Some(XxHash3_64::oneshot(&both))
        );
        assert_eq!(hash(&mut guest, &(3 * PAGE..3 * PAGE + 2049)), None);
        for range in [across.clone(), inside.clone(), 2 * PAGE + 5..2 * PAGE + 1000] {
            let range = std::slice::from_ref(&range);
            assert_eq!(guest.hash_once(&code, range), guest.hash(&code, range));
        }
        let end = 3 * PAGE + 2048;
        assert_eq!(guest.hash_once(&code, std::slice::from_ref(&(end - 4..end + 4))), None);
        assert_eq!(hash(&mut guest, &(16..32)), None);
        let asked = code.0.load(Ordering::Relaxed);
        assert!(hash(&mut guest, &inside).is_some());
        assert_eq!(code.0.load(Ordering::Relaxed), asked, "page 1 is still held");
        guest.forget();
        assert!(hash(&mut guest, &inside).is_some());
        assert_eq!(code.0.load(Ordering::Relaxed), asked + 1);
    }
}
