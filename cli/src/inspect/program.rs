//! The file under inspection: its code by address, its functions by name.
//!
//! Invariant: what is fetched are the file's bytes in an executable segment, as a fresh process would see them.

use crate::failure::Failure;
use anyhow::{Context, Error, anyhow};
use goblin::elf::Elf;
use goblin::elf::sym::{STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE};
use isamorph_ir::{CodeSource, Frontend};
use isamorph_linux_user::abi::{GuestAbi, a64};
use isamorph_linux_user::address_space::Plan;
use isamorph_linux_user::elf::{Image, Placement, Segment};
use isamorph_linux_user::sysroot::{Last, Sysroot};
use isamorph_linux_user::vma::Prot;
use std::ffi::{CString, OsStr};
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How many names an error suggests.
const SUGGESTIONS: usize = 5;

/// A function's symbol.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    /// Its address in the file.
    pub addr: u64,
    /// Its bytes, 0 if the file does not say.
    pub size: u64,
    /// Its name.
    pub name: String,
}

/// A program's file.
#[derive(Debug)]
pub struct Program {
    name: String,
    host_name: String,
    bytes: Vec<u8>,
    image: Image,
    /// Ascending by address.
    symbols: Vec<Symbol>,
}

impl Program {
    /// Reads and checks a file.
    pub fn open(path: &Path, sysroot: Option<&Path>) -> Result<Program, Failure> {
        let name = path.display().to_string();
        let cannot = || format!("`{name}` cannot be inspected");
        let host = in_sysroot(path, sysroot)?;
        let bytes = std::fs::read(&host).map_err(|error| {
            let missing = error.kind() == ErrorKind::NotFound;
            let status = if missing { Failure::NOT_FOUND } else { Failure::UNUSABLE };
            Failure::new(status, Error::new(error).context(cannot()))
        })?;
        if bytes.starts_with(b"#!") {
            let error =
                anyhow!("it is a script: inspect the interpreter that its first line names");
            return Err(Failure::new(Failure::UNUSABLE, error.context(cannot())));
        }
        let layout = &isamorph_a64::A64.desc().layout;
        let image = Image::parse(&bytes[..], a64::A64::new(layout)?.target())
            .with_context(cannot)
            .map_err(|error| Failure::new(Failure::UNUSABLE, error))?;
        let symbols = symbols(&bytes, &image);
        let host_name = std::fs::canonicalize(&host).unwrap_or(host).display().to_string();
        Ok(Program { name, host_name, bytes, image, symbols })
    }

    /// The file's name, as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file's own name on the host: links are followed.
    pub fn host_name(&self) -> &str {
        &self.host_name
    }

    /// The address of the code at this offset of the file.
    pub fn address_of(&self, offset: u64) -> Option<u64> {
        let inside = |s: &&Segment| offset >= s.offset && offset - s.offset < s.file_size;
        self.code().find(inside).map(|s| s.addr + (offset - s.offset))
    }

    /// Address of the first instruction.
    pub fn entry(&self) -> u64 {
        self.image.entry
    }

    /// What is added to its addresses when it is run.
    pub fn load_bias(&self) -> u64 {
        match self.image.placement {
            Placement::Fixed => 0,
            Placement::Anywhere => Plan::WIDE.pie_base,
        }
    }

    /// Its functions, ascending by address.
    pub fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// The address of the function of this name.
    pub fn function(&self, name: &str) -> Result<u64, Error> {
        if let Some(symbol) = self.symbols.iter().find(|s| s.name == name) {
            return Ok(symbol.addr);
        }
        if self.symbols.is_empty() {
            return Err(self.stripped());
        }
        let similar = similar(name, self.symbols.iter().map(|s| &*s.name));
        let hint = match &similar[..] {
            [] => String::from("--list shows all functions"),
            names => format!("did you mean {}? --list shows all functions", names.join(", ")),
        };
        Err(anyhow!("`{}` has no function `{name}`: {hint}", self.name))
    }

    /// The function at this address and the distance from its begin.
    pub fn symbol_at(&self, addr: u64) -> Option<(&Symbol, u64)> {
        let after = self.symbols.partition_point(|s| s.addr <= addr);
        let symbol = &self.symbols[after.checked_sub(1)?];
        let at = addr - symbol.addr;
        (at == 0 || at < symbol.size).then_some((symbol, at))
    }

