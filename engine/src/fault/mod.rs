//! Recovery from host faults that guest accesses cause.
//!
//! A guest access reaches host memory in two places only: the routines of [`crate::mem::access`], and compiled
//! code. `linux-user` installs the process's handler for [`SIGNALS`] and asks [`on_host_signal`] first. The
//! handler only records what happened and redirects the thread; everything else is done outside of it.
//!
//! Invariant: a fault at any other host PC is a fault of our own and is never taken for the guest's.

mod refused;

use crate::dispatch;
use crate::mem::access;
use isamorph_backend_abi::abi;
use isamorph_ir::contract::TrapKind;
use std::cell::Cell;
use std::ops::Range;
use std::ptr;

/// What the host told of a faulting access.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The faulting host address; `None` if it is not known (a non-canonical one in [`crate::mem::access`]).
    pub addr: Option<u64>,
    /// Why.
    pub kind: TrapKind,
    /// Was it a write?
    pub write: bool,
    /// Host PC of a fault in compiled code.
    pub host_pc: u64,
}

const NOTHING: Seen = Seen { addr: None, kind: TrapKind::Unmapped, write: false, host_pc: 0 };

/// Compiled code that runs.
#[derive(Clone, Copy)]
pub(crate) struct Running {
    area: *mut abi::VcpuArea,
    /// Host addresses that compiled code of the vCPU's engine may lie at.
    code: (u64, u64),
}

/// Words of the stack that are searched for where compiled code was left.
const STACK_WORDS: usize = 4096;

const NO_CODE: Running = Running { area: ptr::null_mut(), code: (0, 0) };

impl Running {
    /// Is this host address one of compiled code?
    pub fn contains(&self, host_pc: u64) -> bool {
        (self.code.0..self.code.1).contains(&host_pc)
    }

    /// Where compiled code called the function that the thread is in with this stack pointer; 0 if it did not.
    ///
    /// # Safety
    /// To be called on the thread whose compiled code runs, by a signal handler.
    pub unsafe fn called_from(&self, rsp: u64) -> u64 {
        // SAFETY: the area of a vCPU that runs.
        let base = unsafe { ptr::addr_of!((*self.area).engine.return_base).read_volatile() };
        // The first address of compiled code above is where it was left, unless that waits for a return of the guest's:
        // then the area's address is beside it.
        // SAFETY: between the stack pointer and the base all is this thread's stack.
        let word = |at: u64| unsafe { (at as *const u64).read_volatile() };
        let at = (rsp..base).step_by(8).take(STACK_WORDS).find(|at| self.contains(word(*at)));
        let Some(at) = at else { return 0 };
        if word(at + 8) == self.area as u64 { 0 } else { word(at) }
    }
}

/// What is known of the last fault, kept while a signal handler makes accesses of its own.
pub(crate) struct Last(Seen);

impl Last {
    /// Restored when the result is dropped.
    pub fn keep() -> Last {
        Last(LAST.get())
    }
}

impl Drop for Last {
    fn drop(&mut self) {
        LAST.set(self.0);
    }
}

thread_local! {
    /// The vCPU whose compiled code runs on this thread, if any.
    static RUNNING: Cell<Running> = const { Cell::new(NO_CODE) };
    static LAST: Cell<Seen> = const { Cell::new(NOTHING) };
}

/// Compiled code of the vCPU with this area, at these host addresses, begins to run on this thread.
pub(crate) fn set_running(area: *mut abi::VcpuArea, code: &Range<u64>) {
    RUNNING.set(Running { area, code: (code.start, code.end) });
}

/// No compiled code runs on this thread any more.
pub(crate) fn clear_running() {
    RUNNING.set(NO_CODE);
}

/// The compiled code that runs on this thread.
pub(crate) fn running() -> Option<Running> {
    Some(RUNNING.get()).filter(|running| !running.area.is_null())
}

