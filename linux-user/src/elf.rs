//! Guest ELF files: what a program's headers ask for, checked, before anything is mapped.
//!
//! The first stage of a guest process: file → **[`Image`]** → [`load`] → stack → first instruction.
//!
//! Invariant: an [`Image`]'s segments lie inside the file and below 2^63, their addresses and sizes do
//! not overflow, and address and offset agree modulo the page: loading one cannot go wrong by
//! arithmetic, whatever the file says.

mod load;
mod property;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use goblin::container::{Container, Ctx, Endian};
use goblin::elf::header::{self, Header};
use goblin::elf::program_header::{self as ph, ProgramHeader};

pub use load::{LoadError, Loaded, load};

use crate::vma::{PAGE, Prot};

/// Bytes an ELF file is read from.
pub trait Source {
    /// Their number.
    fn size(&self) -> io::Result<u64>;
    /// Fills `buf` from `offset`; fails if the end comes first.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;
}

impl Source for File {
    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.read_exact_at(buf, offset)
    }
}

impl Source for [u8] {
    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let bytes = start.checked_add(buf.len()).and_then(|end| self.get(start..end));
        buf.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// What a guest's programs look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// `e_machine`.
    pub machine: u16,
    /// 64-bit files?
    pub wide: bool,
    /// Its name in messages.
    pub name: &'static str,
}

/// Why a file is not a program of this guest.
#[derive(Debug, thiserror::Error)]
pub enum ElfError {
    /// Reading failed.
    #[error("cannot read it")]
    Read(#[source] io::Error),
    /// Not an ELF file at all.
    #[error("it is not an ELF file")]
    NotElf,
    /// The file ends before something it announces.
    #[error("it is truncated: {what} ends at byte {end}, the file at byte {size}")]
    Truncated {
        /// What is cut off.
        what: &'static str,
        /// Where it would end.
        end: u64,
        /// The file's size.
        size: u64,
    },
    /// A program for another machine.
    #[error("it is for {found}, this emulates {want}{}", host_hint(.found))]
    Machine {
        /// The machine it is for.
        found: String,
        /// The guest.
        want: &'static str,
    },
    /// Not a program: an object file, a core dump.
    #[error("it is {0}, not a program")]
    Type(&'static str),
    /// A header contradicts itself.
    #[error("it is corrupt: {0}")]
    Corrupt(&'static str),
}

fn host_hint(found: &str) -> &'static str {
    if found == "x86-64" { ": run it without isamorph" } else { "" }
}

fn machine_name(header: &Header) -> String {
    let name = match header.e_machine {
        header::EM_X86_64 => "x86-64",
        header::EM_386 => "i386",
        header::EM_AARCH64 => "AArch64",
        header::EM_ARM => "32-bit Arm",
        header::EM_RISCV => "RISC-V",
        header::EM_PPC64 => "64-bit PowerPC",
        header::EM_S390 => "s390",
        header::EM_MIPS => "MIPS",
        other => return format!("machine number {other}"),
    };
    let order = header.e_ident[header::EI_DATA];
    let big = order == header::ELFDATA2MSB && header.e_machine != header::EM_S390;
    if big { format!("big-endian {name}") } else { name.to_string() }
}

/// Whether a program says where it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// At the addresses in the file (`ET_EXEC`).
    Fixed,
    /// Anywhere (`ET_DYN`).
    Anywhere,
}

/// A `PT_LOAD` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Address, before relocation.
    pub addr: u64,
    /// Bytes in memory.
    pub size: u64,
    /// Offset in the file.
    pub offset: u64,
    /// Bytes in the file; the rest is zero.
    pub file_size: u64,
    /// Protection.
    pub prot: Prot,
}

/// What a program asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Where it may lie.
    pub placement: Placement,
    /// Address of the first instruction, before relocation.
    pub entry: u64,
    /// Address of the program headers in memory, before relocation, if a segment holds them.
    pub headers: Option<u64>,
    /// Number and size of the program headers.
    pub header_count: u16,
    /// Size of one.
    pub header_size: u16,
    /// Segments, ascending by address.
    pub segments: Vec<Segment>,
    /// Path of the dynamic linker.
    pub interpreter: Option<Vec<u8>>,
    /// Does it want an executable stack?
    pub executable_stack: bool,
    /// Does its code take indirect branches at their targets only (branch target identification)?
    pub guarded: bool,
    /// Largest alignment of a segment, a power of two, at least a page.
    pub align: u64,
}

