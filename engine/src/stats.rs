//! Counters of what an engine did, for `--stats`.

use isamorph_backend_abi::abi::{self, Transitions};
use isamorph_ir::op::OPS;
use isamorph_ir::{Op, Shape};
use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A counter shared by threads; exact when they are at rest.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Adds.
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }

    /// Adds one; the value before.
    pub fn add_one(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }

    /// Adds where no other thread does meanwhile (or its count may get lost).
    pub fn add_alone(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }

    /// Current value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Current value; goes on from zero.
    fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}

/// What a vCPU counts each time that it is entered and left: a cache line of its own, and no locked operation.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(crate) struct OwnCounters {
    entries: Counter,
    /// As [`Transitions::counts`].
    transitions: [Counter; 7],
}

impl OwnCounters {
    /// Compiled code is entered.
    pub fn enter(&self) {
        self.entries.add_alone(1);
    }

    /// Compiled code went on like this.
    pub fn add(&self, seen: Transitions) {
        for (counter, n) in self.transitions.iter().zip(seen.counts()) {
            if n != 0 {
                counter.add_alone(n);
            }
        }
    }

    /// Adds what was counted so far.
    pub fn add_to(&self, stats: &mut Stats) {
        stats.entries += self.entries.get();
        let mut counts = stats.transitions.counts();
        for (sum, counter) in counts.iter_mut().zip(&self.transitions) {
            *sum += counter.get();
        }
        stats.transitions = Transitions::of(counts);
    }
}

/// The engine's counters.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub interpreted_insns: Counter,
    pub interpreted_blocks: Counter,
    pub lifted_blocks: Counter,
    pub blocks: Counter,
    pub block_insns: Counter,
    pub block_bytes: Counter,
    pub block_nanos: Counter,
    pub regions: Counter,
    pub region_insns: Counter,
    pub code_bytes: Counter,
    pub unguarded: Counter,
    pub compile_nanos: Counter,
    pub entries: Counter,
    pub links: Counter,
    pub lookups: Counter,
    pub invalidated: Counter,
    pub flushes: Counter,
    pub helper_calls: Counter,
    /// Blocks and regions that came from the persistent cache.
    pub kept_blocks: Counter,
    pub kept_regions: Counter,
    /// Times that it was asked.
    pub kept_loads: Counter,
    pub kept_nanos: Counter,
    /// Pieces of it that were broken, or made from other guest code.
    pub kept_broken: Counter,
    pub kept_outdated: Counter,
    pub kept_written: Counter,
    pub kept_bytes: Counter,
    pub kept_evicted: Counter,
    pub save_nanos: Counter,
    pub reference_ops: ReferenceOps,
    /// As [`Transitions::counts`].
    pub transitions: [Counter; 7],
}

/// How often compiled code left each op to the reference, by op and shape as [`abi::pack_op`] numbers them.
#[derive(Debug, Default)]
pub(crate) struct ReferenceOps(OnceLock<Box<[Counter]>>);

/// Shapes have codes below this.
const SHAPES: usize = 64;

impl ReferenceOps {
    /// The packed op was left to the reference.
    pub fn count(&self, packed: u64) {
        let (op, shape) = (packed as usize & 255, packed as usize >> 8 & 255);
        let counters =
            self.0.get_or_init(|| (0..OPS.len() * SHAPES).map(|_| Counter::default()).collect());
        if let Some(counter) = counters.get(op * SHAPES + shape % SHAPES) {
            counter.add(1);
        }
    }

    /// The counters, if any op was left to the reference.
    fn counters(&self) -> &[Counter] {
        self.0.get().map_or(&[], |counters| counters)
    }

    fn total(&self) -> u64 {
        self.counters().iter().map(Counter::get).sum()
    }

    /// What was left, most often first.
    pub fn by_op(&self) -> Vec<(Op, Shape, u64)> {
        let counted = self.counters().iter().enumerate().filter(|(_, c)| c.get() != 0);
        let named = counted.filter_map(|(at, c)| {
            let inst = abi::unpack_op((at / SHAPES) as u64 | ((at % SHAPES) as u64) << 8)?;
            Some((inst.op, inst.shape, c.get()))
        });
        let mut list: Vec<_> = named.collect();
        list.sort_by_key(|(.., count)| std::cmp::Reverse(*count));
        list
    }
}

/// A snapshot of an engine's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Guest instructions executed by the interpreter.
    pub interpreted_insns: u64,
    /// Blocks executed by the interpreter.
    pub interpreted_blocks: u64,
    /// Blocks lifted for the interpreter.
    pub lifted_blocks: u64,
    /// Blocks compiled by the baseline compiler.
    pub blocks: u64,
    /// Guest instructions in them.
    pub block_insns: u64,
    /// Host bytes of them.
    pub block_bytes: u64,
    /// Time spent in lifting, optimising, compiling and placing them.
    pub block_time: Duration,
    /// Regions compiled.
    pub regions: u64,
    /// Guest instructions in them.
    pub region_insns: u64,
    /// Host bytes of them.
    pub code_bytes: u64,
    /// Precise regions that store before each access, because their fault exits did not stand the examination.
    pub unguarded: u64,
    /// Time spent in forming, optimising and compiling them, over all threads.
    pub compile_time: Duration,
    /// Times that compiled code was entered from the dispatcher.
    pub entries: u64,
    /// Exits linked directly to their target.
    pub links: u64,
    /// Computed branches whose target compiled code did not know.
    pub lookups: u64,
    /// How compiled code went on else; counted up to each thread's last exit to its caller. Some counts are 0 unless
    /// [`crate::EngineConfig::count_transitions`] asks for them.
    pub transitions: Transitions,
    /// Regions dropped because guest code changed.
    pub invalidated: u64,
    /// Times that the whole code cache was given up because it was full.
    pub flushes: u64,
    /// Calls of helpers with access to the state.
    pub helper_calls: u64,
    /// Operations that compiled code left to the reference interpreter.
    pub reference_ops: u64,
    /// What the persistent code cache did.
    pub kept: KeptStats,
}

