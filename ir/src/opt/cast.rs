//! Chains of conversions between scalar types.

use super::rewrite::{Found, Rewriter, constant, conversion, inst};
use crate::inst::{Inst, Value};
use crate::op::Op;
use crate::ty::{Shape, Ty};

/// Shortens a chain of conversions.
pub(super) fn rule(rw: &mut Rewriter, i: &Inst) -> Option<Found> {
    let a = i.args[0];
    match i.op {
        Op::Zext | Op::Sext => extension(rw, i, a),
        Op::Trunc => truncation(rw, i, a),
        Op::Bitcast => bitcast(rw, i, a),
        Op::Hi64 => upper(rw, a),
        _ => None,
    }
}

fn scalar(shape: Shape) -> Option<Ty> {
    match shape {
        Shape::Scalar(ty) => Some(ty),
        _ => None,
    }
}

fn extension(rw: &mut Rewriter, i: &Inst, a: Value) -> Option<Found> {
    let inner = rw.inst(a);
    let (to, origin) = (scalar(i.shape)?, scalar(inner.from)?);
    match (i.op, inner.op) {
        // A zero-extended number is not negative.
        (_, Op::Zext) => Some(Found::Inst(conversion(Op::Zext, to, origin, inner.args[0]))),
        (Op::Sext, Op::Sext) => Some(Found::Inst(conversion(Op::Sext, to, origin, inner.args[0]))),
        _ => None,
    }
}

/// `v` of integer type `from` brought to the integer type `to` by dropping bits, or as it is.
pub(super) fn narrowed(to: Ty, from: Ty, v: Value) -> Found {
    if to == from { Found::Value(v) } else { Found::Inst(conversion(Op::Trunc, to, from, v)) }
}

fn truncation(rw: &mut Rewriter, i: &Inst, a: Value) -> Option<Found> {
    let (to, inner) = (scalar(i.shape)?, rw.inst(a));
    if i.from == Shape::V128 {
        return low_lane(to, a);
    }
    let x = inner.args[0];
    match inner.op {
        Op::Trunc => Some(Found::Inst(conversion(Op::Trunc, to, scalar(inner.from)?, x))),
        Op::Zext | Op::Sext if to.is_int() => {
            let origin = scalar(inner.from)?;
            Some(match to.bits() <= origin.bits() {
                true => narrowed(to, origin, x),
                false => Found::Inst(conversion(inner.op, to, origin, x)),
            })
        }
        Op::Concat if to.bits() <= 64 => Some(narrowed_to(to, x)),
        // The low part of a vector taken as an integer is a lane of it.
        Op::Bitcast if inner.from == Shape::V128 => low_lane(to, x),
        // Bits above the narrow type do not reach it.
        Op::And if to.is_int() => {
            let kept = crate::interp::lanes::mask(to.bits());
            let unchanged = rw.constant(inner.args[1]).is_some_and(|m| m & kept == kept);
            let args = [x, Value::NONE, Value::NONE, Value::NONE];
            unchanged.then_some(Found::Inst(Inst { args, ..*i }))
        }
        _ => None,
    }
}

fn narrowed_to(to: Ty, x: Value) -> Found {
    if to == Ty::I64 {
        Found::Value(x)
    } else if to == Ty::F64 {
        Found::Inst(conversion(Op::Bitcast, to, Ty::I64, x))
    } else {
        Found::Inst(conversion(Op::Trunc, to, Ty::I64, x))
    }
}

/// The low bits of a vector as a lane, if there are lanes of that type.
fn low_lane(to: Ty, v: Value) -> Option<Found> {
    let shape = full_vector(to)?;
    Some(Found::Inst(inst(Op::Extract, shape, &[v], 0)))
}

/// The 128-bit arrangement with lanes of this type.
pub(super) fn full_vector(lane: Ty) -> Option<Shape> {
    let vector = match lane.is_float() {
        true => Shape::float_vector(lane.bits(), true),
        false => Shape::int_vector(lane.bits(), true),
    };
    (vector.elem() == Some(lane)).then_some(vector)
}

fn bitcast(rw: &mut Rewriter, i: &Inst, a: Value) -> Option<Found> {
    let (to, from) = (scalar(i.shape)?, scalar(i.from)?);
    if to == from {
        return Some(Found::Value(a));
    }
    let inner = rw.inst(a);
    match inner.op {
        Op::Bitcast => {
            Some(Found::Inst(conversion(Op::Bitcast, to, scalar(inner.from)?, inner.args[0])))
        }
        // A lane as another type of its width is a lane of another arrangement.
        Op::Extract => {
            let shape = full_vector(to)?;
            Some(Found::Inst(inst(Op::Extract, shape, &[inner.args[0]], inner.imm)))
        }
        Op::Concat if to == Ty::V128 && rw.constant(inner.args[1]) == Some(0) => {
            Some(Found::Inst(inst(Op::ZextLane, Shape::I64x2, &[inner.args[0]], 0)))
        }
        _ => None,
    }
}

/// The upper half of an I128.
fn upper(rw: &mut Rewriter, a: Value) -> Option<Found> {
    let inner = rw.inst(a);
    match inner.op {
        Op::Concat => Some(Found::Value(inner.args[1])),
        Op::Bitcast if inner.from == Shape::V128 => {
            Some(Found::Inst(inst(Op::Extract, Shape::I64x2, &[inner.args[0]], 1)))
        }
        Op::Zext => Some(Found::Inst(constant(Ty::I64, 0))),
        _ => None,
    }
}
