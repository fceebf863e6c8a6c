//! Identification registers as Linux shows them to EL0, and the HWCAP bits of the auxiliary vector.
//!
//! Source: Linux `Documentation/arch/arm64/cpu-feature-registers.rst`. What that page does not list reads as the
//! kernel's safe value.

use super::{CpuModel, feature::INFO};

/// An identification register, `S3_0_C0_C<crm>_<op2>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register {
    crm: u8,
    op2: u8,
}

impl Register {
    /// Its name without `ID_AA64` and `_EL1`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            PFR0 => "PFR0",
            PFR1 => "PFR1",
            DFR0 => "DFR0",
            ISAR0 => "ISAR0",
            ISAR1 => "ISAR1",
            ISAR2 => "ISAR2",
            MMFR0 => "MMFR0",
            _ => "MMFR2",
        }
    }
}

pub(super) const PFR0: Register = Register { crm: 4, op2: 0 };
pub(super) const PFR1: Register = Register { crm: 4, op2: 1 };
pub(super) const DFR0: Register = Register { crm: 5, op2: 0 };
pub(super) const ISAR0: Register = Register { crm: 6, op2: 0 };
pub(super) const ISAR1: Register = Register { crm: 6, op2: 1 };
pub(super) const ISAR2: Register = Register { crm: 6, op2: 2 };
pub(super) const MMFR0: Register = Register { crm: 7, op2: 0 };
pub(super) const MMFR2: Register = Register { crm: 7, op2: 2 };

/// Bits of AT_HWCAP of what is always there: floating point, Advanced SIMD, identification registers.
const ALWAYS: u64 = 1 | 1 << 1 | 1 << 11;

impl CpuModel {
    /// AT_HWCAP and AT_HWCAP2.
    pub fn hwcap(&self) -> [u64; 2] {
        let bits = INFO.iter().filter(|i| self.features.has(i.feature)).flat_map(|i| i.hwcaps);
        let all = bits.fold(ALWAYS as u128, |all, bit| all | 1 << bit);
        [all as u64, (all >> 64) as u64]
    }

    /// The identification register `S3_0_C0_C<crm>_<op2>`.
    pub fn id_register(&self, crm: u8, op2: u8) -> u64 {
        let register = Register { crm, op2 };
        let base = match register {
            // EL0 and EL1 in AArch64 only; FP and AdvSIMD are there when their fields are 0.
            PFR0 => 1 << 4 | 1,
            // The debug architecture of Armv8.0.
            DFR0 => 6,
            // No granule of 4 or 64 KB is told of.
            MMFR0 => 0xff << 24,
            _ => 0,
        };
        let there = INFO.iter().filter(|i| self.features.has(i.feature)).flat_map(|i| i.fields);
        there.filter(|f| f.register == register).fold(base, |bits, f| {
            let value = (bits >> f.lo & 15).max(f.value);
            bits & !(15 << f.lo) | value << f.lo
        })
    }
}
