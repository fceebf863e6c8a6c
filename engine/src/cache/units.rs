//! What is known of placed code: where it lies, what it was made from, and the way back from host to guest addresses.

use super::arena::Arena;
use super::map::{CodeTier, Key};
use super::table::Table;
use isamorph_backend_abi::CodeBlob;
use isamorph_ir::Mode;
use std::ops::Range;

/// Index of placed code, a block or a region, in its half of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitId(pub u32);

/// Code in executable memory.
#[derive(Debug)]
pub(super) struct Unit {
    /// The guest address of its first block, and that block's length.
    guest: u64,
    guest_len: u32,
    /// Host address as an offset from the cache's begin, and length.
    pub start: u32,
    pub len: u32,
    /// Host offset → guest address: the part of [`Units::sources`] that begins here.
    sources: u32,
    /// What a region has besides: its place in [`Units::more`], or [`NO_MORE`].
    more: u32,
    /// Number of the unit that is listed behind it ([`super::addresses::Addresses::made`]).
    pub next: u32,
    pub mode: Mode,
    pub tier: CodeTier,
    /// Registers are exact at faults.
    pub precise: bool,
    /// No longer found, though a thread may still be in it.
    pub dropped: bool,
}

const NO_MORE: u32 = u32::MAX;

/// What a region has and a block has not.
#[derive(Debug)]
struct More {
    /// The guest code of the other blocks, and what it depends on besides.
    guest: Vec<Range<u64>>,
    /// Further entries than the first.
    entries: Vec<u64>,
    /// Offsets of accesses, in order, and of their fault exits.
    fault_exits: Vec<(u32, u32)>,
}

/// What is known of the code of one half of the memory.
#[derive(Debug)]
pub(super) struct Units {
    /// Host address of the cache.
    begin: u64,
    /// By host address.
    units: Table<Unit>,
    more: Vec<More>,
    /// Host offset, and guest address as a distance from the code's first.
    sources: Table<(u32, u32)>,
    /// The longest block's guest code in bytes.
    longest: u32,
}

/// Most placed blocks and regions of a half.
const UNITS: usize = 1 << 20;

/// How code is placed.
#[derive(Clone, Copy, Debug)]
pub struct Placing {
    /// Mode that it was made for.
    pub mode: Mode,
    /// Who made it.
    pub tier: CodeTier,
    /// Registers are exact at faults.
    pub precise: bool,
}

/// What is known of a host address in compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Guest address of the instruction.
    pub pc: u64,
    /// Registers are exact there.
    pub precise: bool,
}

impl Unit {
    /// The guest code of its first block.
    pub fn guest(&self) -> Range<u64> {
        self.guest..self.guest.wrapping_add(self.guest_len as u64)
    }

    /// Is it a block: one range of code, entered at its begin?
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.more == NO_MORE
    }
}

impl Units {
    /// Bytes that it may take of its arena.
    pub const BYTES: usize = Table::<Unit>::bytes(UNITS) + Table::<(u32, u32)>::bytes(2 * UNITS);

    /// None, of a cache at this host address.
    pub fn new(begin: u64) -> Units {
        let (units, sources) = (Table::new(UNITS), Table::new(2 * UNITS));
        Units { begin, units, more: vec![], sources, longest: 0 }
    }

    pub fn clear(&mut self) {
        self.units.clear();
        self.more.clear();
        self.sources.clear();
        self.longest = 0;
    }

    /// Is there room for this?
    pub fn room(&self, blob: &CodeBlob) -> bool {
        self.units.room(1) && self.sources.room(blob.source_map.len())
    }

    pub fn iter(&self) -> impl Iterator<Item = &Unit> {
        self.units.iter()
    }

    #[inline]
    pub fn get(&self, id: UnitId) -> &Unit {
        &self.units[id.0 as usize]
    }

    #[inline]
    pub fn get_mut(&mut self, id: UnitId) -> &mut Unit {
        &mut self.units[id.0 as usize]
    }

    /// The longest block's guest code in bytes.
    pub fn longest(&self) -> u32 {
        self.longest
    }

