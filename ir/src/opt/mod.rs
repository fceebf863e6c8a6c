//! Passes over blocks and regions. They make code shorter and never change what it means.
//!
//! A block is walked forwards once (`rewrite`): registers that are known are forwarded (`slots`), each
//! instruction is simplified by the rules of `fold`, `algebra`, `cast` and `flags` until none
//! applies, and equal values are merged. Then it is walked backwards once (`dce`): dead writes of registers
//! and unused values go. In a region, [`liveness`] tells the backward walk which flags nobody reads.
//!
//! Invariants: floating-point operations are never folded, merged or removed (rounding and cumulative flags);
//! memory accesses keep their number and order; instruction marks stay. In debug builds the verifier runs
//! after every walk.

mod algebra;
mod cast;
mod compare;
mod dce;
mod flags;
mod fold;
mod lanes;
pub mod liveness;
mod rewrite;
mod slots;
#[cfg(test)]
mod tests;

use crate::block::Block;
use crate::contract::GuestDesc;
use crate::region::Region;
use liveness::SlotSet;

/// What passes may assume.
#[derive(Clone, Copy, Debug, Default)]
pub struct OptOptions {
    /// Registers must be exact at every fault.
    pub precise: bool,
}

/// Optimises one block. Every register is exact where it ends.
pub fn optimize_block(desc: &'static GuestDesc, block: &mut Block, options: &OptOptions) {
    forward(desc, block);
    dce::sweep(desc, block, SlotSet::ALL, options.precise);
    check(desc, block, "dead code");
}

/// Optimises the blocks of a region together. Every register is exact where control leaves it.
pub fn optimize_region(desc: &'static GuestDesc, region: &mut Region, options: &OptOptions) {
    optimize_region_with(desc, region, options, &|_| false);
}

/// Optimises the blocks of a region together; `flags_dead_at` tells of an address outside whether the code
/// there overwrites all flags before anything can read them (see [`liveness::overwrites_flags`]).
///
/// The region then depends on the code at each address for which the answer was yes: when that code changes,
/// the region must be dropped with it.
pub fn optimize_region_with(
    desc: &'static GuestDesc,
    region: &mut Region,
    options: &OptOptions,
    flags_dead_at: &dyn Fn(u64) -> bool,
) {
    for block in &mut region.blocks {
        forward(desc, block);
    }
    let live = liveness::live_out(desc, region, options.precise, flags_dead_at);
    for (block, live) in region.blocks.iter_mut().zip(live) {
        dce::sweep(desc, block, live, options.precise);
        check(desc, block, "dead code");
    }
}

fn forward(desc: &'static GuestDesc, block: &mut Block) {
    check(desc, block, "lifting");
    rewrite::walk(desc, block);
    check(desc, block, "rewriting");
}

/// Panics in debug builds if a block breaks a rule of the verifier.
fn check(desc: &GuestDesc, block: &Block, after: &str) {
    if !cfg!(debug_assertions) {
        return;
    }
    if let Err(errors) = crate::verify::verify(desc, block) {
        let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let text = crate::text::print_block(desc, block);
        panic!("the block breaks rules after {after}:\n{}\n{text}", errors.join("\n"));
    }
}
