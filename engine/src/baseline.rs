//! The first tier: blocks compiled at first touch, on the vCPU's own thread.
//!
//! A block is found, or lifted, compiled and placed, in one go under the code cache's lock. What cannot be compiled is
//! interpreted, and so is what control comes to for the first time ([`Found::First`], ADR 23). Executions are counted by the code itself where control goes
//! back or comes by a call ([`Engine::hot`]); what runs out of its count is asked for as a region.

use crate::cache::map::{CodeCache, CodeTier, Key, Known, PlaceError, Placing};
use crate::cache::store::Store;
use crate::config::EngineKind;
use crate::engine::{Cache, Engine};
use crate::heat;
use crate::sample::{self, Doing};
use isamorph_backend_baseline::{CompileError, Compiler, Host, Options};
use isamorph_ir::Inst;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// The compiler, made when it is first wanted. Lives under the code cache's lock.
#[derive(Default)]
pub(crate) struct Baseline {
    compiler: Option<Compiler>,
    /// The host is not one that it compiles for.
    unavailable: bool,
    /// What could not be compiled: it stays with the interpreter.
    failed: HashSet<Key>,
    /// Blocks compiled, to measure one of every few.
    blocks: u64,
    /// Room for the next block.
    room: Vec<Inst>,
}

/// Why there is no code for a block.
enum Refusal {
    /// The interpreter runs it.
    Interpret,
    /// The cache is full.
    Full,
    /// It looks at the cumulative floating-point flags, which are not kept exact yet.
    FlagsSeen,
}

/// One block of so many is measured.
const MEASURED: u64 = 16;

/// How control comes to a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// By a direct branch, or falling into it.
    Direct,
    /// By a call or a computed jump.
    Head,
    /// By a return.
    Return,
}

/// What there is for control that comes to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// Code at this host address.
    Code(u64),
    /// None, since control comes for the first time: the interpreter runs it, once, and whoever is told so sees to that.
    First,
    /// None: the interpreter runs it.
    None,
}

impl Found {
    fn of(code: Option<u64>) -> Found {
        code.map_or(Found::None, Found::Code)
    }
}

/// Executions after which a hot address that has its region asks again: whoever comes then has an old address.
const STALE: i32 = 4096;

/// What a counter begins with.
pub(crate) fn first_count(threshold: u32) -> u32 {
    (threshold / heat::FRACTION).max(1)
}

impl Engine {
    /// Code for this key: what there is, or what this engine compiles when control comes.
    pub(crate) fn code_for(&self, key: Key, arrival: Arrival) -> Found {
        match self.config.kind {
            EngineKind::Interp => Found::None,
            EngineKind::Jit => Found::of(self.find_or_load(key).or_else(|| self.compile_now(key))),
            EngineKind::Baseline | EngineKind::Auto => {
                let found = self.block_code(|cache| Some((key, cache.known(key))), arrival);
                found.map_or(Found::None, |(_, found)| found)
            }
        }
    }

    /// Where the exits through this slot go, and the code there, compiled if there is none. `None`: there is no such
    /// slot.
    pub(crate) fn code_behind(&self, slot: u32) -> Option<(Key, Found)> {
        match self.config.kind {
            EngineKind::Baseline | EngineKind::Auto if self.config.chain => {
                self.block_code(|cache| cache.target(slot), Arrival::Direct)
            }
            _ => {
                let (key, _) = self.cache()?.code.target(slot)?;
                let chained = || self.code_for(key, Arrival::Direct);
                Some((key, if self.config.chain { chained() } else { Found::None }))
            }
        }
    }

    /// The key that `of` finds in the cache, and the code there, of which it tells what is known: what there is, or a block compiled now.
    fn block_code(
        &self,
        of: impl Fn(&CodeCache) -> Option<(Key, Known)>,
        arrival: Arrival,
    ) -> Option<(Key, Found)> {
        let mut flushed = false;
        loop {
            let mut cache = self.cache()?;
            let (key, found) = of(&cache.code)?;
            if let Some(code) = found.code.or_else(|| self.load_kept(&mut cache, key)) {
                return Some((key, Found::Code(code)));
            }
            if self.interprets_first && cache.code.is_first(key) {
                return Some((key, Found::First));
            }
            let head = arrival == Arrival::Head || arrival == Arrival::Direct && found.called;
            let refusal = match self.compile_block(&mut cache, key, head) {
                Ok(code) => return Some((key, Found::Code(code))),
                Err(refusal) => refusal,
            };
            drop(cache);
            match refusal {
                Refusal::FlagsSeen => self.set_exact_flags(),
                Refusal::Full if !flushed && self.drop_code() => flushed = true,
                Refusal::Full | Refusal::Interpret => return Some((key, Found::None)),
            }
        }
    }

