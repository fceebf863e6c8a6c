//! AES rounds (FIPS 197) as the AESE, AESD, AESMC and AESIMC instructions divide them: by the host's instructions,
//! else by the portable code here.

use isamorph_a64_host as host;

/// Product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.
const fn mul(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut sum) = (a, b, 0);
    while b != 0 {
        if b & 1 == 1 {
            sum ^= a;
        }
        a = a << 1 ^ if a >> 7 == 1 { 0x1b } else { 0 };
        b >>= 1;
    }
    sum
}

/// The S-box: the inverse (0 for 0), then the affine map.
const fn s_box(x: u8) -> u8 {
    // x^254 is the inverse: the product of x^2, x^4, .. x^128.
    let (mut power, mut inverse, mut n) = (x, 1, 1);
    while n < 8 {
        power = mul(power, power);
        inverse = mul(inverse, power);
        n += 1;
    }
    let i = inverse;
    i ^ i.rotate_left(1) ^ i.rotate_left(2) ^ i.rotate_left(3) ^ i.rotate_left(4) ^ 0x63
}

const fn tables() -> ([u8; 256], [u8; 256]) {
    let (mut forward, mut backward) = ([0; 256], [0; 256]);
    let mut x = 0;
    while x < 256 {
        let y = s_box(x as u8);
        forward[x] = y;
        backward[y as usize] = x as u8;
        x += 1;
    }
    (forward, backward)
}

static FORWARD: [u8; 256] = tables().0;
static BACKWARD: [u8; 256] = tables().1;

/// Byte `n` of the result is that of `state` at `from(n)`, through the table.
fn substitute(state: u128, table: &[u8; 256], from: fn(usize) -> usize) -> u128 {
    let state = state.to_le_bytes();
    u128::from_le_bytes(std::array::from_fn(|n| table[state[from(n) % 16] as usize]))
}

/// Each column times the circulant matrix whose first row this is.
fn mix(state: u128, row: [u8; 4]) -> u128 {
    let state = state.to_le_bytes();
    u128::from_le_bytes(std::array::from_fn(|n| {
        let (column, r) = (n & !3, n & 3);
        (0..4).fold(0, |sum, k| sum ^ mul(row[(k + 4 - r) % 4], state[column + k]))
    }))
}

/// AESE: AddRoundKey, ShiftRows, SubBytes.
fn portable_aese(v: &mut [u128; 4]) {
    // Row r (byte n % 4) moves left by r columns of four bytes.
    v[0] = substitute(v[0] ^ v[1], &FORWARD, |n| n + 4 * (n % 4));
}

/// AESD: AddRoundKey, InvShiftRows, InvSubBytes.
fn portable_aesd(v: &mut [u128; 4]) {
    v[0] = substitute(v[0] ^ v[1], &BACKWARD, |n| n + 16 - 4 * (n % 4));
}

/// AESMC: MixColumns.
fn portable_aesmc(v: &mut [u128; 4]) {
    v[0] = mix(v[0], [2, 3, 1, 1]);
}

/// AESIMC: InvMixColumns.
fn portable_aesimc(v: &mut [u128; 4]) {
    v[0] = mix(v[0], [14, 11, 13, 9]);
}

fn portable_aese_aesmc(v: &mut [u128; 4]) {
    portable_aese(v);
    portable_aesmc(v);
}

fn portable_aesd_aesimc(v: &mut [u128; 4]) {
    portable_aesd(v);
    portable_aesimc(v);
}

native! {
    /// AESE.
    aese = host::aese, portable_aese;
    /// AESD.
    aesd = host::aesd, portable_aesd;
    /// AESMC.
    aesmc = host::aesmc, portable_aesmc;
    /// AESIMC.
    aesimc = host::aesimc, portable_aesimc;
    /// AESE, then AESMC.
    aese_aesmc = host::aese_aesmc, portable_aese_aesmc;
    /// AESD, then AESIMC.
    aesd_aesimc = host::aesd_aesimc, portable_aesd_aesimc;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, figure 7 and appendix B, first round.
    #[test]
    fn first_round_of_the_standard() {
        assert_eq!((FORWARD[0x00], FORWARD[0x53], BACKWARD[0xed]), (0x63, 0xed, 0x53));
        let bytes = |text: u128| text.swap_bytes();
        let (input, key) =
            (bytes(0x3243f6a8885a308d313198a2e0370734), bytes(0x2b7e151628aed2a6abf7158809cf4f3c));
        let mut v = [input, key, 0, 0];
        portable_aese(&mut v);
        assert_eq!(v[0], bytes(0xd4bf5d30e0b452aeb84111f11e2798e5));
        portable_aesmc(&mut v);
        assert_eq!(v[0], bytes(0x046681e5e0cb199a48f8d37a2806264c));
        portable_aesimc(&mut v);
        assert_eq!(v[0], bytes(0xd4bf5d30e0b452aeb84111f11e2798e5));
        v[1] = 0;
        portable_aesd(&mut v);
        assert_eq!(v[0], input ^ key);
    }
}
