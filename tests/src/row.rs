//! Rows of `test exec a64` files: bytes and state before => state after.
//!
//! ```text
//! [20 0c 02 8b] x1=1 x2=2 nzcv=6 => x0=0x11       ; add x0, x1, x2, lsl #3
//! [20 84 40 f8] x1=unmapped => fault data unmapped
//! ```
//! What a row does not list before has a distinctive default; what it does not list after must be unchanged, and PC must be
//! behind the code. Values: numbers, `mem`, `unmapped`, `pc` (the first instruction's address), each with `+n` or `-n`.
//! `mem+16=0102` before or after are bytes of the data page. Other ends than running through: `fault data|align|fetch ADDR`,
//! `undefined`, `breakpoint`, `syscall N`; `@4` after them says at which byte of the code.

use std::fmt::{self, Write};

use anyhow::{Context, Result, bail, ensure};

use crate::case::{CODE, Case, DATA, DATA_BYTES, End, Layout, Leave, Memory, Outcome, UNMAPPED};
use crate::listing;
use crate::state::State;

/// The part of a row after `=>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// `?`: to be filled in by the oracle.
    Unknown,
    /// An end and what has changed.
    Known(End, u64, Vec<Setting>),
}

/// `name=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    name: String,
    value: String,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The instructions.
    pub code: Vec<u32>,
    /// What is set before.
    pub before: Vec<Setting>,
    /// What must come of it.
    pub expected: Expected,
    /// After `;`.
    pub comment: String,
}

impl Setting {
    /// A register or memory setting.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }

    fn parse(word: &str) -> Result<Self> {
        let (name, value) =
            word.split_once('=').with_context(|| format!("`{word}` is no `name=value`"))?;
        Ok(Self::new(name, value))
    }

