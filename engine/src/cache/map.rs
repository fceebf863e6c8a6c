//! The map from guest addresses to placed code, and back from host addresses to guest addresses.

use super::addresses::Addresses;
use super::exec_mem::{COUNT_OFFSET, ExecMem};
use super::jumps::Jumps;
use super::link::Links;
use super::observe::{CodeObserver, PlacedCode};
use super::table::Table;
use isamorph_backend_abi::{CodeBlob, FixupKind};
use isamorph_ir::Mode;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::io;
use std::ops::Range;
use std::sync::atomic::Ordering;

/// Identity of a translation: guest address and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Guest address.
    pub pc: u64,
    /// Translation mode.
    pub mode: Mode,
}

/// Hashes keys and page numbers: the guest chooses them, but only slows down itself by choosing badly.
///
/// Addresses near each other come to lie near each other, since they are asked for one after the other.
#[derive(Debug, Default)]
pub(crate) struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        // Tables take the place from the low bits and tell what shares it by the top seven.
        let spread = (self.0 >> 16).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let place = (self.0 >> 4).wrapping_add(spread ^ spread >> 32);
        let tag = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        place & !(127 << 57) | tag & 127 << 57
    }
    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.write_u64(*b as u64);
        }
    }
    fn write_u32(&mut self, n: u32) {
        self.0 ^= (n as u64) << 48;
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = self.0.rotate_left(32) ^ n;
    }
}

/// A map by such keys.
pub(crate) type KeyMap<K, V> = HashMap<K, V, BuildHasherDefault<KeyHasher>>;

/// Index of placed code in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionId(pub u32);

/// Who made code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeTier {
    /// The baseline compiler, a block at a time.
    Baseline,
    /// The region compiler.
    Region,
}

/// Code in executable memory.
#[derive(Debug)]
pub(super) struct Placed {
    /// Host address and length.
    pub start: u64,
    pub len: u32,
    /// Host offset → guest address: this part of [`Half::sources`].
    sources: Range<u32>,
    pub mode: Mode,
    pub tier: CodeTier,
    /// Registers are exact at faults.
    pub precise: bool,
    /// No longer found, though a thread may still be in it.
    pub dropped: bool,
    /// The guest code of its first block.
    pub guest: Range<u64>,
    /// What a region has besides: its place in [`Half::more`], or [`NO_MORE`].
    more: u32,
}

const NO_MORE: u32 = u32::MAX;

/// What a region has and a block has not.
#[derive(Debug)]
struct More {
    /// The guest code of the other blocks, and what it depends on besides.
    guest: Vec<Range<u64>>,
    /// Further entries than the first.
    entries: Vec<u64>,
}

/// What is known of the code of one half of the memory.
#[derive(Debug)]
pub(super) struct Half {
    /// By host address.
    pub placed: Table<Placed>,
    more: Vec<More>,
    /// Host offset, and guest address as a distance from the code's first.
    sources: Table<(u32, u32)>,
}

/// Most placed blocks and regions of a half.
const PLACED: usize = 1 << 21;

/// What is known of a host address in compiled code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Guest address of the instruction.
    pub pc: u64,
    /// Registers are exact there.
    pub precise: bool,
}

impl Half {
    fn new() -> io::Result<Half> {
        Ok(Half { placed: Table::new(PLACED)?, more: vec![], sources: Table::new(2 * PLACED)? })
    }

    fn clear(&mut self) {
        self.placed.clear();
        self.more.clear();
        self.sources.clear();
    }

    fn more(&self, placed: &Placed) -> Option<&More> {
        self.more.get(placed.more as usize)
    }

    /// The guest code that it was made from.
    pub fn ranges<'a>(&'a self, placed: &'a Placed) -> impl Iterator<Item = &'a Range<u64>> {
        std::iter::once(&placed.guest).chain(self.more(placed).into_iter().flat_map(|m| &m.guest))
    }

