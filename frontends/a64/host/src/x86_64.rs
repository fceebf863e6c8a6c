//! x86-64: AES-NI, PCLMULQDQ, SHA extensions, SSE4.2's CRC-32C.
//!
//! Vectors are laid out alike on both sides, lane 0 in the low bits; where x86 wants another order of the words of a
//! hash state, the function says so.

use std::arch::x86_64::*;

#[inline]
fn load(from: &u128) -> __m128i {
    // SAFETY: a reference to 16 readable bytes; the load demands no alignment.
    unsafe { _mm_loadu_si128(std::ptr::from_ref(from).cast()) }
}

#[inline]
fn store(to: &mut u128, value: __m128i) {
    // SAFETY: a reference to 16 writable bytes, of which every pattern is a `u128`.
    unsafe { _mm_storeu_si128(std::ptr::from_mut(to).cast(), value) }
}

/// Functions that compute `v[0]` by instructions of a feature (and SSSE3 and SSE4.1, which every such processor has).
macro_rules! native {
    ($( $(#[doc = $doc:literal])* $name:ident $feature:tt = |$v:ident| $result:expr; )*) => { $(
        $(#[doc = $doc])*
        pub fn $name(v: &mut [u128; 4]) -> bool {
            #[target_feature(enable = $feature, enable = "ssse3,sse4.1")]
            fn run($v: &mut [u128; 4]) {
                let result = $result;
                store(&mut $v[0], result);
            }
            let there = is_x86_feature_detected!($feature) && is_x86_feature_detected!("sse4.1");
            if there {
                // SAFETY: the processor has what `run` is compiled for (SSE4.1 includes SSSE3).
                unsafe { run(v) };
            }
            there
        }
    )* };
}

native! {
    /// AESE: ShiftRows and SubBytes of state ^ key.
    aese "aes" = |v| _mm_aesenclast_si128(keyed(v), _mm_setzero_si128());
    /// AESD: the inverses.
    aesd "aes" = |v| _mm_aesdeclast_si128(keyed(v), _mm_setzero_si128());
    /// AESMC. The last round of decryption undoes what the round of encryption does besides.
    aesmc "aes" = |v| {
        let zero = _mm_setzero_si128();
        _mm_aesenc_si128(_mm_aesdeclast_si128(load(&v[0]), zero), zero)
    };
    /// AESIMC.
    aesimc "aes" = |v| _mm_aesimc_si128(load(&v[0]));
    /// AESE, then AESMC.
    aese_aesmc "aes" = |v| _mm_aesenc_si128(keyed(v), _mm_setzero_si128());
    /// AESD, then AESIMC.
    aesd_aesimc "aes" = |v| _mm_aesdec_si128(keyed(v), _mm_setzero_si128());

    /// PMULL of the low doublewords.
    pmull_64 "pclmulqdq" = |v| _mm_clmulepi64_si128::<0>(load(&v[0]), load(&v[1]));

    /// SHA1C.
    sha1c "sha" = |v| sha1_rounds::<0>(v, 0x5a82_7999);
    /// SHA1P. Both kinds of parity rounds differ by the constant alone.
    sha1p "sha" = |v| sha1_rounds::<1>(v, 0x6ed9_eba1);
    /// SHA1M.
    sha1m "sha" = |v| sha1_rounds::<2>(v, 0x8f1b_bcdc_u32 as i32);
    /// SHA256H: a..d of what [`sha256_rounds`] gives.
    sha256h "sha" = |v| {
        let (abef, cdgh) = sha256_rounds(load(&v[0]), load(&v[1]), load(&v[2]));
        _mm_shuffle_epi32::<REVERSE>(_mm_unpackhi_epi64(cdgh, abef))
    };
    /// SHA256H2: e..h of it.
    sha256h2 "sha" = |v| {
        let (abef, cdgh) = sha256_rounds(load(&v[1]), load(&v[0]), load(&v[2]));
        _mm_shuffle_epi32::<REVERSE>(_mm_unpacklo_epi64(cdgh, abef))
    };
    /// SHA256SU0.
    sha256su0 "sha" = |v| _mm_sha256msg1_epu32(load(&v[0]), load(&v[1]));
    /// SHA256SU1: x86 takes the terms W[9..13] with the sums.
    sha256su1 "sha" = |v| {
        let (w8, w12) = (load(&v[1]), load(&v[2]));
        let sums = _mm_add_epi32(load(&v[0]), _mm_alignr_epi8::<4>(w12, w8));
        _mm_sha256msg2_epu32(sums, w12)
    };
}

/// The order of four words reversed.
const REVERSE: i32 = 0b00_01_10_11;

/// State ^ key.
#[inline]
#[target_feature(enable = "sse2")]
fn keyed(v: &[u128; 4]) -> __m128i {
    _mm_xor_si128(load(&v[0]), load(&v[1]))
}

/// Four rounds of SHA-1. x86 has a at the top, adds the constant itself, and takes e with the first word.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha1_rounds<const F: i32>(v: &[u128; 4], constant: i32) -> __m128i {
    let state = _mm_shuffle_epi32::<REVERSE>(load(&v[0]));
    let e = _mm_slli_si128::<12>(load(&v[1]));
    let words = _mm_sub_epi32(load(&v[2]), _mm_set1_epi32(constant));
    let words = _mm_add_epi32(_mm_shuffle_epi32::<REVERSE>(words), e);
    _mm_shuffle_epi32::<REVERSE>(_mm_sha1rnds4_epu32::<F>(state, words))
}

/// Four rounds of SHA-256: the new a, b, e, f and c, d, g, h, each from the top.
#[inline]
#[target_feature(enable = "sha,ssse3,sse4.1")]
fn sha256_rounds(abcd: __m128i, efgh: __m128i, words: __m128i) -> (__m128i, __m128i) {
    let (abcd, efgh) = (_mm_shuffle_epi32::<REVERSE>(abcd), _mm_shuffle_epi32::<REVERSE>(efgh));
    let (abef, cdgh) = (_mm_unpackhi_epi64(efgh, abcd), _mm_unpacklo_epi64(efgh, abcd));
    // Two rounds give a, b, e, f; what they were is the new c, d, g, h.
    let middle = _mm_sha256rnds2_epu32(cdgh, abef, words);
    let last = _mm_sha256rnds2_epu32(abef, middle, _mm_unpackhi_epi64(words, words));
    (last, middle)
}

/// CRC-32C of 1, 2, 4 or 8 bytes.
pub fn crc32c(acc: u32, data: u64, bytes: u64) -> Option<u32> {
    #[target_feature(enable = "sse4.2")]
    fn run(acc: u32, data: u64, bytes: u64) -> u32 {
        match bytes {
            1 => _mm_crc32_u8(acc, data as u8),
            2 => _mm_crc32_u16(acc, data as u16),
            4 => _mm_crc32_u32(acc, data as u32),
            _ => _mm_crc32_u64(acc.into(), data) as u32,
        }
    }
    // SAFETY: the processor has what `run` is compiled for.
    is_x86_feature_detected!("sse4.2").then(|| unsafe { run(acc, data, bytes) })
}
