//! The arithmetic against two oracles: `rustc_apfloat` in all modes, and the host for what it rounds.

use super::*;
use crate::contract::{FpMode, NanRule, Rounding, fp_flags};
use format::{DOUBLE, HALF, SINGLE};
use rustc_apfloat::{Float, Round as ApRound, Status, StatusAnd, ieee};

const MODES: [(Rounding, ApRound); 4] = [
    (Rounding::NearestEven, ApRound::NearestTiesToEven),
    (Rounding::Up, ApRound::TowardPositive),
    (Rounding::Down, ApRound::TowardNegative),
    (Rounding::Zero, ApRound::TowardZero),
];

fn mode(rounding: Rounding) -> FpMode {
    FpMode { rounding, default_nan: false, flush: false, flush16: false, alt_half: false }
}

fn env(rounding: Rounding) -> Env {
    Env { mode: mode(rounding), rule: NanRule::Arm, flags: 0 }
}

/// Random numbers that crowd round the interesting exponents.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn number(&mut self, fmt: Format) -> u64 {
        let r = self.next();
        let near = (self.next() % 9) as i64 - 4;
        let bias = (fmt.exp_ones() / 2) as i64;
        let exp = match r % 8 {
            0 => 0,
            1 => fmt.exp_ones() as i64,
            2 => (fmt.exp_ones() as i64 - 1) - (r >> 8 & 3) as i64,
            3 => (r >> 8 & 63) as i64,
            4 => bias + near * fmt.frac as i64 / 3,
            5 => bias / 2 + near,
            _ => bias + near,
        };
        let frac = match r >> 4 & 7 {
            0 => 0,
            1 => u64::MAX,
            2 => 1,
            3 => u64::MAX << (r >> 8 & 31),
            _ => self.next(),
        };
        let exp = exp.clamp(0, fmt.exp_ones() as i64) as u64;
        fmt.zero(r >> 3 & 1 == 1) | exp << fmt.frac | frac & fmt.frac_mask()
    }
}

fn status(s: Status) -> u32 {
    let bit = |has: Status, flag| if s.contains(has) { flag } else { 0 };
    bit(Status::INVALID_OP, fp_flags::INVALID)
        | bit(Status::DIV_BY_ZERO, fp_flags::DIV_BY_ZERO)
        | bit(Status::OVERFLOW, fp_flags::OVERFLOW)
        | bit(Status::INEXACT, fp_flags::INEXACT)
}

fn against_apfloat<F: Float>(fmt: Format, shape: Shape, rounds: u32) {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for i in 0..rounds {
        let (x, y, z) = (random.number(fmt), random.number(fmt), random.number(fmt));
        let [a, b, c] = [x, y, z].map(|v| F::from_bits(v as u128));
        let (rounding, ap) = MODES[i as usize % 4];
        let ops: [(Op, StatusAnd<F>); 5] = [
            (Op::FAdd, a.add_r(b, ap)),
            (Op::FSub, a.sub_r(b, ap)),
            (Op::FMul, a.mul_r(b, ap)),
            (Op::FDiv, a.div_r(b, ap)),
            (Op::FMulAdd, a.mul_add_r(b, c, ap)),
        ];
        for (op, expected) in ops {
            let mut e = env(rounding);
            let got = one(&mut e, op, shape, shape, 0, [x, y, z, 0].map(u128::from));
            let nan = expected.value.is_nan();
            let text = || format!("{op:?} {x:x} {y:x} {z:x} {rounding:?} gives {got:x}");
            if nan {
                let quiet = fmt.infinity(false) | fmt.quiet_bit();
                assert_eq!(got as u64 & quiet, quiet, "{}", text());
                continue;
            }
            assert_eq!(got, expected.value.to_bits(), "{}", text());
            // The oracle does not call an overflow to the largest normal number an overflow.
            let clamped = got as u64 & !fmt.sign_bit() == fmt.max_normal(false);
            let masked = if clamped { fp_flags::OVERFLOW } else { 0 } | fp_flags::UNDERFLOW;
            let flags = e.flags & !masked;
            assert_eq!(flags, status(expected.status), "flags of {}", text());
            let tiny = got as u64 & fmt.infinity(false) == 0;
            if expected.status.contains(Status::UNDERFLOW) && tiny {
                assert!(e.flags & fp_flags::UNDERFLOW != 0, "underflow of {}", text());
            }
        }
    }
}

