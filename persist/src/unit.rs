//! Reading a unit: the group of a guest page, checked; in it the piece for a guest address; of that a blob.
//!
//! Way of the data: `file → ` [`Bytes`] ` → ` [`Unit::read`] ` (the only place that believes bytes, by their`
//! checksum) ` → ` [`Group::find`] ` → ` [`Group::blob`] ` → engine's code cache`.
//!
//! Invariants: whatever the bytes are, nothing here panics or allocates more than the file is long; bytes are copied
//! first and checked then, so that a file that changes meanwhile is no danger.

use crate::format::{CHECKSUMS, HEAD_AT, Head, MAX_ON_PAGE, PageEntry, Record, UnitKey, checksum};
use crate::words;
use isamorph_backend_abi::CodeBlob;

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

/// Why a group or a piece in it cannot be used.
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

    fn page(&self, page: u32) -> Option<[PageEntry; 2]> {
        const SIZE: usize = PageEntry::SIZE;
        let mut two = [0; 2 * SIZE];
        let at = self.head.index.at + SIZE as u64 * page as u64;
        if page >= self.head.pages || !self.bytes.read(at, &mut two) {
            return None;
        }
        let entry = |n: usize| {
            let bytes = &two[n * SIZE..(n + 1) * SIZE];
            PageEntry::from_bytes(bytes.try_into().expect("as many bytes as it has"))
        };
        Some([entry(0), entry(1)])
    }

    /// Where a page's group is in the text, as the index says.
    pub(crate) fn group_at(&self, page: u32) -> Option<u32> {
        Some(self.page(page)?[0].at)
    }

    /// Reads and checks the pieces that begin in a guest page, in place of what the group was.
    ///
    /// # Errors
    /// If their bytes are not what they were when they were written.
    pub fn read(&self, page: u32, group: &mut Group) -> Result<(), PieceError> {
        group.count = 0;
        let Some([this, next]) = self.page(page) else { return Ok(()) };
        if this.first == next.first {
            return Ok(());
        }
        let (Some(count), Some(len)) =
            (next.first.checked_sub(this.first), next.at.checked_sub(this.at))
        else {
            return Err(PieceError::Cut);
        };
        let (count, len) = (count as usize, len as usize);
        if next.at as u64 > self.head.text.len || count > MAX_ON_PAGE || len < count * Record::SIZE
        {
            return Err(PieceError::Cut);
        }
        if group.room.len() < len {
            group.room.resize(len, 0);
        }
        let bytes = &mut group.room[..len];
        if !self.bytes.read(self.head.text.at + this.at as u64, bytes) {
            return Err(PieceError::Cut);
        }
        if checksum(page, bytes) != this.sum && CHECKSUMS {
            return Err(PieceError::Checksum);
        }
        (group.count, group.used) = (count, len);
        Ok(())
    }
}

/// The pieces that begin in a guest page: whole, in memory of its own.
#[derive(Clone, Debug, Default)]
pub struct Group {
    count: usize,
    /// Its bytes in the room, which may have held a larger one before.
    used: usize,
    room: Vec<u8>,
}

impl Group {
    /// Number of pieces.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        &self.room[..self.used]
    }

    /// The record of the piece of this number, of which there must be one.
    #[inline]
    fn record(&self, number: usize) -> Record {
        let at = number * Record::SIZE;
        let bytes = &self.bytes()[at..at + Record::SIZE];
        Record::from_bytes(bytes.try_into().expect("as many bytes as it has"))
    }

    #[inline]
    fn pc(&self, number: usize) -> u32 {
        let at = number * Record::SIZE;
        u32::from_le_bytes(self.bytes()[at..at + 4].try_into().expect("four bytes"))
    }

    /// What is known of all pieces.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        (0..self.count).map(|n| self.record(n))
    }

    /// The best piece for this distance from the image's base that is wanted.
    pub fn find(&self, pc: u32, wanted: impl Fn(&Record) -> bool) -> Option<Record> {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.midpoint(high);
            if self.pc(middle) < pc {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let here = (low..self.count).map(|n| self.record(n)).take_while(|r| r.pc == pc);
        // Better ones come first.
        here.into_iter().find(|r| wanted(r))
    }

    fn part(&self, (at, len): (u32, u32)) -> Option<&[u8]> {
        let at = at as usize;
        self.bytes().get(at..at.checked_add(len as usize)?)
    }

    /// A piece's words.
    pub fn side(&self, record: &Record) -> Option<&[u8]> {
        self.part(record.side)
    }

    /// A piece's code.
    pub fn code(&self, record: &Record) -> Option<&[u8]> {
        self.part(record.code)
    }

    /// Makes a blob of a piece, in place of what the blob was, for an image of `size` bytes at `base`.
    ///
    /// # Errors
    /// If its words contradict each other: a blob may be placed as it is.
    pub fn blob(
        &self,
        record: &Record,
        (base, size): (u64, u64),
        blob: &mut CodeBlob,
    ) -> Result<(), PieceError> {
        let made = self.side(record).zip(self.code(record)).and_then(|(side, code)| {
            words::decode(record, side, (base, size), blob)?;
            blob.code.clear();
            blob.code.extend_from_slice(code);
            Some(())
        });
        blob.exceptions.clear();
        blob.listing = None;
        blob.guest_insns = record.insns as u32;
        blob.frame_size = record.frame;
        made.ok_or(PieceError::Words)
    }
}
