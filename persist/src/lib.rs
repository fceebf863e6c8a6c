//! The persistent code cache on disk: compiled code of earlier runs, one ELF file for each guest file and address.
//!
//! Way of the data: the engine's blobs → [`Fresh`] → [`Writing::save`] (merged with what is there, replaced by
//! rename) → file → [`Unit`] → blobs again, in a later run or in another process of the same user.
//!
//! Invariants: a file is believed only if it and its directory belong to the user and nobody else may write them, its
//! head matches its checksum, and the group that holds the piece asked for matches its own ([`unit`]); what a piece was
//! made from is compared with the guest's memory by the engine. A crash leaves the old or the new file. Errors never reach the
//! guest: whoever cannot read or write the cache goes on without it.

#![forbid(unsafe_code)]

mod check;
mod dir;
mod evict;
pub mod format;
mod fresh;
mod symbols;
pub mod unit;
mod words;
mod write;

pub use check::{Damage, Report, check};
pub use dir::{DirError, Directory, SaveError, Saved, UnitFile, Writing};
pub use format::{Kind, Record, UnitKey};
pub use fresh::{About, AppendCode, Fresh};
pub use twox_hash::{XxHash3_64, XxHash3_128};
pub use unit::{Bytes, Group, PieceError, Unit, UnitError};
pub use write::{Merged, Title, merge};
