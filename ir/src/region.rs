//! Regions: the blocks compiled together, as a control-flow graph over guest addresses.

use crate::block::Block;
use std::collections::HashMap;
use std::ops::Range;

/// Blocks of one guest mode, connected by the addresses in their terminals ([`Region::ways`]).
///
/// Block 0 is the main entry. `entries` lists further blocks that may be entered from outside. The blocks of an inlined
/// callee stand together and belong to one call: a function that is called twice is there twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region {
    /// The blocks, first those of the region itself, then those of each inlined callee; no two of the same body begin at
    /// the same address.
    pub blocks: Vec<Block>,
    /// Indices of blocks besides 0 that are entered from outside.
    pub entries: Vec<usize>,
    /// Callees that lie in the region, in the order of their blocks.
    pub inlined: Vec<Inlined>,
}

/// A callee in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inlined {
    /// Index of the block that ends with the call, which stands before the callee's: a direct call of the callee's first
    /// block, or a computed call or jump that is expected to lead there.
    pub call: usize,
    /// Indices of the callee's own blocks, its first one first.
    pub blocks: Range<usize>,
}

impl Region {
    /// Guest address of the main entry.
    pub fn pc(&self) -> u64 {
        self.blocks[0].pc
    }

    /// By block: the inlined callee that it belongs to, `None` for the region itself.
    pub fn bodies(&self) -> Vec<Option<usize>> {
        let mut bodies = vec![None; self.blocks.len()];
        for (n, callee) in self.inlined.iter().enumerate() {
            bodies[callee.blocks.clone()].fill(Some(n));
        }
        bodies
    }

    /// Block index by body and guest address.
    pub(crate) fn index(&self) -> HashMap<(Option<usize>, u64), usize> {
        let places = self.bodies().into_iter().zip(&self.blocks).enumerate();
        places.map(|(i, (body, block))| ((body, block.pc), i)).collect()
    }

    /// Number of guest instructions.
    pub fn guest_insns(&self) -> u32 {
        self.blocks.iter().map(|b| b.guest_insns).sum()
    }
}