/// Longest interpreter path, as the kernel's.
const MAX_INTERPRETER: u64 = 4096;
/// Largest table of program headers, as the kernel's.
const MAX_HEADERS: u64 = 65536;
/// Larger alignments than this are not honoured.
const MAX_ALIGN: u64 = 1 << 30;

impl Image {
    /// Reads and checks a program's headers.
    pub fn parse(file: &(impl Source + ?Sized), target: Target) -> Result<Image, ElfError> {
        let size = file.size().map_err(ElfError::Read)?;
        let header = read_header(file, size)?;
        check_machine(&header, target)?;
        let placement = match header.e_type {
            header::ET_EXEC => Placement::Fixed,
            header::ET_DYN => Placement::Anywhere,
            header::ET_REL => return Err(ElfError::Type("an object file")),
            header::ET_CORE => return Err(ElfError::Type("a core dump")),
            _ => return Err(ElfError::Corrupt("unknown file type")),
        };
        let entries = read_program_headers(file, size, &header, target)?;
        let properties = entries.iter().rfind(|entry| entry.p_type == ph::PT_GNU_PROPERTY);

        let mut image = Image {
            placement,
            entry: header.e_entry,
            headers: None,
            header_count: header.e_phnum,
            header_size: header.e_phentsize,
            segments: Vec::new(),
            interpreter: None,
            // Without PT_GNU_STACK an arm64 kernel gives a plain stack.
            executable_stack: false,
            guarded: false,
            align: PAGE,
        };
        for entry in &entries {
            match entry.p_type {
                ph::PT_LOAD => image.add_segment(entry, size)?,
                ph::PT_INTERP if image.interpreter.is_none() => {
                    image.interpreter = Some(read_interpreter(file, size, entry)?);
                }
                ph::PT_GNU_STACK => image.executable_stack = entry.p_flags & ph::PF_X != 0,
                _ => {}
            }
        }
        if let Some(entry) = properties {
            image.guarded = property::guarded(file, size, entry, target)?;
        }
        if image.segments.is_empty() {
            return Err(ElfError::Corrupt("it has no loadable segment"));
        }
        if !image.segments.is_sorted_by_key(|s| s.addr) {
            return Err(ElfError::Corrupt("its segments are not in ascending order"));
        }
        image.headers = image
            .segments
            .iter()
            .find(|s| (s.offset..s.offset + s.file_size).contains(&header.e_phoff))
            .map(|s| s.addr + (header.e_phoff - s.offset));
        Ok(image)
    }

    /// Addresses covered, before relocation, not rounded.
    pub fn span(&self) -> Range<u64> {
        let start = self.segments.first().map_or(0, |s| s.addr);
        let end = self.segments.iter().map(|s| s.addr + s.size).max().unwrap_or(start);
        start..end
    }

    fn add_segment(&mut self, entry: &ProgramHeader, size: u64) -> Result<(), ElfError> {
        let corrupt = |what| Err(ElfError::Corrupt(what));
        if entry.p_filesz > entry.p_memsz {
            return corrupt("a segment is larger in the file than in memory");
        }
        if entry.p_memsz == 0 {
            return Ok(());
        }
        // Room for rounding up, whatever the base.
        let top = 1 << 62;
        if entry.p_vaddr.checked_add(entry.p_memsz).is_none_or(|end| end > top) {
            return corrupt("a segment's address is out of range");
        }
        if entry.p_vaddr % PAGE != entry.p_offset % PAGE {
            return corrupt("a segment's address and offset disagree within the page");
        }
        if entry.p_align > 1 && !entry.p_align.is_power_of_two() {
            return corrupt("a segment's alignment is not a power of two");
        }
        // A segment of zeros only has nothing in the file, whatever its offset says.
        if entry.p_filesz != 0 {
            in_file("a segment", entry.p_offset, entry.p_filesz, size)?;
        }
        self.align = self.align.max(entry.p_align.min(MAX_ALIGN));
        let rights = [(ph::PF_R, Prot::READ), (ph::PF_W, Prot::WRITE), (ph::PF_X, Prot::EXEC)];
        let prot = rights
            .into_iter()
            .filter(|(flag, _)| entry.p_flags & flag != 0)
            .fold(Prot::NONE, |prot, (_, right)| prot.union(right));
        self.segments.push(Segment {
            addr: entry.p_vaddr,
            size: entry.p_memsz,
            offset: entry.p_offset,
            file_size: entry.p_filesz,
            prot,
        });
        Ok(())
    }
}

