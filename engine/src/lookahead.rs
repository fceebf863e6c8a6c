//! Looking ahead over exits: are the condition flags overwritten there before anything reads them?
//!
//! A region need not store flags at an exit to such an address. The answer depends on guest code outside of the
//! region: whoever uses it must drop the region when that code changes, and so the code looked at is recorded.

use isamorph_ir::opt::liveness::{SlotSet, flags_slots, live_in, overwrites_flags};
use isamorph_ir::{CodeSource, Frontend, Mode, Term};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

/// Blocks looked at for one answer.
const BLOCKS: u32 = 4;
/// Guest instructions of a block.
const INSNS: u32 = 16;

/// Answers for one region, with the guest code they rest on.
pub(crate) struct Lookahead<'a> {
    frontend: &'a dyn Frontend,
    code: &'a dyn CodeSource,
    mode: Mode,
    precise: bool,
    known: RefCell<HashMap<u64, bool>>,
    seen: RefCell<Vec<Range<u64>>>,
}

impl<'a> Lookahead<'a> {
    pub fn new(
        frontend: &'a dyn Frontend,
        code: &'a dyn CodeSource,
        mode: Mode,
        precise: bool,
    ) -> Lookahead<'a> {
        let (known, seen) = Default::default();
        Lookahead { frontend, code, mode, precise, known, seen }
    }

    /// Are the flags dead at this address?
    pub fn flags_dead_at(&self, pc: u64) -> bool {
        if let Some(&dead) = self.known.borrow().get(&pc) {
            return dead;
        }
        let mut budget = BLOCKS;
        let mut seen = vec![];
        let dead = self.dead(pc, &mut budget, &mut seen);
        if dead {
            self.seen.borrow_mut().extend(seen);
        }
        self.known.borrow_mut().insert(pc, dead);
        dead
    }

    /// The code that the answers rest on.
    pub fn seen(self) -> Vec<Range<u64>> {
        self.seen.into_inner()
    }

    fn dead(&self, pc: u64, budget: &mut u32, seen: &mut Vec<Range<u64>>) -> bool {
        if *budget == 0 {
            return false;
        }
        *budget -= 1;
        let block = self.frontend.lift(self.code, pc, self.mode, INSNS);
        seen.push(pc..pc.wrapping_add(block.len as u64));
        let desc = self.frontend.desc();
        if overwrites_flags(desc, &block, self.precise) {
            return true;
        }
        let read = live_in(desc, &block, SlotSet::default(), self.precise);
        if flags_slots(desc).minus(read) != flags_slots(desc) {
            return false;
        }
        match block.term {
            Term::Goto { pc, sync: false, .. } => self.dead(pc, budget, seen),
            Term::Branch { then, other, .. } => {
                self.dead(other, budget, seen) && self.dead(then, budget, seen)
            }
            _ => false,
        }
    }
}
