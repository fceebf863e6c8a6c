//! A parsed table: fixed-width patterns in the order of their priority.
//!
//! Invariant: the first pattern of [`Table::patterns`] that matches a word is its meaning. For
//! `insn` and `unallocated` outside one `prefer` group the order does not matter, because
//! [`crate::check`] refuses overlaps; `todo` stand last.

use crate::condition::{Condition, ones};
use crate::diagnostic::Place;

/// What a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An instruction.
    Insn,
    /// A hole the manual declares.
    Unallocated,
    /// A class that is not implemented: the remainder of its bits.
    Todo,
}

/// A named run of bits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Lower-case name.
    pub name: String,
    /// The lowest bit.
    pub lo: u32,
    /// How many bits, 1 to 32.
    pub width: u32,
}

impl Field {
    /// The bits of the word it covers.
    pub fn bits(&self) -> u32 {
        ones(self.width) << self.lo
    }

    /// Its value in `word`.
    pub fn value(&self, word: u32) -> u32 {
        word >> self.lo & ones(self.width)
    }
}

/// A feature of the processor without which an instruction does not exist.
#[derive(Clone, Debug)]
pub struct Need {
    /// The manual's name, without `FEAT_`.
    pub feature: String,
    /// For which words; for all without one.
    pub condition: Option<Condition>,
}

/// One line of a table.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// What it stands for.
    pub kind: Kind,
    /// snake_case; empty for an `unallocated` without a name.
    pub name: String,
    /// The manual's title.
    pub title: String,
    /// Where its keyword stands.
    pub at: Place,
    /// The bits that are fixed.
    pub mask: u32,
    /// Their values.
    pub value: u32,
    /// The `(1)` bits: not fixed, encoded as 1.
    pub should: u32,
    /// From the most significant bit.
    pub fields: Vec<Field>,
    /// The `where` clause.
    pub condition: Option<Condition>,
    /// The `needs` clauses.
    pub needs: Vec<Need>,
    /// The `prefer` group, an index into [`Table::groups`].
    pub group: Option<usize>,
}

impl Pattern {
    /// Whether the fixed bits of `word` are this pattern's.
    pub fn matches_bits(&self, word: u32) -> bool {
        word & self.mask == self.value
    }

    /// Whether the `where` clause holds for `word`; true without one.
    pub fn allows(&self, word: u32) -> bool {
        self.condition.as_ref().is_none_or(|c| c.holds(word))
    }

    /// Whether bits and `where` clause match.
    pub fn matches(&self, word: u32) -> bool {
        self.matches_bits(word) && self.allows(word)
    }

    /// The bits that its fields cover.
    pub fn field_bits(&self) -> u32 {
        self.fields.iter().fold(0, |m, f| m | f.bits())
    }

    /// The word as it is encoded: don't-care bits made canonical.
    pub fn canonical(&self, word: u32) -> u32 {
        word & (self.mask | self.field_bits()) | self.should
    }

    /// The values of the fields in `word`, in the order of [`Pattern::fields`].
    pub fn extract(&self, word: u32) -> Vec<u32> {
        self.fields.iter().map(|f| f.value(word)).collect()
    }

    /// The word with these values of the fields; each is truncated to its field.
    pub fn encode(&self, values: &[u32]) -> u32 {
        let fields = self.fields.iter().zip(values);
        fields.fold(self.value | self.should, |w, (f, v)| w | (v & ones(f.width)) << f.lo)
    }

    /// The name, or the title of what has none.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.title } else { &self.name }
    }
}

/// All patterns of one instruction set.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Bits of a word, 1 to 32.
    pub width: u32,
    /// The files it was read from.
    pub files: Vec<String>,
    /// The names of the `prefer` groups.
    pub groups: Vec<String>,
    /// In the order of priority.
    pub patterns: Vec<Pattern>,
}

impl Table {
    /// The meaning of `word` by linear scan: an index into [`Table::patterns`], or `None` where
    /// nothing matches (unallocated).
    pub fn decode(&self, word: u32) -> Option<usize> {
        self.patterns.iter().position(|p| p.matches(word))
    }

    /// How many patterns are of this kind.
    pub fn count(&self, kind: Kind) -> usize {
        self.patterns.iter().filter(|p| p.kind == kind).count()
    }
}
