//! The processor that the guest sees: its features, identification registers, cache geometry, counter frequency.
//!
//! The way of the data: [`feature`] lists what the tables hold and how each is announced; [`model`] names
//! processors as sets of features; [`identification`] makes the registers and HWCAP bits from a set.
//!
//! Invariant: what a model has not, decodes to UNDEFINED for it (hints: does nothing) and is announced nowhere.

mod feature;
mod identification;
mod model;
mod near;
#[cfg(test)]
mod tests;

pub use feature::{Feature, Features};
pub use model::{CpuModel, MODELS, ParseError};

/// Bytes in a line of both caches (CTR_EL0), and in the block that DC ZVA clears.
pub const CACHE_LINE: u64 = 64;

/// Ticks of the counter in a second, the frequency Armv8.6 fixes.
pub const COUNTER_HZ: u64 = 1_000_000_000;

/// CTR_EL0: lines of 16 words, write-back and exclusives granules the same, PIPT instruction cache;
/// IDC: data need not be cleaned for instructions to see them. DIC clear: IC IVAU is needed.
pub const CTR_EL0: u64 = 1 << 31 | 1 << 28 | 4 << 24 | 4 << 20 | 4 << 16 | 3 << 14 | 4;

/// DCZID_EL0: DC ZVA is permitted and clears 16 words.
pub const DCZID_EL0: u64 = 4;

/// MPIDR_EL1: what Linux shows of it (its RES1 bit).
pub const MPIDR_EL1: u64 = 1 << 31;

/// REVIDR_EL1: Linux shows zero.
pub const REVIDR_EL1: u64 = 0;
