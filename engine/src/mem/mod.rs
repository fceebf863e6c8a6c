//! Guest memory as the host touches it.
//!
//! Way of the data: guest addresses of interpreted loads and stores, helpers and system calls pass here; compiled
//! code accesses the same mappings directly. Invariant: a guest address never makes the host process fault: every
//! access is made by a routine of [`access`], from which [`crate::fault`] recovers.

pub mod access;
pub mod user;
