//! Arithmetic and comparison: exact results first, then one rounding.

use super::format::{Class, Format, Num};
use super::round::Env;
use crate::contract::{NanRule, fp_flags};
use crate::inst::FloatCC;
use crate::op::Op;
use std::cmp::Ordering;

/// The exact sum of two finite numbers as a number and a sticky bit; `None` if it is zero.
///
/// Significands have at most 106 bits. The larger operand is moved up to bit 125, so that whatever the
/// smaller one loses at the bottom leaves far more bits than any format has.
fn sum(a: Num, b: Num) -> Option<(Num, bool)> {
    let (big, small) = if a.top() >= b.top() { (a, b) } else { (b, a) };
    let up = big.sig.leading_zeros() - 2;
    let (x, exp) = (big.sig << up, big.exp - up as i32);
    let (y, sticky) = match small.exp - exp {
        d @ 0.. => (small.sig << d, false),
        d if d > -128 => (small.sig >> -d, small.sig << (128 + d) != 0),
        _ => (0, true),
    };
    let (sign, sig) = if big.sign == small.sign {
        (big.sign, x + y)
    } else if x >= y {
        // Below the bits of y there is something more to subtract: one less, and something above it.
        (big.sign, x - y - sticky as u128)
    } else {
        (small.sign, y - x)
    };
    (sig != 0).then_some((Num::exact(sign, exp, sig), sticky))
}

fn pack_sum(env: &mut Env, fmt: Format, a: Num, b: Num, halved: bool) -> u64 {
    match sum(a, b) {
        None => fmt.zero(env.zero_sum()),
        Some((n, sticky)) => env.pack(fmt, Num { exp: n.exp - halved as i32, ..n }, sticky),
    }
}

/// a + b.
pub(super) fn add(env: &mut Env, fmt: Format, a: Num, b: Num) -> u64 {
    if let Some(nan) = env.nan(fmt, &[a, b]) {
        return nan;
    }
    add_numbers(env, fmt, a, b)
}

/// a - b.
pub(super) fn sub(env: &mut Env, fmt: Format, a: Num, b: Num) -> u64 {
    if let Some(nan) = env.nan(fmt, &[a, b]) {
        return nan;
    }
    add_numbers(env, fmt, a, b.negate(fmt))
}

fn add_numbers(env: &mut Env, fmt: Format, a: Num, b: Num) -> u64 {
    match (a.class, b.class) {
        (Class::Infinity, Class::Infinity) if a.sign != b.sign => env.invalid(fmt),
        (Class::Infinity, _) => a.bits,
        (_, Class::Infinity) => b.bits,
        (Class::Zero, Class::Zero) if a.sign == b.sign => a.bits,
        (Class::Zero, Class::Zero) => fmt.zero(env.zero_sum()),
        (Class::Zero, _) => env.pack(fmt, b, false),
        (_, Class::Zero) => env.pack(fmt, a, false),
        _ => pack_sum(env, fmt, a, b, false),
    }
}

fn product(a: Num, b: Num) -> Num {
    Num::exact(a.sign != b.sign, a.exp + b.exp, a.sig * b.sig)
}

/// a * b; `extended`: 0 * infinity = 2.
pub(super) fn mul(env: &mut Env, fmt: Format, a: Num, b: Num, extended: bool) -> u64 {
    if let Some(nan) = env.nan(fmt, &[a, b]) {
        return nan;
    }
    let sign = a.sign != b.sign;
    let infinite = a.is_infinity() || b.is_infinity();
    let zero = a.is_zero() || b.is_zero();
    match (infinite, zero) {
        (true, true) if extended => env.pack(fmt, Num::exact(sign, 1, 1), false),
        (true, true) => env.invalid(fmt),
        (true, false) => fmt.infinity(sign),
        (false, true) => fmt.zero(sign),
        (false, false) => env.pack(fmt, product(a, b), false),
    }
}

/// a / b.
pub(super) fn div(env: &mut Env, fmt: Format, a: Num, b: Num) -> u64 {
    if let Some(nan) = env.nan(fmt, &[a, b]) {
        return nan;
    }
    let sign = a.sign != b.sign;
    match (a.class, b.class) {
        (Class::Infinity, Class::Infinity) | (Class::Zero, Class::Zero) => env.invalid(fmt),
        (Class::Infinity, _) => fmt.infinity(sign),
        (_, Class::Zero) => {
            env.raise(fp_flags::DIV_BY_ZERO);
            fmt.infinity(sign)
        }
        (Class::Zero, _) | (_, Class::Infinity) => fmt.zero(sign),
        _ => {
            let up = a.sig.leading_zeros();
            let x = a.sig << up;
            let (quotient, rest) = (x / b.sig, x % b.sig);
            env.pack(fmt, Num::exact(sign, a.exp - up as i32 - b.exp, quotient), rest > 0)
        }
    }
}

/// Square root.
pub(super) fn sqrt(env: &mut Env, fmt: Format, a: Num) -> u64 {
    if let Some(nan) = env.nan(fmt, &[a]) {
        return nan;
    }
    match a.class {
        Class::Zero => a.bits,
        _ if a.sign => env.invalid(fmt),
        Class::Infinity => a.bits,
        _ => {
            let mut up = a.sig.leading_zeros() as i32;
            up -= (a.exp - up) & 1;
            let x = a.sig << up;
            let root = x.isqrt();
            env.pack(fmt, Num::exact(false, (a.exp - up) / 2, root), root * root != x)
        }
    }
}

