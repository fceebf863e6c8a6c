//! SM4 (GB/T 32907-2016): four rounds of encryption or of key expansion.

/// Product in GF(2^8) modulo x^8 + x^7 + x^6 + x^5 + x^4 + x^2 + 1.
const fn mul(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut sum) = (a, b, 0);
    while b != 0 {
        if b & 1 == 1 {
            sum ^= a;
        }
        a = a << 1 ^ if a >> 7 == 1 { 0xf5 } else { 0 };
        b >>= 1;
    }
    sum
}

/// The affine map on both sides of the inversion: a circulant matrix and a constant.
const fn affine(x: u8) -> u8 {
    let (mut result, mut row) = (0, 0);
    while row < 8 {
        // Bit `row` is the parity of x under the matrix's row 0b1010_0111, rotated.
        let picked = x & 0b1010_0111u8.rotate_left(row);
        result |= ((picked.count_ones() & 1) as u8) << row;
        row += 1;
    }
    result ^ 0xd3
}

const fn s_box(x: u8) -> u8 {
    // x^254 is the inverse: the product of x^2, x^4, .. x^128.
    let (mut power, mut inverse, mut n) = (affine(x), 1, 1);
    while n < 8 {
        power = mul(power, power);
        inverse = mul(inverse, power);
        n += 1;
    }
    affine(inverse)
}

static S_BOX: [u8; 256] = {
    let (mut table, mut x) = ([0; 256], 0);
    while x < 256 {
        table[x] = s_box(x as u8);
        x += 1;
    }
    table
};

/// Four rounds on the words of argument 0 with those of argument 1, each through the S-box and `linear`.
fn rounds(v: &mut [u128; 4], linear: fn(u32) -> u32) {
    for n in 0..4 {
        let word = |i: u32| (v[0] >> (32 * i)) as u32;
        let sum = word(1) ^ word(2) ^ word(3) ^ (v[1] >> (32 * n)) as u32;
        let mixed = u32::from_le_bytes(sum.to_le_bytes().map(|b| S_BOX[b as usize]));
        let new = word(0) ^ linear(mixed);
        v[0] = v[0] >> 32 | (new as u128) << 96;
    }
}

/// SM4E.
pub extern "C" fn sm4e(v: &mut [u128; 4]) {
    rounds(v, |x| x ^ x.rotate_left(2) ^ x.rotate_left(10) ^ x.rotate_left(18) ^ x.rotate_left(24));
}

/// SM4EKEY.
pub extern "C" fn sm4ekey(v: &mut [u128; 4]) {
    rounds(v, |x| x ^ x.rotate_left(13) ^ x.rotate_left(23));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The standard's first example: the key encrypts itself.
    #[test]
    fn example_of_the_standard() {
        assert_eq!(S_BOX[..4], [0xd6, 0x90, 0xe9, 0xfe]);
        let key = [0x01234567u32, 0x89abcdef, 0xfedcba98, 0x76543210];
        let family = [0xa3b1bac6u32, 0x56aa3350, 0x677d9197, 0xb27022dc];
        let vector = |w: [u32; 4]| w.iter().rev().fold(0, |all, &w| all << 32 | w as u128);
        let mut keys = vector(std::array::from_fn(|n| key[n] ^ family[n]));
        let mut state = vector(key);
        for i in 0..8u32 {
            // CK: byte j of word n is 7 * (4 * n + j).
            let constant = |n: u32| {
                u32::from_be_bytes(std::array::from_fn(|j| (7 * (4 * n + j as u32)) as u8))
            };
            let mut v = [keys, vector(std::array::from_fn(|n| constant(4 * i + n as u32))), 0, 0];
            sm4ekey(&mut v);
            keys = v[0];
            let mut v = [state, keys, 0, 0];
            sm4e(&mut v);
            state = v[0];
        }
        let words: [u32; 4] = std::array::from_fn(|n| (state >> (32 * (3 - n))) as u32);
        assert_eq!(words, [0x681edf34, 0xd206965e, 0x86b3e94f, 0x536e4246]);
    }
}
