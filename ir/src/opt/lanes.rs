//! Lanes of vectors that were just put together, and sign operations on floating-point lanes.
//!
//! Scalar floating point lives in the low lane of a vector register; these rules make a chain of scalar
//! operations pass its values directly.

use super::algebra::{upper_is_zero, whole};
use super::cast::full_vector;
use super::rewrite::{Found, Rewriter, constant, conversion, inst};
use crate::inst::{Inst, Value};
use crate::interp::lanes::lane_bits;
use crate::op::Op;
use crate::ty::{Shape, Ty};

/// Simplifies an operation on lanes.
pub(super) fn rule(rw: &mut Rewriter, i: &Inst) -> Option<Found> {
    let a = i.args[0];
    match i.op {
        Op::Lo64 if upper_is_zero(rw, a) => Some(Found::Value(a)),
        Op::Extract => extract(rw, i, a),
        Op::ZextLane => zext_lane(rw, i, a),
        Op::FNeg | Op::FAbs => sign(rw, i, a),
        _ => None,
    }
}

fn extract(rw: &mut Rewriter, i: &Inst, a: Value) -> Option<Found> {
    if i.shape.is_half() {
        return Some(Found::Inst(inst(Op::Extract, i.shape.to_full(), &[a], i.imm)));
    }
    let (ty, width) = (i.shape.elem()?, lane_bits(i.shape));
    let inner = rw.inst(a);
    let same_width = lane_bits(inner.shape) == width;
    match inner.op {
        Op::Lo64 if i.imm * (width as u128) < 64 => {
            Some(Found::Inst(Inst { args: inner.args, ..*i }))
        }
        Op::Lo64 => Some(Found::Inst(constant(ty, 0))),
        Op::ZextLane if i.imm == 0 && same_width => as_lane(inner.shape, ty, inner.args[0]),
        // A narrower lane among zeros.
        Op::ZextLane if i.imm == 0 && lane_bits(inner.shape) < width && ty.is_int() => {
            let lane = inner.shape.elem().filter(|lane| lane.is_int())?;
            Some(Found::Inst(conversion(Op::Zext, ty, lane, inner.args[0])))
        }
        Op::ZextLane if i.imm * width as u128 >= lane_bits(inner.shape) as u128 => {
            Some(Found::Inst(constant(ty, 0)))
        }
        Op::Splat if same_width && i.imm < inner.shape.lanes() as u128 => {
            as_lane(inner.shape, ty, inner.args[0])
        }
        Op::Insert if same_width && !inner.shape.is_half() && inner.imm == i.imm => {
            as_lane(inner.shape, ty, inner.args[1])
        }
        Op::Insert if same_width && !inner.shape.is_half() => {
            Some(Found::Inst(inst(Op::Extract, i.shape, &[inner.args[0]], i.imm)))
        }
        Op::Bitcast => {
            let pair = rw.inst(inner.args[0]);
            match (pair.op, i.imm) {
                (Op::Concat, 0 | 1) if width == 64 => {
                    as_lane(Shape::I64x2, ty, pair.args[i.imm as usize])
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A lane value of `shape` as a lane type of the same width.
fn as_lane(shape: Shape, ty: Ty, v: Value) -> Option<Found> {
    let from = shape.elem()?;
    Some(match from == ty {
        true => Found::Value(v),
        false => Found::Inst(conversion(Op::Bitcast, ty, from, v)),
    })
}

/// The low lane taken out and put back alone; integer and floating lanes are the same bits.
fn zext_lane(rw: &mut Rewriter, i: &Inst, a: Value) -> Option<Found> {
    let inner = rw.inst(a);
    match inner.op {
        Op::Extract if inner.imm == 0 && lane_bits(inner.shape) == 64 => {
            Some(whole(rw, Shape::I64x1, inner.args[0]))
        }
        Op::Bitcast => {
            let from = inner.from.ty()?;
            let shape = full_vector(from)?;
            let same_width = lane_bits(shape) == lane_bits(i.shape);
            same_width.then(|| Found::Inst(inst(Op::ZextLane, shape, &inner.args[..1], 0)))
        }
        _ => None,
    }
}

fn sign(rw: &mut Rewriter, i: &Inst, a: Value) -> Option<Found> {
    let inner = rw.inst(a);
    if inner.shape != i.shape {
        return None;
    }
    match (i.op, inner.op) {
        (Op::FNeg, Op::FNeg) => Some(whole(rw, i.shape, inner.args[0])),
        (Op::FAbs, Op::FAbs) => Some(Found::Value(a)),
        (Op::FAbs, Op::FNeg) => Some(Found::Inst(inst(Op::FAbs, i.shape, &inner.args[..1], 0))),
        _ => None,
    }
}
