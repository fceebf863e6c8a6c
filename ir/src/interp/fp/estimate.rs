//! Arm's reciprocal estimates: `FPRecipEstimate`, `FPRSqrtEstimate`, `FPRecpX`, with the tables given by the
//! manual's integer formulas.

use super::format::{Class, DOUBLE, Format, HALF, Num, SINGLE};
use super::round::Env;
use crate::contract::fp_flags;
use crate::inst::Round;

/// `RecipEstimate`: 256..=511 for the input 256..=511.
fn recip_table(a: u32) -> u32 {
    let b = (1 << 19) / (2 * a + 1);
    b.div_ceil(2)
}

/// `RecipSqrtEstimate`: 256..=511 for the input 128..=511.
fn rsqrt_table(a: u32) -> u32 {
    let a = if a < 256 { 2 * a + 1 } else { ((a >> 1 << 1) + 1) * 2 };
    // The largest b with a b^2 < 2^28.
    (((1 << 28) - 1) / a).isqrt().div_ceil(2)
}

/// Exponent field, and the fraction at the top of 52 bits; a denormal's fraction is normalised and its
/// exponent counts down from 0.
fn fields(fmt: Format, bits: u64) -> (i32, u64) {
    let exp = (bits >> fmt.frac & fmt.exp_ones()) as i32;
    let fraction = (bits & fmt.frac_mask()) << (DOUBLE.frac - fmt.frac);
    if exp != 0 {
        return (exp, fraction);
    }
    let zeros = fraction.leading_zeros() - (64 - DOUBLE.frac);
    (-(zeros as i32), fraction << (zeros + 1) & DOUBLE.frac_mask())
}

/// The power of two from which a magnitude is tiny for the reciprocal's overflow, by its top exponent.
fn overflow_below(fmt: Format) -> i32 {
    match fmt {
        HALF => -16,
        SINGLE => -128,
        _ => -1024,
    }
}

/// FRECPE.
pub(super) fn recip(env: &mut Env, fmt: Format, bits: u64) -> u64 {
    let a = env.operand(fmt, bits);
    if let Some(nan) = env.nan(fmt, &[a]) {
        return nan;
    }
    match a.class {
        Class::Infinity => return fmt.zero(a.sign),
        Class::Zero => {
            env.raise(fp_flags::DIV_BY_ZERO);
            return fmt.infinity(a.sign);
        }
        _ => {}
    }
    let top = a.top();
    if top < overflow_below(fmt) {
        env.raise(fp_flags::OVERFLOW | fp_flags::INEXACT);
        return env.overflow(fmt, a.sign, env.direction(Round::Mode));
    }
    let flush = if fmt == HALF { env.mode.flush16 } else { env.mode.flush };
    if flush && top >= -fmt.emin() {
        env.raise(fp_flags::UNDERFLOW);
        return fmt.zero(a.sign);
    }
    let (exp, fraction) = fields(fmt, bits);
    let estimate = recip_table(256 | (fraction >> 44) as u32) as u64;
    let bias = fmt.exp_ones() as i32 / 2;
    let result_exp = 2 * bias - 1 - exp;
    let fraction = (estimate & 0xff) << 44;
    let (result_exp, fraction) = match result_exp {
        -1 => (0, 1 << 50 | fraction >> 2),
        0 => (0, 1 << 51 | fraction >> 1),
        e => (e as u64, fraction),
    };
    fmt.zero(a.sign) | result_exp << fmt.frac | fraction >> (DOUBLE.frac - fmt.frac)
}

/// FRSQRTE.
pub(super) fn rsqrt(env: &mut Env, fmt: Format, bits: u64) -> u64 {
    let a = env.operand(fmt, bits);
    if let Some(nan) = env.nan(fmt, &[a]) {
        return nan;
    }
    match a.class {
        Class::Zero => {
            env.raise(fp_flags::DIV_BY_ZERO);
            return fmt.infinity(a.sign);
        }
        _ if a.sign => return env.invalid(fmt),
        Class::Infinity => return fmt.zero(false),
        _ => {}
    }
    let (exp, fraction) = fields(fmt, bits);
    let scaled = if exp & 1 == 0 { 256 | fraction >> 44 } else { 128 | fraction >> 45 };
    let estimate = rsqrt_table(scaled as u32) as u64;
    let bias = fmt.exp_ones() as i32 / 2;
    let result_exp = ((3 * bias - 1 - exp) / 2) as u64;
    result_exp << fmt.frac | ((estimate & 0xff) << 44) >> (DOUBLE.frac - fmt.frac)
}

/// FRECPX.
pub(super) fn recip_exponent(env: &mut Env, fmt: Format, bits: u64) -> u64 {
    let a: Num = env.operand(fmt, bits);
    if let Some(nan) = env.nan(fmt, &[a]) {
        return nan;
    }
    let exp = bits >> fmt.frac & fmt.exp_ones();
    let result = if exp == 0 { fmt.exp_ones() - 1 } else { !exp & fmt.exp_ones() };
    fmt.zero(a.sign) | result << fmt.frac
}
