//! The engine: what all vCPUs of a guest share.
//!
//! Locks, in the order in which they may be taken: saving → compile queue → synchronous compiler → code cache (and
//! baseline compiler) → lifted blocks → vCPU registry → samples. No guest code runs and no guest memory is touched under
//! any of them, except that guest code is *read* (through [`CodeSource`]) under the compilers' and the code cache's.

use crate::baseline::{Baseline, first_count};
use crate::blocks::BlockMap;
use crate::cache::map::{CodeCache, CodeTier, Key};
use crate::cache::observe::CodeObserver;
use crate::cache::store::Store;
use crate::config::{EngineConfig, EngineError, EngineKind, StoreConfig};
use crate::sample::{Profile, Sampler};
use crate::stats::{Counters, Stats};
use crate::tier::Tier;
use crate::vcpu::Shared;
use isamorph_backend_abi::abi;
use isamorph_backend_abi::slot::{NO_JUMPS, SharedJumps};
use isamorph_ir::{CodeSource, Frontend, GuestDesc, Mode, Op, Shape};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};

/// An engine: translations, compilers, statistics. One per guest process or machine.
pub struct Engine {
    pub(crate) config: EngineConfig,
    /// What control comes to for the first time is interpreted.
    pub(crate) interprets_first: bool,
    pub(crate) frontend: Arc<dyn Frontend>,
    pub(crate) code: Arc<dyn CodeSource>,
    pub(crate) desc: &'static GuestDesc,
    pub(crate) helper_table: &'static [usize],
    pub(crate) blocks: BlockMap,
    pub(crate) cache: Option<Mutex<Cache>>,
    /// Host addresses that compiled code may lie at.
    pub(crate) code_range: Range<u64>,
    pub(crate) tier: Tier,
    pub(crate) counters: Counters,
    pub(crate) precise: AtomicBool,
    /// The guest was seen to set ignored bits of an address: compiled code is to clear them.
    clears_ignored_bits: AtomicBool,
    /// The guest was seen to look at the cumulative floating-point flags.
    exact_flags: AtomicBool,
    /// Compiled code was made with less [`Care`] than is due now, and could not be dropped yet.
    drop_due: AtomicBool,
    /// Counts invalidations and flushes: vCPUs drop what they cached when it moves.
    pub(crate) generation: AtomicU64,
    registry: Mutex<Vec<Weak<Shared>>>,
    pub(crate) sampler: Option<Sampler>,
    /// Held while the code cache is written to disk.
    saving: Mutex<()>,
}

/// The code cache, the compiler that fills it on the spot, and what compilations in flight must know.
pub(crate) struct Cache {
    pub code: CodeCache,
    /// Code of earlier runs, and for later ones.
    pub store: Option<Store>,
    pub baseline: Baseline,
    /// Compilations of regions begun and not yet placed.
    pub in_flight: usize,
    /// Guest code that changed since the oldest of them began, by the engine's count.
    pub changed: Vec<(u64, Range<u64>)>,
    /// Counts changes.
    pub changes: u64,
}

/// What the guest was seen to need of compiled code: code made with less is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Care {
    /// Registers are exact at every access that may fault.
    pub precise: bool,
    /// Ignored top bits of addresses are cleared before every access.
    pub clear_ignored_bits: bool,
    /// Every cumulative floating-point flag is exact.
    pub exact_flags: bool,
}

impl Cache {
    /// A compilation begins: the count of changes so far.
    pub fn begin(&mut self) -> u64 {
        self.in_flight += 1;
        self.changes
    }

    /// A compilation ends.
    pub fn leave(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.in_flight == 0 {
            self.changed.clear();
        }
    }

    /// Did guest code in these ranges change since then?
    pub fn changed_since(&self, since: u64, guest: &[Range<u64>]) -> bool {
        let overlaps = |c: &Range<u64>| guest.iter().any(|g| g.start < c.end && c.start < g.end);
        self.changed.iter().any(|(at, c)| *at > since && overlaps(c))
    }
}

