//! The code cache: the only part that touches executable memory.
//!
//! Compiled blocks and regions come in as position-independent blobs ([`isamorph_backend_abi::CodeBlob`]), are placed
//! in [`exec_mem`], found again by guest address in [`map`] (whose books are [`table`]s), connected through link slots
//! ([`link`]) and tables of computed branches' targets ([`jumps`]), and dropped when guest code changes ([`invalidate`]). Code of earlier runs comes from the [`store`].
//!
//! Invariants: no page is writable and executable (the same memory is mapped twice); code that a thread may still
//! execute is not overwritten (halves are reused only when every vCPU has left them).

mod addresses;
mod arena;
pub mod exec_mem;
pub mod invalidate;
mod jumps;
pub mod link;
pub mod map;
pub mod observe;
pub(crate) mod store;
mod table;
mod units;
