//! What precise code does not store at an access that may fault: slots that are written again anyway.
//!
//! A value that is written over before the region is left need not come to memory at all, unless an access faults
//! meanwhile. So it stays in its register, and the access has a fault exit that stores it ([`crate::fault_exits`]). A value
//! that stays is stored at the first access after it, which is no sooner or later than at the region's end.
//!
//! Way of the data: `Graph →` **[`Deferred`]** `→ plan`.

use crate::graph::Graph;
use crate::plan::{SlotSet, writes};
use isamorph_ir::inst::{MemAttr, Order};
use isamorph_ir::{GuestDesc, Inst, Op, Slot, Ty};

/// By instruction of a block: what is not stored there, if it is dirty.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deferred(Vec<SlotSet>);

impl Deferred {
    /// At this instruction.
    pub(crate) fn at(&self, n: usize) -> SlotSet {
        self.0.get(n).copied().unwrap_or_default()
    }
}

/// May this access have a fault exit? It is one instruction of the host's, and no loop.
fn suits(inst: &Inst) -> bool {
    let wide = inst.shape.ty().is_none_or(|ty: Ty| ty.bytes() == 16);
    match inst.op {
        Op::Load => true,
        Op::Store => {
            !wide || MemAttr::from_bits(inst.imm).is_some_and(|a| a.order == Order::Relaxed)
        }
        _ => false,
    }
}

/// By block of a region.
pub(crate) fn deferred(desc: &GuestDesc, graph: &Graph<'_>) -> Vec<Deferred> {
    let own: Vec<SlotSet> = graph.blocks.iter().map(|b| writes(desc, b)).collect();
    let mut behind = vec![SlotSet::default(); own.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for i in (0..own.len()).rev() {
            let next = graph.succ[i].all().map(|to| behind[to].union(own[to]));
            let all = next.fold(behind[i], SlotSet::union);
            changed |= all != behind[i];
            behind[i] = all;
        }
    }
    let of_block = |(block, mut later): (&&isamorph_ir::Block, SlotSet)| {
        let mut sets = vec![SlotSet::default(); block.insts.len()];
        for (n, inst) in block.insts.iter().enumerate().rev() {
            match inst.op {
                Op::Put => later.insert(Slot(inst.imm as u16)),
                _ if suits(inst) => sets[n] = later,
                _ => {}
            }
        }
        Deferred(sets)
    };
    graph.blocks.iter().zip(behind).map(of_block).collect()
}