    /// The guest addresses that it is entered at.
    pub fn keys(&self, placed: &Placed) -> impl Iterator<Item = Key> {
        let mode = placed.mode;
        let more = self.more(placed).into_iter().flat_map(|m| &m.entries);
        std::iter::once(placed.guest.start).chain(more.copied()).map(move |pc| Key { pc, mode })
    }

    /// The guest pages that it was made from.
    pub fn pages(&self, placed: &Placed) -> Vec<u64> {
        let of = |r: &Range<u64>| page(r.start)..=page(r.end.wrapping_sub(1).max(r.start));
        let mut all: Vec<u64> = self.ranges(placed).flat_map(of).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Host offsets and guest addresses.
    fn sources(&self, placed: &Placed) -> impl Iterator<Item = (u32, u64)> {
        let all = &self.sources[placed.sources.start as usize..placed.sources.end as usize];
        let begin = placed.guest.start;
        // A distance below zero is one near 2^32.
        all.iter().map(move |&(at, far)| (at, begin.wrapping_add_signed(far as i32 as i64)))
    }

    fn source(&self, host_pc: u64) -> Option<Source> {
        let after = self.placed.partition_point(|p| p.start <= host_pc);
        let placed = self.placed.get(after.checked_sub(1)?)?;
        let offset = u32::try_from(host_pc - placed.start).ok().filter(|o| *o < placed.len)?;
        let map = &self.sources[placed.sources.start as usize..placed.sources.end as usize];
        let after = map.partition_point(|(o, _)| *o <= offset);
        let distance = map.get(after.checked_sub(1)?)?.1;
        // A distance below zero is one near 2^32.
        let pc = placed.guest.start.wrapping_add_signed(distance as i32 as i64);
        Some(Source { pc, precise: placed.precise })
    }
}

/// Why code could not be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// The current half of the cache, or the table of link slots, is full: flush, then try again.
    Full,
}

/// Room for a link slot's thunk ([`abi::link_thunk`]).
pub(super) const THUNK: usize = 16;
/// No slot yet.
pub(super) const NO_SLOT: u32 = u32::MAX;

/// No code yet, or no more.
pub(super) const NO_CODE: u32 = u32::MAX;

/// What is known of a guest address.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// Its code as an offset from the cache's begin, or [`NO_CODE`].
    pub code: u32,
    owner: RegionId,
    /// The slot that exits to it go through, or [`NO_SLOT`].
    pub slot: u32,
    /// Some exit calls it.
    called: bool,
}

impl Default for Entry {
    fn default() -> Entry {
        Entry { code: NO_CODE, owner: RegionId(0), slot: NO_SLOT, called: false }
    }
}

/// A place in code that is to be filled in.
#[derive(Clone, Copy, Debug)]
struct Linked {
    at: u32,
    pc: u64,
    slot: u32,
    /// Offset in the slot.
    offset: u64,
    /// Code that the slot, a new one, is to lead to, or [`NO_CODE`].
    code: u32,
}

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

/// What is known of a guest address, for who has no code there yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// Host address of its code.
    pub code: Option<u64>,
    /// Some exit calls it.
    pub called: bool,
}

/// Most guest addresses that something is known of.
const ENTRIES: usize = 1 << 21;

/// The cache of compiled code. Lives under one lock.
pub struct CodeCache {
    pub(super) mem: ExecMem,
    pub(super) current: Half,
    /// The half before: a thread may still be in its code.
    previous: Half,
    /// Their numbers in `entries`.
    addresses: Addresses,
    entries: Table<Entry>,
    pub(super) by_page: KeyMap<u64, Vec<RegionId>>,
    pub(super) links: Links,
    /// Scratch space of [`CodeCache::place`].
    places: Vec<Linked>,
    /// Exits jump to each other's targets directly.
    pub(super) chain: bool,
    /// What new counters begin with.
    pub(super) threshold: i32,
    /// Targets of computed branches.
    pub(super) jumps: Jumps,
    /// Computed branches with a prediction: its slot's number.
    pub(super) sites: KeyMap<Key, u32>,
    /// The engine's generation since the last flush.
    pub flushed_at: u64,
    /// Who is told of code that is placed.
    pub observer: Option<Box<dyn CodeObserver>>,
}

