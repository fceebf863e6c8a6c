//! The A64 frontend: guest bytes → (`isa`) instruction → (`lift`) IR block.
//!
//! The tables in `isa/` describe every encoding, one file for each chapter of the Arm manual; `src/lift/` gives
//! the meaning of each instruction in files of the same names. [`A64`] is what engines see of it all.
//!
//! Invariant: lifting is total. What the tables leave unallocated raises *undefined*; what they name but do not
//! implement raises *unimplemented* with its name.
#![forbid(unsafe_code)]

mod disasm;
mod frontend;
pub mod helper;
pub mod input;
pub mod isa;
pub mod lift;
mod operand;
mod page;
pub mod processor;
pub mod state;
mod vector;

pub use frontend::A64;
pub use page::page;
