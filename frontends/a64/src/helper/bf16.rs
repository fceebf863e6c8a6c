//! BFloat16: conversion as FPCR says, and the dot products, whose arithmetic no control changes: denormals are
//! zero, results are rounded to odd, NaNs are the default one, nothing is raised (Arm ARM: BFAdd, BFMul, BFRound).
//!
//! Integers throughout: helpers run under the guest's rounding mode, and the host's flags are the guest's.

use crate::state::{self, fpcr};
use isamorph_ir::contract::{HelperCx, MemTrap, fp_flags};
use std::cmp::Ordering;

const DEFAULT_NAN: u32 = 0x7fc0_0000;
const INFINITY: u32 = 0x7f80_0000;
const SIGN: u32 = 1 << 31;
const MINUS_INFINITY: u32 = SIGN | INFINITY;

/// FPConvertBF: the upper half of a single, rounded; and the exceptions.
fn convert(single: u32, control: u32) -> (u16, u32) {
    let (sign, magnitude) = (single & SIGN, single & !SIGN);
    if magnitude > INFINITY {
        let signalling = single & 1 << 22 == 0;
        let kept = if control & fpcr::DN != 0 { DEFAULT_NAN } else { single | 1 << 22 };
        return ((kept >> 16) as u16, if signalling { fp_flags::INVALID } else { 0 });
    }
    let denormal = magnitude != 0 && magnitude < 1 << 23;
    if denormal && control & fpcr::FZ != 0 {
        return ((sign >> 16) as u16, fp_flags::INPUT_DENORMAL);
    }
    let (kept, rest) = (magnitude >> 16, magnitude & 0xffff);
    let up = match control >> fpcr::RMODE_SHIFT & 3 {
        0 => rest > 0x8000 || rest == 0x8000 && kept & 1 == 1,
        1 => rest != 0 && sign == 0,
        2 => rest != 0 && sign != 0,
        _ => false,
    };
    let rounded = kept + up as u32;
    let flags = match (rest != 0 && magnitude < INFINITY, rounded << 16 >= INFINITY, denormal) {
        (false, ..) => 0,
        (_, true, _) => fp_flags::OVERFLOW | fp_flags::INEXACT,
        (.., true) => fp_flags::UNDERFLOW | fp_flags::INEXACT,
        _ => fp_flags::INEXACT,
    };
    ((sign >> 16 | rounded) as u16, flags)
}

/// The four singles of argument 0, converted, in the lower half. Raises flags.
pub fn bfcvt(cx: &mut HelperCx<'_>) -> Result<u128, MemTrap> {
    let layout = &cx.desc.layout;
    let control = layout.read(cx.state, state::FPCR) as u32;
    let (mut result, mut raised) = (0, 0);
    for n in (0..4).rev() {
        let (value, flags) = convert((cx.args[0] >> (32 * n)) as u32, control);
        result = result << 16 | value as u128;
        raised |= flags;
    }
    let old = layout.read(cx.state, state::FPSR);
    layout.write(cx.state, state::FPSR, old | raised as u128);
    Ok(result)
}

/// A number that is not a NaN nor infinite, `sig * 2^exp`; a denormal is zero.
#[derive(Clone, Copy)]
struct Finite {
    sign: u32,
    exp: i32,
    sig: u64,
}

/// Takes a single apart; `Err` if it is infinite or a NaN.
fn finite(x: u32) -> Result<Finite, u32> {
    let biased = x >> 23 & 0xff;
    let sig = if biased == 0 { 0 } else { x as u64 & 0x7f_ffff | 1 << 23 };
    let number = Finite { sign: x & SIGN, exp: biased as i32 - 127 - 23, sig };
    if biased == 0xff { Err(x) } else { Ok(number) }
}

/// BFRound: rounded to odd; beyond the range, infinity or zero.
fn round_to_odd(x: Finite) -> u32 {
    if x.sig == 0 {
        return x.sign;
    }
    let top = 63 - x.sig.leading_zeros() as i32;
    let biased = x.exp + top + 127;
    let sig = match top - 23 {
        down @ 1.. => x.sig >> down | (x.sig & ((1 << down) - 1) != 0) as u64,
        up => x.sig << -up,
    };
    match biased {
        255.. => x.sign | INFINITY,
        ..=0 => x.sign,
        _ => x.sign | (biased as u32) << 23 | sig as u32 & 0x7f_ffff,
    }
}

/// BFMul.
fn mul(a: u32, b: u32) -> u32 {
    let sign = (a ^ b) & SIGN;
    match (finite(a), finite(b)) {
        (Ok(x), Ok(y)) => round_to_odd(Finite { sign, exp: x.exp + y.exp, sig: x.sig * y.sig }),
        // Infinity times zero is as invalid as a NaN.
        (Err(INFINITY | MINUS_INFINITY), Ok(y)) | (Ok(y), Err(INFINITY | MINUS_INFINITY))
            if y.sig != 0 =>
        {
            sign | INFINITY
        }
        (Err(INFINITY | MINUS_INFINITY), Err(INFINITY | MINUS_INFINITY)) => sign | INFINITY,
        _ => DEFAULT_NAN,
    }
}

