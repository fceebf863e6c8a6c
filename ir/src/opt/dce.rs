//! The backward walk: removes writes of registers that are overwritten before anyone can look, and values that
//! nobody uses; then closes the gaps.

use super::liveness::{self, SlotSet};
use crate::block::{Block, Term};
use crate::contract::GuestDesc;
use crate::inst::Value;
use crate::op::{Effect, Op};
use crate::slot::Slot;

/// Removes what is dead; `live` holds the registers that are read after the block.
pub(super) fn sweep(desc: &GuestDesc, block: &mut Block, mut live: SlotSet, precise: bool) {
    let n = block.insts.len();
    let (mut used, mut keep) = (vec![false; n], vec![false; n]);
    block.term.args().for_each(|v| used[v.index()] = true);
    for (i, inst) in block.insts.iter().enumerate().rev() {
        keep[i] = match inst.op.info().effect {
            Effect::Pure | Effect::ReadSlot => used[i],
            Effect::FpState => used[i] || inst.op == Op::FpFlagsWrite,
            Effect::WriteSlot => live.contains(Slot(inst.imm as u16)),
            Effect::Helper => {
                let e = &desc.helpers[inst.imm as usize].effects;
                used[i] || e.volatile || e.memory || !e.writes.is_empty()
            }
            Effect::Fp | Effect::Load | Effect::Store | Effect::Fence => true,
            Effect::Hint | Effect::Mark | Effect::Exit => true,
        };
        if keep[i] {
            inst.args().for_each(|v| used[v.index()] = true);
            liveness::before(desc, inst, &mut live, precise);
        }
    }
    compact(block, &keep);
}

/// Drops the instructions that are not kept and renumbers the values.
fn compact(block: &mut Block, keep: &[bool]) {
    let mut map = vec![Value::NONE; keep.len()];
    let kept = map.iter_mut().zip(keep).filter(|(_, keep)| **keep);
    for (next, (place, _)) in (0..).zip(kept) {
        *place = Value(next);
    }
    let renumber = |v: &mut Value| {
        if *v != Value::NONE {
            *v = map[v.index()];
        }
    };
    let mut at = 0;
    block.insts.retain_mut(|inst| {
        inst.args.iter_mut().for_each(renumber);
        at += 1;
        keep[at - 1]
    });
    match &mut block.term {
        Term::Branch { cond, .. } => renumber(cond),
        Term::Indirect { target, .. } => renumber(target),
        Term::Goto { .. } | Term::Syscall { .. } | Term::Exception { .. } | Term::Wait { .. } => {}
    }
}
