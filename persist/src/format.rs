//! What a unit file looks like: an ELF file whose sections hold code and what the engine must know of it.
//!
//! ```text
//! ELF header | head | .text | .isamorph.side | .isamorph.index | .isamorph.records | .symtab | .strtab | …
//! ```
//! - *head*, right behind the ELF header: a [`Head`], all that is needed to find the rest.
//! - *.text*: the code of all pieces, link slots and counters not filled in.
//! - *side*: for each piece its guest ranges, entries, fixups and source map, in 32-bit words.
//! - *index*: for each guest page of the image the number of the first piece there, and one number more; then the
//!   guest address of each piece. Pieces are sorted by it.
//! - *records*: a [`Record`] of each piece, in the same order.
//!
//! Guest addresses are distances from the image's base. All numbers are little-endian.
//!
//! Invariant: nothing in a file is believed. The head and every record bear a checksum; numbers are checked where they
//! are used. What is not covered by a checksum (the index, the places in a record) can only make a piece not be
//! found, since a record that was found elsewhere than its own bytes are does not match its checksum.

use twox_hash::XxHash3_64;

/// Size of an ELF64 header, behind which the head lies.
pub const HEAD_AT: u64 = 64;
/// Says that it is a unit, and of which format.
const MAGIC: [u8; 8] = *b"isaunit\x01";
/// Most bytes of a section: offsets have 32 bits.
pub const MAX_SECTION: u64 = 1 << 31;
/// Most pieces that begin in one guest page; more are not looked at.
pub const MAX_ON_PAGE: usize = 4096;
/// Bytes of a guest page here, whatever the guest's own page size is.
pub const PAGE_SHIFT: u32 = 12;

/// What a unit is for: a hash of the build, the host, the engine's options, the guest file and its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UnitKey(pub u128);

/// A part of the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Its offset in the file.
    pub at: u64,
    /// Its length in bytes.
    pub len: u64,
}

/// The begin of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// What it is for.
    pub key: UnitKey,
    /// Guest address of the image.
    pub base: u64,
    /// Guest pages in the index.
    pub pages: u32,
    /// Pieces.
    pub count: u32,
    /// Code.
    pub text: Part,
    /// Words about each piece.
    pub side: Part,
    /// Where pieces are found.
    pub index: Part,
    /// Records.
    pub records: Part,
    /// Path of the guest's file, for whoever looks at the cache.
    pub name: Part,
    /// Length of the file.
    pub file_len: u64,
}

/// Checksums are looked at; not where a fuzzer is to come behind them.
pub const CHECKSUMS: bool = !cfg!(fuzzing);

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

impl Head {
    /// Bytes in the file.
    pub const SIZE: usize = 144;

    /// As it stands in the file.
    pub fn to_bytes(&self) -> [u8; Head::SIZE] {
        let mut out = Vec::with_capacity(Head::SIZE);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.key.0.to_le_bytes());
        out.extend_from_slice(&self.base.to_le_bytes());
        out.extend_from_slice(&self.pages.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        for part in [self.text, self.side, self.index, self.records, self.name] {
            out.extend_from_slice(&part.at.to_le_bytes());
            out.extend_from_slice(&part.len.to_le_bytes());
        }
        out.extend_from_slice(&self.file_len.to_le_bytes());
        out.resize(Head::SIZE - 8, 0);
        out.extend_from_slice(&XxHash3_64::oneshot(&out).to_le_bytes());
        out.try_into().expect("as many bytes as it has")
    }

    /// From the file's bytes behind the ELF header; `len` is the file's length.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_bytes(bytes: &[u8; Head::SIZE], len: u64) -> Result<Head, &'static str> {
        if bytes[..8] != MAGIC {
            return Err("it is no unit of this format");
        }
        let sum = XxHash3_64::oneshot(&bytes[..Head::SIZE - 8]);
        if sum != u64_at(bytes, Head::SIZE - 8) && CHECKSUMS {
            return Err("its head does not match its checksum");
        }
        let part = |at| Part { at: u64_at(bytes, at), len: u64_at(bytes, at + 8) };
        let head = Head {
            key: UnitKey(u128::from_le_bytes(bytes[8..24].try_into().expect("16 bytes"))),
            base: u64_at(bytes, 24),
            pages: u32_at(bytes, 32),
            count: u32_at(bytes, 36),
            text: part(40),
            side: part(56),
            index: part(72),
            records: part(88),
            name: part(104),
            file_len: u64_at(bytes, 120),
        };
        if head.file_len != len {
            return Err("it is not as long as its head says");
        }
        let first = HEAD_AT + Head::SIZE as u64;
        for part in [head.text, head.side, head.index, head.records, head.name] {
            let end = part.at.checked_add(part.len);
            if part.at < first || part.len > MAX_SECTION || end.is_none_or(|end| end > len) {
                return Err("a part of it lies outside");
            }
        }
        let (pages, count) = (head.pages as u64, head.count as u64);
        if head.index.len != 4 * (pages + 1 + count)
            || head.records.len != Record::SIZE as u64 * count
        {
            return Err("its tables have wrong sizes");
        }
        Ok(head)
    }
}

/// Who made a piece, and with what care: what decides, besides the guest code, whether it can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// How good the code is: 0 for a block of the baseline compiler, more for regions. The best one is used.
    pub tier: u8,
    /// The engine's word for what the code heeds.
    pub care: u8,
}

impl Kind {
    fn to_u32(self) -> u32 {
        self.tier as u32 | (self.care as u32) << 8
    }

    fn from_u32(n: u32) -> Kind {
        Kind { tier: n as u8, care: (n >> 8) as u8 }
    }
}

