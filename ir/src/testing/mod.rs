//! For tests and fuzzers: a toy guest, a small memory, random blocks.
//!
//! Behind the feature `testing`, so that the fuzzers of other crates can use it.

mod guest;
mod memory;
mod random;
mod run;

pub use guest::TOY;
pub use memory::{Access, TestMemory};
pub use random::{BlockConfig, Random, random_block, random_state};
pub use run::{Ran, run_block};