impl Engine {
    /// Makes an engine for the guest of this frontend.
    pub fn new(
        config: EngineConfig,
        frontend: Arc<dyn Frontend>,
        code: Arc<dyn CodeSource>,
    ) -> Result<Arc<Engine>, EngineError> {
        Engine::with_store(config, None, frontend, code)
    }

    /// Makes an engine that begins with the compiled code of earlier runs, and keeps its own for later ones
    /// ([`Engine::save_code`]).
    pub fn with_store(
        config: EngineConfig,
        store: Option<StoreConfig>,
        frontend: Arc<dyn Frontend>,
        code: Arc<dyn CodeSource>,
    ) -> Result<Arc<Engine>, EngineError> {
        let desc = frontend.desc();
        let (size, max) = (desc.layout.size, isamorph_ir::StateLayout::MAX_SIZE);
        if size > max {
            return Err(EngineError::State { guest: desc.name, size, max });
        }
        // Who fills the cache of later runs wants all code in it.
        let eager = store.as_ref().is_some_and(|store| store.eager);
        let interprets_first =
            config.interpret_first && config.kind == EngineKind::Auto && config.chain && !eager;
        let cache = match config.kind {
            EngineKind::Interp => None,
            EngineKind::Baseline | EngineKind::Jit | EngineKind::Auto => {
                let bytes = config.code_bytes;
                let shift = desc.insn_shift;
                let count = first_count(config.threshold);
                let code = CodeCache::new(bytes, shift, config.chain, count)
                    .map_err(|source| EngineError::CodeMemory { bytes, source })?;
                let store = store
                    .filter(|_| !config.count_transitions)
                    .and_then(|store| Store::open(store, &config, &*frontend));
                Some(Mutex::new(Cache {
                    code,
                    store,
                    baseline: Baseline::default(),
                    in_flight: 0,
                    changed: vec![],
                    changes: 0,
                }))
            }
        };
        let range = |c: &Mutex<Cache>| c.lock().expect("just made").code.host_range();
        let code_range = cache.as_ref().map_or(0..0, range);
        Ok(Arc::new(Engine {
            config,
            interprets_first,
            code_range,
            desc,
            helper_table: abi::helper_table(desc),
            frontend,
            code,
            blocks: BlockMap::default(),
            cache,
            tier: Tier::default(),
            counters: Counters::default(),
            precise: AtomicBool::new(config.precise),
            clears_ignored_bits: AtomicBool::new(false),
            exact_flags: AtomicBool::new(config.exact_flags),
            drop_due: AtomicBool::new(false),
            generation: AtomicU64::new(0),
            registry: Mutex::default(),
            sampler: config.sampling.map(|wish| Sampler::new(wish, config.guest_base)),
            saving: Mutex::default(),
        }))
    }

