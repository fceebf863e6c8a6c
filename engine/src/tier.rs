//! Tiers: when a region is compiled, by whom, and how it gets into the cache.
//!
//! Baseline code ([`crate::baseline`]), or the interpreter on hosts without it, runs what is cold and counts. What is
//! hot is asked for on a bounded queue, which a background thread serves; `EngineKind::Jit` compiles on the vCPU's own thread at first touch instead. A compilation works
//! without any lock on the guest's code as it finds it; before placing the result it checks that the code did not
//! change meanwhile.

use crate::baseline::first_count;
use crate::cache::map::{CodeTier, Key, PlaceError, Placing};
use crate::config::EngineKind;
use crate::effort;
use crate::engine::{Care, Engine};
use crate::guesses::Guesses;
use crate::heat::{self, Heat};
use crate::lookahead::Lookahead;
use crate::region_former::{self, Guest};
use crate::sample::{self, Doing};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use isamorph_backend_abi::CodeBlob;
use isamorph_backend_cranelift::{CompileError, CompileOptions, Compiler};
use isamorph_ir::opt::{OptOptions, optimize_region_with};
use isamorph_ir::{Block, Mode, Region, Term};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Instant;

/// Requests that may wait; more are dropped and asked for again.
const QUEUE_LENGTH: usize = 256;

/// A function that ran for this part of what its counter begins with is called often.
const OFTEN: u32 = 4;

/// The compile queue and its thread, both made on demand.
#[derive(Default)]
pub(crate) struct Queue {
    sender: Option<Sender<Key>>,
    /// Asked for and not answered yet.
    pending: HashSet<Key>,
    /// Of those, regions that are to be compiled again, in place of those that there are.
    renewed: HashSet<Key>,
    guesses: Guesses,
    pub heat: Heat,
}

/// State of the compiling tier.
#[derive(Default)]
pub(crate) struct Tier {
    queue: Mutex<Queue>,
    /// The compiler of `EngineKind::Jit`, used on the vCPUs' threads.
    compiler: Mutex<Option<Compiler>>,
    /// Regions that could not be compiled: they stay with the tier below.
    failed: Mutex<HashSet<Key>>,
}

impl Tier {
    pub fn lock_queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().expect("no thread panics with this lock")
    }

    pub fn lock_compiler(&self) -> MutexGuard<'_, Option<Compiler>> {
        // A panic of the compiler is caught where it is called: a poisoned lock only means that it is gone.
        self.compiler.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn failed(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.failed.lock().expect("no thread panics with this lock")
    }
}

/// A region in every form that it has on its way to the host's processor.
#[derive(Clone, Debug)]
pub struct Listed {
    /// As lifted.
    pub raw: Region,
    /// After the passes.
    pub region: Region,
    /// The host code, with its listing.
    pub blob: CodeBlob,
}

/// How a translation is to be made.
#[derive(Clone, Copy)]
struct Wish {
    care: Care,
    /// With a listing of the code.
    listing: bool,
}

/// What became of a compilation.
enum Outcome {
    Placed,
    /// The guest's code changed meanwhile: worth another try.
    Outdated,
    /// The cache is full and cannot be flushed right now.
    Full,
    Failed,
}

impl Engine {
    /// Asks for a region in the background. False: the queue is full, ask again.
    pub(crate) fn request(self: &Arc<Self>, key: Key) -> bool {
        let mut queue = self.tier.lock_queue();
        if queue.pending.contains(&key) || self.tier.failed().contains(&key) {
            return true;
        }
        let sender = queue.sender.get_or_insert_with(|| start_worker(self));
        match sender.try_send(key) {
            Ok(()) => {
                queue.pending.insert(key);
                true
            }
            Err(TrySendError::Full(_)) => false,
            Err(TrySendError::Disconnected(_)) => {
                queue.sender = None;
                false
            }
        }
    }

    /// The computed branch at this address led to this target where its baseline code expected another.
    pub(crate) fn mispredicted(self: &Arc<Self>, site: Key, target: u64) {
        let regions = self.tier.lock_queue().guesses.learn(site, target);
        for region in regions {
            self.tier.lock_queue().renewed.insert(region);
            self.request(region);
        }
    }

    /// Compiles a region now; its code, unless it cannot be compiled.
    pub(crate) fn compile_now(&self, key: Key) -> Option<u64> {
        if self.tier.failed().contains(&key) {
            return None;
        }
        let mut compiler = self.tier.lock_compiler();
        if let Some(code) = self.find_code(key) {
            return Some(code);
        }
        match self.compile(&mut compiler, key) {
            Outcome::Placed => self.find_code(key),
            Outcome::Outdated | Outcome::Full => None,
            Outcome::Failed => {
                self.tier.failed().insert(key);
                None
            }
        }
    }

