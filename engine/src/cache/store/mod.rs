//! Compiled code of earlier runs: what of it fits the guest's code as it is now, and what of this run is worth keeping.
//!
//! Way of the data: a guest address without code → its [`image`] → the image's unit (`isamorph-persist`) → a piece that
//! matches its checksum, the guest's memory and the [`Care`] that is due → blob → [`super::map`]. The other way: a blob
//! placed → [`Store::record`] → [`save`] at the process's end.
//!
//! Invariants: a piece is used only if the guest bytes that it was made from are those that lie in the guest's memory,
//! read while the code cache is locked: what changes them drops the code as it drops other code. What is recorded
//! bears the bytes that it was made from, so it stays true whatever becomes of the mapping. No descriptor stays open:
//! the guest would see it.

mod build;
mod groups;
mod guest;
mod image;
mod load;
mod save;

use crate::cache::map::{CodeTier, Key};
use crate::config::EngineKind;
use crate::engine::Care;
use crate::stats::Counters;
use crate::{EngineConfig, StoreConfig};
use groups::Groups;
use guest::GuestBytes;
use image::Image;
use isamorph_backend_abi::CodeBlob;
use isamorph_ir::{CodeSource, Exception, Frontend, Mode};
use isamorph_persist::format::PAGE_SHIFT;
use isamorph_persist::{About, AppendCode, DirError, Directory, Kind, Record, XxHash3_128};
use load::Ahead;
use std::io::ErrorKind;
use std::ops::Range;

/// Most bytes of an image's pieces that wait to be saved.
const MOST_FRESH: usize = 64 << 20;
/// About what a guest instruction costs to be compiled, in nanoseconds, by tier.
const COMPILE_NANOS: [u64; 2] = [450, 8000];

