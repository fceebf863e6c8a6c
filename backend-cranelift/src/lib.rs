//! The region compiler: IR regions to x86-64 code through Cranelift.
//!
//! Way of the data: `ir::Region → ` **lower → CLIF → machine code → [`CodeBlob`]** `→ engine's code cache`.
//!
//! Invariant: a blob is position-independent and holds no host address; what it needs of the outside it finds
//! through [`abi::VcpuArea`] or through link slots. Its meaning is that of `isamorph_ir::interp`.

mod compiler;
mod deferred;
mod exits;
mod fault_exits;
mod finish;
mod finished;
mod graph;
mod loops;
mod lower;
mod patch;
mod plan;
mod pressure;
mod rotate;
mod selected;
mod spills;
mod views;

pub use compiler::{CompileError, CompileOptions, Compiler, FaultExits, OptLevel};
pub use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind, Listing, abi, blob, helpers};