    fn compile(&self, compiler: &mut Option<Compiler>, key: Key) -> Outcome {
        let _doing = sample::during(Doing::Region);
        let begun = Instant::now();
        let Some(since) = self.begin() else { return Outcome::Failed };
        // A bug in a pass or the compiler must not take the guest with it: the interpreter goes on.
        let made = catch_unwind(AssertUnwindSafe(|| {
            let region = self.form(key, &|pc| self.was_reached(Key { pc, ..key }));
            if region.blocks.iter().any(Block::sees_fp_flags) {
                self.set_exact_flags();
            }
            self.rest_on_guesses(key, &region);
            let care = self.care();
            let wish = Wish { care, listing: false };
            self.translate(compiler, region, key.mode, wish).map(|(_, blob)| (care, blob))
        }));
        let outcome = match made {
            Ok(Ok((care, blob))) => self.end(key, since, care, &blob),
            Ok(Err(error)) => {
                tracing::error!(
                    pc = format_args!("{:#x}", key.pc),
                    "cannot compile a region: {error}"
                );
                self.leave();
                Outcome::Failed
            }
            Err(_) => {
                tracing::error!(
                    pc = format_args!("{:#x}", key.pc),
                    "the compiler failed on a region"
                );
                *compiler = None;
                self.leave();
                Outcome::Failed
            }
        };
        self.counters.compile_nanos.add(begun.elapsed().as_nanos() as u64);
        outcome
    }

    /// The region at this key in every form, translated as for running it.
    pub fn translate_listed(&self, key: Key) -> Result<Listed, CompileError> {
        let raw = self.form(key, &|_| true);
        let wish = Wish { care: self.care(), listing: true };
        let (region, blob) = self.translate(&mut None, raw.clone(), key.mode, wish)?;
        Ok(Listed { raw, region, blob })
    }

    /// Did control ever come to this key? Then it has code, where code is made at first touch.
    fn was_reached(&self, key: Key) -> bool {
        self.config.kind != EngineKind::Auto || self.find_code(key).is_some()
    }

    /// Is the function at this key called often, as far as its baseline code counts?
    fn is_called_often(&self, key: Key) -> bool {
        if self.config.kind != EngineKind::Auto || self.tier.lock_queue().heat.ran_out(key) {
            return true;
        }
        let often = first_count(self.config.threshold) / OFTEN;
        self.cache().is_some_and(|cache| {
            let code = &cache.code;
            code.find_tier(key, CodeTier::Region).is_some() || code.counts(key) >= often
        })
    }

    /// The region at this key as lifted.
    fn form(&self, key: Key, reached: &dyn Fn(u64) -> bool) -> Region {
        let (frontend, code) = (&*self.frontend, &*self.code);
        let leads = |pc| {
            let site = Key { pc, ..key };
            // Only baseline code tells.
            let last = (self.config.kind == EngineKind::Auto).then(|| self.last_target(site));
            last.map(|last| self.tier.lock_queue().guesses.of(site, last)).unwrap_or_default()
        };
        let often = |pc| self.is_called_often(Key { pc, ..key });
        let guest = Guest { frontend, code, mode: key.mode, reached, often: &often, leads: &leads };
        region_former::form(&guest, key.pc, self.config.limits)
    }

    /// Notes which computed calls this region has callees for.
    fn rest_on_guesses(&self, key: Key, region: &Region) {
        for callee in &region.inlined {
            let call = &region.blocks[callee.call];
            if matches!(call.term, Term::Indirect { .. }) {
                self.tier.lock_queue().guesses.rests(key, Key { pc: call.pc, ..key });
            }
        }
    }

    /// The one way from a region as lifted to host code: the region after the passes, and its code.
    fn translate(
        &self,
        compiler: &mut Option<Compiler>,
        mut region: Region,
        mode: Mode,
        Wish { care: Care { precise, clear_ignored_bits, exact_flags }, listing }: Wish,
    ) -> Result<(Region, CodeBlob), CompileError> {
        let ahead = Lookahead::new(&*self.frontend, &*self.code, mode, precise);
        let flags_dead_at = |pc| self.config.look_ahead && ahead.flags_dead_at(pc);
        optimize_region_with(self.desc, &mut region, &OptOptions { precise }, &flags_dead_at);
        if compiler.is_none() {
            *compiler = Some(Compiler::new(self.desc)?);
        }
        let compiler = compiler.as_mut().expect("made above");
        let flags_dead_at = Some(&flags_dead_at as &dyn Fn(u64) -> bool);
        let guest_base = self.config.guest_base;
        let options = CompileOptions {
            precise,
            fault_exits: self.config.fault_exits,
            clear_ignored_bits,
            exact_underflow: exact_flags,
            // The host's flags are others when it flushes.
            host_flushes: !exact_flags && self.frontend.flushes(mode),
            listing,
            guest_base,
            flags_dead_at,
            count_transitions: self.config.count_transitions,
            opt_level: effort::of_region(self.desc, &region),
            ..CompileOptions::default()
        };
        let mut blob = compiler.compile(&region, &options)?;
        blob.guest_ranges.extend(ahead.seen());
        Ok((region, blob))
    }

