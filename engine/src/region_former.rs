//! Region formation: from a hot guest address to the blocks compiled together.
//!
//! Walks the control-flow graph breadth first from the entry through direct branches, until a budget of guest
//! instructions is used up. A straight line is one block however long it is, up to a limit of its own: a long loop is
//! worth little in pieces. Calls and indirect branches leave the region, but for a function that calls itself:
//! there the call is a jump inside, and its continuation an entry. A branch into the middle of a block splits it,
//! so that no guest instruction is compiled twice within a region.

use isamorph_ir::{Block, CodeSource, Frontend, Mode, Op, Region, Term};
use std::collections::{BTreeMap, VecDeque};

/// Limits of a region.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Guest instructions in the region.
    pub region_insns: u32,
    /// Guest instructions in one block of a region, and in a region that is one line.
    pub line_insns: u32,
    /// Guest instructions in one block that is run alone.
    pub block_insns: u32,
}

/// Forms the region entered at `pc`. `reached` tells of an address that control can come to inside of the region
/// whether it ever did: what is cold is left out.
pub fn form(
    frontend: &dyn Frontend,
    code: &dyn CodeSource,
    pc: u64,
    mode: Mode,
    limits: Limits,
    reached: &dyn Fn(u64) -> bool,
) -> Region {
    let blocks = BTreeMap::new();
    let mut former = Former { frontend, code, mode, limits, entry: pc, blocks, insns: 0 };
    let mut queue = VecDeque::from([pc]);
    while let Some(at) = queue.pop_front() {
        let budget = if former.runs_into(at) { limits.line_insns } else { limits.region_insns };
        if former.insns >= budget && !former.blocks.is_empty() {
            continue;
        }
        queue.extend(former.add(at).into_iter().filter(|to| reached(*to)));
    }
    let Former { mut blocks, .. } = former;
    let first = blocks.remove(&pc).expect("the entry was added first and splits keep its start");
    let blocks: Vec<Block> = std::iter::once(first).chain(blocks.into_values()).collect();
    let continues = |b: &Block| match b.term {
        Term::Goto { pc: callee, ret: Some(ret), sync: false } if callee == pc => Some(ret),
        _ => None,
    };
    let returns: Vec<u64> = blocks.iter().filter_map(continues).collect();
    let entries = (1..blocks.len()).filter(|&i| returns.contains(&blocks[i].pc)).collect();
    Region { blocks, entries }
}

struct Former<'a> {
    frontend: &'a dyn Frontend,
    code: &'a dyn CodeSource,
    mode: Mode,
    limits: Limits,
    entry: u64,
    /// By address; no two overlap, unless the guest's instructions themselves do.
    blocks: BTreeMap<u64, Block>,
    insns: u32,
}

impl Former<'_> {
    /// Adds the block at `pc`; the addresses that follow it inside of a region.
    fn add(&mut self, pc: u64) -> Vec<u64> {
        if self.blocks.contains_key(&pc) || self.split(pc) {
            return vec![];
        }
        let mut block = self.lift(pc, self.limits.line_insns);
        // A block that runs into a known one stops there.
        let end = pc.wrapping_add(block.len as u64);
        if let Some((&next, _)) = self.blocks.range(pc + 1..).next().filter(|&(&n, _)| n < end)
            && let Some(n) = insns_before(&block, next)
        {
            block = self.lift(pc, n);
        }
        self.insns += block.guest_insns;
        let follow = match block.term {
            Term::Goto { sync: true, .. } => vec![],
            Term::Goto { pc: callee, ret: Some(ret), .. } if callee == self.entry => vec![ret],
            Term::Goto { ret: Some(_), .. } => vec![],
            _ => block.term.successors().collect(),
        };
        self.blocks.insert(pc, block);
        follow
    }

    /// Does a block end here for its length alone?
    fn runs_into(&self, pc: u64) -> bool {
        let before = self.blocks.range(..pc).next_back();
        before.is_some_and(|(&start, block)| {
            let ends_here = start.wrapping_add(block.len as u64) == pc;
            ends_here && matches!(block.term, Term::Goto { pc: next, ret: None, sync: false } if next == pc)
        })
    }

    /// If `pc` is an instruction inside of a known block, splits that there.
    fn split(&mut self, pc: u64) -> bool {
        let Some((&start, block)) = self.blocks.range(..pc).next_back() else { return false };
        if start.wrapping_add(block.len as u64) <= pc {
            return false;
        }
        let Some(n) = insns_before(block, pc) else { return false };
        let total = block.guest_insns;
        let (head, tail) = (self.lift(start, n), self.lift(pc, total - n));
        self.insns = self.insns - total + head.guest_insns + tail.guest_insns;
        self.blocks.insert(start, head);
        self.blocks.insert(pc, tail);
        true
    }

    fn lift(&self, pc: u64, max: u32) -> Block {
        self.frontend.lift(self.code, pc, self.mode, max)
    }
}

/// How many guest instructions of the block lie before the one at `pc`, if one begins there.
fn insns_before(block: &Block, pc: u64) -> Option<u32> {
    let marks = block.insts.iter().filter(|i| i.op == Op::Insn);
    let at = marks.map(|i| i.imm as u64).position(|p| p == pc)?;
    (at > 0).then_some(at as u32)
}
