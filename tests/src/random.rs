//! Random numbers for tests: small, seeded, the same on every machine and in every version.

/// SplitMix64 (Steele, Lea, Flood 2014): every seed is as good as every other.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence that begins with `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Less than `bound`, which is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_u64() % bound
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `items`, which are not empty.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// A value such as programs and their mistakes use: small, extreme, a power of two, or anything.
    pub fn integer(&mut self) -> u64 {
        const EXTREMES: [u64; 12] = [
            0,
            1,
            u64::MAX,
            i64::MAX as u64,
            i64::MIN as u64,
            u32::MAX as u64,
            i32::MAX as u64,
            i32::MIN as u64 & 0xffff_ffff,
            i32::MIN as i64 as u64,
            0x7f,
            0x80,
            0xffff,
        ];
        match self.below(8) {
            0 => *self.pick(&EXTREMES),
            1 => self.below(64),
            2 => self.below(64).wrapping_neg(),
            3 => 1 << self.below(64),
            4 => self.next_u64() >> self.below(64),
            5 => (self.next_u64() as i64 >> self.below(64)) as u64,
            _ => self.next_u64(),
        }
    }

    /// A vector of lanes of one kind: integers of any width, or floating-point numbers near the corners of their format.
    pub fn vector(&mut self) -> u128 {
        const DOUBLES: [u64; 20] = [
            0,
            0x8000_0000_0000_0000, // -0
            0x3ff0_0000_0000_0000, // 1
            0xbff8_0000_0000_0000, // -1.5
            0x7ff0_0000_0000_0000, // infinity
            0xfff0_0000_0000_0000,
            0x7ff8_0000_0000_0000, // the default NaN
            0xfff8_0000_0000_1234, // quiet NaN
            0x7ff0_0000_0000_0001, // signalling NaN
            0xfff4_0000_0000_0abc,
            0x0000_0000_0000_0001, // smallest denormal
            0x800f_ffff_ffff_ffff, // largest denormal
            0x0010_0000_0000_0000, // smallest normal
            0x7fef_ffff_ffff_ffff, // largest
            0x41df_ffff_ffc0_0000, // 2^31 - 1
            0x43e0_0000_0000_0000, // 2^63
            0x4330_0000_0000_0001, // 2^52 + 1
            0x36a0_0000_0000_0000, // smallest denormal of single precision
            0x380f_ffff_f000_0000, // between denormal and normal there
            0x3fe0_0000_0000_0000, // 0.5
        ];
        const SINGLES: [u32; 16] = [
            0,
            0x8000_0000,
            0x3f80_0000,
            0xbfc0_0000,
            0x7f80_0000,
            0xff80_0000,
            0x7fc0_0000,
            0xffc1_2345,
            0x7f80_0001,
            0xffa0_0abc,
            0x0000_0001,
            0x807f_ffff,
            0x0080_0000,
            0x7f7f_ffff,
            0x4f00_0000,
            0x3f00_0000,
        ];
        let lanes = |bits: u32, mut lane: Box<dyn FnMut() -> u64>| {
            (0..128 / bits).fold(0_u128, |vector, n| vector | u128::from(lane()) << (n * bits))
        };
        let mut inner = self.clone();
        self.next_u64();
        match self.below(8) {
            0 => lanes(64, Box::new(move || *inner.pick(&DOUBLES))),
            1 => lanes(32, Box::new(move || (*inner.pick(&SINGLES)).into())),
            2 => lanes(64, Box::new(move || inner.double())),
            3 => lanes(32, Box::new(move || inner.single().into())),
            4 => lanes(64, Box::new(move || inner.integer())),
            5 => lanes(32, Box::new(move || inner.integer() & 0xffff_ffff)),
            6 => lanes(8, Box::new(move || inner.integer() & 0xff)),
            _ => u128::from(self.next_u64()) << 64 | u128::from(self.next_u64()),
        }
    }

    /// A double of moderate size, so that results of arithmetic are finite and inexact.
    fn double(&mut self) -> u64 {
        let exponent = 1023 - 40 + self.below(80);
        self.next_u64() & 0x800f_ffff_ffff_ffff | exponent << 52
    }

    /// The same in single precision.
    fn single(&mut self) -> u32 {
        let exponent = 127 - 30 + self.below(60) as u32;
        self.next_u64() as u32 & 0x807f_ffff | exponent << 23
    }
}
