//! Lanes: how an operation on one lane becomes an operation on a shape.
//!
//! A meaning is written once, on a lane widened to 128 bits; the functions here apply it to a scalar or to
//! every lane of an arrangement, cut the result to the lane's width and zero the upper half of a 64-bit
//! arrangement. Values are kept zero-extended to 128 bits: that is the invariant of the whole interpreter.

use crate::ty::Shape;

/// All ones of this width.
pub(crate) const fn mask(bits: u32) -> u128 {
    if bits >= 128 { u128::MAX } else { (1 << bits) - 1 }
}

/// Sign extension of the low `bits` (1..=128) bits.
pub(crate) const fn sext(bits: u32, x: u128) -> i128 {
    let up = 128 - bits;
    (x << up) as i128 >> up
}

/// Width of a lane of this shape (of a scalar: its width).
pub(crate) const fn lane_bits(shape: Shape) -> u32 {
    match shape.elem() {
        Some(ty) => ty.bits(),
        None => 0,
    }
}

/// Zeroes the upper half if the shape is a 64-bit arrangement.
#[inline]
pub(crate) const fn cut(shape: Shape, v: u128) -> u128 {
    if shape.is_half() { v as u64 as u128 } else { v }
}

/// One lane's bits as an integer of its width.
trait Lane<const N: usize>: Copy {
    fn split(v: u128) -> [Self; N];
    fn join(lanes: [Self; N]) -> u128;
    fn zext(self) -> u128;
    fn sext(self) -> i128;
    fn low(x: u128) -> Self;
}

macro_rules! lane {
    ($u:ty, $i:ty, $n:literal) => {
        impl Lane<$n> for $u {
            #[inline]
            fn split(v: u128) -> [$u; $n] {
                std::array::from_fn(|i| (v >> (i as u32 * <$u>::BITS)) as $u)
            }
            #[inline]
            fn join(lanes: [$u; $n]) -> u128 {
                let place = |(i, x): (usize, &$u)| (*x as u128) << (i as u32 * <$u>::BITS);
                lanes.iter().enumerate().map(place).fold(0, |a, b| a | b)
            }
            #[inline]
            fn zext(self) -> u128 {
                self as u128
            }
            #[inline]
            fn sext(self) -> i128 {
                self as $i as i128
            }
            #[inline]
            fn low(x: u128) -> $u {
                x as $u
            }
        }
    };
}

lane!(u8, i8, 16);
lane!(u16, i16, 8);
lane!(u32, i32, 4);
lane!(u64, i64, 2);

#[inline]
fn unsigned<L: Lane<N>, const N: usize>(a: u128, b: u128, f: impl Fn(u128, u128) -> u128) -> u128 {
    let (a, b) = (L::split(a), L::split(b));
    L::join(std::array::from_fn(|i| L::low(f(a[i].zext(), b[i].zext()))))
}

#[inline]
fn signed<L: Lane<N>, const N: usize>(a: u128, b: u128, f: impl Fn(i128, i128) -> i128) -> u128 {
    let (a, b) = (L::split(a), L::split(b));
    L::join(std::array::from_fn(|i| L::low(f(a[i].sext(), b[i].sext()) as u128)))
}

/// Applies `f` to each pair of zero-extended lanes.
#[inline]
pub(crate) fn zip(shape: Shape, a: u128, b: u128, f: impl Fn(u128, u128) -> u128) -> u128 {
    if !shape.is_vector() {
        return f(a, b) & mask(lane_bits(shape));
    }
    let v = match lane_bits(shape) {
        8 => unsigned::<u8, 16>(a, b, f),
        16 => unsigned::<u16, 8>(a, b, f),
        32 => unsigned::<u32, 4>(a, b, f),
        _ => unsigned::<u64, 2>(a, b, f),
    };
    cut(shape, v)
}

/// Applies `f` to each pair of sign-extended lanes.
#[inline]
pub(crate) fn szip(shape: Shape, a: u128, b: u128, f: impl Fn(i128, i128) -> i128) -> u128 {
    if !shape.is_vector() {
        let w = lane_bits(shape);
        return f(sext(w, a), sext(w, b)) as u128 & mask(w);
    }
    let v = match lane_bits(shape) {
        8 => signed::<u8, 16>(a, b, f),
        16 => signed::<u16, 8>(a, b, f),
        32 => signed::<u32, 4>(a, b, f),
        _ => signed::<u64, 2>(a, b, f),
    };
    cut(shape, v)
}

/// Applies `f` to each zero-extended lane.
#[inline]
pub(crate) fn map(shape: Shape, a: u128, f: impl Fn(u128) -> u128) -> u128 {
    zip(shape, a, 0, |x, _| f(x))
}

/// Applies `f` to each sign-extended lane.
#[inline]
pub(crate) fn smap(shape: Shape, a: u128, f: impl Fn(i128) -> i128) -> u128 {
    szip(shape, a, 0, |x, _| f(x))
}

/// Lane `i`, zero-extended.
#[inline]
pub(crate) fn lane(shape: Shape, v: u128, i: u32) -> u128 {
    let w = lane_bits(shape);
    v.checked_shr(w * i).unwrap_or(0) & mask(w)
}

/// Builds a vector lane by lane; excess bits of a lane are dropped.
#[inline]
pub(crate) fn build(shape: Shape, f: impl Fn(u32) -> u128) -> u128 {
    let w = lane_bits(shape);
    (0..shape.lanes()).fold(0, |v, i| v | (f(i) & mask(w)) << (w * i))
}
