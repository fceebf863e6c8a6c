//! Shapes that an op's table row does not tell apart: conversions, and ops defined for some lanes only.

use crate::op::Op;
use crate::ty::{Shape, Ty};

fn bits(shape: Shape) -> u32 {
    shape.ty().map_or(0, Ty::bits)
}

fn lane_bits(shape: Shape) -> u32 {
    shape.elem().map_or(0, Ty::bits)
}

fn is_full(shape: Shape) -> bool {
    shape.is_vector() && !shape.is_half()
}

fn is_scalar_int(shape: Shape) -> bool {
    matches!(shape, Shape::Scalar(ty) if ty.is_int())
}

/// Does a converting op go from `from` to `to`?
pub(super) fn is_sane(op: Op, to: Shape, from: Shape) -> bool {
    let values = |s: Shape| matches!(s, Shape::Scalar(ty) if ty != Ty::Flags);
    let both_int = to.elem().is_some_and(Ty::is_int) && from.elem().is_some_and(Ty::is_int);
    match op {
        Op::Zext | Op::Sext => is_scalar_int(from) && bits(from) < bits(to),
        Op::Trunc => values(from) && bits(from) > bits(to),
        Op::Bitcast => values(from) && bits(from) == bits(to),
        Op::WidenLo => {
            both_int && is_full(to) && from.is_vector() && lane_bits(to) == 2 * lane_bits(from)
        }
        Op::WidenHi => {
            both_int && is_full(to) && is_full(from) && lane_bits(to) == 2 * lane_bits(from)
        }
        Op::NarrowOp => {
            both_int && to.is_half() && is_full(from) && lane_bits(from) == 2 * lane_bits(to)
        }
        Op::FCvt => precision_changes(to, from),
        Op::FToInt => integer_fits(to, from),
        Op::IntToF => integer_fits(from, to),
        _ => false,
    }
}

fn precision_changes(to: Shape, from: Shape) -> bool {
    let floats = to.elem().is_some_and(Ty::is_float) && from.elem().is_some_and(Ty::is_float);
    let (a, b) = (lane_bits(to), lane_bits(from));
    let (wide, narrow) = if a > b { (to, from) } else { (from, to) };
    let vectors = is_full(wide) && narrow.is_half() && lane_bits(wide) == 2 * lane_bits(narrow);
    floats && a != b && (vectors || !(to.is_vector() || from.is_vector()))
}

fn integer_fits(int: Shape, float: Shape) -> bool {
    float.elem().is_some_and(Ty::is_float)
        && if float.is_vector() {
            float.to_int() == int
        } else {
            matches!(int, Shape::I16 | Shape::I32 | Shape::I64)
        }
}

/// Is the op defined for the lanes of this shape (which its table row allows)?
pub(super) fn shape_fits(op: Op, shape: Shape) -> bool {
    let whole = matches!(shape, Shape::I1 | Shape::V128);
    match op {
        Op::Add | Op::Sub | Op::Mul | Op::Neg => !whole,
        Op::Select => shape != Shape::FLAGS,
        Op::FlagsFCmp => !shape.is_vector(),
        Op::Ext | Op::Tbl | Op::PMul => lane_bits(shape) == 8,
        Op::SQDMulHi => matches!(lane_bits(shape), 16 | 32),
        Op::RevLanes => lane_bits(shape) < 64,
        Op::Zip1 | Op::Zip2 | Op::Uzp1 | Op::Uzp2 | Op::Trn1 | Op::Trn2 => shape.lanes() > 1,
        _ => true,
    }
}
