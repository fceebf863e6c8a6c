//! The host's side: compiled code in executable pages, and a thread that runs it.

use crate::guest::{DESC, HELPERS, PC};
use crate::memory::Bytes;
use isamorph_backend_abi::abi::{self, Callbacks, ExitReason, VcpuArea};
use isamorph_backend_abi::slot::{LinkSlot, Prediction, nowhere};
use isamorph_backend_abi::{CodeBlob, FixupKind, helpers};
use isamorph_ir::HelperFn;
use std::cell::Cell;
use std::mem::offset_of;
use std::ptr;

/// What a thread runs.
#[derive(Clone, Copy)]
struct Running {
    area: *mut VcpuArea,
    code: *const Installed,
    /// The host address of the last fault in compiled code.
    fault: u64,
}

thread_local! {
    static RUNNING: Cell<Running> =
        const { Cell::new(Running { area: ptr::null_mut(), code: ptr::null(), fault: 0 }) };
}

/// Sends a thread that faulted in compiled code to the access's fault exit, or to the exit stub.
extern "C" fn on_fault(_: i32, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    let running = RUNNING.get();
    // SAFETY: the kernel hands a context; the area and the code are the running ones.
    unsafe {
        let registers = &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs;
        let fault = registers[libc::REG_RIP as usize] as u64;
        RUNNING.set(Running { fault, ..running });
        let Running { area, code, .. } = running;
        (*area).engine.exit_reason = ExitReason::Fault as u32;
        let begin = (*code).pages.at as u64;
        let inside = fault.wrapping_sub(begin);
        let exit = (*code).blob.fault_exits.iter().find(|(access, _)| *access as u64 == inside);
        registers[libc::REG_RIP as usize] = match exit {
            Some((_, cold)) => (begin + *cold as u64) as i64,
            None => {
                registers[libc::REG_RDI as usize] = area as i64;
                (*area).engine.stubs.exit as usize as i64
            }
        };
    }
}

fn catch_faults() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    // SAFETY: installs a handler that is valid for the rest of the process.
    ONCE.call_once(|| unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO;
        assert_eq!(libc::sigaction(libc::SIGSEGV, &action, ptr::null_mut()), 0);
    });
}

/// How a run ended, in a form that both engines yield.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Goes on at this address, as all others at the first one they tell.
    At(u64),
    /// The same after looking at the state.
    Sync(u64),
    /// A system call; its immediate.
    Syscall(u64, u64),
    /// An exception.
    Exception(u64, isamorph_ir::Exception),
    /// A wait.
    Wait(u64, isamorph_ir::Wait),
    /// An access faulted.
    Fault(u64),
    /// A misaligned access; its address, and whether it writes.
    Align(u64, u64, bool),
    /// The poll word was set.
    Interrupted(u64),
}

struct Owner {
    /// Guest address by link slot.
    targets: Vec<u64>,
    memory: *mut Bytes,
}

unsafe extern "C" fn link(area: *mut VcpuArea, slot: u64) -> u64 {
    // SAFETY: `Host::run` keeps the owner alive while it runs.
    let target = unsafe { (&(*(*area).engine.owner.cast::<Owner>()).targets)[slot as usize] };
    // SAFETY: the area is ours while this runs.
    unsafe { lookup(area, target) }
}

unsafe extern "C" fn hot(area: *mut VcpuArea, _: *mut i32) -> u64 {
    // SAFETY: the area is ours while this runs.
    unsafe { lookup(area, HOT) }
}

/// Where a thread is sent whose counter ran out.
pub const HOT: u64 = 0x707;

unsafe extern "C" fn lookup(area: *mut VcpuArea, pc: u64) -> u64 {
    // SAFETY: the area is ours while this runs.
    let area = unsafe { &mut *area };
    DESC.layout.write(&mut area.guest, PC, pc as u128);
    area.engine.exit_reason = ExitReason::Dispatch as u32;
    area.engine.stubs.exit as usize as u64
}

unsafe extern "C" fn mispredicted(area: *mut VcpuArea, pc: u64, _: *mut Prediction) -> u64 {
    // SAFETY: the area is ours while this runs.
    unsafe { lookup(area, pc) }
}

unsafe extern "C" fn context_helper(area: *mut VcpuArea, id: u64) -> u64 {
    // SAFETY: the area and its owner are ours while this runs.
    let (area, memory) =
        unsafe { (&mut *area, &mut *(*(*area).engine.owner.cast::<Owner>()).memory) };
    let HelperFn::Context(f) = HELPERS[id as usize].func else { panic!("helper {id}") };
    let args = area.engine.scratch;
    let mut cx = isamorph_ir::contract::HelperCx {
        desc: &DESC,
        state: &mut area.guest,
        memory,
        args,
        invalidate: None,
    };
    match f(&mut cx) {
        Ok(v) => {
            area.engine.scratch[0] = v;
            0
        }
        Err(_) => 1,
    }
}

/// Pages of code, never writable and executable at once.
struct Pages {
    at: *mut u8,
    len: usize,
}

impl Pages {
    /// Of these bytes, executable up to `code`, which begins a page; the rest stays writable.
    fn new(bytes: &[u8], code: usize) -> Pages {
        let len = bytes.len().next_multiple_of(4096);
        // SAFETY: a fresh anonymous mapping; it is filled before it becomes executable.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let rw = libc::PROT_READ | libc::PROT_WRITE;
            let at = libc::mmap(ptr::null_mut(), len, rw, flags, -1, 0);
            assert_ne!(at, libc::MAP_FAILED);
            ptr::copy_nonoverlapping(bytes.as_ptr(), at.cast(), bytes.len());
            assert_eq!(libc::mprotect(at, code, libc::PROT_READ | libc::PROT_EXEC), 0);
            Pages { at: at.cast(), len }
        }
    }
}

