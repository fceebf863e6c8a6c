//! Writing a unit: pieces in order of their addresses, a group for each guest page.
//!
//! The pieces of the unit that is there are taken over if their groups still match their checksums, so that writing also
//! repairs; of two for the same address and kind the newer one stays.

use crate::format::{
    HEAD_AT, Head, MAX_ON_PAGE, PAGE_SHIFT, PageEntry, Part, Record, UnitKey, checksum,
};
use crate::fresh::{AppendCode, Fresh};
use crate::symbols::Symbols;
use crate::unit::{Group, Unit};
use object::elf::{
    EM_X86_64, ET_REL, FileFlags, OsAbi, SHF_ALLOC, SHF_EXECINSTR, SHT_PROGBITS, SHT_STRTAB,
    SHT_SYMTAB, SectionFlags, SectionType,
};
use object::write::elf::{FileHeader, SectionHeader, Writer};
use object::write::{StreamingBuffer, WritableBuffer};
use std::io::{self, Write};

/// Bytes written at once: what is as large goes around the buffer of the writer. Memory that is touched first costs more
/// than a further call.
const BUFFER: usize = 16 << 10;

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
pub struct Merged<'a> {
    title: &'a Title,
    fresh: &'a Fresh,
    code: &'a AppendCode<'a>,
    kept: Kept<'a>,
    /// The pieces to be written, by address, better ones first.
    chosen: Vec<u32>,
    /// Pieces that the old unit had not.
    pub added: usize,
    /// Pieces of the old unit that were broken and are left out.
    pub dropped: usize,
}

/// Pieces of the old unit, which are whole. Their places are those in its text.
#[derive(Default)]
struct Kept<'a> {
    records: Vec<Record>,
    text: &'a [u8],
}

impl<'a> Kept<'a> {
    fn of(old: &'a Unit<Vec<u8>>) -> Kept<'a> {
        let Head { pages, text, .. } = *old.head();
        let mut kept = Kept { records: vec![], text: &old.bytes()[text.at as usize..] };
        let mut group = Group::default();
        for page in 0..pages {
            let (Some(at), Ok(())) = (old.group_at(page), old.read(page, &mut group)) else {
                continue;
            };
            let there = |r: &Record| {
                r.pc >> PAGE_SHIFT == page && group.side(r).is_some() && group.code(r).is_some()
            };
            let moved = |r: Record| Record {
                side: (at + r.side.0, r.side.1),
                code: (at + r.code.0, r.code.1),
                ..r
            };
            kept.records.extend(group.records().filter(there).map(moved));
        }
        kept
    }

    fn part(&self, (at, len): (u32, u32)) -> &[u8] {
        &self.text[at as usize..][..len as usize]
    }
}

/// The unit that holds the old one's pieces and the fresh ones, whose placed code is found by `code`. `None`: the old one
/// has them all.
pub fn merge<'a>(
    title: &'a Title,
    old: Option<&'a Unit<Vec<u8>>>,
    fresh: &'a Fresh,
    code: &'a AppendCode<'a>,
) -> Option<Merged<'a>> {
    let kept = old.map(Kept::of).unwrap_or_default();
    let dropped = old.map_or(0, |old| old.head().count as usize).saturating_sub(kept.records.len());
    let mut merged = Merged { title, fresh, code, kept, chosen: vec![], added: 0, dropped };
    merged.choose();
    merged.added = merged.chosen.iter().filter(|&&n| merged.is_fresh(n)).count();
    (merged.added + dropped > 0).then_some(merged)
}

