//! Reading a unit: finding the piece for a guest address, checking it, making a blob of it.
//!
//! Way of the data: `file → ` [`Bytes`] ` → ` [`Unit::find`] ` → ` [`Unit::read`] ` (the only place that believes bytes, by their`
//! checksum) ` → ` [`Piece::blob`] ` → engine's code cache`.
//!
//! Invariants: whatever the bytes are, nothing here panics or allocates more than the file is long; bytes are copied
//! first and checked then, so that a file that changes meanwhile is no danger.

use crate::format::{CHECKSUMS, HEAD_AT, Head, MAX_ON_PAGE, PAGE_SHIFT, Record, UnitKey, checksum};
use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind};

/// A file's bytes, which may be gone when they are asked for.
pub trait Bytes {
    /// Their number.
    fn len(&self) -> u64;
    /// Whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Fills `buf` from `at`. False: they cannot be read.
    fn read(&self, at: u64, buf: &mut [u8]) -> bool;
    /// The word at `at`.
    fn word(&self, at: u64) -> Option<u32> {
        let mut word = [0; 4];
        self.read(at, &mut word).then(|| u32::from_le_bytes(word))
    }
}

impl Bytes for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read(&self, at: u64, buf: &mut [u8]) -> bool {
        let from = usize::try_from(at).ok().and_then(|at| self.get(at..at.checked_add(buf.len())?));
        from.map(|from| buf.copy_from_slice(from)).is_some()
    }
}

/// Why a file is no unit that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// It ends too early, or cannot be read.
    #[error("it is cut off")]
    Cut,
    /// It is broken, or of another kind.
    #[error("{0}")]
    Bad(&'static str),
}

/// Why a piece cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// It cannot be read.
    #[error("it is cut off")]
    Cut,
    /// Its checksum is another.
    #[error("it does not match its checksum")]
    Checksum,
    /// Its words contradict each other.
    #[error("its words make no sense")]
    Words,
}

/// A piece that was found: its number and its record, not checked yet.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    /// Its number.
    pub number: u32,
    /// Its record.
    pub record: Record,
    raw: [u8; Record::SIZE],
}

/// A unit.
#[derive(Debug)]
pub struct Unit<B> {
    bytes: B,
    head: Head,
}

impl<B: Bytes> Unit<B> {
    /// The unit in these bytes.
    ///
    /// # Errors
    /// If it is none.
    pub fn open(bytes: B) -> Result<Unit<B>, UnitError> {
        let mut head = [0; Head::SIZE];
        let mut magic = [0; 4];
        if !bytes.read(0, &mut magic) || !bytes.read(HEAD_AT, &mut head) {
            return Err(UnitError::Cut);
        }
        if magic != *b"\x7fELF" {
            return Err(UnitError::Bad("it is no ELF file"));
        }
        let head = Head::from_bytes(&head, bytes.len()).map_err(UnitError::Bad)?;
        Ok(Unit { bytes, head })
    }

    /// The same, if it is the one for this key.
    ///
    /// # Errors
    /// If it is none, or another one.
    pub fn open_for(bytes: B, key: UnitKey) -> Result<Unit<B>, UnitError> {
        let unit = Unit::open(bytes)?;
        if unit.head.key != key {
            return Err(UnitError::Bad("it is for another key"));
        }
        Ok(unit)
    }

    /// Its head.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// Where it comes from.
    pub fn bytes(&self) -> &B {
        &self.bytes
    }

    /// The guest file's path, as it was.
    pub fn name(&self) -> String {
        let mut name = vec![0; self.head.name.len.min(4096) as usize];
        if !self.bytes.read(self.head.name.at, &mut name) {
            return String::new();
        }
        String::from_utf8_lossy(&name).into_owned()
    }

    fn index(&self, number: u64) -> Option<u32> {
        self.bytes.word(self.head.index.at + 4 * number)
    }

