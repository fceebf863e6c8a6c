//! Where control goes inside of a region: one answer for passes, backends and tests.
//!
//! A direct branch leads to the block at its target in the same body. A call leads to its inlined callee, and a return
//! from there to the block behind the call: after a comparison of the address, or without one if nothing in the callee
//! can have changed the register that holds it. A computed call leads to the callees that it is expected to have: the
//! register with the target is looked at before the block begins, and if it holds another address, the region is left
//! there with nothing of the block done. Everything else leaves the region.

use crate::block::{Block, Hint, Term};
use crate::contract::GuestDesc;
use crate::inst::{Inst, Value};
use crate::op::{Effect, Op};
use crate::region::Region;
use crate::slot::Slot;

/// Most continuations of inner calls that a return of the region's own body is compared with.
const MAX_INNER_RETURNS: usize = 4;

/// Where control goes after a block, inside of the region.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// Of `Goto` (first) and `Branch` (then, other): the block if it is inside.
    pub direct: [Option<usize>; 2],
    /// Of a computed branch: guest addresses that its target may be, and the blocks there.
    pub compared: Vec<(u64, usize)>,
    /// A computed branch nearly always leads to one of `compared`.
    pub likely: bool,
    /// The region is left at the block's begin if this register holds none of the addresses of `compared`.
    pub expects: Option<Slot>,
    /// Does the block's end leave the region on some way? A computed branch without one leads to the last of `compared` if
    /// to none of the others.
    pub exits: bool,
}

impl Ways {
    /// Every block that may follow.
    pub fn all(&self) -> impl Iterator<Item = usize> + '_ {
        self.direct.into_iter().flatten().chain(self.compared.iter().map(|c| c.1))
    }
}

impl Region {
    /// Where control goes after each block.
    pub fn ways(&self, desc: &GuestDesc) -> Vec<Ways> {
        let bodies = self.bodies();
        let index = self.index();
        let find = |body: Option<usize>, pc: u64| index.get(&(body, pc)).copied();
        let mut callees = vec![vec![]; self.blocks.len()];
        for callee in &self.inlined {
            callees[callee.call].push(callee.blocks.start);
        }
        let inner = self.inner_returns(&bodies, &callees, &find);
        let ways = |(i, block): (usize, &Block)| {
            let (body, callees) = (bodies[i], &callees[i]);
            let mut ways = Ways { exits: true, ..Ways::default() };
            match block.term {
                Term::Goto { sync: true, .. } => {}
                Term::Goto { pc, ret, .. } => {
                    let own = (ret.is_none() || body.is_none()).then(|| find(body, pc)).flatten();
                    ways.direct[0] = callees.first().copied().or(own);
                    ways.exits = ways.direct[0].is_none();
                }
                Term::Branch { then, other, .. } => {
                    ways.direct = [find(body, then), find(body, other)];
                    ways.exits = ways.direct.contains(&None);
                }
                Term::Indirect { target, hint: Hint::Return } => match body {
                    None => ways.compared.clone_from(&inner),
                    Some(n) => {
                        let back = self
                            .behind(n, &bodies)
                            .and_then(|(outer, ret)| find(outer, ret).map(|to| (ret, to)));
                        ways.compared.extend(back);
                        ways.likely = true;
                        ways.exits =
                            back.is_none() || !self.returns_certainly(desc, i, n, target, &bodies);
                    }
                },
                Term::Indirect { target, .. } if !callees.is_empty() => {
                    ways.compared.extend(callees.iter().map(|&to| (self.blocks[to].pc, to)));
                    ways.likely = true;
                    // A region that is entered here would be left for itself.
                    let entered = i == 0 || self.entries.contains(&i);
                    ways.expects = unchanged(desc, block, target).filter(|_| !entered);
                    ways.exits = ways.expects.is_none();
                }
                _ => {}
            }
            ways
        };
        self.blocks.iter().enumerate().map(ways).collect()
    }

