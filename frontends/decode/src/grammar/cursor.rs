//! Walks the tokens of one logical line and reports what is not as expected.

use super::lex::{Tok, Token};
use crate::diagnostic::{Diagnostic, Place};

/// The error is already among the diagnostics; the line is given up.
#[derive(Clone, Copy, Debug)]
pub struct Reported;

/// A position in a line, which always ends in [`Tok::Newline`].
pub struct Cursor<'t> {
    tokens: &'t [Token<'t>],
    next: usize,
    errors: &'t mut Vec<Diagnostic>,
}

/// How a token is called in messages.
pub fn describe(tok: Tok<'_>) -> String {
    match tok {
        Tok::Word(w) => format!("`{w}`"),
        Tok::Text(t) => format!("\"{t}\""),
        Tok::Sym(s) => format!("`{s}`"),
        Tok::Newline => "the end of the line".to_owned(),
        Tok::Bad => "an unreadable character".to_owned(),
    }
}

/// Decimal, `0x` or `0b`, `_` between digits; at most 32 bits.
fn parse_number(word: &str) -> Option<u32> {
    let word = &word.replace('_', "");
    match word.as_bytes() {
        [b'0', b'x', ..] => u32::from_str_radix(&word[2..], 16).ok(),
        [b'0', b'b', ..] => u32::from_str_radix(&word[2..], 2).ok(),
        _ => word.parse().ok(),
    }
}

impl<'t> Cursor<'t> {
    /// At the first token of `line`, which ends in a newline.
    pub fn new(line: &'t [Token<'t>], errors: &'t mut Vec<Diagnostic>) -> Cursor<'t> {
        Cursor { tokens: line, next: 0, errors }
    }

    fn token(&self, ahead: usize) -> &'t Token<'t> {
        &self.tokens[(self.next + ahead).min(self.tokens.len() - 1)]
    }

    /// The place of the next token.
    pub fn place(&self) -> Place {
        self.token(0).at.clone()
    }

    /// The next token, not consumed.
    pub fn peek(&self) -> Tok<'t> {
        self.token(0).tok
    }

    /// The token after the next.
    pub fn peek_second(&self) -> Tok<'t> {
        self.token(1).tok
    }

    /// The token consumed last.
    pub fn previous(&self) -> Option<Tok<'t>> {
        self.next.checked_sub(1).map(|i| self.tokens[i].tok)
    }

    /// Consumes the next token; the newline stays.
    pub fn next(&mut self) -> Tok<'t> {
        let tok = self.peek();
        if tok != Tok::Newline {
            self.next += 1;
        }
        tok
    }

    /// Consumes the symbol if it is next.
    pub fn accept(&mut self, symbol: &'static str) -> bool {
        let found = self.peek() == Tok::Sym(symbol);
        if found {
            self.next += 1;
        }
        found
    }

    /// Reports an error at `at`.
    pub fn error_at(
        &mut self,
        at: &Place,
        what: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Reported {
        self.errors.push(Diagnostic::new(at, what, remedy));
        Reported
    }

    /// Reports the next token as not being what is expected here.
    pub fn unexpected(&mut self, expected: &str) -> Reported {
        let what = format!("unexpected {}", describe(self.peek()));
        self.error_at(&self.place(), what, format!("expected {expected}"))
    }

    /// Requires this symbol.
    pub fn symbol(&mut self, symbol: &'static str) -> Result<(), Reported> {
        if self.accept(symbol) { Ok(()) } else { Err(self.unexpected(&format!("`{symbol}`"))) }
    }

    /// Requires a word.
    pub fn word(&mut self, expected: &str) -> Result<&'t str, Reported> {
        let Tok::Word(word) = self.peek() else { return Err(self.unexpected(expected)) };
        self.next += 1;
        Ok(word)
    }

    /// Requires a title.
    pub fn text(&mut self, expected: &str) -> Result<&'t str, Reported> {
        let Tok::Text(text) = self.peek() else { return Err(self.unexpected(expected)) };
        self.next += 1;
        Ok(text)
    }

    /// Requires a number of at most 32 bits.
    pub fn number(&mut self, expected: &str) -> Result<u32, Reported> {
        let number = if let Tok::Word(w) = self.peek() { parse_number(w) } else { None };
        let Some(number) = number else { return Err(self.unexpected(expected)) };
        self.next += 1;
        Ok(number)
    }

    /// Requires the end of the line.
    pub fn end(&mut self, expected: &str) -> Result<(), Reported> {
        if self.peek() == Tok::Newline { Ok(()) } else { Err(self.unexpected(expected)) }
    }
}
