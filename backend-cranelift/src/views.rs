//! How much of each vector register a region looks at.
//!
//! Scalar floating-point code reads lane 0 of a vector register and writes lane 0 with zeros above. A register
//! used in no other way in a region is held as a scalar: no code for the zeros on the path of the data.
//!
//! Way of the data: `Graph, Plan →` **[`Views`]** `→ lower`.
//!
//! The zeros above a narrow view are stored together with the scalar, where it is known that the register was
//! written on every way there. Where that is not known at some such place, they are stored at every write.
//!
//! Invariant: wherever the state must be exact, so are the parts above the views.

use crate::compiler::CompileOptions;
use crate::graph::Graph;
use crate::plan::{Plan, SlotSet, stores_state};
use isamorph_ir::{GuestDesc, Inst, Op, Shape, Slot, Ty};

/// The part of a vector register that a region's variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Full,
    /// The low 64 bits, as an F64.
    Double,
    /// The low 32 bits, as an F32.
    Single,
}

impl View {
    fn of_lane(shape: Shape) -> View {
        match shape.elem().map(Ty::bits) {
            Some(64) => View::Double,
            Some(32) => View::Single,
            _ => View::Full,
        }
    }
}

/// The views of a region.
#[derive(Debug)]
pub(crate) struct Views {
    /// By slot; `None`: no vector register, or not used.
    by_slot: Vec<Option<View>>,
    /// Slots whose zeros are stored at every write.
    pub(crate) eager: SlotSet,
    /// By block: slots whose part above the view is zero in the state at its begin.
    pub(crate) zeroed_in: Vec<SlotSet>,
}

impl Views {
    pub(crate) fn new(
        desc: &GuestDesc,
        graph: &Graph<'_>,
        plan: &Plan,
        opts: &CompileOptions,
    ) -> Views {
        let mut views = Views {
            by_slot: vec![None; desc.layout.slots.len()],
            eager: SlotSet::default(),
            zeroed_in: Vec::new(),
        };
        for block in &graph.blocks {
            for inst in &block.insts {
                views.see(&block.insts, inst);
            }
        }
        let narrow = views.narrow();
        if narrow.is_empty() {
            views.zeroed_in = vec![SlotSet::default(); graph.blocks.len()];
            return views;
        }
        let written = flow(graph, |i, mut written| {
            for inst in &graph.blocks[i].insts {
                write(desc, inst, &mut written);
            }
            written
        });
        views.eager = views.stored_unwritten(desc, graph, plan, opts, &written).intersect(narrow);
        views.zeroed_in = flow(graph, |i, mut zeroed| {
            let mut at = plan.begin(i);
            for (n, inst) in graph.blocks[i].insts.iter().enumerate() {
                let stored = at.dirty;
                plan.step(desc, opts, graph, (i, n), &mut at);
                // What was stored here has its zeros.
                zeroed = zeroed.union(stored.minus(at.dirty).intersect(narrow).minus(views.eager));
                views.zero(desc, inst, &mut zeroed);
            }
            zeroed
        });
        views
    }

    fn narrow(&self) -> SlotSet {
        let narrow = |view: &Option<View>| view.is_some_and(|v| v != View::Full);
        let slots = self.by_slot.iter().enumerate().filter(|(_, view)| narrow(view));
        slots.map(|(n, _)| Slot(n as u16)).collect()
    }

    /// Slots that are stored somewhere, and not written on every way there.
    fn stored_unwritten(
        &self,
        desc: &GuestDesc,
        graph: &Graph<'_>,
        plan: &Plan,
        opts: &CompileOptions,
        written_in: &[SlotSet],
    ) -> SlotSet {
        let mut found = SlotSet::default();
        for (i, block) in graph.blocks.iter().enumerate() {
            let (mut at, mut written) = (plan.begin(i), written_in[i]);
            for (n, inst) in block.insts.iter().enumerate() {
                if stores_state(desc, inst, opts) {
                    found = found.union(at.dirty.minus(written));
                }
                plan.step(desc, opts, graph, (i, n), &mut at);
                write(desc, inst, &mut written);
            }
            let succ = &graph.succ[i];
            if succ.ways.expects.is_some() {
                found = found.union(plan.begin(i).dirty.minus(written_in[i]));
            }
            if succ.ways.exits || !succ.back.is_empty() {
                found = found.union(at.dirty.minus(written));
            }
            for to in succ.all() {
                found = found.union(plan.stored_into(graph, i, to, at.dirty).minus(written));
            }
        }
        found
    }

    pub(crate) fn of(&self, slot: Slot) -> View {
        self.by_slot[slot.0 as usize].unwrap_or(View::Full)
    }

    fn see(&mut self, insts: &[Inst], inst: &Inst) {
        for arg in inst.args() {
            let read = &insts[arg.index()];
            if read.op == Op::Get && read.shape == Shape::V128 {
                let lane_0 = inst.op == Op::Extract && inst.imm == 0;
                let view = if lane_0 { View::of_lane(inst.shape) } else { View::Full };
                self.meet(Slot(read.imm as u16), view);
            }
        }
        if inst.op == Op::Put && inst.shape == Shape::V128 {
            let value = &insts[inst.args[0].index()];
            match value.op {
                Op::ZextLane => self.meet(Slot(inst.imm as u16), View::of_lane(value.shape)),
                // Zero suits every view.
                Op::Const if value.imm == 0 => {}
                _ => self.meet(Slot(inst.imm as u16), View::Full),
            }
        }
    }

    fn meet(&mut self, slot: Slot, view: View) {
        let now = &mut self.by_slot[slot.0 as usize];
        *now = Some(match *now {
            None => view,
            Some(v) if v == view => view,
            Some(_) => View::Full,
        });
    }

    /// What an instruction does to the knowledge where the zeros are, besides storing slots.
    pub(crate) fn zero(&self, desc: &GuestDesc, inst: &Inst, zeroed: &mut SlotSet) {
        match inst.op {
            Op::Put if self.eager.contains(Slot(inst.imm as u16)) => {
                zeroed.insert(Slot(inst.imm as u16));
            }
            Op::Call | Op::CallNil => forget(desc, inst, zeroed),
            _ => {}
        }
    }
}

/// The registers that were written by the region itself.
fn write(desc: &GuestDesc, inst: &Inst, written: &mut SlotSet) {
    match inst.op {
        Op::Put => written.insert(Slot(inst.imm as u16)),
        Op::Call | Op::CallNil => forget(desc, inst, written),
        _ => {}
    }
}

fn forget(desc: &GuestDesc, inst: &Inst, set: &mut SlotSet) {
    desc.helpers[inst.imm as usize].effects.writes.iter().for_each(|s| set.remove(*s));
}

/// The sets at the blocks' begins that hold on every way from the entries, where nothing holds.
fn flow(graph: &Graph<'_>, through: impl Fn(usize, SlotSet) -> SlotSet) -> Vec<SlotSet> {
    let mut sets: Vec<Option<SlotSet>> = vec![None; graph.blocks.len()];
    graph.entries.iter().for_each(|e| sets[*e] = Some(SlotSet::default()));
    let mut changed = true;
    while changed {
        changed = false;
        for i in 0..sets.len() {
            let Some(set) = sets[i] else { continue };
            let set = through(i, set);
            for to in graph.succ[i].all() {
                let meet = sets[to].map_or(set, |s| s.intersect(set));
                changed |= sets[to] != Some(meet);
                sets[to] = Some(meet);
            }
        }
    }
    sets.into_iter().map(Option::unwrap_or_default).collect()
}