    /// Applies it to the registers or to the data; `pc` is the first instruction's address.
    fn apply(&self, state: &mut State, data: &mut [u8], pc: u64) -> Result<()> {
        let Self { name, value } = self;
        if name.starts_with("mem") {
            let at = (parse_value(name, pc)? as u64).wrapping_sub(DATA) as usize;
            let bytes = parse_bytes(value)?;
            ensure!(
                at < DATA_BYTES && at + bytes.len() <= DATA_BYTES,
                "{name} is outside of the data"
            );
            data[at..at + bytes.len()].copy_from_slice(&bytes);
            return Ok(());
        }
        let value = parse_value(value, pc)?;
        match name.as_str() {
            "sp" => state.sp = value as u64,
            "pc" => state.pc = value as u64,
            "nzcv" => state.nzcv = value as u8,
            "fpcr" => state.fpcr = value as u32,
            "fpsr" => state.fpsr = value as u32,
            _ => {
                let unknown = || format!("`{name}` is no register");
                let number: usize =
                    name.get(1..).and_then(|n| n.parse().ok()).with_context(unknown)?;
                match name.as_bytes()[0] {
                    b'x' => *state.x.get_mut(number).with_context(unknown)? = value as u64,
                    b'v' => *state.v.get_mut(number).with_context(unknown)? = value,
                    _ => bail!(unknown()),
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.value)
    }
}

impl Row {
    /// Parses a line.
    pub fn parse(line: &str) -> Result<Self> {
        let (line, comment) = match line.split_once(';') {
            Some((line, comment)) => (line, comment.trim()),
            None => (line, ""),
        };
        let rest = line.trim().strip_prefix('[').context("a row begins with `[bytes]`")?;
        let (bytes, rest) = rest.split_once(']').context("`[` is not closed")?;
        let bytes = parse_bytes(bytes)?;
        ensure!(!bytes.is_empty() && bytes.len() % 4 == 0, "instructions have four bytes each");
        let code = bytes
            .chunks_exact(4)
            .map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")))
            .collect();
        let (before, after) = rest.split_once("=>").context("a row has `=>`")?;
        let before = before.split_whitespace().map(Setting::parse).collect::<Result<_>>()?;
        Ok(Self { code, before, expected: Expected::parse(after.trim())?, comment: comment.into() })
    }

    /// The case that it describes, and the data before.
    pub fn case(&self) -> Result<Case> {
        let mut state = State { sp: DATA + DATA_BYTES as u64 / 2, ..State::distinct() };
        let mut data = [0; DATA_BYTES];
        Memory::Counting.fill(&mut data);
        for setting in &self.before {
            setting.apply(&mut state, &mut data, self.pc()).with_context(|| setting.to_string())?;
        }
        Ok(Case {
            code: self.code.clone(),
            literals: Vec::new(),
            leave: Leave::Trap,
            state,
            memory: Memory::Image(Box::new(data)),
        })
    }

    /// Where the code lies: a row always runs alone.
    pub fn pc(&self) -> u64 {
        let case = Case {
            code: self.code.clone(),
            literals: Vec::new(),
            leave: Leave::Trap,
            state: State::distinct(),
            memory: Memory::Counting,
        };
        Layout::of(&[case]).places[0].pc
    }

    /// What an engine or the oracle made of the row, as the part after `=>`.
    pub fn render(&self, outcome: &Outcome) -> Result<String> {
        let case = self.case()?;
        let pc = self.pc();
        let behind = pc + 4 * self.code.len() as u64;
        let mut parts = Vec::new();
        let mut after = outcome.state.clone();
        let inside = (pc..behind).contains(&after.pc);
        let end = match outcome.end {
            // The filler, or nothing at all, at the end of a branch: PC tells.
            End::Signal { number: libc::SIGTRAP, .. } if !inside => None,
            End::Signal { number: libc::SIGSEGV, address } if address == after.pc && !inside => {
                None
            }
            End::Left => bail!("left by a branch to {CODE:#x}"),
            end => Some(end),
        };
        if let Some(end) = end {
            let mut text = render_end(end, pc)?;
            let at = match end {
                // PC is behind a system call already.
                End::Call { .. } => after.pc.wrapping_sub(pc + 4),
                _ => after.pc.wrapping_sub(pc),
            };
            if at != 0 {
                write!(text, " @{at}")?;
            }
            parts.push(text);
            after.pc = behind;
        }
        let before = State { pc: behind, ..case.state.clone() };
        for difference in before.differences(&after) {
            let value = match difference.name.as_str() {
                name if name.starts_with('v') => listing::value(name, difference.right),
                name if name.starts_with('x') || name == "sp" || name == "pc" => {
                    render_address(difference.right as u64, pc)
                }
                name => listing::value(name, difference.right),
            };
            parts.push(format!("{}={value}", difference.name));
        }
        let Memory::Image(data) = &case.memory else { unreachable!("rows have images") };
        if let Some(now) = &outcome.data {
            parts.extend(render_memory(&data[..], now));
        }
        if parts.is_empty() {
            parts.push("same".into());
        }
        Ok(parts.join(" "))
    }

    /// The row with this after `=>`.
    pub fn with_expected(&self, expected: &str) -> String {
        let mut text = String::from("[");
        let bytes: Vec<String> = self
            .code
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .map(|byte| format!("{byte:02x}"))
            .collect();
        text += &bytes.join(" ");
        text += "]";
        for setting in &self.before {
            let _ = write!(text, " {setting}");
        }
        let _ = write!(text, " => {expected}");
        if !self.comment.is_empty() {
            let _ = write!(text, " ; {}", self.comment);
        }
        text
    }

    /// Checks an outcome of the oracle or of an engine; the error says what differs.
    pub fn check(&self, outcome: &Outcome) -> Result<()> {
        let Expected::Known(end, at, changes) = &self.expected else {
            bail!("`?` is to be filled in: `cargo xtask oracle rows FILE`");
        };
        let case = self.case()?;
        let pc = self.pc();
        let Memory::Image(mut data) = case.memory.clone() else { unreachable!("rows have images") };
        let mut state = case.state.clone();
        state.pc = pc + 4 * self.code.len() as u64;
        for change in changes {
            change.apply(&mut state, &mut data[..], pc).with_context(|| change.to_string())?;
        }
        // Both as text: what is not listed is compared as well, and values are told in the row's own terms.
        let wanted = match end {
            End::Left => Outcome {
                end: End::Signal { number: libc::SIGTRAP, address: 0 },
                state,
                hash: 0,
                data: Some(data.to_vec()),
            },
            end => {
                let behind = u64::from(matches!(end, End::Call { .. })) * 4;
                let state = State { pc: pc + at + behind, ..state };
                Outcome { end: *end, state, hash: 0, data: Some(data.to_vec()) }
            }
        };
        let (wanted, got) = (self.render(&wanted)?, self.render(outcome)?);
        ensure!(wanted == got, "expected {wanted}\n       got {got}");
        Ok(())
    }
}

impl Expected {
    fn parse(text: &str) -> Result<Self> {
        if text == "?" {
            return Ok(Self::Unknown);
        }
        let mut words: Vec<&str> = text.split_whitespace().collect();
        let address = |words: &[&str]| -> Result<u64> {
            let word = words.get(2).context("a fault has an address")?;
            // Fault addresses are never relative to the code, but for fetches.
            Ok(parse_value(word, FAULT_PC)? as u64)
        };
        let signal = |number, address| End::Signal { number, address };
        let (end, used) = match words.as_slice() {
            ["fault", "data", ..] => (signal(libc::SIGSEGV, address(&words)?), 3),
            ["fault", "align", ..] => (signal(libc::SIGBUS, address(&words)?), 3),
            ["undefined", ..] => (signal(libc::SIGILL, 0), 1),
            ["breakpoint", ..] => (signal(libc::SIGTRAP, 0), 1),
            ["syscall", number, ..] => (End::Call { imm: parse_value(number, 0)? as u64 }, 2),
            ["same", ..] => (End::Left, 1),
            [] => bail!("nothing after `=>`: write `same` where nothing changes"),
            _ => (End::Left, 0),
        };
        words.drain(..used);
        let mut at = 0;
        if let Some(offset) = words.first().and_then(|word| word.strip_prefix('@')) {
            at = offset.parse()?;
            words.remove(0);
        }
        let changes = words.into_iter().map(Setting::parse).collect::<Result<_>>()?;
        Ok(Self::Known(end, at, changes))
    }
}

/// No row's fault address is written relative to the code.
const FAULT_PC: u64 = 0;

fn render_end(end: End, pc: u64) -> Result<String> {
    Ok(match end {
        End::Signal { number: libc::SIGSEGV, address } => {
            format!("fault data {}", render_address(address, pc))
        }
        End::Signal { number: libc::SIGBUS, address } => {
            format!("fault align {}", render_address(address, pc))
        }
        End::Signal { number: libc::SIGILL, .. } => "undefined".into(),
        End::Signal { number: libc::SIGTRAP, .. } => "breakpoint".into(),
        End::Call { imm } => format!("syscall {imm:#x}"),
        End::Unimplemented(class) => format!("unimplemented: {class}"),
        end => bail!("an end that no row has: {end:?}"),
    })
}

fn render_address(value: u64, pc: u64) -> String {
    let near = |name: &str, base: u64, reach: u64| {
        let offset = value.wrapping_sub(base) as i64;
        (offset.unsigned_abs() <= reach).then(|| match offset {
            0 => name.to_owned(),
            1.. => format!("{name}+{offset:#x}"),
            _ => format!("{name}-{:#x}", offset.unsigned_abs()),
        })
    };
    near("unmapped", UNMAPPED, 0x1000)
        .or_else(|| near("mem", DATA, 0x6000))
        .or_else(|| near("pc", pc, 1 << 28))
        .unwrap_or_else(|| listing::value("x", value.into()))
}

fn render_memory(before: &[u8], after: &[u8]) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < before.len() {
        if before[at] == after[at] {
            at += 1;
            continue;
        }
        // A store's bytes stay together, even where one happens to be as before.
        let last = (at..before.len().min(at + 64))
            .rev()
            .find(|&i| before[i] != after[i])
            .expect("the first differs");
        let hex: String = after[at..=last].iter().map(|byte| format!("{byte:02x}")).collect();
        let name = if at == 0 { "mem".into() } else { format!("mem+{at:#x}") };
        parts.push(format!("{name}={hex}"));
        at = last + 1;
    }
    parts
}

fn parse_bytes(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    ensure!(digits.len().is_multiple_of(2), "`{text}`: a byte has two digits");
    digits
        .chunks_exact(2)
        .map(|pair| {
            let pair = std::str::from_utf8(pair)?;
            u8::from_str_radix(pair, 16).with_context(|| format!("`{pair}` is no byte"))
        })
        .collect()
}

/// A number, or `mem`, `unmapped`, `pc` with an offset.
fn parse_value(text: &str, pc: u64) -> Result<u128> {
    for (name, base) in [("mem", DATA), ("unmapped", UNMAPPED), ("pc", pc)] {
        let Some(offset) = text.strip_prefix(name) else { continue };
        let value = match offset.as_bytes().first() {
            None => base,
            Some(b'+') => base.wrapping_add(parse_number(&offset[1..])? as u64),
            Some(b'-') => base.wrapping_sub(parse_number(&offset[1..])? as u64),
            _ => bail!("`{text}` is no value"),
        };
        return Ok(value.into());
    }
    match text.strip_prefix('-') {
        Some(number) => Ok((parse_number(number)? as u64).wrapping_neg().into()),
        None => parse_number(text),
    }
}

fn parse_number(text: &str) -> Result<u128> {
    let digits = text.replace('_', "");
    let parsed = match digits.strip_prefix("0x") {
        Some(hex) => u128::from_str_radix(hex, 16),
        None => digits.parse(),
    };
    parsed.with_context(|| format!("`{text}` is no number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_printed_as_they_were_read() {
        for line in [
            "[20 0c 02 8b] x1=1 x2=2 nzcv=6 => x0=0x11 ; add x0, x1, x2, lsl #3",
            "[20 84 40 f8] x1=unmapped => fault data unmapped",
            "[1f 20 03 d5] => same",
        ] {
            let row = Row::parse(line).unwrap();
            let (_, expected) = line.split(';').next().unwrap().split_once("=> ").unwrap();
            assert_eq!(row.with_expected(expected.trim()), line);
        }
    }

    #[test]
    fn malformed_rows_are_refused() {
        for line in ["", "[20 0c 02] => same", "[20 0c 02 8b] x1 => same", "[20 0c 02 8b] =>"] {
            assert!(Row::parse(line).is_err(), "{line}");
        }
        assert!(Row::parse("[1f 20 03 d5] x31=1 => same").unwrap().case().is_err());
    }
}
