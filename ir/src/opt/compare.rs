//! Comparisons of integers, and the inverse of a condition.

use super::rewrite::{Found, Rewriter, constant, inst};
use crate::inst::{Inst, IntCC, Value};
use crate::interp::lanes::mask;
use crate::op::Op;
use crate::ty::{Shape, Ty};

/// Simplifies a comparison of scalars, or the inverse of a condition.
pub(super) fn rule(rw: &mut Rewriter, i: &Inst) -> Option<Found> {
    match i.op {
        Op::ICmp if !i.shape.is_vector() => comparison(rw, i),
        Op::Not if i.shape == Shape::I1 => inverse(rw, i.args[0]),
        _ => None,
    }
}

/// A comparison instruction.
pub(super) fn icmp(shape: Shape, cc: IntCC, a: Value, b: Value) -> Inst {
    inst(Op::ICmp, shape, &[a, b], cc as u128)
}

fn comparison(rw: &mut Rewriter, i: &Inst) -> Option<Found> {
    use IntCC::*;
    let [a, b, ..] = i.args;
    let (s, ty, cc) = (i.shape, i.shape.ty()?, IntCC::from_bits(i.imm)?);
    if a == b {
        return match cc {
            Eq | Ule | Uge | Sle | Sge => known(true),
            Ne | Ult | Ugt | Slt | Sgt => known(false),
            Test => {
                let zero = rw.make_const(ty, 0);
                Some(Found::Inst(icmp(s, Ne, a, zero)))
            }
        };
    }
    if rw.constant(a).is_some() && rw.constant(b).is_none() {
        return Some(Found::Inst(icmp(s, swapped(cc), b, a)));
    }
    let k = rw.constant(b)?;
    let inner = rw.inst(a);
    match (cc, k) {
        (Ult | Test, 0) => known(false),
        (Uge, 0) => known(true),
        (Ugt, 0) => Some(Found::Inst(icmp(s, Ne, a, b))),
        (Ule, 0) => Some(Found::Inst(icmp(s, Eq, a, b))),
        (Ult | Uge, 1) => {
            let zero = rw.make_const(ty, 0);
            Some(Found::Inst(icmp(s, if cc == Ult { Eq } else { Ne }, a, zero)))
        }
        (Test, k) if k == mask(ty.bits()) => {
            let zero = rw.make_const(ty, 0);
            Some(Found::Inst(icmp(s, Ne, a, zero)))
        }
        (Eq | Ne, k) if inner.op == Op::Zext => extended(rw, cc, &inner, k),
        (Eq | Ne, 0) if inner.op == Op::Xor => {
            Some(Found::Inst(icmp(s, cc, inner.args[0], inner.args[1])))
        }
        _ => None,
    }
}

fn known(holds: bool) -> Option<Found> {
    Some(Found::Inst(constant(Ty::I1, holds as u128)))
}

/// A zero-extended number is equal to a constant of the narrower type, or to none.
fn extended(rw: &mut Rewriter, cc: IntCC, zext: &Inst, k: u128) -> Option<Found> {
    let (narrow, x) = (zext.from.ty()?, zext.args[0]);
    if k & !mask(narrow.bits()) != 0 {
        return known(cc == IntCC::Ne);
    }
    if narrow != Ty::I1 {
        let k = rw.make_const(narrow, k);
        return Some(Found::Inst(icmp(narrow.into(), cc, x, k)));
    }
    Some(match (cc == IntCC::Eq) == (k == 1) {
        true => Found::Value(x),
        false => Found::Inst(inst(Op::Not, Ty::I1, &[x], 0)),
    })
}

/// The condition that holds when a scalar one does not.
fn inverse(rw: &mut Rewriter, a: Value) -> Option<Found> {
    let inner = rw.inst(a);
    match inner.op {
        Op::ICmp => {
            let cc = inverted(IntCC::from_bits(inner.imm)?)?;
            Some(Found::Inst(Inst { imm: cc as u128, ..inner }))
        }
        // Conditions come in pairs: the lowest bit inverts.
        Op::Cond => Some(Found::Inst(Inst { imm: inner.imm ^ 1, ..inner })),
        _ => None,
    }
}

/// `b swapped(cc) a` is `a cc b`.
fn swapped(cc: IntCC) -> IntCC {
    use IntCC::*;
    match cc {
        Eq | Ne | Test => cc,
        Ult => Ugt,
        Ule => Uge,
        Ugt => Ult,
        Uge => Ule,
        Slt => Sgt,
        Sle => Sge,
        Sgt => Slt,
        Sge => Sle,
    }
}

fn inverted(cc: IntCC) -> Option<IntCC> {
    use IntCC::*;
    Some(match cc {
        Eq => Ne,
        Ne => Eq,
        Ult => Uge,
        Uge => Ult,
        Ule => Ugt,
        Ugt => Ule,
        Slt => Sge,
        Sge => Slt,
        Sle => Sgt,
        Sgt => Sle,
        Test => return None,
    })
}
