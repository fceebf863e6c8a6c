//! What a unit file looks like: an ELF file whose sections hold code and what the engine must know of it.
//!
//! ```text
//! ELF header | head | .text | .isamorph.index | .isamorph.name | symbols, if they were asked for | …
//! ```
//! - *head*, right behind the ELF header: a [`Head`], all that is needed to find the rest.
//! - *.text*: for each guest page of the image the *group* of the pieces that begin there, sorted by address and better
//!   ones first: their [`Record`]s, what must be known of their code ([`crate::words`]), their code, link slots and
//!   counters not filled in. A group is read and checked in one go: pieces that lie together are wanted together.
//! - *index*: for each guest page a [`PageEntry`], and one more.
//!
//! Guest addresses are distances from the image's base. All numbers are little-endian.
//!
//! Invariant: nothing in a file is believed. The head and every group bear a checksum; numbers are checked where they
//! are used. What is not covered by a checksum (the index) can only make a group not be found, since bytes that are
//! looked for in the wrong place do not match the group's checksum.

use twox_hash::XxHash3_64;

/// Size of an ELF64 header, behind which the head lies.
pub const HEAD_AT: u64 = 64;
/// Says that it is a unit, and of which format.
const MAGIC: [u8; 8] = *b"isaunit\x04";
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
    /// The groups.
    pub text: Part,
    /// Where they are found.
    pub index: Part,
    /// Path of the guest's file, for whoever looks at the cache.
    pub name: Part,
    /// Length of the file.
    pub file_len: u64,
}

/// Checksums are looked at; not where a fuzzer is to come behind them.
pub const CHECKSUMS: bool = !cfg!(fuzzing);

#[inline]
fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

#[inline]
fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

impl Head {
    /// Bytes in the file.
    pub const SIZE: usize = 112;

    /// As it stands in the file.
    pub fn to_bytes(&self) -> [u8; Head::SIZE] {
        let mut out = Vec::with_capacity(Head::SIZE);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.key.0.to_le_bytes());
        out.extend_from_slice(&self.base.to_le_bytes());
        out.extend_from_slice(&self.pages.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        for part in [self.text, self.index, self.name] {
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
            index: part(56),
            name: part(72),
            file_len: u64_at(bytes, 88),
        };
        if head.file_len != len {
            return Err("it is not as long as its head says");
        }
        let first = HEAD_AT + Head::SIZE as u64;
        for part in [head.text, head.index, head.name] {
            let end = part.at.checked_add(part.len);
            if part.at < first || part.len > MAX_SECTION || end.is_none_or(|end| end > len) {
                return Err("a part of it lies outside");
            }
        }
        if head.index.len != PageEntry::SIZE as u64 * (head.pages as u64 + 1) {
            return Err("its tables have wrong sizes");
        }
        Ok(head)
    }
}

/// Who made a piece, and with what care: what decides, besides the guest code, whether it can be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kind {
    /// How good the code is: 0 for a block of the baseline compiler, more for regions. The best one is used.
    pub tier: u8,
    /// The engine's word for what the code heeds.
    pub care: u8,
}

impl Kind {
    fn to_u16(self) -> u16 {
        u16::from_le_bytes([self.tier, self.care])
    }

    fn from_u16(n: u16) -> Kind {
        Kind { tier: n as u8, care: (n >> 8) as u8 }
    }
}

/// What is known of a piece: a compiled block or region.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Its guest address.
    pub pc: u32,
    /// The translation mode that it was made for.
    pub mode: u32,
    /// Who made it.
    pub kind: Kind,
    /// Guest instructions.
    pub insns: u16,
    /// Its frame in bytes.
    pub frame: u32,
    /// Its words: offset in the group, and bytes.
    pub side: (u32, u32),
    /// Its code: offset in the group, and bytes.
    pub code: (u32, u32),
    /// Hash of the guest code that it was made from, range by range.
    pub guest: u64,
}

impl Record {
    /// Bytes in the file.
    pub const SIZE: usize = 40;

    /// As it stands in the file.
    pub fn to_bytes(&self) -> [u8; Record::SIZE] {
        let mut out = [0; Record::SIZE];
        let low = self.kind.to_u16() as u32 | (self.insns as u32) << 16;
        let ((side, side_len), (code, code_len)) = (self.side, self.code);
        let words = [self.pc, self.mode, low, self.frame, side, side_len, code, code_len];
        for (out, word) in out.chunks_exact_mut(4).zip(words) {
            out.copy_from_slice(&word.to_le_bytes());
        }
        out[32..].copy_from_slice(&self.guest.to_le_bytes());
        out
    }

    /// From the file's bytes.
    #[inline]
    pub fn from_bytes(bytes: &[u8; Record::SIZE]) -> Record {
        let word = |n: usize| u32_at(bytes, 4 * n);
        Record {
            pc: word(0),
            mode: word(1),
            kind: Kind::from_u16(word(2) as u16),
            insns: (word(2) >> 16) as u16,
            frame: word(3),
            side: (word(4), word(5)),
            code: (word(6), word(7)),
            guest: u64_at(bytes, 32),
        }
    }
}

/// Where the group of a guest page is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PageEntry {
    /// Pieces before it.
    pub first: u32,
    /// Its offset in the text.
    pub at: u32,
    /// Its checksum.
    pub sum: u64,
}

impl PageEntry {
    /// Bytes in the file.
    pub const SIZE: usize = 16;

    /// As it stands in the file.
    pub fn to_bytes(&self) -> [u8; PageEntry::SIZE] {
        let mut out = [0; PageEntry::SIZE];
        out[..4].copy_from_slice(&self.first.to_le_bytes());
        out[4..8].copy_from_slice(&self.at.to_le_bytes());
        out[8..].copy_from_slice(&self.sum.to_le_bytes());
        out
    }

    /// From the file's bytes.
    pub fn from_bytes(bytes: &[u8; PageEntry::SIZE]) -> PageEntry {
        PageEntry { first: u32_at(bytes, 0), at: u32_at(bytes, 4), sum: u64_at(bytes, 8) }
    }
}

/// The checksum of a page's group.
pub fn checksum(page: u32, group: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(page as u64, group)
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
            text: part(176, 60),
            index: part(240, 48),
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
            Head { text: part(175, 10), ..head() },
            Head { pages: 3, ..head() },
            Head { pages: u32::MAX, ..head() },
        ] {
            assert!(Head::from_bytes(&bad.to_bytes(), 400).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn records_and_places_come_back() {
        let record = Record {
            pc: 0x1230,
            mode: 2,
            kind: Kind { tier: 1, care: 5 },
            insns: 9,
            frame: 64,
            code: (17, 3),
            side: (80, 56),
            guest: 0xfeed_f00d_dead_beef,
        };
        assert_eq!(Record::from_bytes(&record.to_bytes()), record);
        let entry = PageEntry { first: 3, at: 0x1234_5678, sum: u64::MAX - 1 };
        assert_eq!(PageEntry::from_bytes(&entry.to_bytes()), entry);
        assert_ne!(checksum(1, b"group"), checksum(2, b"group"));
    }
}
