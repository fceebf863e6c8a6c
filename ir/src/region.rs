//! Regions: the blocks compiled together, as a control-flow graph over guest addresses.

use crate::block::{Block, Term};
use std::collections::HashMap;

/// Blocks of one guest mode, connected by the addresses in their terminals.
///
/// Block 0 is the main entry. `entries` lists further blocks that may be entered from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// The blocks; no two begin at the same address.
    pub blocks: Vec<Block>,
    /// Indices of blocks besides 0 that are entered from outside.
    pub entries: Vec<usize>,
}

impl Region {
    /// Guest address of the main entry.
    pub fn pc(&self) -> u64 {
        self.blocks[0].pc
    }

    /// Block index by guest address.
    pub fn index(&self) -> HashMap<u64, usize> {
        self.blocks.iter().enumerate().map(|(i, b)| (b.pc, i)).collect()
    }

    /// Indices of the blocks of this region that may follow each block directly.
    ///
    /// An exit that must synchronise leaves the region even if its target lies inside.
    pub fn successors(&self) -> Vec<Vec<usize>> {
        let index = self.index();
        let follow = |b: &Block| match b.term {
            Term::Goto { sync: true, .. } => vec![],
            _ => b.term.successors().filter_map(|pc| index.get(&pc).copied()).collect(),
        };
        self.blocks.iter().map(follow).collect()
    }

    /// Marks each block that a back-edge of a depth-first walk from the entries leads to.
    pub fn loop_heads(&self) -> Vec<bool> {
        let succ = self.successors();
        let mut head = vec![false; self.blocks.len()];
        // 0 new, 1 on the walk's path, 2 done
        let mut state = vec![0u8; self.blocks.len()];
        for root in std::iter::once(0).chain(self.entries.iter().copied()) {
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
                    1 => head[t] = true,
                    _ => {}
                }
            }
        }
        head
    }

    /// Number of guest instructions.
    pub fn guest_insns(&self) -> u32 {
        self.blocks.iter().map(|b| b.guest_insns).sum()
    }
}
