//! Which registers are read later: within a block, across a region, and at the begin of code outside it.
//!
//! Where control leaves a region every register is live: the state must be exact there. The exception are
//! flags, which compilers of guest code leave dead nearly everywhere and which cost most to keep: they are
//! dead at an exit to code that overwrites them first. An interrupt taken between two blocks of a region may
//! therefore show stale flags, but none that the program would still read.

use crate::block::{Block, Term};
use crate::contract::GuestDesc;
use crate::inst::Inst;
use crate::op::Effect;
use crate::region::Region;
use crate::slot::Slot;
use crate::ty::Ty;
use crate::verify::may_fault;
use crate::ways::Ways;

/// A set of registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SlotSet([u64; SlotSet::WORDS]);

impl SlotSet {
    const WORDS: usize = 8;
    /// Registers that a set can tell apart; a guest with more has the rest always live.
    pub const CAPACITY: usize = Self::WORDS * 64;
    /// None.
    pub const EMPTY: SlotSet = SlotSet([0; Self::WORDS]);
    /// Every register.
    pub const ALL: SlotSet = SlotSet([u64::MAX; Self::WORDS]);

    /// Adds a register.
    pub fn insert(&mut self, slot: Slot) {
        if let Some(word) = self.0.get_mut(slot.0 as usize / 64) {
            *word |= 1 << (slot.0 % 64);
        }
    }

    /// Removes a register.
    pub fn remove(&mut self, slot: Slot) {
        if let Some(word) = self.0.get_mut(slot.0 as usize / 64) {
            *word &= !(1 << (slot.0 % 64));
        }
    }

    /// Is it in the set?
    pub fn contains(&self, slot: Slot) -> bool {
        self.0.get(slot.0 as usize / 64).is_none_or(|word| word >> (slot.0 % 64) & 1 == 1)
    }

    /// Those of either.
    pub fn union(mut self, other: SlotSet) -> SlotSet {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a |= b);
        self
    }

    /// Those of this set that are not in the other.
    pub fn minus(mut self, other: SlotSet) -> SlotSet {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a &= !b);
        self
    }
}

/// The registers of type [`Ty::Flags`].
pub fn flags_slots(desc: &GuestDesc) -> SlotSet {
    let mut set = SlotSet::EMPTY;
    for (i, info) in desc.layout.slots.iter().enumerate() {
        if info.ty == Ty::Flags {
            set.insert(Slot(i as u16));
        }
    }
    set
}

/// Turns the registers live after an instruction into those live before it.
///
/// `precise`: at a possible fault every register is looked at. At some accesses they always are.
pub fn before(desc: &GuestDesc, inst: &Inst, live: &mut SlotSet, precise: bool) {
    match inst.op.info().effect {
        Effect::ReadSlot => live.insert(Slot(inst.imm as u16)),
        Effect::WriteSlot => {
            let slot = Slot(inst.imm as u16);
            // Floating-point operations read the control, and change the cumulative flags, unseen.
            if slot != desc.fp.flags && slot != desc.fp.control {
                live.remove(slot);
            }
        }
        Effect::Helper => {
            // What a helper writes it need not write always.
            let effects = &desc.helpers[inst.imm as usize].effects;
            effects.reads.iter().for_each(|&slot| live.insert(slot));
        }
        Effect::Exit => *live = SlotSet::ALL,
        _ => {}
    }
    if precise && may_fault(desc, inst) || inst.is_exact_access() {
        *live = SlotSet::ALL;
    }
}

/// The registers live before a block, given those live after it.
pub fn live_in(desc: &GuestDesc, block: &Block, live_out: SlotSet, precise: bool) -> SlotSet {
    let mut live = live_out;
    block.insts.iter().rev().for_each(|inst| before(desc, inst, &mut live, precise));
    live
}

/// Does the block overwrite all flags before anything can read them? For the callback of
/// [`super::optimize_region_with`].
pub fn overwrites_flags(desc: &GuestDesc, block: &Block, precise: bool) -> bool {
    let live = live_in(desc, block, SlotSet::ALL, precise);
    flags_slots(desc).minus(live) == flags_slots(desc)
}

/// The registers live after each block of a region. Others than flags are live after every block, so that
/// they are exact wherever the region is interrupted.
pub fn live_out(
    desc: &GuestDesc,
    region: &Region,
    precise: bool,
    flags_dead_at: &dyn Fn(u64) -> bool,
) -> Vec<SlotSet> {
    let flags = flags_slots(desc);
    let others = SlotSet::ALL.minus(flags);
    let ways = region.ways(desc);
    let exit = |(block, ways): (&Block, &Ways)| {
        let leaving =
            block.term.successors().zip(ways.direct).filter(|(_, inside)| inside.is_none());
        let dead = match block.term {
            Term::Goto { sync: true, .. } => false,
            Term::Goto { .. } | Term::Branch { .. } => leaving.map(|(pc, _)| pc).all(flags_dead_at),
            _ => !ways.exits,
        };
        if dead { others } else { SlotSet::ALL }
    };
    let exits: Vec<SlotSet> = region.blocks.iter().zip(&ways).map(exit).collect();
    let mut live_ins = vec![SlotSet::EMPTY; region.blocks.len()];
    let mut live_outs = exits.clone();
    loop {
        let mut changed = false;
        for (i, block) in region.blocks.iter().enumerate().rev() {
            let after = ways[i].all().fold(exits[i], |live, s| live.union(live_ins[s]));
            let mut live = live_in(desc, block, after, precise);
            if ways[i].expects.is_some() {
                live = SlotSet::ALL;
            }
            changed |= live != live_ins[i] || after != live_outs[i];
            (live_ins[i], live_outs[i]) = (live, after);
        }
        if !changed {
            return live_outs;
        }
    }
}