/// Whether these first bytes of a file are an ELF file's.
pub fn is_elf(head: &[u8]) -> bool {
    head.starts_with(header::ELFMAG)
}

fn in_file(what: &'static str, offset: u64, len: u64, size: u64) -> Result<(), ElfError> {
    match offset.checked_add(len) {
        Some(end) if end <= size => Ok(()),
        Some(end) => Err(ElfError::Truncated { what, end, size }),
        None => Err(ElfError::Corrupt("an offset is out of range")),
    }
}

fn read_header(file: &(impl Source + ?Sized), size: u64) -> Result<Header, ElfError> {
    let mut bytes = [0; header::header64::SIZEOF_EHDR];
    let ident_len = header::SIZEOF_IDENT.min(size as usize);
    file.read_at(0, &mut bytes[..ident_len]).map_err(ElfError::Read)?;
    if !is_elf(&bytes) {
        return Err(ElfError::NotElf);
    }
    let header_len = match bytes[header::EI_CLASS] {
        header::ELFCLASS64 => header::header64::SIZEOF_EHDR,
        header::ELFCLASS32 => header::header32::SIZEOF_EHDR,
        _ => return Err(ElfError::Corrupt("unknown class (neither 32- nor 64-bit)")),
    };
    in_file("the ELF header", 0, header_len as u64, size)?;
    file.read_at(0, &mut bytes[..header_len]).map_err(ElfError::Read)?;
    goblin::elf::Elf::parse_header(&bytes).map_err(|_| ElfError::Corrupt("unreadable ELF header"))
}

fn check_machine(header: &Header, target: Target) -> Result<(), ElfError> {
    let wide = header.e_ident[header::EI_CLASS] == header::ELFCLASS64;
    let little = header.e_ident[header::EI_DATA] == header::ELFDATA2LSB;
    if header.e_machine == target.machine && wide == target.wide && little {
        return Ok(());
    }
    Err(ElfError::Machine { found: machine_name(header), want: target.name })
}

fn read_program_headers(
    file: &(impl Source + ?Sized),
    size: u64,
    header: &Header,
    target: Target,
) -> Result<Vec<ProgramHeader>, ElfError> {
    let container = if target.wide { Container::Big } else { Container::Little };
    let ctx = Ctx::new(container, Endian::Little);
    if header.e_phnum == 0 {
        return Err(ElfError::Corrupt("it has no program headers"));
    }
    if header.e_phentsize as usize != ProgramHeader::size(ctx) {
        return Err(ElfError::Corrupt("its program headers have a wrong size"));
    }
    let len = header.e_phnum as u64 * header.e_phentsize as u64;
    if len > MAX_HEADERS {
        return Err(ElfError::Corrupt("it has too many program headers"));
    }
    in_file("the program header table", header.e_phoff, len, size)?;
    let mut bytes = vec![0; len as usize];
    file.read_at(header.e_phoff, &mut bytes).map_err(ElfError::Read)?;
    ProgramHeader::parse(&bytes, 0, header.e_phnum as usize, ctx)
        .map_err(|_| ElfError::Corrupt("unreadable program headers"))
}

fn read_interpreter(
    file: &(impl Source + ?Sized),
    size: u64,
    entry: &ProgramHeader,
) -> Result<Vec<u8>, ElfError> {
    let corrupt = ElfError::Corrupt("its interpreter is not a path");
    if !(2..=MAX_INTERPRETER).contains(&entry.p_filesz) {
        return Err(corrupt);
    }
    in_file("the interpreter's path", entry.p_offset, entry.p_filesz, size)?;
    let mut path = vec![0; entry.p_filesz as usize];
    file.read_at(entry.p_offset, &mut path).map_err(ElfError::Read)?;
    match path.iter().position(|&b| b == 0) {
        Some(nul) if nul > 0 => {
            path.truncate(nul);
            Ok(path)
        }
        _ => Err(corrupt),
    }
}
