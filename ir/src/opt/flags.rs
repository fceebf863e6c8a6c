//! Flag laziness: conditions on flags that are set in the same block become comparisons of the operands.

use super::compare::icmp;
use super::rewrite::{Found, Rewriter, constant, conversion, inst};
use crate::flags::{CondCC, FlagsVal, nzcv};
use crate::inst::{Inst, IntCC, Value};
use crate::interp::{self, lanes::mask};
use crate::op::Op;
use crate::ty::{Shape, Ty};

/// Simplifies an operation on flags.
pub(super) fn rule(rw: &mut Rewriter, i: &Inst) -> Option<Found> {
    let [a, b, c, _] = i.args;
    match i.op {
        Op::Cond => condition(rw, *CondCC::ALL.get(i.imm as usize)?, a),
        Op::FlagsBits => {
            let set = rw.inst(a);
            match (constant_flags(rw, a), set.op) {
                (Some(f), _) => Some(Found::Inst(constant(Ty::I32, f.nzcv() as u128))),
                (None, Op::FlagsPack) => {
                    let nibble = rw.make_const(Ty::I32, 15);
                    Some(Found::Inst(inst(Op::And, Ty::I32, &[set.args[0], nibble], 0)))
                }
                _ => None,
            }
        }
        Op::FlagsPack => {
            let bits = rw.inst(a);
            (bits.op == Op::FlagsBits).then(|| Found::Value(bits.args[0]))
        }
        Op::FlagsSel if b == c => Some(Found::Value(b)),
        Op::FlagsSel => match rw.constant(a) {
            Some(k) => Some(Found::Value(if k & 1 != 0 { b } else { c })),
            None => {
                let not = rw.inst(a);
                let swapped = [not.args[0], c, b];
                (not.op == Op::Not).then(|| Found::Inst(inst(Op::FlagsSel, i.shape, &swapped, 0)))
            }
        },
        Op::FlagsAdd => add_of_constant(rw, i),
        Op::FlagsAdc => with_constant_carry(rw, i),
        _ => None,
    }
}

/// Flags set from constants.
fn constant_flags(rw: &Rewriter, v: Value) -> Option<FlagsVal> {
    let i = rw.inst(v);
    let setter =
        matches!(i.op, Op::FlagsAdd | Op::FlagsSub | Op::FlagsAdc | Op::FlagsLogic | Op::FlagsPack);
    if !setter {
        return None;
    }
    let mut args = [0; 4];
    for (place, v) in args.iter_mut().zip(i.args()) {
        *place = rw.constant(v)?;
    }
    Some(interp::flags::set(i.op, i.shape, &args))
}

/// `a + k` sets the flags as `a - (-k)` does, unless k is 0 (carry) or the least number (overflow).
fn add_of_constant(rw: &mut Rewriter, i: &Inst) -> Option<Found> {
    let [a, b, ..] = i.args;
    let ty = i.shape.ty()?;
    let k = rw.constant(b)?;
    if k == 0 || k == 1 << (ty.bits() - 1) {
        return None;
    }
    let negated = rw.make_const(ty, k.wrapping_neg());
    Some(Found::Inst(inst(Op::FlagsSub, i.shape, &[a, negated], 0)))
}

/// `a + b + 0` is a sum, `a + !b + 1` a difference.
fn with_constant_carry(rw: &mut Rewriter, i: &Inst) -> Option<Found> {
    let [a, b, c, _] = i.args;
    let not = rw.inst(b);
    match rw.constant(c)? & 1 {
        0 => Some(Found::Inst(inst(Op::FlagsAdd, i.shape, &[a, b], 0))),
        _ if not.op == Op::Not => {
            Some(Found::Inst(inst(Op::FlagsSub, i.shape, &[a, not.args[0]], 0)))
        }
        _ => None,
    }
}

fn known(holds: bool) -> Option<Found> {
    Some(Found::Inst(constant(Ty::I1, holds as u128)))
}

/// A condition on flags whose setter is known.
fn condition(rw: &mut Rewriter, cc: CondCC, flags: Value) -> Option<Found> {
    if let Some(f) = constant_flags(rw, flags) {
        return known(cc.holds(f.nzcv()));
    }
    let set = rw.inst(flags);
    match set.op {
        Op::FlagsSub => of_difference(rw, cc, &set),
        Op::FlagsAdd => of_sum(rw, cc, &set),
        Op::FlagsLogic => of_result(rw, cc, set.shape, set.args[0]),
        Op::FlagsPack => of_nibble(rw, cc, set.args[0]),
        Op::FlagsSel => of_selection(rw, cc, &set),
        _ => None,
    }
}

/// `value cc 0`.
fn with_zero(rw: &mut Rewriter, shape: Shape, cc: IntCC, value: Value) -> Option<Found> {
    let zero = rw.make_const(shape.ty()?, 0);
    Some(Found::Inst(icmp(shape, cc, value, zero)))
}

