//! The control flow inside a region: its blocks as nodes, where each one leads, cycles and loops.
//!
//! Way of the data: `Region →` **[`Graph`]** `→ plan, views, lower`.
//!
//! Invariants: every cycle holds a way in some node's `back`; a block of the region may be two nodes (an inner
//! loop that the region is entered in is there once for the entry, and once for the loops around it).

use crate::loops::{cycles, innermost};
use isamorph_ir::{Block, GuestDesc, Hint, Region, Term, Ways};
use std::collections::HashMap;

/// Largest loop, in guest instructions, that is doubled for an entry.
const MAX_DOUBLED: u32 = 128;

/// Where control goes after a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Successors {
    /// The nodes inside of the region.
    pub(crate) ways: Ways,
    /// Nodes to which the way from here closes a cycle.
    pub(crate) back: Vec<usize>,
    /// Where the calls of the inlined callees that the node lies in return to, the outermost first.
    pub(crate) waiting: Vec<u64>,
    /// Heads of loops that are entered from here.
    pub(crate) into: Vec<usize>,
}

impl Successors {
    pub(crate) fn all(&self) -> impl Iterator<Item = usize> + '_ {
        self.ways.all()
    }

    /// The same for a copy of the node: ways to nodes that have a copy lead to the copy.
    fn of_copy(&self, copy_of: &HashMap<usize, usize>) -> Successors {
        let moved = |n: usize| copy_of.get(&n).copied().unwrap_or(n);
        let compared = self.ways.compared.iter().map(|(pc, n)| (*pc, moved(*n))).collect();
        let direct = self.ways.direct.map(|d| d.map(moved));
        let ways = Ways { direct, compared, ..self.ways.clone() };
        Successors { ways, waiting: self.waiting.clone(), ..Successors::default() }
    }
}

/// The control flow of a region.
#[derive(Debug)]
pub(crate) struct Graph<'a> {
    /// The nodes' blocks.
    pub(crate) blocks: Vec<&'a Block>,
    pub(crate) succ: Vec<Successors>,
    /// Nodes entered from outside, the main one first.
    pub(crate) entries: Vec<usize>,
    /// By node: the nodes of the innermost loop that it heads.
    pub(crate) loops: Vec<Option<Vec<bool>>>,
}

impl<'a> Graph<'a> {
    pub(crate) fn new(desc: &GuestDesc, region: &'a Region) -> Graph<'a> {
        let blocks: Vec<&Block> = region.blocks.iter().collect();
        let of = |(ways, waiting): (Ways, Vec<u64>)| Successors {
            ways,
            waiting,
            ..Successors::default()
        };
        let succ = region.ways(desc).into_iter().zip(waiting(region)).map(of).collect();
        let mut entries = vec![0];
        entries.extend(region.entries.iter().copied().filter(|e| *e != 0));
        entries[1..].sort_unstable();
        entries.dedup();
        let mut graph = Graph { blocks, succ, entries, loops: Vec::new() };
        graph.find_cycles();
        graph.double_entry_loop();
        graph.find_loops();
        graph
    }

    /// Marks, of every cycle, at least one way that closes it: the retreating ways of a depth-first walk.
    fn find_cycles(&mut self) {
        // 0 new, 1 on the walk's path, 2 done
        let mut state = vec![0u8; self.succ.len()];
        let succ: Vec<Vec<usize>> = self.succ.iter().map(|s| s.all().collect()).collect();
        for root in self.entries.clone() {
            if state[root] != 0 {
                continue;
            }
            state[root] = 1;
            let mut path = vec![(root, 0)];
            while let Some((b, i)) = path.pop() {
                let Some(&t) = succ[b].get(i) else {
                    state[b] = 2;
                    continue;
                };
                path.push((b, i + 1));
                match state[t] {
                    0 => {
                        state[t] = 1;
                        path.push((t, 0));
                    }
                    1 => self.succ[b].back.push(t),
                    _ => {}
                }
            }
        }
    }

    /// If the region is entered in an inner loop, the loops around it would have no head of their own, and all
    /// their values would meet at the entry. So the entry gets the inner loop for itself.
    fn double_entry_loop(&mut self) {
        let cycles = cycles(&self.succ);
        let around =
            |body: &Vec<bool>| cycles[0].iter().any(|c| c.iter().zip(body).any(|(a, b)| *a && !b));
        let Some(body) = innermost(0, &cycles).filter(around) else { return };
        let inside: Vec<usize> = (0..body.len()).filter(|n| body[*n]).collect();
        if inside.iter().map(|n| self.blocks[*n].guest_insns).sum::<u32>() > MAX_DOUBLED {
            return;
        }
        let first = self.blocks.len();
        let copy_of = inside.iter().enumerate().map(|(n, of)| (*of, first + n)).collect();
        for n in &inside {
            let succ = self.succ[*n].of_copy(&copy_of);
            self.blocks.push(self.blocks[*n]);
            self.succ.push(succ);
        }
        self.entries[0] = copy_of[&0];
        self.succ.iter_mut().for_each(|s| s.back.clear());
        self.find_cycles();
    }

    fn find_loops(&mut self) {
        let cycles = cycles(&self.succ);
        self.loops = (0..self.succ.len()).map(|head| innermost(head, &cycles)).collect();
        for (n, succ) in self.succ.iter_mut().enumerate() {
            let enters = |to: &usize| self.loops[*to].as_ref().is_some_and(|body| !body[n]);
            let into: Vec<usize> = succ.all().filter(enters).collect();
            succ.into = into;
        }
    }
}

/// By block: where the calls of the inlined callees that it lies in return to, the outermost first.
fn waiting(region: &Region) -> Vec<Vec<u64>> {
    let bodies = region.bodies();
    let of = |mut body: Option<usize>| {
        let mut all = vec![];
        while let Some(callee) = body {
            let call = region.inlined[callee].call;
            all.extend(match region.blocks[call].term {
                Term::Goto { ret, .. } => ret,
                Term::Indirect { hint: Hint::Call { ret }, .. } => Some(ret),
                _ => None,
            });
            body = bodies[call];
        }
        all.reverse();
        all
    };
    bodies.iter().map(|body| of(*body)).collect()
}