    /// Compiles the block at this key and places it. The cache's lock is held from the reading of the guest's code to
    /// the placing: whoever changes that code waits, and then drops what was made of it.
    fn compile_block(&self, cache: &mut Cache, key: Key, head: bool) -> Result<u64, Refusal> {
        let _doing = sample::during(Doing::Block);
        let Cache { code, baseline, store, .. } = cache;
        if baseline.unavailable || baseline.failed.contains(&key) {
            return Err(Refusal::Interpret);
        }
        baseline.blocks += 1;
        let begun = baseline.blocks.is_multiple_of(MEASURED).then(Instant::now);
        // A bug in a pass or the compiler must not take the guest with it: the interpreter goes on.
        let made = catch_unwind(AssertUnwindSafe(|| {
            self.translate_block(code, baseline, store.as_mut(), key, head)
        }));
        let made = made.unwrap_or_else(|_| {
            tracing::error!(pc = format_args!("{:#x}", key.pc), "the compiler failed on a block");
            baseline.compiler = None;
            baseline.failed.insert(key);
            Err(Refusal::Interpret)
        });
        if let Some(begun) = begun {
            self.counters.block_nanos.add(MEASURED * begun.elapsed().as_nanos() as u64);
        }
        made
    }

    fn translate_block(
        &self,
        code: &mut CodeCache,
        baseline: &mut Baseline,
        store: Option<&mut Store>,
        key: Key,
        head: bool,
    ) -> Result<u64, Refusal> {
        if baseline.compiler.is_none() {
            match Host::detect() {
                Ok(host) => {
                    let host = if self.config.plain_host { Host::V2 } else { host };
                    baseline.compiler = Some(Compiler::for_host(self.desc, host));
                }
                Err(error) => {
                    tracing::warn!("no baseline code, cold code is interpreted: {error}");
                    baseline.unavailable = true;
                }
            }
        }
        let compiler = baseline.compiler.as_mut().ok_or(Refusal::Interpret)?;
        let max = self.config.limits.block_insns;
        let room = std::mem::take(&mut baseline.room);
        let mut block = self.frontend.lift_in(room, &*self.code, key.pc, key.mode, max);
        // Nothing to be fetched: there is no code that could change.
        if block.len == 0 {
            return Err(Refusal::Interpret);
        }
        let care = self.care();
        let options = Options {
            polls: true,
            counts: self.config.kind == EngineKind::Auto,
            head,
            exact_underflow: care.exact_flags,
            clear_ignored_bits: care.clear_ignored_bits,
            count_transitions: self.config.count_transitions,
            guest_base: self.config.guest_base,
        };
        let blob = match compiler.compile(&mut block, &options) {
            Ok(blob) => blob,
            Err(CompileError::FpFlags) => return Err(Refusal::FlagsSeen),
            Err(error) => {
                tracing::debug!("a block stays with the interpreter: {error}");
                baseline.failed.insert(key);
                return Err(Refusal::Interpret);
            }
        };
        baseline.room = block.insts;
        let how = Placing { mode: key.mode, tier: CodeTier::Baseline, precise: true };
        let at = code.place(blob, how).map_err(|PlaceError::Full| Refusal::Full)?;
        self.counters.blocks.add_alone(1);
        self.counters.block_insns.add_alone(blob.guest_insns as u64);
        self.counters.block_bytes.add_alone(blob.code.len() as u64);
        if let Some(store) = store {
            store.record(&*self.code, key, (blob, at), CodeTier::Baseline, care);
        }
        Ok(at)
    }

    /// The counter at this host address ran out: asks for a region; the address that was counted, and its code.
    pub(crate) fn hot(self: &Arc<Self>, counter: u64) -> Option<(Key, Found)> {
        let (key, region) = {
            let cache = self.cache()?;
            let key = cache.code.counted(counter)?;
            let region = cache.code.find_tier(key, CodeTier::Region);
            let again = first_count(self.config.threshold).clamp(1, i32::MAX as u32) as i32;
            cache.code.set_count(counter, if region.is_some() { STALE } else { again });
            (key, region)
        };
        if region.is_some() {
            return Some((key, Found::of(region)));
        }
        let running = self.running();
        let enough = self.tier.lock_queue().heat.is_enough(key, running);
        if enough {
            self.request(key);
        }
        Some((key, self.code_for(key, Arrival::Head)))
    }
}