    /// The guest.
    pub fn desc(&self) -> &'static GuestDesc {
        self.desc
    }

    /// The set-up.
    pub fn config(&self) -> &EngineConfig {
        &self.config
    }

    /// What it did so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.counters.snapshot();
        for shared in self.registry().iter().filter_map(Weak::upgrade) {
            shared.own.add_to(&mut stats);
        }
        stats
    }

    /// Has this observer told of all code that is placed from now on.
    pub fn observe_code(&self, observer: Box<dyn CodeObserver>) {
        if let Some(mut cache) = self.cache() {
            cache.code.observer = Some(observer);
        }
    }

    /// Where processor time went so far, if the engine samples it.
    pub fn profile(&self) -> Option<Profile> {
        let sampler = self.sampler.as_ref()?;
        self.drain_samples();
        Some(sampler.profile())
    }

    /// Takes over the threads' samples.
    pub(crate) fn drain_samples(&self) {
        if let Some(sampler) = &self.sampler {
            sampler.drain(self.cache().as_ref().map(|cache| &cache.code));
        }
    }

    /// The ops that compiled code left to the reference interpreter, how often, most often first.
    pub fn reference_ops(&self) -> Vec<(Op, Shape, u64)> {
        self.counters.reference_ops.by_op()
    }

    /// Guest code in this range changed, or may no longer be executed.
    pub fn invalidate(&self, range: Range<u64>) {
        let mut dropped = 0;
        if let Some(mut cache) = self.cache() {
            dropped += cache.code.invalidate(range.clone());
            if let Some(store) = &mut cache.store {
                store.invalidate(&range);
            }
            self.counters.invalidated.add(dropped as u64);
            cache.changes += 1;
            if cache.in_flight > 0 {
                let at = cache.changes;
                cache.changed.push((at, range.clone()));
            }
        }
        dropped += self.blocks.invalidate(&range);
        if dropped > 0 {
            self.renew_generation();
        }
    }

    /// Registers must be exact at every fault from now on: somebody could look at them.
    pub fn set_precise(&self) {
        if !self.precise.swap(true, Ordering::AcqRel) {
            if let Some(mut cache) = self.cache() {
                cache.code.drop_relaxed();
            }
            self.blocks.forget_requests();
            self.renew_generation();
        }
    }

    /// Are registers exact at every fault?
    pub fn is_precise(&self) -> bool {
        self.config.kind == EngineKind::Interp || self.precise.load(Ordering::Acquire)
    }

    /// Ignored bits of addresses are to be cleared by compiled code from now on. Async-signal-safe: the code is
    /// dropped when a vCPU next attends.
    pub(crate) fn clear_ignored_bits(&self) {
        if !self.clears_ignored_bits.swap(true, Ordering::AcqRel) {
            self.drop_due.store(true, Ordering::Release);
        }
    }

    /// The guest looks at the cumulative floating-point flags, or will: they are to be exact from now on.
    pub(crate) fn set_exact_flags(&self) {
        if !self.exact_flags.swap(true, Ordering::AcqRel) {
            self.drop_due.store(true, Ordering::Release);
            self.drop_if_due();
        }
    }

    /// Drops compiled code if that is due.
    pub(crate) fn drop_if_due(&self) {
        if self.drop_due.load(Ordering::Relaxed)
            && self.drop_due.swap(false, Ordering::AcqRel)
            && !self.drop_code()
        {
            self.drop_due.store(true, Ordering::Release);
        }
    }

    /// What compiled code must heed now.
    pub(crate) fn care(&self) -> Care {
        Care {
            precise: self.is_precise(),
            clear_ignored_bits: self.clears_ignored_bits.load(Ordering::Acquire),
            exact_flags: self.exact_flags.load(Ordering::Acquire),
        }
    }

    /// Forks the host process by `fork`, which returns true in the child, with every lock of the engine held, so
    /// that the child finds it whole. The child goes on with its parent's code; it has no compile threads, which come
    /// again on demand.
    pub fn fork(&self, fork: impl FnOnce() -> bool) -> bool {
        let saving = self.saving();
        let mut queue = self.tier.lock_queue();
        let compiler = self.tier.lock_compiler();
        let mut cache = self.cache();
        let mut registry = self.registry();
        let samples = self.sampler.as_ref().map(Sampler::lock);
        let child = self.blocks.locked(fork);
        if let Some(cache) = &mut cache {
            cache.code.forked(child);
        }
        if child {
            samples.into_iter().for_each(|mut samples| samples.forget());
            // The old queue's insides may be in use by the compile thread, which did not come along: leak it.
            std::mem::forget(std::mem::take(&mut *queue));
            self.blocks.forget_requests();
            if let Some(cache) = &mut cache {
                cache.in_flight = 0;
                cache.changed.clear();
                if let Some(store) = &mut cache.store {
                    store.forked();
                }
            }
            // Threads that did not come along are in compiled code for ever.
            registry.retain(|w| w.upgrade().is_some_and(|shared| shared.is_outside()));
        }
        drop((compiler, cache, registry, saving));
        child
    }

    pub(crate) fn cache(&self) -> Option<MutexGuard<'_, Cache>> {
        self.cache.as_ref().map(|c| c.lock().expect("no thread panics with this lock"))
    }

    pub(crate) fn saving(&self) -> MutexGuard<'_, ()> {
        self.saving.lock().expect("no thread panics with this lock")
    }

    /// Threads that execute guest code.
    pub(crate) fn running(&self) -> usize {
        let registry = self.registry();
        registry.iter().filter_map(Weak::upgrade).filter(|shared| !shared.is_outside()).count()
    }

    fn registry(&self) -> MutexGuard<'_, Vec<Weak<Shared>>> {
        self.registry.lock().expect("no thread panics with this lock")
    }

    /// Makes every vCPU's run return as interrupted, soon.
    pub fn interrupt_all(&self) {
        for shared in self.registry().iter().filter_map(Weak::upgrade) {
            shared.interrupt();
        }
    }

    pub(crate) fn register(&self, shared: &Arc<Shared>) {
        let mut registry = self.registry();
        registry.retain(|w| w.strong_count() > 0);
        registry.push(Arc::downgrade(shared));
    }

    /// Makes every vCPU drop what it cached, soon.
    fn renew_generation(&self) {
        self.generation.fetch_add(1, Ordering::AcqRel);
        for shared in self.registry().iter().filter_map(Weak::upgrade) {
            shared.attention();
        }
    }

    /// Drops all compiled code. False if a vCPU may still be in the memory to be reused: try again later.
    pub(crate) fn drop_code(&self) -> bool {
        let Some(mut cache) = self.cache() else { return true };
        let now = self.generation.load(Ordering::Acquire);
        let oldest = cache.code.flushed_at;
        let busy = |s: Arc<Shared>| s.entered_before(oldest);
        if self.registry().iter().filter_map(Weak::upgrade).any(busy) {
            drop(cache);
            self.renew_generation();
            return false;
        }
        if let Some(sampler) = &self.sampler {
            sampler.drain(Some(&cache.code));
        }
        let Cache { code, store, .. } = &mut *cache;
        if let Some(store) = store {
            store.copy_code(&|at, len, out| out.extend_from_slice(code.placed_code(at, len)));
        }
        cache.code.flush();
        self.blocks.forget_requests();
        cache.code.flushed_at = now + 1;
        self.counters.flushes.add(1);
        drop(cache);
        self.renew_generation();
        true
    }

    /// Tells all vCPUs how to reach this address, which has code; the address of its link slot, if there is room for one.
    pub(crate) fn share(&self, key: Key) -> Option<u64> {
        self.cache()?.code.share(key)
    }

    /// The targets that all vCPUs in this mode share.
    pub(crate) fn shared_jumps(&self, mode: Mode) -> *const SharedJumps {
        self.cache().map_or(&NO_JUMPS, |mut cache| cache.code.shared_jumps(mode))
    }

    /// Where the computed jump or call at this address went lately, as far as its baseline code knows: calls by register,
    /// and jumps to what a constant address holds. A guess, for who checks the target.
    pub fn last_target(&self, site: Key) -> Option<u64> {
        self.cache()?.code.last_target(site)
    }

    /// Low address bits that are zero for every instruction, which the jump cache leaves out.
    pub(crate) fn jump_shift(&self) -> u32 {
        self.desc.insn_shift
    }

    /// Code for this key, if it is compiled.
    pub(crate) fn find_code(&self, key: Key) -> Option<u64> {
        self.cache()?.code.find(key)
    }

    /// Is there a region for this key?
    pub(crate) fn has_region(&self, key: Key) -> bool {
        self.cache().is_some_and(|c| c.code.find_tier(key, CodeTier::Region).is_some())
    }
}
