//! Immediates: each must decode as the op table says, amounts and indices must be in range.

use crate::flags::CondCC;
use crate::inst::{
    Fence, FloatCC, FpConv, FpRound, Inst, IntCC, MemAttr, Narrow, Prefetch, RmwAttr, Round,
    SignedShift,
};
use crate::op::{ImmKind, Op};
use crate::ty::Ty;
use std::ops::RangeInclusive;

/// Checks an instruction's immediate; what is wrong with it.
pub(super) fn check(inst: &Inst) -> Result<(), String> {
    let imm = inst.imm;
    let decodes = match inst.op.info().imm {
        ImmKind::None => imm == 0,
        ImmKind::Const => {
            let bits = inst.shape.ty().map_or(0, Ty::bits);
            bits >= 128 || imm >> bits == 0
        }
        // Their own rules judge these.
        ImmKind::Slot | ImmKind::Helper => true,
        ImmKind::Pc => u64::try_from(imm).is_ok(),
        ImmKind::Index => return index(inst),
        ImmKind::IntCC => IntCC::from_bits(imm).is_some(),
        ImmKind::FloatCC => FloatCC::from_bits(imm).is_some(),
        ImmKind::CondCC => imm < CondCC::ALL.len() as u128,
        ImmKind::Mem => MemAttr::from_bits(imm).is_some_and(|a| a.to_bits() == imm),
        ImmKind::Rmw => RmwAttr::from_bits(imm).is_some_and(|a| a.to_bits() == imm),
        ImmKind::Fence => Fence::from_bits(imm).is_some(),
        ImmKind::Prefetch => Prefetch::from_bits(imm).is_some(),
        ImmKind::FpConv => return fixed_point(inst),
        ImmKind::FpRound => FpRound::from_bits(imm).is_some_and(|a| a.to_bits() == imm),
        ImmKind::Round => Round::from_bits(imm).is_some(),
        ImmKind::SignedShift => SignedShift::from_bits(imm).is_some(),
        ImmKind::Narrow => Narrow::from_bits(imm).is_some(),
        ImmKind::Flag => imm <= 1,
    };
    if decodes { Ok(()) } else { Err(format!("immediate {imm:#x} means nothing")) }
}

/// The amounts or indices that an op with such an immediate takes.
pub(crate) fn index_range(inst: &Inst) -> RangeInclusive<u128> {
    let width = inst.shape.elem().map_or(0, Ty::bits) as u128;
    let last_lane = inst.shape.lanes().saturating_sub(1) as u128;
    match inst.op {
        Op::RotrI => 0..=width.saturating_sub(1),
        Op::URShrI | Op::SRShrI => 1..=width,
        Op::Extract | Op::Insert | Op::Ext => 0..=last_lane,
        Op::RevLanes => 2 * width..=64,
        _ => 0..=width,
    }
}

fn index(inst: &Inst) -> Result<(), String> {
    let range = index_range(inst);
    let fits = range.contains(&inst.imm) && (inst.op != Op::RevLanes || inst.imm.is_power_of_two());
    if fits {
        return Ok(());
    }
    Err(format!("{} is not in {}..={}", inst.imm, range.start(), range.end()))
}

fn fixed_point(inst: &Inst) -> Result<(), String> {
    let int = if inst.op == Op::FToInt { inst.shape } else { inst.from };
    let width = int.elem().map_or(0, Ty::bits);
    match FpConv::from_bits(inst.imm) {
        Some(c) if c.to_bits() != inst.imm => {
            Err(format!("immediate {:#x} means nothing", inst.imm))
        }
        Some(c) if c.fbits as u32 <= width => Ok(()),
        Some(c) => Err(format!("{} fraction bits in {width}", c.fbits)),
        None => Err(format!("immediate {:#x} means nothing", inst.imm)),
    }
}