/// What is known of a piece: a compiled block or region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its guest address.
    pub pc: u32,
    /// The translation mode that it was made for.
    pub mode: u32,
    /// Who made it.
    pub kind: Kind,
    /// Guest instructions.
    pub insns: u32,
    /// Its frame in bytes.
    pub frame: u32,
    /// Its code: offset in the text, and bytes.
    pub code: (u32, u32),
    /// Its words: offset in the side section, and bytes.
    pub side: (u32, u32),
    /// Numbers of guest ranges, entries, fixups, and pairs of the source map among its words.
    pub numbers: [u16; 4],
    /// Hash of the guest code that it was made from, range by range.
    pub guest: u64,
}

impl Record {
    /// Bytes in the file.
    pub const SIZE: usize = 64;
    /// Words of a guest range, an entry, a fixup, a pair of the source map.
    pub const WORDS: [usize; 4] = [2, 2, 4, 2];

    /// Bytes that its words have by their numbers.
    pub fn side_len(&self) -> u32 {
        let words = self.numbers.iter().zip(Record::WORDS).map(|(&n, each)| n as usize * each);
        4 * words.sum::<usize>() as u32
    }

    /// As it stands in the file, with the checksum over it (but where it lies) and its bytes.
    pub fn to_bytes(&self, side: &[u8], code: &[u8]) -> [u8; Record::SIZE] {
        let mut out = [0; Record::SIZE];
        let words = [self.pc, self.mode, self.kind.to_u32(), self.insns, self.frame];
        for (at, word) in words.into_iter().enumerate() {
            out[4 * at..4 * at + 4].copy_from_slice(&word.to_le_bytes());
        }
        for (at, n) in self.numbers.into_iter().enumerate() {
            out[20 + 2 * at..22 + 2 * at].copy_from_slice(&n.to_le_bytes());
        }
        out[28..32].copy_from_slice(&self.code.1.to_le_bytes());
        out[32..36].copy_from_slice(&self.side.1.to_le_bytes());
        out[36..40].copy_from_slice(&self.code.0.to_le_bytes());
        out[40..44].copy_from_slice(&self.side.0.to_le_bytes());
        out[48..56].copy_from_slice(&self.guest.to_le_bytes());
        let sum = checksum(&out, side, code);
        out[56..].copy_from_slice(&sum.to_le_bytes());
        out
    }

    /// From the file's bytes, and its checksum.
    pub fn from_bytes(bytes: &[u8; Record::SIZE]) -> (Record, u64) {
        let half = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let record = Record {
            pc: u32_at(bytes, 0),
            mode: u32_at(bytes, 4),
            kind: Kind::from_u32(u32_at(bytes, 8)),
            insns: u32_at(bytes, 12),
            frame: u32_at(bytes, 16),
            numbers: [half(20), half(22), half(24), half(26)],
            code: (u32_at(bytes, 36), u32_at(bytes, 28)),
            side: (u32_at(bytes, 40), u32_at(bytes, 32)),
            guest: u64_at(bytes, 48),
        };
        (record, u64_at(bytes, 56))
    }
}

/// The checksum of a piece: over its record but for the places of its bytes, its words and its code.
pub fn checksum(record: &[u8; Record::SIZE], side: &[u8], code: &[u8]) -> u64 {
    let seed = XxHash3_64::oneshot(&record[..36]) ^ u64_at(record, 48);
    let seed = XxHash3_64::oneshot_with_seed(seed, side);
    XxHash3_64::oneshot_with_seed(seed, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Head {
        let part = |at, len| Part { at, len };
        Head {
            key: UnitKey(0x1234_5678_9abc_def0_1111),
            base: 0x1000_0000,
            pages: 2,
            count: 1,
            text: part(208, 10),
            side: part(224, 16),
            index: part(240, 16),
            records: part(256, 64),
            name: part(320, 4),
            file_len: 400,
        }
    }

    #[test]
    fn a_head_comes_back_and_its_errors_are_found() {
        let bytes = head().to_bytes();
        assert_eq!(Head::from_bytes(&bytes, 400), Ok(head()));
        assert!(Head::from_bytes(&bytes, 399).is_err());
        for at in 0..Head::SIZE {
            for bit in 0..8 {
                let mut bad = bytes;
                bad[at] ^= 1 << bit;
                assert!(Head::from_bytes(&bad, 400).is_err(), "byte {at} bit {bit}");
            }
        }
        let part = |at, len| Part { at, len };
        for bad in [
            Head { text: part(u64::MAX, 10), ..head() },
            Head { text: part(300, 101), ..head() },
            Head { text: part(207, 10), ..head() },
            Head { count: 2, ..head() },
            Head { pages: u32::MAX, ..head() },
        ] {
            assert!(Head::from_bytes(&bad.to_bytes(), 400).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_record_comes_back_and_its_checksum_covers_everything_but_places() {
        let record = Record {
            pc: 0x1230,
            mode: 2,
            kind: Kind { tier: 1, care: 5 },
            insns: 9,
            frame: 64,
            code: (17, 3),
            side: (80, 56),
            numbers: [1, 2, 1, 2],
            guest: 0xfeed_f00d_dead_beef,
        };
        let (side, code) = ([7; 56], [1, 2, 3]);
        let bytes = record.to_bytes(&side, &code);
        let (back, sum) = Record::from_bytes(&bytes);
        assert_eq!((back, sum), (record, checksum(&bytes, &side, &code)));
        assert_eq!(record.side_len(), 56);
        for at in (0..36).chain(48..56) {
            let mut bad = bytes;
            bad[at] ^= 4;
            assert_ne!(checksum(&bad, &side, &code), sum, "byte {at}");
        }
        assert_ne!(checksum(&bytes, &[7; 52], &code), sum);
        assert_ne!(checksum(&bytes, &side, &[1, 2, 2]), sum);
    }
}