#[test]
fn arithmetic_agrees_with_apfloat() {
    against_apfloat::<ieee::Half>(HALF, Shape::F16, 100_000);
    against_apfloat::<ieee::Single>(SINGLE, Shape::F32, 100_000);
    against_apfloat::<ieee::Double>(DOUBLE, Shape::F64, 100_000);
}

#[test]
fn the_common_case_is_no_other() {
    let mut random = Random(99);
    let mut common = 0;
    for (fmt, shape) in [(SINGLE, Shape::F32), (DOUBLE, Shape::F64)] {
        for _ in 0..200_000 {
            let args = [0; 4].map(|_: i32| random.number(fmt) as u128);
            for op in [Op::FAdd, Op::FSub, Op::FMul, Op::FDiv, Op::FMulAdd] {
                let Some(value) = host::common_case(op, shape, &args) else { continue };
                let mut e = env(Rounding::NearestEven);
                assert_eq!(value, one(&mut e, op, shape, shape, 0, args), "{op:?} {args:x?}");
                assert_eq!(e.flags & !fp_flags::INEXACT, 0, "{op:?} {args:x?}");
                common += 1;
            }
        }
    }
    assert!(common > 200_000, "{common}");
}

#[test]
fn conversions_agree_with_apfloat() {
    fn check<A: Float + rustc_apfloat::FloatConvert<B>, B: Float>(
        from: Format,
        to: Format,
        random: &mut Random,
    ) {
        for i in 0..20_000 {
            let x = random.number(from);
            let a = A::from_bits(x as u128);
            let (rounding, ap) = MODES[i % 4];
            let mut lost = false;
            let expected: StatusAnd<B> = a.convert_r(ap, &mut lost);
            let got = convert::between(&mut env(rounding), to, from, x, Round::Mode);
            if a.is_nan() {
                assert_eq!(got & to.quiet_bit(), to.quiet_bit());
            } else {
                assert_eq!(got as u128, expected.value.to_bits(), "{x:x} {rounding:?}");
            }
            let mut e = env(rounding);
            let how = FpConv { round: Round::Mode, signed: true, fbits: 0 };
            let got = convert::to_int(&mut e, from, 32, x, how);
            let expected = a.to_i128_r(32, ap, &mut lost);
            let value = if a.is_nan() { 0 } else { expected.value as u32 };
            assert_eq!(got, value as u128, "{x:x} {rounding:?}");
            assert_eq!(e.flags, status(expected.status), "{x:x} {rounding:?}");
            let back = B::from_u128_r(x as u128, ap);
            let how = FpConv { round: Round::Mode, signed: false, fbits: 0 };
            let got = convert::from_int(&mut env(rounding), to, 64, x as u128, how);
            assert_eq!(got as u128, back.value.to_bits(), "{x:x} {rounding:?}");
            let how = FpRound { round: Round::Mode, exact: false };
            let got = convert::to_integral(&mut env(rounding), from, x, how);
            if !a.is_nan() {
                assert_eq!(got as u128, a.round_to_integral(ap).value.to_bits(), "{x:x}");
            }
        }
    }
    let random = &mut Random(77);
    check::<ieee::Half, ieee::Single>(HALF, SINGLE, random);
    check::<ieee::Half, ieee::Double>(HALF, DOUBLE, random);
    check::<ieee::Single, ieee::Half>(SINGLE, HALF, random);
    check::<ieee::Single, ieee::Double>(SINGLE, DOUBLE, random);
    check::<ieee::Double, ieee::Half>(DOUBLE, HALF, random);
    check::<ieee::Double, ieee::Single>(DOUBLE, SINGLE, random);
}

#[test]
fn square_roots_agree_with_the_host() {
    let mut random = Random(5);
    for _ in 0..100_000 {
        let x = random.number(DOUBLE) & !DOUBLE.sign_bit();
        let y = random.number(SINGLE) & !SINGLE.sign_bit();
        let mut e = env(Rounding::NearestEven);
        let d = one(&mut e, Op::FSqrt, Shape::F64, Shape::F64, 0, [x as u128, 0, 0, 0]);
        let s = one(&mut e, Op::FSqrt, Shape::F32, Shape::F32, 0, [y as u128, 0, 0, 0]);
        assert_eq!(d as u64, f64::from_bits(x).sqrt().to_bits());
        assert_eq!(s as u32, f32::from_bits(y as u32).sqrt().to_bits());
    }
}

