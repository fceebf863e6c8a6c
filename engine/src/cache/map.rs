//! The map from guest addresses to placed code, and back from host addresses to guest addresses.

use super::addresses::{Addresses, NONE};
use super::exec_mem::ExecMem;
use super::jumps::Jumps;
use super::link::{COUNT_OFFSET, Links, NO_CODE, Slot};
use super::observe::{CodeObserver, PlacedCode};
use super::units::Units;
pub use super::units::{Placing, Source, UnitId};
use isamorph_backend_abi::slot::SLOT_PC;
use isamorph_backend_abi::{CodeBlob, FixupKind};
use isamorph_ir::Mode;
use std::collections::HashMap;
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

/// Who made code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodeTier {
    /// The baseline compiler, a block at a time.
    Baseline,
    /// The region compiler.
    Region,
}

/// Why code could not be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlaceError {
    /// The current half of the cache, or the table of link slots, is full: flush, then try again.
    Full,
}

/// What is known of a guest address, for who has no code there yet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    /// Host address of its code.
    pub code: Option<u64>,
    /// Some exit calls it.
    pub called: bool,
}

/// The cache of compiled code. Lives under one lock.
pub struct CodeCache {
    pub(super) mem: ExecMem,
    pub(super) current: Units,
    /// The half before: a thread may still be in its code.
    previous: Units,
    /// Slots by guest address, by their number and one; and lists of the plain units that begin on a page.
    pub(super) addresses: Addresses,
    pub(super) links: Links,
    /// By page, the units of which more than a block's own code matters.
    pub(super) regions: HashMap<u64, Vec<UnitId>>,
    /// Exits jump to each other's targets directly.
    pub(super) chain: bool,
    /// What new counters begin with.
    pub(super) threshold: i32,
    /// Targets of computed branches.
    pub(super) jumps: Jumps,
    /// Computed branches with a prediction: its number.
    pub(super) sites: HashMap<Key, u32>,
    /// The engine's generation since the last flush.
    pub flushed_at: u64,
    /// Who is told of code that is placed.
    pub observer: Option<Box<dyn CodeObserver>>,
}

impl CodeCache {
    /// A cache of so many `bytes` of code, for a guest whose instructions' addresses have `shift` low bits of zero;
    /// `chain`: exits are linked; `threshold`: executions until code counts as hot.
    pub fn new(bytes: usize, shift: u32, chain: bool, threshold: u32) -> io::Result<CodeCache> {
        let mem = ExecMem::new(bytes, 2 * Units::BYTES + Links::BYTES + Addresses::BYTES)?;
        let begin = mem.range().start;
        Ok(CodeCache {
            mem,
            current: Units::new(begin),
            previous: Units::new(begin),
            addresses: Addresses::new(shift),
            links: Links::new(),
            regions: HashMap::new(),
            chain,
            threshold: threshold.min(i32::MAX as u32) as i32,
            jumps: Jumps::default(),
            sites: HashMap::new(),
            flushed_at: 0,
            observer: None,
        })
    }

    /// Host addresses that compiled code may lie at.
    pub fn host_range(&self) -> Range<u64> {
        self.mem.range()
    }

    /// What is known of this key.
    #[inline]
    pub(super) fn slot(&self, key: Key) -> Option<&Slot> {
        let number = self.addresses.get(key).checked_sub(1)?;
        Some(self.links.slot(number))
    }

    /// The slot of this key, from now on.
    #[inline]
    fn slot_for(&mut self, key: Key) -> Result<u32, PlaceError> {
        let spot = self.addresses.spot(&mut self.mem.data, key);
        match self.addresses.number(spot) {
            NONE => {
                let number = self.links.allocate(&mut self.mem, key, self.threshold)?;
                self.addresses.set_number(spot, number + 1);
                Ok(number)
            }
            known => Ok(known - 1),
        }
    }

    /// A slot's code.
    #[inline]
    fn code(&self, slot: &Slot) -> Option<u64> {
        (slot.own != NO_CODE).then(|| self.mem.range().start + slot.own as u64)
    }

