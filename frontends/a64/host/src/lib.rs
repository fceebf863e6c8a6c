//! The host's cryptographic instructions for the A64 frontend's helpers, which is free of `unsafe` itself.
//!
//! Each function does what the helper of its name does, in place, if the processor that runs it has the
//! instructions, and says so; if not, it returns `false` (or `None`) and nothing has changed. The frontend's portable
//! code goes on from there, and is the oracle of the tests.
//!
//! Invariant: the only `unsafe` here is a call of a function compiled for features just found, and the loads and
//! stores of a `u128` as a vector.

#[cfg(target_arch = "x86_64")]
#[path = "x86_64.rs"]
mod native;
#[cfg(not(target_arch = "x86_64"))]
#[path = "none.rs"]
mod native;

pub use native::*;
