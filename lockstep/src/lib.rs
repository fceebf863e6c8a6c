//! Lockstep: a real program run by two engines at once, compared where they meet, down to the first instruction that
//! differs. The part behind `isamorph diff`.
//!
//! Way of the data: a process of `linux-user` runs the program ([`leader`]) and stops at each *event*, a system call or
//! whatever else brings something in from outside. This process makes each run between two events after it, by the
//! other engine, in a copy of the memory that it takes from the leader page by page ([`pages`]), and compares
//! ([`follower`]). Where something differs, [`search`] makes the run again until it knows the instruction.
//!
//! The leader can be another emulator too, driven through its gdb stub ([`oracle`]).
//!
//! Invariant: inputs are taken once, by the leader, and the follower sees them as memory and registers; so nothing of
//! the OS is emulated twice. ADR 10 says why.

pub mod channel;
pub mod event;
pub mod follower;
pub mod gdb;
pub mod inputs;
pub mod leader;
pub mod machine;
pub mod oracle;
pub mod pages;
pub mod patch;
pub mod registers;
pub mod report;
pub mod row;
pub mod search;
pub mod symbols;
