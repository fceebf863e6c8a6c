//! What the parts hand each other: guest descriptions, frontends, helpers, memory.
//!
//! Engines and backends see a guest only through these; frontends see engines only through these.

use crate::block::Block;
use crate::inst::{Align, Fence, Inst, MemAttr, Rmw};
use crate::slot::{Slot, StateLayout};
use crate::ty::Ty;
use std::ops::Range;

/// Cumulative floating-point flags, guest-neutral; each guest maps them to its own register.
pub mod fp_flags {
    #![allow(missing_docs)]
    pub const INVALID: u32 = 1;
    pub const DIV_BY_ZERO: u32 = 2;
    pub const OVERFLOW: u32 = 4;
    pub const UNDERFLOW: u32 = 8;
    pub const INEXACT: u32 = 16;
    /// A denormal input was flushed to zero.
    pub const INPUT_DENORMAL: u32 = 128;
}

/// IEEE rounding direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To nearest, ties to even.
    NearestEven,
    /// Towards plus infinity.
    Up,
    /// Towards minus infinity.
    Down,
    /// Towards zero.
    Zero,
}

/// Which operand's NaN a result carries, when tininess is detected, and the default NaN's sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NanRule {
    /// Arm: a signalling NaN first, then the first quiet one; default NaN positive; tiny before rounding.
    Arm,
    /// x86 SSE: the first NaN operand; default NaN negative; tiny after rounding.
    X86,
}

/// Floating-point control as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FpMode {
    /// Rounding direction.
    pub rounding: Rounding,
    /// Every NaN result is the default NaN.
    pub default_nan: bool,
    /// Denormal F32/F64 inputs and results are flushed to zero.
    pub flush: bool,
    /// The same for F16.
    pub flush16: bool,
    /// F16 is the alternative format without infinities and NaNs (Arm AHP).
    pub alt_half: bool,
}

/// A guest's floating-point environment.
#[derive(Clone, Copy, Debug)]
pub struct FpEnv {
    /// NaN and tininess rule.
    pub rule: NanRule,
    /// The control register (I32), in the guest's format.
    pub control: Slot,
    /// The cumulative flags (I32), in the neutral format of [`fp_flags`].
    pub flags: Slot,
    /// Decodes the control register.
    pub decode: fn(u32) -> FpMode,
}

/// Everything the IR's users must know of a guest.
#[derive(Clone, Copy, Debug)]
pub struct GuestDesc {
    /// Its name (`a64`).
    pub name: &'static str,
    /// Its registers.
    pub layout: StateLayout,
    /// Its helpers; a [`HelperId`] is an index here.
    pub helpers: &'static [HelperDef],
    /// Its floating point.
    pub fp: FpEnv,
    /// Low bits that are zero in the address of every instruction (2 for 4-byte instructions).
    pub insn_shift: u32,
    /// Top bits of an address that do not take part in translation (Arm's top-byte ignore: 8): accesses and indirect
    /// branches are made as if they were equal to the bit below them.
    pub ignored_top_bits: u32,
}

impl GuestDesc {
    /// The address with its ignored top bits equal to the bit below them.
    pub fn without_ignored_bits(&self, addr: u64) -> u64 {
        let bits = self.ignored_top_bits;
        ((addr << bits) as i64 >> bits) as u64
    }
}

/// A translation mode: what besides the address decides how code is translated (instruction set, unusual
/// floating-point control). Zero is the usual one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mode(pub u32);

impl Mode {
    /// Bits of what holds for the next instruction only: the engine interprets that one by itself, and makes code for
    /// the mode without them.
    pub const PASSING: u32 = 0xff00_0000;

    /// Without what holds for the next instruction only.
    #[inline]
    pub const fn lasting(self) -> Mode {
        Mode(self.0 & !Mode::PASSING)
    }

    /// Does some of it hold for the next instruction only?
    #[inline]
    pub const fn is_passing(self) -> bool {
        self.0 & Mode::PASSING != 0
    }
}