/// What is kept of one process's code.
#[derive(Debug)]
pub(crate) struct Store {
    config: StoreConfig,
    /// `None`: not there yet.
    dir: Option<Directory>,
    /// What all units of this process have in common.
    salt: u128,
    /// Where guest code was met, by address; none overlap.
    images: Vec<Image>,
    /// Those that are not mapped any more, or whose code changed.
    parked: Vec<Image>,
    /// Index of the image last asked for.
    last: usize,
    guest: GuestBytes,
    groups: Groups,
    /// The blob last found.
    pub blob: CodeBlob,
    /// Scratch space of loading ahead.
    ahead: Ahead,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kept {
    pub tier: CodeTier,
    pub precise: bool,
}

fn kind(tier: CodeTier, care: Care) -> Kind {
    let Care { precise, clear_ignored_bits, exact_flags } = care;
    let (tier, precise) = match tier {
        // Always precise, whatever is due.
        CodeTier::Baseline => (0, false),
        CodeTier::Region => (1, precise),
    };
    Kind { tier, care: precise as u8 | (clear_ignored_bits as u8) << 1 | (exact_flags as u8) << 2 }
}

impl Store {
    /// What is kept under this configuration; `None`, after a message, if the directory cannot be used.
    pub fn open(
        store: StoreConfig,
        engine: &EngineConfig,
        frontend: &dyn Frontend,
    ) -> Option<Store> {
        if engine.kind == EngineKind::Interp {
            return None;
        }
        let dir = match Directory::open(&store.dir, false) {
            Ok(dir) => Some(dir),
            Err(DirError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => {
                if !store.write {
                    return None;
                }
                None
            }
            Err(error) => {
                tracing::warn!("no code cache: {error}");
                return None;
            }
        };
        let options = format!(
            "{:?} {:?} {} {} {} {:#x} {}",
            engine.kind,
            engine.limits,
            engine.look_ahead,
            engine.guest_base,
            frontend.desc().name,
            frontend.variant(),
            build::host(),
        );
        let mut all = build::identity();
        all.extend_from_slice(options.as_bytes());
        let (images, parked, guest, groups, blob, ahead) = Default::default();
        let salt = XxHash3_128::oneshot(&all);
        Some(Store {
            config: store,
            dir,
            salt,
            images,
            parked,
            last: 0,
            guest,
            groups,
            blob,
            ahead,
        })
    }

    /// Finds code for this key that may be placed now, and leaves it in [`Store::blob`].
    pub fn find(
        &mut self,
        code: &dyn CodeSource,
        key: Key,
        care: Care,
        counters: &Counters,
    ) -> Option<Kept> {
        let at = self.image_at(code, key.pc)?;
        let mode = kept_mode(code, key);
        let (block, region) = (kind(CodeTier::Baseline, care), kind(CodeTier::Region, care));
        let fits = |r: &Record| r.mode == mode && (r.kind == block || r.kind == region);
        loop {
            let image = &mut self.images[at];
            let pc = image.distance(key.pc);
            if let Some(unit) = &image.unit {
                let place = (image.base, image.range.end - image.base);
                let made = self.groups.group(image.key, unit, pc >> PAGE_SHIFT).and_then(|group| {
                    let Some(found) = group.find(pc, fits) else { return Ok(None) };
                    group.blob(&found, place, &mut self.blob).map(|()| Some(found))
                });
                match made {
                    Ok(Some(found)) => return self.compare(code, &found, care, counters),
                    Ok(None) => {}
                    Err(error) => {
                        counters.kept_broken.add(1);
                        tracing::warn!(
                            "the code cache for `{}` is broken at {:#x}, its code is compiled anew: {error}",
                            image.name,
                            key.pc
                        );
                        // More of it may be; what is saved in the end leaves out what is broken.
                        image.unit = None;
                        return None;
                    }
                }
            }
            if !image.look_again(self.dir.as_ref()) {
                return None;
            }
            self.groups.forget();
        }
    }

    /// Compares a piece, whose blob was made, with the guest's memory.
    fn compare(
        &mut self,
        code: &dyn CodeSource,
        found: &Record,
        care: Care,
        counters: &Counters,
    ) -> Option<Kept> {
        if self.guest.hash(code, &self.blob.guest_ranges) != Some(found.guest) {
            counters.kept_outdated.add(1);
            return None;
        }
        let tier = if found.kind.tier == 0 { CodeTier::Baseline } else { CodeTier::Region };
        Some(Kept { tier, precise: tier == CodeTier::Baseline || care.precise })
    }

    /// Remembers code that was compiled and placed with its first entry at this host address, if it is a file's.
    pub fn record(
        &mut self,
        code: &dyn CodeSource,
        key: Key,
        (blob, entry): (&CodeBlob, u64),
        tier: CodeTier,
        care: Care,
    ) {
        if !self.config.write {
            return;
        }
        let Some(at) = self.image_at(code, key.pc) else { return };
        let image = &mut self.images[at];
        let inside = |r: &Range<u64>| {
            !r.is_empty() && image.range.start <= r.start && r.end <= image.range.end
        };
        // Code that is not there yet could be there next time.
        let fetches = blob.exceptions.contains(&Exception::Fetch);
        if fetches || !blob.guest_ranges.iter().all(inside) || image.fresh.bytes() > MOST_FRESH {
            return;
        }
        let Some(guest) = self.guest.hash_once(code, &blob.guest_ranges) else { return };
        let about = About { mode: kept_mode(code, key), kind: kind(tier, care), guest };
        let placed = entry - blob.entries[0].1 as u64;
        if image.fresh.add(blob, image.base, &about, Some(placed)) {
            image.gain += COMPILE_NANOS[about.kind.tier as usize] * blob.guest_insns as u64;
        }
    }

    /// The code that was placed will be gone: copies what waits to be saved.
    pub fn copy_code(&mut self, placed: &AppendCode<'_>) {
        for image in self.images.iter_mut().chain(&mut self.parked) {
            image.fresh.copy_code(placed);
        }
    }

    /// Guest code in this range changed or is gone.
    pub fn invalidate(&mut self, range: &Range<u64>) {
        self.guest.forget();
        let touched = |i: &Image| i.range.start < range.end && range.start < i.range.end;
        while let Some(at) = self.images.iter().position(touched) {
            let image = self.images.remove(at);
            self.parked.push(image);
        }
    }

    /// In a forked child: the parent saves what it recorded.
    pub fn forked(&mut self) {
        for image in self.images.iter_mut().chain(&mut self.parked) {
            image.forget_fresh();
        }
    }

    /// The image at this address, among [`Store::images`].
    fn image_at(&mut self, code: &dyn CodeSource, pc: u64) -> Option<usize> {
        if self.images.get(self.last).is_some_and(|i| i.range.contains(&pc)) {
            return Some(self.last);
        }
        let at = self.images.partition_point(|i| i.range.end <= pc);
        if !self.images.get(at).is_some_and(|i| i.range.contains(&pc)) {
            let met = code.image(pc)?;
            if !met.range.contains(&pc) || met.base > met.range.start {
                return None;
            }
            let key = image::key(self.salt, &met);
            // Met before, unmapped, mapped again as it was.
            let known = self.parked.iter().position(|i| i.key == key);
            let image = match known {
                Some(n) => self.parked.swap_remove(n),
                None => Image::new(self.dir.as_ref(), key, met)?,
            };
            self.images.insert(at, image);
        }
        self.last = at;
        Some(at)
    }
}

/// The mode as it is kept: with whether the page is guarded, which code depends on in modes that look at branch targets.
fn kept_mode(code: &dyn CodeSource, key: Key) -> u32 {
    const GUARDED: u32 = 1 << 16;
    let guarded = key.mode != Mode::default() && code.guarded(key.pc);
    key.mode.0 | if guarded { GUARDED } else { 0 }
}