/// What the persistent code cache did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeptStats {
    /// Blocks that came from it.
    pub blocks: u64,
    /// Regions that came from it.
    pub regions: u64,
    /// Time spent in looking for them, checking and placing them.
    pub load_time: Duration,
    /// Pieces that did not match their checksum.
    pub broken: u64,
    /// Pieces that were made from other guest code than lies there now.
    pub outdated: u64,
    /// Pieces written by this process.
    pub written: u64,
    /// Bytes of the files that they were written to.
    pub written_bytes: u64,
    /// Units evicted to make room.
    pub evicted: u64,
    /// Time spent in writing.
    pub save_time: Duration,
}

impl Counters {
    /// Takes over what a vCPU that ends has counted.
    pub fn take_over(&self, own: &OwnCounters) {
        self.entries.add(own.entries.take());
        for (sum, counter) in self.transitions.iter().zip(&own.transitions) {
            sum.add(counter.take());
        }
    }

    pub fn snapshot(&self) -> Stats {
        Stats {
            interpreted_insns: self.interpreted_insns.get(),
            interpreted_blocks: self.interpreted_blocks.get(),
            lifted_blocks: self.lifted_blocks.get(),
            blocks: self.blocks.get(),
            block_insns: self.block_insns.get(),
            block_bytes: self.block_bytes.get(),
            block_time: Duration::from_nanos(self.block_nanos.get()),
            regions: self.regions.get(),
            region_insns: self.region_insns.get(),
            code_bytes: self.code_bytes.get(),
            unguarded: self.unguarded.get(),
            compile_time: Duration::from_nanos(self.compile_nanos.get()),
            entries: self.entries.get(),
            links: self.links.get(),
            lookups: self.lookups.get(),
            transitions: Transitions::of(self.transitions.each_ref().map(Counter::get)),
            invalidated: self.invalidated.get(),
            flushes: self.flushes.get(),
            helper_calls: self.helper_calls.get(),
            reference_ops: self.reference_ops.total(),
            kept: KeptStats {
                blocks: self.kept_blocks.get(),
                regions: self.kept_regions.get(),
                load_time: Duration::from_nanos(self.kept_nanos.get()),
                broken: self.kept_broken.get(),
                outdated: self.kept_outdated.get(),
                written: self.kept_written.get(),
                written_bytes: self.kept_bytes.get(),
                evicted: self.kept_evicted.get(),
                save_time: Duration::from_nanos(self.save_nanos.get()),
            },
        }
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = |n: u64, d: u64| if d == 0 { 0.0 } else { n as f64 / d as f64 };
        writeln!(
            f,
            "interpreter  {} guest instructions in {} blocks ({} lifted)",
            self.interpreted_insns, self.interpreted_blocks, self.lifted_blocks
        )?;
        writeln!(
            f,
            "baseline     {} blocks of {} guest instructions, {} bytes ({:.1} an instruction), {:.1} ms ({:.0} ns an instruction)",
            self.blocks,
            self.block_insns,
            self.block_bytes,
            per(self.block_bytes, self.block_insns),
            self.block_time.as_secs_f64() * 1e3,
            per(self.block_time.as_nanos() as u64, self.block_insns),
        )?;
        writeln!(
            f,
            "regions      {} of {} guest instructions, {} bytes ({:.1} an instruction), {:.1} ms ({:.2} us an instruction)",
            self.regions,
            self.region_insns,
            self.code_bytes,
            per(self.code_bytes, self.region_insns),
            self.compile_time.as_secs_f64() * 1e3,
            per(self.compile_time.as_nanos() as u64, self.region_insns) / 1e3,
        )?;
        let kept = &self.kept;
        writeln!(
            f,
            "cache        {} blocks and {} regions loaded in {:.1} ms ({:.0} ns each), {} outdated, {} broken; {} written ({} bytes) in {:.1} ms, {} units evicted",
            kept.blocks,
            kept.regions,
            kept.load_time.as_secs_f64() * 1e3,
            per(kept.load_time.as_nanos() as u64, kept.blocks + kept.regions),
            kept.outdated,
            kept.broken,
            kept.written,
            kept.written_bytes,
            kept.save_time.as_secs_f64() * 1e3,
            kept.evicted,
        )?;
        writeln!(
            f,
            "transitions  {} entries, {} links, {} lookups, {:?}",
            self.entries, self.links, self.lookups, self.transitions
        )?;
        write!(
            f,
            "exceptions   {} regions invalidated, {} flushes, {} context helpers, {} reference operations",
            self.invalidated, self.flushes, self.helper_calls, self.reference_ops
        )
    }
}
