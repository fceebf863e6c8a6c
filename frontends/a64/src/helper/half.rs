//! Halves as singles of the same value, for products that are exact.

use crate::state::fpcr;

/// The bits of a single with the value of a half. A NaN keeps what it is; `flush` makes denormals zero.
pub(super) fn single(half: u16, flush: bool) -> u32 {
    let (sign, exp, fraction) = ((half as u32 >> 15) << 31, half >> 10 & 31, half as u32 & 0x3ff);
    let magnitude = match (exp, fraction) {
        (0, 0) => 0,
        (0, _) if flush => 0,
        // The leading one goes to the place of the hidden bit; the least denormal is 2^-24.
        (0, f) => {
            let top = 31 - f.leading_zeros();
            (top + 127 - 24) << 23 | (f << (23 - top) & 0x7f_ffff)
        }
        (31, f) => 0xff << 23 | f << 13,
        (e, f) => (e as u32 + 127 - 15) << 23 | f << 13,
    };
    sign | magnitude
}

/// The four halves of the lower half of argument 0; argument 1 is FPCR.
pub extern "C" fn half_bits(v: &mut [u128; 4]) {
    let flush = v[1] as u32 & fpcr::FZ16 != 0;
    let lane = |n: u32| single((v[0] >> (16 * n)) as u16, flush) as u128;
    v[0] = (0..4).rev().fold(0, |all, n| all << 32 | lane(n));
}

#[cfg(test)]
mod tests {
    use super::single;

    #[test]
    fn values_are_kept() {
        for (half, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 2f32.powi(-24)),
            (0x03ff, 1023.0 / 2f32.powi(24)),
        ] {
            assert_eq!(f32::from_bits(single(half, false)), value);
        }
        assert_eq!(single(0x8001, true), 0x8000_0000);
        assert_eq!(single(0x7c01, false), 0x7f80_2000);
        assert_eq!(single(0xfc00, false), 0xff80_0000);
    }
}
