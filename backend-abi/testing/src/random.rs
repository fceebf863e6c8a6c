//! Random states, with the values that matter most made likely.

use crate::guest::{DESC, SLOTS};
use isamorph_ir::{Shape, Slot, Ty};

/// A small random generator (xorshift), so that a seed reproduces a failure.
#[derive(Clone, Debug)]
pub struct Random(pub u64);

impl Random {
    /// Any 64 bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.next_u64() % n as u64) as usize
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// A lane of this many bits that is often special: as an integer or as a float.
    pub fn lane(&mut self, bits: u32) -> u64 {
        let ones = u64::MAX >> (64 - bits);
        let sign = 1u64 << (bits - 1);
        let (exp, frac) = match bits {
            16 => (5, 10),
            32 => (8, 23),
            64 => (11, 52),
            _ => (2, bits - 3),
        };
        let inf = ((1u64 << exp) - 1) << frac;
        let one = ((1u64 << (exp - 1)) - 1) << frac;
        let r = self.next_u64();
        let special = [
            0,
            1,
            2,
            3,
            ones,
            ones - 1,
            sign,
            sign - 1,
            sign + 1,
            inf,
            inf | sign,
            inf | 1,
            inf | (1 << (frac - 1)),
            inf | sign | (1 << (frac - 1)) | 5,
            one,
            one | sign,
            one + 1,
            1 << frac,
            (1 << frac) - 1,
            (1 << frac) + 1,
            inf - 1,
            one | 1 << (frac - 1),
            one + (1 << (frac + 1)),
            r & 15,
            r & 255,
            0x8080_8080_8080_8080 & r,
        ];
        let pick = match self.below(4) {
            0 | 1 => special[self.below(special.len())],
            // Near one, so that sums and products stay in range.
            2 => one.wrapping_add((r >> 3) & ((1 << (frac + 2)) - 1)) ^ (r & sign),
            _ => r,
        };
        pick & ones
    }

    /// 128 bits of lanes as wide as `bits`, sometimes equal.
    pub fn wide(&mut self, bits: u32) -> u128 {
        let bits = bits.clamp(8, 64);
        let same = self.below(4) == 0;
        let mut lane = self.lane(bits);
        let mut v = 0u128;
        for n in 0..128 / bits {
            if !same {
                lane = self.lane(bits);
            }
            v |= (lane as u128) << (n * bits);
        }
        v
    }

    /// A value of a shape, zero-extended.
    pub fn value(&mut self, shape: Shape) -> u128 {
        let Some(ty) = shape.ty() else { return 0 };
        let lane = shape.elem().map_or(64, Ty::bits);
        let lane = match lane {
            1 => return self.next_u64() as u128 & 1,
            128 => self.pick(&[8, 16, 32, 64]),
            other => other,
        };
        let v = self.wide(lane.min(64));
        match ty.bits() {
            n @ 0..128 => v & ((1 << n) - 1),
            _ => v,
        }
    }
}

/// The state with every slot random.
pub fn random_state(r: &mut Random) -> Vec<u8> {
    let mut state = vec![0; DESC.layout.size as usize];
    for (n, info) in SLOTS[..44].iter().enumerate() {
        let value =
            if info.ty == Ty::Flags { r.next_u64() as u128 & 15 } else { r.value(info.ty.into()) };
        DESC.layout.write(&mut state, Slot(n as u16), value);
    }
    state
}
