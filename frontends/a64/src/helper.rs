//! Run-time functions that lifted code calls: what has no op in the IR.
//!
//! Invariant: a helper's [`HelperId`] is its place in [`HELPERS`]; both come from the one list below.

/// Helpers by the host's instructions where it has them; a test holds the portable code against them.
macro_rules! native {
    ($( #[doc = $doc:literal] $name:ident = $native:path, $portable:path; )*) => {
        $(
            #[doc = $doc]
            pub extern "C" fn $name(v: &mut [u128; 4]) {
                if !$native(v) {
                    $portable(v);
                }
            }
        )*

        #[cfg(test)]
        #[test]
        fn native_is_as_portable() {
            let mut seed = 1u128;
            for _ in 0..1000 {
                let v: [u128; 4] = std::array::from_fn(|_| {
                    seed = seed.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
                    seed ^ seed >> 64
                });
                $({
                    let (mut by_host, mut by_us) = (v, v);
                    if $native(&mut by_host) {
                        $portable(&mut by_us);
                        assert_eq!(by_host[0], by_us[0], concat!(stringify!($name), " of {:x?}"), v);
                    }
                })*
            }
        }
    };
}

mod aes;
mod bf16;
mod cache;
mod counter;
mod crc32;
mod estimate;
mod half;
mod mops;
mod polynomial;
mod random;
mod sha;
mod sha512;
mod sm3;
mod sm4;

use crate::state;
use isamorph_ir::contract::{HelperDef, HelperEffects, HelperFn, HelperId, Intrinsic};
use isamorph_ir::ty::Ty;

macro_rules! helpers {
    ($( $(#[$doc:meta])* $id:ident $name:literal ($($arg:ident),*) -> $ret:expr, $effects:expr, $func:expr $(, $intrinsic:ident)?; )*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Place { $($id),* }
        $( $(#[$doc])* pub const $id: HelperId = HelperId(Place::$id as u16); )*
        /// Every helper of the A64 frontend.
        pub static HELPERS: &[HelperDef] = &[$( HelperDef {
            name: $name, args: &[$(Ty::$arg),*], ret: $ret, effects: $effects, func: $func,
            intrinsic: helpers!(@intrinsic $($intrinsic)?),
        } ),*];
    };
    (@intrinsic) => { None };
    (@intrinsic $name:ident) => { Some(Intrinsic::$name) };
}

/// Reads the floating-point control, adds cumulative flags.
const FP_STATE: HelperEffects = HelperEffects {
    reads: &[state::FPCR, state::FPSR],
    writes: &[state::FPSR],
    ..HelperEffects::PURE
};

/// Accesses memory.
const MEMORY: HelperEffects = HelperEffects { memory: true, volatile: true, ..HelperEffects::PURE };

helpers! {
    /// CRC-32 (0x04C11DB7) of a sum, data, and the number of its bytes (1, 2, 4, 8).
    CRC32 "crc32" (I32, I64, I32) -> Some(Ty::I32), HelperEffects::PURE, HelperFn::Int(crc32::crc32);
    /// The same by Castagnoli's polynomial (0x1EDC6F41).
    CRC32C "crc32c" (I32, I64, I32) -> Some(Ty::I32), HelperEffects::PURE, HelperFn::Int(crc32::crc32c);
    /// The virtual counter, in ticks of `crate::processor::COUNTER_HZ`.
    CNTVCT "cntvct" () -> Some(Ty::I64), HelperEffects::VOLATILE, HelperFn::Int(counter::cntvct);
    /// Copies some bytes; destination, source, count. The count that is left.
    COPY "copy" (I64, I64, I64) -> Some(Ty::I64), MEMORY, HelperFn::Context(mops::copy);
    /// Sets some bytes; destination, value, count. The count that is left.
    SET "set" (I64, I64, I64) -> Some(Ty::I64), MEMORY, HelperFn::Context(mops::set);
    /// Random bits; zero if there are none.
    RNDR "rndr" () -> Some(Ty::I64), HelperEffects::VOLATILE, HelperFn::Int(random::rndr);
    /// Instruction cache line of an address invalidated.
    IC_IVAU "ic_ivau" (I64) -> None, HelperEffects::VOLATILE, HelperFn::Context(cache::ic_ivau);
    /// Unsigned reciprocal estimates of words.
    URECPE "urecpe" (V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(estimate::urecpe);
    /// Unsigned reciprocal square root estimates of words.
    URSQRTE "ursqrte" (V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(estimate::ursqrte);
    /// Carry-less products of the low eight bytes, 16 bits each.
    PMULL_8 "pmull_8" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(polynomial::pmull_8);
    /// Carry-less product of the low doublewords.
    PMULL_64 "pmull_64" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(polynomial::pmull_64), ClMul;
    /// AES state and round key to the next state, without MixColumns.
    AESE "aese" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(aes::aese), AesLast;
    /// The same of decryption.
    AESD "aesd" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(aes::aesd), AesInvLast;
    /// AES MixColumns.
    AESMC "aesmc" (V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(aes::aesmc), AesMix;
    /// AES InvMixColumns.
    AESIMC "aesimc" (V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(aes::aesimc), AesInvMix;
    /// AESE, then AESMC.
    AESE_AESMC "aese_aesmc" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(aes::aese_aesmc), AesRound;
    /// AESD, then AESIMC.
    AESD_AESIMC "aesd_aesimc" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(aes::aesd_aesimc), AesInvRound;
    /// SHA-1 a..d after four rounds of choice; a..d, e, schedule and constant.
    SHA1C "sha1c" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha::sha1c);
    /// The same of parity.
    SHA1P "sha1p" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha::sha1p);
    /// The same of majority.
    SHA1M "sha1m" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha::sha1m);
    /// SHA-256 a..d after four rounds; a..d, e..h, schedule and constants.
    SHA256H "sha256h" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha::sha256h), Sha256Abcd;
    /// SHA-256 e..h after four rounds; e..h, a..d, schedule and constants.
    SHA256H2 "sha256h2" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha::sha256h2), Sha256Efgh;
    /// Four SHA-256 schedule words plus sigma0 of those one further; words 0 to 3, words 4 to 7.
    SHA256SU0 "sha256su0" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha::sha256su0), Sha256Schedule0;
    /// Four SHA-256 schedule words; sums so far, words 8 to 11, words 12 to 15.
    SHA256SU1 "sha256su1" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha::sha256su1), Sha256Schedule1;
    /// Sums T1 of two SHA-512 rounds; schedule and constants, state.
    SHA512H "sha512h" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha512::sha512h);
    /// New a and b of two SHA-512 rounds; sums T1, state.
    SHA512H2 "sha512h2" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sha512::sha512h2);
    /// SM3 A..D after a round of 0 to 15; A..D, SS1, a word of the schedule.
    SM3TT1A "sm3tt1a" (V128, V128, I32) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sm3::sm3tt1a);
    /// The same of rounds 16 to 63.
    SM3TT1B "sm3tt1b" (V128, V128, I32) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sm3::sm3tt1b);
    /// SM3 E..H after a round of 0 to 15; E..H, SS1, a word of the schedule.
    SM3TT2A "sm3tt2a" (V128, V128, I32) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sm3::sm3tt2a);
    /// The same of rounds 16 to 63.
    SM3TT2B "sm3tt2b" (V128, V128, I32) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sm3::sm3tt2b);
    /// First part of four words of the SM3 schedule.
    SM3PARTW1 "sm3partw1" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sm3::sm3partw1);
    /// Second part of them.
    SM3PARTW2 "sm3partw2" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sm3::sm3partw2);
    /// Four SM4 rounds; state, round keys.
    SM4E "sm4e" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sm4::sm4e);
    /// Four SM4 round keys; the four before, constants.
    SM4EKEY "sm4ekey" (V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(sm4::sm4ekey);
    /// The low four halves as singles of the same value; halves, FPCR.
    HALF_BITS "half_bits" (V128, I32) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(half::half_bits);
    /// Four singles to BFloat16.
    BFCVT "bfcvt" (V128) -> Some(Ty::V128), FP_STATE, HelperFn::Context(bf16::bfcvt);
    /// Singles + dot products of pairs of BFloat16; singles, pairs, pairs.
    BFDOT "bfdot" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(bf16::bfdot);
    /// 2x2 singles + a product of matrices of BFloat16; singles, 2x4, 4x2.
    BFMMLA "bfmmla" (V128, V128, V128) -> Some(Ty::V128), HelperEffects::PURE, HelperFn::Wide(bf16::bfmmla);
}