impl CodeCache {
    /// A cache over this memory, for a guest whose instructions' addresses have `shift` low bits of zero; `chain`: exits
    /// are linked; `threshold`: executions until code counts as hot.
    pub fn new(mem: ExecMem, shift: u32, chain: bool, threshold: u32) -> io::Result<CodeCache> {
        let links = Links::new(mem.slot_count())?;
        Ok(CodeCache {
            mem,
            current: Half::new()?,
            previous: Half::new()?,
            addresses: Addresses::new(shift)?,
            entries: Table::new(ENTRIES)?,
            by_page: KeyMap::default(),
            links,
            places: vec![],
            chain,
            threshold: threshold.min(i32::MAX as u32) as i32,
            jumps: Jumps::default(),
            sites: KeyMap::default(),
            flushed_at: 0,
            observer: None,
        })
    }

    /// Host addresses that compiled code may lie at.
    pub fn host_range(&self) -> Range<u64> {
        self.mem.range()
    }

    pub(super) fn entry(&self, key: Key) -> Option<&Entry> {
        Some(&self.entries[self.addresses.get(key)? as usize])
    }

    /// What is known of this key, from now on at least that it is one.
    pub(super) fn entry_mut(&mut self, key: Key) -> &mut Entry {
        let next = self.entries.len();
        let at = self.addresses.get_or(key, next as u32) as usize;
        if at == next {
            self.entries.push(Entry::default());
        }
        &mut self.entries[at]
    }

    /// Code for this key.
    pub fn find(&self, key: Key) -> Option<u64> {
        let entry = self.entry(key).filter(|e| e.code != NO_CODE)?;
        Some(self.address(entry.code))
    }

    /// The host address of an entry's code.
    pub(super) fn address(&self, code: u32) -> u64 {
        self.mem.range().start + code as u64
    }

    /// Code of this tier for this key.
    pub fn find_tier(&self, key: Key, tier: CodeTier) -> Option<u64> {
        let entry = self.entry(key).filter(|e| e.code != NO_CODE)?;
        (self.placed(entry.owner).tier == tier).then(|| self.address(entry.code))
    }

    /// Code for this key, and whether some exit calls it.
    pub fn known(&self, key: Key) -> Known {
        let Some(entry) = self.entry(key) else { return Known::default() };
        let code = (entry.code != NO_CODE).then(|| self.address(entry.code));
        Known { code, called: entry.called }
    }

    /// The guest instruction that the code at this host address works for.
    pub fn source(&self, host_pc: u64) -> Option<Source> {
        self.current.source(host_pc).or_else(|| self.previous.source(host_pc))
    }

    /// The block or region whose code lies at this host address: where it begins, the guest instruction that the code
    /// works for, and who made it.
    pub fn unit(&self, host_pc: u64) -> Option<(u64, u64, CodeTier)> {
        let unit = |half: &Half| {
            let source = half.source(host_pc)?;
            let after = half.placed.partition_point(|p| p.start <= host_pc);
            let placed = &half.placed[after - 1];
            Some((placed.guest.start, source.pc, placed.tier))
        };
        unit(&self.current).or_else(|| unit(&self.previous))
    }

    pub(super) fn placed(&self, id: RegionId) -> &Placed {
        &self.current.placed[id.0 as usize]
    }

    /// Is there room for `n` more addresses, and slots for them?
    pub(super) fn has_room_for(&self, n: usize) -> bool {
        self.links.room(n) && self.addresses.room(n) && self.entries.room(n)
    }

