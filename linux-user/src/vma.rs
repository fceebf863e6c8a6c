//! The map of a guest address space: which ranges the guest has mapped, how, and from what.
//!
//! Pure bookkeeping, no host calls: `address_space` carries out what this map records. It is the
//! truth about *guest* protection (the host never maps guest code executable) and about which
//! addresses belong to the guest at all.
//!
//! Invariant: areas are page-aligned, not empty, do not overlap, and two neighbours that could be one
//! area are one.

mod recent;

use recent::Recent;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

/// Guest page size, which is also the host's.
pub const PAGE: u64 = 4096;

/// Rounds up to a page; `None` on overflow.
pub fn page_up(value: u64) -> Option<u64> {
    value.checked_add(PAGE - 1).map(|v| v & !(PAGE - 1))
}

/// Rounds down to a page.
pub fn page_down(value: u64) -> u64 {
    value & !(PAGE - 1)
}

/// Guest page protection.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Prot(u8);

impl Prot {
    /// No access.
    pub const NONE: Prot = Prot(0);
    /// Readable.
    pub const READ: Prot = Prot(1);
    /// Writable.
    pub const WRITE: Prot = Prot(2);
    /// Executable.
    pub const EXEC: Prot = Prot(4);
    /// Readable and writable.
    pub const RW: Prot = Prot(3);
    /// Readable and executable.
    pub const RX: Prot = Prot(5);
    /// Guarded against indirect branches to other than their targets (arm64's `PROT_BTI`).
    pub const GUARDED: Prot = Prot(16);

    /// From `PROT_READ | PROT_WRITE | PROT_EXEC` bits; others are dropped.
    pub fn from_bits(bits: u32) -> Prot {
        Prot(bits as u8 & 7)
    }

    /// The same, and `PROT_BTI` if the processor has such pages.
    pub fn with_guards(bits: u32, guards: bool) -> Prot {
        Prot(bits as u8 & if guards { 7 | Prot::GUARDED.0 } else { 7 })
    }

    /// The `PROT_*` bits.
    pub fn bits(self) -> u32 {
        self.0 as u32
    }

    /// Whether every right of `other` is in this.
    pub fn contains(self, other: Prot) -> bool {
        self.0 & other.0 == other.0
    }

    /// Either's rights.
    pub fn union(self, other: Prot) -> Prot {
        Prot(self.0 | other.0)
    }

    /// What the host maps: never executable, and readable where the translator must read code.
    pub fn host_bits(self) -> u32 {
        let read = if self.contains(Prot::EXEC) { Prot::READ.0 } else { 0 };
        ((self.0 & Prot::RW.0) | read) as u32
    }
}

impl std::fmt::Debug for Prot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (right, letter) in [(Prot::READ, 'r'), (Prot::WRITE, 'w'), (Prot::EXEC, 'x')] {
            write!(f, "{}", if self.contains(right) { letter } else { '-' })?;
        }
        if self.contains(Prot::GUARDED) {
            f.write_str("g")?;
        }
        Ok(())
    }
}

/// What lies behind an area.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Backing {
    /// Zero pages; the label is what `/proc/self/maps` shows (`[heap]`, `[stack]`, or nothing).
    Anonymous(&'static str),
    /// A file from `offset` on.
    File {
        /// Path as the host names it, with ` (deleted)` where it is.
        path: Arc<Path>,
        /// Offset of the area's first byte.
        offset: u64,
        /// Device number.
        dev: u64,
        /// Inode number.
        inode: u64,
    },
    /// A System V segment with its identifier; `shmdt` finds it by its start.
    SysV(i32),
}

impl Backing {
    /// The backing of the part that begins `delta` bytes later.
    fn advanced(&self, delta: u64) -> Backing {
        match self {
            Backing::File { path, offset, dev, inode } => Backing::File {
                path: path.clone(),
                offset: offset.wrapping_add(delta),
                dev: *dev,
                inode: *inode,
            },
            other => other.clone(),
        }
    }
}

/// One area: a range of pages that are mapped alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vma {
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub end: u64,
    /// Guest protection.
    pub prot: Prot,
    /// `MAP_SHARED`.
    pub shared: bool,
    /// What lies behind.
    pub backing: Backing,
}

impl Vma {
    /// Its range.
    pub fn range(&self) -> Range<u64> {
        self.start..self.end
    }

    /// What lies behind the part that begins at `addr`.
    pub fn backing_at(&self, addr: u64) -> Backing {
        self.backing.advanced(addr - self.start)
    }

    fn slice(&self, range: Range<u64>) -> Vma {
        Vma {
            start: range.start,
            end: range.end,
            backing: self.backing.advanced(range.start - self.start),
            ..self.clone()
        }
    }

    fn joins(&self, next: &Vma) -> bool {
        self.end == next.start
            && self.prot == next.prot
            && self.shared == next.shared
            && !matches!(self.backing, Backing::SysV(_))
            && self.backing.advanced(next.start - self.start) == next.backing
    }
}