    /// Code for this key.
    pub fn find(&self, key: Key) -> Option<u64> {
        self.code(self.slot(key)?)
    }

    /// Code of this tier for this key.
    pub fn find_tier(&self, key: Key, tier: CodeTier) -> Option<u64> {
        let slot = self.slot(key)?;
        self.code(slot).filter(|_| self.current.get(slot.owner()).tier == tier)
    }

    /// Code for this key, and whether some exit calls it.
    pub fn known(&self, key: Key) -> Known {
        let Some(slot) = self.slot(key) else { return Known::default() };
        Known { code: self.code(slot), called: slot.is_called() }
    }

    /// Does control come to this key, which has no code, for the first time? From now on it does not. Where there is no room
    /// to note that, it never does: who compiles the code finds out.
    pub fn is_first(&mut self, key: Key) -> bool {
        let room = self.links.room(1) && self.addresses.room(2);
        let Some(number) = room.then(|| self.slot_for(key).ok()).flatten() else { return false };
        !self.links.slot_mut(number).see()
    }

    /// Where the exits through the slot of this number go, and what is known of that. `None`: there is no such slot,
    /// which only a broken state can ask for.
    pub fn target(&self, number: u32) -> Option<(Key, Known)> {
        let slot = self.links.get(number)?;
        let key = slot.key();
        if self.links.is_current(number) {
            return Some((key, Known { code: self.code(slot), called: slot.is_called() }));
        }
        Some((key, self.known(key)))
    }

    /// The guest instruction that the code at this host address works for.
    pub fn source(&self, host_pc: u64) -> Option<Source> {
        Some(self.current.at(host_pc).or_else(|| self.previous.at(host_pc))?.1)
    }

    /// Where the fault exit of the access at this host address lies, if it has one.
    pub fn fault_exit(&self, host_pc: u64) -> Option<u64> {
        let found = self.current.fault_exit(host_pc);
        found.or_else(|| self.previous.fault_exit(host_pc)).flatten()
    }

    /// The block or region whose code lies at this host address: where it begins, the guest instruction that the code
    /// works for, and who made it.
    pub fn unit(&self, host_pc: u64) -> Option<(u64, u64, CodeTier)> {
        let (unit, source) = self.current.at(host_pc).or_else(|| self.previous.at(host_pc))?;
        Some((unit.guest().start, source.pc, unit.tier))
    }

    /// Places compiled code; its host address.
    pub fn place(&mut self, blob: &CodeBlob, how: Placing) -> Result<u64, PlaceError> {
        let keys = blob.fixups.len() + blob.entries.len();
        if !self.links.room(keys) || !self.addresses.room(keys + 1) || !self.current.room(blob) {
            return Err(PlaceError::Full);
        }
        let base = self.mem.reserve(blob.code.len()).ok_or(PlaceError::Full)?;
        self.mem.writable(base, blob.code.len()).copy_from_slice(&blob.code);
        for f in &blob.fixups {
            let to = self.data_for(f.kind, how)?;
            let at = base + f.offset as u64;
            self.mem.writable(at, 4).copy_from_slice(&displacement(at + 4, to));
        }
        let id = self.current.add(&mut self.mem.data, blob, base, how);
        self.list(id);
        for (n, &(pc, offset)) in blob.entries.iter().enumerate() {
            let number = self.slot_for(Key { pc, mode: how.mode })?;
            self.set_code(number, base + offset as u64, id, n == 0);
        }
        if let Some(observer) = &mut self.observer {
            let bytes = self.mem.read(base, blob.code.len());
            let guest = blob.entries[0].0;
            let Placing { mode, tier, .. } = how;
            let sources = &blob.source_map;
            observer.placed(&PlacedCode { tier, host: base, bytes, guest, sources, mode });
        }
        Ok(base + blob.entries[0].1 as u64)
    }