    /// Fails unless there is an instruction at `pc`.
    pub fn check_code(&self, pc: u64) -> Result<(), Error> {
        let shift = isamorph_a64::A64.desc().insn_shift;
        if pc & ((1 << shift) - 1) != 0 {
            let unit = 1 << shift;
            return Err(anyhow!("{pc:#x} is no instruction's address: give a multiple of {unit}"));
        }
        if self.fetch(pc, &mut [0; 4]) == 4 {
            return Ok(());
        }
        let ranges: Vec<String> =
            self.code().map(|s| format!("{:#x} to {:#x}", s.addr, s.addr + s.file_size)).collect();
        let where_it_is = match &ranges[..] {
            [] => String::from("it has none at all"),
            ranges => format!("its code lies at {}", ranges.join(", ")),
        };
        Err(anyhow!("`{}` has no code at {pc:#x}: {where_it_is}", self.name))
    }

    fn code(&self) -> impl Iterator<Item = &Segment> {
        self.image.segments.iter().filter(|s| s.prot.contains(Prot::EXEC) && s.file_size > 0)
    }
}

impl CodeSource for Program {
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize {
        let inside = |s: &&Segment| addr >= s.addr && addr - s.addr < s.file_size;
        let Some(segment) = self.code().find(inside) else { return 0 };
        let at = addr - segment.addr;
        let count = buf.len().min((segment.file_size - at) as usize);
        let from = (segment.offset + at) as usize;
        buf[..count].copy_from_slice(&self.bytes[from..from + count]);
        count
    }
}

/// The names most like the wanted one, best first: those with few letters changed, then those that hold it or
/// that it holds.
fn similar<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let rank = |name: &'a str| {
        let lower = name.to_lowercase();
        let edits = distance(&wanted, &lower);
        let held = lower.contains(&wanted) || (lower.len() > 2 && wanted.contains(&lower));
        let near = edits <= 1 + wanted.len() / 4;
        (near || held).then_some((!near, edits, name))
    };
    let mut ranked: Vec<_> = names.filter_map(rank).collect();
    ranked.sort_unstable();
    ranked.dedup();
    ranked.into_iter().take(SUGGESTIONS).map(|(_, _, name)| name).collect()
}

/// Letters to insert, delete or replace to make one word of the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, other) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(letter != *other);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Where on the host the file lies that the guest would see at `path`.
pub fn in_sysroot(path: &Path, sysroot: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(root) = sysroot else { return Ok(path.into()) };
    let sysroot = Sysroot::new(root)
        .with_context(|| format!("sysroot `{}` (option -L)", root.display()))
        .map_err(|error| Failure::new(Failure::UNUSABLE, error))?;
    let path = CString::new(path.as_os_str().as_bytes())?;
    Ok(OsStr::from_bytes(sysroot.resolve(&path, Last::Follow).to_bytes()).into())
}

/// The functions that the file names. A file whose tables are damaged has none: its code can still be looked at.
fn symbols(bytes: &[u8], image: &Image) -> Vec<Symbol> {
    let Ok(elf) = Elf::parse(bytes) else { return vec![] };
    let code = |addr: u64| {
        let inside = |s: &Segment| addr >= s.addr && addr - s.addr < s.size;
        image.segments.iter().any(|s| s.prot.contains(Prot::EXEC) && inside(s))
    };
    let tables = [(&elf.syms, &elf.strtab), (&elf.dynsyms, &elf.dynstrtab)];
    let mut symbols: Vec<Symbol> = Vec::new();
    for (table, names) in tables {
        for symbol in table.iter() {
            let function = [STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE].contains(&symbol.st_type());
            if !function || symbol.st_shndx == 0 || !code(symbol.st_value) {
                continue;
            }
            // `$x` and its kin mark code and data for disassemblers.
            let Some(name) =
                names.get_at(symbol.st_name).filter(|n| !n.is_empty() && !n.starts_with('$'))
            else {
                continue;
            };
            symbols.push(Symbol { addr: symbol.st_value, size: symbol.st_size, name: name.into() });
        }
    }
    symbols.sort();
    symbols.dedup();
    symbols
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_few_letters_changed_come_first() {
        let names = ["printf", "main", "fibonacci", "sift", "fprintf", "sift_down"];
        let similar = |wanted| similar(wanted, names.into_iter());
        assert_eq!(similar("fibonaci"), ["fibonacci"]);
        assert_eq!(similar("print"), ["printf", "fprintf"]);
        assert_eq!(similar("shift"), ["sift"]);
        assert_eq!(similar("Sift"), ["sift", "sift_down"]);
        assert!(similar("zzzzzz").is_empty());
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