    /// Guest addresses and blocks of the continuations of calls inside of the region's own body, if they are few.
    fn inner_returns(
        &self,
        bodies: &[Option<usize>],
        callees: &[Vec<usize>],
        find: &dyn Fn(Option<usize>, u64) -> Option<usize>,
    ) -> Vec<(u64, usize)> {
        let continuation = |i: usize| match self.blocks[i].term {
            Term::Goto { pc, ret: Some(ret), sync: false } => {
                let inside = bodies[i].is_none() && callees[i].is_empty();
                find(None, pc).filter(|_| inside)?;
                find(None, ret).map(|to| (ret, to))
            }
            _ => None,
        };
        let mut returns: Vec<_> = (0..self.blocks.len()).filter_map(continuation).collect();
        returns.sort_unstable();
        returns.dedup();
        if returns.len() > MAX_INNER_RETURNS {
            returns.clear();
        }
        returns
    }

    /// Where this callee returns to: the body, and the guest address.
    fn behind(&self, callee: usize, bodies: &[Option<usize>]) -> Option<(Option<usize>, u64)> {
        let call = self.inlined[callee].call;
        match self.blocks[call].term {
            Term::Goto { ret: Some(ret), .. } => Some((bodies[call], ret)),
            Term::Indirect { hint: Hint::Call { ret }, .. } => Some((bodies[call], ret)),
            // A jump to another function: that one returns in its place.
            Term::Indirect { .. } => self.behind(bodies[call]?, bodies),
            _ => None,
        }
    }

    /// Is the target of the return that ends block `i` of this callee what the call left in the register?
    fn returns_certainly(
        &self,
        desc: &GuestDesc,
        i: usize,
        callee: usize,
        target: Value,
        bodies: &[Option<usize>],
    ) -> bool {
        let read = self.blocks[i].insts[target.index()];
        read.op == Op::Get && self.keeps_link(desc, callee, Slot(read.imm as u16), bodies)
    }

    /// Does the register hold the callee's return address wherever control is in the callee?
    fn keeps_link(
        &self,
        desc: &GuestDesc,
        callee: usize,
        link: Slot,
        bodies: &[Option<usize>],
    ) -> bool {
        let call = self.inlined[callee].call;
        let changes = |b: &Block| b.insts.iter().any(|i| writes(desc, i, link));
        let mut blocks = self.blocks.iter().zip(bodies);
        if blocks.any(|(b, body)| self.is_within(*body, callee, bodies) && changes(b)) {
            return false;
        }
        if let Term::Indirect { hint: Hint::Jump | Hint::Return, .. } = self.blocks[call].term {
            return bodies[call].is_some_and(|outer| self.keeps_link(desc, outer, link, bodies));
        }
        let insts = &self.blocks[call].insts;
        let ret = self.behind(callee, bodies).map(|(_, ret)| ret as u128);
        insts.iter().rev().find(|i| writes(desc, i, link)).is_some_and(|put| {
            let value = put.args().next().map(|v| insts[v.index()]);
            put.op == Op::Put && value.is_some_and(|v| v.op == Op::Const && Some(v.imm) == ret)
        })
    }

    /// Is this body the callee, or inlined into it?
    fn is_within(&self, body: Option<usize>, callee: usize, bodies: &[Option<usize>]) -> bool {
        let outer = |n: &usize| bodies[self.inlined[*n].call];
        std::iter::successors(body, outer).any(|n| n == callee)
    }
}

/// The register that this value is, as it is at the block's begin.
fn unchanged(desc: &GuestDesc, block: &Block, value: Value) -> Option<Slot> {
    let read = block.insts[value.index()];
    let slot = Slot(read.imm as u16);
    let before = &block.insts[..value.index()];
    let same = read.op == Op::Get && !before.iter().any(|i| writes(desc, i, slot));
    same.then_some(slot)
}

/// May this instruction change the register?
fn writes(desc: &GuestDesc, inst: &Inst, slot: Slot) -> bool {
    match inst.op.info().effect {
        Effect::WriteSlot => inst.imm == slot.0 as u128,
        Effect::Helper => desc.helpers[inst.imm as usize].effects.writes.contains(&slot),
        _ => false,
    }
}