#[test]
fn directed_square_roots_enclose_the_exact_one() {
    let mut random = Random(6);
    for _ in 0..20_000 {
        let x = random.number(SINGLE) & !SINGLE.sign_bit();
        let root = |rounding| {
            let args = [x as u128, 0, 0, 0];
            one(&mut env(rounding), Op::FSqrt, Shape::F32, Shape::F32, 0, args) as u32
        };
        let (down, up) = (root(Rounding::Down), root(Rounding::Up));
        let exact = f32::from_bits(x as u32) as f64;
        if exact.is_finite() {
            let (d, u) = (f32::from_bits(down) as f64, f32::from_bits(up) as f64);
            // A square of 24-bit numbers is exact in binary64.
            assert!(d * d <= exact && exact <= u * u && up - down <= 1, "{x:x}");
        }
    }
}

fn arm(op: Op, shape: Shape, args: [u64; 3], flush: bool, default_nan: bool) -> (u64, u32) {
    let mode = FpMode { flush, default_nan, flush16: flush, ..mode(Rounding::NearestEven) };
    let mut e = Env { mode, rule: NanRule::Arm, flags: 0 };
    let args = [args[0] as u128, args[1] as u128, args[2] as u128, 0];
    (one(&mut e, op, shape, shape, 0, args) as u64, e.flags)
}

/// Op, arguments, flush, default NaN; result and flags.
type Row = (Op, [u64; 3], bool, bool, (u64, u32));

/// Rows worked out by hand from the pseudocode of the Arm ARM (shared/functions/float).
#[test]
fn arm_rules() {
    use fp_flags::*;
    let s = Shape::F32;
    let (q1, q2, s1) = (0x7fc0_0001, 0xffc0_0002, 0x7f80_0003);
    let (inf, one_, two) = (0x7f80_0000, 0x3f80_0000, 0x4000_0000);
    let rows: &[Row] = &[
        // FPProcessNaNs: a signalling NaN first, quieted; else the first quiet one; default NaN mode.
        (Op::FAdd, [q1, s1, 0], false, false, (0x7fc0_0003, INVALID)),
        (Op::FAdd, [q2, q1, 0], false, false, (q2, 0)),
        (Op::FAdd, [q2, q1, 0], false, true, (0x7fc0_0000, 0)),
        (Op::FSub, [inf, inf, 0], false, false, (0x7fc0_0000, INVALID)),
        // FPMulAdd: the addend's NaN first; infinity * 0 + quiet NaN is invalid.
        (Op::FMulAdd, [q1, one_, q2], false, false, (q2, 0)),
        (Op::FMulAdd, [inf, 0, q2], false, false, (0x7fc0_0000, INVALID)),
        // FPMaxNum: a quiet NaN gives way; FPMax: not.
        (Op::FMaxNum, [q1, two, 0], false, false, (two, 0)),
        (Op::FMaxNum, [q1, s1, 0], false, false, (0x7fc0_0003, INVALID)),
        (Op::FMax, [q1, two, 0], false, false, (q1, 0)),
        (Op::FMax, [0x8000_0000, 0, 0], false, false, (0, 0)),
        (Op::FMin, [0, 0x8000_0000, 0], false, false, (0x8000_0000, 0)),
        // FPMulX.
        (Op::FMulX, [inf, 0x8000_0000, 0], false, false, (0xc000_0000, 0)),
        (Op::FMul, [inf, 0x8000_0000, 0], false, false, (0x7fc0_0000, INVALID)),
        // Tininess before rounding: just below the smallest normal, rounded up to it.
        (Op::FMul, [0x0080_0000, 0x3f7f_ffff, 0], false, false, (0x0080_0000, UNDERFLOW | INEXACT)),
        // Flush-to-zero: inputs with their flag; results with Underflow alone, also exact ones.
        (Op::FAdd, [1, one_, 0], true, false, (one_, INPUT_DENORMAL)),
        (Op::FMul, [0x0080_0000, 0x3f00_0000, 0], true, false, (0, UNDERFLOW)),
        (Op::FMul, [0x0080_0000, 0x3f00_0000, 0], false, false, (0x0040_0000, 0)),
        // FPRecipEstimate and FPRSqrtEstimate.
        (Op::FRecipEst, [one_, 0, 0], false, false, (0x3f7f_8000, 0)),
        (Op::FRecipEst, [two, 0, 0], false, false, (0x3eff_8000, 0)),
        (Op::FRecipEst, [0, 0, 0], false, false, (inf, DIV_BY_ZERO)),
        (Op::FRecipEst, [1, 0, 0], false, false, (inf, OVERFLOW | INEXACT)),
        (Op::FRsqrtEst, [one_, 0, 0], false, false, (0x3f7f_8000, 0)),
        (Op::FRsqrtEst, [0x4080_0000, 0, 0], false, false, (0x3eff_8000, 0)),
        (Op::FRsqrtEst, [0xbf80_0000, 0, 0], false, false, (0x7fc0_0000, INVALID)),
        // Steps.
        (Op::FRecipStep, [one_, one_, 0], false, false, (one_, 0)),
        (Op::FRecipStep, [inf, 0, 0], false, false, (two, 0)),
        (Op::FRecipStep, [q1, one_, 0], false, false, (0xffc0_0001, 0)),
        (Op::FRsqrtStep, [one_, one_, 0], false, false, (one_, 0)),
        (Op::FRsqrtStep, [inf, 0, 0], false, false, (0x3fc0_0000, 0)),
        // FPRecpX.
        (Op::FRecipExp, [one_, 0, 0], false, false, (0x4000_0000, 0)),
        (Op::FRecipExp, [0x8000_0000, 0, 0], false, false, (0xff00_0000, 0)),
    ];
    for (op, args, flush, default_nan, expected) in rows {
        let got = arm(*op, s, *args, *flush, *default_nan);
        assert_eq!(got, *expected, "{op:?} {args:x?} flush={flush} default_nan={default_nan}");
    }
}