    /// Adds code that lies at this host address.
    pub fn add(&mut self, arena: &mut Arena, blob: &CodeBlob, at: u64, how: Placing) -> UnitId {
        let first = &blob.guest_ranges[0];
        let sources = self.sources.len() as u32;
        for &(offset, pc) in &blob.source_map {
            self.sources.push(arena, (offset, pc.wrapping_sub(first.start) as u32));
        }
        let mut more = NO_MORE;
        if blob.guest_ranges.len() + blob.entries.len() > 2 || !blob.fault_exits.is_empty() {
            more = self.more.len() as u32;
            let guest = blob.guest_ranges[1..].to_vec();
            let entries = blob.entries[1..].iter().map(|e| e.0).collect();
            let fault_exits = blob.fault_exits.clone();
            self.more.push(More { guest, entries, fault_exits });
        }
        let guest_len = first.end.wrapping_sub(first.start) as u32;
        self.longest = self.longest.max(guest_len);
        let unit = Unit {
            guest: first.start,
            guest_len,
            start: (at - self.begin) as u32,
            len: blob.code.len() as u32,
            sources,
            more,
            next: 0,
            mode: how.mode,
            tier: how.tier,
            precise: how.precise,
            dropped: false,
        };
        UnitId(self.units.push(arena, unit) as u32)
    }

    fn more(&self, unit: &Unit) -> Option<&More> {
        self.more.get(unit.more as usize)
    }

    /// The guest code that it was made from.
    pub fn ranges(&self, unit: &Unit) -> impl Iterator<Item = Range<u64>> {
        let more = self.more(unit).into_iter().flat_map(|m| &m.guest);
        std::iter::once(unit.guest()).chain(more.cloned())
    }

    /// The guest pages that it was made from.
    pub fn pages(&self, unit: &Unit) -> Vec<u64> {
        let of = |r: Range<u64>| r.start >> 12..=r.end.wrapping_sub(1).max(r.start) >> 12;
        let mut all: Vec<u64> = self.ranges(unit).flat_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// The guest addresses that it is entered at.
    pub fn keys(&self, unit: &Unit) -> impl Iterator<Item = Key> {
        let mode = unit.mode;
        let more = self.more(unit).into_iter().flat_map(|m| &m.entries);
        std::iter::once(unit.guest).chain(more.copied()).map(move |pc| Key { pc, mode })
    }

    /// Host offsets and guest addresses of the unit of this index.
    pub fn sources(&self, index: usize) -> impl Iterator<Item = (u32, u64)> {
        let unit = &self.units[index];
        let end = self.units.get(index + 1).map_or(self.sources.len(), |u| u.sources as usize);
        // A distance below zero is one near 2^32.
        let address = |far: u32| unit.guest.wrapping_add_signed(far as i32 as i64);
        (unit.sources as usize..end).map(move |n| {
            let (at, far) = self.sources[n];
            (at, address(far))
        })
    }

    /// The index of the unit whose code lies at this host address, and the offset in it.
    fn place(&self, host_pc: u64) -> Option<(usize, u32)> {
        let offset = u32::try_from(host_pc.checked_sub(self.begin)?).ok()?;
        let index = self.units.partition_point(|u| u.start <= offset).checked_sub(1)?;
        let inside = offset - self.units[index].start;
        (inside < self.units[index].len).then_some((index, inside))
    }

    /// Where the fault exit of the access at this host address lies. `None`: no code lies there; `Some(None)`: it has none.
    pub fn fault_exit(&self, host_pc: u64) -> Option<Option<u64>> {
        let (index, inside) = self.place(host_pc)?;
        let unit = &self.units[index];
        let exit = self.more(unit).and_then(|more| {
            let at = more.fault_exits.binary_search_by_key(&inside, |e| e.0).ok()?;
            Some(host_pc - inside as u64 + more.fault_exits[at].1 as u64)
        });
        Some(exit)
    }

    /// The unit whose code lies at this host address, and the guest instruction that the code works for.
    pub fn at(&self, host_pc: u64) -> Option<(&Unit, Source)> {
        let (index, inside) = self.place(host_pc)?;
        let unit = &self.units[index];
        // The map of a block begins where an access may fault.
        let source = self.sources(index).take_while(|(at, _)| *at <= inside).last();
        let pc = source.map_or(unit.guest().start, |(_, pc)| pc);
        Some((unit, Source { pc, precise: unit.precise }))
    }
}
