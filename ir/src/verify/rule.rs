//! The rules by number, and the form of a violation.

use std::fmt;
use thiserror::Error;

macro_rules! rules {
    ($($id:ident $text:literal;)*) => {
        /// A rule that blocks and regions obey.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Rule { $(#[doc = $text] $id),* }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Rule] = &[$(Rule::$id),*];

            /// Its number.
            pub const fn id(self) -> &'static str {
                match self { $(Rule::$id => stringify!($id)),* }
            }

            /// What it demands.
            pub const fn text(self) -> &'static str {
                match self { $(Rule::$id => $text),* }
            }
        }
    };
}

rules! {
    V1 "A value is defined by an earlier instruction that has a result.";
    V2 "An instruction has as many arguments as its op takes; unused places come last.";
    V3 "Arguments have the types that the op table gives for the shapes.";
    V4 "The shape is one that the op table allows; where the shape chooses nothing, it is the result's type.";
    V5 "A conversion goes between shapes that fit (zext, sext widen; trunc narrows; bitcast keeps the width; widen and narrow double and halve lanes; fcvt changes precision; ftoint, inttof keep the lanes). Any other instruction has `from` equal to its shape.";
    V6 "The immediate decodes, and an index or amount is in range.";
    V7 "The slot exists and its type is the shape.";
    V8 "The helper exists; arguments and result are those of its signature, without flags.";
    V9 "An op that is defined for some lanes only has one of those.";
    V10 "A branch tests an i1; an indirect branch goes to an i64.";
    V11 "Within a guest instruction nothing that may fault follows a write of guest state.";
    V12 "Instruction marks ascend within the block's guest bytes, one for each guest instruction.";
    V13 "A region has blocks, each of a body at its own address; its entries are among its own, its callees' behind those.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

/// Where a rule is violated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// At an instruction; an index past the last is the terminal.
    Inst {
        /// Index of the block in its region.
        block: Option<usize>,
        /// Index of the instruction in the block.
        inst: usize,
    },
    /// In the region as a whole.
    Region,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Place::Inst { block: None, inst } => write!(f, "instruction {inst}"),
            Place::Inst { block: Some(b), inst } => write!(f, "block {b}, instruction {inst}"),
            Place::Region => f.write_str("region"),
        }
    }
}

/// A violation.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{rule} at {place}: {what}")]
pub struct VerifyError {
    /// The rule.
    pub rule: Rule,
    /// Where.
    pub place: Place,
    /// What is wrong there.
    pub what: String,
}
