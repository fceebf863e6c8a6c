//! What is known of guest addresses: a number for each, found by address and mode; and what was made of a piece of code.
//!
//! A guest jumps mostly to what is near, and mostly to what was seen just before. So numbers lie in small arrays by
//! address, those of a page of guest code are found together, and the page looked at last is at hand.

use super::arena::Arena;
use super::map::Key;
use super::table::Table;
use isamorph_ir::Mode;
use std::collections::HashMap;

/// Instruction places in a piece.
const PIECE: usize = 32;
/// Pieces of a page.
const PIECES: usize = 32;
/// Most pages and most pieces of all.
const MOST: [usize; 2] = [1 << 17, 1 << 20];
/// No number, and no piece. What is there is counted from one.
pub(super) const NONE: u32 = 0;

/// A page of guest code in one mode.
#[derive(Debug)]
struct Page {
    /// Its address, in units of pages.
    number: u64,
    mode: Mode,
    /// What was last made of code that begins here: the head of a list that others keep.
    made: u32,
    /// Numbers of its pieces.
    pieces: [u32; PIECES],
}

/// Numbers of guest addresses.
#[derive(Debug)]
pub(super) struct Addresses {
    /// Low address bits that are zero for every instruction.
    shift: u32,
    pages: Table<Page>,
    pieces: Table<[u32; PIECE]>,
    /// Pages by a hash of their number, each at the first free place behind it; a power of two, half of it free.
    by_number: Vec<u32>,
    /// The page found last.
    last: (u64, Mode, u32),
    /// Numbers of addresses that no instruction can have.
    odd: HashMap<Key, u32>,
}

const NOWHERE: (u64, Mode, u32) = (u64::MAX, Mode(u32::MAX), 0);

/// Where the number of an address lies.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spot {
    Piece(u32, u32),
    Odd(Key),
}

impl Addresses {
    /// Bytes that it may take of its arena.
    pub const BYTES: usize = Table::<Page>::bytes(MOST[0]) + Table::<[u32; PIECE]>::bytes(MOST[1]);

    /// None known; `shift`: low address bits that are zero for every instruction.
    pub fn new(shift: u32) -> Addresses {
        let (pages, pieces) = (Table::new(MOST[0]), Table::new(MOST[1]));
        let by_number = vec![NONE; 256];
        Addresses { shift, pages, pieces, by_number, last: NOWHERE, odd: HashMap::new() }
    }

    /// Is there room for `n` more, wherever they are?
    pub fn room(&self, n: usize) -> bool {
        self.pages.room(n) && self.pieces.room(n)
    }

    /// The page of an address, its piece there, and its place in that. `None`: no instruction can have it.
    #[inline]
    fn place(&self, pc: u64) -> Option<(u64, usize, usize)> {
        let place = pc >> self.shift;
        let (piece, in_piece) = (place / PIECE as u64, place as usize % PIECE);
        (place << self.shift == pc).then_some((
            piece / PIECES as u64,
            piece as usize % PIECES,
            in_piece,
        ))
    }

    /// Where the search for a page begins.
    #[inline]
    fn home(&self, number: u64) -> usize {
        let spread = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        spread as usize & (self.by_number.len() - 1)
    }

