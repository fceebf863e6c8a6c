//! What a region needs of the guest's registers: which to load at entries, which to store at exits.
//!
//! Way of the data: `Graph →` **[`Plan`]** `→ lower`. Cranelift builds the SSA form; liveness across the
//! region's blocks is ours, because Cranelift keeps unused loads.
//!
//! Invariant: at every point a slot's current value is in memory, or the slot is in the point's *dirty* set.
//! A dirty slot is defined (loaded or computed) on every path to the point.

use crate::compiler::CompileOptions;
use crate::deferred;
use crate::graph::Graph;
use crate::pressure::Relief;
use crate::selected;
use isamorph_ir::flags::FlagsKind;
use isamorph_ir::op::Effect;
use isamorph_ir::{Block, GuestDesc, HelperFn, Inst, Op, Shape, Slot, Term, Ty};

/// A set of slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotSet([u64; SlotSet::WORDS]);

impl SlotSet {
    const WORDS: usize = 4;
    /// Slots that a guest may have.
    pub(crate) const CAPACITY: usize = Self::WORDS * 64;

    pub(crate) fn insert(&mut self, s: Slot) {
        self.0[s.0 as usize / 64] |= 1 << (s.0 % 64);
    }

    pub(crate) fn remove(&mut self, s: Slot) {
        self.0[s.0 as usize / 64] &= !(1 << (s.0 % 64));
    }

    pub(crate) fn contains(&self, s: Slot) -> bool {
        self.0[s.0 as usize / 64] >> (s.0 % 64) & 1 == 1
    }

    pub(crate) fn union(mut self, o: SlotSet) -> SlotSet {
        self.0.iter_mut().zip(o.0).for_each(|(a, b)| *a |= b);
        self
    }

    pub(crate) fn minus(mut self, o: SlotSet) -> SlotSet {
        self.0.iter_mut().zip(o.0).for_each(|(a, b)| *a &= !b);
        self
    }

    pub(crate) fn intersect(self, o: SlotSet) -> SlotSet {
        self.minus(self.minus(o))
    }

    pub(crate) fn is_empty(self) -> bool {
        self == SlotSet::default()
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Slot> {
        let bits = |(n, word): (usize, u64)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.checked_sub(1)?;
                Some(Slot(64 * n as u16 + bit as u16))
            })
        };
        self.0.into_iter().enumerate().flat_map(bits)
    }
}

impl FromIterator<Slot> for SlotSet {
    fn from_iter<I: IntoIterator<Item = Slot>>(slots: I) -> SlotSet {
        let mut set = SlotSet::default();
        slots.into_iter().for_each(|s| set.insert(s));
        set
    }
}

/// Where the flags of a slot are at a block's begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlagsHome {
    /// Not reached yet.
    Unknown,
    /// The record in the state, which is not dirty.
    Memory,
    /// The operands of this kind, in the slot's variables ([`FlagsKind::Packed`]: the nibble).
    Operands(FlagsKind),
    /// A whole record in the slot's variables: its kind differs by the way taken.
    Record,
}

impl FlagsHome {
    fn meet(self, other: FlagsHome) -> FlagsHome {
        match (self, other) {
            (FlagsHome::Unknown, x) | (x, FlagsHome::Unknown) => x,
            (x, y) if x == y => x,
            _ => FlagsHome::Record,
        }
    }
}

/// A block's part of the plan.
#[derive(Clone, Debug)]
pub(crate) struct BlockPlan {
    /// What is written in the loop that it heads, if polls in it store what is dirty.
    loop_writes: Option<SlotSet>,
    /// Slots whose values are needed (in variables) at its begin.
    pub(crate) live_in: SlotSet,
    /// Slots that may be dirty at its begin.
    pub(crate) dirty_in: SlotSet,
    /// Homes of the flags slots at its begin, by index in [`Plan::flags`].
    pub(crate) homes: Vec<FlagsHome>,
}

/// The plan of a region, by node of its graph.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) blocks: Vec<BlockPlan>,
    /// The slots of type `Flags`.
    pub(crate) flags: Vec<Slot>,
    /// Slots that live in memory only.
    pub(crate) in_memory: SlotSet,
    /// Which slots are in memory around loops.
    relief: Relief,
    /// By node: what is not stored at accesses that may fault, but by their fault exits ([`crate::fault_exits`]).
    deferred: Vec<SlotSet>,
}