/// Guest code that a file holds and that is not written to where it lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeImage {
    /// The guest addresses of the code.
    pub range: Range<u64>,
    /// Guest address of the file's begin, mapped or not.
    pub base: u64,
    /// What tells this file from others: its first bytes, as many as were there.
    pub head: Vec<u8>,
    /// Are the pages guarded ([`CodeSource::guarded`])?
    pub guarded: bool,
    /// The file's name, for whoever looks at what was kept of it.
    pub name: String,
}

/// Where guest code is read from.
pub trait CodeSource: Send + Sync {
    /// Copies code from `addr` to `buf`; the number of bytes that are there and executable, from `addr` on.
    fn fetch(&self, addr: u64, buf: &mut [u8]) -> usize;

    /// May indirect branches to this address go to certain instructions only?
    fn guarded(&self, _addr: u64) -> bool {
        false
    }

    /// The file that holds the code at `addr`, if it is one whose translations are worth keeping.
    fn image(&self, _addr: u64) -> Option<CodeImage> {
        None
    }
}

/// A guest instruction set.
pub trait Frontend: Send + Sync {
    /// The guest.
    fn desc(&self) -> &'static GuestDesc;

    /// The translation mode that a state asks for.
    fn mode(&self, state: &[u8]) -> Mode;

    /// Does the floating-point control of this mode differ from the usual by nothing but that denormals are flushed?
    fn flushes(&self, _: Mode) -> bool {
        false
    }

    /// A number for everything besides code, address and mode that decides how code is lifted (the processor's
    /// features). Frontends of different numbers never see each other's translations.
    fn variant(&self) -> u64;

    /// Lifts the block at `pc`, in the memory of another block's instructions (for who lifts one after the other). Total:
    /// what cannot be fetched or decoded ends the block by an exception.
    ///
    /// `max_insns` bounds its guest instructions (at least 1); in a passing mode there is one.
    fn lift_in(
        &self,
        room: Vec<Inst>,
        code: &dyn CodeSource,
        pc: u64,
        mode: Mode,
        max_insns: u32,
    ) -> Block;

    /// The same in memory of its own.
    fn lift(&self, code: &dyn CodeSource, pc: u64, mode: Mode, max_insns: u32) -> Block {
        self.lift_in(Vec::new(), code, pc, mode, max_insns)
    }

    /// One guest instruction as assembly and its length in bytes (at least 1).
    fn disassemble(&self, code: &dyn CodeSource, pc: u64, mode: Mode) -> (String, u32);
}

/// Index into [`GuestDesc::helpers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HelperId(pub u16);

/// What a helper may do.
#[derive(Clone, Copy, Debug)]
pub struct HelperEffects {
    /// Slots it reads.
    pub reads: &'static [Slot],
    /// Slots it writes.
    pub writes: &'static [Slot],
    /// May access guest memory, and so fault.
    pub memory: bool,
    /// Has an effect outside (an action, time, randomness): is never removed or merged.
    pub volatile: bool,
}

impl HelperEffects {
    /// Computes its result from its arguments alone.
    pub const PURE: HelperEffects =
        HelperEffects { reads: &[], writes: &[], memory: false, volatile: false };

    /// Depends on or changes something outside.
    pub const VOLATILE: HelperEffects = HelperEffects { volatile: true, ..HelperEffects::PURE };
}

/// A helper: a run-time function that generated code calls.
#[derive(Clone, Copy, Debug)]
pub struct HelperDef {
    /// Name in the text form.
    pub name: &'static str,
    /// Argument types, at most 4.
    pub args: &'static [Ty],
    /// Result type.
    pub ret: Option<Ty>,
    /// What it may do.
    pub effects: HelperEffects,
    /// The function.
    pub func: HelperFn,
    /// What the function computes, if a host may have instructions for it: backends need not call it then.
    pub intrinsic: Option<Intrinsic>,
}

