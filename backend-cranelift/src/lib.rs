//! The region compiler: IR regions to x86-64 code through Cranelift.
//!
//! Way of the data: `ir::Region → ` **lower → CLIF → machine code → [`CodeBlob`]** `→ engine's code cache`.
//!
//! Invariant: a blob is position-independent and holds no host address; what it needs of the outside it finds
//! through [`abi::VcpuArea`] or through link slots. Its meaning is that of `isamorph_ir::interp`.

pub mod abi;
pub mod blob;
mod compiler;
mod finish;
mod graph;
pub mod helpers;
mod loops;
mod lower;
mod plan;
mod views;

pub use blob::{CodeBlob, Fixup, FixupKind, Listing};
pub use compiler::{CompileError, CompileOptions, Compiler, OptLevel};
