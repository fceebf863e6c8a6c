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

    /// A vector of lanes of one kind: integers of any width, or floating-point numbers ([`Random::float`]).
    pub fn vector(&mut self) -> u128 {
        match self.below(10) {
            0..=2 => self.lanes(64, |r| r.float(DOUBLE)),
            3..=5 => self.lanes(32, |r| r.float(SINGLE)),
            6 => self.lanes(16, |r| r.float(HALF)),
            7 => self.lanes(64, Self::integer),
            8 => self.lanes(32, Self::integer),
            _ => self.lanes(8, Self::integer),
        }
    }

    fn lanes(&mut self, bits: u32, mut lane: impl FnMut(&mut Self) -> u64) -> u128 {
        let mask = u64::MAX >> (64 - bits);
        (0..128 / bits).fold(0, |vector, n| vector | u128::from(lane(self) & mask) << (n * bits))
    }

    /// A number of this format where arithmetic has its corners: zeros, infinities, NaNs, denormals; numbers whose
    /// products, or whose narrower forms, lie at the ends of a format's range; integers at the ends of theirs;
    /// significands whose sums, products and narrower forms lie halfway between two numbers.
    fn float(&mut self, Format { exponent, fraction }: Format) -> u64 {
        let bias = (1_u64 << (exponent - 1)) - 1;
        let largest = 2 * bias + 1;
        let sign = self.below(2) << (exponent + fraction);
        let near = |r: &mut Self, middle: u64| (middle + r.below(7)).saturating_sub(3);
        let power = match self.below(16) {
            0 => return sign,
            1 => return sign | largest << fraction,
            2 => largest,
            3 => 0,
            4 => near(self, 1),
            5 => near(self, largest - 1),
            // Products of two such are about the least or the largest.
            6 => near(self, bias / 2),
            7 => near(self, bias + bias / 2),
            // The ends of the narrower formats, and of integers.
            8 => {
                let below = *self.pick(&[14, 24, 126, 149]);
                near(self, bias.saturating_sub(below))
            }
            9 => {
                let above = *self.pick(&[15, 16, 31, 32, 63, 64, 127]);
                near(self, bias + above)
            }
            10 => near(self, bias + u64::from(fraction)),
            11..=13 => near(self, bias),
            _ => bias - 4 * u64::from(exponent).min(3) + self.below(24),
        };
        sign | power.min(largest) << fraction | self.fraction(fraction)
    }

    /// The bits behind the point: few, all but few, or any.
    fn fraction(&mut self, bits: u32) -> u64 {
        let mask = (1_u64 << bits) - 1;
        mask & match self.below(8) {
            0 => 0,
            1 => mask,
            2 => 1 << self.below(bits.into()),
            3 => mask << self.below(bits.into()),
            4 => (mask >> self.below(bits.into())).wrapping_add(self.below(3)).wrapping_sub(1),
            // The upper ones: products of two such are often halfway.
            5 => self.next_u64() << (bits / 2),
            _ => self.next_u64(),
        }
    }
}

/// A floating-point format by the widths of its fields.
#[derive(Clone, Copy)]
struct Format {
    exponent: u32,
    fraction: u32,
}

const DOUBLE: Format = Format { exponent: 11, fraction: 52 };
const SINGLE: Format = Format { exponent: 8, fraction: 23 };
const HALF: Format = Format { exponent: 5, fraction: 10 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_of_every_kind() {
        let mut random = Random::new(1);
        for format in [DOUBLE, SINGLE, HALF] {
            let width = 1 + format.exponent + format.fraction;
            let all: Vec<u64> = (0..10_000).map(|_| random.float(format)).collect();
            assert!(all.iter().all(|v| width == 64 || v >> width == 0));
            let exponent = |v: u64| v >> format.fraction & ((1 << format.exponent) - 1);
            let fraction = |v: u64| v & ((1 << format.fraction) - 1);
            let largest = (1 << format.exponent) - 1;
            let count = |wanted: &dyn Fn(u64) -> bool| all.iter().filter(|v| wanted(**v)).count();
            assert!(count(&|v| exponent(v) == largest && fraction(v) != 0) > 300, "NaNs");
            assert!(count(&|v| exponent(v) == largest && fraction(v) == 0) > 300, "infinities");
            assert!(count(&|v| exponent(v) == 0 && fraction(v) != 0) > 300, "denormals");
            assert!(count(&|v| (1..largest).contains(&exponent(v))) > 3000, "normal numbers");
        }
    }
}
