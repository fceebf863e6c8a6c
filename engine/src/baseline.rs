//! The first tier: blocks compiled at first touch, on the vCPU's own thread.
//!
//! A block is lifted and compiled in one go under one lock, and placed if the guest's code did not change
//! meanwhile. What cannot be compiled is interpreted. Executions are counted by the code itself where control goes
//! back or comes by a call ([`Engine::hot`]); what runs out of its count is asked for as a region.

use crate::cache::map::{CodeTier, Key, PlaceError, Placing};
use crate::config::EngineKind;
use crate::engine::{Care, Engine};
use crate::sample::{self, Doing};
use isamorph_backend_baseline::{Compiler, Options};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

/// The compiler, made when it is first wanted.
#[derive(Default)]
pub(crate) struct Baseline {
    compiler: Option<Compiler>,
    /// The host is not one that it compiles for.
    unavailable: bool,
    /// What could not be compiled: it stays with the interpreter.
    failed: HashSet<Key>,
    /// Blocks compiled, to measure one of every few.
    blocks: u64,
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

/// Executions after which a hot address that has its region asks again: whoever comes then has an old address.
const STALE: i32 = 4096;

impl Engine {
    /// Does this engine begin with the baseline compiler?
    fn has_baseline(&self) -> bool {
        matches!(self.config.kind, EngineKind::Baseline | EngineKind::Auto)
    }

    /// Code for this key: what there is, or what this engine compiles at first touch.
    pub(crate) fn code_for(&self, key: Key, arrival: Arrival) -> Option<u64> {
        if let Some(code) = self.find_or_load(key) {
            return Some(code);
        }
        match self.config.kind {
            EngineKind::Interp => None,
            EngineKind::Jit => self.compile_now(key),
            EngineKind::Baseline | EngineKind::Auto => self.compile_block(key, arrival),
        }
    }

    /// Compiles the block at this key and places it.
    fn compile_block(&self, key: Key, arrival: Arrival) -> Option<u64> {
        debug_assert!(self.has_baseline());
        let _doing = sample::during(Doing::Block);
        let mut baseline = self.tier.lock_baseline();
        if baseline.unavailable || self.tier.is_disabled() || baseline.failed.contains(&key) {
            return None;
        }
        baseline.blocks += 1;
        let begun = baseline.blocks.is_multiple_of(MEASURED).then(Instant::now);
        let (since, head) = {
            let mut cache = self.cache()?;
            if let Some(code) = cache.code.find(key) {
                return Some(code);
            }
            let called = arrival == Arrival::Direct && cache.code.is_called(key);
            (cache.begin(), called || arrival == Arrival::Head)
        };
        // A bug in a pass or the compiler must not take the guest with it: the interpreter goes on.
        let made = catch_unwind(AssertUnwindSafe(|| {
            self.translate_block(&mut baseline, key, head, since)
        }));
        let code = made.unwrap_or_else(|_| {
            tracing::error!(pc = format_args!("{:#x}", key.pc), "the compiler failed on a block");
            baseline.compiler = None;
            baseline.failed.insert(key);
            None
        });
        if code.is_none() {
            self.leave();
        }
        if let Some(begun) = begun {
            self.counters.block_nanos.add(MEASURED * begun.elapsed().as_nanos() as u64);
        }
        code
    }

    /// The compilation has left ([`Engine::leave`]) if it yields code.
    fn translate_block(
        &self,
        baseline: &mut Baseline,
        key: Key,
        head: bool,
        since: u64,
    ) -> Option<u64> {
        if baseline.compiler.is_none() {
            match Compiler::new(self.desc) {
                Ok(compiler) => baseline.compiler = Some(compiler),
                Err(error) => {
                    tracing::warn!("no baseline code, cold code is interpreted: {error}");
                    baseline.unavailable = true;
                    return None;
                }
            }
        }
        let compiler = baseline.compiler.as_mut()?;
        let max = self.config.limits.block_insns;
        let block = self.frontend.lift(&*self.code, key.pc, key.mode, max);
        if block.len == 0 {
            // Nothing to be fetched: there is no code that could change.
            return None;
        }
        if block.sees_fp_flags() {
            self.set_exact_flags();
        }
        let care = self.care();
        let options = Options {
            polls: true,
            counts: self.config.kind == EngineKind::Auto,
            head,
            exact_underflow: care.exact_flags,
            clear_ignored_bits: care.clear_ignored_bits,
            guest_base: self.config.guest_base,
        };
        let blob = match compiler.compile(&block, &options) {
            Ok(blob) => blob,
            Err(error) => {
                tracing::debug!("a block stays with the interpreter: {error}");
                baseline.failed.insert(key);
                return None;
            }
        };
        let how = Placing { mode: key.mode, tier: CodeTier::Baseline, precise: true };
        for attempt in 0..2 {
            let mut cache = self.cache()?;
            // Baseline code is always precise.
            let now = Care { precise: care.precise, ..self.care() };
            if care != now || cache.changed_since(since, &blob.guest_ranges) {
                return None;
            }
            match cache.code.place(blob, how) {
                Ok(code) => {
                    cache.leave();
                    if let Some(store) = &mut cache.store {
                        store.record(&*self.code, key, blob, CodeTier::Baseline, care);
                    }
                    drop(cache);
                    self.counters.blocks.add(1);
                    self.counters.block_insns.add(blob.guest_insns as u64);
                    self.counters.block_bytes.add(blob.code.len() as u64);
                    return Some(code);
                }
                Err(PlaceError::Full) => {
                    drop(cache);
                    if attempt == 1 || !self.drop_code() {
                        break;
                    }
                }
            }
        }
        None
    }

    /// The counter at this host address ran out: asks for a region; the address that was counted, and its code.
    pub(crate) fn hot(self: &Arc<Self>, counter: u64) -> Option<(Key, Option<u64>)> {
        let (key, region) = {
            let cache = self.cache()?;
            let key = cache.code.counted(counter)?;
            let region = cache.code.find_tier(key, CodeTier::Region);
            let again = self.config.threshold.clamp(1, i32::MAX as u32) as i32;
            cache.code.set_count(counter, if region.is_some() { STALE } else { again });
            (key, region)
        };
        if region.is_some() {
            return Some((key, region));
        }
        self.request(key);
        Some((key, self.code_for(key, Arrival::Head)))
    }
}
