//! What precise code does not store at an access that may fault: slots that the loops around it write.
//!
//! Such a value need not come to memory in every turn, unless an access faults meanwhile. So it stays in its register, and
//! the access has a fault exit that stores it ([`crate::fault_exits`]). Outside of loops a value is stored once, at the
//! first access after it: a fault exit would cost more time to compile than it saves. (With fault exits everywhere regions
//! took 1.5 times as long to compile and 1.6 times the room, and hot functions without loops were no faster for it.)
//!
//! Way of the data: `Graph →` **[`deferred`]** `→ plan`.

use crate::compiler::FaultExits;
use crate::graph::Graph;
use crate::plan::{SlotSet, writes};
use isamorph_ir::inst::{MemAttr, Order};
use isamorph_ir::{GuestDesc, Inst, Op};

/// May this access have a fault exit? It is one instruction of the host's, and no loop.
pub(crate) fn suits(inst: &Inst) -> bool {
    match inst.op {
        Op::Load => true,
        Op::Store => {
            let wide = inst.shape.ty().is_none_or(|ty| ty.bytes() == 16);
            !wide || MemAttr::from_bits(inst.imm).is_some_and(|a| a.order == Order::Relaxed)
        }
        _ => false,
    }
}

/// By block of a region: slots that are not stored at accesses with a fault exit.
pub(crate) fn deferred(desc: &GuestDesc, graph: &Graph<'_>, exits: FaultExits) -> Vec<SlotSet> {
    match exits {
        FaultExits::Never => vec![SlotSet::default(); graph.blocks.len()],
        FaultExits::InLoops => written_around(desc, graph),
        FaultExits::Everywhere => {
            let own = graph.blocks.iter().map(|b| writes(desc, b));
            vec![own.fold(SlotSet::default(), SlotSet::union); graph.blocks.len()]
        }
    }
}

/// Slots that the loops around a block write.
fn written_around(desc: &GuestDesc, graph: &Graph<'_>) -> Vec<SlotSet> {
    let own: Vec<SlotSet> = graph.blocks.iter().map(|b| writes(desc, b)).collect();
    let mut around = vec![SlotSet::default(); own.len()];
    for body in graph.loops.iter().flatten() {
        let inside = (0..own.len()).filter(|i| body[*i]);
        let written = inside.clone().fold(SlotSet::default(), |all, i| all.union(own[i]));
        inside.for_each(|i| around[i] = around[i].union(written));
    }
    around
}
