//! The map from guest addresses to placed code, and back from host addresses to regions.

use super::exec_mem::ExecMem;
use super::link::Links;
use isamorph_backend_cranelift::{CodeBlob, FixupKind, abi};
use isamorph_ir::Mode;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// Identity of a translation: guest address and mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Guest address.
    pub pc: u64,
    /// Translation mode.
    pub mode: Mode,
}

/// Index of a region in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RegionId(pub u32);

/// A region in executable memory.
#[derive(Debug)]
pub struct Placed {
    /// Where it is entered from outside, each with its host address.
    pub entries: Vec<(Key, u64)>,
    /// Host addresses.
    pub code: Range<u64>,
    /// Guest code it was made from.
    pub guest: Vec<Range<u64>>,
    /// Host offset from the start of `code` → guest address, sorted.
    pub source_map: Vec<(u32, u64)>,
    /// Link slots of its exits.
    pub slots: Vec<u32>,
    /// Registers are exact at faults.
    pub precise: bool,
}

impl Placed {
    /// Guest address of the instruction that the code at this host address works for.
    pub fn guest_pc(&self, host_pc: u64) -> Option<u64> {
        let offset = u32::try_from(host_pc.checked_sub(self.code.start)?).ok()?;
        let after = self.source_map.partition_point(|(o, _)| *o <= offset);
        Some(self.source_map.get(after.checked_sub(1)?)?.1)
    }
}

/// Why code could not be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// The current half of the cache, or the table of link slots, is full: flush, then try again.
    Full,
}

/// Room for a link slot's thunk ([`abi::link_thunk`]).
const THUNK: usize = 16;

/// The cache of compiled regions. Lives under one lock.
#[derive(Debug)]
pub struct CodeCache {
    pub(super) mem: ExecMem,
    pub(super) regions: Vec<Option<Placed>>,
    pub(super) by_key: HashMap<Key, (u64, RegionId)>,
    pub(super) by_page: HashMap<u64, Vec<RegionId>>,
    pub(super) by_host: BTreeMap<u64, RegionId>,
    pub(super) links: Links,
    /// The engine's generation since the last flush.
    pub flushed_at: u64,
}

impl CodeCache {
    /// A cache over this memory.
    pub fn new(mem: ExecMem) -> CodeCache {
        let links = Links::new(mem.slot_count());
        CodeCache {
            mem,
            regions: Vec::new(),
            by_key: HashMap::new(),
            by_page: HashMap::new(),
            by_host: BTreeMap::new(),
            links,
            flushed_at: 0,
        }
    }

    /// Host addresses that compiled code may lie at.
    pub fn host_range(&self) -> Range<u64> {
        self.mem.range()
    }

    /// Code for this key.
    pub fn find(&self, key: Key) -> Option<u64> {
        self.by_key.get(&key).map(|&(code, _)| code)
    }

    /// The region whose code contains this host address.
    pub fn region_at(&self, host_pc: u64) -> Option<&Placed> {
        let (_, id) = self.by_host.range(..=host_pc).next_back()?;
        self.regions[id.0 as usize].as_ref().filter(|r| r.code.contains(&host_pc))
    }

    /// Places a compiled region.
    pub fn place(&mut self, blob: &CodeBlob, mode: Mode, precise: bool) -> Result<(), PlaceError> {
        let mut targets: Vec<u64> = blob.fixups.iter().map(|f| target(&f.kind)).collect();
        targets.sort_unstable();
        targets.dedup();
        let code_len = blob.code.len().next_multiple_of(THUNK);
        if !self.links.room(targets.len()) {
            return Err(PlaceError::Full);
        }
        let base = self.mem.reserve(code_len + targets.len() * THUNK).ok_or(PlaceError::Full)?;
        let mut code = blob.code.clone();
        code.resize(code_len, 0xcc);
        let mut slots = Vec::with_capacity(targets.len());
        for &pc in &targets {
            let thunk = base + code.len() as u64;
            let index = self.links.allocate(Key { pc, mode }, thunk);
            self.mem.init_slot(index as usize, pc, thunk);
            code.extend(abi::link_thunk(index));
            code.resize(code.len().next_multiple_of(THUNK), 0xcc);
            slots.push(index);
        }
        for f in &blob.fixups {
            let at = f.offset as usize;
            let i = targets.binary_search(&target(&f.kind)).expect("collected above");
            let slot = self.mem.slot_addr(slots[i] as usize);
            code[at..at + 4].copy_from_slice(&displacement(base + f.offset as u64 + 4, slot));
        }
        self.mem.write(base, &code);
        let entries: Vec<(Key, u64)> = blob
            .entries
            .iter()
            .map(|&(pc, offset)| (Key { pc, mode }, base + offset as u64))
            .collect();
        self.register(Placed {
            entries,
            code: base..base + blob.code.len() as u64,
            guest: blob.guest_ranges.clone(),
            source_map: blob.source_map.clone(),
            slots,
            precise,
        });
        Ok(())
    }

    fn register(&mut self, placed: Placed) {
        let id = RegionId(self.regions.len() as u32);
        for &(key, code) in &placed.entries {
            // A main entry wins over a side entry of an older region, never the other way round.
            let main = key == placed.entries[0].0;
            if main || !self.by_key.contains_key(&key) {
                self.by_key.insert(key, (code, id));
            }
        }
        for page in pages(&placed.guest) {
            self.by_page.entry(page).or_default().push(id);
        }
        self.by_host.insert(placed.code.start, id);
        self.regions.push(Some(placed));
    }

    /// Gives up everything: begins the other half of the memory. No vCPU may be in the half that begins.
    pub fn flush(&mut self) {
        self.links.swap_halves(&self.mem);
        self.mem.swap_halves();
        self.forget();
    }

    /// Gives up everything in a forked child, whose memory is shared with the parent.
    pub fn renew(&mut self) -> std::io::Result<()> {
        self.mem.renew()?;
        self.links = Links::new(self.mem.slot_count());
        self.forget();
        Ok(())
    }

    fn forget(&mut self) {
        self.regions.clear();
        self.by_key.clear();
        self.by_page.clear();
        self.by_host.clear();
    }
}

fn target(kind: &FixupKind) -> u64 {
    match *kind {
        FixupKind::DirectExit { target, .. } => target,
    }
}

/// The 32-bit displacement from the end of an instruction to a target.
fn displacement(from: u64, to: u64) -> [u8; 4] {
    let d = to.wrapping_sub(from) as i64;
    i32::try_from(d).expect("the code cache is one range below 2 GiB").to_le_bytes()
}

/// The guest pages that ranges touch.
pub(super) fn pages(ranges: &[Range<u64>]) -> impl Iterator<Item = u64> {
    let mut all: Vec<u64> = ranges.iter().flat_map(|r| r.start >> 12..=(r.end - 1) >> 12).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter()
}