impl Plan {
    pub(crate) fn new(desc: &GuestDesc, graph: &Graph<'_>, opts: &CompileOptions) -> Plan {
        let flags = (0..desc.layout.slots.len() as u16)
            .map(Slot)
            .filter(|s| desc.layout.info(*s).ty == Ty::Flags)
            .collect::<Vec<_>>();
        let in_memory = [desc.fp.flags, desc.fp.control, desc.layout.pc].into_iter().collect();
        let blank = BlockPlan {
            loop_writes: None,
            live_in: SlotSet::default(),
            dirty_in: SlotSet::default(),
            homes: vec![FlagsHome::Unknown; flags.len()],
        };
        let deferred = match opts.precise {
            true => deferred::deferred(desc, graph, opts.fault_exits),
            false => vec![SlotSet::default(); graph.blocks.len()],
        };
        let blocks = vec![blank.clone(); graph.blocks.len()];
        let relief = Relief::default();
        let mut plan = Plan { blocks, flags, in_memory, relief, deferred };
        if opts.polls {
            let written: Vec<SlotSet> = graph.blocks.iter().map(|b| writes(desc, b)).collect();
            for (block, body) in plan.blocks.iter_mut().zip(&graph.loops) {
                block.loop_writes = body.as_ref().map(|body| {
                    let inside = written.iter().zip(body).filter(|(_, inside)| **inside);
                    inside.fold(SlotSet::default(), |all, (w, _)| all.union(*w))
                });
            }
        }
        plan.flow_forward(desc, graph, opts);
        plan.flow_backward(desc, graph, opts);
        let relief = Relief::new(desc, graph, &plan);
        if !relief.is_empty() {
            plan.relief = relief;
            for block in &mut plan.blocks {
                let loop_writes = block.loop_writes;
                *block = BlockPlan { loop_writes, ..blank.clone() };
            }
            plan.flow_forward(desc, graph, opts);
            plan.flow_backward(desc, graph, opts);
        }
        plan
    }

    /// Position of a flags slot in [`Plan::flags`].
    pub(crate) fn flags_index(&self, slot: Slot) -> Option<usize> {
        self.flags.iter().position(|s| *s == slot)
    }

    /// Of the dirty slots, those that are stored on the way from block `i` to block `to`. Flags are not: mostly
    /// they are dead by then.
    pub(crate) fn stored_into(
        &self,
        graph: &Graph<'_>,
        i: usize,
        to: usize,
        dirty: SlotSet,
    ) -> SlotSet {
        let relief = self.relief.stored(i, to).intersect(dirty);
        match self.blocks[to].loop_writes {
            Some(written) if graph.succ[i].into.contains(&to) => {
                dirty.minus(written).minus(self.flags.iter().copied().collect()).union(relief)
            }
            _ => relief,
        }
    }

    /// Slots that waited in memory and are loaded on the way from block `i` to block `to`.
    pub(crate) fn loaded_into(&self, i: usize, to: usize) -> SlotSet {
        self.relief.ended(i, to).intersect(self.blocks[to].live_in)
    }

    /// Dirty slots and homes of flags, to a fixed point from the entries on.
    fn flow_forward(&mut self, desc: &GuestDesc, graph: &Graph<'_>, opts: &CompileOptions) {
        for &e in &graph.entries {
            self.blocks[e].homes.fill(FlagsHome::Memory);
        }
        let mut changed = true;
        while changed {
            changed = false;
            for i in 0..self.blocks.len() {
                let mut at =
                    Point { dirty: self.blocks[i].dirty_in, homes: self.blocks[i].homes.clone() };
                for n in 0..graph.blocks[i].insts.len() {
                    self.step(desc, opts, graph, (i, n), &mut at);
                }
                for s in graph.succ[i].all() {
                    let stored = self.stored_into(graph, i, s, at.dirty);
                    let to = &mut self.blocks[s];
                    let dirty = to.dirty_in.union(at.dirty.minus(stored));
                    let homes: Vec<_> =
                        to.homes.iter().zip(&at.homes).map(|(a, b)| a.meet(*b)).collect();
                    changed |= dirty != to.dirty_in || homes != to.homes;
                    (to.dirty_in, to.homes) = (dirty, homes);
                }
            }
        }
    }

