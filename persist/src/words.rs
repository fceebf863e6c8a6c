//! What must be known of a piece's code: guest ranges, entries, fixups, the source map, and fault exits.
//!
//! ```text
//! u16 each: ranges, entries, fixups, sources in number
//! ranges:   u32 distance from the image's base, u32 bytes
//! entries:  u32 distance from the image's base, u32 offset in the code
//! fixups:   u32 offset in the code and kind, i32 target; of a call i32 where it returns to
//! sources:  u16 distance in the code from the one before, i32 guest address
//! fault exits, which take the rest: u32 offset in the code of the access, u32 of the exit
//! ```
//! Guest addresses of fixups and sources are distances from the piece's own. Numbers have a fixed width: to write and to read
//! them costs less than the third more bytes that they take (a block of five instructions has some 50).
//!
//! Invariant: whatever the bytes are, what comes out may be placed as it is, or nothing does.

use crate::format::Record;
use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind};

/// A direct exit, one that is a call, a counter, a prediction, an address, where a call returns to: the upper bits of a
/// fixup's first word.
const EXIT: u32 = 0;
const CALL: u32 = 1;
const COUNTER: u32 = 2;
const PREDICTION: u32 = 3;
const ADDRESS: u32 = 4;
const CONTINUATION: u32 = 5;
/// Where the kind begins in that word.
const KIND_SHIFT: u32 = 28;
/// The offset in that word.
const OFFSET: u32 = (1 << KIND_SHIFT) - 1;

/// Two words of a table.
#[inline(always)]
fn pair(first: u32, second: u32) -> [u8; 8] {
    (first as u64 | (second as u64) << 32).to_le_bytes()
}

/// A guest address as its distance from another.
#[inline(always)]
fn distance(address: u64, from: u64) -> Option<u32> {
    i32::try_from(address.wrapping_sub(from) as i64).ok().map(|distance| distance as u32)
}

/// The inverse of [`distance`].
#[inline(always)]
fn address(distance: u32, from: u64) -> u64 {
    from.wrapping_add_signed(distance as i32 as i64)
}

/// Bytes that are read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    #[inline(always)]
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    /// The numbers of ranges, entries, fixups and sources.
    #[inline(always)]
    fn counts(&mut self) -> Option<[u16; 4]> {
        let counts = u64::from_le_bytes(self.bytes()?);
        Some([0, 16, 32, 48].map(|shift| (counts >> shift) as u16))
    }

    #[inline(always)]
    fn word(&mut self) -> Option<u32> {
        self.bytes().map(u32::from_le_bytes)
    }

    #[inline(always)]
    fn pair(&mut self) -> Option<(u32, u32)> {
        let both = u64::from_le_bytes(self.bytes()?);
        Some((both as u32, (both >> 32) as u32))
    }
}

/// Writes what must be known of a blob. `base`: the image's. `None`: it has no place in the format.
pub(crate) fn encode(blob: &CodeBlob, base: u64, out: &mut Vec<u8>) -> Option<()> {
    let CodeBlob { guest_ranges, entries, fixups, source_map, fault_exits, .. } = blob;
    let counts = [guest_ranges.len(), entries.len(), fixups.len(), source_map.len()];
    let pairs = counts[0] + counts[1] + fault_exits.len();
    out.reserve(8 + 8 * pairs + 12 * counts[2] + 6 * counts[3]);
    for count in counts {
        out.extend_from_slice(&u16::try_from(count).ok()?.to_le_bytes());
    }
    for range in guest_ranges {
        let bytes = range.end.wrapping_sub(range.start);
        let start = distance(range.start, base)?;
        out.extend_from_slice(&pair(start, u32::try_from(bytes).ok()?));
    }
    for &(pc, offset) in entries {
        out.extend_from_slice(&pair(distance(pc, base)?, offset));
    }
    let begin = entries.first()?.0;
    for fixup in fixups {
        let (kind, target, ret) = match fixup.kind {
            FixupKind::DirectExit { target, ret: None } => (EXIT, target, None),
            FixupKind::DirectExit { target, ret: Some(ret) } => (CALL, target, Some(ret)),
            FixupKind::Counter { target } => (COUNTER, target, None),
            FixupKind::Prediction { site } => (PREDICTION, site, None),
            FixupKind::Address { target } => (ADDRESS, target, None),
            FixupKind::Continuation { target } => (CONTINUATION, target, None),
        };
        if fixup.offset > OFFSET {
            return None;
        }
        let first = fixup.offset | kind << KIND_SHIFT;
        out.extend_from_slice(&pair(first, distance(target, begin)?));
        if let Some(ret) = ret {
            out.extend_from_slice(&distance(ret, begin)?.to_le_bytes());
        }
    }
    let mut last = 0;
    for &(offset, pc) in source_map {
        let farther = u16::try_from(offset.checked_sub(last)?).ok()?;
        out.extend_from_slice(&farther.to_le_bytes());
        out.extend_from_slice(&distance(pc, begin)?.to_le_bytes());
        last = offset;
    }
    for &(access, exit) in fault_exits {
        out.extend_from_slice(&pair(access, exit));
    }
    Some(())
}

