//! The common case by the host's arithmetic: ordinary numbers, to nearest, Inexact raised already.
//!
//! IEEE 754 leaves no choice there: the operands and the result are normal (or an exact zero), so neither
//! flushing nor a NaN rule nor tininess has a say, and Inexact, the only flag the operation could raise, is
//! set. Programs raise Inexact early and rarely clear it. Everything else is computed by [`super::arith`],
//! with which the tests compare this.

use crate::interp::lanes::{build, lane};
use crate::op::Op;
use crate::ty::{Shape, Ty};

macro_rules! lane_function {
    ($name:ident, $float:ty, $bits:ty) => {
        fn $name(op: Op, args: [u128; 3]) -> Option<u128> {
            let [a, b, c] = args.map(|x| <$float>::from_bits(x as $bits));
            let ordinary = |x: $float| x.is_normal() || x == 0.0;
            // Asked first: the host's own cumulative flags must not see what the guest would not raise.
            if !(ordinary(a) && ordinary(b) && (op != Op::FMulAdd || ordinary(c))) {
                return None;
            }
            let r = match op {
                Op::FAdd => a + b,
                Op::FSub => a - b,
                Op::FMul => a * b,
                Op::FDiv => a / b,
                Op::FMulAdd => a.mul_add(b, c),
                _ => return None,
            };
            // The smallest normal number may have been rounded up to, and a zero be an underflow.
            let exact_zero = r == 0.0 && matches!(op, Op::FAdd | Op::FSub);
            let safe = r.is_normal() && r.abs() > <$float>::MIN_POSITIVE || exact_zero;
            safe.then(|| r.to_bits() as u128)
        }
    };
}

lane_function!(single, f32, u32);
lane_function!(double, f64, u64);

/// The value, if every lane is the common case.
pub(super) fn common_case(op: Op, shape: Shape, args: &[u128; 4]) -> Option<u128> {
    let one = match shape.elem() {
        Some(Ty::F32) => single,
        Some(Ty::F64) => double,
        _ => return None,
    };
    let [a, b, c, _] = *args;
    if !shape.is_vector() {
        return one(op, [a, b, c]);
    }
    let mut out = [0; 4];
    for (i, place) in (0..shape.lanes()).zip(&mut out) {
        *place = one(op, [a, b, c].map(|v| lane(shape, v, i)))?;
    }
    Some(build(shape, |i| out[i as usize]))
}
