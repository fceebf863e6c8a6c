//! Identities of integer arithmetic, logic, shifts and selection.
//!
//! Constants are moved to the right, so that a rule looks for them there only.

use super::rewrite::{Found, Rewriter, constant, conversion, inst};
use crate::inst::{Inst, Value};
use crate::interp::int;
use crate::interp::lanes::{lane_bits, mask};
use crate::op::Op;
use crate::ty::{Shape, Ty};

/// Applies one identity.
pub(super) fn rule(rw: &mut Rewriter, i: &Inst) -> Option<Found> {
    let [a, b, c, _] = i.args;
    let s = i.shape;
    let ty = s.ty()?;
    match i.op {
        Op::Add | Op::Mul | Op::And | Op::Or | Op::Xor if left_constant(rw, a, b) => {
            Some(Found::Inst(Inst { args: [b, a, c, Value::NONE], ..*i }))
        }
        Op::Add | Op::Sub | Op::Mul | Op::Neg => arithmetic(rw, i, ty),
        Op::And | Op::Or | Op::Xor | Op::AndNot | Op::Not => logic(rw, i, ty),
        Op::Shl | Op::LShr | Op::AShr | Op::Rotr => shift(rw, i, ty),
        Op::ShlI | Op::LShrI | Op::AShrI | Op::RotrI => shift_by(rw, i, ty),
        Op::SMin | Op::SMax | Op::UMin | Op::UMax if a == b => Some(whole(rw, s, a)),
        Op::BitSel => match rw.constant(a) {
            Some(0) => Some(whole(rw, s, c)),
            Some(m) if m == mask(ty.bits()) => Some(whole(rw, s, b)),
            _ if b == c => Some(whole(rw, s, b)),
            Some(m) => merge(rw, i, m),
            None => None,
        },
        Op::Select => select(rw, i, ty),
        Op::Clz | Op::Ctz if !s.is_vector() => {
            let (inner, other) = (rw.inst(a), if i.op == Op::Clz { Op::Ctz } else { Op::Clz });
            let reversed = inner.op == Op::BitRev && inner.shape == s;
            reversed.then(|| Found::Inst(inst(other, s, &[inner.args[0]], 0)))
        }
        _ => None,
    }
}

fn left_constant(rw: &Rewriter, a: Value, b: Value) -> bool {
    rw.constant(a).is_some() && rw.constant(b).is_none()
}

/// `v` as the result of an operation in `shape`: a 64-bit arrangement zeroes the upper half.
pub(super) fn whole(rw: &Rewriter, shape: Shape, v: Value) -> Found {
    if shape.is_half() && !upper_is_zero(rw, v) {
        return Found::Inst(inst(Op::Lo64, Ty::V128, &[v], 0));
    }
    Found::Value(v)
}

/// Is the upper half of a V128 certainly zero?
pub(super) fn upper_is_zero(rw: &Rewriter, v: Value) -> bool {
    let i = rw.inst(v);
    i.op == Op::Lo64
        || i.op == Op::ZextLane
        || i.shape.is_half()
        || i.op == Op::Const && i.imm >> 64 == 0
}

fn zero(ty: Ty) -> Option<Found> {
    Some(Found::Inst(constant(ty, 0)))
}

/// The bits of `v` that may be set.
fn possible(rw: &Rewriter, v: Value) -> u128 {
    let i = rw.inst(v);
    let width = mask(rw.ty(v).map_or(128, Ty::bits));
    match i.op {
        Op::Const => i.imm,
        Op::Zext => mask(lane_bits(i.from)),
        Op::ShlI | Op::LShrI => int::eval(i.op, i.shape, i.from, i.imm, &[width, 0, 0, 0]),
        Op::And => rw.constant(i.args[1]).unwrap_or(width),
        _ => width,
    }
}

/// A selection by a known mask of bits that are zero elsewhere, as where two shifts make a rotation.
fn merge(rw: &mut Rewriter, i: &Inst, m: u128) -> Option<Found> {
    let [mask, mut b, mut c, _] = i.args;
    match (possible(rw, b) & !m, possible(rw, c) & m) {
        (0, 0) => {}
        (0, _) => c = rw.make(Op::AndNot, i.shape, &[c, mask], 0),
        (_, 0) => b = rw.make(Op::And, i.shape, &[b, mask], 0),
        _ => return None,
    }
    Some(Found::Inst(inst(Op::Or, i.shape, &[b, c], 0)))
}

