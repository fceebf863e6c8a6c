//! Which callees become part of a region: small functions that are called often, with what they call in turn.
//!
//! A callee has a body of its own for each call, so that the way back is known: the return of a function that does not
//! touch its return address is a jump, any other is compared with where it should go. A function that calls what is
//! not inlined itself leaves the region there; it is taken in if some way through it leaves nothing. The callees of a
//! computed call are those that it had so far; the call is then a block of its own, for which the region is left when
//! it has another.

use crate::body::Body;
use crate::region_former::{Guest, Limits};
use isamorph_ir::{Block, Hint, Op, Term};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

/// Distance from a region's entry to its farthest callee: the map from host code to guest addresses has 32 bits.
const FAR: u64 = 1 << 30;

/// The callees of one region.
pub(crate) struct Callees<'a> {
    guest: &'a Guest<'a>,
    /// The region's.
    entry: u64,
    limits: Limits,
    /// Functions that were looked at, by address, and those that are being looked at: `None` if not to be inlined.
    known: HashMap<u64, Option<Rc<Body>>>,
}

impl<'a> Callees<'a> {
    pub fn new(guest: &'a Guest<'a>, entry: u64, limits: Limits) -> Callees<'a> {
        Callees { guest, entry, limits, known: HashMap::new() }
    }

    /// The addresses at which control goes on in the body behind its block at `pc`, which ends at `end`. A call takes its
    /// callee into the body as long as all of them have no more instructions than this.
    pub fn follow(&mut self, body: &mut Body, pc: u64, end: u64, most: u32) -> Vec<u64> {
        let block = &body.blocks[&pc];
        let (ret, callees) = match block.term {
            Term::Goto { sync: true, .. } => return vec![],
            Term::Goto { pc: callee, ret: Some(ret), .. } => (Some(ret), vec![callee]),
            Term::Indirect { hint: Hint::Call { ret }, .. } => (Some(ret), self.expected(block)),
            Term::Indirect { hint: Hint::Jump, .. } => (None, self.expected(block)),
            _ => return block.term.successors().collect(),
        };
        if ret.is_some_and(|ret| !(self.guest.reached)(ret)) {
            return vec![];
        }
        let mut inlined = false;
        for callee in callees {
            let room = most.saturating_sub(body.inlined_insns());
            let callee = self.callee(callee).filter(|callee| callee.all_insns() <= room);
            inlined |= callee.is_some();
            callee.into_iter().for_each(|callee| body.call(end, callee));
        }
        if !inlined {
            return vec![];
        }
        if let Some(branch) = branch_of(&body.blocks[&pc]) {
            body.split(self.guest, branch);
        }
        ret.into_iter().collect()
    }

    /// Where the computed branch at the block's end is expected to lead.
    fn expected(&self, block: &Block) -> Vec<u64> {
        let near = |to: &u64| (to.wrapping_sub(self.entry) as i64).unsigned_abs() < FAR;
        let leads = branch_of(block).map(|branch| (self.guest.leads)(branch)).unwrap_or_default();
        leads.into_iter().filter(near).collect()
    }

    /// The function at this address, if it is to be inlined where it is called.
    fn callee(&mut self, pc: u64) -> Option<Rc<Body>> {
        if let Some(known) = self.known.get(&pc) {
            return known.clone();
        }
        // What calls itself, also through others, is not inlined into itself.
        self.known.insert(pc, None);
        let often = (self.guest.often)(pc);
        let body = often.then(|| self.look_at(pc)).flatten().map(Rc::new);
        self.known.insert(pc, body.clone());
        body
    }

    fn look_at(&mut self, pc: u64) -> Option<Body> {
        let most = self.limits.callee_insns.min(self.limits.inlined_insns);
        let mut body = Body::new(pc);
        let mut queue = VecDeque::from([pc]);
        while let Some(at) = queue.pop_front() {
            if !(self.guest.reached)(at) {
                continue;
            }
            let Some(end) = body.add(self.guest, at, most + 1) else { continue };
            let own = body.insns();
            let follow = self.follow(&mut body, at, end, most.saturating_sub(own));
            queue.extend(follow);
            if body.all_insns() > most {
                return None;
            }
        }
        let returns = |b: &Block| match b.term {
            Term::Indirect { hint: Hint::Return, .. } => true,
            // Another function returns in its place.
            Term::Indirect { hint: Hint::Jump, .. } => body.callees_of(b).next().is_some(),
            _ => false,
        };
        body.blocks.values().any(returns).then_some(body)
    }
}

/// The address of the computed branch at the block's end.
fn branch_of(block: &Block) -> Option<u64> {
    let computed = matches!(block.term, Term::Indirect { .. });
    let branch = block.insts.iter().rev().find(|i| i.op == Op::Insn).filter(|_| computed);
    branch.map(|i| i.imm as u64)
}
