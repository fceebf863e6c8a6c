//! What must be known of a piece's code, in few bytes: guest ranges, entries, fixups, the source map, and
//! fault exits, which take the rest.
//!
//! Numbers of 7 bits a byte, those that may be below zero in zigzag; each is the distance from the one before of its
//! sort, so that most take one byte. A block of five instructions has some 30.
//!
//! Invariant: whatever the bytes are, what comes out may be placed as it is, or nothing does.

use crate::format::Record;
use isamorph_backend_abi::{CodeBlob, Fixup, FixupKind};

/// A direct exit, one that is a call, a counter, a prediction, an address, where a call returns to: the low bits of a fixup's target.
const EXIT: u64 = 0;
const CALL: u64 = 1;
const COUNTER: u64 = 2;
const PREDICTION: u64 = 3;
const ADDRESS: u64 = 4;
const CONTINUATION: u64 = 5;
/// How many bits that are.
const KIND_BITS: u32 = 3;
/// What they are of a word.
const KIND: u64 = (1 << KIND_BITS) - 1;

/// Most bytes of a number.
const LONGEST: usize = 10;

/// Writes numbers behind each other, for which there is room.
struct Writer<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl Writer<'_> {
    #[inline]
    fn put(&mut self, mut n: u64) {
        while n >= 128 {
            self.out[self.at] = n as u8 | 128;
            self.at += 1;
            n >>= 7;
        }
        self.out[self.at] = n as u8;
        self.at += 1;
    }

    #[inline]
    fn put_signed(&mut self, n: i64) {
        self.put(zigzag(n));
    }
}

fn zigzag(n: i64) -> u64 {
    (n << 1 ^ n >> 63) as u64
}

fn straight(n: u64) -> i64 {
    (n >> 1) as i64 ^ -((n & 1) as i64)
}

/// Bytes that are read.
struct Reader<'a>(std::slice::Iter<'a, u8>);

impl Reader<'_> {
    #[inline]
    fn take(&mut self) -> Option<u64> {
        let first = *self.0.next()?;
        if first < 128 {
            return Some(first as u64);
        }
        let mut n = first as u64 & 127;
        for shift in (7..64).step_by(7) {
            let byte = *self.0.next()?;
            n |= (byte as u64 & 127) << shift;
            if byte < 128 {
                return Some(n);
            }
        }
        None
    }

    #[inline]
    fn take_signed(&mut self) -> Option<i64> {
        self.take().map(straight)
    }

    #[inline]
    fn take_u32(&mut self) -> Option<u32> {
        u32::try_from(self.take()?).ok()
    }
}

/// Writes what must be known of a blob. `base`: the image's. `None`: it has no place in the format.
pub(crate) fn encode(blob: &CodeBlob, base: u64, out: &mut Vec<u8>) -> Option<()> {
    let counts =
        [blob.guest_ranges.len(), blob.entries.len(), blob.fixups.len(), blob.source_map.len()];
    let numbers = 4 + 2 * counts[0] + 2 * counts[1] + 3 * counts[2] + 2 * counts[3];
    let numbers = numbers + 2 * blob.fault_exits.len();
    let begin = out.len();
    out.resize(begin + LONGEST * numbers, 0);
    let mut w = Writer { out: &mut out[begin..], at: 0 };
    counts.into_iter().for_each(|n| w.put(n as u64));
    let len = put_words(blob, base, w)?;
    out.truncate(begin + len);
    Some(())
}

/// Writes all but the counts; how many bytes there are then.
fn put_words(blob: &CodeBlob, base: u64, mut w: Writer<'_>) -> Option<usize> {
    let mut last = base;
    for range in &blob.guest_ranges {
        w.put_signed(range.start.wrapping_sub(last) as i64);
        w.put(range.end.wrapping_sub(range.start));
        last = range.end;
    }
    let begin = blob.guest_ranges.first().map_or(base, |r| r.start);
    last = begin;
    for &(pc, offset) in &blob.entries {
        w.put_signed(pc.wrapping_sub(last) as i64);
        w.put(offset as u64);
        last = pc;
    }
    let mut at = 0;
    last = begin;
    for fixup in &blob.fixups {
        let (what, target, ret) = match fixup.kind {
            FixupKind::DirectExit { target, ret: None } => (EXIT, target, None),
            FixupKind::DirectExit { target, ret: Some(ret) } => (CALL, target, Some(ret)),
            FixupKind::Counter { target } => (COUNTER, target, None),
            FixupKind::Prediction { site } => (PREDICTION, site, None),
            FixupKind::Address { target } => (ADDRESS, target, None),
            FixupKind::Continuation { target } => (CONTINUATION, target, None),
        };
        w.put_signed(fixup.offset as i64 - at);
        at = fixup.offset as i64;
        let distance = zigzag(target.wrapping_sub(last) as i64);
        w.put(distance.checked_mul(1 << KIND_BITS)? | what);
        if let Some(ret) = ret {
            w.put_signed(ret.wrapping_sub(begin) as i64);
        }
        last = target;
    }
    let mut at = 0;
    last = begin;
    for &(offset, pc) in &blob.source_map {
        w.put(offset.checked_sub(at)? as u64);
        w.put_signed(pc.wrapping_sub(last) as i64);
        (at, last) = (offset, pc);
    }
    let (mut at, mut last) = (0, 0);
    for &(access, exit) in &blob.fault_exits {
        w.put(access.checked_sub(at)? as u64);
        w.put_signed(exit as i64 - last);
        (at, last) = (access, exit as i64);
    }
    Some(w.at)
}

