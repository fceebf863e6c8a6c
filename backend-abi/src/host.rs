//! What the host's processor says of itself. It is asked once: in a virtual machine each question leaves the machine, which
//! takes some microseconds.

use std::sync::OnceLock;

/// The words of CPUID that say what code may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// ECX and EDX of leaf 1.
    pub basic: [u32; 2],
    /// EBX, ECX and EDX of leaf 7.
    pub more: [u32; 3],
    /// ECX and EDX of leaf 0x8000_0001.
    pub extended: [u32; 2],
    /// The system keeps the registers of AVX.
    pub avx_is_kept: bool,
}

/// What this processor has.
pub fn features() -> &'static Features {
    use std::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};
    /// ECX of leaf 1: the system lets programs ask which registers it keeps.
    const OSXSAVE: u32 = 1 << 27;
    /// The registers of SSE and AVX.
    const AVX_STATE: u64 = 0b110;
    #[target_feature(enable = "xsave")]
    fn kept() -> u64 {
        // SAFETY: the caller saw that the instruction is there; register 0 always is.
        unsafe { _xgetbv(0) }
    }
    static FEATURES: OnceLock<Features> = OnceLock::new();
    FEATURES.get_or_init(|| {
        // Every processor with x86-64-v2 has leaf 7.
        let (basic, more, extended) = (__cpuid(1), __cpuid_count(7, 0), __cpuid(0x8000_0001));
        // SAFETY: the system says that it may be asked.
        let asked = basic.ecx & OSXSAVE != 0 && unsafe { kept() } & AVX_STATE == AVX_STATE;
        Features {
            basic: [basic.ecx, basic.edx],
            more: [more.ebx, more.ecx, more.edx],
            extended: [extended.ecx, extended.edx],
            avx_is_kept: asked,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_what_the_library_finds() {
        use std::arch::is_x86_feature_detected as has;
        let Features { basic, more, extended, avx_is_kept } = *features();
        let bit = |word: u32, n: u32| word >> n & 1 != 0;
        assert_eq!(bit(basic[0], 20), has!("sse4.2"));
        assert_eq!(bit(basic[0], 28) && avx_is_kept, has!("avx"));
        assert_eq!(bit(more[0], 8), has!("bmi2"));
        assert_eq!(bit(extended[0], 5), has!("lzcnt"));
    }
}
