//! The bit elements of a pattern: `0 01x Rm:5 (1)`, most significant first.

use super::cursor::{Cursor, Reported, describe};
use super::lex::Tok;
use super::names;
use crate::condition::ones;
use crate::diagnostic::{Diagnostic, Place};
use crate::table::Field;

/// What the elements of one pattern come to.
#[derive(Clone, Debug)]
pub struct Layout {
    /// Fixed bits.
    pub mask: u32,
    /// Their values.
    pub value: u32,
    /// `(1)` bits.
    pub should: u32,
    /// In the order of the text.
    pub fields: Vec<Field>,
    at: Place,
    /// (text, width) in the order of the text, for messages.
    elements: Vec<(String, u32)>,
}

/// Elements until `where`, `needs` or the end of the line. Whether they fill a word is not known yet.
pub fn parse(c: &mut Cursor<'_>) -> Result<Layout, Reported> {
    let at = c.place();
    let mut layout =
        Layout { mask: 0, value: 0, should: 0, fields: vec![], at, elements: Vec::new() };
    loop {
        let at = c.place();
        match c.peek() {
            Tok::Newline | Tok::Word("where" | "needs") => break,
            Tok::Word(name) if c.peek_second() == Tok::Sym(":") => {
                c.next();
                c.next();
                field(c, &mut layout, name, &at)?;
            }
            Tok::Word(run) => {
                c.next();
                literal(c, &mut layout, run, &at)?;
            }
            Tok::Sym("(") => {
                c.next();
                let one = match c.next() {
                    Tok::Word("0") => 0,
                    Tok::Word("1") => 1,
                    tok => {
                        let what = format!("{} in parentheses", describe(tok));
                        return Err(c.error_at(&at, what, "a should-be bit is `(0)` or `(1)`"));
                    }
                };
                c.symbol(")")?;
                push(c, &mut layout, format!("({one})"), 1, &at)?;
                layout.should |= one;
            }
            _ => return Err(c.unexpected("bits (`01x`), `field:width`, `(0)` or `(1)`")),
        }
    }
    if layout.elements.is_empty() {
        return Err(c.unexpected("the bits, most significant first"));
    }
    Ok(layout)
}

/// Makes room for `width` more bits on the right.
fn push(
    c: &mut Cursor<'_>,
    layout: &mut Layout,
    text: String,
    width: u32,
    at: &Place,
) -> Result<(), Reported> {
    if layout.total() + width > 32 {
        let what = format!("`{text}` goes beyond 32 bits: {}", layout.picture());
        return Err(c.error_at(at, what, "remove bits"));
    }
    layout.elements.push((text, width));
    let shift = |bits: u32| if width == 32 { 0 } else { bits << width };
    layout.mask = shift(layout.mask);
    layout.value = shift(layout.value);
    layout.should = shift(layout.should);
    for f in &mut layout.fields {
        f.lo += width;
    }
    Ok(())
}

fn field(c: &mut Cursor<'_>, layout: &mut Layout, name: &str, at: &Place) -> Result<(), Reported> {
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let what = format!("`{name}` is not a field name");
        return Err(c.error_at(at, what, "begin it with a letter; leave a space after bits"));
    }
    let width = c.number("the field's width in bits")?;
    if !(1..=32).contains(&width) {
        let what = format!("field `{name}` is {width} bits wide");
        return Err(c.error_at(at, what, "a field has 1 to 32 bits"));
    }
    let name = name.to_ascii_lowercase();
    names::keyword(c, &name, at)?;
    if layout.fields.iter().any(|f| f.name == name) {
        let what = format!("field `{name}` twice in one pattern");
        return Err(c.error_at(at, what, "give the parts names of their own (immhi, immlo)"));
    }
    push(c, layout, format!("{name}:{width}"), width, at)?;
    layout.fields.push(Field { name, lo: 0, width });
    Ok(())
}

fn literal(c: &mut Cursor<'_>, layout: &mut Layout, run: &str, at: &Place) -> Result<(), Reported> {
    if !run.chars().all(|c| matches!(c, '0' | '1' | 'x')) {
        let what = format!("`{run}` is neither bits nor a field");
        return Err(c.error_at(at, what, format!("write 0, 1, x or `{run}:WIDTH`")));
    }
    let width = u32::try_from(run.len()).unwrap_or(u32::MAX).min(33);
    push(c, layout, run.to_owned(), width, at)?;
    for (i, bit) in run.bytes().rev().enumerate() {
        layout.mask |= u32::from(bit != b'x') << i;
        layout.value |= u32::from(bit == b'1') << i;
    }
    Ok(())
}

impl Layout {
    /// How many bits there are; at most 32.
    pub fn total(&self) -> u32 {
        self.elements.iter().map(|(_, width)| width).sum()
    }

    /// Each element with its highest and lowest bit, as they would be if the lowest ends the word.
    fn picture(&self) -> String {
        let mut lo = self.total();
        let place = |(text, width): &(String, u32)| {
            lo -= width;
            if *width == 1 {
                format!("{text}@{lo}")
            } else {
                format!("{text}@{}:{lo}", lo + width - 1)
            }
        };
        self.elements.iter().map(place).collect::<Vec<_>>().join(" ")
    }

    /// The error of a pattern whose elements do not fill a word.
    pub fn wrong_width(&self, label: &str, width: u32) -> Diagnostic {
        let total = self.total();
        let what = format!("the bits of `{label}` add up to {total}, not {width}");
        let remedy = if total < width {
            format!("add {} ({})", width - total, self.picture())
        } else {
            format!("remove {} ({})", total - width, self.picture())
        };
        debug_assert!(self.mask & !ones(total) == 0, "fixed bits lie inside the elements");
        Diagnostic::new(&self.at, what, remedy)
    }
}