    /// The host address of what a fixup wants.
    #[inline]
    fn data_for(&mut self, kind: FixupKind, how: Placing) -> Result<u64, PlaceError> {
        let mode = how.mode;
        let (pc, offset, called) = match kind {
            // A region leaves out what was cold: if that gets hot, it wants a counter.
            FixupKind::DirectExit { target, ret } => {
                (target, 0, ret.is_some() || how.tier == CodeTier::Region)
            }
            FixupKind::Counter { target } => (target, COUNT_OFFSET, false),
            // What follows a call is not counted as a function is: the regions that it would make do not pay.
            FixupKind::Continuation { target } => (target, 0, false),
            FixupKind::Address { target } => (target, SLOT_PC as u64, false),
            FixupKind::Prediction { site } => return Ok(self.prediction(Key { pc: site, mode })),
        };
        let number = self.slot_for(Key { pc, mode })?;
        let slot = self.links.slot_mut(number);
        if called {
            slot.set_called();
        }
        Ok(&raw const *slot as u64 + offset)
    }

    /// Lists a unit by the guest code that it was made from.
    fn list(&mut self, id: UnitId) {
        let unit = self.current.get(id);
        let key = Key { pc: unit.guest().start, mode: unit.mode };
        if unit.is_plain()
            && let Some(next) = self.addresses.made(&mut self.mem.data, key, id.0 + 1)
        {
            self.current.get_mut(id).next = next;
            return;
        }
        for page in self.current.pages(self.current.get(id)) {
            self.regions.entry(page).or_default().push(id);
        }
    }

    /// `main`: it is the code's first entry.
    fn set_code(&mut self, number: u32, code: u64, owner: UnitId, main: bool) {
        let tier = self.current.get(owner).tier;
        let begin = self.mem.range().start;
        let slot = self.links.slot_mut(number);
        // A main entry wins over a side entry of an older region, never the other way round.
        if !main && slot.own != NO_CODE && self.current.get(slot.owner()).tier >= tier {
            return;
        }
        slot.own = (code - begin) as u32;
        slot.set_owner(owner);
        if tier == CodeTier::Region {
            // Whoever still comes to the old code by a jump cache is told at once.
            slot.link.count.store(0, Ordering::Relaxed);
        }
        if self.chain {
            self.links.lead(number, Some(code));
        }
    }

    /// Forgets the code for a key if it is this one's.
    pub(super) fn forget_code(&mut self, key: Key, owner: UnitId) {
        let Some(number) = self.addresses.get(key).checked_sub(1) else { return };
        let slot = self.links.slot_mut(number);
        if slot.owner() == owner && slot.own != NO_CODE {
            slot.own = NO_CODE;
            self.links.lead(number, None);
        }
    }

    /// Code that was placed at this host address and not given up since.
    pub fn placed_code(&self, at: u64, len: usize) -> &[u8] {
        self.mem.read(at, len)
    }

    /// Gives up everything: begins the other half of the memory. No vCPU may be in the half that begins.
    pub fn flush(&mut self) {
        self.links.swap_halves();
        if let Err(e) = self.mem.swap_halves() {
            tracing::error!("no memory for compiled code, it is interpreted: {e}");
        }
        std::mem::swap(&mut self.previous, &mut self.current);
        self.current.clear();
        self.addresses.clear();
        self.regions.clear();
        self.jumps.clear();
        self.sites.clear();
    }

    /// The process forked: parent and child go on with the code that there is, and place theirs apart.
    pub fn forked(&mut self, child: bool) {
        self.mem.forked(child);
        if let Some(observer) = self.observer.as_mut().filter(|_| child) {
            observer.forked();
            for (n, unit) in self.current.iter().enumerate() {
                let (host, guest) =
                    (self.mem.range().start + unit.start as u64, unit.guest().start);
                let bytes = self.mem.read(host, unit.len as usize);
                let sources = self.current.sources(n).collect::<Vec<_>>();
                let (tier, mode) = (unit.tier, unit.mode);
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