/// Fills a blob but for its code, of which there are `len` bytes, for an image of `size` bytes at `base`.
pub(crate) fn decode(
    record: &Record,
    side: &[u8],
    (base, size): (u64, u64),
    blob: &mut CodeBlob,
) -> Option<()> {
    let len = record.code.1;
    let mut r = Reader(side.iter());
    let [ranges, entries, fixups, sources] = [r.take()?, r.take()?, r.take()?, r.take()?];
    blob.guest_ranges.clear();
    let mut last = base;
    for _ in 0..ranges {
        let start = last.wrapping_add_signed(r.take_signed()?);
        let bytes = r.take()?;
        let from = start.checked_sub(base)?;
        if bytes == 0 || from.checked_add(bytes)? > size {
            return None;
        }
        last = start + bytes;
        blob.guest_ranges.push(start..last);
    }
    let begin = blob.guest_ranges.first()?.start;
    last = begin;
    blob.entries.clear();
    for _ in 0..entries {
        let pc = last.wrapping_add_signed(r.take_signed()?);
        let offset = r.take_u32()?;
        if offset >= len || pc.checked_sub(base)? >= size {
            return None;
        }
        last = pc;
        blob.entries.push((pc, offset));
    }
    let mut at = 0;
    last = begin;
    blob.fixups.clear();
    for _ in 0..fixups {
        let offset = next_offset(&mut r, &mut at, len)?;
        let target = r.take()?;
        last = last.wrapping_add_signed(straight(target >> KIND_BITS));
        let kind = match target & KIND {
            EXIT => FixupKind::DirectExit { target: last, ret: None },
            CALL => {
                let ret = begin.wrapping_add_signed(r.take_signed()?);
                FixupKind::DirectExit { target: last, ret: Some(ret) }
            }
            COUNTER => FixupKind::Counter { target: last },
            PREDICTION => FixupKind::Prediction { site: last },
            ADDRESS => FixupKind::Address { target: last },
            CONTINUATION => FixupKind::Continuation { target: last },
            _ => return None,
        };
        blob.fixups.push(Fixup { offset, kind });
    }
    let mut offset = 0_u32;
    last = begin;
    blob.source_map.clear();
    for _ in 0..sources {
        offset = offset.checked_add(r.take_u32()?)?;
        last = last.wrapping_add_signed(r.take_signed()?);
        blob.source_map.push((offset, last));
    }
    fault_exits(&mut r, len, &mut blob.fault_exits)?;
    (len > 0 && blob.entries.first()?.0 == begin && begin == base + record.pc as u64).then_some(())
}

/// Fault exits to the end of the words. All lie in the code, in order.
fn fault_exits(r: &mut Reader<'_>, len: u32, exits: &mut Vec<(u32, u32)>) -> Option<()> {
    exits.clear();
    let (mut access, mut exit) = (0_u32, 0_i64);
    while !r.0.as_slice().is_empty() {
        let distance = r.take_u32()?;
        access = access.checked_add(distance)?;
        exit = exit.checked_add(r.take_signed()?)?;
        let at = u32::try_from(exit).ok()?;
        if access >= len || at >= len || (distance == 0 && !exits.is_empty()) {
            return None;
        }
        exits.push((access, at));
    }
    Some(())
}

/// Offsets of fixups follow each other mostly, but need not. All four bytes lie in the code.
fn next_offset(r: &mut Reader<'_>, at: &mut i64, len: u32) -> Option<u32> {
    *at = at.checked_add(r.take_signed()?)?;
    let offset = u32::try_from(*at).ok()?;
    (offset.checked_add(4)? <= len).then_some(offset)
}

/// Clears what the engine filled into code of `side`'s piece. `None`: the words make no sense.
pub(crate) fn clear_fixups(side: &[u8], code: &mut [u8]) -> Option<()> {
    let mut r = Reader(side.iter());
    let [ranges, entries, fixups, _] = [r.take()?, r.take()?, r.take()?, r.take()?];
    // Two numbers each.
    for _ in 0..ranges.checked_add(entries)?.checked_mul(2)? {
        r.take()?;
    }
    let mut at = 0;
    for _ in 0..fixups {
        let offset = next_offset(&mut r, &mut at, code.len() as u32)? as usize;
        code[offset..offset + 4].fill(0);
        if r.take()? & KIND == CALL {
            r.take()?;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let numbers = [0, 1, 63, 64, 127, 128, 300, 1 << 31, u64::MAX >> 1, u64::MAX];
        let mut bytes = [0; LONGEST * 10];
        let mut w = Writer { out: &mut bytes, at: 0 };
        numbers.iter().for_each(|&n| w.put(n));
        let len = w.at;
        let mut r = Reader(bytes[..len].iter());
        assert!(numbers.iter().all(|&n| r.take() == Some(n)));
        assert_eq!(r.take(), None);
        for n in [0, -1, 1, 4, -4, i64::MAX, i64::MIN] {
            assert_eq!(straight(zigzag(n)), n);
        }
        assert_eq!(Reader([128; 12].iter()).take(), None);
    }
}