    /// Places compiled code; its host address.
    pub fn place(&mut self, blob: &CodeBlob, how: Placing) -> Result<u64, PlaceError> {
        let keys = blob.fixups.len() + blob.entries.len();
        let room = self.has_room_for(keys)
            && self.current.placed.room(1)
            && self.current.sources.room(blob.source_map.len());
        if !room {
            return Err(PlaceError::Full);
        }
        // New slots get consecutive numbers.
        let mut fresh: Range<u32> = 0..0;
        let mut places = std::mem::take(&mut self.places);
        places.clear();
        for f in &blob.fixups {
            let (pc, offset, called) = match f.kind {
                // A region leaves out what was cold: if that gets hot, it wants a counter.
                FixupKind::DirectExit { target, ret } => {
                    (target, 0, ret.is_some() || how.tier == CodeTier::Region)
                }
                FixupKind::Counter { target } => (target, COUNT_OFFSET, false),
                FixupKind::Prediction { .. } => continue,
            };
            let key = Key { pc, mode: how.mode };
            let entry = self.entry_mut(key);
            entry.called |= called;
            let (mut code, mut slot) = (NO_CODE, entry.slot);
            if slot == NO_SLOT {
                code = entry.code;
                slot = self.links.allocate(how.mode);
                self.entry_mut(key).slot = slot;
                if fresh.is_empty() {
                    fresh.start = slot;
                }
                fresh.end = slot + 1;
            }
            places.push(Linked { at: f.offset, pc, slot, offset, code });
        }
        // Thunks run once: they do not lie among the code.
        let thunks = self.mem.reserve_apart(fresh.len() * THUNK).ok_or(PlaceError::Full)?;
        let base = self.mem.reserve(blob.code.len()).ok_or(PlaceError::Full)?;
        self.mem.write(base, &blob.code);
        let mut begun = fresh.clone();
        for f in &places {
            // New slots come in the order of their numbers.
            if begun.start == f.slot && !begun.is_empty() {
                let n = begun.start - fresh.start;
                self.begin_slot(f.slot, f.pc, thunks + n as u64 * THUNK as u64);
                begun.start += 1;
            }
            if f.code != NO_CODE {
                self.lead(f.slot, Some(self.address(f.code)));
            }
            let to = self.mem.slot_addr(f.slot as usize) + f.offset;
            let at = base + f.at as u64;
            self.mem.write(at, &displacement(at + 4, to));
        }
        self.places = places;
        for f in &blob.fixups {
            if let FixupKind::Prediction { site } = f.kind {
                let slot = self.prediction(Key { pc: site, mode: how.mode });
                let to = self.mem.slot_addr(slot as usize);
                let at = base + f.offset as u64;
                self.mem.write(at, &displacement(at + 4, to));
            }
        }
        self.register(blob, base, how);
        if let Some(observer) = &mut self.observer {
            let bytes = self.mem.read(base, blob.code.len());
            let guest = blob.entries[0].0;
            let Placing { mode, tier, .. } = how;
            let sources = &blob.source_map;
            observer.placed(&PlacedCode { tier, host: base, bytes, guest, sources, mode });
        }
        Ok(base + blob.entries[0].1 as u64)
    }

