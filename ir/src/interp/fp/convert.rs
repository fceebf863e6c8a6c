//! Conversions between formats, to and from integers, and to integral values.

use super::format::{Class, DOUBLE, Format, HALF, Num};
use super::round::{Env, PackAs, shift_round};
use crate::contract::fp_flags;
use crate::inst::{FpConv, FpRound, Round};
use crate::interp::lanes::{mask, sext};

/// Between precisions (Arm ARM `FPConvert`): binary16 is never flushed here, and may be the alternative
/// format.
pub(super) fn between(env: &mut Env, to: Format, from: Format, bits: u64, round: Round) -> u64 {
    let alt = env.mode.alt_half;
    let a = match from {
        HALF => Num::unpack(HALF, bits, alt),
        _ => env.operand(from, bits),
    };
    let alt_half = to == HALF && alt;
    match a.class {
        Class::Quiet | Class::Signalling => {
            if a.class == Class::Signalling || alt_half {
                env.raise(fp_flags::INVALID);
            }
            if alt_half {
                return to.zero(a.sign);
            }
            if env.mode.default_nan {
                return to.default_nan(env.rule);
            }
            let payload = (bits & from.frac_mask()) << (DOUBLE.frac - from.frac);
            to.infinity(a.sign) | to.quiet_bit() | payload >> (DOUBLE.frac - to.frac)
        }
        Class::Infinity if alt_half => {
            env.raise(fp_flags::INVALID);
            to.zero(a.sign) | (to.sign_bit() - 1)
        }
        Class::Infinity => to.infinity(a.sign),
        Class::Zero => to.zero(a.sign),
        Class::Finite => {
            env.pack_as(to, a, false, round, PackAs { alt_half, keep_tiny: to == HALF })
        }
    }
}

/// To an integer or fixed point of `width` bits, saturating.
pub(super) fn to_int(env: &mut Env, fmt: Format, width: u32, bits: u64, how: FpConv) -> u128 {
    let a = env.operand(fmt, bits);
    let max = if how.signed { mask(width - 1) } else { mask(width) };
    let lowest = if how.signed { max + 1 } else { 0 };
    let bound = |sign: bool| if sign { lowest } else { max };
    match a.class {
        Class::Zero => return 0,
        Class::Quiet | Class::Signalling => {
            env.raise(fp_flags::INVALID);
            return 0;
        }
        Class::Infinity => {
            env.raise(fp_flags::INVALID);
            return bound(a.sign);
        }
        Class::Finite => {}
    }
    let exp = a.exp + how.fbits as i32;
    if a.top() + how.fbits as i32 > 65 {
        env.raise(fp_flags::INVALID);
        return bound(a.sign);
    }
    let dir = env.direction(how.round);
    let (m, inexact) = shift_round(dir, a.sign, a.sig, -exp, false);
    if m > bound(a.sign) {
        env.raise(fp_flags::INVALID);
        return bound(a.sign);
    }
    if inexact {
        env.raise(fp_flags::INEXACT);
    }
    let value = if a.sign { m.wrapping_neg() } else { m };
    value & mask(width)
}

/// From an integer or fixed point of `width` bits.
pub(super) fn from_int(env: &mut Env, fmt: Format, width: u32, bits: u128, how: FpConv) -> u64 {
    let value = if how.signed { sext(width, bits) } else { (bits & mask(width)) as i128 };
    if value == 0 {
        return fmt.zero(false);
    }
    let num = Num::exact(value < 0, -(how.fbits as i32), value.unsigned_abs());
    env.pack_as(fmt, num, false, how.round, PackAs::default())
}

/// To an integral value of the same format.
pub(super) fn to_integral(env: &mut Env, fmt: Format, bits: u64, how: FpRound) -> u64 {
    let a = env.operand(fmt, bits);
    if let Some(nan) = env.nan(fmt, &[a]) {
        return nan;
    }
    if a.class != Class::Finite || a.exp >= 0 {
        return a.bits;
    }
    let dir = env.direction(how.round);
    let (m, inexact) = shift_round(dir, a.sign, a.sig, -a.exp, false);
    if inexact && how.exact {
        env.raise(fp_flags::INEXACT);
    }
    if m == 0 { fmt.zero(a.sign) } else { env.pack(fmt, Num::exact(a.sign, 0, m), false) }
}
