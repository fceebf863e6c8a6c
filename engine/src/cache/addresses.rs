//! What is known of guest addresses: a number for each, found by address and mode.
//!
//! A guest jumps mostly to what is near, and mostly to what was seen just before: addresses are looked up in small
//! pieces of guest code, each an array of its own, and the piece looked at last is at hand.

use super::map::{Key, KeyMap};
use super::table::Table;
use isamorph_ir::Mode;
use std::io;

/// Instruction places in a piece.
const PIECE: usize = 64;
/// Most pieces.
const PIECES: usize = 1 << 19;
/// No number.
const NONE: u32 = u32::MAX;

/// Numbers of guest addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    /// Low address bits that are zero for every instruction.
    shift: u32,
    /// By address and mode of their begin, in units of pieces.
    by_begin: KeyMap<Key, u32>,
    pieces: Table<[u32; PIECE]>,
    /// The piece found last.
    last: (Key, u32),
    /// Addresses that no instruction can have.
    odd: KeyMap<Key, u32>,
}

const NOWHERE: (Key, u32) = (Key { pc: u64::MAX, mode: Mode(u32::MAX) }, 0);

impl Addresses {
    /// None known; `shift`: low address bits that are zero for every instruction.
    pub fn new(shift: u32) -> io::Result<Addresses> {
        let (by_begin, odd) = (KeyMap::default(), KeyMap::default());
        Ok(Addresses { shift, by_begin, pieces: Table::new(PIECES)?, last: NOWHERE, odd })
    }

    /// Is there room for `n` more, wherever they are?
    pub fn room(&self, n: usize) -> bool {
        self.pieces.room(n)
    }

    /// Where the address is: its piece, and its place there. `None`: no instruction can have it.
    fn place(&self, key: Key) -> Option<(Key, usize)> {
        let place = key.pc >> self.shift;
        (place << self.shift == key.pc).then(|| {
            let piece = Key { pc: place / PIECE as u64, mode: key.mode };
            (piece, place as usize % PIECE)
        })
    }

    /// The address's number.
    pub fn get(&self, key: Key) -> Option<u32> {
        let Some((begin, place)) = self.place(key) else { return self.odd.get(&key).copied() };
        let piece = if begin == self.last.0 { self.last.1 } else { *self.by_begin.get(&begin)? };
        Some(self.pieces[piece as usize][place]).filter(|&n| n != NONE)
    }

    /// The address's number; `next` if it has none yet.
    pub fn get_or(&mut self, key: Key, next: u32) -> u32 {
        let Some((begin, place)) = self.place(key) else {
            return *self.odd.entry(key).or_insert(next);
        };
        if begin != self.last.0 {
            let pieces = &mut self.pieces;
            let piece =
                *self.by_begin.entry(begin).or_insert_with(|| pieces.push([NONE; PIECE]) as u32);
            self.last = (begin, piece);
        }
        let number = &mut self.pieces[self.last.1 as usize][place];
        if *number == NONE {
            *number = next;
        }
        *number
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.by_begin.clear();
        self.pieces.clear();
        self.last = NOWHERE;
        self.odd.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_modes_have_numbers_of_their_own() {
        let mut addresses = Addresses::new(2).unwrap();
        let key = |pc, mode| Key { pc, mode: Mode(mode) };
        let keys =
            [key(0, 0), key(4, 0), key(4, 1), key(252, 0), key(256, 0), key(5, 0), key(1 << 40, 0)];
        for (n, k) in keys.into_iter().enumerate() {
            assert_eq!(addresses.get(k), None);
            assert_eq!(addresses.get_or(k, n as u32), n as u32);
        }
        for (n, k) in keys.into_iter().enumerate() {
            assert_eq!(addresses.get(k), Some(n as u32));
            assert_eq!(addresses.get_or(k, 100), n as u32);
        }
        addresses.clear();
        assert!(keys.into_iter().all(|k| addresses.get(k).is_none()));
    }
}
