//! Loops that have more guest registers alive around them than the host has registers: which of those wait in memory.
//!
//! A register that a loop does not touch, but that is needed behind it, would compete for the host's registers in
//! the loop, and the allocator moves and spills what is in the way at the loop's back edge, in every turn. So such
//! registers are stored on the ways into the loop, and loaded again on the ways out of it, if what is alive does not
//! fit. And what the loop wrote, but nothing in the region reads behind it, is stored on the ways out, so that it
//! is alive no longer: kept for the region's exits, it would crowd the loops around.
//!
//! Way of the data: `Graph, liveness →` **[`Relief`]** `→ plan`.

use crate::graph::Graph;
use crate::plan::{Plan, SlotSet, writes};
use isamorph_ir::{Block, GuestDesc, Op, Slot, Ty};

/// Guest registers that fit in the host's general registers: 16 less the stack's two, the area's, and three for what
/// is computed meanwhile.
const GENERAL: usize = 10;
/// The same of vector registers: 16 less three.
const VECTOR: usize = 13;

/// Which slots are in memory where. By node.
#[derive(Debug, Default)]
pub(crate) struct Relief {
    /// Slots that wait in memory while control is there.
    waiting: Vec<SlotSet>,
    /// By node that it leads to: what is stored, if dirty, on a way that leaves a loop.
    leaving: Vec<Vec<(usize, SlotSet)>>,
}

impl Relief {
    pub(crate) fn new(desc: &GuestDesc, graph: &Graph<'_>, plan: &Plan) -> Relief {
        let n = graph.blocks.len();
        let mut relief =
            Relief { waiting: vec![SlotSet::default(); n], leaving: vec![Vec::new(); n] };
        if graph.loops.iter().all(Option::is_none) {
            return relief;
        }
        let flags: SlotSet = plan.flags.iter().copied().collect();
        let read: Vec<SlotSet> = graph.blocks.iter().map(|b| reads(b)).collect();
        let written: Vec<SlotSet> = graph.blocks.iter().map(|b| writes(desc, b)).collect();
        let wanted = wanted(desc, graph);
        for (head, body) in graph.loops.iter().enumerate() {
            let Some(body) = body else { continue };
            let inside = (0..n).filter(|i| body[*i]);
            let all =
                |of: &[SlotSet]| inside.clone().fold(SlotSet::default(), |a, i| a.union(of[i]));
            let writes = all(&written).minus(flags).minus(plan.in_memory);
            let used = all(&read).minus(flags).minus(plan.in_memory).union(writes);
            let through = plan.blocks[head].live_in.minus(used).minus(flags);
            let wait = crowd(desc, used.union(through), through);
            for i in inside.clone() {
                relief.waiting[i] = relief.waiting[i].union(wait);
                for to in graph.succ[i].all().filter(|to| !body[*to]) {
                    let unwanted = writes.minus(wanted[to]);
                    let stored = crowd(desc, plan.blocks[to].live_in.minus(flags), unwanted);
                    relief.leaving[i].push((to, stored));
                }
            }
        }
        relief
    }

    pub(crate) fn is_empty(&self) -> bool {
        let leaving = self.leaving.iter().flatten().map(|(_, stored)| stored);
        self.waiting.iter().chain(leaving).all(|s| s.is_empty())
    }

    /// Slots that are stored on the way from node `i` to node `to`, if they are dirty.
    pub(crate) fn stored(&self, i: usize, to: usize) -> SlotSet {
        let (Some(from), Some(there)) = (self.waiting.get(i), self.waiting.get(to)) else {
            return SlotSet::default();
        };
        let leaving = self.leaving[i].iter().filter(|(node, _)| *node == to);
        leaving.fold(there.minus(*from), |all, (_, stored)| all.union(*stored))
    }

    /// Slots that wait no longer on the way from node `i` to node `to`.
    pub(crate) fn ended(&self, i: usize, to: usize) -> SlotSet {
        match (self.waiting.get(i), self.waiting.get(to)) {
            (Some(from), Some(there)) => from.minus(*there),
            _ => SlotSet::default(),
        }
    }
}

/// Of `candidates`, those of the classes of which `alive` has more than fit in the host's registers.
fn crowd(desc: &GuestDesc, alive: SlotSet, candidates: SlotSet) -> SlotSet {
    let mut crowded = SlotSet::default();
    for (is_vector, room) in [(false, GENERAL), (true, VECTOR)] {
        let of_class = |s: &Slot| (desc.layout.info(*s).ty == Ty::V128) == is_vector;
        if alive.iter().filter(of_class).count() > room {
            crowded = crowded.union(candidates.iter().filter(of_class).collect());
        }
    }
    crowded
}

fn reads(block: &Block) -> SlotSet {
    block.insts.iter().filter(|i| i.op == Op::Get).map(|i| Slot(i.imm as u16)).collect()
}

/// By node: slots that some way inside of the region reads before it writes them. What exits store is not among them.
fn wanted(desc: &GuestDesc, graph: &Graph<'_>) -> Vec<SlotSet> {
    let own = |block: &&Block| {
        let (mut read, mut written) = (SlotSet::default(), SlotSet::default());
        for inst in &block.insts {
            let slot = Slot(inst.imm as u16);
            match inst.op {
                Op::Get if !written.contains(slot) => read.insert(slot),
                Op::Put => written.insert(slot),
                Op::Call | Op::CallNil => {
                    let effects = &desc.helpers[inst.imm as usize].effects;
                    let first = effects.reads.iter().filter(|s| !written.contains(**s));
                    first.copied().collect::<Vec<_>>().into_iter().for_each(|s| read.insert(s));
                    effects.writes.iter().for_each(|s| written.insert(*s));
                }
                _ => {}
            }
        }
        (read, written)
    };
    let own: Vec<(SlotSet, SlotSet)> = graph.blocks.iter().map(own).collect();
    let mut wanted: Vec<SlotSet> = own.iter().map(|(read, _)| *read).collect();
    let mut changed = true;
    while changed {
        changed = false;
        for i in (0..wanted.len()).rev() {
            let behind = graph.succ[i].all().fold(SlotSet::default(), |a, to| a.union(wanted[to]));
            let now = own[i].0.union(behind.minus(own[i].1));
            changed |= now != wanted[i];
            wanted[i] = now;
        }
    }
    wanted
}