    fn register(&mut self, blob: &CodeBlob, base: u64, how: Placing) {
        let id = RegionId(self.current.placed.len() as u32);
        let first = self.current.sources.len() as u32;
        let begin = blob.guest_ranges[0].start;
        let near = |&(offset, pc): &(u32, u64)| (offset, pc.wrapping_sub(begin) as u32);
        for source in blob.source_map.iter().map(near) {
            self.current.sources.push(source);
        }
        let mut placed = Placed {
            start: base,
            len: blob.code.len() as u32,
            sources: first..self.current.sources.len() as u32,
            mode: how.mode,
            tier: how.tier,
            precise: how.precise,
            dropped: false,
            guest: blob.guest_ranges[0].clone(),
            more: NO_MORE,
        };
        if blob.guest_ranges.len() + blob.entries.len() > 2 {
            placed.more = self.current.more.len() as u32;
            let guest = blob.guest_ranges[1..].to_vec();
            let entries = blob.entries[1..].iter().map(|e| e.0).collect();
            self.current.more.push(More { guest, entries });
        }
        match (blob.guest_ranges.len(), page(placed.guest.start), page(placed.guest.end - 1)) {
            (1, a, b) if a == b => self.by_page.entry(a).or_default().push(id),
            _ => {
                for page in self.current.pages(&placed) {
                    self.by_page.entry(page).or_default().push(id);
                }
            }
        }
        self.current.placed.push(placed);
        for (n, &(pc, offset)) in blob.entries.iter().enumerate() {
            self.set_code(Key { pc, mode: how.mode }, base + offset as u64, id, n == 0);
        }
    }

    /// `main`: it is the code's first entry.
    fn set_code(&mut self, key: Key, code: u64, owner: RegionId, main: bool) {
        let begin = self.mem.range().start;
        let tier = self.placed(owner).tier;
        let old = *self.entry_mut(key);
        // A main entry wins over a side entry of an older region, never the other way round.
        if !main && old.code != NO_CODE && self.placed(old.owner).tier >= tier {
            return;
        }
        let entry = self.entry_mut(key);
        entry.code = (code - begin) as u32;
        entry.owner = owner;
        let slot = entry.slot;
        if slot != NO_SLOT {
            self.lead(slot, Some(code));
            if tier == CodeTier::Region {
                // Whoever still comes to the old code by a jump cache is told at once.
                self.mem.slot(slot as usize).count.store(0, Ordering::Relaxed);
            }
        }
    }

    /// Forgets the code for a key if it is this one's.
    pub(super) fn forget_code(&mut self, key: Key, owner: RegionId) {
        if let Some(at) = self.addresses.get(key)
            && let entry = &mut self.entries[at as usize]
            && entry.owner == owner
            && entry.code != NO_CODE
        {
            entry.code = NO_CODE;
            let slot = entry.slot;
            if slot != NO_SLOT {
                self.lead(slot, None);
            }
        }
    }

    /// Code that was placed at this host address and not given up since.
    pub fn placed_code(&self, at: u64, len: usize) -> &[u8] {
        self.mem.read(at, len)
    }

    /// Gives up everything: begins the other half of the memory. No vCPU may be in the half that begins.
    pub fn flush(&mut self) {
        self.links.swap_halves(&self.mem);
        if let Err(e) = self.mem.swap_halves() {
            tracing::error!("no memory for compiled code, it is interpreted: {e}");
        }
        std::mem::swap(&mut self.previous, &mut self.current);
        self.current.clear();
        self.addresses.clear();
        self.entries.clear();
        self.by_page.clear();
        self.jumps.clear();
        self.sites.clear();
    }

    /// The process forked: parent and child go on with the code that there is, and place theirs apart.
    pub fn forked(&mut self, child: bool) {
        self.mem.forked(child);
        if let Some(observer) = self.observer.as_mut().filter(|_| child) {
            observer.forked();
            for placed in self.current.placed.iter() {
                let (host, guest) = (placed.start, placed.guest.start);
                let bytes = self.mem.read(host, placed.len as usize);
                let sources = self.current.sources(placed).collect::<Vec<_>>();
                let (tier, mode) = (placed.tier, placed.mode);
                observer.placed(&PlacedCode { tier, host, bytes, guest, sources: &sources, mode });
            }
        }
    }
}

/// The 32-bit displacement from the end of an instruction to a target.
fn displacement(from: u64, to: u64) -> [u8; 4] {
    let d = to.wrapping_sub(from) as i64;
    i32::try_from(d).expect("the code cache is one range below 2 GiB").to_le_bytes()
}

fn page(address: u64) -> u64 {
    address >> 12
}
