//! The contract between compiled regions and the engine that runs them.
//!
//! Purpose: one memory area per vCPU that a region finds through its only parameter, and the hand-written
//! stubs by which regions are entered and left. Where it stands: `compile → CodeBlob → engine's cache →`
//! **[`enter`] → region → … → region → [`enter`] returns**.
//!
//! Invariants:
//! - RDI is the area wherever code is entered. A region is entered where its prologue makes its frame, and gives the
//!   frame back where it is left.
//! - *Returns* are the host's. The host's stack below [`EngineArea::return_base`] holds one entry of 16 bytes for each
//!   call of the guest that did not return yet: RSP points to a host address, beside it lies the area's address, which
//!   keeps RSP a multiple of 16. A call pushes both (the host's `call` does the upper part) and jumps to the callee. A
//!   return brings its guest address to RSI and executes `ret`: where it comes out compares that address with the one
//!   that the call expected, takes the rest of the entry, and goes on through the link slot of its guest address, or to
//!   [`Stubs::lookup_return`]. So no entry is ever outdated: it leads to code that still lies there, and that to whatever
//!   there is now. A return that is not the one expected leaves the entry for the one that is; entries that none comes
//!   for any more (`longjmp`, coroutines) take room until there is none. At the base is an entry that
//!   stays. RSP is not below [`EngineArea::return_limit`] when a call begins, else all entries are given up; each
//!   entry into compiled code begins with none.
//! - Regions run with the guest's MXCSR, all host code behind a stub with the host's. Pure helpers
//!   ([`isamorph_ir::HelperFn::Int`] and `Wide`) are called directly and must not use floating point.
//! - Code holds no host addresses: everything outside is reached through the [`EngineArea`], or through link
//!   slots next to the code.
//! - The registers `fp.flags` and `fp.control` of the guest are never cached by a region.

use crate::slot::{NO_JUMPS, Prediction, SharedJumps};
use isamorph_ir::inst::Inst;
use isamorph_ir::{GuestDesc, Op, Shape, StateLayout, Ty};
use std::mem::offset_of;
use std::sync::atomic::AtomicU32;

/// Largest frame of a region, in bytes.
pub const MAX_FRAME: u32 = 64 * 1024;
/// Bytes for returns.
pub const RETURNS: u32 = 256 * 1024;
/// Bytes of [`VcpuArea::values`].
pub const VALUES: usize = 16 * 1024;
/// Most entries of the jump cache (a power of two).
pub const JUMP_CACHE_ENTRIES: usize = 16384;
/// Entries that it begins with: short programs have few targets, which would lie on a page each.
const FIRST_JUMPS: u32 = 256;
/// How many times more it has when it grows.
const GROWTH: u32 = 8;
/// MXCSR with every exception masked, rounding to nearest, no flags: what both sides start with.
pub const MXCSR_DEFAULT: u32 = 0x1f80;

/// Why a region was left. State and `pc` are exact, unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum ExitReason {
    /// Go on at `pc`.
    Dispatch = 0,
    /// Go on at `pc` after looking at the state: code or the translation mode may have changed.
    Sync = 1,
    /// System call; `exit_args[0]` = immediate; `pc` is behind the instruction.
    Syscall = 2,
    /// `exit_args[0]` = index in the blob's `exceptions` (the blob that holds `exit_host_pc`); `pc` at the
    /// instruction.
    Exception = 3,
    /// `exit_args[0]` = 0 interrupt, 1 event, 2 yield ([`wait_of`]); `pc` is behind the instruction.
    Wait = 4,
    /// A data access faulted: recorded by the engine's signal handler or by `context_helper_fn`. `pc` at the
    /// instruction; registers exact only in precise code or if a helper faulted.
    Fault = 5,
    /// Misaligned access: `exit_args[0]` = address, `[1]` = 1 for a write; `pc` at the instruction.
    AlignFault = 6,
    /// The poll word was set; go on at `pc`.
    Interrupted = 7,
    /// Control comes to `pc` for the first time, and there is no code: it is to be interpreted, once.
    First = 8,
}

impl ExitReason {
    /// From the number in the area.
    #[inline]
    pub fn from_u32(n: u32) -> Option<ExitReason> {
        use ExitReason::*;
        [Dispatch, Sync, Syscall, Exception, Wait, Fault, AlignFault, Interrupted, First]
            .into_iter()
            .find(|r| *r as u32 == n)
    }
}

