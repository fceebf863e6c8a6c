//! What a name in a table may be, given that it becomes a Rust name.

use super::cursor::{Cursor, Reported};
use crate::diagnostic::Place;

/// Strict and reserved words of Rust (reference, chapter Keywords).
const KEYWORDS: [&str; 53] = [
    "_", "abstract", "as", "async", "await", "become", "box", "break", "const", "continue",
    "crate", "do", "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if",
    "impl", "in", "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub",
    "ref", "return", "self", "static", "struct", "super", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield", "union",
];

/// Types that the generated module has itself or takes from the prelude.
const TAKEN: [&str; 11] = [
    "need", "insn", "decoded", "pattern", "kind", "option", "some", "none", "copy", "clone",
    "debug",
];

/// `add_sh` to `AddSh`.
pub fn camel_case(name: &str) -> String {
    let mut out = String::new();
    for part in name.split('_') {
        let mut chars = part.chars();
        out.extend(chars.next().map(|c| c.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    out
}

/// Refuses names of patterns and groups that are not snake_case or cannot be Rust names.
pub fn check(c: &mut Cursor<'_>, name: &str, at: &Place) -> Result<(), Reported> {
    let snake = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c == '_' || c.is_ascii_lowercase() || c.is_ascii_digit());
    if !snake {
        let what = format!("`{name}` is not a snake_case name");
        let remedy = "begin with a letter; use lower-case letters, digits and `_`";
        return Err(c.error_at(at, what, remedy));
    }
    if TAKEN.contains(&name) {
        let what = format!("`{name}` is a name that the generated code has itself");
        return Err(c.error_at(at, what, "choose another"));
    }
    keyword(c, name, at)
}

/// Refuses keywords of Rust.
pub fn keyword(c: &mut Cursor<'_>, name: &str, at: &Place) -> Result<(), Reported> {
    if KEYWORDS.contains(&name) {
        let what = format!("`{name}` is a Rust keyword");
        return Err(c.error_at(at, what, format!("choose another, such as `{name}_insn`")));
    }
    Ok(())
}