    /// The pages of this number.
    fn of_number(&self, number: u64) -> impl Iterator<Item = u32> + '_ {
        let mut at = self.home(number);
        std::iter::from_fn(move || {
            let page = self.by_number[at].checked_sub(1)?;
            at = (at + 1) & (self.by_number.len() - 1);
            Some(page)
        })
        .filter(move |page| self.pages[*page as usize].number == number)
    }

    #[inline]
    fn page(&self, number: u64, mode: Mode) -> Option<u32> {
        if (number, mode) == (self.last.0, self.last.1) {
            return Some(self.last.2);
        }
        self.of_number(number).find(|page| self.pages[*page as usize].mode == mode)
    }

    /// The address's number, or [`NONE`].
    #[inline]
    pub fn get(&self, key: Key) -> u32 {
        let Some((number, piece, place)) = self.place(key.pc) else {
            return self.odd.get(&key).copied().unwrap_or(NONE);
        };
        let Some(page) = self.page(number, key.mode) else { return NONE };
        match self.pages[page as usize].pieces[piece] {
            NONE => NONE,
            piece => self.pieces[piece as usize - 1][place],
        }
    }

    /// Where the address's number lies, or may be put.
    #[inline]
    pub fn spot(&mut self, arena: &mut Arena, key: Key) -> Spot {
        let Some((number, piece, place)) = self.place(key.pc) else { return Spot::Odd(key) };
        let page = self.page_or_new(arena, number, key.mode);
        let piece = &mut self.pages[page as usize].pieces[piece];
        if *piece == NONE {
            *piece = self.pieces.push(arena, [NONE; PIECE]) as u32 + 1;
        }
        Spot::Piece(*piece - 1, place as u32)
    }

    /// The number that lies there, or [`NONE`].
    #[inline]
    pub fn number(&self, spot: Spot) -> u32 {
        match spot {
            Spot::Piece(piece, place) => self.pieces[piece as usize][place as usize],
            Spot::Odd(key) => self.odd.get(&key).copied().unwrap_or(NONE),
        }
    }

    /// Puts a number there.
    #[inline]
    pub fn set_number(&mut self, spot: Spot, number: u32) {
        match spot {
            Spot::Piece(piece, place) => self.pieces[piece as usize][place as usize] = number,
            Spot::Odd(key) => {
                self.odd.insert(key, number);
            }
        }
    }

    #[inline]
    fn page_or_new(&mut self, arena: &mut Arena, number: u64, mode: Mode) -> u32 {
        let page = self.page(number, mode).unwrap_or_else(|| self.new_page(arena, number, mode));
        self.last = (number, mode, page);
        page
    }

    fn new_page(&mut self, arena: &mut Arena, number: u64, mode: Mode) -> u32 {
        let page =
            self.pages.push(arena, Page { number, mode, made: NONE, pieces: [NONE; PIECES] });
        if 2 * self.pages.len() > self.by_number.len() {
            self.by_number = vec![NONE; 2 * self.by_number.len()];
            for n in 0..self.pages.len() {
                self.index(n);
            }
        } else {
            self.index(page);
        }
        page as u32
    }

    fn index(&mut self, page: usize) {
        let mut at = self.home(self.pages[page].number);
        while self.by_number[at] != NONE {
            at = (at + 1) & (self.by_number.len() - 1);
        }
        self.by_number[at] = page as u32 + 1;
    }

    /// Notes what was made of code at this address; what was made before on its page, to be listed behind it. `None`: no
    /// instruction can be there.
    #[inline]
    pub fn made(&mut self, arena: &mut Arena, key: Key, what: u32) -> Option<u32> {
        let (number, ..) = self.place(key.pc)?;
        let page = self.page_or_new(arena, number, key.mode);
        Some(std::mem::replace(&mut self.pages[page as usize].made, what))
    }

    /// The pages that these addresses lie in, of which something is known; `last` is the last address.
    pub fn pages_in(&self, first: u64, last: u64) -> Vec<u32> {
        let places = (PIECES * PIECE) as u64;
        let (first, last) = ((first >> self.shift) / places, (last >> self.shift) / places);
        // Large unmappings touch more pages than there are with code.
        if last - first >= self.pages.len() as u64 {
            let inside = |n: &usize| (first..=last).contains(&self.pages[*n].number);
            (0..self.pages.len()).filter(inside).map(|n| n as u32).collect()
        } else {
            (first..=last).flat_map(|n| self.of_number(n)).collect()
        }
    }

    /// What was last made of code on this page of [`Addresses::pages_in`].
    pub fn made_on(&mut self, page: u32) -> &mut u32 {
        &mut self.pages[page as usize].made
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.by_number.fill(NONE);
        self.pages.clear();
        self.pieces.clear();
        self.last = NOWHERE;
        self.odd.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pc: u64, mode: u32) -> Key {
        Key { pc, mode: Mode(mode) }
    }

    #[test]
    fn addresses_and_modes_have_numbers_of_their_own() {
        let mut arena = Arena::of(1 << 20);
        let mut addresses = Addresses::new(2);
        let near = [key(0, 0), key(4, 0), key(4, 1), key(124, 0), key(128, 0), key(5, 0)];
        let far = (1..600).map(|n| key(n << 40 | n << 12, 0));
        let keys: Vec<Key> = near.into_iter().chain(far).collect();
        for (n, k) in (1..).zip(&keys) {
            assert_eq!(addresses.get(*k), NONE);
            let spot = addresses.spot(&mut arena, *k);
            assert_eq!(addresses.number(spot), NONE);
            addresses.set_number(spot, n);
        }
        for (n, k) in (1..).zip(&keys) {
            assert_eq!(addresses.get(*k), n);
            let spot = addresses.spot(&mut arena, *k);
            assert_eq!(addresses.number(spot), n);
        }
        addresses.clear();
        assert!(keys.into_iter().all(|k| addresses.get(k) == NONE));
    }

    #[test]
    fn what_was_made_is_found_by_page() {
        let mut arena = Arena::of(1 << 20);
        let mut addresses = Addresses::new(2);
        assert_eq!(addresses.made(&mut arena, key(0x1000, 0), 1), Some(NONE));
        assert_eq!(addresses.made(&mut arena, key(0x1ffc, 0), 2), Some(1));
        assert_eq!(addresses.made(&mut arena, key(0x1ffc, 1), 3), Some(NONE));
        assert_eq!(addresses.made(&mut arena, key(0x5000, 0), 4), Some(NONE));
        assert_eq!(addresses.made(&mut arena, key(0x5001, 0), 5), None);
        let mut made = |first, last| {
            let pages = addresses.pages_in(first, last);
            let mut made: Vec<u32> = pages.iter().map(|p| *addresses.made_on(*p)).collect();
            made.sort_unstable();
            made
        };
        assert_eq!(made(0x1800, 0x1801), [2, 3]);
        assert_eq!(made(0x2000, 0x4fff), []);
        assert_eq!(made(0, u64::MAX), [2, 3, 4]);
        assert_eq!(made(0x5000, 0x5003), [4]);
    }
}
