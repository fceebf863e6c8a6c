//! The instructions as types: a struct each, the enum over them, encoding, dispatches.

use super::{Emit, Write, doc_text, put, type_name};
use crate::condition::ones;
use crate::generator::Dispatch;
use crate::table::{Field, Kind};

/// The type of a field in a struct.
fn field_type(field: &Field) -> &'static str {
    match field.width {
        1 => "bool",
        2..=8 => "u8",
        9..=16 => "u16",
        _ => "u32",
    }
}

impl Emit<'_> {
    pub(super) fn structs(&self, out: &mut String) {
        let word = self.word();
        for (_, p) in self.insns() {
            let name = type_name(p);
            put!(out, "/// {}.", doc_text(&p.title));
            put!(out, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
            put!(out, "pub struct {name} {{");
            for f in &p.fields {
                let hi = f.lo + f.width - 1;
                let place =
                    if f.width == 1 { format!("Bit {hi}") } else { format!("Bits {hi}:{}", f.lo) };
                put!(out, "/// {place}.\npub {}: {},", f.name, field_type(f));
            }
            put!(out, "}}");
            put!(out, "impl {name} {{");
            put!(out, "/// Takes the fields out of `w`; its fixed bits are not looked at.");
            put!(out, "#[inline]\n#[allow(clippy::all, unused_parens)]");
            let w = if p.fields.is_empty() { "_w" } else { "w" };
            put!(out, "pub const fn from_word({w}: {word}) -> {name} {{");
            put!(out, "{name} {{");
            for f in &p.fields {
                put!(out, "{}: {},", f.name, self.extract(f));
            }
            put!(out, "}}\n}}");
            put!(out, "/// The word with these fields, each truncated to its bits.");
            put!(out, "#[allow(clippy::all, unused_parens)]");
            put!(out, "pub const fn to_word(self) -> {word} {{");
            write!(out, "{}", self.hex(p.value | p.should)).expect("a String takes any text");
            for f in &p.fields {
                write!(out, " | {}", self.insert(f)).expect("a String takes any text");
            }
            put!(out, "\n}}\n}}");
        }
    }

    fn extract(&self, f: &Field) -> String {
        let bits = self.bits(f.lo, f.width);
        match field_type(f) {
            "bool" => format!("({bits}) != 0"),
            ty if ty == self.word() => bits,
            ty => format!("({bits}) as {ty}"),
        }
    }

    fn insert(&self, f: &Field) -> String {
        let word = self.word();
        let value = format!("self.{} as {word}", f.name);
        if f.width == 1 {
            format!("({value}) << {}", f.lo)
        } else {
            format!("({value} & {:#x}) << {}", ones(f.width), f.lo)
        }
    }

    pub(super) fn insn_enum(&self, out: &mut String) {
        put!(out, "/// A decoded instruction.");
        put!(out, "#[derive(Clone, Copy, Debug, PartialEq, Eq)]");
        put!(out, "pub enum Insn {{");
        for (_, p) in self.insns() {
            put!(out, "/// {}.", doc_text(&p.title));
            put!(out, "{0}({0}),", type_name(p));
        }
        put!(out, "}}");
        put!(out, "impl Insn {{");
        put!(out, "/// Its line in the table.");
        put!(out, "pub fn pattern(&self) -> &'static Pattern {{");
        put!(out, "let index: usize = match self {{");
        for (i, p) in self.insns() {
            put!(out, "Insn::{}(_) => {i},", type_name(p));
        }
        put!(out, "}};\n&PATTERNS[index]\n}}");
        put!(out, "/// Its name in the table.");
        put!(out, "pub fn name(&self) -> &'static str {{ self.pattern().name }}");
        put!(out, "/// Its title in the manual.");
        put!(out, "pub fn title(&self) -> &'static str {{ self.pattern().title }}");
        put!(out, "}}");
    }

    pub(super) fn encode(&self, out: &mut String) {
        let word = self.word();
        put!(out, "/// The word of `insn`: don't-care bits are 0, should-be-one bits are 1, and");
        put!(out, "/// fields are truncated. `where` clauses are not tested.");
        put!(out, "pub fn encode(insn: &Insn) -> {word} {{\nmatch insn {{");
        for (_, p) in self.insns() {
            put!(out, "Insn::{}(i) => i.to_word(),", type_name(p));
        }
        put!(out, "}}\n}}");
    }

    /// The context's functions are called through a table: one jump from the tree's leaf.
    pub(super) fn dispatch(&self, out: &mut String, dispatch: &Dispatch) {
        let Dispatch { method, context, output } = dispatch;
        let word = self.word();
        let function = |name: &str, w: &str, context_name: &str| {
            format!("fn {name}({w}: {word}, {context_name}: &mut {context}) -> Option<{output}>")
        };
        let mut table = String::new();
        for (i, p) in self.table.patterns.iter().enumerate() {
            if p.kind != Kind::Insn {
                write!(table, "{method}_nothing, ").expect("a String takes any text");
                continue;
            }
            let (name, ty) = (&p.name, type_name(p));
            put!(out, "{} {{", function(&format!("{method}{i}"), "w", "context"));
            if !p.needs.is_empty() {
                put!(out, "if !context.meets(PATTERNS[{i}].needs) {{ return None }}");
            }
            put!(out, "Some(context.{name}({ty}::from_word(w)))\n}}");
            write!(table, "{method}{i}, ").expect("a String takes any text");
        }
        put!(out, "{} {{ None }}", function(&format!("{method}_nothing"), "_", "_"));
        let count = self.table.patterns.len();
        put!(
            out,
            "/// Calls the function of `context` that has the name of the instruction `w`. `None`: it is none,"
        );
        put!(out, "/// or `context` does not meet its needs.");
        put!(out, "#[inline]\npub {} {{", function(method, "w", "context"));
        put!(out, "type Function = fn({word}, &mut {context}) -> Option<{output}>;");
        put!(out, "static FUNCTIONS: [Function; {count}] = [{table}];");
        put!(out, "FUNCTIONS.get(usize::from(find(w))).and_then(|call| call(w, context))\n}}");
    }
}
