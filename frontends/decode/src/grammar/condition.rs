//! `where` clauses: text to [`Condition`], with the fields resolved to bits of the word.

use super::cursor::{Cursor, Reported, describe};
use super::lex::Tok;
use crate::condition::{Comparison, Condition, Operand, ones};
use crate::table::Field;

/// Parentheses and negations inside each other; a bound on the recursion, not on the author.
const MAX_DEPTH: u32 = 64;

/// What follows `where`, up to a token that cannot belong to it.
pub fn parse(c: &mut Cursor<'_>, fields: &[Field]) -> Result<Condition, Reported> {
    let mut parser = Clause { c, fields, depth: 0 };
    let all = parser.list(",", Clause::any)?;
    Ok(one_or(all, Condition::All))
}

fn one_or(mut list: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    if list.len() == 1 { list.swap_remove(0) } else { many(list) }
}

struct Clause<'c, 't> {
    c: &'c mut Cursor<'t>,
    fields: &'c [Field],
    depth: u32,
}

impl Clause<'_, '_> {
    fn list(
        &mut self,
        separator: &'static str,
        item: fn(&mut Self) -> Result<Condition, Reported>,
    ) -> Result<Vec<Condition>, Reported> {
        let mut list = vec![item(self)?];
        while self.c.accept(separator) {
            if self.c.peek() == Tok::Sym(separator) {
                let what = format!("`{separator}{separator}`");
                let remedy = format!("write `{separator}` once");
                return Err(self.c.error_at(&self.c.place(), what, remedy));
            }
            list.push(item(self)?);
        }
        Ok(list)
    }

    fn any(&mut self) -> Result<Condition, Reported> {
        Ok(one_or(self.list("|", Self::all)?, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Reported> {
        Ok(one_or(self.list("&", Self::unary)?, Condition::All))
    }

    fn unary(&mut self) -> Result<Condition, Reported> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.c.unexpected("a condition that is nested less deeply"));
        }
        let condition = if self.c.accept("!") {
            if !matches!(self.c.peek(), Tok::Sym("(") | Tok::Word(_)) {
                return Err(self.c.unexpected("a field, `field[n]` or `(` after `!`"));
            }
            let at = self.c.place();
            let inner = self.unary()?;
            // `!sf == 1` reads as one thing and would be another.
            if matches!(inner, Condition::Compare(..)) && self.parenthesised_before() == Some(false)
            {
                let what = "`!` before a comparison";
                return Err(self.c.error_at(&at, what, "put the comparison in parentheses"));
            }
            Condition::Not(Box::new(inner))
        } else if self.c.accept("(") {
            let inner = self.any()?;
            self.c.symbol(")")?;
            inner
        } else {
            self.comparison()?
        };
        self.depth -= 1;
        Ok(condition)
    }

    /// Whether the token before the cursor closes a parenthesis.
    fn parenthesised_before(&self) -> Option<bool> {
        self.c.previous().map(|tok| tok == Tok::Sym(")"))
    }

    fn comparison(&mut self) -> Result<Condition, Reported> {
        let at = self.c.place();
        let left = self.operand()?;
        let comparison = match self.c.peek() {
            Tok::Sym("==") => Comparison::Eq,
            Tok::Sym("!=") => Comparison::Ne,
            Tok::Sym("<") => Comparison::Lt,
            Tok::Sym("<=") => Comparison::Le,
            Tok::Sym(">") => Comparison::Gt,
            Tok::Sym(">=") => Comparison::Ge,
            _ if matches!(left, Operand::Const(_)) => {
                return Err(self.c.unexpected("a comparison after a constant"));
            }
            _ => return Ok(Condition::NonZero(left)),
        };
        self.c.next();
        let right = self.operand()?;
        match (&left, &right) {
            (Operand::Const(_), Operand::Const(_)) => {
                let remedy = "compare with a field";
                Err(self.c.error_at(&at, "comparison of two constants", remedy))
            }
            (Operand::Bits { width, .. }, Operand::Const(n))
            | (Operand::Const(n), Operand::Bits { width, .. })
                if *n > ones(*width) =>
            {
                let what = format!("{n} does not fit into {width} bits");
                let remedy = format!("the field reaches {} at most", ones(*width));
                Err(self.c.error_at(&at, what, remedy))
            }
            _ => Ok(Condition::Compare(left, comparison, right)),
        }
    }

    fn operand(&mut self) -> Result<Operand, Reported> {
        let at = self.c.place();
        let Tok::Word(word) = self.c.peek() else {
            return Err(self.c.unexpected("a field, a constant, `!` or `(`"));
        };
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            return Ok(Operand::Const(self.c.number("a number (decimal, 0x or 0b, 32 bits)")?));
        }
        self.c.next();
        let name = word.to_ascii_lowercase();
        let Some(field) = self.fields.iter().find(|f| f.name == name) else {
            let names: Vec<&str> = self.fields.iter().map(|f| f.name.as_str()).collect();
            let remedy = if names.is_empty() {
                "the pattern has no fields".to_owned()
            } else {
                format!("the pattern has {}", names.join(", "))
            };
            return Err(self.c.error_at(
                &at,
                format!("unknown field {}", describe(Tok::Word(word))),
                remedy,
            ));
        };
        let (lo, width) = (field.lo, field.width);
        if !self.c.accept("[") {
            return Ok(Operand::Bits { lo, width });
        }
        let bit = self.c.number("the number of a bit of the field")?;
        self.c.symbol("]")?;
        if bit >= width {
            let what = format!("`{name}` has no bit {bit}");
            return Err(self.c.error_at(&at, what, format!("its bits are 0 to {}", width - 1)));
        }
        Ok(Operand::Bits { lo: lo + bit, width: 1 })
    }
}
