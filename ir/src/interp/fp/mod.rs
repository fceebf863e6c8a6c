//! Floating point: the meaning of every operation that depends on the guest's control or raises flags.
//!
//! Operands are taken apart (`format`), the exact result is computed in 128-bit integers (`arith`,
//! `convert`, `estimate`) and rounded once (`round`); the common case is the host's (`host`). The arithmetic is our own because the library at
//! hand (`rustc_apfloat`, the oracle of the tests) has no square root, no rounding to odd, and no choice of
//! when tininess is detected.

mod arith;
mod convert;
mod estimate;
mod format;
mod host;
mod round;
#[cfg(test)]
mod tests;

use super::lanes::{build, lane, lane_bits};
use crate::contract::{GuestDesc, Rounding, fp_flags};
use crate::inst::{FloatCC, FpConv, FpRound, Round};
use crate::op::Op;
use crate::ty::Shape;
use format::Format;
use round::Env;

/// The value of a floating-point operation; raised flags are added to the guest's cumulative flags.
///
/// Compiled code calls this where the host's arithmetic may differ from the guest's. The value of
/// [`Op::FlagsFCmp`] is the nibble NZCV.
///
/// # Panics
/// If the op has not [`crate::op::Effect::Fp`].
pub fn eval(
    desc: &GuestDesc,
    op: Op,
    shape: Shape,
    from: Shape,
    imm: u128,
    args: &[u128; 4],
    state: &mut [u8],
) -> u128 {
    let control = desc.layout.read(state, desc.fp.control) as u32;
    let mode = (desc.fp.decode)(control);
    let raised = desc.layout.read(state, desc.fp.flags) as u32;
    if mode.rounding == Rounding::NearestEven
        && raised & fp_flags::INEXACT != 0
        && let Some(value) = host::common_case(op, shape, args)
    {
        return value;
    }
    let mut env = Env { mode, rule: desc.fp.rule, flags: 0 };
    let value = lanes(&mut env, op, shape, from, imm, args);
    if env.flags & !raised != 0 {
        desc.layout.write(state, desc.fp.flags, (raised | env.flags) as u128);
    }
    value
}

fn lanes(env: &mut Env, op: Op, s: Shape, from: Shape, imm: u128, args: &[u128; 4]) -> u128 {
    let scalar_compare = !s.is_vector();
    let count = match op {
        Op::FlagsFCmp => 1,
        // The narrower side is a 64-bit arrangement with the lanes of the wider one.
        Op::FCvt => s.lanes().min(from.lanes()),
        _ => s.lanes(),
    };
    if count == 1 && scalar_compare {
        return one(env, op, s, from, imm, args.map(|v| v & super::lanes::mask(lane_bits(from))));
    }
    let mut out = [0u128; 16];
    for (i, place) in (0..count).zip(&mut out) {
        let x = one(env, op, s, from, imm, args.map(|v| lane(from, v, i)));
        *place = if op == Op::FCmp && x != 0 { u128::MAX } else { x };
    }
    build(s, |i| out[i as usize])
}

/// One lane.
#[inline]
fn one(env: &mut Env, op: Op, s: Shape, from: Shape, imm: u128, args: [u128; 4]) -> u128 {
    let fmt = Format::of(s);
    let [x, y, z, _] = args.map(|v| v as u64);
    let value = match op {
        Op::FToInt => {
            let how = conversion(imm);
            return convert::to_int(env, Format::of(from), lane_bits(s), x, how);
        }
        Op::IntToF => convert::from_int(env, fmt, lane_bits(from), args[0], conversion(imm)),
        Op::FCvt => {
            let round = Round::from_bits(imm).unwrap_or(Round::Mode);
            convert::between(env, fmt, Format::of(from), x, round)
        }
        Op::FRound => {
            let plain = FpRound { round: Round::Mode, exact: false };
            convert::to_integral(env, fmt, x, FpRound::from_bits(imm).unwrap_or(plain))
        }
        Op::FSqrt => {
            let a = env.operand(fmt, x);
            arith::sqrt(env, fmt, a)
        }
        Op::FRecipEst => estimate::recip(env, fmt, x),
        Op::FRsqrtEst => estimate::rsqrt(env, fmt, x),
        Op::FRecipExp => estimate::recip_exponent(env, fmt, x),
        Op::FMulAdd => {
            let (a, b, c) = (env.operand(fmt, x), env.operand(fmt, y), env.operand(fmt, z));
            arith::mul_add(env, fmt, a, b, c)
        }
        _ => {
            let (a, b) = (env.operand(fmt, x), env.operand(fmt, y));
            match op {
                Op::FAdd => arith::add(env, fmt, a, b),
                Op::FSub => arith::sub(env, fmt, a, b),
                Op::FMul => arith::mul(env, fmt, a, b, false),
                Op::FMulX => arith::mul(env, fmt, a, b, true),
                Op::FDiv => arith::div(env, fmt, a, b),
                Op::FMin | Op::FMax | Op::FMinNum | Op::FMaxNum => {
                    arith::min_max(env, fmt, op, a, b)
                }
                Op::FRecipStep => arith::step(env, fmt, a, b, false),
                Op::FRsqrtStep => arith::step(env, fmt, a, b, true),
                Op::FlagsFCmp => arith::nzcv(env, fmt, a, b, imm != 0),
                Op::FCmp => {
                    let cc = FloatCC::from_bits(imm).unwrap_or(FloatCC::Eq);
                    arith::holds(env, fmt, cc, a, b) as u64
                }
                _ => panic!("{op:?} is not a floating-point operation"),
            }
        }
    };
    value as u128
}

fn conversion(imm: u128) -> FpConv {
    FpConv::from_bits(imm).unwrap_or(FpConv { round: Round::Mode, signed: false, fbits: 0 })
}
