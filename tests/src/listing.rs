//! Registers and code as text, for reports and test rows.

use isamorph_a64::A64;
use isamorph_ir::{CodeSource, Frontend, Mode};

use crate::state::State;

/// One word at one address.
struct Word(u32);

impl CodeSource for Word {
    fn fetch(&self, _: u64, buf: &mut [u8]) -> usize {
        let bytes = self.0.to_le_bytes();
        let count = buf.len().min(4);
        buf[..count].copy_from_slice(&bytes[..count]);
        count
    }
}

/// The instruction as assembly.
pub fn disassemble(word: u32, pc: u64) -> String {
    A64.disassemble(&Word(word), pc, Mode::default()).0
}

/// The value of a register by its name.
pub fn register(state: &State, name: &str) -> String {
    let Some(number) = read(state, name) else { return "?".into() };
    value(name, number)
}

/// A register's value by its name (`x3`, `sp`, `v7`, `nzcv`).
pub fn read(state: &State, name: &str) -> Option<u128> {
    Some(match name {
        "sp" => state.sp.into(),
        "pc" => state.pc.into(),
        "nzcv" => state.nzcv.into(),
        "fpcr" => state.fpcr.into(),
        "fpsr" => state.fpsr.into(),
        _ => {
            let number: usize = name.get(1..)?.parse().ok()?;
            match name.as_bytes()[0] {
                b'x' => (*state.x.get(number)?).into(),
                b'v' => *state.v.get(number)?,
                _ => return None,
            }
        }
    })
}

/// A value as this register shows it: vectors in 32-bit groups.
pub fn value(name: &str, value: u128) -> String {
    if name.starts_with('v') {
        let group = |n: u32| (value >> (32 * n)) as u32;
        return format!("0x{:08x}_{:08x}_{:08x}_{:08x}", group(3), group(2), group(1), group(0));
    }
    if value < 10 { value.to_string() } else { format!("{value:#x}") }
}

/// `x1=…, v2=…` for every register that `assembly` mentions, under whatever name, and the flags.
pub fn registers_named_in(state: &State, assembly: &str) -> String {
    let mut names = vec!["nzcv".to_owned()];
    for word in assembly.split(|c: char| !c.is_ascii_alphanumeric()) {
        let Some(kind) = word.chars().next() else { continue };
        if word == "sp" || word == "wsp" {
            names.push("sp".into());
        }
        let Ok(number) = word[kind.len_utf8()..].parse::<u32>() else { continue };
        match kind {
            'x' | 'w' if number < 31 => names.push(format!("x{number}")),
            'v' | 'q' | 'd' | 's' | 'h' | 'b' if number < 32 => names.push(format!("v{number}")),
            _ => {}
        }
    }
    if names.iter().any(|name| name.starts_with('v')) {
        names.extend(["fpcr".into(), "fpsr".into()]);
    }
    let mut seen = std::collections::BTreeSet::new();
    names
        .iter()
        .filter(|name| seen.insert(name.as_str()))
        .map(|name| format!("{name}={}", register(state, name)))
        .collect::<Vec<_>>()
        .join(" ")
}
