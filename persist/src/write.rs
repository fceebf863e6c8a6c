//! Writing a unit: pieces in order of their addresses, with what standard tools want to see.
//!
//! The pieces of the unit that is there are taken over if they still match their checksums, so that writing also
//! repairs; of two for the same address and kind the newer one stays.

use crate::format::{HEAD_AT, Head, MAX_ON_PAGE, MAX_SECTION, PAGE_SHIFT, Part, Record, UnitKey};
use crate::unit::{Bytes, Piece, Unit};
use object::elf::{
    EM_X86_64, ET_REL, FileFlags, OsAbi, SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS, SHT_STRTAB,
    SHT_SYMTAB, STB_LOCAL, STT_FUNC, STV_DEFAULT, SectionFlags, SectionType, Sym64, SymbolInfo,
    SymbolSection,
};
use object::endian::{LittleEndian, U16, U32, U64};
use object::pod::bytes_of;
use object::write::elf::{FileHeader, SectionHeader, Writer};
use object::write::{StreamingBuffer, WritableBuffer};
use std::io::{self, Write};

/// Pieces that are to be written, in one memory.
#[derive(Debug, Default)]
pub struct Fresh {
    records: Vec<Record>,
    side: Vec<u8>,
    code: Vec<u8>,
}

impl Fresh {
    /// Adds a piece.
    pub fn add(&mut self, piece: &Piece) {
        let code = (self.code.len() as u32, piece.code.len() as u32);
        let side = (self.side.len() as u32, piece.side.len() as u32);
        self.records.push(Record { code, side, ..piece.record });
        self.code.extend_from_slice(&piece.code);
        self.side.extend_from_slice(&piece.side);
    }

    /// Is there room for a piece of so many bytes?
    pub fn room(&self, bytes: usize) -> bool {
        (self.code.len() + self.side.len() + bytes) as u64 <= MAX_SECTION / 4
    }

    /// Pieces.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes of code and words.
    pub fn bytes(&self) -> usize {
        self.code.len() + self.side.len()
    }
}

/// What a unit is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title {
    /// Its key.
    pub key: UnitKey,
    /// Guest address of the image.
    pub base: u64,
    /// Path of the guest's file.
    pub name: String,
}

/// A unit to be written.
#[derive(Debug)]
pub struct Merged<'a> {
    title: &'a Title,
    all: All<'a>,
    chosen: Vec<u32>,
    /// Pieces that the old unit had not.
    pub added: usize,
    /// Pieces of the old unit that were broken and are left out.
    pub dropped: usize,
}

/// The unit that holds the old one's pieces and the fresh ones. `None`: the old one has them all.
pub fn merge<'a, B: Bytes>(
    title: &'a Title,
    old: Option<&Unit<B>>,
    fresh: &'a Fresh,
) -> Option<Merged<'a>> {
    let mut kept = Fresh::default();
    let mut dropped = 0;
    let mut piece = Piece::default();
    for number in 0..old.map_or(0, |old| old.head().count) {
        let old = old.expect("there are pieces only if there is a unit");
        let read = old.found(number).map(|found| old.read(&found, &mut piece));
        match read {
            Some(Ok(())) if kept.room(piece.code.len() + piece.side.len()) => kept.add(&piece),
            _ => dropped += 1,
        }
    }
    let all = All { fresh, kept };
    let chosen = all.choose();
    let added = chosen.iter().filter(|&&n| all.is_fresh(n)).count();
    (added + dropped > 0).then_some(Merged { title, all, chosen, added, dropped })
}

impl Merged<'_> {
    /// Not fewer bytes than the file will have.
    pub fn most_bytes(&self) -> u64 {
        // Symbol, name, index and record of a piece; head, section headers and the gaps between sections.
        let fixed = 4096 + self.title.name.len() as u64 + 24 + 64 + 4 + Record::SIZE as u64;
        let pages = self.chosen.last().map_or(0, |&n| self.all.record(n).pc >> PAGE_SHIFT);
        let piece = |&n: &u32| {
            let Record { code, side, .. } = *self.all.record(n);
            (code.1 + side.1) as u64 + (24 + 64 + 4 + Record::SIZE as u64)
        };
        fixed + 4 * pages as u64 + self.chosen.iter().map(piece).sum::<u64>()
    }

    /// Writes it; its bytes.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: impl Write) -> io::Result<u64> {
        let mut out = StreamingBuffer::new(io::BufWriter::with_capacity(1 << 16, out));
        let len = file(self.title, &self.all, &self.chosen, &mut out);
        out.flush()?;
        Ok(len)
    }
}

/// Fresh pieces and those taken over, numbered: the latest fresh one first, those taken over last.
#[derive(Debug)]
struct All<'a> {
    fresh: &'a Fresh,
    kept: Fresh,
}

