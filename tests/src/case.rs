//! A case: a block of A64 code with the registers and memory that it begins with, and what became of it.
//!
//! Cases run at fixed addresses, the same under the oracle and in this process (guest addresses are host addresses), so
//! that PC-relative results can be compared.

use crate::state::{State, WIRE_BYTES};

/// Where code lies: nowhere that a random number would hit. A branch to exactly this address ends a case.
pub const CODE: u64 = 0x13_7540_0000;
/// Bytes of the code area.
pub const CODE_BYTES: usize = 0x40_0000;
/// Where blocks may begin: the oracle has a stub before.
pub const FIRST_BLOCK: usize = 64;
/// The one page of data, with nothing mapped around it.
pub const DATA: u64 = 0x13_8123_0000;
/// Bytes of data.
pub const DATA_BYTES: usize = 0x1000;
/// An address where nothing is mapped.
pub const UNMAPPED: u64 = DATA - 0x8000;

/// `BRK #0xbeef`: what stands round the code of a case that ends by a trap.
const FILLER: u32 = 0xd437_dde0;
/// Words of filler before and after such a case.
const FILLER_WORDS: usize = 64;

/// How control leaves the code of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Falls into a branch to [`CODE`]: fast.
    Branch,
    /// Runs into a BRK, wherever it goes: exact, for code that branches.
    Trap,
}

/// What the data hold at the beginning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Every byte is the low byte of its offset.
    Counting,
    /// A sequence that this seed (not zero) begins.
    Seeded(u64),
    /// These bytes.
    Image(Box<[u8; DATA_BYTES]>),
}

impl Memory {
    /// Fills `data` with it.
    pub fn fill(&self, data: &mut [u8]) {
        match self {
            Self::Counting => {
                for (at, byte) in data.iter_mut().enumerate() {
                    *byte = at as u8;
                }
            }
            Self::Seeded(seed) => {
                let mut s = *seed;
                for word in data.chunks_exact_mut(8) {
                    s ^= s << 13;
                    s ^= s >> 7;
                    s ^= s << 17;
                    word.copy_from_slice(&s.to_le_bytes());
                }
            }
            Self::Image(image) => data.copy_from_slice(&image[..]),
        }
    }
}

/// The hash of the data after a case, as the oracle computes it.
pub fn hash(data: &[u8]) -> u64 {
    data.chunks_exact(8).fold(0xcbf2_9ce4_8422_2325, |hash, word| {
        let word = u64::from_le_bytes(word.try_into().expect("eight bytes"));
        (hash ^ word).wrapping_mul(0x100_0000_01b3)
    })
}

/// A block of code and what it begins with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The instructions.
    pub code: Vec<u32>,
    /// Words after the code, for literal loads; the first follows the branch that ends the block.
    pub literals: Vec<u32>,
    /// How control leaves.
    pub leave: Leave,
    /// The registers. PC is set when the case is placed.
    pub state: State,
    /// The data.
    pub memory: Memory,
}

/// A case's place in the code area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Offset of the word before the code, which the oracle begins with.
    pub entry: usize,
    /// Address of the first instruction.
    pub pc: u64,
}

/// How a case ended, besides the registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// By the branch to [`CODE`].
    Left,
    /// By a system call, which is not made.
    Call {
        /// The immediate of SVC.
        imm: u64,
    },
    /// Not at all: it was stopped.
    Endless,
    /// At an instruction that the frontend names but does not implement.
    Unimplemented(&'static str),
    /// By this signal; the address is that of a memory fault.
    Signal {
        /// Its number, as Linux has it.
        number: i32,
        /// The faulting address for SIGSEGV and SIGBUS, else zero.
        address: u64,
    },
}

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub end: End,
    /// The registers; PC is the faulting instruction's, or [`CODE`].
    pub state: State,
    /// Hash of the data.
    pub hash: u64,
    /// The data, if they were asked for.
    pub data: Option<Vec<u8>>,
}

/// Code of several cases, laid out for the code area.
#[derive(Debug, Default)]
pub struct Layout {
    /// What is to stand from [`FIRST_BLOCK`] on.
    pub bytes: Vec<u8>,
    /// Where each case is.
    pub places: Vec<Place>,
}

impl Layout {
    /// Lays the cases one after the other. They must fit: a few thousand short blocks do.
    pub fn of(cases: &[Case]) -> Self {
        let mut layout = Self::default();
        for case in cases {
            layout.add(case);
        }
        assert!(layout.bytes.len() + FIRST_BLOCK <= CODE_BYTES, "too many cases in one batch");
        layout
    }

    fn add(&mut self, case: &Case) {
        if case.leave == Leave::Trap {
            self.words(&[FILLER; FILLER_WORDS]);
        }
        let entry = FIRST_BLOCK + self.bytes.len();
        self.places.push(Place { entry, pc: CODE + entry as u64 + 4 });
        self.words(&[0xd53b_d040]); // MRS x0, TPIDR_EL0
        self.words(&case.code);
        match case.leave {
            Leave::Branch => {
                let back = -((FIRST_BLOCK + self.bytes.len()) as i64) / 4;
                self.words(&[0x1400_0000 | back as u32 & 0x3ff_ffff]);
                self.words(&case.literals);
            }
            Leave::Trap => {
                self.words(&case.literals);
                self.words(&[FILLER; FILLER_WORDS]);
            }
        }
    }

    fn words(&mut self, words: &[u32]) {
        self.bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }
}

/// Bytes of an answer on the oracle's stream, without the data.
pub const ANSWER_BYTES: usize = 32 + WIRE_BYTES;
