//! Runs a block from a given state, keeping everything that can be observed.

use super::memory::TestMemory;
use crate::block::Block;
use crate::contract::GuestDesc;
use crate::interp::{Interp, Step};

/// What a run left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How it ended.
    pub step: Step,
    /// The guest state, with flags slots as packed nibbles: how they are recorded is no one's business.
    pub state: Vec<u128>,
    /// The memory with its log.
    pub memory: TestMemory,
}

/// Runs `block` on copies of `state` and `memory`.
pub fn run_block(
    desc: &'static GuestDesc,
    block: &Block,
    state: &[u8],
    memory: &TestMemory,
) -> Ran {
    let (mut bytes, mut memory) = (state.to_vec(), memory.clone());
    let step = Interp::new().run(desc, block, &mut bytes, &mut memory);
    let slots = 0..desc.layout.slots.len();
    let state = slots.map(|i| desc.layout.read(&bytes, crate::slot::Slot(i as u16))).collect();
    Ran { step, state, memory }
}