    /// A compilation begins: the count of changes so far.
    fn begin(&self) -> Option<u64> {
        Some(self.cache()?.begin())
    }

    pub(crate) fn leave(&self) {
        if let Some(mut cache) = self.cache() {
            cache.leave();
        }
    }

    fn end(&self, key: Key, since: u64, care: Care, blob: &CodeBlob) -> Outcome {
        let guest = &blob.guest_ranges;
        for attempt in 0..2 {
            let Some(mut cache) = self.cache() else { return Outcome::Failed };
            if cache.changed_since(since, guest) || care != self.care() {
                drop(cache);
                self.leave();
                return Outcome::Outdated;
            }
            let how = Placing { mode: key.mode, tier: CodeTier::Region, precise: care.precise };
            match cache.code.place(blob, how) {
                Ok(at) => {
                    if let Some(store) = &mut cache.store {
                        store.record(&*self.code, key, (blob, at), CodeTier::Region, care);
                    }
                    drop(cache);
                    self.leave();
                    self.counters.regions.add(1);
                    self.counters.region_insns.add(blob.guest_insns as u64);
                    self.counters.code_bytes.add(blob.code.len() as u64);
                    self.counters.unguarded.add(blob.unguarded as u64);
                    return Outcome::Placed;
                }
                Err(PlaceError::Full) => {
                    drop(cache);
                    if attempt == 1 || !self.drop_code() {
                        break;
                    }
                }
            }
        }
        self.leave();
        Outcome::Full
    }
}

/// Starts the background compiler; it ends when the queue is dropped or the engine is gone.
fn start_worker(engine: &Arc<Engine>) -> Sender<Key> {
    let (sender, receiver) = bounded(QUEUE_LENGTH);
    let engine = Arc::downgrade(engine);
    // Signals are the guest threads' business: the worker begins with them blocked.
    let blocked = SignalsBlocked::new();
    let thread = std::thread::Builder::new().name("isamorph-compile".into());
    if let Err(e) = thread.spawn(move || work(&engine, &receiver)) {
        tracing::error!("cannot start the compile thread: {e}");
    }
    drop(blocked);
    sender
}

fn work(engine: &Weak<Engine>, requests: &Receiver<Key>) {
    let mut compiler = None;
    let _sampled = engine.upgrade().and_then(|e| e.sampler.as_ref()?.attach(None, 0, None));
    while let Ok(key) = requests.recv() {
        let Some(engine) = engine.upgrade() else { return };
        let renewed = engine.tier.lock_queue().renewed.remove(&key);
        if engine.has_region(key) && !renewed || engine.tier.failed().contains(&key) {
            engine.tier.lock_queue().pending.remove(&key);
            continue;
        }
        let (outcome, share) = heat::watch(|| engine.compile(&mut compiler, key));
        let mut queue = engine.tier.lock_queue();
        queue.heat.compiled(share);
        queue.pending.remove(&key);
        drop(queue);
        match outcome {
            Outcome::Placed => {}
            Outcome::Failed => {
                engine.tier.failed().insert(key);
            }
            // Runs on the tier below a while longer, then is asked for again.
            Outcome::Outdated | Outcome::Full => {
                if let Some(block) = engine.blocks.find(key) {
                    block.runs.store(0, Ordering::Relaxed);
                    block.requested.store(false, Ordering::Relaxed);
                }
            }
        }
    }
}

/// Blocks all signals of this thread that others send while it lives.
struct SignalsBlocked(libc::sigset_t);

impl SignalsBlocked {
    fn new() -> SignalsBlocked {
        // SAFETY: plain calls on sets of our own.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut old = std::mem::zeroed();
            libc::sigfillset(&mut all);
            // Faults of reading guest code are recovered from wherever they happen.
            for sync in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP] {
                libc::sigdelset(&mut all, sync);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut old);
            SignalsBlocked(old)
        }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: restores what `new` saved.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, std::ptr::null_mut()) };
    }
}
