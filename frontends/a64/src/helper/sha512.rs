//! SHA-512 hash update (FIPS 180-4), two rounds at a time, as SHA512H and SHA512H2 divide them.

fn halves(v: u128) -> (u64, u64) {
    (v as u64, (v >> 64) as u64)
}

fn join(low: u64, high: u64) -> u128 {
    (high as u128) << 64 | low as u128
}

/// SHA512H: the sums T1 of two rounds, from schedule and constants in argument 0, and the state in 1 and 2.
pub extern "C" fn sha512h(v: &mut [u128; 4]) {
    let ((w0, w1), (x0, x1), (y0, y1)) = (halves(v[0]), halves(v[1]), halves(v[2]));
    let sigma = |e: u64| e.rotate_right(14) ^ e.rotate_right(18) ^ e.rotate_right(41);
    let choose = |e: u64, f: u64, g: u64| e & f ^ !e & g;
    let high = choose(y1, x0, x1).wrapping_add(sigma(y1)).wrapping_add(w1);
    let e = high.wrapping_add(y0);
    let low = choose(e, y1, x0).wrapping_add(sigma(e)).wrapping_add(w0);
    v[0] = join(low, high);
}

/// SHA512H2: the new a and b of two rounds, from the sums in argument 0, and the state in 1 and 2.
pub extern "C" fn sha512h2(v: &mut [u128; 4]) {
    let ((w0, w1), (x0, _), (y0, y1)) = (halves(v[0]), halves(v[1]), halves(v[2]));
    let sigma = |a: u64| a.rotate_right(28) ^ a.rotate_right(34) ^ a.rotate_right(39);
    let majority = |a: u64, b: u64, c: u64| a & b ^ a & c ^ b & c;
    let high = majority(x0, y1, y0).wrapping_add(sigma(y0)).wrapping_add(w1);
    let low = majority(high, y0, y1).wrapping_add(sigma(high)).wrapping_add(w0);
    v[0] = join(low, high);
}
