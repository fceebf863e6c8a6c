//! The table itself as data, for fuzzers, coverage and listings.

use super::{Emit, Write, put};
use crate::table::Kind;

/// Types that are the same for every table but for the type of a word.
const TYPES: &str = r#"
/// What a pattern stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An instruction.
    Insn,
    /// A hole that the table declares.
    Unallocated,
    /// A class that is not implemented.
    Todo,
}

/// A feature of the processor without which an instruction does not exist.
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// Which.
    pub feature: FEATURE,
    /// For which words of the pattern; for all if there is no `if`.
    pub when: Option<fn(WORD) -> bool>,
}

impl Need {
    /// Does this word of the pattern need it?
    pub fn concerns(&self, w: WORD) -> bool {
        self.when.is_none_or(|when| when(w))
    }
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// snake_case; empty for a hole without a name.
    pub name: &'static str,
    /// The manual's title.
    pub title: &'static str,
    /// The table's file.
    pub file: &'static str,
    /// The line in the file, from 1.
    pub line: u32,
    /// What it stands for.
    pub kind: Kind,
    /// The bits that are fixed.
    pub mask: WORD,
    /// Their values.
    pub value: WORD,
    /// Bits that match either value and are encoded as 1.
    pub should: WORD,
    /// (name, lowest bit, width), from the most significant.
    pub fields: &'static [(&'static str, u32, u32)],
    /// The `where` clause alone; true without one.
    pub allows: fn(WORD) -> bool,
    /// The features it needs.
    pub needs: &'static [Need],
}

impl Pattern {
    /// Whether bits and `where` clause match. An earlier pattern may take the word all the same.
    pub fn matches(&self, w: WORD) -> bool {
        w & self.mask == self.value && (self.allows)(w)
    }
}
"#;

impl Emit<'_> {
    pub(super) fn patterns(&self, out: &mut String) {
        let feature = self.features.unwrap_or("&'static str");
        out.push_str(&TYPES.replace("WORD", self.word()).replace("FEATURE", feature));
        put!(out, "/// The table, in the order of priority: the first that matches a word is its");
        put!(out, "/// meaning.");
        put!(out, "pub static PATTERNS: &[Pattern] = &[");
        for (i, p) in self.table.patterns.iter().enumerate() {
            let kind = match p.kind {
                Kind::Insn => "Insn",
                Kind::Unallocated => "Unallocated",
                Kind::Todo => "Todo",
            };
            let fields: Vec<String> =
                p.fields.iter().map(|f| format!("({:?}, {}, {})", f.name, f.lo, f.width)).collect();
            put!(
                out,
                "Pattern {{ name: {:?}, title: {:?}, file: {:?}, line: {}, kind: Kind::{kind}, \
                 mask: {}, value: {}, should: {}, fields: &[{}], allows: {}, needs: &[{}] }},",
                p.name,
                p.title,
                p.at.file,
                p.at.line,
                self.hex(p.mask),
                self.hex(p.value),
                self.hex(p.should),
                fields.join(", "),
                Self::clause_name(i, p),
                self.needs(i, p),
            );
        }
        put!(out, "];");
    }
}