    /// At a block's begin.
    pub(crate) fn begin(&self, i: usize) -> Point {
        Point { dirty: self.blocks[i].dirty_in, homes: self.blocks[i].homes.clone() }
    }

    /// Of the dirty slots, those that are not stored at this access of block `i`.
    pub(crate) fn deferred(&self, i: usize, inst: &Inst) -> SlotSet {
        if deferred::suits(inst) { self.deferred[i] } else { SlotSet::default() }
    }

    /// What instruction `n` of block `i` does to the dirty slots and the homes of flags.
    pub(crate) fn step(
        &self,
        desc: &GuestDesc,
        opts: &CompileOptions,
        graph: &Graph<'_>,
        (i, n): (usize, usize),
        at: &mut Point,
    ) {
        let block = graph.blocks[i];
        let inst = &block.insts[n];
        if opts.precise && may_fault(inst) || inst.is_exact_access() {
            at.dirty = at.dirty.intersect(self.deferred(i, inst));
        }
        match inst.op {
            Op::Put => {
                let slot = Slot(inst.imm as u16);
                if self.in_memory.contains(slot) {
                    return;
                }
                at.dirty.insert(slot);
                if let Some(f) = self.flags_index(slot) {
                    at.homes[f] = self.home_of(block, inst.args[0]);
                }
            }
            Op::Call | Op::CallNil => {
                let effects = &desc.helpers[inst.imm as usize].effects;
                if context_helper(desc, inst) {
                    at.dirty = at.dirty.minus(effects.reads.iter().copied().collect());
                }
                for &slot in effects.writes {
                    at.dirty.remove(slot);
                    if let Some(f) = self.flags_index(slot) {
                        at.homes[f] = FlagsHome::Memory;
                    }
                }
            }
            _ => {}
        }
    }

    /// Home of a slot's flags after this value was put there.
    fn home_of(&self, block: &Block, value: isamorph_ir::Value) -> FlagsHome {
        use FlagsHome::Operands;
        let inst = &block.insts[value.index()];
        let selected = selected::of(block, inst).map(|s| s.compared);
        let inst = selected.as_ref().unwrap_or(inst);
        let wide = inst.shape == Shape::I64;
        match inst.op {
            Op::FlagsAdd if wide => Operands(FlagsKind::Add64),
            Op::FlagsAdd => Operands(FlagsKind::Add32),
            Op::FlagsSub if wide => Operands(FlagsKind::Sub64),
            Op::FlagsSub => Operands(FlagsKind::Sub32),
            Op::FlagsLogic if wide => Operands(FlagsKind::Logic64),
            Op::FlagsLogic => Operands(FlagsKind::Logic32),
            _ => Operands(FlagsKind::Packed),
        }
    }

    /// Liveness, to a fixed point from the exits back.
    fn flow_backward(&mut self, desc: &GuestDesc, graph: &Graph<'_>, opts: &CompileOptions) {
        let flags: SlotSet = self.flags.iter().copied().collect();
        let ends: Vec<Ends> =
            (0..self.blocks.len()).map(|i| self.ends(desc, graph, opts, i)).collect();
        let mut changed = true;
        while changed {
            changed = false;
            for i in (0..self.blocks.len()).rev() {
                let block = graph.blocks[i];
                let mut live = SlotSet::default();
                if graph.succ[i].ways.exits {
                    let dead = if self.exit_flags_dead(graph, i, opts) {
                        flags
                    } else {
                        SlotSet::default()
                    };
                    live = ends[i].dirty_out.minus(dead);
                }
                if opts.polls && !graph.succ[i].back.is_empty() {
                    live = live.union(self.polled(graph, opts, i, ends[i].dirty_out));
                }
                for s in graph.succ[i].all() {
                    live = live.union(self.blocks[s].live_in.minus(self.loaded_into(i, s)));
                    live = live.union(self.stored_into(graph, i, s, ends[i].dirty_out));
                }
                for inst in block.insts.iter().rev() {
                    self.live_before(desc, inst, &mut live);
                }
                let expects = graph.succ[i].ways.expects;
                if ends[i].cold_exit || expects.is_some() {
                    live = live.union(self.blocks[i].dirty_in);
                }
                expects.into_iter().for_each(|slot| live.insert(slot));
                changed |= live != self.blocks[i].live_in;
                self.blocks[i].live_in = live;
            }
        }
    }

