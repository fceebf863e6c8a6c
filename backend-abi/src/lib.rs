//! What compiled code and the engine agree on, whichever backend made the code.
//!
//! Way of the data: a backend → [`CodeBlob`] → the engine's code cache → [`abi::enter`] → compiled code.
//! Blobs of all backends keep to one contract ([`abi`]), so that code of one jumps to code of another.
//!
//! Invariant: nothing here knows a backend or the engine; backends and the engine know this.

pub mod abi;
pub mod blob;
pub mod helpers;
#[cfg(target_arch = "x86_64")]
pub mod host;
mod sha_stubs;
pub mod slot;
mod stubs;

pub use blob::{CodeBlob, Fixup, FixupKind, Listing};
