//! The engine: runs guest code by interpreting or compiling it, for whoever embeds it.
//!
//! Way of the data: a frontend's blocks and regions → [`vcpu`] (the dispatcher) ⇄ interpreter, or
//! [`tier`] → backend → [`cache`] → compiled code. `linux-user` and `machines` stand on top and see
//! [`Engine`], [`Vcpu`] and [`VmExit`] only.
//!
//! Invariants: only [`cache`] touches executable memory; a guest access never faults the host ([`fault`]); a vCPU
//! belongs to one thread; what is shared is locked in the order stated in [`engine`].

mod baseline;
mod blocks;
mod body;
pub mod cache;
mod callees;
mod config;
mod dispatch;
mod effort;
mod engine;
pub mod fault;
mod guesses;
mod heat;
mod lookahead;
pub mod mem;
mod one_by_one;
pub mod region_former;
pub mod sample;
mod stats;
mod tier;
mod vcpu;

pub use cache::map::Key;
pub use config::{EngineConfig, EngineError, EngineKind, StoreConfig};
pub use engine::Engine;
pub use isamorph_backend_cranelift::FaultExits;
pub use isamorph_ir::contract::{MemTrap, TrapKind};
pub use stats::{KeptStats, Stats};
pub use tier::Listed;
pub use vcpu::{Access, Kicker, MemFault, Vcpu, VmExit};