/// Takes the record of a fault in compiled code, if the last exit was one.
pub(crate) fn take_code_fault() -> Option<Seen> {
    let seen = LAST.get();
    (seen.host_pc != 0 && access::recovery(seen.host_pc).is_none()).then(|| {
        LAST.set(NOTHING);
        seen
    })
}

/// The last access of this thread that faulted in a routine of [`crate::mem::access`].
pub(crate) fn last_access_fault() -> Seen {
    LAST.get()
}

/// The signals whose handler must ask [`on_host_signal`].
pub const SIGNALS: [libc::c_int; 3] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGTRAP];

/// Takes a SIGSEGV, SIGBUS or SIGTRAP that a guest access caused.
///
/// True: the thread will go on as the access demands; the handler must just return. False: not a guest's.
///
/// # Safety
/// To be called from a signal handler installed with `SA_SIGINFO`, with its own arguments.
pub unsafe fn on_host_signal(
    sig: libc::c_int,
    info: *mut libc::siginfo_t,
    context: *mut libc::c_void,
) -> bool {
    // SAFETY: the caller passes the handler's arguments, which the kernel made.
    let (info, uc) = unsafe { (&*info, &mut *context.cast::<libc::ucontext_t>()) };
    let regs = &mut uc.uc_mcontext.gregs;
    let pc = regs[libc::REG_RIP as usize] as u64;
    const SI_KERNEL: i32 = 128;
    const SEGV_MAPERR: i32 = 1;
    const SEGV_ACCERR: i32 = 2;
    let stepped = refused::end_step(regs, sig == libc::SIGTRAP);
    let (known, kind) = match (sig, info.si_code) {
        (libc::SIGTRAP, _) => return stepped,
        // SI_KERNEL: a non-canonical address, which the host does not tell (a bus error if RSP or RBP is its base);
        // others were sent by a process.
        (libc::SIGBUS | libc::SIGSEGV, SI_KERNEL) => (false, TrapKind::Unmapped),
        (libc::SIGBUS, libc::BUS_ADRALN) => (true, TrapKind::Align),
        (libc::SIGBUS, code) => (code > 0, TrapKind::Bus),
        (_, SEGV_MAPERR) => (true, TrapKind::Unmapped),
        (_, SEGV_ACCERR) => (true, TrapKind::Protected),
        _ => return false,
    };
    // SAFETY: si_addr is valid for these signals.
    let addr = known.then(|| unsafe { info.si_addr() } as u64);
    // Bit 1 of the page fault's error code: a write.
    let write = regs[libc::REG_ERR as usize] & 2 != 0;
    let mut seen = Seen { addr, kind, write, host_pc: pc };
    if let Some(resume) = access::recovery(pc) {
        LAST.set(seen);
        regs[libc::REG_RIP as usize] = resume as i64;
        return true;
    }
    let Running { area: state, code: (begin, end) } = RUNNING.get();
    if state.is_null() || !(begin..end).contains(&pc) {
        return false;
    }
    if !known && let Some(access) = refused::access_at(regs) {
        // SAFETY: the area is that of the vCPU whose compiled code runs on this thread.
        let addr = unsafe { dispatch::without_ignored_bits(state, access.addr) };
        if addr != access.addr && !stepped {
            refused::step_with(regs, access, addr);
            return true;
        }
        (seen.addr, seen.write) = (Some(addr), access.write);
    }
    LAST.set(seen);
    // SAFETY: this thread's compiled code runs with this area, and is stopped.
    unsafe { (*state).engine.exit_reason = abi::ExitReason::Fault as u32 };
    // SAFETY: the same area.
    if let Some(exit) = unsafe { dispatch::fault_exit(state, pc) } {
        // Its registers are as the access found them.
        regs[libc::REG_RIP as usize] = exit as i64;
        return true;
    }
    // The exit stub restores everything from the area: it may be entered from any instruction of a region.
    regs[libc::REG_RDI as usize] = state as i64;
    regs[libc::REG_RIP as usize] = abi::stubs().exit as usize as i64;
    true
}