/// BFAdd.
fn add(a: u32, b: u32) -> u32 {
    let (x, y) = match (finite(a), finite(b)) {
        (Ok(x), Ok(y)) => (x, y),
        (Err(i @ (INFINITY | MINUS_INFINITY)), Ok(_))
        | (Ok(_), Err(i @ (INFINITY | MINUS_INFINITY))) => return i,
        (Err(i @ (INFINITY | MINUS_INFINITY)), Err(j)) if i == j => return i,
        _ => return DEFAULT_NAN,
    };
    let (large, small) = if x.exp >= y.exp && x.sig != 0 || y.sig == 0 { (x, y) } else { (y, x) };
    if small.sig == 0 {
        // Two zeros of different signs give the positive one.
        return round_to_odd(Finite {
            sign: if large.sig == 0 { x.sign & y.sign } else { large.sign },
            ..large
        });
    }
    // 24 bits, moved up as far as a sum leaves room; what the smaller one loses at the bottom is kept as one bit.
    const UP: i32 = 38;
    let down = large.exp - small.exp;
    let moved = small.sig << UP;
    let aligned = match down {
        0..62 => moved >> down | (moved & ((1 << down) - 1) != 0) as u64,
        _ => 1,
    };
    let (high, exp) = (large.sig << UP, large.exp - UP);
    if large.sign == small.sign {
        return round_to_odd(Finite { sign: large.sign, exp, sig: high + aligned });
    }
    match high.cmp(&aligned) {
        Ordering::Equal => 0,
        Ordering::Greater => round_to_odd(Finite { sign: large.sign, exp, sig: high - aligned }),
        Ordering::Less => round_to_odd(Finite { sign: small.sign, exp, sig: aligned - high }),
    }
}

/// BFDotAdd: a single + the two products of the pairs.
fn dot_add(sum: u32, a: u32, b: u32) -> u32 {
    let (low, high) = (mul(a << 16, b << 16), mul(a & 0xffff_0000, b & 0xffff_0000));
    add(sum, add(low, high))
}

fn words(v: u128) -> [u32; 4] {
    std::array::from_fn(|n| (v >> (32 * n)) as u32)
}

fn vector(words: [u32; 4]) -> u128 {
    words.iter().rev().fold(0, |all, &w| all << 32 | w as u128)
}

/// BFDOT: each single of argument 0 + the dot product of the pairs in arguments 1 and 2.
pub extern "C" fn bfdot(v: &mut [u128; 4]) {
    let (d, a, b) = (words(v[0]), words(v[1]), words(v[2]));
    v[0] = vector(std::array::from_fn(|n| dot_add(d[n], a[n], b[n])));
}

/// BFMMLA: the 2x2 singles of argument 0 + the 2x4 numbers of 1 times the 4x2 numbers of 2 (by columns).
pub extern "C" fn bfmmla(v: &mut [u128; 4]) {
    let (d, a, b) = (words(v[0]), words(v[1]), words(v[2]));
    v[0] = vector(std::array::from_fn(|n| {
        let (row, column) = (n / 2 * 2, n % 2 * 2);
        (0..2).fold(d[n], |sum, k| dot_add(sum, a[row + k], b[column + k]))
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_round() {
        // A tie to even, up towards infinity, an overflow, a denormal flushed.
        assert_eq!(convert(0x3f80_8000, 0), (0x3f80, fp_flags::INEXACT));
        assert_eq!(convert(0x3f80_0001, 1 << fpcr::RMODE_SHIFT), (0x3f81, fp_flags::INEXACT));
        assert_eq!(convert(0x7f7f_ffff, 0), (0x7f80, fp_flags::OVERFLOW | fp_flags::INEXACT));
        assert_eq!(convert(0x8000_0001, fpcr::FZ), (0x8000, fp_flags::INPUT_DENORMAL));
        assert_eq!(convert(0x7f80_0001, 0), (0x7fc0, fp_flags::INVALID));
    }

    #[test]
    fn dot_products_round_to_odd() {
        // 1 + 2^-30 is inexact: odd. 2^120 * 2^120 is beyond the range.
        assert_eq!(add(0x3f80_0000, 0x3080_0000), 0x3f80_0001);
        assert_eq!(add(0x3f80_0000, 0xb080_0000), 0x3f7f_ffff);
        assert_eq!(mul(0x7b80_0000, 0xfb80_0000), 0xff80_0000);
        assert_eq!(dot_add(0, 0x4000_3f80, 0x4040_4080), 0x4120_0000); // 1 * 4 + 2 * 3
        assert_eq!(mul(0, INFINITY), DEFAULT_NAN);
    }
}
