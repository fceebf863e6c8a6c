//! Decoding: what is made of a pattern's word, the linear scan, and the `where` clauses.

use super::{Emit, Write, put, type_name};
use crate::condition::{Condition, Operand};
use crate::table::{Kind, Pattern};

impl Emit<'_> {
    pub(super) fn decoded(&self, out: &mut String) {
        put!(out, "/// The meaning of a word.");
        put!(out, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
        put!(out, "pub enum Decoded {{");
        put!(out, "/// An instruction.\nInsn(Insn),");
        put!(out, "/// Unallocated: the title of the hole, if the table declares it.");
        put!(out, "Unallocated(Option<&'static str>),");
        put!(out, "/// A class that is not implemented: its title.\nTodo(&'static str),");
        put!(out, "}}");
        put!(out, "const NOTHING: Decoded = Decoded::Unallocated(None);");
    }

    /// One function per pattern that makes its `Decoded`.
    pub(super) fn builders(&self, out: &mut String) {
        let word = self.word();
        for (i, p) in self.table.patterns.iter().enumerate() {
            match p.kind {
                Kind::Insn => {
                    let name = type_name(p);
                    put!(out, "fn build{i}(w: {word}) -> Decoded {{");
                    put!(out, "Decoded::Insn(Insn::{name}({name}::from_word(w)))\n}}");
                }
                Kind::Unallocated => put!(
                    out,
                    "fn build{i}(_: {word}) -> Decoded {{ Decoded::Unallocated(Some({:?})) }}",
                    p.title
                ),
                Kind::Todo => put!(
                    out,
                    "fn build{i}(_: {word}) -> Decoded {{ Decoded::Todo({:?}) }}",
                    p.title
                ),
            }
        }
    }

    /// One function per `where` clause.
    pub(super) fn clauses(&self, out: &mut String) {
        let word = self.word();
        put!(out, "fn always(_: {word}) -> bool {{ true }}");
        put!(out, "/// The `where` clause of this pattern.");
        put!(out, "#[inline(never)]");
        put!(out, "fn allows(pattern: u16, w: {word}) -> bool {{\nmatch pattern {{");
        for (i, _) in self.table.patterns.iter().enumerate().filter(|(_, p)| p.condition.is_some())
        {
            put!(out, "{i} => allows{i}(w),");
        }
        put!(out, "_ => always(w),\n}}\n}}");
        for (i, p) in self.table.patterns.iter().enumerate() {
            if let Some(condition) = &p.condition {
                put!(out, "#[allow(clippy::all, unused_parens)]");
                put!(out, "fn allows{i}(w: {word}) -> bool {{ {} }}", self.condition(condition));
            }
            for (n, need) in p.needs.iter().enumerate() {
                if let Some(condition) = &need.condition {
                    put!(out, "#[allow(clippy::all, unused_parens)]");
                    let condition = self.condition(condition);
                    put!(out, "fn needs{i}_{n}(w: {word}) -> bool {{ {condition} }}");
                }
            }
        }
    }

    /// The `needs` clauses as values of the generated type.
    pub(super) fn needs(&self, i: usize, p: &Pattern) -> String {
        let needs = p.needs.iter().enumerate().map(|(n, need)| {
            let feature = match self.features {
                Some(path) => format!("{path}::{}", need.feature),
                None => format!("{:?}", need.feature),
            };
            let when = match need.condition {
                Some(_) => format!("Some(needs{i}_{n})"),
                None => "None".to_owned(),
            };
            format!("Need {{ feature: {feature}, when: {when} }}")
        });
        needs.collect::<Vec<_>>().join(", ")
    }

    /// The function that stands for the pattern's `where`.
    pub(super) fn clause_name(i: usize, p: &Pattern) -> String {
        if p.condition.is_some() { format!("allows{i}") } else { "always".to_owned() }
    }

    fn condition(&self, condition: &Condition) -> String {
        let join = |cs: &[Condition], op: &str| {
            let parts: Vec<String> =
                cs.iter().map(|c| format!("({})", self.condition(c))).collect();
            parts.join(op)
        };
        match condition {
            Condition::All(cs) => join(cs, " && "),
            Condition::Any(cs) => join(cs, " || "),
            Condition::Not(c) => format!("!({})", self.condition(c)),
            Condition::NonZero(o) => format!("{} != 0", self.operand(o)),
            Condition::Compare(a, cmp, b) => {
                format!("{} {} {}", self.operand(a), cmp.symbol(), self.operand(b))
            }
        }
    }

    fn operand(&self, operand: &Operand) -> String {
        match *operand {
            Operand::Const(c) => c.to_string(),
            Operand::Bits { lo, width } => format!("({})", self.bits(lo, width)),
        }
    }

    pub(super) fn decode(&self, out: &mut String) {
        let word = self.word();
        put!(out, "/// The meaning of `w`, by the decision tree.");
        put!(out, "pub fn decode(w: {word}) -> Decoded {{");
        put!(out, "BUILDERS.get(usize::from(find(w))).map_or(NOTHING, |build| build(w))\n}}");
    }

    pub(super) fn linear(&self, out: &mut String) {
        let word = self.word();
        put!(out, "static BUILDERS: &[fn({word}) -> Decoded] = &[");
        for i in 0..self.table.patterns.len() {
            put!(out, "build{i},");
        }
        put!(out, "];");
        put!(out, "fn position(w: {word}) -> Option<usize> {{");
        put!(out, "PATTERNS.iter().position(|p| p.matches(w))\n}}");
        put!(
            out,
            "/// The meaning of `w`, by trying the patterns in order: the oracle of `decode`."
        );
        put!(out, "pub fn decode_linear(w: {word}) -> Decoded {{");
        put!(out, "position(w).map_or(NOTHING, |i| BUILDERS[i](w))\n}}");
        put!(out, "/// The pattern that gives `w` its meaning, by trying them in order.");
        put!(out, "pub fn pattern_of(w: {word}) -> Option<&'static Pattern> {{");
        put!(out, "position(w).map(|i| &PATTERNS[i])\n}}");
    }
}