impl Drop for Pages {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`, used by nobody any more.
        unsafe { libc::munmap(self.at.cast(), self.len) };
    }
}

/// Installed code.
pub struct Installed {
    pages: Pages,
    /// As it was compiled.
    pub blob: CodeBlob,
    targets: Vec<u64>,
}

impl Installed {
    /// Puts code into pages, each exit through a slot of its own; the slots lie behind it in pages that are written.
    pub fn new(blob: CodeBlob) -> Installed {
        let mut image = blob.code.clone();
        image.resize(image.len().next_multiple_of(16), 0xcc);
        let thunks = image.len();
        image.resize((thunks + 16 * blob.fixups.len()).next_multiple_of(4096), 0xcc);
        let slots = image.len();
        let mut targets = Vec::new();
        for (n, fixup) in blob.fixups.iter().enumerate() {
            targets.push(match fixup.kind {
                FixupKind::DirectExit { target, .. }
                | FixupKind::Counter { target }
                | FixupKind::Continuation { target }
                | FixupKind::Address { target } => target,
                FixupKind::Prediction { .. } => u64::MAX,
            });
            let at = fixup.offset as usize;
            let inside = match fixup.kind {
                FixupKind::Counter { .. } => offset_of!(LinkSlot, count),
                FixupKind::Address { .. } => offset_of!(LinkSlot, pc),
                FixupKind::DirectExit { .. }
                | FixupKind::Continuation { .. }
                | FixupKind::Prediction { .. } => 0,
            };
            let slot = slots + size_of::<LinkSlot>() * n + inside;
            let displacement = slot as i32 - (at + 4) as i32;
            image[at..at + 4].copy_from_slice(&displacement.to_le_bytes());
            let thunk = abi::link_thunk(n as u32);
            image[thunks + 16 * n..][..thunk.len()].copy_from_slice(&thunk);
        }
        image.resize(slots + size_of::<LinkSlot>() * blob.fixups.len(), 0);
        let pages = Pages::new(&image, slots);
        for (n, fixup) in blob.fixups.iter().enumerate() {
            let thunk = pages.at as u64 + (thunks + 16 * n) as u64;
            let code = match fixup.kind {
                FixupKind::Prediction { .. } => ptr::from_ref(nowhere()) as u64,
                _ => thunk,
            };
            let (pc, count) = (targets[n], 0.into());
            let slot = LinkSlot { code: code.into(), pc, count, thunk: thunk as u32 };
            // SAFETY: the image has room for the slots behind the code; nobody runs it yet.
            unsafe { pages.at.add(slots).cast::<LinkSlot>().add(n).write(slot) };
        }
        Installed { pages, blob, targets }
    }
}

thread_local! {
    /// Ops that compiled code left to the reference.
    static EVALS: Cell<u64> = const { Cell::new(0) };
}

unsafe extern "C" fn eval(area: *mut VcpuArea, packed: u64) {
    EVALS.set(EVALS.get() + 1);
    // SAFETY: called as that function demands.
    unsafe { helpers::eval(area, packed) }
}

/// Ops that compiled code left to the reference on this thread so far.
pub fn evals() -> u64 {
    EVALS.get()
}

/// A thread that runs installed code.
pub struct Host {
    /// Its area.
    pub area: Box<VcpuArea>,
}

impl Default for Host {
    fn default() -> Host {
        let callbacks = Callbacks {
            link,
            lookup,
            lookup_return: lookup,
            mispredicted,
            hot,
            context_helper,
            eval,
        };
        Host { area: VcpuArea::new(&DESC, callbacks, abi::helper_table(&DESC)) }
    }
}

impl Host {
    /// Runs installed code from its n-th entry.
    pub fn run(
        &mut self,
        code: &Installed,
        entry: usize,
        state: &mut [u8],
        memory: &mut Bytes,
    ) -> End {
        let area = &mut *self.area;
        area.guest[..state.len()].copy_from_slice(state);
        let mut owner = Owner { targets: code.targets.clone(), memory };
        area.engine.owner = (&raw mut owner).cast();
        let offset = code.blob.entries[entry].1;
        catch_faults();
        RUNNING.set(Running { area, code, fault: 0 });
        // SAFETY: the blob is installed, its link slots hold thunks, the area is ours.
        unsafe { abi::enter(area, code.pages.at.add(offset as usize)) };
        area.fold_fp_flags();
        let Running { fault, .. } = RUNNING.get();
        if fault != 0 {
            let offset = fault - code.pages.at as u64;
            let pc = code.blob.guest_pc(offset as u32).expect("every access has its source");
            DESC.layout.write(&mut area.guest, PC, pc as u128);
        }
        state.copy_from_slice(&area.guest[..state.len()]);
        let pc = DESC.layout.read(state, PC) as u64;
        let [a, b] = area.engine.exit_args;
        match ExitReason::from_u32(area.engine.exit_reason).expect("a reason") {
            ExitReason::Dispatch | ExitReason::First => End::At(pc),
            ExitReason::Sync => End::Sync(pc),
            ExitReason::Syscall => End::Syscall(pc, a),
            ExitReason::Exception => End::Exception(pc, code.blob.exceptions[a as usize].clone()),
            ExitReason::Wait => End::Wait(pc, abi::wait_of(a)),
            ExitReason::Fault => End::Fault(pc),
            ExitReason::AlignFault => End::Align(pc, a, b == 1),
            ExitReason::Interrupted => End::Interrupted(pc),
        }
    }
}
