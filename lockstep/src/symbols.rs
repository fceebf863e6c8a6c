//! Names for guest addresses: from the files that the leader's process has mapped there.

use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;
use std::collections::HashMap;
use std::fs;

/// Finds names in a process's memory.
pub struct Symbols {
    /// Start, end, offset, file.
    maps: Vec<(u64, u64, u64, String)>,
    /// Functions by address in the file, for each file.
    files: HashMap<String, Vec<(u64, u64, String)>>,
}

impl Symbols {
    /// Those of a process in which guest address 0 lies at `base`.
    pub fn of(pid: u32, base: u64) -> Symbols {
        let text = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        let parse = |line: &str| {
            let mut words = line.split_whitespace();
            let (start, end) = words.next()?.split_once('-')?;
            let hex = |text: &str| u64::from_str_radix(text, 16).ok();
            let offset = hex(words.nth(1)?)?;
            let file = words.nth(2)?;
            let guest = |addr: u64| addr.wrapping_sub(base);
            Some((guest(hex(start)?), guest(hex(end)?), offset, file.to_owned()))
        };
        Symbols { maps: text.lines().filter_map(parse).collect(), files: HashMap::new() }
    }

    /// `function+0x10 (file)`, as far as it is known.
    pub fn name(&mut self, addr: u64) -> Option<String> {
        let (start, _, offset, file) =
            self.maps.iter().find(|m| m.0 <= addr && addr < m.1 && m.3.starts_with('/'))?.clone();
        let functions = self.files.entry(file.clone()).or_insert_with(|| functions(&file));
        let at = addr - start + offset;
        let short = file.rsplit('/').next().unwrap_or(&file);
        let after = functions.partition_point(|f| f.0 <= at);
        let function = functions[..after].last().filter(|f| at < f.0 + f.1.max(4));
        Some(match function {
            Some((begin, _, name)) if *begin == at => format!("{name} ({short})"),
            Some((begin, _, name)) => format!("{name}+{:#x} ({short})", at - begin),
            None => format!("{short}, file offset {at:#x}"),
        })
    }
}

/// The functions of a file by their place in it.
fn functions(file: &str) -> Vec<(u64, u64, String)> {
    let Ok(bytes) = fs::read(file) else { return vec![] };
    let Ok(elf) = Elf::parse(&bytes) else { return vec![] };
    let offset = |addr: u64| {
        let loads = elf.program_headers.iter().filter(|p| p.p_type == PT_LOAD);
        let inside = |p: &&goblin::elf::ProgramHeader| p.vm_range().contains(&(addr as usize));
        loads.into_iter().find(inside).map(|p| addr - p.p_vaddr + p.p_offset)
    };
    let tables = [(&elf.syms, &elf.strtab), (&elf.dynsyms, &elf.dynstrtab)];
    let mut found = vec![];
    for (table, names) in tables {
        for symbol in table.iter().filter(|s| s.is_function() && s.st_shndx != 0) {
            let name = names.get_at(symbol.st_name).filter(|n| !n.is_empty());
            if let (Some(name), Some(at)) = (name, offset(symbol.st_value)) {
                found.push((at, symbol.st_size, name.to_owned()));
            }
        }
    }
    found.sort();
    found
}
