//! Reads the text form. See [`super`] for it.
//!
//! Reading checks names and numbers, not rules: a text that breaks a rule of the verifier can be read, so that
//! the verifier's own tests can be written as text.

use super::lex::{Lexer, ParseError, Token};
use super::print::wait_word;
use super::words;
use crate::block::{Block, Exception, Hint, Term, Wait};
use crate::contract::GuestDesc;
use crate::inst::{Inst, Value};
use crate::op::{ImmKind, Op};
use crate::region::{Inlined, Region};
use crate::ty::Shape;
use std::collections::HashMap;

type Result<T> = std::result::Result<T, ParseError>;

/// Reads one block; nothing but comments may follow.
///
/// # Errors
/// The first place that does not read.
pub fn parse_block(desc: &GuestDesc, text: &str) -> Result<Block> {
    let mut p = Parser { desc, lex: Lexer::new(text), names: HashMap::new() };
    p.lex.skip_lines();
    let block = p.block()?;
    p.end()?;
    Ok(block)
}

/// Reads one region; nothing but comments may follow.
///
/// # Errors
/// The first place that does not read.
pub fn parse_region(desc: &GuestDesc, text: &str) -> Result<Region> {
    let mut p = Parser { desc, lex: Lexer::new(text), names: HashMap::new() };
    let mut region = Region::default();
    p.lex.skip_lines();
    p.lex.expect("region")?;
    p.lex.expect("{")?;
    p.lex.skip_lines();
    while p.lex.peek() == Some("block") {
        region.blocks.push(p.block()?);
        p.lex.skip_lines();
    }
    if p.lex.eat("entries") {
        region.entries.push(p.lex.number("an index")?);
        while p.lex.eat(",") {
            region.entries.push(p.lex.number("an index")?);
        }
        p.lex.skip_lines();
    }
    while p.lex.eat("inlined") {
        let call = p.lex.number("an index")?;
        p.lex.expect(",")?;
        let first = p.lex.number("an index")?;
        p.lex.expect(",")?;
        let blocks = first..p.lex.number("an index")?;
        region.inlined.push(Inlined { call, blocks });
        p.lex.skip_lines();
    }
    p.lex.expect("}")?;
    p.end()?;
    Ok(region)
}

struct Parser<'a> {
    desc: &'a GuestDesc,
    lex: Lexer<'a>,
    names: HashMap<&'a str, Value>,
}

impl<'a> Parser<'a> {
    fn end(&mut self) -> Result<()> {
        self.lex.skip_lines();
        match self.lex.next("") {
            Err(_) => Ok(()),
            Ok(t) => Err(t.error("the end expected")),
        }
    }

    fn block(&mut self) -> Result<Block> {
        self.names.clear();
        self.lex.expect("block")?;
        let mut block = Block::new(self.lex.number("an address")?);
        block.len = self.lex.keyed("len")?;
        block.guest_insns = self.lex.keyed("insns")?;
        block.fp_exact = self.lex.eat("fp_exact");
        self.lex.expect("{")?;
        self.lex.expect("\n")?;
        loop {
            self.lex.skip_lines();
            let first = self.lex.next("an instruction or terminal")?;
            if let Some(term) = self.term(first)? {
                block.term = term;
                break;
            }
            let value = Value(block.insts.len() as u32);
            let named = self.lex.eat("=");
            let op = if named { self.lex.next("an op")? } else { first };
            let inst = self.inst(op)?;
            let has_value = inst.op.info().result.resolve(inst.shape, inst.from).is_some();
            if named != has_value {
                let what = if named { "no name: the op has no result" } else { "v… =" };
                return Err(first.error(format!("{what} expected")));
            }
            if named && self.names.insert(self.value_name(first)?, value).is_some() {
                return Err(first.error("a new name expected"));
            }
            block.insts.push(inst);
            self.lex.expect("\n")?;
        }
        self.lex.skip_lines();
        self.lex.expect("}")?;
        Ok(block)
    }

