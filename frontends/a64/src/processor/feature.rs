//! The optional features: Arm's names, what each needs, how identification registers and Linux announce it.
//!
//! Sources: Arm ARM, A2 (names and dependences) and D23 (fields); Linux `asm/hwcap.h` and
//! `Documentation/arch/arm64/elf_hwcaps.rst` (bits, and the fields they stand for).

use super::identification::{self as id, Register};

/// A field of an identification register, with its least value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) register: Register,
    /// Lowest of its four bits.
    pub(crate) lo: u32,
    pub(crate) value: u64,
}

/// What is known of a feature.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Info {
    pub(crate) feature: Feature,
    pub(crate) name: &'static str,
    /// What it is, in a few words.
    pub(crate) doc: &'static str,
    /// What it cannot be without.
    pub(crate) after: &'static [Feature],
    /// Bits of AT_HWCAP; those of AT_HWCAP2 from 64 on.
    pub(crate) hwcaps: &'static [u32],
    pub(crate) fields: &'static [Field],
    /// One of its instructions, or zero for what adds none.
    #[cfg_attr(not(test), allow(dead_code, reason = "the tests hold every feature to it"))]
    pub(crate) sample: u32,
}

macro_rules! features {
    ($( $(#[doc = $doc:literal])* $name:ident [$($after:ident)*] hwcaps [$($hwcap:expr),*]
        fields [$($register:ident $lo:literal = $value:literal),*] sample $sample:literal; )*) => {
        /// An optional feature, by the manual's name without `FEAT_`.
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Feature { $( $(#[doc = $doc])* $name ),* }

        pub(crate) static INFO: &[Info] = &[$( Info {
            feature: Feature::$name,
            name: stringify!($name),
            doc: concat!($($doc),*),
            after: &[$(Feature::$after),*],
            hwcaps: &[$($hwcap),*],
            fields: &[$(Field { register: id::$register, lo: $lo, value: $value }),*],
            sample: $sample,
        } ),*];
    };
}

/// The bit of AT_HWCAP2 among [`Info::hwcaps`].
const fn two(bit: u32) -> u32 {
    64 + bit
}

features! {
    /// AES rounds.
    AES [] hwcaps [3] fields [ISAR0 4 = 1] sample 0x4e28_4820; // aese v0.16b, v1.16b
    /// Carry-less product of doublewords.
    PMULL [AES] hwcaps [4] fields [ISAR0 4 = 2] sample 0x0ee2_e020; // pmull v0.1q, v1.1d, v2.1d
    /// SHA-1.
    SHA1 [] hwcaps [5] fields [ISAR0 8 = 1] sample 0x5e28_0820; // sha1h s0, s1
    /// SHA-256.
    SHA256 [] hwcaps [6] fields [ISAR0 12 = 1] sample 0x5e02_4020; // sha256h q0, q1, v2.4s
    /// CRC-32 and CRC-32C.
    CRC32 [] hwcaps [7] fields [ISAR0 16 = 1] sample 0x1ac2_4020; // crc32b w0, w1, w2
    /// Atomic read-modify-write.
    LSE [] hwcaps [8] fields [ISAR0 20 = 2] sample 0xb820_0041; // ldadd w0, w1, [x2]
    /// Accesses within 16 bytes are single.
    LSE2 [LSE] hwcaps [25] fields [MMFR2 32 = 1] sample 0;
    /// Load-acquire RCpc.
    LRCPC [] hwcaps [15] fields [ISAR1 20 = 1] sample 0xb8bf_c020; // ldapr w0, [x1]
    /// Cleaning to the point of persistence.
    DPB [] hwcaps [16] fields [ISAR1 0 = 1] sample 0xd50b_7c20; // dc cvap, x0
    /// Speculation barrier.
    SB [] hwcaps [29] fields [ISAR1 36 = 1] sample 0xd503_30ff; // sb
    /// RCpc loads and releases with offset.
    LRCPC2 [LRCPC] hwcaps [26] fields [ISAR1 20 = 2] sample 0x9940_0020; // ldapur x0, [x1]
    /// Flag manipulation.
    FlagM [] hwcaps [27] fields [ISAR0 52 = 1] sample 0xd500_401f; // cfinv
    /// Conversion of flags between formats.
    FlagM2 [FlagM] hwcaps [two(7)] fields [ISAR0 52 = 2] sample 0xd500_403f; // xaflag
    /// Data-independent timing (the bit alone).
    DIT [] hwcaps [24] fields [PFR0 48 = 1] sample 0xd503_415f; // msr dit, #1
    /// Speculative store bypass safe (the bit alone).
    SSBS [] hwcaps [28] fields [PFR1 4 = 2] sample 0xd503_413f; // msr ssbs, #1
    /// Cleaning to the point of deep persistence.
    DPB2 [DPB] hwcaps [two(0)] fields [ISAR1 0 = 2] sample 0xd50b_7d20; // dc cvadp, x0
    /// Random numbers.
    RNG [] hwcaps [two(16)] fields [ISAR0 60 = 1] sample 0xd53b_2400; // mrs x0, rndr
    /// Minimum, maximum, bit counts of general registers.
    CSSC [] hwcaps [two(34)] fields [ISAR2 52 = 1] sample 0xdac0_1820; // ctz x0, x1
    /// Waits with a timeout.
    WFxT [] hwcaps [two(31)] fields [ISAR2 0 = 2] sample 0xd503_1000; // wfet x0
    /// Hinted conditional branches.
    HBC [] hwcaps [two(44)] fields [ISAR2 20 = 1] sample 0x5400_0050; // bc.eq .+8
    /// The counter, self-synchronized.
    ECV [] hwcaps [two(19)] fields [MMFR0 60 = 1] sample 0xd53b_e0c0; // mrs x0, cntvctss_el0
    /// Half precision.
    FP16 [] hwcaps [9, 10] fields [PFR0 16 = 1, PFR0 20 = 1] sample 0x1ee2_2820; // fadd h0, h1, h2
    /// Products of halves added to singles.
    FHM [FP16] hwcaps [23] fields [ISAR0 48 = 1] sample 0x4e22_ec20; // fmlal v0.4s, v1.4h, v2.4h
    /// Rounding, doubling multiply-accumulate.
    RDM [] hwcaps [12] fields [ISAR0 28 = 1] sample 0x6e82_8420; // sqrdmlah v0.4s, v1.4s, v2.4s
    /// Conversion of doubles as JavaScript does it.
    JSCVT [] hwcaps [13] fields [ISAR1 12 = 1] sample 0x1e7e_0020; // fjcvtzs w0, d1
    /// Complex numbers.
    FCMA [] hwcaps [14] fields [ISAR1 16 = 1] sample 0x6e82_e420; // fcadd v0.4s, v1.4s, v2.4s, #90
    /// Dot products of bytes.
    DotProd [] hwcaps [20] fields [ISAR0 44 = 1] sample 0x6e82_9420; // udot v0.4s, v1.16b, v2.16b
    /// Mixed dot products and matrix products of bytes.
    I8MM [] hwcaps [two(13)] fields [ISAR1 52 = 1] sample 0x4e82_a420; // smmla v0.4s, v1.16b, v2.16b
    /// BFloat16.
    BF16 [] hwcaps [two(14)] fields [ISAR1 44 = 1] sample 0x1e63_4020; // bfcvt h0, s1
    /// Rounding to integers that fit.
    FRINTTS [] hwcaps [two(8)] fields [ISAR1 32 = 1] sample 0x1e28_4020; // frint32z s0, s1
    /// SHA-3.
    SHA3 [] hwcaps [17] fields [ISAR0 32 = 1] sample 0xce02_0c20; // eor3 v0.16b, v1.16b, v2.16b, v3.16b
    /// SHA-512.
    SHA512 [SHA256] hwcaps [21] fields [ISAR0 12 = 2] sample 0xce62_8020; // sha512h q0, q1, v2.2d
    /// SM3.
    SM3 [] hwcaps [18] fields [ISAR0 36 = 1] sample 0xce42_0c20; // sm3ss1 v0.4s, v1.4s, v2.4s, v3.4s
    /// SM4.
    SM4 [] hwcaps [19] fields [ISAR0 40 = 1] sample 0xcec0_8420; // sm4e v0.4s, v1.4s
    /// Pointer authentication.
    PAuth [] hwcaps [30, 31] fields [ISAR1 8 = 1, ISAR1 28 = 1] sample 0xdac1_0020; // pacia x0, x1
    /// Branch target identification.
    BTI [] hwcaps [two(17)] fields [PFR1 0 = 1] sample 0; // bti is a hint: a NOP without it
    /// Memory copy and memory set.
    MOPS [] hwcaps [two(43)] fields [ISAR2 16 = 1] sample 0x1901_0440; // cpyfp [x0]!, [x1]!, x2!
    /// Barriers that need not wait for XS accesses.
    XS [] hwcaps [] fields [] sample 0xd503_323f; // dsb oshnxs
}

impl Feature {
    pub(crate) fn info(self) -> &'static Info {
        &INFO[self as usize]
    }

    /// Every feature.
    pub fn all() -> impl Iterator<Item = Feature> {
        INFO.iter().map(|i| i.feature)
    }

    /// The manual's name without `FEAT_`.
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// What it is, in a few words.
    pub fn doc(self) -> &'static str {
        self.info().doc.trim().trim_end_matches('.')
    }
}

/// A set of features.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Features(u64);

impl Features {
    /// None.
    pub const NONE: Features = Features(0);
    /// All that is implemented.
    pub const ALL: Features = Features(u64::MAX >> (64 - INFO.len()));

    /// These.
    pub const fn of(list: &[Feature]) -> Features {
        let (mut bits, mut i) = (0, 0);
        while i < list.len() {
            bits |= 1 << list[i] as u8;
            i += 1;
        }
        Features(bits)
    }

    /// Those of both sets.
    pub const fn and(self, other: Features) -> Features {
        Features(self.0 | other.0)
    }

    /// Those of the first set that are not in the other.
    pub const fn less(self, other: Features) -> Features {
        Features(self.0 & !other.0)
    }

    /// Is it among them?
    #[inline]
    pub const fn has(self, feature: Feature) -> bool {
        self.0 >> feature as u8 & 1 != 0
    }

    /// With this one and what it cannot be without.
    pub fn with(self, feature: Feature) -> Features {
        feature.info().after.iter().fold(Features(self.0 | 1 << feature as u8), |s, &f| s.with(f))
    }

    /// Less this one and those that cannot be without it.
    pub fn without(self, feature: Feature) -> Features {
        let rest = Features(self.0 & !(1 << feature as u8));
        let depend = INFO.iter().filter(|i| rest.has(i.feature) && i.after.contains(&feature));
        depend.fold(rest, |s, i| s.without(i.feature))
    }

    /// Each of them.
    pub fn iter(self) -> impl Iterator<Item = Feature> {
        Feature::all().filter(move |&f| self.has(f))
    }
}

impl std::fmt::Debug for Features {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