impl Merged<'_> {
    // Pieces are numbered: the latest fresh one first, those taken over last.

    fn is_fresh(&self, number: u32) -> bool {
        (number as usize) < self.fresh.len()
    }

    /// The place of a fresh piece among those, or of one taken over among those.
    fn place(&self, number: u32) -> Result<usize, usize> {
        let (number, fresh) = (number as usize, self.fresh.len());
        if number < fresh { Ok(fresh - 1 - number) } else { Err(number - fresh) }
    }

    fn record(&self, number: u32) -> &Record {
        match self.place(number) {
            Ok(n) => &self.fresh.records[n],
            Err(n) => &self.kept.records[n],
        }
    }

    fn choose(&mut self) {
        let count = (self.fresh.len() + self.kept.records.len()) as u32;
        let by_pc = |n: u32| (self.record(n).pc as u64) << 32 | n as u64;
        let mut ordered: Vec<u64> = (0..count).map(by_pc).collect();
        ordered.sort_unstable();
        let mut chosen: Vec<u32> = Vec::with_capacity(ordered.len());
        let mut same = vec![];
        // Readers look at so many on a page.
        let (mut page, mut on_page) = (u32::MAX, 0);
        for here in ordered.chunk_by(|a, b| a >> 32 == b >> 32) {
            let begin = chosen.len();
            match here {
                [one] => chosen.push(*one as u32),
                several => {
                    same.clear();
                    same.extend(several.iter().map(|&key| key as u32));
                    self.choose_among(&mut same, &mut chosen);
                }
            }
            let its = self.record(here[0] as u32).pc >> PAGE_SHIFT;
            on_page = if its == page { on_page } else { 0 };
            page = its;
            chosen.truncate(begin + (chosen.len() - begin).min(MAX_ON_PAGE - on_page));
            on_page += chosen.len() - begin;
        }
        self.chosen = chosen;
    }

    /// Chooses one of each kind among pieces for the same address, better ones first.
    fn choose_among(&self, same: &mut [u32], chosen: &mut Vec<u32>) {
        let order = |n: u32| {
            let Record { kind, mode, .. } = *self.record(n);
            (!kind.tier, mode, kind.care)
        };
        same.sort_by_key(|&n| (order(n), n));
        for of_one_kind in same.chunk_by(|&a, &b| order(a) == order(b)) {
            let newest = of_one_kind[0];
            // A piece that was there already is not new.
            let kept = of_one_kind[1..]
                .iter()
                .find(|&&n| !self.is_fresh(n) && self.record(n).guest == self.record(newest).guest);
            chosen.push(*kept.unwrap_or(&newest));
        }
    }

    fn text_len(&self) -> u64 {
        let each = |&n: &u32| {
            let Record { side, code, .. } = *self.record(n);
            Record::SIZE as u64 + side.1 as u64 + code.1 as u64
        };
        self.chosen.iter().map(each).sum()
    }

    /// Guest pages up to the last with a piece.
    fn pages(&self) -> u32 {
        self.chosen.last().map_or(0, |&n| (self.record(n).pc >> PAGE_SHIFT) + 1)
    }

    /// Not fewer bytes than the file will have without names.
    pub fn most_bytes(&self) -> u64 {
        // Head, section headers and the gaps between sections.
        let fixed = 4096 + self.title.name.len() as u64;
        fixed + PageEntry::SIZE as u64 * (self.pages() as u64 + 1) + self.text_len()
    }

    /// Writes it; its bytes. With `names` it gets symbols, for whoever looks at it with other tools: they make a fifth of
    /// the file.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: impl Write, names: bool) -> io::Result<u64> {
        let mut out = StreamingBuffer::new(io::BufWriter::with_capacity(BUFFER, out));
        let symbols = names.then(|| self.symbols());
        let len = file(self, symbols.as_ref(), &mut out);
        out.flush()?;
        Ok(len)
    }

    /// The pieces of each page, in order.
    fn groups(&self) -> impl Iterator<Item = (u32, &[u32])> {
        let page = |n: u32| self.record(n).pc >> PAGE_SHIFT;
        self.chosen.chunk_by(move |&a, &b| page(a) == page(b)).map(move |g| (page(g[0]), g))
    }

    /// The records of a group as they will stand in the file.
    fn records(&self, group: &[u32]) -> impl Iterator<Item = Record> {
        let mut side = (group.len() * Record::SIZE) as u32;
        let mut code = side + group.iter().map(|&n| self.record(n).side.1).sum::<u32>();
        group.iter().map(move |&n| {
            let r = *self.record(n);
            let placed = Record { side: (side, r.side.1), code: (code, r.code.1), ..r };
            (side, code) = (side + r.side.1, code + r.code.1);
            placed
        })
    }

    fn symbols(&self) -> Symbols {
        let (mut symbols, mut at) = (Symbols::new(self.title.base), 0);
        for (page, group) in self.groups() {
            let mut end = at;
            for (n, record) in self.records(group).enumerate() {
                if n == 0 {
                    symbols.page(page, at, record.code.0 as u64);
                }
                symbols.piece(&record, at + record.code.0 as u64);
                end = at + (record.code.0 + record.code.1) as u64;
            }
            at = end;
        }
        symbols
    }

    /// Appends a group.
    fn group(&self, group: &[u32], out: &mut Vec<u8>) {
        self.records(group).for_each(|r| out.extend_from_slice(&r.to_bytes()));
        for &number in group {
            out.extend_from_slice(match self.place(number) {
                Ok(n) => self.fresh.side(n),
                Err(n) => self.kept.part(self.kept.records[n].side),
            });
        }
        for &number in group {
            match self.place(number) {
                Ok(n) => self.fresh.append_code(n, self.code, out),
                Err(n) => out.extend_from_slice(self.kept.part(self.kept.records[n].code)),
            }
        }
    }
}

