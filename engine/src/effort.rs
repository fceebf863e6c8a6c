//! How much effort the region compiler makes.
//!
//! Cranelift's optimiser places a value where it is first needed, and so shortens how long values live. That pays where
//! a long line of code computes in more registers than the host has, as unrolled ciphers do: what is interleaved there
//! for the guest's pipeline is spilled here. It costs twice the time, and moves floating-point operations to where
//! their flags are raised too early: such regions are compiled as they stand.

use isamorph_backend_cranelift::OptLevel;
use isamorph_ir::op::Effect;
use isamorph_ir::{GuestDesc, Inst, Op, Region, Slot, Ty};
use std::collections::HashSet;

/// Guest instructions of a long line.
const LINE: u32 = 100;
/// Vector registers of the host.
const VECTORS: usize = 16;

/// The effort for this region.
pub(crate) fn of_region(desc: &GuestDesc, region: &Region) -> OptLevel {
    let insts = || region.blocks.iter().flat_map(|b| &b.insts);
    let floats = |i: &Inst| matches!(i.op.info().effect, Effect::Fp | Effect::FpState);
    let is_long = region.blocks.iter().any(|b| b.guest_insns >= LINE);
    if !is_long || insts().any(floats) {
        return OptLevel::None;
    }
    let vectors = insts().filter(|i| matches!(i.op, Op::Get | Op::Put)).map(|i| Slot(i.imm as u16));
    let vectors = vectors.filter(|s| desc.layout.info(*s).ty == Ty::V128);
    match vectors.collect::<HashSet<Slot>>().len() > VECTORS {
        true => OptLevel::Speed,
        false => OptLevel::None,
    }
}
