//! Pure operations: the meaning of each, in one exhaustive match.
//!
//! Works on zero-extended values, lane by lane in an arrangement. Constant folding uses the same function,
//! so that a folded constant is what the interpreter would have computed. Operations on flags are in
//! [`super::flags`], those that move or combine lanes are spelled out in `vec`.

use super::lanes::{cut, lane, lane_bits, map, mask, sext, smap, szip, zip};
use super::vec;
use crate::inst::IntCC;
use crate::op::Op;
use crate::ty::Shape;

/// The value of a pure operation that has neither flags arguments nor a flags result.
///
/// # Panics
/// If the op is not of that kind.
#[inline]
pub fn eval(op: Op, shape: Shape, from: Shape, imm: u128, args: &[u128; 4]) -> u128 {
    let [a, b, c, _] = *args;
    let s = shape;
    let w = lane_bits(s);
    // An amount in bits never exceeds a width; clamping keeps a malformed one from overflowing a shift.
    let n = imm.min(127) as u32;
    match op {
        Op::Const => imm & mask(w),

        Op::Add => zip(s, a, b, u128::wrapping_add),
        Op::Sub => zip(s, a, b, u128::wrapping_sub),
        Op::Mul => zip(s, a, b, u128::wrapping_mul),
        Op::UMulHi => (a.wrapping_mul(b) >> w) & mask(w),
        Op::SMulHi => szip(s, a, b, |x, y| x.wrapping_mul(y) >> w),
        Op::UDiv => a.checked_div(b).unwrap_or(0),
        Op::SDiv => szip(s, a, b, |x, y| if y == 0 { 0 } else { x.wrapping_div(y) }),
        Op::Neg => map(s, a, u128::wrapping_neg),
        Op::Abs => smap(s, a, i128::wrapping_abs),
        Op::And => cut(s, a & b),
        Op::Or => cut(s, a | b),
        Op::Xor => cut(s, a ^ b),
        Op::AndNot => cut(s, a & !b),
        Op::Not => map(s, a, |x| !x),

        Op::Shl => (a << modulo(b, w)) & mask(w),
        Op::LShr => a >> modulo(b, w),
        Op::AShr => (sext(w, a) >> modulo(b, w)) as u128 & mask(w),
        Op::Rotr => rotr(w, a, modulo(b, w)),
        Op::ShlI => map(s, a, |x| x << n),
        Op::LShrI => map(s, a, |x| x >> n),
        Op::AShrI => smap(s, a, |x| x >> n),
        Op::RotrI => rotr(w, a, modulo(imm, w)),
        Op::ShiftBySigned => vec::shift_signed(s, a, b, imm),
        Op::URShrI => map(s, a, |x| x.wrapping_add(half(n)) >> n),
        Op::SRShrI => smap(s, a, |x| x.wrapping_add(half(n) as i128) >> n),

        Op::Clz => map(s, a, |x| (x.leading_zeros() - (128 - w)) as u128),
        Op::Ctz => map(s, a, |x| x.trailing_zeros().min(w) as u128),
        Op::Cls => smap(s, a, |x| ((x ^ (x >> 127)).leading_zeros() - (128 - w) - 1) as i128),
        Op::Popcnt => map(s, a, |x| x.count_ones() as u128),
        Op::BitRev => map(s, a, |x| x.reverse_bits() >> (128 - w)),
        Op::Bswap => a.swap_bytes() >> (128 - w),

        Op::ICmp => icmp(s, imm, a, b),
        Op::Select => cut(s, if a & 1 != 0 { b } else { c }),
        Op::BitSel => cut(s, (a & b) | (!a & c)),
        Op::SMin => szip(s, a, b, i128::min),
        Op::SMax => szip(s, a, b, i128::max),
        Op::UMin => zip(s, a, b, u128::min),
        Op::UMax => zip(s, a, b, u128::max),

        Op::Zext | Op::Bitcast => a,
        Op::Sext => sext(lane_bits(from), a) as u128 & mask(w),
        Op::Trunc => a & mask(w),
        Op::Concat => a | b << 64,
        Op::Hi64 => a >> 64,

        Op::Splat => vec::splat(s, a),
        Op::Extract => lane(s, a, n),
        Op::Insert => vec::insert(s, a, n, b),
        Op::ZextLane => a,
        Op::Lo64 => a as u64 as u128,
        Op::Zip1 | Op::Zip2 | Op::Uzp1 | Op::Uzp2 | Op::Trn1 | Op::Trn2 => {
            vec::permute(op, s, a, b)
        }
        Op::Ext => vec::ext(s, a, b, n),
        Op::RevLanes => vec::rev_lanes(s, a, n),
        Op::Tbl => vec::tbl(s, a, b),
        Op::WidenLo => vec::widen(s, from, a as u64, imm != 0),
        Op::WidenHi => vec::widen(s, from, (a >> 64) as u64, imm != 0),
        Op::NarrowOp => vec::narrow(s, from, a, imm),
        Op::SAddSat => szip(s, a, b, |x, y| clamp_signed(w, x + y)),
        Op::UAddSat => zip(s, a, b, |x, y| (x + y).min(mask(w))),
        Op::SSubSat => szip(s, a, b, |x, y| clamp_signed(w, x - y)),
        Op::USubSat => zip(s, a, b, u128::saturating_sub),
        Op::SAvg => szip(s, a, b, |x, y| (x + y + imm as i128) >> 1),
        Op::UAvg => zip(s, a, b, |x, y| (x + y + imm) >> 1),
        Op::SHSub => szip(s, a, b, |x, y| (x - y) >> 1),
        Op::UHSub => zip(s, a, b, |x, y| x.wrapping_sub(y) >> 1),
        Op::SAbd => szip(s, a, b, |x, y| (x - y).abs()),
        Op::UAbd => zip(s, a, b, u128::abs_diff),
        Op::SQDMulHi => szip(s, a, b, |x, y| {
            let round = if imm != 0 { 1 << (w - 1) } else { 0 };
            clamp_signed(w, (2 * x * y + round) >> w)
        }),
        Op::PMul => zip(s, a, b, vec::carryless),
        Op::ReduceAdd | Op::ReduceSMax | Op::ReduceSMin | Op::ReduceUMax | Op::ReduceUMin => {
            vec::reduce(op, s, a)
        }

        Op::FAbs => map(s, a, |x| x & mask(w - 1)),
        Op::FNeg => map(s, a, |x| x ^ 1 << (w - 1)),

        Op::Get | Op::Put | Op::Insn | Op::ExitIf => not_pure(op),
        Op::FlagsAdd | Op::FlagsSub | Op::FlagsAdc | Op::FlagsLogic | Op::FlagsPack => not_pure(op),
        Op::FlagsFCmp | Op::FlagsSel | Op::FlagsBits | Op::Cond => not_pure(op),
        Op::Load | Op::Store | Op::AtomicRmw | Op::AtomicCas | Op::CasIf => not_pure(op),
        Op::PrefetchOp | Op::FenceOp | Op::Call | Op::CallNil => not_pure(op),
        Op::FAdd | Op::FSub | Op::FMul | Op::FMulX | Op::FDiv | Op::FSqrt => not_pure(op),
        Op::FMulAdd | Op::FMin | Op::FMax | Op::FMinNum | Op::FMaxNum => not_pure(op),
        Op::FRecipEst | Op::FRsqrtEst | Op::FRecipStep | Op::FRsqrtStep => not_pure(op),
        Op::FRecipExp | Op::FCmp | Op::FCvt | Op::FToInt | Op::IntToF | Op::FRound => not_pure(op),
        Op::FpFlagsRead | Op::FpFlagsWrite => not_pure(op),
    }
}