    /// Of the dirty slots, those that a poll at the end of block `i` stores: flags only if they are live behind it.
    pub(crate) fn polled(
        &self,
        graph: &Graph<'_>,
        opts: &CompileOptions,
        i: usize,
        dirty: SlotSet,
    ) -> SlotSet {
        if graph.succ[i].ways.exits && !self.exit_flags_dead(graph, i, opts) {
            return dirty;
        }
        let live = graph.succ[i].all().map(|s| self.blocks[s].live_in);
        let live = live.fold(SlotSet::default(), SlotSet::union);
        dirty.minus(self.flags.iter().copied().filter(|f| !live.contains(*f)).collect())
    }

    /// Are the flags dead at every exit of this block?
    fn exit_flags_dead(&self, graph: &Graph<'_>, i: usize, opts: &CompileOptions) -> bool {
        let dead = |(k, pc): (usize, u64)| {
            graph.succ[i].ways.direct[k].is_some() || opts.flags_dead_at(pc)
        };
        match graph.blocks[i].term {
            Term::Goto { pc, sync: false, .. } => opts.flags_dead_at(pc),
            Term::Branch { then, other, .. } => dead((0, then)) && dead((1, other)),
            _ => false,
        }
    }

    fn live_before(&self, desc: &GuestDesc, inst: &Inst, live: &mut SlotSet) {
        let slot = Slot(inst.imm as u16);
        match inst.op {
            Op::Get if !self.in_memory.contains(slot) => live.insert(slot),
            Op::Put => live.remove(slot),
            // What a helper reads is stored, if dirty, by the cold-exit rule; what it writes is reloaded.
            Op::Call | Op::CallNil => {
                let effects = &desc.helpers[inst.imm as usize].effects;
                effects.writes.iter().for_each(|s| live.remove(*s));
            }
            _ => {}
        }
    }

    fn ends(&self, desc: &GuestDesc, graph: &Graph<'_>, opts: &CompileOptions, i: usize) -> Ends {
        let block = graph.blocks[i];
        let mut at = self.begin(i);
        let mut cold_exit = false;
        for (n, inst) in block.insts.iter().enumerate() {
            cold_exit |= stores_state(desc, inst, opts);
            self.step(desc, opts, graph, (i, n), &mut at);
        }
        Ends { dirty_out: at.dirty, cold_exit }
    }
}

/// What the plan knows between two instructions.
pub(crate) struct Point {
    pub(crate) dirty: SlotSet,
    homes: Vec<FlagsHome>,
}

struct Ends {
    dirty_out: SlotSet,
    /// Some point inside stores every dirty slot.
    cold_exit: bool,
}

/// May this instruction fault on its memory access, in the host's hardware?
pub(crate) fn may_fault(inst: &Inst) -> bool {
    matches!(inst.op.info().effect, Effect::Load | Effect::Store)
}

/// Slots that a block writes.
pub(crate) fn writes(desc: &GuestDesc, block: &Block) -> SlotSet {
    let mut written = SlotSet::default();
    for inst in &block.insts {
        match inst.op {
            Op::Put => written.insert(Slot(inst.imm as u16)),
            Op::Call | Op::CallNil => {
                let effects = &desc.helpers[inst.imm as usize].effects;
                effects.writes.iter().for_each(|s| written.insert(*s));
            }
            _ => {}
        }
    }
    written
}

/// May this instruction store every dirty slot, on some way?
pub(crate) fn stores_state(desc: &GuestDesc, inst: &Inst, opts: &CompileOptions) -> bool {
    inst.op == Op::ExitIf
        || context_helper(desc, inst)
        || may_fault(inst) && (opts.precise || demands_alignment(inst) || inst.is_exact_access())
}

fn demands_alignment(inst: &Inst) -> bool {
    use isamorph_ir::inst::{Align, MemAttr};
    MemAttr::from_bits(inst.imm & 255).is_some_and(|a| a.align != Align::Any)
}

/// Is this a call of a helper with access to state and memory?
pub(crate) fn context_helper(desc: &GuestDesc, inst: &Inst) -> bool {
    matches!(inst.op, Op::Call | Op::CallNil)
        && matches!(desc.helpers[inst.imm as usize].func, HelperFn::Context(_))
}