fn arithmetic(rw: &mut Rewriter, i: &Inst, ty: Ty) -> Option<Found> {
    let [a, b, ..] = i.args;
    let (s, scalar, width) = (i.shape, !i.shape.is_vector(), ty.bits());
    if i.op == Op::Neg {
        let inner = rw.inst(a);
        return match inner.op {
            Op::Neg if inner.shape == s => Some(whole(rw, s, inner.args[0])),
            Op::Sub if inner.shape == s => {
                Some(Found::Inst(inst(Op::Sub, s, &[inner.args[1], inner.args[0]], 0)))
            }
            _ => None,
        };
    }
    if i.op == Op::Sub && a == b {
        return zero(ty);
    }
    if i.op == Op::Sub && rw.constant(a) == Some(0) {
        return Some(Found::Inst(inst(Op::Neg, s, &[b], 0)));
    }
    let k = rw.constant(b)?;
    match i.op {
        Op::Add | Op::Sub if k == 0 => Some(whole(rw, s, a)),
        Op::Sub if scalar => {
            let negated = rw.make_const(ty, k.wrapping_neg());
            Some(Found::Inst(inst(Op::Add, s, &[a, negated], 0)))
        }
        Op::Add if scalar => {
            let inner = rw.inst(a);
            let first = rw.constant(inner.args[1]).filter(|_| inner.op == Op::Add)?;
            let sum = rw.make_const(ty, first.wrapping_add(k));
            Some(Found::Inst(inst(Op::Add, s, &[inner.args[0], sum], 0)))
        }
        Op::Mul if k == 0 => zero(ty),
        Op::Mul if k == 1 && scalar => Some(Found::Value(a)),
        Op::Mul if k.is_power_of_two() && scalar && width <= 64 => {
            Some(Found::Inst(inst(Op::ShlI, s, &[a], k.trailing_zeros() as u128)))
        }
        _ => None,
    }
}

fn logic(rw: &mut Rewriter, i: &Inst, ty: Ty) -> Option<Found> {
    let [a, b, ..] = i.args;
    let (s, scalar, ones) = (i.shape, !i.shape.is_vector(), mask(ty.bits()));
    if i.op == Op::Not {
        let inner = rw.inst(a);
        return (inner.op == Op::Not && inner.shape == s).then(|| whole(rw, s, inner.args[0]));
    }
    if a == b {
        return match i.op {
            Op::And | Op::Or => Some(whole(rw, s, a)),
            _ => zero(ty),
        };
    }
    let k = rw.constant(b)?;
    match (i.op, k) {
        (Op::And, 0) => zero(ty),
        (Op::And, k) if k == ones => Some(whole(rw, s, a)),
        (Op::And, k) if scalar && possible(rw, a) & !k == 0 => Some(Found::Value(a)),
        (Op::Or | Op::Xor | Op::AndNot, 0) => Some(whole(rw, s, a)),
        (Op::Or, k) if k == ones && scalar => Some(Found::Value(b)),
        (Op::Xor, k) if k == ones => Some(Found::Inst(inst(Op::Not, s, &[a], 0))),
        (Op::AndNot, k) if k == ones => zero(ty),
        (Op::AndNot, k) if scalar => {
            let kept = rw.make_const(ty, !k);
            Some(Found::Inst(inst(Op::And, s, &[a, kept], 0)))
        }
        (Op::And, 0xffff_ffff) if ty == Ty::I64 && scalar && rw.inst(a).op != Op::And => {
            let low = rw.simplify(conversion(Op::Trunc, Ty::I32, ty, a));
            Some(Found::Inst(conversion(Op::Zext, ty, Ty::I32, low)))
        }
        (op @ (Op::And | Op::Or | Op::Xor), k) if scalar => {
            let inner = rw.inst(a);
            let same = inner.op == op && inner.shape == s;
            let first = rw.constant(inner.args[1]).filter(|_| same)?;
            let both = match op {
                Op::And => first & k,
                Op::Or => first | k,
                _ => first ^ k,
            };
            let both = rw.make_const(ty, both);
            Some(Found::Inst(inst(op, s, &[inner.args[0], both], 0)))
        }
        _ => None,
    }
}