/// What an exit for [`ExitReason::Wait`] waits for, from `exit_args[0]`.
pub fn wait_of(arg: u64) -> isamorph_ir::Wait {
    match arg {
        0 => isamorph_ir::Wait::Interrupt,
        1 => isamorph_ir::Wait::Event,
        _ => isamorph_ir::Wait::Yield,
    }
}

/// `link_fn(area, slot index) -> code address`. May return [`Stubs::exit`] after setting `exit_reason` and pc.
pub type LinkFn = unsafe extern "C" fn(*mut VcpuArea, u64) -> u64;
/// `lookup_fn(area, guest pc) -> code address`; fills the jump cache. May return [`Stubs::exit`] likewise.
pub type LookupFn = unsafe extern "C" fn(*mut VcpuArea, u64) -> u64;
/// `mispredicted_fn(area, guest pc, prediction) -> code address`: a prediction was wrong too often. Sets it anew and looks up
/// as `lookup_fn` does.
pub type MispredictedFn = unsafe extern "C" fn(*mut VcpuArea, u64, *mut Prediction) -> u64;
/// `hot_fn(area, counter's address) -> code address`: a counter of baseline code ran out. Sets it again and returns
/// the code that now stands for the counter's guest address.
pub type HotFn = unsafe extern "C" fn(*mut VcpuArea, *mut i32) -> u64;
/// `context_helper_fn(area, helper id) -> 0`, or 1 if the helper faulted and the fault is recorded.
/// Arguments and result lie in `scratch`.
pub type ContextHelperFn = unsafe extern "C" fn(*mut VcpuArea, u64) -> u64;
/// `eval_fn(area, packed)`: evaluates one pure or floating-point op ([`pack_op`]) by the reference over
/// `scratch`, result in `scratch[0]`; new floating-point flags are added to the guest's flags slot.
pub type EvalFn = unsafe extern "C" fn(*mut VcpuArea, u64);

/// The engine's functions behind the stubs.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Callbacks {
    /// A direct exit that is not linked yet.
    pub link: LinkFn,
    /// An indirect branch that neither the jump cache nor the shared table knows.
    pub lookup: LookupFn,
    /// The same of a return.
    pub lookup_return: LookupFn,
    /// A computed branch that went elsewhere too often.
    pub mispredicted: MispredictedFn,
    /// A counter that ran out.
    pub hot: HotFn,
    /// Calls a [`isamorph_ir::HelperFn::Context`] helper.
    pub context_helper: ContextHelperFn,
    /// Exact evaluation of an op.
    pub eval: EvalFn,
}

/// How compiled code went on from block to block. What does not come to a stub is counted only by code that was compiled
/// to count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Transitions {
    /// Exits through link slots. By code that counts.
    pub links: u64,
    /// Computed jumps that the jump cache knew. By code that counts.
    pub jumps: u64,
    /// Computed jumps and calls whose prediction was right. By code that counts.
    pub predicted: u64,
    /// Returns. By code that counts.
    pub returns: u64,
    /// Computed branches that a stub found in the table of shared jumps.
    pub shared: u64,
    /// Predictions that were wrong.
    pub mispredicted: u64,
    /// Returns that were not to where the last call is to return to.
    pub elsewhere: u64,
}

impl Transitions {
    /// In the order of the fields.
    #[inline]
    pub fn counts(self) -> [u64; 7] {
        let Transitions { links, jumps, predicted, returns, shared, mispredicted, elsewhere } =
            self;
        [links, jumps, predicted, returns, shared, mispredicted, elsewhere]
    }

    /// The inverse of [`Transitions::counts`].
    pub fn of(counts: [u64; 7]) -> Transitions {
        let [links, jumps, predicted, returns, shared, mispredicted, elsewhere] = counts;
        Transitions { links, jumps, predicted, returns, shared, mispredicted, elsewhere }
    }
}

