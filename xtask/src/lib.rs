//! The work around the code: guests, tests, benchmarks, continuous integration.
//!
//! `cargo xtask` builds only this crate, so it works before the emulator compiles; what needs the emulator's own
//! crates (file tests, the random differential test) lives in `tests/` and is started from here.

pub mod apps;
pub mod bench;
pub mod cargo;
pub mod ci;
pub mod fuzz;
pub mod guests;
pub mod paths;
pub mod process;
pub mod suite;
pub mod tally;
