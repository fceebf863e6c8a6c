//! Names for guest addresses: from the symbols of the files that are mapped there.
//!
//! Way of the data: address → the guest's map → file and offset → the file's functions, read once → [`Location`]. Used by
//! crash reports, profiles and `--perf`.
//!
//! Invariant: reading a program's symbols never fails loudly; there is then no name.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use goblin::elf::Elf;
use goblin::elf::program_header::{PF_X, PT_LOAD};
use goblin::elf::sym::{STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE};

use crate::address_space::AddressSpace;
use crate::sysroot::Sysroot;
use crate::vma::Backing;

/// Largest file whose symbols are looked at.
const MAX_FILE: u64 = 1 << 30;

/// A function in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Function {
    /// Where its code lies in the file.
    offset: u64,
    /// Its bytes, 0 if the file does not say.
    size: u64,
    name: Arc<str>,
}

/// What lies at a guest address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    /// The function and the distance from its begin, if the file names one.
    pub function: Option<(Arc<str>, u64)>,
    /// The file as the guest names it; of memory without a file what it is.
    pub object: Arc<str>,
    /// Offset in the file, if there is one.
    pub offset: Option<u64>,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.function, self.offset) {
            (Some((name, 0)), _) => write!(f, "{name} in {}", self.object),
            (Some((name, at)), _) => write!(f, "{name}+{at:#x} in {}", self.object),
            (None, Some(offset)) => write!(f, "{} at file offset {offset:#x}", self.object),
            (None, None) => f.write_str(&self.object),
        }
    }
}

/// Functions of files, read when they are first asked for.
#[derive(Debug, Default)]
pub struct Symbols {
    files: HashMap<Arc<Path>, Vec<Function>>,
}

impl Symbols {
    /// What lies at `addr` in the guest's memory.
    pub fn locate(&mut self, space: &AddressSpace, sysroot: &Sysroot, addr: u64) -> Location {
        let area = space.lock().map().find(addr).cloned();
        let plain = |what: &str| Location { function: None, object: what.into(), offset: None };
        let Some(area) = area else { return plain("unmapped memory") };
        match area.backing_at(addr) {
            Backing::Anonymous("") => plain("anonymous memory"),
            Backing::Anonymous(label) => plain(label),
            Backing::SysV(_) => plain("shared memory"),
            Backing::File { path, offset, .. } => {
                let guest = sysroot.strip(path.as_os_str().as_encoded_bytes());
                let object = match guest {
                    Some(guest) => String::from_utf8_lossy(&guest).into(),
                    None => path.display().to_string().into(),
                };
                Location { function: self.function(&path, offset), object, offset: Some(offset) }
            }
        }
    }

    /// The function at a file offset, and how far behind its begin that is.
    fn function(&mut self, path: &Arc<Path>, offset: u64) -> Option<(Arc<str>, u64)> {
        let read = || functions(path).unwrap_or_default();
        let functions = self.files.entry(path.clone()).or_insert_with(read);
        find(functions, offset)
    }
}

fn find(functions: &[Function], offset: u64) -> Option<(Arc<str>, u64)> {
    let after = functions.partition_point(|f| f.offset <= offset);
    let function = functions.get(after.checked_sub(1)?)?;
    let at = offset - function.offset;
    (function.size == 0 || at < function.size).then(|| (function.name.clone(), at))
}

/// A file's functions, ascending; of several at one place the one that the file calls a function.
fn functions(path: &Path) -> Option<Vec<Function>> {
    let mut file = File::open(path).ok()?;
    let about = file.metadata().ok()?;
    if !about.is_file() || about.len() > MAX_FILE {
        return None;
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let elf = Elf::parse(&bytes).ok()?;
    let offset = |addr: u64| {
        let code =
            elf.program_headers.iter().filter(|p| p.p_type == PT_LOAD && p.p_flags & PF_X != 0);
        let mut inside = code.filter_map(|p| {
            let at = addr.checked_sub(p.p_vaddr).filter(|at| *at < p.p_filesz)?;
            p.p_offset.checked_add(at)
        });
        inside.next()
    };
    let tables = [(&elf.syms, &elf.strtab), (&elf.dynsyms, &elf.dynstrtab)];
    let mut found: Vec<(Function, bool)> = vec![];
    for (table, names) in tables {
        for symbol in table.iter().filter(|s| s.st_shndx != 0) {
            let kind = symbol.st_type();
            if ![STT_FUNC, STT_GNU_IFUNC, STT_NOTYPE].contains(&kind) {
                continue;
            }
            // `$x` and its kin mark code and data for disassemblers.
            let name =
                names.get_at(symbol.st_name).filter(|n| !n.is_empty() && !n.starts_with('$'));
            if let (Some(name), Some(offset)) = (name, offset(symbol.st_value)) {
                let function = Function { offset, size: symbol.st_size, name: name.into() };
                found.push((function, kind == STT_NOTYPE));
            }
        }
    }
    // Names with fewer underscores at their begin first: `write` rather than `__libc_write`.
    let underscores = |name: &str| name.len() - name.trim_start_matches('_').len();
    found.sort_by_cached_key(|(f, unsure)| {
        (f.offset, *unsure, f.size == 0, underscores(&f.name), f.name.clone())
    });
    found.dedup_by_key(|(f, _)| f.offset);
    Some(found.into_iter().map(|(function, _)| function).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_belongs_to_the_function_before_it_as_far_as_that_reaches() {
        let function = |offset, size, name: &str| Function { offset, size, name: name.into() };
        let functions = [function(0x10, 8, "a"), function(0x20, 0, "b"), function(0x40, 4, "c")];
        let at = |offset| find(&functions, offset).map(|(name, at)| (name.to_string(), at));
        assert_eq!(at(0xf), None);
        assert_eq!(at(0x14), Some(("a".into(), 4)));
        assert_eq!(at(0x18), None);
        assert_eq!(at(0x3f), Some(("b".into(), 0x1f)));
        assert_eq!(at(0x44), None);
    }

    #[test]
    fn the_demo_has_its_functions() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/guests/demo.elf");
        let functions = functions(&path).expect("an ELF file");
        assert!(functions.iter().any(|f| &*f.name == "fibonacci" && f.size > 0));
        assert!(functions.is_sorted_by_key(|f| f.offset));
    }

    #[test]
    fn a_file_that_is_none_has_no_names() {
        assert_eq!(functions(Path::new("/dev/null")), None);
        assert_eq!(functions(Path::new("/no/such/file")), None);
    }
}