fn of_difference(rw: &mut Rewriter, cc: CondCC, set: &Inst) -> Option<Found> {
    let [a, b, ..] = set.args;
    let s = set.shape;
    let direct = match cc {
        CondCC::Eq => IntCC::Eq,
        CondCC::Ne => IntCC::Ne,
        CondCC::Cs => IntCC::Uge,
        CondCC::Cc => IntCC::Ult,
        CondCC::Hi => IntCC::Ugt,
        CondCC::Ls => IntCC::Ule,
        CondCC::Ge => IntCC::Sge,
        CondCC::Lt => IntCC::Slt,
        CondCC::Gt => IntCC::Sgt,
        CondCC::Le => IntCC::Sle,
        CondCC::Mi => {
            let difference = rw.make(Op::Sub, s, &[a, b], 0);
            return with_zero(rw, s, IntCC::Slt, difference);
        }
        CondCC::Pl => {
            let difference = rw.make(Op::Sub, s, &[a, b], 0);
            return with_zero(rw, s, IntCC::Sge, difference);
        }
        CondCC::Vs | CondCC::Vc => return None,
    };
    // A difference that a register holds replaces its operands: they need not live on.
    if matches!(cc, CondCC::Eq | CondCC::Ne)
        && let Some(difference) = existing_difference(rw, s, a, b)
    {
        return with_zero(rw, s, direct, difference);
    }
    Some(Found::Inst(icmp(s, direct, a, b)))
}

/// `a - b`, if the block computes it for a register.
fn existing_difference(rw: &mut Rewriter, s: Shape, a: Value, b: Value) -> Option<Value> {
    let ty = s.ty()?;
    let difference = match rw.constant(b) {
        None => rw.find(&inst(Op::Sub, s, &[a, b], 0))?,
        Some(0) => return Some(a),
        Some(k) => {
            let negated = rw.find(&constant(ty, k.wrapping_neg() & mask(ty.bits())))?;
            rw.find(&inst(Op::Add, s, &[a, negated], 0))?
        }
    };
    let held = rw.in_register(difference)
        || ty == Ty::I32
            && rw
                .find(&conversion(Op::Zext, Ty::I64, ty, difference))
                .is_some_and(|wide| rw.in_register(wide));
    held.then_some(difference)
}

fn of_sum(rw: &mut Rewriter, cc: CondCC, set: &Inst) -> Option<Found> {
    let [a, b, ..] = set.args;
    let s = set.shape;
    let of_zero = match cc {
        CondCC::Eq => IntCC::Eq,
        CondCC::Ne => IntCC::Ne,
        CondCC::Mi => IntCC::Slt,
        CondCC::Pl => IntCC::Sge,
        CondCC::Cs | CondCC::Cc => {
            let carry = if cc == CondCC::Cs { IntCC::Ult } else { IntCC::Uge };
            let sum = rw.make(Op::Add, s, &[a, b], 0);
            return Some(Found::Inst(icmp(s, carry, sum, a)));
        }
        _ => return None,
    };
    let sum = rw.make(Op::Add, s, &[a, b], 0);
    with_zero(rw, s, of_zero, sum)
}

/// Carry and overflow are clear.
fn of_result(rw: &mut Rewriter, cc: CondCC, s: Shape, result: Value) -> Option<Found> {
    let cc = match cc {
        CondCC::Eq => IntCC::Eq,
        CondCC::Ne => IntCC::Ne,
        CondCC::Mi | CondCC::Lt => IntCC::Slt,
        CondCC::Pl | CondCC::Ge => IntCC::Sge,
        CondCC::Gt => IntCC::Sgt,
        CondCC::Le => IntCC::Sle,
        CondCC::Cs | CondCC::Vs | CondCC::Hi => return known(false),
        CondCC::Cc | CondCC::Vc | CondCC::Ls => return known(true),
    };
    with_zero(rw, s, cc, result)
}

/// Conditions on one bit of a nibble.
fn of_nibble(rw: &mut Rewriter, cc: CondCC, nibble: Value) -> Option<Found> {
    let bit = match cc {
        CondCC::Eq | CondCC::Ne => nzcv::Z,
        CondCC::Cs | CondCC::Cc => nzcv::C,
        CondCC::Mi | CondCC::Pl => nzcv::N,
        CondCC::Vs | CondCC::Vc => nzcv::V,
        _ => return None,
    };
    let bit = rw.make_const(Ty::I32, bit as u128);
    let masked = rw.make(Op::And, Ty::I32, &[nibble, bit], 0);
    let inverted = cc as u8 & 1 == 1;
    with_zero(rw, Shape::I32, if inverted { IntCC::Eq } else { IntCC::Ne }, masked)
}

/// Conditional comparison: the condition on either side, if both are then more than a look at flags.
fn of_selection(rw: &mut Rewriter, cc: CondCC, set: &Inst) -> Option<Found> {
    let [which, a, b, _] = set.args;
    let on = |rw: &mut Rewriter, flags: Value| {
        let v = rw.make(Op::Cond, Ty::I1, &[flags], cc as u128);
        (rw.inst(v).op != Op::Cond).then_some(v)
    };
    let (x, y) = (on(rw, a)?, on(rw, b)?);
    let one = |op: Op, l: Value, r: Value| Some(Found::Inst(inst(op, Ty::I1, &[l, r], 0)));
    match (rw.constant(x), rw.constant(y)) {
        (_, Some(0)) => one(Op::And, which, x),
        (Some(1), _) => one(Op::Or, which, y),
        (Some(0), _) => one(Op::AndNot, y, which),
        (_, Some(1)) => {
            let not = rw.make(Op::Not, Ty::I1, &[which], 0);
            one(Op::Or, not, x)
        }
        _ => Some(Found::Inst(inst(Op::Select, Ty::I1, &[which, x, y], 0))),
    }
}
