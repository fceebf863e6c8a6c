//! Unsigned reciprocal and reciprocal square root estimates (Arm ARM, shared pseudocode).

/// RecipEstimate: the reciprocal of 256..512 as a fraction of 512, to 9 bits.
const fn reciprocal(a: u32) -> u32 {
    ((1 << 19) / (2 * a + 1)).div_ceil(2)
}

/// RecipSqrtEstimate: the reciprocal square root of 128..512 as a fraction of 512, to 9 bits.
const fn reciprocal_sqrt(a: u32) -> u32 {
    let a = if a < 256 { 2 * a + 1 } else { 2 * (a | 1) };
    // The largest b with a b^2 < 2^28.
    (((1 << 28) - 1) / a).isqrt().div_ceil(2)
}

fn by_word(words: &mut u128, f: impl Fn(u32) -> u32) {
    *words = (0..4).rev().fold(0, |all, n| all << 32 | f((*words >> (32 * n)) as u32) as u128);
}

/// URECPE of four words; those below a half give all ones.
pub extern "C" fn urecpe(v: &mut [u128; 4]) {
    by_word(&mut v[0], |x| if x >> 31 == 0 { !0 } else { reciprocal(x >> 23) << 23 });
}

/// URSQRTE of four words; those below a quarter give all ones.
pub extern "C" fn ursqrte(v: &mut [u128; 4]) {
    by_word(&mut v[0], |x| if x >> 30 == 0 { !0 } else { reciprocal_sqrt(x >> 23) << 23 });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Largest and smallest operands; 1/(1/2) and 1/sqrt(1/4) are just below 2.
    #[test]
    fn ends_of_the_range() {
        let mut v = [0xffff_ffff_8000_0000_7fff_ffff_0000_0000, 0, 0, 0];
        urecpe(&mut v);
        assert_eq!(v[0], 0x8000_0000_ff80_0000_ffff_ffff_ffff_ffff);
        let mut v = [0xffff_ffff_4000_0000_3fff_ffff_0000_0000, 0, 0, 0];
        ursqrte(&mut v);
        assert_eq!(v[0], 0x8000_0000_ff80_0000_ffff_ffff_ffff_ffff);
    }
}
