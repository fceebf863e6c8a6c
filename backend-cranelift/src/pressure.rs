//! Loops that have more guest registers alive around them than the host has registers: which of those wait in memory.
//!
//! A register that a loop does not touch, but that is needed behind it, would compete for the host's registers in
//! the loop, and the allocator moves and spills what is in the way at the loop's back edge, in every turn. So such
//! registers are stored on the ways into the loop, and loaded again on the ways out of it, if what is alive does not
//! fit.
//!
//! Way of the data: `Graph, liveness →` **[`waiting`]** `→ plan`.

use crate::graph::Graph;
use crate::plan::{Plan, SlotSet, writes};
use isamorph_ir::{GuestDesc, Op, Slot, Ty};

/// Guest registers that fit in the host's general registers: 16 less the stack's two, the area's, and three for what
/// is computed meanwhile.
const GENERAL: usize = 10;
/// The same of vector registers: 16 less three.
const VECTOR: usize = 13;

/// By node: the slots that wait in memory there.
pub(crate) fn waiting(desc: &GuestDesc, graph: &Graph<'_>, plan: &Plan) -> Vec<SlotSet> {
    let mut waiting = vec![SlotSet::default(); graph.blocks.len()];
    if graph.loops.iter().all(Option::is_none) {
        return waiting;
    }
    let flags: SlotSet = plan.flags.iter().copied().collect();
    let touched: Vec<SlotSet> =
        graph.blocks.iter().map(|b| reads(b).union(writes(desc, b))).collect();
    for (head, body) in graph.loops.iter().enumerate() {
        let Some(body) = body else { continue };
        let inside = (0..body.len()).filter(|n| body[*n]);
        let used = inside.clone().fold(SlotSet::default(), |all, n| all.union(touched[n]));
        let used = used.minus(flags).minus(plan.in_memory);
        let through = plan.blocks[head].live_in.minus(used).minus(flags);
        let crowd = used.union(through);
        let mut wait = SlotSet::default();
        for (is_vector, room) in [(false, GENERAL), (true, VECTOR)] {
            let of_class = |s: &Slot| (desc.layout.info(*s).ty == Ty::V128) == is_vector;
            if crowd.iter().filter(of_class).count() > room {
                wait = wait.union(through.iter().filter(of_class).collect());
            }
        }
        inside.for_each(|n| waiting[n] = waiting[n].union(wait));
    }
    waiting
}

fn reads(block: &isamorph_ir::Block) -> SlotSet {
    block.insts.iter().filter(|i| i.op == Op::Get).map(|i| Slot(i.imm as u16)).collect()
}
