//! Operations that move, resize or combine lanes, and per-lane ones too long for one line.

use super::int::clamp_signed;
use super::lanes::{build, cut, lane, lane_bits, mask, sext, zip};
use crate::inst::{Narrow, SignedShift};
use crate::op::Op;
use crate::ty::Shape;

/// Every lane = `a`.
pub(super) fn splat(s: Shape, a: u128) -> u128 {
    build(s, |_| a)
}

/// `v` with lane `i` replaced by `x`.
pub(super) fn insert(s: Shape, v: u128, i: u32, x: u128) -> u128 {
    build(s, |k| if k == i { x } else { lane(s, v, k) })
}

/// The two-operand permutations of equal lanes: ZIP, UZP, TRN.
pub(super) fn permute(op: Op, s: Shape, a: u128, b: u128) -> u128 {
    let n = s.lanes();
    let odd = |i: u32| i & 1;
    // Index into the 2n lanes of a followed by b.
    let source = |i: u32| match op {
        Op::Zip1 => i / 2 + odd(i) * n,
        Op::Zip2 => n / 2 + i / 2 + odd(i) * n,
        Op::Uzp1 => 2 * i,
        Op::Uzp2 => 2 * i + 1,
        Op::Trn1 => i - odd(i) + odd(i) * n,
        _ => i - odd(i) + 1 + odd(i) * n,
    };
    build(s, |i| match source(i) {
        k if k < n => lane(s, a, k),
        k => lane(s, b, k - n),
    })
}

/// Bytes `at..` of `a` followed by `b`.
pub(super) fn ext(s: Shape, a: u128, b: u128, at: u32) -> u128 {
    let n = s.lanes();
    build(s, |i| match i + at {
        k if k < n => lane(s, a, k),
        k => lane(s, b, k - n),
    })
}

/// Lanes in reverse order within containers of `container` bits.
pub(super) fn rev_lanes(s: Shape, a: u128, container: u32) -> u128 {
    let per = (container / lane_bits(s)).max(1);
    build(s, |i| lane(s, a, i ^ (per - 1)))
}

/// Bytes of the table `a` selected by the bytes of `b`.
pub(super) fn tbl(s: Shape, a: u128, b: u128) -> u128 {
    zip(s, b, 0, |i, _| if i < 16 { a >> (8 * i) & 0xff } else { 0 })
}

/// Lanes of `half` (of `from`'s width) extended to the lanes of `to`.
pub(super) fn widen(to: Shape, from: Shape, half: u64, signed: bool) -> u128 {
    let w = lane_bits(from);
    build(to, |i| {
        let x = lane(from, half as u128, i);
        if signed { sext(w, x) as u128 } else { x }
    })
}

/// Lanes of `a` (of `from`'s width) narrowed to those of `to`.
pub(super) fn narrow(to: Shape, from: Shape, a: u128, how: u128) -> u128 {
    let (wide, w) = (lane_bits(from), lane_bits(to));
    let how = Narrow::from_bits(how).unwrap_or(Narrow::Trunc);
    build(to, |i| {
        let x = lane(from, a, i);
        match how {
            Narrow::Trunc => x,
            Narrow::SatSS => clamp_signed(w, sext(wide, x)) as u128,
            Narrow::SatUU => x.min(mask(w)),
            Narrow::SatSU => sext(wide, x).clamp(0, mask(w) as i128) as u128,
        }
    })
}

/// Low half of the carry-less product.
pub(super) fn carryless(x: u128, y: u128) -> u128 {
    (0..8).filter(|i| y >> i & 1 == 1).fold(0, |p, i| p ^ x << i)
}

/// All lanes combined to one.
pub(super) fn reduce(op: Op, s: Shape, a: u128) -> u128 {
    let w = lane_bits(s);
    let lanes = (0..s.lanes()).map(|i| lane(s, a, i));
    let signed = |x: &u128| sext(w, *x);
    let all = match op {
        Op::ReduceAdd => lanes.reduce(u128::wrapping_add),
        Op::ReduceSMax => lanes.max_by_key(signed),
        Op::ReduceSMin => lanes.min_by_key(signed),
        Op::ReduceUMax => lanes.max(),
        _ => lanes.min(),
    };
    all.unwrap_or(0) & mask(w)
}

/// Per-lane shifts by the signed low byte of the amount's lane (Arm ARM, `SSHL` and its family).
pub(super) fn shift_signed(s: Shape, a: u128, by: u128, how: u128) -> u128 {
    let how = SignedShift::from_bits(how).unwrap_or(SignedShift {
        signed: false,
        round: false,
        saturate: false,
        to_unsigned: false,
    });
    let w = lane_bits(s);
    let v = zip(s, a, by, |x, n| {
        let x = if how.signed { sext(w, x) } else { x as i128 };
        let y = match n as u8 as i8 as i32 {
            n if n >= 0 => shift_left(x, n as u32),
            n => shift_right(x, n.unsigned_abs(), how.round),
        };
        let max = mask(w) as i128;
        let y = match (how.saturate, how.signed && !how.to_unsigned) {
            (false, _) => y,
            (true, true) => clamp_signed(w, y),
            (true, false) => y.clamp(0, max),
        };
        y as u128
    });
    cut(s, v)
}

/// `x << n` of a lane of at most 64 bits; far shifts keep the sign and are beyond every lane's range.
fn shift_left(x: i128, n: u32) -> i128 {
    // |x| < 2^64: 63 places do not overflow, and more leave nothing in the low 64 bits.
    if n <= 63 { x << n } else { x.signum() << 126 }
}

/// `x >> n`, with half of the last place added first if `round`.
fn shift_right(x: i128, n: u32, round: bool) -> i128 {
    match (n, round) {
        (0, _) => x,
        // |x| < 2^64, so half of the last place outweighs it: the rounded quotient is 0.
        (66.., true) => 0,
        (_, true) => (x + (1 << (n - 1))) >> n,
        (_, false) => x >> n.min(127),
    }
}