/// The engine's words behind the guest's registers.
#[derive(Debug)]
#[repr(C, align(16))]
pub struct EngineArea {
    /// Arguments and result of helpers and of exact evaluation, zero-extended.
    pub scratch: [u128; 4],
    /// Nonzero: leave compiled code at the next poll. Set from any thread or signal handler.
    pub poll: AtomicU32,
    /// An [`ExitReason`].
    pub exit_reason: u32,
    /// As the exit reason says.
    pub exit_args: [u64; 2],
    /// Host address inside the region that left (not set when the engine's own code asked for the exit).
    pub exit_host_pc: u64,
    /// Host stack pointer inside [`enter`].
    pub host_rsp: u64,
    /// The guest's MXCSR while host code runs.
    pub guest_mxcsr: u32,
    /// The host's MXCSR while guest code runs.
    pub host_mxcsr: u32,
    /// RSP while no call of the guest waits for its return, set by [`enter`].
    pub return_base: u64,
    /// The lowest RSP that a call of the guest may begin with.
    pub return_limit: u64,
    /// What happened since the engine looked last.
    pub transitions: Transitions,
    /// Targets of computed branches that all vCPUs in this translation mode share.
    pub shared_jumps: *const SharedJumps,
    /// Shift of [`jump_cache_index`].
    pub jump_shift: u32,
    /// Entries of the jump cache in use, less one.
    pub jump_mask: u32,
    /// Entries that may be put into the jump cache before it is given more of them.
    pub jump_patience: i32,
    /// Where the guest's pc lies in the area.
    pub pc_offset: u32,
    /// Addresses of the guest's pure helpers by id (0 for those with context).
    pub helper_table: *const usize,
    /// The engine's functions.
    pub callbacks: Callbacks,
    /// The assembly stubs.
    pub stubs: Stubs,
    /// The guest.
    pub desc: &'static GuestDesc,
    /// For the engine: its vCPU.
    pub owner: *mut (),
}

/// Addresses of the assembly stubs.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Stubs {
    /// Leaves compiled code without touching `exit_host_pc`: RDI = area. Also where a signal handler sends a
    /// thread that faulted in a region.
    pub exit: unsafe extern "C" fn(),
    /// Called by regions to leave: records `exit_host_pc`.
    pub region_exit: unsafe extern "C" fn(),
    /// RDI = area, RSI = guest pc: leaves compiled code as interrupted, with that pc.
    pub interrupted: unsafe extern "C" fn(),
    /// RDI = area, RSI = slot index: links and goes on.
    pub link: unsafe extern "C" fn(),
    /// RDI = area, RSI = guest pc: looks up and goes on.
    pub lookup: unsafe extern "C" fn(),
    /// RDI = area, RSI = guest pc: goes on where a return leads that no call waits for. Polls.
    pub lookup_return: unsafe extern "C" fn(),
    /// RDI = area, RSI = guest pc, RDX = address of a [`Prediction`] that was wrong: goes on by the jump cache.
    pub mispredicted: unsafe extern "C" fn(),
    /// RDI = area, RSI = address of a counter that ran out: asks what runs there and goes on.
    pub hot: unsafe extern "C" fn(),
    /// Calls `eval`, preserving every register: RDI = area, RSI = packed op.
    pub eval: unsafe extern "C" fn(),
    /// Calls `context_helper`: RDI = area, RSI = helper id; result in RAX.
    pub context: unsafe extern "C" fn(),
    /// Stores MXCSR to `guest_mxcsr`, preserving every register.
    pub fp_read: unsafe extern "C" fn(),
    /// Clears the flags of MXCSR, preserving every register.
    pub fp_clear: unsafe extern "C" fn(),
    /// NZCV in EAX of the flags record at RAX; RCX, RDX and RSI are used up, all else is kept.
    pub flags: unsafe extern "C" fn(),
    /// NZCV of the flags record at this address.
    pub nzcv: unsafe extern "C" fn(*const [u64; 3]) -> u64,
    /// Four rounds of SHA-256: see [`crate::sha_stubs`].
    pub sha256_rounds: unsafe extern "C" fn(),
    /// The first half of the schedule of SHA-256.
    pub sha256_schedule0: unsafe extern "C" fn(),
    /// The second half.
    pub sha256_schedule1: unsafe extern "C" fn(),
}

/// One entry of the jump cache.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct JumpEntry {
    /// Guest address.
    pub pc: u64,
    /// Its code.
    pub code: u64,
}

