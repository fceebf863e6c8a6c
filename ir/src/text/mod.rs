//! The lossless text form of blocks and regions: for file-tests, listings and error messages.
//!
//! ```text
//! block 0x1000 len=8 insns=2 {
//!   insn 0x1000
//!   v1 = get.i64 x0
//!   v2 = const.i64 0x10
//!   v3 = add.i64 v1, v2
//!   v4 = trunc.i32.i64 v3
//!   insn 0x1004
//!   store.i32 v3, v4 rel natural
//!   put.i64 x0, v3
//!   goto 0x1008
//! }
//! ```
//!
//! An instruction reads `op.shape args`, a conversion `op.shape.from args`. Slots, helpers, constants and
//! addresses come before the arguments, amounts and indices after them; then words: comparisons, rounding,
//! memory attributes that are not the plain ones. An immediate that does not decode is printed as `imm=0x…`
//! and read back so. Value numbers are indices; a reader may use others, each defined once. `;` begins a
//! comment. Invariant: `parse(print(b)) == b`.

mod lex;
mod parse;
mod print;
mod words;

pub use lex::ParseError;
pub use parse::{parse_block, parse_region};
pub use print::{print_block, print_inst, print_region};

#[cfg(test)]
mod tests;
