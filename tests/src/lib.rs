//! Tests of the whole: file tests, guest programs, random comparison with an independent oracle.
//!
//! The crate is a library of what the tests under `tests/tests` and the programs under `src/bin` share. Invariant: expected
//! results of execution come from outside (the oracle, the manual), never from our own engines.

pub mod arena;
pub mod case;
pub mod differential;
pub mod engines;
pub mod filetest;
pub mod generate;
pub mod listing;
pub mod oracle;
pub mod random;
pub mod report;
pub mod row;
pub mod state;
