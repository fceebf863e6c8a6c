//! Pieces that wait to be written.
//!
//! Of code that was placed only the address is kept: it stays where it is (what is placed is never written again), and
//! is looked at when the unit is written.

use crate::format::{Kind, MAX_SECTION, Record};
use crate::words;
use isamorph_backend_abi::CodeBlob;

/// Appends the code that was placed at an address, so many bytes: link slots and counters may be filled in.
pub type AppendCode<'c> = dyn Fn(u64, usize, &mut Vec<u8>) + 'c;

/// What is known of a piece besides its blob.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The translation mode that it was made for.
    pub mode: u32,
    /// Who made it.
    pub kind: Kind,
    /// Hash of the guest code that it was made from.
    pub guest: u64,
}

/// Where a piece's code is: at this address, where the engine placed it, or with [`COPY`] here among the copies.
#[derive(Clone, Copy, Debug)]
struct Place(u64);

/// No address has this bit in user mode.
const COPY: u64 = 1 << 63;

/// Pieces that wait to be written.
#[derive(Debug, Default)]
pub struct Fresh {
    pub(crate) records: Vec<Record>,
    places: Vec<Place>,
    side: Vec<u8>,
    copies: Vec<u8>,
    /// Bytes of all pieces' code.
    code: usize,
}

impl Fresh {
    /// Adds the piece of a blob of an image at `base`, whose code was `placed` at this address or is copied. False: it
    /// has no place in the format.
    pub fn add(&mut self, blob: &CodeBlob, base: u64, about: &About, placed: Option<u64>) -> bool {
        let begin = self.side.len();
        let record = self.record(blob, base, about);
        let (Some(record), true) = (record, self.room(blob.code.len())) else {
            self.side.truncate(begin);
            return false;
        };
        let place = placed.unwrap_or(self.copies.len() as u64 | COPY);
        if placed.is_none() {
            self.copies.extend_from_slice(&blob.code);
        }
        self.places.push(Place(place));
        self.code += blob.code.len();
        self.records.push(record);
        true
    }

    fn record(&mut self, blob: &CodeBlob, base: u64, about: &About) -> Option<Record> {
        let begin = self.side.len();
        words::encode(blob, base, &mut self.side)?;
        Some(Record {
            pc: u32::try_from(blob.entries.first()?.0.checked_sub(base)?).ok()?,
            mode: about.mode,
            kind: about.kind,
            insns: u16::try_from(blob.guest_insns).ok()?,
            frame: blob.frame_size,
            side: (begin as u32, (self.side.len() - begin) as u32),
            code: (0, u32::try_from(blob.code.len()).ok()?),
            guest: about.guest,
        })
    }

    /// Is there room for a piece of so many bytes?
    fn room(&self, bytes: usize) -> bool {
        (self.bytes() + bytes) as u64 <= MAX_SECTION / 4
    }

    /// Pieces.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Bytes that they will have in a unit.
    pub fn bytes(&self) -> usize {
        self.code + self.side.len() + Record::SIZE * self.records.len()
    }

    /// Copies the code that was placed: it will be gone.
    pub fn copy_code(&mut self, code: &AppendCode<'_>) {
        for (place, record) in self.places.iter_mut().zip(&self.records) {
            if place.0 & COPY == 0 {
                let at = std::mem::replace(&mut place.0, self.copies.len() as u64 | COPY);
                code(at, record.code.1 as usize, &mut self.copies);
            }
        }
    }

    /// A piece's words.
    pub(crate) fn side(&self, number: usize) -> &[u8] {
        let (at, len) = self.records[number].side;
        &self.side[at as usize..][..len as usize]
    }

    /// Appends a piece's code, link slots and counters not filled in.
    pub(crate) fn append_code(&self, number: usize, code: &AppendCode<'_>, out: &mut Vec<u8>) {
        let (begin, len) = (out.len(), self.records[number].code.1 as usize);
        match self.places[number] {
            Place(at) if at & COPY == 0 => code(at, len, out),
            Place(at) => out.extend_from_slice(&self.copies[(at & !COPY) as usize..][..len]),
        }
        words::clear_fixups(self.side(number), &mut out[begin..])
            .expect("the words were made of a blob whose fixups lie in its code");
    }
}