/// The area that regions find in RDI.
#[repr(C, align(16))]
pub struct VcpuArea {
    /// The guest's registers, laid out by its [`StateLayout`].
    pub guest: [u8; ENGINE_OFFSET],
    /// The engine's words.
    pub engine: EngineArea,
    _reserved: [u8; VALUES_OFFSET - ENGINE_OFFSET - size_of::<EngineArea>()],
    /// What baseline code's registers cannot hold, as long as a block runs.
    pub values: [u8; VALUES],
    /// Jump cache for indirect branches, indexed by [`jump_cache_index`] under [`EngineArea::jump_mask`].
    pub jump_cache: [JumpEntry; JUMP_CACHE_ENTRIES],
    /// Parts of it with entries, one bit each: short programs use few, and the others' pages are never made.
    pub(crate) jump_cache_used: u64,
}

/// Offset of the [`EngineArea`].
pub const ENGINE_OFFSET: usize = StateLayout::MAX_SIZE as usize;
/// Entries of a 64th of the jump cache.
pub(crate) const JUMP_CACHE_PART: usize = JUMP_CACHE_ENTRIES / 64;

/// Offset of [`VcpuArea::values`].
pub const VALUES_OFFSET: usize = 4096;
/// Offset of the jump cache.
pub const JUMP_CACHE_OFFSET: usize = VALUES_OFFSET + VALUES;
const _: () = assert!(offset_of!(VcpuArea, engine) == ENGINE_OFFSET);
const _: () = assert!(offset_of!(VcpuArea, values) == VALUES_OFFSET);
const _: () = assert!(offset_of!(VcpuArea, jump_cache) == JUMP_CACHE_OFFSET);
const _: () = assert!(offset_of!(VcpuArea, engine) % 16 == 0 && size_of::<JumpEntry>() == 16);

/// Byte offset of a field of the [`EngineArea`] from the area's begin.
#[macro_export]
macro_rules! engine_offset {
    ($($field:ident).+) => {
        $crate::abi::ENGINE_OFFSET + std::mem::offset_of!($crate::abi::EngineArea, $($field).+)
    };
}
pub use crate::stubs::{enter, stubs};
pub use engine_offset;

/// Index of a guest address in the jump cache where all of it is used; `shift` ([`GuestDesc::insn_shift`]) drops the address bits that
/// are always zero.
pub const fn jump_cache_index(pc: u64, shift: u32) -> usize {
    (pc >> shift) as usize & (JUMP_CACHE_ENTRIES - 1)
}

impl VcpuArea {
    /// A zeroed state whose jump cache is empty. `helper_table` must outlive the area ([`helper_table`]).
    pub fn new(
        desc: &'static GuestDesc,
        callbacks: Callbacks,
        helper_table: &'static [usize],
    ) -> Box<VcpuArea> {
        let engine = EngineArea {
            scratch: [0; 4],
            poll: AtomicU32::new(0),
            exit_reason: 0,
            exit_args: [0; 2],
            exit_host_pc: 0,
            host_rsp: 0,
            guest_mxcsr: MXCSR_DEFAULT,
            host_mxcsr: MXCSR_DEFAULT,
            return_base: 0,
            return_limit: 0,
            transitions: Transitions::default(),
            shared_jumps: &NO_JUMPS,
            jump_shift: desc.insn_shift,
            jump_mask: FIRST_JUMPS - 1,
            jump_patience: FIRST_JUMPS as i32 / 2,
            pc_offset: desc.layout.info(desc.layout.pc).offset,
            helper_table: helper_table.as_ptr(),
            callbacks,
            stubs: stubs(),
            desc,
            owner: std::ptr::null_mut(),
        };
        // Pages of the jump cache that nobody uses are never made.
        let mut area = Box::<VcpuArea>::new_zeroed();
        // SAFETY: zero is a value of every field but `engine`, which is written.
        let mut area = unsafe {
            (&raw mut (*area.as_mut_ptr()).engine).write(engine);
            area.assume_init()
        };
        area.mark_first_entry();
        area
    }

