//! SHA-1 and SHA-256 hash updates (FIPS 180-4), four rounds at a time, and the schedule of SHA-256: by the host's
//! instructions, else by the portable code here.

use isamorph_a64_host as host;

fn words(v: u128) -> [u32; 4] {
    std::array::from_fn(|n| (v >> (32 * n)) as u32)
}

fn vector(words: [u32; 4]) -> u128 {
    words.iter().rev().fold(0, |all, &w| all << 32 | w as u128)
}

/// Four rounds of SHA-1 on the state a..d in argument 0, e in 1, schedule and constant in 2.
fn sha1(v: &mut [u128; 4], f: fn(u32, u32, u32) -> u32) {
    let ([mut a, mut b, mut c, mut d], mut e) = (words(v[0]), v[1] as u32);
    for w in words(v[2]) {
        let next = a.rotate_left(5).wrapping_add(f(b, c, d)).wrapping_add(e).wrapping_add(w);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    v[0] = vector([a, b, c, d]);
}

const fn choose(x: u32, y: u32, z: u32) -> u32 {
    x & y | !x & z
}

const fn majority(x: u32, y: u32, z: u32) -> u32 {
    x & y | x & z | y & z
}

/// SHA1C: rounds 0 to 19.
fn portable_sha1c(v: &mut [u128; 4]) {
    sha1(v, choose);
}

/// SHA1P: rounds 20 to 39 and 60 to 79.
fn portable_sha1p(v: &mut [u128; 4]) {
    sha1(v, |x, y, z| x ^ y ^ z);
}

/// SHA1M: rounds 40 to 59.
fn portable_sha1m(v: &mut [u128; 4]) {
    sha1(v, majority);
}

/// Four rounds of SHA-256 on the state a..d and e..h: both new halves.
fn sha256(abcd: u128, efgh: u128, schedule: u128) -> (u128, u128) {
    let ([mut a, mut b, mut c, mut d], [mut e, mut f, mut g, mut h]) = (words(abcd), words(efgh));
    for w in words(schedule) {
        let sigma1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let t1 = h.wrapping_add(sigma1).wrapping_add(choose(e, f, g)).wrapping_add(w);
        let sigma0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let t2 = sigma0.wrapping_add(majority(a, b, c));
        (h, g, f, e) = (g, f, e, d.wrapping_add(t1));
        (d, c, b, a) = (c, b, a, t1.wrapping_add(t2));
    }
    (vector([a, b, c, d]), vector([e, f, g, h]))
}

/// SHA256H: the new a..d, from a..d, e..h, schedule and constants.
fn portable_sha256h(v: &mut [u128; 4]) {
    v[0] = sha256(v[0], v[1], v[2]).0;
}

/// SHA256H2: the new e..h, from e..h, a..d, schedule and constants.
fn portable_sha256h2(v: &mut [u128; 4]) {
    v[0] = sha256(v[1], v[0], v[2]).1;
}

/// SHA256SU0: words 0 to 3 plus sigma0 of words 1 to 4, from words 0 to 3 and words 4 to 7.
fn portable_sha256su0(v: &mut [u128; 4]) {
    let (w0, w4) = (words(v[0]), words(v[1]));
    let sigma = |x: u32| x.rotate_right(7) ^ x.rotate_right(18) ^ x >> 3;
    let next = [w0[1], w0[2], w0[3], w4[0]];
    v[0] = vector(std::array::from_fn(|n| w0[n].wrapping_add(sigma(next[n]))));
}

/// SHA256SU1: the next four schedule words, from their sums so far, words 8 to 11 and words 12 to 15.
fn portable_sha256su1(v: &mut [u128; 4]) {
    let (sums, w8, w12) = (words(v[0]), words(v[1]), words(v[2]));
    let sigma = |x: u32| x.rotate_right(17) ^ x.rotate_right(19) ^ x >> 10;
    let next = |n: usize, w14: u32, w9: u32| sigma(w14).wrapping_add(sums[n]).wrapping_add(w9);
    let (a, b) = (next(0, w12[2], w8[1]), next(1, w12[3], w8[2]));
    v[0] = vector([a, b, next(2, a, w8[3]), next(3, b, w12[0])]);
}

native! {
    /// SHA1C.
    sha1c = host::sha1c, portable_sha1c;
    /// SHA1P.
    sha1p = host::sha1p, portable_sha1p;
    /// SHA1M.
    sha1m = host::sha1m, portable_sha1m;
    /// SHA256H.
    sha256h = host::sha256h, portable_sha256h;
    /// SHA256H2.
    sha256h2 = host::sha256h2, portable_sha256h2;
    /// SHA256SU0.
    sha256su0 = host::sha256su0, portable_sha256su0;
    /// SHA256SU1.
    sha256su1 = host::sha256su1, portable_sha256su1;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4: SHA-256 of "abc", its first block by these helpers (the schedule's first half in plain Rust).
    #[test]
    fn sha256_of_abc() {
        let constant = |n: u32| {
            // The fractional parts of the cube roots of the first primes.
            let prime = (2u32..).filter(|p| (2..*p).all(|d| p % d != 0)).nth(n as usize);
            let target = (prime.expect("there are infinitely many") as u128) << 96;
            let root = (0..36).rev().fold(0u128, |r, bit| {
                let t = r | 1 << bit;
                if t * t * t <= target { t } else { r }
            });
            root as u32
        };
        let h0 = [
            0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab,
            0x5be0cd19,
        ];
        let mut w = vec![0u32; 16];
        (w[0], w[15]) = (0x61626380, 24);
        for t in (16..64).step_by(4) {
            let four = |at: usize| vector(std::array::from_fn(|n| w[at + n]));
            let mut v = [four(t - 16), four(t - 12), 0, 0];
            portable_sha256su0(&mut v);
            v = [v[0], four(t - 8), four(t - 4), 0];
            portable_sha256su1(&mut v);
            w.extend(words(v[0]));
        }
        let four = |at: usize| vector(std::array::from_fn(|n| h0[at + n]));
        let (mut abcd, mut efgh) = (four(0), four(4));
        for t in (0..64).step_by(4) {
            let k =
                vector(std::array::from_fn(|n| w[t + n].wrapping_add(constant((t + n) as u32))));
            let (mut first, mut second) = ([abcd, efgh, k, 0], [efgh, abcd, k, 0]);
            portable_sha256h(&mut first);
            portable_sha256h2(&mut second);
            (abcd, efgh) = (first[0], second[0]);
        }
        let digest: Vec<u32> = h0
            .iter()
            .zip(words(abcd).into_iter().chain(words(efgh)))
            .map(|(h, x)| h.wrapping_add(x))
            .collect();
        assert_eq!(
            digest,
            [
                0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223, 0xb00361a3, 0x96177a9c, 0xb410ff61,
                0xf20015ad
            ]
        );
    }

    /// FIPS 180-4: SHA-1 of "abc".
    #[test]
    fn sha1_of_abc() {
        let h0 = [0x67452301u32, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
        let mut w = vec![0u32; 16];
        (w[0], w[15]) = (0x61626380, 24);
        for t in 16..80 {
            w.push((w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16]).rotate_left(1));
        }
        let (mut abcd, mut e) = (vector([h0[0], h0[1], h0[2], h0[3]]), h0[4]);
        for t in (0..80).step_by(4) {
            let (f, k): (fn(&mut [u128; 4]), u32) = match t / 20 {
                0 => (portable_sha1c, 0x5a827999),
                1 => (portable_sha1p, 0x6ed9eba1),
                2 => (portable_sha1m, 0x8f1bbcdc),
                _ => (portable_sha1p, 0xca62c1d6),
            };
            let mut v =
                [abcd, e as u128, vector(std::array::from_fn(|n| w[t + n].wrapping_add(k))), 0];
            e = (abcd as u32).rotate_left(30);
            f(&mut v);
            abcd = v[0];
        }
        let digest: Vec<u32> = h0
            .iter()
            .zip(words(abcd).into_iter().chain([e]))
            .map(|(h, x)| h.wrapping_add(x))
            .collect();
        assert_eq!(digest, [0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d]);
    }
}