/// Fills a blob but for its code, of which there are `len` bytes, for an image of `size` bytes at `base`.
pub(crate) fn decode(
    record: &Record,
    side: &[u8],
    (base, size): (u64, u64),
    blob: &mut CodeBlob,
) -> Option<()> {
    let len = record.code.1;
    let begin = base.wrapping_add(record.pc as u64);
    let mut r = Reader(side);
    let [ranges, entries, fixups, sources] = r.counts()?;
    blob.guest_ranges.clear();
    for _ in 0..ranges {
        let (from, bytes) = r.pair()?;
        if bytes == 0 || from as u64 + bytes as u64 > size {
            return None;
        }
        let start = base.wrapping_add(from as u64);
        blob.guest_ranges.push(start..start.wrapping_add(bytes as u64));
    }
    blob.entries.clear();
    for _ in 0..entries {
        let (from, offset) = r.pair()?;
        if offset >= len || from as u64 >= size {
            return None;
        }
        blob.entries.push((base.wrapping_add(from as u64), offset));
    }
    blob.fixups.clear();
    for _ in 0..fixups {
        let (first, target) = r.pair()?;
        let (offset, target) = (offset_in(first, len)?, address(target, begin));
        let kind = match first >> KIND_SHIFT {
            EXIT => FixupKind::DirectExit { target, ret: None },
            CALL => FixupKind::DirectExit { target, ret: Some(address(r.word()?, begin)) },
            COUNTER => FixupKind::Counter { target },
            PREDICTION => FixupKind::Prediction { site: target },
            ADDRESS => FixupKind::Address { target },
            CONTINUATION => FixupKind::Continuation { target },
            _ => return None,
        };
        blob.fixups.push(Fixup { offset, kind });
    }
    blob.source_map.clear();
    let mut offset = 0_u32;
    for _ in 0..sources {
        offset = offset.checked_add(u16::from_le_bytes(r.bytes()?) as u32)?;
        blob.source_map.push((offset, address(r.word()?, begin)));
    }
    fault_exits(&mut r, len, &mut blob.fault_exits)?;
    let whole = len > 0 && blob.guest_ranges.first()?.start == begin;
    (whole && blob.entries.first()?.0 == begin).then_some(())
}

/// Fault exits to the end of the words. All lie in the code, in order of their accesses.
fn fault_exits(r: &mut Reader<'_>, len: u32, exits: &mut Vec<(u32, u32)>) -> Option<()> {
    exits.clear();
    while !r.0.is_empty() {
        let (access, exit) = r.pair()?;
        let ascends = exits.last().is_none_or(|(before, _)| *before < access);
        if access >= len || exit >= len || !ascends {
            return None;
        }
        exits.push((access, exit));
    }
    Some(())
}

/// The offset in a fixup's first word. All four bytes lie in the code, of which there are `len`.
#[inline(always)]
fn offset_in(first: u32, len: u32) -> Option<u32> {
    let offset = first & OFFSET;
    (offset + 4 <= len).then_some(offset)
}

/// Clears what the engine filled into code of `side`'s piece. `None`: the words make no sense.
pub(crate) fn clear_fixups(side: &[u8], code: &mut [u8]) -> Option<()> {
    let mut r = Reader(side);
    let [ranges, entries, fixups, _] = r.counts()?;
    r.0 = r.0.get(8 * (ranges as usize + entries as usize)..)?;
    for _ in 0..fixups {
        let (first, _) = r.pair()?;
        let offset = offset_in(first, code.len() as u32)? as usize;
        code[offset..offset + 4].fill(0);
        if first >> KIND_SHIFT == CALL {
            r.word()?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_come_back_or_have_no_place() {
        let from = 0x1800_0000_0000;
        for far in [0, 1, -1, i32::MAX as i64, i32::MIN as i64] {
            let there = from + far as u64;
            assert_eq!(distance(there, from).map(|d| address(d, from)), Some(there));
        }
        assert_eq!(distance(from + (1 << 31), from), None);
    }

    #[test]
    fn what_does_not_fit_is_not_written() {
        let blob = CodeBlob {
            entries: vec![(0x1000, 0)],
            guest_ranges: vec![0x1000..0x1004, 0x2000..0x2008],
            ..CodeBlob::default()
        };
        let written = |blob: &CodeBlob| encode(blob, 0x1000, &mut vec![]).is_some();
        assert!(written(&blob));
        let exit = |offset, target| Fixup { offset, kind: FixupKind::Counter { target } };
        for (fixups, source_map) in [
            (vec![exit(1 << KIND_SHIFT, 0)], vec![]),
            (vec![exit(0, 1 << 40)], vec![]),
            (vec![], vec![(1 << 16, 0)]),
            (vec![], vec![(9, 0), (8, 0)]),
            (vec![], vec![(0, 0); 1 << 16]),
        ] {
            assert!(!written(&CodeBlob { fixups, source_map, ..blob.clone() }));
        }
    }
}