    /// Empties the jump cache.
    pub fn clear_jump_cache(&mut self) {
        while self.jump_cache_used != 0 {
            let part = self.jump_cache_used.trailing_zeros() as usize;
            self.jump_cache_used &= self.jump_cache_used - 1;
            let entries = part * JUMP_CACHE_PART..(part + 1) * JUMP_CACHE_PART;
            self.jump_cache[entries].fill(JumpEntry { pc: 0, code: 0 });
        }
        self.mark_first_entry();
    }

    /// An entry of zeros is empty, since its address belongs into the first entry; there another address is, which
    /// does not belong there.
    fn mark_first_entry(&mut self) {
        let shift = self.engine.desc.insn_shift;
        self.jump_cache[0] = JumpEntry { pc: 1 << shift, code: 0 };
    }

    /// The place of an address in the jump cache.
    fn jump_place(&self, pc: u64) -> usize {
        let index = jump_cache_index(pc, self.engine.desc.insn_shift);
        index & self.engine.jump_mask as usize
    }

    /// The code for this address, if the jump cache knows it.
    pub fn cached_jump(&self, pc: u64) -> Option<u64> {
        let entry = self.jump_cache[self.jump_place(pc)];
        (entry.pc == pc && entry.code != 0).then_some(entry.code)
    }

    /// Puts an address into the jump cache, which gets more entries if many were put there.
    pub fn cache_jump(&mut self, pc: u64, code: u64) {
        self.engine.jump_patience = self.engine.jump_patience.saturating_sub(1);
        if self.engine.jump_patience < 0 {
            self.grow_jump_cache();
        }
        self.put_jump(JumpEntry { pc, code });
    }

    fn put_jump(&mut self, entry: JumpEntry) {
        let at = self.jump_place(entry.pc);
        self.jump_cache_used |= 1 << (at / JUMP_CACHE_PART);
        self.jump_cache[at] = entry;
    }

    /// Gives the jump cache more entries. Those that there are keep their place or go farther up.
    #[cold]
    fn grow_jump_cache(&mut self) {
        let before = self.engine.jump_mask as usize + 1;
        if before == JUMP_CACHE_ENTRIES {
            self.engine.jump_patience = i32::MAX;
            return;
        }
        let now = (before as u32 * GROWTH).min(JUMP_CACHE_ENTRIES as u32);
        (self.engine.jump_mask, self.engine.jump_patience) = (now - 1, now as i32 / 2);
        for at in 0..before {
            let entry = self.jump_cache[at];
            if entry.code != 0 && self.jump_place(entry.pc) != at {
                self.jump_cache[at] = JumpEntry { pc: 0, code: 0 };
                self.put_jump(entry);
            }
        }
        if self.jump_cache[0].code == 0 {
            self.mark_first_entry();
        }
    }

    /// Folds the host's floating-point flags into the guest's flags slot. Call it after [`enter`] returned,
    /// before anything else looks at the state.
    #[inline]
    pub fn fold_fp_flags(&mut self) {
        let flags = mxcsr_to_flags(self.engine.guest_mxcsr);
        if flags != 0 {
            let desc = self.engine.desc;
            let old = desc.layout.read(&self.guest, desc.fp.flags);
            desc.layout.write(&mut self.guest, desc.fp.flags, old | flags as u128);
            self.engine.guest_mxcsr &= !0x3f;
        }
    }
}

/// MXCSR's flags as [`isamorph_ir::contract::fp_flags`] (the host's denormal flag has no meaning here).
pub const fn mxcsr_to_flags(mxcsr: u32) -> u32 {
    mxcsr & 1 | mxcsr >> 1 & 0b11110
}

