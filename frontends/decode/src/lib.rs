//! The decoder generator: `.isa` tables in, a Rust decoder out.
//!
//! A frontend's build script calls [`Generator`]; the frontend includes the file it writes. The
//! way of the data inside this crate: text → [`grammar`] → [`Table`] → [`check`] → [`Tree`] →
//! [`emit`]. Only the grammar knows the text form and only `emit` knows Rust, so another grammar
//! (x86's byte trie) can stand beside this one.
//!
//! Invariants: a table that passes [`check`] gives every word exactly one meaning; the tree and
//! the linear scan in table order agree on every word; no input text makes this crate panic.
//!
//! # The grammar
//!
//! ```text
//! # comment, to the end of the line; blank lines are free; `\` at the end of a line continues it
//! width 32
//! insn add_sh "ADD (shifted register)" sf:1 0 0 01011 shift:2 0 Rm:5 imm6:6 Rn:5 Rd:5 \
//!     where shift != 3, sf | imm6 < 32
//! prefer hints {
//!   insn nop  "NOP"  1101 0101 0000 0011 0010 0000 0001 1111
//!   insn hint "HINT" 1101 0101 0000 0011 0010 CRm:4 op2:3 11111
//! }
//! unallocated "reserved" 0 00 0000 imm:25
//! todo sve "SVE" xxx 0010 x:25
//! ```
//!
//! - `width N` (1 to 32): the first content line of a file. At least one file of a table states
//!   it and all that do must agree; a file without it takes the table's.
//! - `insn NAME "TITLE" BITS [where CONDITION]`: an instruction. NAME is snake_case, unique in
//!   the whole table, and not a Rust keyword (it becomes a struct and a lift function); TITLE is
//!   the manual's.
//! - `unallocated [NAME] "TITLE" BITS [where ..]`: a hole the manual declares.
//! - `todo NAME "TITLE" BITS [where ..]`: a class that exists and is not implemented. It is the
//!   *remainder* of its bits: every `insn` and `unallocated` goes before it, so it may overlap
//!   them. Of two `todo` that match, the one with more fixed bits wins, then the earlier.
//! - `prefer NAME {` … `}`: the patterns inside are tried in order and may overlap each other.
//!   Groups do not nest and hold no `todo`.
//! - BITS, from the most significant bit: runs of `0`, `1`, `x`; `field:width`; and `(0)` or
//!   `(1)` for the manual's should-be bits. They must add up to the width exactly. `x` and `(0)`
//!   match either value and encode as 0, `(1)` matches either value and encodes as 1. A field
//!   name is lower-cased; a field whose bits are apart in the word is written as two fields.
//! - `needs FEATURE [if CONDITION]` after the `where` of an `insn`, as often as it takes: without that feature of
//!   the processor (the manual's name less `FEAT_`) these words are UNDEFINED. Decoding does not know features;
//!   dispatches ask their context.
//! - CONDITION: `,` (and, weakest), `|`, `&`, `!`, `( )`, comparisons `== != < <= > >=` between
//!   fields, single bits `field[n]` and constants (decimal, `0b`, `0x`). A bare field or bit
//!   means "not zero". `!` stands before a field, a bit, or a parenthesis.
//! - A word that fails a `where` does not match that pattern: it goes on to the next of the
//!   `prefer` group, else to a `todo`, else it is unallocated. A word that matches nothing is
//!   unallocated too.
//!
//! Halfwords of T32 are read as one word, the first halfword on top; T16 is a table of width 16.
//!
//! # What is an error
//!
//! Besides text that does not parse: bits that do not add up; unknown, repeated or unusable
//! names; constants a field cannot reach; a `where` or `needs` that is always or never true; a pattern that
//! its `prefer` group never reaches; a `todo` whose words another pattern takes; and **every overlap** of two `insn`/`unallocated` patterns
//! outside one `prefer` group, unless their `where` clauses are disjoint, which is decided by
//! trying every value of the bits they name (at most [`check::MAX_ENUMERATED_BITS`]). All errors
//! are reported, as `file:line:col: what: what to do`. To see them without building a frontend:
//!
//! ```text
//! cargo run -p isamorph-decode --example check -- frontends/a64/isa
//! ```
//!
//! # What is generated
//!
//! `NAME.rs` in `OUT_DIR`, to be `include!`d into one module. `W` is `u16` for tables of width up
//! to 16, else `u32`:
//!
//! - `struct AddSh { pub sf: bool, pub shift: u8, .. }` per `insn` (1 bit: `bool`, to 8: `u8`, to
//!   16: `u16`, else `u32`) with `from_word(W)` and `to_word() -> W`; `enum Insn { AddSh(AddSh), .. }`.
//! - `enum Decoded { Insn(Insn), Unallocated(Option<&'static str>), Todo(&'static str) }` (titles);
//!   `decode(W)` (the tree), `decode_linear(W)` (the oracle of the tree), `encode(&Insn) -> W`.
//! - `Need`, the `needs` clauses, whose `feature` is a variant of [`Generator::features`].
//! - `PATTERNS: &[Pattern]` in the order of priority; `pattern_of(W) -> Option<&'static Pattern>`
//!   (linear); `Insn::{pattern, name, title}`.
//! - For each [`Generator::dispatch`]: `fn lift(W, l: &mut Lifter) -> Option<Flow>`, which calls
//!   `l.add_sh(AddSh)` if the word is that instruction and `l.meets(&[Need])`, where it has needs; an instruction
//!   without its function does not compile.
//!
//! `encode(decode(w)) == w` except for don't-care bits, which come back as 0 (`x`, `(0)`) or as 1
//! (`(1)`): it is `w & (mask | field bits) | should`, by the `Pattern` of `w`. `encode` truncates a
//! field value that is too wide and does not test the `where`.

#![forbid(unsafe_code)]

pub mod check;
pub mod condition;
pub mod diagnostic;
pub mod emit;
pub mod generator;
pub mod grammar;
pub mod table;
pub mod tree;

pub use diagnostic::{Diagnostic, Diagnostics, Place};
pub use generator::Generator;
pub use table::{Field, Kind, Pattern, Table};
pub use tree::Tree;
