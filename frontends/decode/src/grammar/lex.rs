//! Text to tokens. Positions are kept; continued lines are joined; comments are dropped.
//!
//! Invariant: every line ends in a [`Tok::Newline`] (a line continued with `\` counts with its
//! successor), and a line with a lexical error holds a [`Tok::Bad`], already reported.

use std::sync::Arc;

use crate::diagnostic::{Diagnostic, Place};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tok<'a> {
    /// Letters, digits and `_`: keywords, names, numbers, bits.
    Word(&'a str),
    /// A quoted title, without its quotes.
    Text(&'a str),
    /// Punctuation.
    Sym(&'static str),
    /// End of a logical line.
    Newline,
    /// Something already reported.
    Bad,
}

/// A token and its place.
#[derive(Clone, Debug)]
pub struct Token<'a> {
    /// What it is.
    pub tok: Tok<'a>,
    /// Where it begins.
    pub at: Place,
}

// Two-character symbols stand before their one-character beginnings.
const SYMBOLS: [&str; 16] =
    ["==", "!=", "<=", ">=", "<", ">", "!", "|", "&", ",", ":", "(", ")", "[", "]", "{"];

/// Splits `text` into tokens.
pub fn lex<'a>(file: &Arc<str>, text: &'a str, errors: &mut Vec<Diagnostic>) -> Vec<Token<'a>> {
    let mut tokens = Vec::new();
    let mut end = Place { file: file.clone(), line: 1, col: 1 };
    let mut continued = false;
    for (i, line) in text.lines().enumerate() {
        let place =
            |col: u32| Place { file: file.clone(), line: u32::try_from(i + 1).unwrap_or(0), col };
        continued = lex_line(line, &place, &mut tokens, errors);
        end = place(u32::try_from(line.chars().count() + 1).unwrap_or(0));
        if !continued {
            tokens.push(Token { tok: Tok::Newline, at: end.clone() });
        }
    }
    if continued {
        tokens.push(Token { tok: Tok::Newline, at: end });
    }
    tokens
}

/// One physical line; true if it is continued by the next.
fn lex_line<'a>(
    line: &'a str,
    place: &dyn Fn(u32) -> Place,
    tokens: &mut Vec<Token<'a>>,
    errors: &mut Vec<Diagnostic>,
) -> bool {
    let mut rest = line;
    let mut col = 1;
    loop {
        let at = place(col);
        let Some(c) = rest.chars().next() else { return false };
        let (tok, len) = if c == '#' {
            return false;
        } else if c.is_whitespace() {
            (None, c.len_utf8())
        } else if c == '\\' {
            let after = rest[1..].trim_start();
            if after.is_empty() || after.starts_with('#') {
                return true;
            }
            let remedy = "put `\\` at the end of the line that is continued";
            errors.push(Diagnostic::new(&at, "`\\` inside a line", remedy));
            (Some(Tok::Bad), 1)
        } else if c == '"' {
            let Some(len) = rest[1..].find('"') else {
                errors.push(Diagnostic::new(&at, "title without its closing quote", "add `\"`"));
                tokens.push(Token { tok: Tok::Bad, at });
                return false;
            };
            (Some(Tok::Text(&rest[1..=len])), len + 2)
        } else if c == '_' || c.is_ascii_alphanumeric() {
            let word = |c: char| c == '_' || c.is_ascii_alphanumeric();
            let len = rest.find(|c| !word(c)).unwrap_or(rest.len());
            (Some(Tok::Word(&rest[..len])), len)
        } else if c == '}' {
            (Some(Tok::Sym("}")), 1)
        } else if let Some(sym) = SYMBOLS.iter().find(|s| rest.starts_with(**s)) {
            (Some(Tok::Sym(sym)), sym.len())
        } else {
            let what = format!("unexpected character `{}`", c.escape_default());
            let remedy = if c == '=' { "equality is `==`" } else { "remove it" };
            errors.push(Diagnostic::new(&at, what, remedy));
            (Some(Tok::Bad), c.len_utf8())
        };
        if let Some(tok) = tok {
            tokens.push(Token { tok, at });
        }
        col += u32::try_from(rest[..len].chars().count()).unwrap_or(0);
        rest = &rest[len..];
    }
}
