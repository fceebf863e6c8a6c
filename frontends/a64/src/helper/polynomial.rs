//! Carry-less multiplication: PMULL of bytes and of doublewords.

use isamorph_a64_host as host;

/// The low eight bytes of both operands, 16 bits a product.
pub extern "C" fn pmull_8(v: &mut [u128; 4]) {
    // Each bit of the multipliers, all lanes at once: the products do not reach their neighbours.
    const ONES: u128 = 0x0001_0001_0001_0001_0001_0001_0001_0001;
    let spread =
        |v: u128| (v as u64).to_le_bytes().iter().rev().fold(0, |all, &b| all << 16 | b as u128);
    let (a, b) = (spread(v[0]), spread(v[1]));
    v[0] = (0..8).fold(0, |sum, n| sum ^ ((a << n) & ((b >> n & ONES) * 0xffff)));
}

/// The low doublewords of both operands.
fn portable_pmull_64(v: &mut [u128; 4]) {
    let (a, b) = (v[0] as u64 as u128, v[1] as u64);
    v[0] = (0..64).filter(|n| b >> n & 1 == 1).fold(0, |sum, n| sum ^ a << n);
}

native! {
    /// PMULL of the low doublewords.
    pmull_64 = host::pmull_64, portable_pmull_64;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_spread_their_bits() {
        let mut v = [u64::MAX as u128, u64::MAX as u128, 0, 0];
        portable_pmull_64(&mut v);
        assert_eq!(v[0], 0x5555_5555_5555_5555_5555_5555_5555_5555);
        let mut v = [0x00ff_00ff, 0x0001_00ff, 0, 0];
        pmull_8(&mut v);
        assert_eq!(v[0], 0x00ff_0000_5555);
    }
}
