//! A body: blocks connected by direct branches, of the region itself or of a callee in it.
//!
//! A branch into the middle of a block splits it, so that no guest instruction is there twice within a body.

use crate::region_former::Guest;
use isamorph_ir::{Block, Op, Term};
use std::collections::BTreeMap;
use std::rc::Rc;

#[derive(Debug)]
pub(crate) struct Body {
    entry: u64,
    /// By address; no two overlap, unless the guest's instructions themselves do.
    pub blocks: BTreeMap<u64, Block>,
    /// Inlined callees, by the end of the block that calls.
    calls: BTreeMap<u64, Vec<Rc<Body>>>,
    insns: u32,
    inlined_insns: u32,
}

impl Body {
    pub fn new(entry: u64) -> Body {
        let (blocks, calls) = Default::default();
        Body { entry, blocks, calls, insns: 0, inlined_insns: 0 }
    }

    /// Guest instructions in its own blocks.
    pub fn insns(&self) -> u32 {
        self.insns
    }

    /// Guest instructions of its callees.
    pub fn inlined_insns(&self) -> u32 {
        self.inlined_insns
    }

    /// Both.
    pub fn all_insns(&self) -> u32 {
        self.insns + self.inlined_insns
    }

    /// Its blocks, that at the entry first.
    pub fn in_order(&self) -> impl Iterator<Item = &Block> {
        let others = self.blocks.iter().filter(|(pc, _)| **pc != self.entry);
        self.blocks.get(&self.entry).into_iter().chain(others.map(|(_, block)| block))
    }

    /// Lets the block that ends at this address call an inlined callee.
    pub fn call(&mut self, end: u64, callee: Rc<Body>) {
        self.inlined_insns += callee.all_insns();
        self.calls.entry(end).or_default().push(callee);
    }

    /// The inlined callees that this block calls.
    pub fn callees_of(&self, block: &Block) -> impl Iterator<Item = &Body> {
        let leaves = match block.term {
            Term::Goto { ret, sync, .. } => ret.is_some() && !sync,
            Term::Indirect { .. } => true,
            _ => false,
        };
        let callees = self.calls.get(&end(block)).filter(|_| leaves);
        callees.into_iter().flatten().map(|callee| &**callee)
    }

    /// Adds the block at `pc`; its end, if it is new.
    pub fn add(&mut self, guest: &Guest<'_>, pc: u64, max: u32) -> Option<u64> {
        if self.blocks.contains_key(&pc) || self.split(guest, pc) {
            return None;
        }
        let mut block = guest.lift(pc, max);
        // A block that runs into a known one stops there.
        let known = self.blocks.range(pc + 1..).next().filter(|&(&n, _)| n < end(&block));
        if let Some((&next, _)) = known
            && let Some(n) = insns_before(&block, next)
        {
            block = guest.lift(pc, n);
        }
        self.insns += block.guest_insns;
        let end = end(&block);
        self.blocks.insert(pc, block);
        Some(end)
    }

    /// Does a block end here for its length alone?
    pub fn runs_into(&self, pc: u64) -> bool {
        let before = self.blocks.range(..pc).next_back();
        before.is_some_and(|(_, block)| {
            let goes_on =
                matches!(block.term, Term::Goto { pc: next, ret: None, sync: false } if next == pc);
            end(block) == pc && goes_on
        })
    }

    /// If `pc` is an instruction inside of a known block, splits that there.
    pub fn split(&mut self, guest: &Guest<'_>, pc: u64) -> bool {
        let Some((&start, block)) = self.blocks.range(..pc).next_back() else { return false };
        if end(block) <= pc {
            return false;
        }
        let Some(n) = insns_before(block, pc) else { return false };
        let total = block.guest_insns;
        let (head, tail) = (guest.lift(start, n), guest.lift(pc, total - n));
        self.insns = self.insns - total + head.guest_insns + tail.guest_insns;
        self.blocks.insert(start, head);
        self.blocks.insert(pc, tail);
        true
    }
}

/// The address behind a block.
fn end(block: &Block) -> u64 {
    block.pc.wrapping_add(block.len as u64)
}

/// How many guest instructions of the block lie before the one at `pc`, if one begins there.
fn insns_before(block: &Block, pc: u64) -> Option<u32> {
    let marks = block.insts.iter().filter(|i| i.op == Op::Insn);
    let at = marks.map(|i| i.imm as u64).position(|p| p == pc)?;
    (at > 0).then_some(at as u32)
}
