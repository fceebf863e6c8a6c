//! Decoding: the tree as nested matches, the linear scan, and the `where` clauses.

use super::{Emit, Write, put, type_name};
use crate::condition::{Condition, Operand};
use crate::table::{Kind, Pattern};
use crate::tree::{Node, Test, Tree};

/// A subtree with more leaves than this becomes a function of its own.
const LEAVES_PER_FUNCTION: usize = 24;

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

    pub(super) fn tree(&self, out: &mut String, tree: &Tree) {
        let mut functions = Vec::new();
        let root = self.node(&tree.root, &mut functions);
        let word = self.word();
        put!(out, "/// The meaning of `w`, by the decision tree.");
        put!(out, "#[allow(clippy::all, unused_parens)]");
        put!(out, "pub fn decode(w: {word}) -> Decoded {{\n{root}\n}}");
        for (i, body) in functions.iter().enumerate() {
            put!(out, "#[allow(clippy::all, unused_parens)]");
            put!(out, "fn node{i}(w: {word}) -> Decoded {{\n{body}\n}}");
        }
    }

    /// The expression of a node; large subtrees go to `functions`.
    fn node(&self, node: &Node, functions: &mut Vec<String>) -> String {
        let (lo, width, arms) = match node {
            Node::Leaf(tests) => return self.leaf(tests),
            Node::Switch { lo, width, arms } => (*lo, *width, arms),
        };
        // The arm with the most values is the default one.
        let most = arms.iter().map(|(values, _)| values.len()).max();
        let default = arms.iter().position(|(values, _)| Some(values.len()) == most);
        let mut body = format!("match {} {{\n", self.bits(lo, width));
        let arm = |node: &Node, functions: &mut Vec<String>| {
            let expression = self.node(node, functions);
            if node.cost().leaves <= LEAVES_PER_FUNCTION {
                return expression;
            }
            functions.push(expression);
            format!("node{}(w)", functions.len() - 1)
        };
        for (i, (values, node)) in arms.iter().enumerate() {
            if Some(i) != default {
                let values: Vec<String> = values.iter().map(|v| format!("{v:#x}")).collect();
                put!(body, "{} => {},", values.join(" | "), arm(node, functions));
            }
        }
        if let Some(default) = default {
            put!(body, "_ => {},", arm(&arms[default].1, functions));
        }
        body.push('}');
        body
    }

    fn leaf(&self, tests: &[Test]) -> String {
        let mut body = String::new();
        for t in tests {
            let build = format!("build{}(w)", t.pattern);
            let mut conditions = Vec::new();
            if t.mask != 0 {
                conditions.push(format!("w & {} == {}", self.hex(t.mask), self.hex(t.value)));
            }
            if t.clause {
                conditions.push(format!("allows{}(w)", t.pattern));
            }
            if conditions.is_empty() {
                let open = if body.is_empty() { build } else { format!("{{ {build} }}") };
                return body + &open;
            }
            write!(body, "if {} {{ {build} }} else ", conditions.join(" && "))
                .expect("a String takes any text");
        }
        body + if tests.is_empty() { "NOTHING" } else { "{ NOTHING }" }
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