#[cold]
fn not_pure(op: Op) -> ! {
    panic!("{op:?} is not a pure operation on plain values")
}

#[inline]
fn modulo(amount: u128, width: u32) -> u32 {
    // Widths are powers of two.
    amount as u32 & (width - 1)
}

#[inline]
fn rotr(w: u32, a: u128, n: u32) -> u128 {
    if n == 0 { a } else { (a >> n | a << (w - n)) & mask(w) }
}

/// Half of the last place that a right shift by `n` keeps.
#[inline]
fn half(n: u32) -> u128 {
    if n == 0 { 0 } else { 1 << (n - 1) }
}

/// `x` brought into the signed range of `w` bits.
#[inline]
pub(super) fn clamp_signed(w: u32, x: i128) -> i128 {
    let max = mask(w - 1) as i128;
    x.clamp(!max, max)
}

#[inline]
fn icmp(s: Shape, imm: u128, a: u128, b: u128) -> u128 {
    use IntCC::*;
    let cc = IntCC::from_bits(imm).unwrap_or(Eq);
    if !s.is_vector() {
        let w = lane_bits(s);
        let (x, y) = (sext(w, a), sext(w, b));
        return match cc {
            Eq => a == b,
            Ne => a != b,
            Ult => a < b,
            Ule => a <= b,
            Ugt => a > b,
            Uge => a >= b,
            Slt => x < y,
            Sle => x <= y,
            Sgt => x > y,
            Sge => x >= y,
            Test => a & b != 0,
        } as u128;
    }
    let ones = |holds: bool| if holds { u128::MAX } else { 0 };
    let sones = |holds: bool| if holds { -1 } else { 0 };
    match cc {
        Eq => zip(s, a, b, |x, y| ones(x == y)),
        Ne => zip(s, a, b, |x, y| ones(x != y)),
        Ult => zip(s, a, b, |x, y| ones(x < y)),
        Ule => zip(s, a, b, |x, y| ones(x <= y)),
        Ugt => zip(s, a, b, |x, y| ones(x > y)),
        Uge => zip(s, a, b, |x, y| ones(x >= y)),
        Slt => szip(s, a, b, |x, y| sones(x < y)),
        Sle => szip(s, a, b, |x, y| sones(x <= y)),
        Sgt => szip(s, a, b, |x, y| sones(x > y)),
        Sge => szip(s, a, b, |x, y| sones(x >= y)),
        Test => zip(s, a, b, |x, y| ones(x & y != 0)),
    }
}