    fn value_name(&self, t: Token<'a>) -> Result<&'a str> {
        let digits = t.text.strip_prefix('v').unwrap_or("");
        let good = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        if good { Ok(t.text) } else { Err(t.error("a value expected")) }
    }

    fn value(&mut self) -> Result<Value> {
        let t = self.lex.next("a value")?;
        let name = self.value_name(t)?;
        match self.names.get(name) {
            Some(&v) => Ok(v),
            None => Err(t.error("a value defined before expected")),
        }
    }

    fn inst(&mut self, t: Token<'a>) -> Result<Inst> {
        let mut parts = t.text.split('.');
        let op = parts.next().and_then(Op::parse).ok_or_else(|| t.error("an op expected"))?;
        let mut shape = || match parts.next() {
            None => Ok(None),
            Some(s) => Shape::parse(s).map(Some).ok_or_else(|| t.error("a shape expected")),
        };
        let to = shape()?.unwrap_or(Shape::None);
        let from = shape()?.unwrap_or(to);
        if parts.next().is_some() {
            return Err(t.error("at most two shapes expected"));
        }
        let mut inst = Inst { op, shape: to, from, args: [Value::NONE; 4], imm: 0 };
        let kind = op.info().imm;
        let mut comma = false;
        if matches!(kind, ImmKind::Slot | ImmKind::Helper | ImmKind::Const | ImmKind::Pc) {
            inst.imm = self.leading(kind)?;
            // After a helper's name the comma separates it from its arguments, as after a slot's.
            comma = true;
        }
        let mut count = 0;
        loop {
            let more = if comma || count > 0 { self.lex.eat(",") } else { self.at_operand() };
            if !more {
                break;
            }
            if kind == ImmKind::Index && count == op.info().args.len() {
                inst.imm = self.lex.number("an amount or index")?;
                break;
            }
            let value = self.value()?;
            let Some(place) = inst.args.get_mut(count) else {
                return Err(t.error("at most four arguments expected"));
            };
            *place = value;
            count += 1;
        }
        if self.lex.at_key("imm") {
            inst.imm = self.lex.keyed("imm")?;
        } else {
            self.words(&mut inst)?;
        }
        Ok(inst)
    }

    /// Does an argument follow the op?
    fn at_operand(&self) -> bool {
        let value = |t: &str| t.strip_prefix('v').is_some_and(|d| d.parse::<u32>().is_ok());
        self.lex.peek().is_some_and(value)
    }

    fn leading(&mut self, kind: ImmKind) -> Result<u128> {
        let t = self.lex.next("an operand")?;
        let numbered = |prefix: &str| t.text.strip_prefix(prefix).and_then(|n| n.parse().ok());
        match kind {
            ImmKind::Slot => match self.desc.layout.find(t.text) {
                Some(slot) => Ok(slot.0 as u128),
                None => numbered("slot#").ok_or_else(|| t.error("a slot expected")),
            },
            ImmKind::Helper => match self.desc.helpers.iter().position(|h| h.name == t.text) {
                Some(helper) => Ok(helper as u128),
                None => numbered("helper#").ok_or_else(|| t.error("a helper expected")),
            },
            _ => t.number(t.text, "a number"),
        }
    }

    fn words(&mut self, inst: &mut Inst) -> Result<()> {
        let mut tokens = Vec::new();
        while self.lex.peek().is_some_and(|t| t != "\n") {
            tokens.push(self.lex.next("a word")?);
        }
        let words: Vec<&str> = tokens.iter().map(|t| t.text).collect();
        let by_words = !matches!(
            inst.op.info().imm,
            ImmKind::Slot | ImmKind::Helper | ImmKind::Const | ImmKind::Pc | ImmKind::Index
        );
        match words::read(inst.op, &words) {
            Ok(imm) if by_words => inst.imm = imm,
            Ok(_) => {}
            Err(word) => {
                return Err(match tokens.iter().find(|t| t.text == word) {
                    Some(t) => t.error("another word expected"),
                    None => {
                        let end = self.lex.next("a word")?;
                        end.error(format!("{word} expected"))
                    }
                });
            }
        }
        Ok(())
    }

    /// A terminal, if `t` begins one.
    fn term(&mut self, t: Token<'a>) -> Result<Option<Term>> {
        let address = "an address";
        let term = match t.text {
            "goto" => {
                let pc = self.lex.number(address)?;
                let ret = if self.lex.at_key("ret") { Some(self.lex.keyed("ret")?) } else { None };
                Term::Goto { pc, ret, sync: self.lex.eat("sync") }
            }
            "branch" => {
                let cond = self.value()?;
                self.lex.expect(",")?;
                let then = self.lex.number(address)?;
                self.lex.expect(",")?;
                Term::Branch { cond, then, other: self.lex.number(address)? }
            }
            "indirect" => Term::Indirect { target: self.value()?, hint: self.hint()? },
            "syscall" => {
                let imm = self.lex.number("an immediate")?;
                Term::Syscall { imm, next: self.lex.keyed("next")? }
            }
            "exception" => {
                let pc = self.lex.number(address)?;
                Term::Exception { pc, exception: self.exception()? }
            }
            "wait" => {
                let t = self.lex.next("what it waits for")?;
                let known = [Wait::Interrupt, Wait::Event, Wait::Yield];
                let wait = known.into_iter().find(|&w| wait_word(w) == t.text);
                let wait = wait.ok_or_else(|| t.error("interrupt, event or yield expected"))?;
                Term::Wait { wait, next: self.lex.keyed("next")? }
            }
            _ => return Ok(None),
        };
        self.lex.expect("\n")?;
        Ok(Some(term))
    }

    fn hint(&mut self) -> Result<Hint> {
        let t = self.lex.next("a hint")?;
        match t.text {
            "jump" => Ok(Hint::Jump),
            "call" => Ok(Hint::Call { ret: self.lex.keyed("ret")? }),
            "return" => Ok(Hint::Return),
            _ => Err(t.error("jump, call or return expected")),
        }
    }

    fn exception(&mut self) -> Result<Exception> {
        let t = self.lex.next("an exception")?;
        Ok(match t.text {
            "breakpoint" => Exception::Breakpoint(self.lex.number("an immediate")?),
            "undefined" => Exception::Undefined(self.lex.number("the bytes")?),
            "privileged" => Exception::Privileged(self.lex.number("an immediate")?),
            "fetch" => Exception::Fetch,
            "branch_target" => Exception::BranchTarget,
            "stack_align" => Exception::StackAlign,
            "unimplemented" => {
                let t = self.lex.next("a class")?;
                let class = t.text.strip_prefix('"').and_then(|s| s.strip_suffix('"'));
                let class = class.ok_or_else(|| t.error("a quoted class expected"))?;
                // A block names its class by a static string; texts are read by tests and tools only.
                let class = String::from(class).leak();
                Exception::Unimplemented { class, bytes: self.lex.number("the bytes")? }
            }
            _ => return Err(t.error("an exception expected")),
        })
    }
}
