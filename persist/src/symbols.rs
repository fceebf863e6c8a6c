//! Symbols of a unit's pieces, for `objdump -d` and `readelf -s`.

use crate::format::{PAGE_SHIFT, Record};
use object::elf::{STB_LOCAL, STT_FUNC, STT_OBJECT, STV_DEFAULT, Sym64, SymbolInfo, SymbolSection};
use object::endian::{LittleEndian, U16, U32, U64};
use object::pod::bytes_of;

/// The table of symbols, and the strings of their names.
pub(crate) struct Symbols {
    /// Guest address of the image.
    base: u64,
    table: Vec<u8>,
    strings: Vec<u8>,
}

impl Symbols {
    /// Bytes of a symbol.
    pub const SIZE: u64 = size_of::<Sym64<LittleEndian>>() as u64;

    /// None yet.
    pub fn new(base: u64) -> Symbols {
        Symbols { base, table: vec![0; Symbols::SIZE as usize], strings: vec![0] }
    }

    /// Names what lies before the code of a page's group, which is data.
    pub fn page(&mut self, page: u32, at: u64, len: u64) {
        let address = self.base.wrapping_add((page as u64) << PAGE_SHIFT);
        self.add(STT_OBJECT, at, len, format!("page_{address:x}"));
    }

    /// Names a piece, whose code lies here in the text.
    pub fn piece(&mut self, record: &Record, at: u64) {
        let what = if record.kind.tier == 0 { "block" } else { "region" };
        let mut name = format!("{what}_{:x}", self.base.wrapping_add(record.pc as u64));
        for (word, n) in [("mode", record.mode), ("care", record.kind.care as u32)] {
            if n != 0 {
                name.push_str(&format!("_{word}{n:x}"));
            }
        }
        self.add(STT_FUNC, at, record.code.1 as u64, name);
    }

    fn add(&mut self, what: object::elf::SymbolType, at: u64, len: u64, name: String) {
        self.table.extend_from_slice(bytes_of(&Sym64::<LittleEndian> {
            st_name: U32::new(LittleEndian, self.strings.len() as u32),
            st_info: SymbolInfo::new(STB_LOCAL, what),
            st_other: STV_DEFAULT.into(),
            st_shndx: U16::new(LittleEndian, SymbolSection(1)),
            st_value: U64::new(LittleEndian, at),
            st_size: U64::new(LittleEndian, len),
        }));
        self.strings.extend_from_slice(name.as_bytes());
        self.strings.push(0);
    }

    pub fn table(&self) -> &[u8] {
        &self.table
    }

    pub fn strings(&self) -> &[u8] {
        &self.strings
    }
}
