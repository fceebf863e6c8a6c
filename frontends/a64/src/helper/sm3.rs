//! SM3 (GB/T 32905-2016): rounds and message schedule as the instructions divide them.
//!
//! The state's word A (or E) lies at the top of its vector, D (or H) at the bottom.

fn words(v: u128) -> [u32; 4] {
    std::array::from_fn(|n| (v >> (32 * n)) as u32)
}

fn vector(words: [u32; 4]) -> u128 {
    words.iter().rev().fold(0, |all, &w| all << 32 | w as u128)
}

/// SM3TT1A, SM3TT1B: a round's new A..D; SS1 at the top of argument 1, the schedule's word in 2.
fn first(v: &mut [u128; 4], f: fn(u32, u32, u32) -> u32) {
    let [d, c, b, a] = words(v[0]);
    let ss2 = (v[1] >> 96) as u32 ^ a.rotate_left(12);
    let t = f(a, b, c).wrapping_add(d).wrapping_add(ss2).wrapping_add(v[2] as u32);
    v[0] = vector([c, b.rotate_left(9), a, t]);
}

/// SM3TT2A, SM3TT2B: a round's new E..H.
fn second(v: &mut [u128; 4], f: fn(u32, u32, u32) -> u32) {
    let [h, g, f0, e] = words(v[0]);
    let ss1 = (v[1] >> 96) as u32;
    let t = f(e, f0, g).wrapping_add(h).wrapping_add(ss1).wrapping_add(v[2] as u32);
    v[0] = vector([g, f0.rotate_left(19), e, t ^ t.rotate_left(9) ^ t.rotate_left(17)]);
}

/// SM3TT1A: rounds 0 to 15.
pub extern "C" fn sm3tt1a(v: &mut [u128; 4]) {
    first(v, |a, b, c| a ^ b ^ c);
}

/// SM3TT1B: rounds 16 to 63.
pub extern "C" fn sm3tt1b(v: &mut [u128; 4]) {
    first(v, |a, b, c| a & b | a & c | b & c);
}

/// SM3TT2A: rounds 0 to 15.
pub extern "C" fn sm3tt2a(v: &mut [u128; 4]) {
    second(v, |e, f, g| e ^ f ^ g);
}

/// SM3TT2B: rounds 16 to 63.
pub extern "C" fn sm3tt2b(v: &mut [u128; 4]) {
    second(v, |e, f, g| e & f | !e & g);
}

/// P1 of the message expansion.
const fn p1(x: u32) -> u32 {
    x ^ x.rotate_left(15) ^ x.rotate_left(23)
}

/// SM3PARTW1: the next four words of the schedule but for the terms that SM3PARTW2 adds.
pub extern "C" fn sm3partw1(v: &mut [u128; 4]) {
    let (d, n, m) = (words(v[0]), words(v[1]), words(v[2]));
    let mut result = [0; 4];
    for i in 0..4 {
        let late = if i < 3 { m[i + 1] } else { result[0] };
        result[i] = p1(d[i] ^ n[i] ^ late.rotate_left(15));
    }
    v[0] = vector(result);
}

/// SM3PARTW2: those words with their last terms.
pub extern "C" fn sm3partw2(v: &mut [u128; 4]) {
    let (d, n, m) = (words(v[0]), words(v[1]), words(v[2]));
    let terms: [u32; 4] = std::array::from_fn(|i| n[i] ^ m[i].rotate_left(7));
    let mut result: [u32; 4] = std::array::from_fn(|i| d[i] ^ terms[i]);
    result[3] ^= p1(terms[0].rotate_left(15));
    v[0] = vector(result);
}
