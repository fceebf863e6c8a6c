//! `/proc/cpuinfo` of the guest's architecture.
//!
//! Invariant: the features are those of the auxiliary vector, so that both tell the same.
//!
//! Source: `arch/arm64/kernel/cpuinfo.c` (format and names), `asm/hwcap.h` (bits).

use std::fmt::Write as _;

/// Makes the text from the auxiliary vector and the number of processors.
pub type Cpuinfo = fn(auxv: &[u8], processors: usize) -> String;

const AT_HWCAP: u64 = 16;
const AT_HWCAP2: u64 = 26;

/// Names of `AT_HWCAP` bits from bit 0 on.
const HWCAP: &str = "fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm jscvt \
     fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc flagm ssbs sb \
     paca pacg";
/// Names of `AT_HWCAP2` bits from bit 0 on.
const HWCAP2: &str = "dcpodp sve2 sveaes svepmull svebitperm svesha3 svesm4 flagm2 frint svei8mm svef32mm \
     svef64mm svebf16 i8mm bf16 dgh rng bti mte ecv afp rpres mte3 sme smei16i64 smef64f64 \
     smei8i32 smef16f32 smeb16f32 smef32f32 smefa64 wfxt ebf16 sveebf16";

/// The value of an entry of an auxiliary vector of 64-bit words.
fn auxv_entry(auxv: &[u8], wanted: u64) -> u64 {
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    auxv.chunks_exact(16)
        .find(|entry| word(&entry[..8]) == wanted)
        .map_or(0, |entry| word(&entry[8..]))
}

/// arm64. The identification is `MIDR_EL1`'s of the A64 frontend: implementer 0, software.
pub fn a64(auxv: &[u8], processors: usize) -> String {
    let mut features = String::new();
    for (tag, names) in [(AT_HWCAP, HWCAP), (AT_HWCAP2, HWCAP2)] {
        let bits = auxv_entry(auxv, tag);
        for (_, name) in names.split(' ').enumerate().filter(|(bit, _)| bits >> bit & 1 != 0) {
            features.push(' ');
            features.push_str(name);
        }
    }
    let mut out = String::new();
    for processor in 0..processors {
        write!(
            out,
            "processor\t: {processor}\nBogoMIPS\t: 100.00\nFeatures\t:{features}\n\
             CPU implementer\t: 0x00\nCPU architecture: 8\nCPU variant\t: 0x0\n\
             CPU part\t: 0x000\nCPU revision\t: 0\n\n"
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
        let auxv: Vec<u8> =
            [16u64, 0b1000_0011, 26, 1 << 8, 0, 0].into_iter().flat_map(u64::to_le_bytes).collect();
        let text = a64(&auxv, 2);
        assert_eq!(text.matches("processor\t: ").count(), 2);
        assert!(text.contains("Features\t: fp asimd crc32 frint\n"), "{text}");
        assert!(text.ends_with("CPU revision\t: 0\n\n"));
    }
}