    /// The best piece for this distance from the image's base that is wanted.
    pub fn find(&self, pc: u32, wanted: impl Fn(&Record) -> bool) -> Option<Found> {
        let page = pc >> PAGE_SHIFT;
        if page >= self.head.pages {
            return None;
        }
        let (first, end) = (self.index(page as u64)?, self.index(page as u64 + 1)?);
        if first >= end || end > self.head.count || (end - first) as usize > MAX_ON_PAGE {
            return None;
        }
        let addresses = self.head.pages as u64 + 1;
        let (mut low, mut high) = (first, end);
        while low < high {
            let middle = low + (high - low) / 2;
            if self.index(addresses + middle as u64)? < pc {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut best: Option<Found> = None;
        for number in low..end {
            if self.index(addresses + number as u64)? != pc {
                break;
            }
            let found = self.found(number)?;
            let better = best.is_none_or(|b| b.record.kind.tier < found.record.kind.tier);
            if found.record.pc == pc && better && wanted(&found.record) {
                best = Some(found);
            }
        }
        best
    }

    /// The piece of this number; `None` if there is none.
    pub fn found(&self, number: u32) -> Option<Found> {
        if number >= self.head.count {
            return None;
        }
        let mut raw = [0; Record::SIZE];
        let at = self.head.records.at + Record::SIZE as u64 * number as u64;
        let there = self.bytes.read(at, &mut raw);
        there.then(|| Found { number, record: Record::from_bytes(&raw).0, raw })
    }

    /// Reads and checks a piece.
    ///
    /// # Errors
    /// If its bytes are not what they were when it was written.
    pub fn read(&self, found: &Found, piece: &mut Piece) -> Result<(), PieceError> {
        let (record, sum) = Record::from_bytes(&found.raw);
        piece.record = record;
        let part = |(at, len): (u32, u32), of: crate::format::Part| {
            let end = at as u64 + len as u64;
            (end <= of.len).then_some((of.at + at as u64, len as usize))
        };
        let side = part(record.side, self.head.side).ok_or(PieceError::Cut)?;
        let code = part(record.code, self.head.text).ok_or(PieceError::Cut)?;
        piece.side.resize(side.1, 0);
        piece.code.resize(code.1, 0);
        if !self.bytes.read(side.0, &mut piece.side) || !self.bytes.read(code.0, &mut piece.code) {
            return Err(PieceError::Cut);
        }
        if checksum(&found.raw, &piece.side, &piece.code) != sum && CHECKSUMS {
            return Err(PieceError::Checksum);
        }
        Ok(())
    }
}

/// A piece as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What is known of it; the places are those in the unit that it was read from.
    pub record: Record,
    /// Its words.
    pub side: Vec<u8>,
    /// Its code.
    pub code: Vec<u8>,
}

impl Default for Piece {
    fn default() -> Piece {
        let kind = crate::format::Kind { tier: 0, care: 0 };
        let record = Record {
            pc: 0,
            mode: 0,
            kind,
            insns: 0,
            frame: 0,
            code: (0, 0),
            side: (0, 0),
            numbers: [0; 4],
            guest: 0,
        };
        Piece { record, side: vec![], code: vec![] }
    }
}

/// A direct exit, one that is a call, a counter.
const EXIT: u32 = 0;
const CALL: u32 = 1;
const COUNTER: u32 = 2;
const PREDICTION: u32 = 3;

impl Piece {
    /// The piece for a blob made from guest code with this hash; `None` if it has no place in the format. `insns`,
    /// `frame` and the like are the blob's.
    pub fn of(blob: &CodeBlob, base: u64, mode: u32, kind: crate::format::Kind) -> Option<Piece> {
        let mut piece = Piece::default();
        piece.set(blob, base, mode, kind).then_some(piece)
    }

    /// The same in place of what it was. False: it has no place in the format.
    pub fn set(
        &mut self,
        blob: &CodeBlob,
        base: u64,
        mode: u32,
        kind: crate::format::Kind,
    ) -> bool {
        self.set_words(blob, base, mode, kind).is_some()
    }