impl All<'_> {
    fn is_fresh(&self, number: u32) -> bool {
        (number as usize) < self.fresh.records.len()
    }

    fn of(&self, number: u32) -> (&Fresh, &Record) {
        let number = number as usize;
        let fresh = self.fresh.records.len();
        match number.checked_sub(fresh) {
            None => (self.fresh, &self.fresh.records[fresh - 1 - number]),
            Some(number) => (&self.kept, &self.kept.records[number]),
        }
    }

    fn record(&self, number: u32) -> &Record {
        self.of(number).1
    }

    fn code(&self, number: u32) -> &[u8] {
        let (from, Record { code: (at, len), .. }) = self.of(number);
        &from.code[*at as usize..(at + len) as usize]
    }

    fn side(&self, number: u32) -> &[u8] {
        let (from, Record { side: (at, len), .. }) = self.of(number);
        &from.side[*at as usize..(at + len) as usize]
    }

    /// The pieces to be written, by address, better ones first.
    fn choose(&self) -> Vec<u32> {
        let count = (self.fresh.records.len() + self.kept.records.len()) as u32;
        let order = |number: u32| {
            let r = self.record(number);
            let high = (r.pc as u128) << 48 | (!r.kind.tier as u128) << 40 | r.mode as u128;
            high << 40 | (r.kind.care as u128) << 32 | number as u128
        };
        let mut ordered: Vec<u128> = (0..count).map(order).collect();
        ordered.sort_unstable();
        let mut chosen: Vec<u32> = Vec::with_capacity(ordered.len());
        let mut last = u128::MAX;
        // Readers look at so many on a page.
        let mut on_page = (0, 0);
        for key in ordered {
            let number = key as u32;
            let record = self.record(number);
            if key >> 32 == last {
                let first = chosen.last_mut().expect("one with the same key came before");
                // A piece that was there already is not new.
                let same = self.record(*first).guest == record.guest;
                if same && self.is_fresh(*first) && !self.is_fresh(number) {
                    *first = number;
                }
                continue;
            }
            let page = record.pc >> PAGE_SHIFT;
            on_page = if page == on_page.0 { (page, on_page.1 + 1) } else { (page, 1) };
            if on_page.1 <= MAX_ON_PAGE {
                last = key >> 32;
                chosen.push(number);
            }
        }
        chosen
    }
}

/// Symbols that name the pieces, and the strings of their names.
fn symbols(title: &Title, all: &All<'_>, chosen: &[u32]) -> (Vec<u8>, Vec<u8>) {
    let size = size_of::<Sym64<LittleEndian>>();
    let mut symbols = Vec::with_capacity(size * (chosen.len() + 1));
    symbols.resize(size, 0);
    let mut strings = Vec::with_capacity(20 * chosen.len());
    strings.push(0);
    let mut at = 0;
    for &number in chosen {
        let record = all.record(number);
        symbols.extend_from_slice(bytes_of(&Sym64::<LittleEndian> {
            st_name: U32::new(LittleEndian, strings.len() as u32),
            st_info: SymbolInfo::new(STB_LOCAL, STT_FUNC),
            st_other: STV_DEFAULT.into(),
            st_shndx: U16::new(LittleEndian, SymbolSection(1)),
            st_value: U64::new(LittleEndian, at),
            st_size: U64::new(LittleEndian, record.code.1 as u64),
        }));
        at += record.code.1 as u64;
        let what: &[u8] = if record.kind.tier == 0 { b"block_" } else { b"region_" };
        strings.extend_from_slice(what);
        hexadecimal(title.base.wrapping_add(record.pc as u64), &mut strings);
        for (word, n) in [(&b"_mode"[..], record.mode), (b"_care", record.kind.care as u32)] {
            if n != 0 {
                strings.extend_from_slice(word);
                hexadecimal(n as u64, &mut strings);
            }
        }
        strings.push(0);
    }
    (symbols, strings)
}

/// `{:x}`, ten times as fast: there is one for each piece.
fn hexadecimal(n: u64, out: &mut Vec<u8>) {
    let digits = (16 - n.leading_zeros() / 4).max(1);
    let digit = |at: u32| b"0123456789abcdef"[(n >> (4 * at) & 15) as usize];
    out.extend((0..digits).rev().map(digit));
}

/// The first piece on each page and one number more, then the addresses; and the number of pages.
fn index(all: &All<'_>, chosen: &[u32]) -> (Vec<u8>, u32) {
    let pages = chosen.last().map_or(0, |&n| (all.record(n).pc >> PAGE_SHIFT) + 1);
    let mut starts = vec![0_u32; pages as usize + 1];
    for &number in chosen {
        starts[(all.record(number).pc >> PAGE_SHIFT) as usize + 1] += 1;
    }
    let mut out = Vec::with_capacity(4 * (starts.len() + chosen.len()));
    let mut before = 0;
    for start in starts {
        before += start;
        out.extend_from_slice(&before.to_le_bytes());
    }
    for &number in chosen {
        out.extend_from_slice(&all.record(number).pc.to_le_bytes());
    }
    (out, pages)
}

