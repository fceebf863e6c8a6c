//! The environment of one operation, and the one place where results are rounded and packed.
//!
//! Arm ARM `FPRoundBase` and `FPProcessNaNs`; Intel SDM vol. 1, 4.9.1.5 and 11.5.2 for tininess after
//! rounding and flush-to-zero.

use super::format::{Class, Format, HALF, Num};
use crate::contract::{FpMode, NanRule, Rounding, fp_flags};
use crate::inst::Round;
use std::cmp::Ordering;

/// Control of one operation, and the flags it raises.
pub(super) struct Env {
    pub mode: FpMode,
    pub rule: NanRule,
    /// Raised so far ([`fp_flags`]).
    pub flags: u32,
}

/// What packing does besides the usual.
#[derive(Clone, Copy, Default)]
pub(super) struct PackAs {
    /// The alternative half-precision format.
    pub alt_half: bool,
    /// Tiny results are kept though the mode says flush.
    pub keep_tiny: bool,
}

impl Env {
    /// Raises flags.
    pub fn raise(&mut self, flags: u32) {
        self.flags |= flags;
    }

    /// The direction that `round` names; never [`Round::Mode`].
    pub fn direction(&self, round: Round) -> Round {
        match (round, self.mode.rounding) {
            (Round::Mode, Rounding::NearestEven) => Round::NearestEven,
            (Round::Mode, Rounding::Up) => Round::Up,
            (Round::Mode, Rounding::Down) => Round::Down,
            (Round::Mode, Rounding::Zero) => Round::Zero,
            (named, _) => named,
        }
    }

    fn flushes(&self, fmt: Format) -> bool {
        if fmt == HALF { self.mode.flush16 } else { self.mode.flush }
    }

    /// Takes an operand apart, flushing it if the mode says so (Arm: silently for binary16).
    pub fn operand(&mut self, fmt: Format, bits: u64) -> Num {
        let num = Num::unpack(fmt, bits, false);
        let denormal = num.class == Class::Finite && num.sig >> fmt.frac == 0;
        if !denormal || !self.flushes(fmt) {
            return num;
        }
        if fmt != HALF {
            self.raise(fp_flags::INPUT_DENORMAL);
        }
        let bits = fmt.zero(num.sign);
        Num { class: Class::Zero, sign: num.sign, exp: 0, sig: 0, bits }
    }

    /// The default NaN with Invalid raised: an invalid operation on numbers.
    pub fn invalid(&mut self, fmt: Format) -> u64 {
        self.raise(fp_flags::INVALID);
        fmt.default_nan(self.rule)
    }

    /// The NaN that the operands call for, if one of them is a NaN.
    pub fn nan(&mut self, fmt: Format, operands: &[Num]) -> Option<u64> {
        let signalling = |n: &&Num| n.class == Class::Signalling;
        let first = operands.iter().find(|n| n.is_nan())?;
        let first_signalling = operands.iter().find(signalling);
        if first_signalling.is_some() {
            self.raise(fp_flags::INVALID);
        }
        if self.mode.default_nan {
            return Some(fmt.default_nan(self.rule));
        }
        let chosen = match self.rule {
            NanRule::Arm => first_signalling.unwrap_or(first),
            NanRule::X86 => first,
        };
        Some(chosen.bits | fmt.quiet_bit())
    }

    /// Sign of an exact zero sum of numbers with different signs.
    pub fn zero_sum(&self) -> bool {
        self.mode.rounding == Rounding::Down
    }

    /// Rounds in the mode's direction and packs. See [`Env::pack_as`].
    pub fn pack(&mut self, fmt: Format, num: Num, sticky: bool) -> u64 {
        self.pack_as(fmt, num, sticky, Round::Mode, PackAs::default())
    }

    /// Rounds a finite number and packs it; `sticky`: the true magnitude is a little above `num`'s (which
    /// then has at least two bits more than the format).
    pub fn pack_as(
        &mut self,
        fmt: Format,
        num: Num,
        sticky: bool,
        round: Round,
        how: PackAs,
    ) -> u64 {
        let dir = self.direction(round);
        let Num { sign, exp, sig, .. } = num;
        let frac = fmt.frac as i32;
        let top = num.top();
        let tiny = top < fmt.emin()
            && !(self.rule == NanRule::X86
                && top == fmt.emin() - 1
                // Rounded as if the exponent had no bound, it reaches the smallest normal number.
                && shift_round(dir, sign, sig, top - frac - exp, sticky).0 >> (frac + 1) != 0);
        if tiny && self.flushes(fmt) && !how.keep_tiny {
            self.raise(match self.rule {
                NanRule::Arm => fp_flags::UNDERFLOW,
                NanRule::X86 => fp_flags::UNDERFLOW | fp_flags::INEXACT,
            });
            return fmt.zero(sign);
        }
        let mut unit = top.max(fmt.emin()) - frac;
        let (mut m, inexact) = shift_round(dir, sign, sig, unit - exp, sticky);
        if m >> (frac + 1) != 0 {
            m >>= 1;
            unit += 1;
        }
        let normal = m >> frac != 0;
        let biased = if normal { unit + frac - fmt.emin() + 1 } else { 0 };
        let ones = fmt.exp_ones() as i32;
        if how.alt_half && biased > ones {
            self.raise(fp_flags::INVALID);
            return fmt.zero(sign) | (fmt.sign_bit() - 1);
        }
        if biased >= ones && !how.alt_half {
            self.raise(fp_flags::OVERFLOW | fp_flags::INEXACT);
            return self.overflow(fmt, sign, dir);
        }
        if inexact {
            self.raise(fp_flags::INEXACT | if tiny { fp_flags::UNDERFLOW } else { 0 });
        }
        fmt.zero(sign) | (biased as u64) << fmt.frac | (m as u64 & fmt.frac_mask())
    }

    /// What an overflow gives in a direction.
    pub fn overflow(&self, fmt: Format, sign: bool, dir: Round) -> u64 {
        let to_infinity = match dir {
            Round::Up => !sign,
            Round::Down => sign,
            Round::Zero | Round::Odd => false,
            Round::Mode | Round::NearestEven | Round::NearestAway => true,
        };
        if to_infinity { fmt.infinity(sign) } else { fmt.max_normal(sign) }
    }
}

/// `sig >> places` (left if negative) rounded, and whether something was lost. `sticky`: the true magnitude
/// is a little above `sig`.
pub(super) fn shift_round(
    dir: Round,
    sign: bool,
    sig: u128,
    places: i32,
    sticky: bool,
) -> (u128, bool) {
    let (kept, rest) = match places {
        ..=0 => (sig << -places, Ordering::Less),
        1..=128 => {
            let half = 1u128 << (places - 1);
            let rest = sig & (half | (half - 1));
            (sig.checked_shr(places as u32).unwrap_or(0), rest.cmp(&half))
        }
        _ => (0, Ordering::Less),
    };
    let lost = match places {
        ..=0 => false,
        1..=127 => kept << places != sig,
        _ => sig != 0,
    };
    let inexact = lost || sticky;
    if !inexact {
        return (kept, false);
    }
    let rest = if sticky { rest.then(Ordering::Greater) } else { rest };
    let up = match dir {
        Round::NearestEven | Round::Mode => rest.is_gt() || rest.is_eq() && kept & 1 == 1,
        Round::NearestAway => rest.is_ge(),
        Round::Up => !sign,
        Round::Down => sign,
        Round::Zero => false,
        Round::Odd => return (kept | 1, true),
    };
    (kept + up as u128, true)
}