    fn set_words(
        &mut self,
        blob: &CodeBlob,
        base: u64,
        mode: u32,
        kind: crate::format::Kind,
    ) -> Option<()> {
        // A distance of more than 2 GiB has no place.
        let near = |pc: u64| i32::try_from(pc.wrapping_sub(base) as i64).ok().map(|d| d as u32);
        let inside = |pc: u64| u32::try_from(pc.checked_sub(base)?).ok();
        let count = |n: usize| u16::try_from(n).ok();
        self.side.clear();
        let mut word = |w: u32| self.side.extend_from_slice(&w.to_le_bytes());
        for range in &blob.guest_ranges {
            word(inside(range.start)?);
            word(u32::try_from(range.end.checked_sub(range.start)?).ok()?);
        }
        for &(pc, offset) in &blob.entries {
            word(inside(pc)?);
            word(offset);
        }
        for fixup in &blob.fixups {
            let (what, target, ret) = match fixup.kind {
                FixupKind::DirectExit { target, ret: None } => (EXIT, target, base),
                FixupKind::DirectExit { target, ret: Some(ret) } => (CALL, target, ret),
                FixupKind::Counter { target } => (COUNTER, target, base),
                FixupKind::Prediction { site } => (PREDICTION, site, base),
            };
            for w in [fixup.offset, what, near(target)?, near(ret)?] {
                word(w);
            }
        }
        for &(offset, pc) in &blob.source_map {
            word(offset);
            word(near(pc)?);
        }
        self.code.clear();
        self.code.extend_from_slice(&blob.code);
        self.record = Record {
            pc: inside(blob.entries.first()?.0)?,
            mode,
            kind,
            insns: blob.guest_insns,
            frame: blob.frame_size,
            code: (0, u32::try_from(blob.code.len()).ok()?),
            side: (0, self.side.len() as u32),
            numbers: [
                count(blob.guest_ranges.len())?,
                count(blob.entries.len())?,
                count(blob.fixups.len())?,
                count(blob.source_map.len())?,
            ],
            guest: 0,
        };
        Some(())
    }

    fn words(&self) -> impl Iterator<Item = u32> {
        self.side.chunks_exact(4).map(|w| u32::from_le_bytes([w[0], w[1], w[2], w[3]]))
    }

    /// The guest ranges that it was made from, if they lie in an image of `size` bytes at `base`.
    pub fn ranges(
        &self,
        base: u64,
        size: u64,
    ) -> impl Iterator<Item = Option<std::ops::Range<u64>>> {
        let mut words = self.words();
        (0..self.record.numbers[0]).map(move |_| {
            let (start, len) = (words.next()? as u64, words.next()? as u64);
            let fits = len > 0 && start + len <= size;
            fits.then(|| base + start..base + start + len)
        })
    }

    /// Makes a blob of it, in place of what the blob was, for an image of `size` bytes at `base`.
    ///
    /// # Errors
    /// If its words contradict each other: a blob may be placed as it is.
    pub fn blob(&mut self, base: u64, size: u64, blob: &mut CodeBlob) -> Result<(), PieceError> {
        self.fill(base, size, blob).ok_or(PieceError::Words)
    }

    fn fill(&mut self, base: u64, size: u64, blob: &mut CodeBlob) -> Option<()> {
        let record = self.record;
        if self.side.len() != record.side_len() as usize || self.code.is_empty() {
            return None;
        }
        let [ranges, entries, fixups, sources] = record.numbers;
        blob.guest_ranges.clear();
        for range in self.ranges(base, size) {
            blob.guest_ranges.push(range?);
        }
        let mut words = self.words().skip(2 * ranges as usize);
        let len = self.code.len() as u32;
        blob.entries.clear();
        for _ in 0..entries {
            let (pc, offset) = (words.next()?, words.next()?);
            if offset >= len || pc as u64 >= size {
                return None;
            }
            blob.entries.push((base + pc as u64, offset));
        }
        let near = |d: u32| base.wrapping_add_signed(d as i32 as i64);
        blob.fixups.clear();
        for _ in 0..fixups {
            let (offset, what) = (words.next()?, words.next()?);
            let (target, ret) = (near(words.next()?), near(words.next()?));
            if offset.checked_add(4)? > len {
                return None;
            }
            let kind = match what {
                EXIT => FixupKind::DirectExit { target, ret: None },
                CALL => FixupKind::DirectExit { target, ret: Some(ret) },
                COUNTER => FixupKind::Counter { target },
                PREDICTION => FixupKind::Prediction { site: target },
                _ => return None,
            };
            blob.fixups.push(Fixup { offset, kind });
        }
        blob.source_map.clear();
        for _ in 0..sources {
            let (offset, pc) = (words.next()?, words.next()?);
            let ascends = blob.source_map.last().is_none_or(|l| l.0 <= offset);
            if !ascends {
                return None;
            }
            blob.source_map.push((offset, near(pc)));
        }
        drop(words);
        let begin = blob.guest_ranges.first()?.start;
        if blob.entries.first()?.0 != begin || begin != base + record.pc as u64 {
            return None;
        }
        blob.exceptions.clear();
        blob.listing = None;
        blob.guest_insns = record.insns;
        blob.frame_size = record.frame;
        // The blob's old memory becomes the piece's.
        std::mem::swap(&mut blob.code, &mut self.code);
        Some(())
    }
}