/// A section: name, type, flags, alignment, size of an entry, length.
type Listed<'a> = (&'a [u8], SectionType, SectionFlags, u64, u64, u64);

/// Writes the file; its length. Errors stay with `out`.
fn file(title: &Title, all: &All<'_>, chosen: &[u32], out: &mut dyn WritableBuffer) -> u64 {
    let (symbols, strings) = symbols(title, all, chosen);
    let (index, pages) = index(all, chosen);
    let name = title.name.as_bytes();
    let sum = |len: fn(&Record) -> u32| chosen.iter().map(|&n| len(all.record(n)) as u64).sum();
    let mut w = Writer::new(object::Endianness::Little, true, out);
    w.reserve_file_header();
    w.reserve(Head::SIZE as u64, 8);
    let plain = SectionFlags(0);
    // The text is section 1.
    let list: [Listed<'_>; 7] = [
        (b".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 16, 0, sum(|r| r.code.1)),
        (b".isamorph.side", SHT_PROGBITS, plain, 8, 0, sum(|r| r.side.1)),
        (b".isamorph.index", SHT_PROGBITS, plain, 8, 4, index.len() as u64),
        (
            b".isamorph.records",
            SHT_PROGBITS,
            plain,
            64,
            Record::SIZE as u64,
            (Record::SIZE * chosen.len()) as u64,
        ),
        (b".isamorph.name", SHT_PROGBITS, plain, 1, 0, name.len() as u64),
        (
            b".symtab",
            SHT_SYMTAB,
            plain,
            8,
            size_of::<Sym64<LittleEndian>>() as u64,
            symbols.len() as u64,
        ),
        (b".strtab", SHT_STRTAB, plain, 1, 0, strings.len() as u64),
    ];
    w.reserve_null_section_index();
    let names = list.map(|section| {
        w.reserve_section_index();
        w.add_section_name(section.0)
    });
    w.reserve_shstrtab_section_index();
    let places = list.map(|section| w.reserve(section.5, section.3));
    w.reserve_shstrtab().expect("a few short names");
    w.reserve_section_headers();
    let part = |n: usize| Part { at: places[n], len: list[n].5 };
    let head = Head {
        key: title.key,
        base: title.base,
        pages,
        count: chosen.len() as u32,
        text: part(0),
        side: part(1),
        index: part(2),
        records: part(3),
        name: part(4),
        file_len: w.reserved_len(),
    };

    w.write_file_header(&FileHeader {
        os_abi: OsAbi(0),
        abi_version: 0,
        e_type: ET_REL,
        e_machine: EM_X86_64,
        e_entry: 0,
        e_flags: FileFlags(0),
    })
    .expect("room is not asked for");
    debug_assert_eq!(w.len(), HEAD_AT);
    w.write(&head.to_bytes());
    w.pad_until(places[0]);
    chosen.iter().for_each(|&n| w.write(all.code(n)));
    w.pad_until(places[1]);
    chosen.iter().for_each(|&n| w.write(all.side(n)));
    w.pad_until(places[2]);
    w.write(&index);
    w.pad_until(places[3]);
    let (mut code_at, mut side_at) = (0, 0);
    for &n in chosen {
        let (side, code) = (all.side(n), all.code(n));
        let (side_len, code_len) = (side.len() as u32, code.len() as u32);
        let (code_place, side_place) = ((code_at, code_len), (side_at, side_len));
        let record = Record { code: code_place, side: side_place, ..*all.record(n) };
        w.write(&record.to_bytes(side, code));
        code_at += code_len;
        side_at += side_len;
    }
    for (at, bytes) in places[4..].iter().zip([name, &symbols, &strings]) {
        w.pad_until(*at);
        w.write(bytes);
    }
    w.write_shstrtab();
    w.write_null_section_header();
    for (n, (_, sh_type, sh_flags, sh_addralign, sh_entsize, sh_size)) in list.iter().enumerate() {
        let is_symbols = *sh_type == SHT_SYMTAB;
        w.write_section_header(&SectionHeader {
            sh_name: w.section_name_offset(Some(names[n])),
            sh_type: *sh_type,
            sh_flags: *sh_flags,
            sh_addr: 0,
            sh_offset: places[n],
            sh_size: *sh_size,
            // The strings are the section behind; all symbols are local.
            sh_link: if is_symbols { 7 } else { 0 },
            sh_info: if is_symbols { chosen.len() as u32 + 1 } else { 0 },
            sh_addralign: *sh_addralign,
            sh_entsize: *sh_entsize,
        });
    }
    w.write_shstrtab_section_header();
    head.file_len
}