/// Addresses of a guest's pure helpers by id; leaked, since generated code reads it as long as the process
/// lives. Make one per guest.
pub fn helper_table(desc: &'static GuestDesc) -> &'static [usize] {
    use isamorph_ir::HelperFn;
    let address = |h: &isamorph_ir::HelperDef| match h.func {
        HelperFn::Int(f) => f as usize,
        HelperFn::Wide(f) => f as usize,
        HelperFn::Context(_) => 0,
    };
    Box::leak(desc.helpers.iter().map(address).collect())
}

/// Machine code for a link slot that is not linked: `mov esi, slot; jmp [rdi + link stub]`.
pub fn link_thunk(slot: u32) -> [u8; 11] {
    let mut code = [0; 11];
    code[0] = 0xbe;
    code[1..5].copy_from_slice(&slot.to_le_bytes());
    code[5..].copy_from_slice(&jmp_through_area(engine_offset!(stubs.link)));
    code
}

/// Thunks on a page of [`thunk_page`].
pub const THUNKS: usize = (THUNK_PAGE - 32) / THUNK;
/// Bytes of such a page.
pub const THUNK_PAGE: usize = 4096;
/// Bytes of a thunk there.
pub const THUNK: usize = 5;

/// Machine code for [`THUNKS`] link slots that are not linked, from this one on, a thunk each: `call` of the page's end,
/// which finds by the address it was called from which one it was. Pages do not differ but in the slot.
pub fn thunk_page(first: u32) -> [u8; THUNK_PAGE] {
    let mut page = [0xcc; THUNK_PAGE];
    let end = THUNKS * THUNK;
    for n in 0..THUNKS {
        let behind = (n + 1) * THUNK;
        page[behind - THUNK] = 0xe8;
        page[behind - 4..behind].copy_from_slice(&((end - behind) as u32).to_le_bytes());
    }
    let mut at = end;
    let mut push = |bytes: &[u8]| {
        page[at..at + bytes.len()].copy_from_slice(bytes);
        at += bytes.len();
    };
    push(&[0x5e]); // pop rsi
    push(&[0x48, 0x8d, 0x05]); // lea rax, [rip - 8 - end]: the page
    push(&(-8 - end as i32).to_le_bytes());
    push(&[0x29, 0xc6]); // sub esi, eax
    push(&[0x69, 0xf6]); // imul esi, esi, 2^18 / 5, rounded up
    push(&(1u32 << 18).div_ceil(THUNK as u32).to_le_bytes());
    push(&[0xc1, 0xee, 18]); // shr esi, 18
    push(&[0x81, 0xc6]); // add esi, first - 1
    push(&first.wrapping_sub(1).to_le_bytes());
    push(&jmp_through_area(engine_offset!(stubs.link)));
    page
}

/// `jmp [rdi + offset]`.
pub fn jmp_through_area(offset: usize) -> [u8; 6] {
    through_area(0xa7, offset)
}

/// `call [rdi + offset]`.
pub fn call_through_area(offset: usize) -> [u8; 6] {
    through_area(0x97, offset)
}

fn through_area(modrm: u8, offset: usize) -> [u8; 6] {
    let [a, b, c, d] = (offset as u32).to_le_bytes();
    [0xff, modrm, a, b, c, d]
}

/// An op without its arguments, as one word for [`EvalFn`]: op, shape and source shape in a byte each, the
/// immediate in the upper half. `None` if the immediate is wider than 32 bits (constants).
pub fn pack_op(op: Op, shape: Shape, from: Shape, imm: u128) -> Option<u64> {
    let imm = u32::try_from(imm).ok()?;
    Some(op as u64 | (shape_code(shape) << 8) | (shape_code(from) << 16) | ((imm as u64) << 32))
}

/// Inverse of [`pack_op`]: an instruction whose arguments are not set.
pub fn unpack_op(packed: u64) -> Option<Inst> {
    let op = isamorph_ir::op::OPS.get(packed as usize & 255)?.op;
    let shape = shape_from_code(packed >> 8 & 255)?;
    let from = shape_from_code(packed >> 16 & 255)?;
    let none = isamorph_ir::Value::NONE;
    Some(Inst { op, shape, from, args: [none; 4], imm: (packed >> 32) as u128 })
}

const FIRST_VECTOR: u64 = 16;
const NO_SHAPE: u64 = 255;

fn shape_code(shape: Shape) -> u64 {
    match shape {
        Shape::None => NO_SHAPE,
        Shape::Scalar(ty) => ty as u64,
        v => {
            let at = Shape::VECTORS.iter().position(|s| *s == v).expect("every vector is listed");
            FIRST_VECTOR + at as u64
        }
    }
}

fn shape_from_code(code: u64) -> Option<Shape> {
    match code {
        NO_SHAPE => Some(Shape::None),
        0..FIRST_VECTOR => Ty::ALL.get(code as usize).map(|t| Shape::Scalar(*t)),
        _ => Shape::VECTORS.get((code - FIRST_VECTOR) as usize).copied(),
    }
}