/// The map.
#[derive(Clone, Debug, Default)]
pub struct VmaMap {
    areas: BTreeMap<u64, Vma>,
    code: Recent,
}

impl VmaMap {
    /// Areas in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Vma> {
        self.areas.values()
    }

    /// Number of areas.
    pub fn len(&self) -> usize {
        self.areas.len()
    }

    /// Whether nothing is mapped.
    pub fn is_empty(&self) -> bool {
        self.areas.is_empty()
    }

    /// The area that holds `addr`.
    pub fn find(&self, addr: u64) -> Option<&Vma> {
        self.areas.range(..=addr).next_back().map(|(_, v)| v).filter(|v| addr < v.end)
    }

    /// The end of the area that holds `addr`, if that is executable.
    pub fn code_end(&self, addr: u64) -> Option<u64> {
        self.code.end(addr).or_else(|| {
            let area = self.find(addr).filter(|v| v.prot.contains(Prot::EXEC))?;
            self.code.note(area.range());
            Some(area.end)
        })
    }

    /// Areas that intersect `range`, ascending.
    pub fn overlapping(&self, range: Range<u64>) -> impl Iterator<Item = &Vma> {
        let first = self.find(range.start).map_or(range.start, |v| v.start);
        self.areas.range(first..).map(|(_, v)| v).take_while(move |v| v.start < range.end)
    }

    /// The parts of areas inside `range`, ascending.
    pub fn parts(&self, range: Range<u64>) -> Vec<Vma> {
        self.overlapping(range.clone())
            .map(|v| v.slice(v.start.max(range.start)..v.end.min(range.end)))
            .collect()
    }

    /// The unmapped parts of `range`, ascending.
    pub fn gaps(&self, range: Range<u64>) -> Vec<Range<u64>> {
        let mut gaps = Vec::new();
        let mut at = range.start;
        for v in self.overlapping(range.clone()) {
            if at < v.start {
                gaps.push(at..v.start);
            }
            at = v.end;
        }
        if at < range.end {
            gaps.push(at..range.end);
        }
        gaps
    }

    /// Whether all of `range` is mapped.
    pub fn covers(&self, range: Range<u64>) -> bool {
        self.gaps(range).is_empty()
    }

    /// Whether some area in `range` is executable.
    pub fn has_code(&self, range: Range<u64>) -> bool {
        self.overlapping(range).any(|v| v.prot.contains(Prot::EXEC))
    }

    /// Start of the highest gap of `len` bytes inside `within`, aligned to `align` (a power of two, at
    /// least a page).
    pub fn gap_below(&self, within: Range<u64>, len: u64, align: u64) -> Option<u64> {
        let fits = |low: u64, high: u64| {
            let start = high.checked_sub(len)? & !(align - 1);
            (start >= low && start >= within.start).then_some(start)
        };
        let mut top = within.end;
        for v in self.areas.range(..within.end).rev().map(|(_, v)| v) {
            if v.end <= top
                && let Some(start) = fits(v.end, top)
            {
                return Some(start);
            }
            top = top.min(v.start);
            if top <= within.start {
                return None;
            }
        }
        fits(within.start, top)
    }

    /// Records `area`, in place of what its range held.
    pub fn insert(&mut self, mut area: Vma) {
        debug_assert!(area.start < area.end && (area.start | area.end) & (PAGE - 1) == 0);
        self.remove(area.range());
        if let Some((_, prev)) = self.areas.range(..area.start).next_back()
            && prev.joins(&area)
        {
            let prev = self.areas.remove(&prev.start.clone()).expect("just found");
            area = Vma { end: area.end, ..prev };
        }
        if let Some(next) = self.areas.get(&area.end)
            && area.joins(next)
        {
            let next = self.areas.remove(&area.end).expect("just found");
            area.end = next.end;
        }
        self.areas.insert(area.start, area);
    }

    /// Forgets what `range` held and returns it.
    pub fn remove(&mut self, range: Range<u64>) -> Vec<Vma> {
        self.code.forget();
        let hit: Vec<u64> = self.overlapping(range.clone()).map(|v| v.start).collect();
        let mut removed = Vec::with_capacity(hit.len());
        for start in hit {
            let v = self.areas.remove(&start).expect("just listed");
            if v.start < range.start {
                self.areas.insert(v.start, v.slice(v.start..range.start));
            }
            if range.end < v.end {
                self.areas.insert(range.end, v.slice(range.end..v.end));
            }
            removed.push(v.slice(v.start.max(range.start)..v.end.min(range.end)));
        }
        removed
    }

    /// Gives everything mapped in `range` the protection `prot`.
    pub fn protect(&mut self, range: Range<u64>, prot: Prot) {
        for part in self.remove(range) {
            self.insert(Vma { prot, ..part });
        }
    }
}

#[cfg(test)]
mod tests;