/// a * b + c, rounded once.
pub(super) fn mul_add(env: &mut Env, fmt: Format, a: Num, b: Num, c: Num) -> u64 {
    let invalid = (a.is_infinity() && b.is_zero()) || (a.is_zero() && b.is_infinity());
    let nan = match env.rule {
        // The addend comes first; and the invalid product counts though the addend is a quiet NaN.
        NanRule::Arm => env.nan(fmt, &[c, a, b]),
        NanRule::X86 => env.nan(fmt, &[a, b, c]),
    };
    if let Some(nan) = nan {
        let arm = env.rule == NanRule::Arm;
        return if arm && invalid && c.class == Class::Quiet { env.invalid(fmt) } else { nan };
    }
    let sign = a.sign != b.sign;
    let infinite = a.is_infinity() || b.is_infinity();
    if invalid || (infinite && c.is_infinity() && sign != c.sign) {
        return env.invalid(fmt);
    }
    if infinite {
        return fmt.infinity(sign);
    }
    if c.is_infinity() {
        return c.bits;
    }
    match (a.is_zero() || b.is_zero(), c.is_zero()) {
        (true, true) if sign == c.sign => c.bits,
        (true, true) => fmt.zero(env.zero_sum()),
        (true, false) => env.pack(fmt, c, false),
        (false, true) => env.pack(fmt, product(a, b), false),
        (false, false) => pack_sum(env, fmt, product(a, b), c, false),
    }
}

/// 2 - a * b, or (3 - a * b) / 2 (`halved`), rounded once.
pub(super) fn step(env: &mut Env, fmt: Format, a: Num, b: Num, halved: bool) -> u64 {
    // The manual negates the first operand before it looks for NaNs.
    let a = a.negate(fmt);
    if let Some(nan) = env.nan(fmt, &[a, b]) {
        return nan;
    }
    let infinite = a.is_infinity() || b.is_infinity();
    let zero = a.is_zero() || b.is_zero();
    let constant = if halved { Num::exact(false, 0, 3) } else { Num::exact(false, 1, 1) };
    match (infinite, zero) {
        (true, false) => fmt.infinity(a.sign != b.sign),
        (false, false) => pack_sum(env, fmt, product(a, b), constant, halved),
        (_, true) => env.pack(fmt, Num { exp: constant.exp - halved as i32, ..constant }, false),
    }
}

/// Numbers by value; `None` if one is a NaN.
fn compare(fmt: Format, a: &Num, b: &Num) -> Option<Ordering> {
    if a.is_nan() || b.is_nan() {
        return None;
    }
    // The packed magnitude orders as the number does; both zeros become 0.
    let key = |n: &Num| {
        let magnitude = (n.bits & (fmt.sign_bit() - 1)) as i64;
        if n.sign { -magnitude } else { magnitude }
    };
    Some(key(a).cmp(&key(b)))
}

/// Minimum and maximum.
pub(super) fn min_max(env: &mut Env, fmt: Format, op: Op, a: Num, b: Num) -> u64 {
    let max = matches!(op, Op::FMax | Op::FMaxNum);
    let (mut a, mut b) = (a, b);
    if matches!(op, Op::FMinNum | Op::FMaxNum) {
        // A quiet NaN gives way to any other operand that is no quiet NaN.
        let least = Num::unpack(fmt, fmt.infinity(max), false);
        match (a.class == Class::Quiet, b.class == Class::Quiet) {
            (true, false) => a = least,
            (false, true) => b = least,
            _ => {}
        }
    }
    if let Some(nan) = env.nan(fmt, &[a, b]) {
        return nan;
    }
    if a.is_zero() && b.is_zero() {
        return fmt.zero(if max { a.sign && b.sign } else { a.sign || b.sign });
    }
    let greater = compare(fmt, &a, &b) == Some(Ordering::Greater);
    if greater == max { a.bits } else { b.bits }
}

/// The nibble NZCV of a comparison.
pub(super) fn nzcv(env: &mut Env, fmt: Format, a: Num, b: Num, signal_quiet: bool) -> u64 {
    raise_compare(env, &a, &b, signal_quiet);
    match compare(fmt, &a, &b) {
        Some(Ordering::Less) => 0b1000,
        Some(Ordering::Equal) => 0b0110,
        Some(Ordering::Greater) => 0b0010,
        None => 0b0011,
    }
}

/// Does `a cc b` hold?
pub(super) fn holds(env: &mut Env, fmt: Format, cc: FloatCC, a: Num, b: Num) -> bool {
    raise_compare(env, &a, &b, !matches!(cc, FloatCC::Eq | FloatCC::Uno));
    let abs = |n: Num| if n.sign { n.negate(fmt) } else { n };
    let order = match cc {
        FloatCC::AbsGt | FloatCC::AbsGe => compare(fmt, &abs(a), &abs(b)),
        _ => compare(fmt, &a, &b),
    };
    match cc {
        FloatCC::Eq => order == Some(Ordering::Equal),
        FloatCC::Lt => order.is_some_and(Ordering::is_lt),
        FloatCC::Le => order.is_some_and(Ordering::is_le),
        FloatCC::Gt | FloatCC::AbsGt => order.is_some_and(Ordering::is_gt),
        FloatCC::Ge | FloatCC::AbsGe => order.is_some_and(Ordering::is_ge),
        FloatCC::Uno => order.is_none(),
    }
}

fn raise_compare(env: &mut Env, a: &Num, b: &Num, signal_quiet: bool) {
    let raises = |n: &Num| n.class == Class::Signalling || signal_quiet && n.is_nan();
    if raises(a) || raises(b) {
        env.raise(fp_flags::INVALID);
    }
}