/// A section: name, type, flags, alignment, size of an entry, length.
type Listed<'a> = (&'a [u8], SectionType, SectionFlags, u64, u64, u64);

/// Writes the file; its length. Errors stay with `out`.
fn file(unit: &Merged<'_>, symbols: Option<&Symbols>, out: &mut dyn WritableBuffer) -> u64 {
    let name = unit.title.name.as_bytes();
    let pages = unit.pages();
    let (text_len, index_len) = (unit.text_len(), PageEntry::SIZE as u64 * (pages as u64 + 1));
    let mut w = Writer::new(object::Endianness::Little, true, out);
    w.reserve_file_header();
    w.reserve(Head::SIZE as u64, 8);
    let plain = SectionFlags(0);
    let code = SHF_ALLOC | SHF_EXECINSTR;
    // The text is section 1.
    let mut list: Vec<Listed<'_>> = vec![
        (b".text", SHT_PROGBITS, code, 16, 0, text_len),
        (b".isamorph.index", SHT_PROGBITS, plain, 8, PageEntry::SIZE as u64, index_len),
        (b".isamorph.name", SHT_PROGBITS, plain, 1, 0, name.len() as u64),
    ];
    if let Some(symbols) = symbols {
        let (table, strings) = (symbols.table(), symbols.strings());
        list.push((b".symtab", SHT_SYMTAB, plain, 8, Symbols::SIZE, table.len() as u64));
        list.push((b".strtab", SHT_STRTAB, plain, 1, 0, strings.len() as u64));
    }
    w.reserve_null_section_index();
    let mut names = vec![];
    for section in &list {
        w.reserve_section_index();
        names.push(w.add_section_name(section.0));
    }
    w.reserve_shstrtab_section_index();
    let places: Vec<u64> = list.iter().map(|section| w.reserve(section.5, section.3)).collect();
    w.reserve_shstrtab().expect("a few short names");
    w.reserve_section_headers();
    let part = |n: usize| Part { at: places[n], len: list[n].5 };
    let head = Head {
        key: unit.title.key,
        base: unit.title.base,
        pages,
        count: unit.chosen.len() as u32,
        text: part(0),
        index: part(1),
        name: part(2),
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
    let mut index: Vec<u8> = Vec::with_capacity(index_len as usize);
    let (mut next, mut bytes) = (PageEntry::default(), Vec::with_capacity(2 * BUFFER));
    for (page, group) in unit.groups() {
        // Pages without pieces.
        while index.len() < page as usize * PageEntry::SIZE {
            index.extend_from_slice(&next.to_bytes());
        }
        let begin = bytes.len();
        unit.group(group, &mut bytes);
        let sum = checksum(page, &bytes[begin..]);
        index.extend_from_slice(&PageEntry { sum, ..next }.to_bytes());
        next.first += group.len() as u32;
        next.at += (bytes.len() - begin) as u32;
        if bytes.len() >= BUFFER {
            w.write(&bytes);
            bytes.clear();
        }
    }
    w.write(&bytes);
    index.extend_from_slice(&next.to_bytes());
    let rest = symbols.map_or([&[][..]; 2], |s| [s.table(), s.strings()]);
    for (at, bytes) in places[1..].iter().zip([&index[..], name, rest[0], rest[1]]) {
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
            sh_link: if is_symbols { n as u32 + 2 } else { 0 },
            sh_info: if is_symbols { (sh_size / sh_entsize) as u32 } else { 0 },
            sh_addralign: *sh_addralign,
            sh_entsize: *sh_entsize,
        });
    }
    w.write_shstrtab_section_header();
    head.file_len
}