/// Pure functions of 128-bit values that hosts have instructions for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intrinsic {
    /// AES ShiftRows and SubBytes of `a ^ b` (FIPS 197).
    AesLast,
    /// MixColumns of that.
    AesRound,
    /// AES InvShiftRows and InvSubBytes of `a ^ b`.
    AesInvLast,
    /// InvMixColumns of that.
    AesInvRound,
    /// AES MixColumns of `a`.
    AesMix,
    /// AES InvMixColumns of `a`.
    AesInvMix,
    /// Carry-less product of the low 64 bits of `a` and `b`.
    ClMul,
    /// SHA-256 (FIPS 180-4) working variables a to d, from lane 0, after four rounds; from a to d, e to h, and the four
    /// schedule words with their constants.
    Sha256Abcd,
    /// e to h after them; from e to h, a to d, and the same words.
    Sha256Efgh,
    /// Schedule words 0 to 3, each plus sigma0 of the one that follows; from words 0 to 3 and 4 to 7.
    Sha256Schedule0,
    /// Schedule words 16 to 19; from those sums, words 8 to 11 and words 12 to 15.
    Sha256Schedule1,
}

/// A helper's function.
#[derive(Clone, Copy, Debug)]
pub enum HelperFn {
    /// Pure, on integers of at most 64 bits, zero-extended; unused arguments are 0.
    Int(extern "C" fn(u64, u64, u64, u64) -> u64),
    /// Pure, on values of any width (zero-extended), in place: arguments in, result in `[0]`.
    Wide(extern "C" fn(&mut [u128; 4])),
    /// With access to state and memory.
    Context(fn(&mut HelperCx<'_>) -> Result<u128, MemTrap>),
}

/// What a [`HelperFn::Context`] helper works on.
pub struct HelperCx<'a> {
    /// The guest.
    pub desc: &'static GuestDesc,
    /// Guest registers.
    pub state: &'a mut [u8],
    /// Guest memory.
    pub memory: &'a mut dyn Memory,
    /// Arguments, zero-extended.
    pub args: [u128; 4],
    /// Guest code in this range changed: the engine drops its translations before the next block. Combine
    /// with [`crate::Term::Goto`]'s `sync`.
    pub invalidate: Option<Range<u64>>,
}

/// Why an access failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TrapKind {
    /// Nothing is mapped there.
    Unmapped,
    /// The mapping forbids it.
    Protected,
    /// The address is not aligned as the access demands.
    Align,
    /// The mapping has nothing behind it (a file's end).
    Bus,
}

/// A failed guest access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MemTrap {
    /// First address that could not be accessed, as exactly as the host tells.
    pub addr: u64,
    /// Was it a write (or read-modify-write)?
    pub write: bool,
    /// Why.
    pub kind: TrapKind,
}

/// Guest memory as the interpreter and helpers see it. Sizes are 1, 2, 4, 8 or 16 bytes; values little-endian,
/// zero-extended. Accesses of at most 8 bytes that are aligned are single-copy atomic.
pub trait Memory {
    /// Loads.
    fn load(&mut self, addr: u64, size: u32, attr: MemAttr) -> Result<u128, MemTrap>;

    /// Stores.
    fn store(&mut self, addr: u64, size: u32, value: u128, attr: MemAttr) -> Result<(), MemTrap>;

    /// Atomic read-modify-write; the old value.
    fn rmw(&mut self, addr: u64, size: u32, op: Rmw, value: u128) -> Result<u128, MemTrap>;

    /// Atomic compare and exchange; the old value. The access counts as a write even when it compares unequal.
    fn cas(&mut self, addr: u64, size: u32, expected: u128, new: u128) -> Result<u128, MemTrap>;

    /// Barrier.
    fn fence(&mut self, fence: Fence);

    /// The alignment fault that `attr` demands for this access, if any.
    fn check_align(&self, addr: u64, size: u32, attr: MemAttr, write: bool) -> Result<(), MemTrap> {
        let aligned = match attr.align {
            Align::Any => true,
            Align::Natural => addr & (size as u64 - 1) == 0,
            Align::Within16 => (addr & 15) + size as u64 <= 16,
        };
        if aligned { Ok(()) } else { Err(MemTrap { addr, write, kind: TrapKind::Align }) }
    }
}
