//! Region formation: from a hot guest address to the blocks compiled together.
//!
//! Walks the control-flow graph breadth first from the entry through direct branches, until a budget of guest
//! instructions is used up. A straight line is one block however long it is, up to a limit of its own: a long loop is
//! worth little in pieces. A call of a small function takes that into the region ([`crate::callees`]) and goes on
//! behind it; other calls and computed branches leave the region, but for a function that calls itself: there the call
//! is a jump inside, and its continuation an entry.

use crate::body::Body;
use crate::callees::Callees;
use isamorph_ir::{Block, CodeSource, Frontend, Inlined, Mode, Region, Term};
use std::collections::VecDeque;

/// Limits of a region.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Guest instructions in the region's own blocks.
    pub region_insns: u32,
    /// Guest instructions in one block of a region, and in a region that is one line.
    pub line_insns: u32,
    /// Guest instructions of one inlined callee, with those inlined into it.
    pub callee_insns: u32,
    /// Guest instructions of all inlined callees. With none, nothing is inlined.
    pub inlined_insns: u32,
    /// Guest instructions in one block that is run alone.
    pub block_insns: u32,
}

impl Limits {
    /// Every region is one block of at most so many instructions.
    pub const fn of_blocks(insns: u32) -> Limits {
        Limits {
            region_insns: 1,
            line_insns: insns,
            callee_insns: 0,
            inlined_insns: 0,
            block_insns: insns,
        }
    }
}

/// The guest's code, and what running it has shown.
pub struct Guest<'a> {
    /// Its frontend.
    pub frontend: &'a dyn Frontend,
    /// Its bytes.
    pub code: &'a dyn CodeSource,
    /// The mode that the region is for.
    pub mode: Mode,
    /// Tells of an address that control can come to inside of the region whether it ever did: what is cold is left out.
    pub reached: &'a dyn Fn(u64) -> bool,
    /// Tells of a function whether it is called often: what is not, is not inlined.
    pub often: &'a dyn Fn(u64) -> bool,
    /// Where the computed branch at this address is expected to lead: the addresses that it led to.
    pub leads: &'a dyn Fn(u64) -> Vec<u64>,
}

impl Guest<'_> {
    pub(crate) fn lift(&self, pc: u64, max: u32) -> Block {
        self.frontend.lift(self.code, pc, self.mode, max)
    }
}

/// Forms the region entered at `pc`.
pub fn form(guest: &Guest<'_>, pc: u64, limits: Limits) -> Region {
    let mut callees = Callees::new(guest, pc, limits);
    let mut body = Body::new(pc);
    let mut queue = VecDeque::from([pc]);
    while let Some(at) = queue.pop_front() {
        let budget = if body.runs_into(at) { limits.line_insns } else { limits.region_insns };
        if body.insns() >= budget && !body.blocks.is_empty() {
            continue;
        }
        let Some(end) = body.add(guest, at, limits.line_insns) else { continue };
        let follow = match body.blocks[&at].term {
            Term::Goto { pc: callee, ret: Some(ret), sync: false } if callee == pc => vec![ret],
            _ => callees.follow(&mut body, at, end, limits.inlined_insns),
        };
        queue.extend(follow.into_iter().filter(|to| (guest.reached)(*to)));
    }
    let mut region = Region::default();
    place(&body, &mut region);
    let continues = |b: &Block| match b.term {
        Term::Goto { pc: callee, ret: Some(ret), sync: false } if callee == pc => Some(ret),
        _ => None,
    };
    let own = body.blocks.len();
    let returns: Vec<u64> = region.blocks[..own].iter().filter_map(continues).collect();
    region.entries = (1..own).filter(|&i| returns.contains(&region.blocks[i].pc)).collect();
    region
}

/// Lays out the blocks of a body, then those of every callee for every call of it.
fn place(body: &Body, region: &mut Region) {
    let mut bodies = VecDeque::from([(None, body)]);
    while let Some((call, body)) = bodies.pop_front() {
        let first = region.blocks.len();
        for block in body.in_order() {
            let call = Some(region.blocks.len());
            bodies.extend(body.callees_of(block).map(|callee| (call, callee)));
            region.blocks.push(block.clone());
        }
        let blocks = first..region.blocks.len();
        region.inlined.extend(call.map(|call| Inlined { call, blocks }));
    }
}
