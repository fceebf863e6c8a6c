//! Tokens of the text form, with their places.

use std::str::FromStr;
use thiserror::Error;

/// What is wrong with a text, and where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}, column {col}: {what}")]
pub struct ParseError {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub col: u32,
    /// What was found or missed.
    pub what: String,
}

/// A word, number, punctuation mark or quoted string (quotes kept), or the end of a line (`"\n"`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub text: &'a str,
    line: u32,
    col: u32,
}

/// The tokens of a text, in order.
pub(super) struct Lexer<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    end: (u32, u32),
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Lexer<'a> {
        let mut tokens = Vec::new();
        let mut line = 0;
        for content in text.lines() {
            line += 1;
            tokens_of(content, line, &mut tokens);
            let col = content.chars().count() as u32 + 1;
            tokens.push(Token { text: "\n", line, col });
        }
        Lexer { tokens, at: 0, end: (line.max(1), 1) }
    }

    pub fn peek(&self) -> Option<&'a str> {
        self.tokens.get(self.at).map(|t| t.text)
    }

    /// The next token.
    pub fn next(&mut self, what: &str) -> Result<Token<'a>, ParseError> {
        match self.tokens.get(self.at) {
            Some(&t) => {
                self.at += 1;
                Ok(t)
            }
            None => {
                let (line, col) = self.end;
                Err(ParseError { line, col, what: format!("the text ends where {what} should be") })
            }
        }
    }

    /// Takes the next token if it is this one.
    pub fn eat(&mut self, text: &str) -> bool {
        let found = self.peek() == Some(text);
        self.at += found as usize;
        found
    }

    /// The next token must be this one.
    pub fn expect(&mut self, text: &str) -> Result<Token<'a>, ParseError> {
        let shown = if text == "\n" { "the end of the line" } else { text };
        let t = self.next(shown)?;
        if t.text == text { Ok(t) } else { Err(t.error(format!("{shown} expected"))) }
    }

    /// Passes over line ends.
    pub fn skip_lines(&mut self) {
        while self.eat("\n") {}
    }

    /// A number, decimal or hexadecimal (`0x`).
    pub fn number<T: FromStr + TryFrom<u128>>(&mut self, what: &str) -> Result<T, ParseError> {
        let t = self.next(what)?;
        t.number(t.text, what)
    }

    /// `key=number` with this key.
    pub fn keyed<T: FromStr + TryFrom<u128>>(&mut self, key: &str) -> Result<T, ParseError> {
        let t = self.next(key)?;
        match t.text.split_once('=') {
            Some((k, v)) if k == key => t.number(v, key),
            _ => Err(t.error(format!("{key}= expected"))),
        }
    }

    /// Is the next token `key=…`?
    pub fn at_key(&self, key: &str) -> bool {
        self.peek().and_then(|t| t.split_once('=')).is_some_and(|(k, _)| k == key)
    }
}

impl Token<'_> {
    /// An error at this token.
    pub fn error(&self, what: impl Into<String>) -> ParseError {
        let found = if self.text == "\n" { "the end of the line" } else { self.text };
        let what = format!("{}, found {found}", what.into());
        ParseError { line: self.line, col: self.col, what }
    }

    pub fn number<T: FromStr + TryFrom<u128>>(
        &self,
        text: &str,
        what: &str,
    ) -> Result<T, ParseError> {
        let value = match text.strip_prefix("0x") {
            Some(hex) => u128::from_str_radix(hex, 16).ok(),
            None => text.parse::<u128>().ok(),
        };
        let value = value.and_then(|v| T::try_from(v).ok());
        value.ok_or_else(|| self.error(format!("{what} expected")))
    }
}

fn tokens_of<'a>(line_text: &'a str, line: u32, out: &mut Vec<Token<'a>>) {
    let mut chars = line_text.char_indices().enumerate().peekable();
    while let Some((col, (start, c))) = chars.next() {
        let mut end = start + c.len_utf8();
        match c {
            ';' => return,
            c if c.is_whitespace() => continue,
            '{' | '}' | ',' => {}
            '"' => {
                for (_, (at, c)) in chars.by_ref() {
                    end = at + c.len_utf8();
                    if c == '"' {
                        break;
                    }
                }
            }
            _ => {
                let word = |c: char| !c.is_whitespace() && !matches!(c, ';' | '{' | '}' | ',');
                while let Some((_, (at, c))) = chars.next_if(|&(_, (_, c))| word(c)) {
                    end = at + c.len_utf8();
                }
            }
        }
        let text = &line_text[start..end];
        out.push(Token { text, line, col: col as u32 + 1 });
    }
}