#[test]
fn tininess_after_rounding() {
    let mut e = Env { mode: mode(Rounding::NearestEven), rule: NanRule::X86, flags: 0 };
    let mut mul = |x: u64, y: u64| {
        e.flags = 0;
        let r = one(&mut e, Op::FMul, Shape::F32, Shape::F32, 0, [x as u128, y as u128, 0, 0]);
        (r as u64, e.flags)
    };
    // 2^-126 * (1 - 2^-24): unbounded it is exact and below 2^-126, so it is tiny.
    let tiny = fp_flags::UNDERFLOW | fp_flags::INEXACT;
    assert_eq!(mul(0x0080_0000, 0x3f7f_ffff), (0x0080_0000, tiny));
    // (2^-63 + 2^-86) * (2^-63 - 2^-87) = 2^-126 (1 + 2^-24 - 2^-47): not tiny at all.
    assert_eq!(mul(0x2000_0001, 0x1fff_ffff).1, fp_flags::INEXACT);
    // (1 + 2^-23) * (1 - 2^-23) = 1 - 2^-46 rounds to 1 in 24 bits: not tiny after rounding.
    assert_eq!(mul(0x0080_0001, 0x3f7f_fffe), (0x0080_0000, fp_flags::INEXACT));
}

#[test]
fn rounding_to_odd_and_fixed_point() {
    let mut e = env(Rounding::NearestEven);
    // 1 + 2^-52 to binary32, to odd: the lost bit sets the last place.
    let odd = convert::between(&mut e, SINGLE, DOUBLE, 0x3ff0_0000_0000_0001, Round::Odd);
    assert_eq!((odd, e.flags), (0x3f80_0001, fp_flags::INEXACT));
    let how = FpConv { round: Round::Zero, signed: true, fbits: 4 };
    assert_eq!(convert::to_int(&mut e, DOUBLE, 32, 1.75f64.to_bits(), how), 28);
    assert_eq!(convert::from_int(&mut e, DOUBLE, 32, 28, how), 1.75f64.to_bits());
    let away = FpConv { round: Round::NearestAway, signed: true, fbits: 0 };
    assert_eq!(
        convert::to_int(&mut e, DOUBLE, 64, (-2.5f64).to_bits(), away),
        -3i64 as u64 as u128
    );
    let unsigned = FpConv { round: Round::Zero, signed: false, fbits: 0 };
    assert_eq!(convert::to_int(&mut e, DOUBLE, 64, 1e300f64.to_bits(), unsigned), u64::MAX as u128);
    assert_eq!(convert::to_int(&mut e, DOUBLE, 64, (-1e300f64).to_bits(), unsigned), 0);
}

#[test]
fn alternative_half_precision() {
    let mut e = env(Rounding::NearestEven);
    e.mode.alt_half = true;
    let half =
        |e: &mut Env, x: f32| convert::between(e, HALF, SINGLE, x.to_bits() as u64, Round::Mode);
    assert_eq!(half(&mut e, 65536.0), 0x7c00);
    assert_eq!(e.flags, 0);
    assert_eq!(half(&mut e, 1e9), 0x7fff);
    assert_eq!(e.flags, fp_flags::INVALID);
    assert_eq!(
        convert::between(&mut e, SINGLE, HALF, 0x7c00, Round::Mode),
        65536f32.to_bits() as u64
    );
}
