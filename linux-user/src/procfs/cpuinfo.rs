//! `/proc/cpuinfo` of the guest's architecture.
//!
//! Invariant: the features are those of the auxiliary vector, so that both tell the same.
//!
//! Source: `arch/arm64/kernel/cpuinfo.c` (format and names), `asm/hwcap.h` (bits).

use crate::process::Processor;
use std::fmt::Write as _;

/// Makes the text for this many processors.
pub type Cpuinfo = fn(Processor, processors: usize) -> String;

/// Names of `AT_HWCAP` bits from bit 0 on.
const HWCAP: &str = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt \
     fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm ssbs sb \
     paca pacg";
/// Names of `AT_HWCAP2` bits from bit 0 on.
const HWCAP2: &str = "dcpodp sve2 sveaes svepmull svebitperm svesha3 svesm4 flagm2 frint svei8mm svef32mm \
     svef64mm svebf16 i8mm bf16 dgh rng bti mte ecv afp rpres mte3 sme smei16i64 smef64f64 \
     smei8i32 smef16f32 smeb16f32 smef32f32 smefa64 wfxt ebf16 sveebf16 cssc rprfm sve2p1 sme2 \
     sme2p1 smei16i32 smebi32i32 smeb16b16 smef16f16 mops hbc";

/// arm64; the identification is `MIDR_EL1`.
pub fn a64(processor: Processor, processors: usize) -> String {
    let mut features = String::new();
    for (bits, names) in processor.hwcap.into_iter().zip([HWCAP, HWCAP2]) {
        for (_, name) in names.split(' ').enumerate().filter(|(bit, _)| bits >> bit & 1 != 0) {
            features.push(' ');
            features.push_str(name);
        }
    }
    let field = |lo: u32, width: u32| processor.identification >> lo & ((1 << width) - 1);
    let (implementer, variant, part, revision) =
        (field(24, 8), field(20, 4), field(4, 12), field(0, 4));
    let mut out = String::new();
    for number in 0..processors {
        write!(
            out,
            "processor\t: {number}\nBogoMIPS\t: 100.00\nFeatures\t:{features}\n\
             CPU implementer\t: {implementer:#04x}\nCPU architecture: 8\nCPU variant\t: {variant:#x}\n\
             CPU part\t: {part:#05x}\nCPU revision\t: {revision}\n\n"
        )
        .expect("strings take everything");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_follow_the_auxiliary_vector() {
        let hwcap = [0b1000_0011, 1 << 8 | 1 << 34 | 1 << 44];
        let text = a64(Processor { hwcap, ..Processor::default() }, 2);
        assert_eq!(text.matches("processor\t: ").count(), 2);
        assert!(text.contains("Features\t: fp asimd crc32 frint cssc hbc\n"), "{text}");
        assert!(text.ends_with("CPU revision\t: 0\n\n"));
    }

    #[test]
    fn the_identification_is_told_in_parts() {
        let text = a64(Processor { identification: 0x414f_d0c1, ..Processor::default() }, 1);
        let end = "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x4\n\
                   CPU part\t: 0xd0c\nCPU revision\t: 1\n\n";
        assert!(text.ends_with(end), "{text}");
    }
}