/// Shifts by a value: scalar amounts count modulo the width.
fn shift(rw: &mut Rewriter, i: &Inst, ty: Ty) -> Option<Found> {
    let [a, b, ..] = i.args;
    let low = ty.bits() as u128 - 1;
    if let Some(k) = rw.constant(b) {
        // There is no I128 shift by an immediate but the rotation.
        let op = match i.op {
            Op::Shl if ty != Ty::I128 => Op::ShlI,
            Op::LShr if ty != Ty::I128 => Op::LShrI,
            Op::AShr if ty != Ty::I128 => Op::AShrI,
            Op::Rotr => Op::RotrI,
            _ => return None,
        };
        return Some(Found::Inst(inst(op, i.shape, &[a], k & low)));
    }
    let amount = rw.inst(b);
    let masked =
        amount.op == Op::And && rw.constant(amount.args[1]).is_some_and(|m| m & low == low);
    masked.then(|| Found::Inst(inst(i.op, i.shape, &[a, amount.args[0]], 0)))
}

fn shift_by(rw: &mut Rewriter, i: &Inst, ty: Ty) -> Option<Found> {
    let (a, s, w) = (i.args[0], i.shape, lane_bits(i.shape) as u128);
    let inner = rw.inst(a);
    let same = inner.op == i.op && inner.shape == s;
    let up_and_down = inner.op == Op::ShlI && inner.shape == s && inner.imm == i.imm;
    match i.op {
        _ if i.imm == 0 => Some(whole(rw, s, a)),
        Op::ShlI | Op::LShrI if i.imm >= w => zero(ty),
        Op::AShrI if i.imm >= w => Some(Found::Inst(Inst { imm: w - 1, ..*i })),
        Op::RotrI if same => {
            Some(Found::Inst(inst(Op::RotrI, s, &[inner.args[0]], (inner.imm + i.imm) % w)))
        }
        // Only the low bits are left.
        Op::LShrI if up_and_down => {
            let low = mask((w - i.imm) as u32);
            let low = int::eval(Op::Splat, s, s, 0, &[low, 0, 0, 0]);
            let low = rw.make_const(ty, low);
            Some(Found::Inst(inst(Op::And, s, &[inner.args[0], low], 0)))
        }
        Op::AShrI if up_and_down && !s.is_vector() => {
            let narrow = match w - i.imm {
                8 => Ty::I8,
                16 => Ty::I16,
                32 => Ty::I32,
                _ => return None,
            };
            let low = rw.simplify(conversion(Op::Trunc, narrow, ty, inner.args[0]));
            Some(Found::Inst(conversion(Op::Sext, ty, narrow, low)))
        }
        Op::ShlI | Op::LShrI | Op::AShrI if same => {
            Some(Found::Inst(inst(i.op, s, &[inner.args[0]], (inner.imm + i.imm).min(w))))
        }
        _ => None,
    }
}

fn select(rw: &mut Rewriter, i: &Inst, ty: Ty) -> Option<Found> {
    let [cond, a, b, _] = i.args;
    let s = i.shape;
    if a == b {
        return Some(whole(rw, s, a));
    }
    if let Some(k) = rw.constant(cond) {
        return Some(whole(rw, s, if k & 1 != 0 { a } else { b }));
    }
    let inner = rw.inst(cond);
    if inner.op == Op::Not {
        return Some(Found::Inst(inst(Op::Select, s, &[inner.args[0], b, a], 0)));
    }
    let integer = ty.is_int() && !s.is_vector();
    let (x, y) = (rw.constant(a)?, rw.constant(b)?);
    match (x, y) {
        (1, 0) if ty == Ty::I1 => Some(Found::Value(cond)),
        (0, 1) if ty == Ty::I1 => Some(Found::Inst(inst(Op::Not, Ty::I1, &[cond], 0))),
        (1, 0) if integer => Some(Found::Inst(conversion(Op::Zext, ty, Ty::I1, cond))),
        (0, 1) if integer => {
            let not = rw.make(Op::Not, Ty::I1, &[cond], 0);
            Some(Found::Inst(conversion(Op::Zext, ty, Ty::I1, not)))
        }
        (x, 0) if integer && x == mask(ty.bits()) => {
            Some(Found::Inst(conversion(Op::Sext, ty, Ty::I1, cond)))
        }
        _ => None,
    }
}
