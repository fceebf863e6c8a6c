//! Where the host's signal handler leaves a signal for the guest thread it hit.
//!
//! The host kernel keeps the guest's signals: a thread's host mask is the guest's mask, so what the
//! guest blocks stays pending in the kernel, in the kernel's order. A signal that arrives is put in
//! the thread's inbox and the host mask becomes full (by the interrupted context), so at most one
//! waits here. The thread takes it at its next poll point ([`crate::signal`]) and sets its mask anew.
//!
//! SIGSEGV, SIGBUS, SIGILL, SIGTRAP and SIGFPE are never blocked on the host, because the engine lives
//! on them; sent by a process, each has a slot of its own here, and coalesces as in the kernel. What the
//! guest blocks of them is parked by `signal`, so that a full inbox always means something to do.
//!
//! Invariants: the handler allocates nothing, locks nothing and touches only its thread's inbox; the
//! thread-local [`CURRENT`] is the handler's one anchor.

use std::cell::{Cell, UnsafeCell};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering, compiler_fence};

use isamorph_engine::{Kicker, fault, sample};
use linux_raw_sys::general as sys;

use crate::abi::SigInfo;
use crate::host;

/// A set of signals: bit n-1 is signal n.
pub type SigSet = u64;

/// The set of one signal (1 to 64).
pub const fn set_of(signal: u32) -> SigSet {
    1 << (signal - 1)
}

/// Signals that an instruction may raise: never blocked on the host.
pub const SYNCHRONOUS: [u32; 5] =
    [sys::SIGSEGV, sys::SIGBUS, sys::SIGILL, sys::SIGTRAP, sys::SIGFPE];

/// The set of them.
pub const SYNCHRONOUS_SET: SigSet = set_of(sys::SIGSEGV)
    | set_of(sys::SIGBUS)
    | set_of(sys::SIGILL)
    | set_of(sys::SIGTRAP)
    | set_of(sys::SIGFPE);

const EMPTY: *const Inbox = ptr::null();

thread_local! {
    /// The inbox of the guest thread that runs on this host thread.
    static CURRENT: Cell<*const Inbox> = const { Cell::new(EMPTY) };
}

/// The inbox of one guest thread. Slot 0 is for any signal, slots 1 to 5 for [`SYNCHRONOUS`] ones.
pub struct Inbox {
    /// Bit n: slot n is full. Nonzero keeps blocking calls from being made.
    flag: AtomicU32,
    slots: [UnsafeCell<SigInfo>; 1 + SYNCHRONOUS.len()],
    kicker: Kicker,
}

impl Inbox {
    /// An empty inbox for the vCPU of this kicker.
    pub fn new(kicker: Kicker) -> Box<Inbox> {
        let slots = std::array::from_fn(|_| UnsafeCell::new([0; 128]));
        Box::new(Inbox { flag: AtomicU32::new(0), slots, kicker })
    }

    /// Makes this the inbox of the calling host thread, until the guard is dropped.
    pub fn attach(&self) -> Attached {
        Attached { before: CURRENT.replace(self) }
    }

    /// Nonzero while a signal lies here.
    pub fn flag(&self) -> &AtomicU32 {
        &self.flag
    }

    /// Whether a signal lies here.
    pub fn is_full(&self) -> bool {
        self.flag.load(Ordering::Relaxed) != 0
    }

    /// Takes a signal. To be called on the inbox's own thread.
    pub fn take(&self) -> Option<SigInfo> {
        let full = self.flag.load(Ordering::Relaxed);
        if full == 0 {
            return None;
        }
        let slot = full.trailing_zeros();
        compiler_fence(Ordering::SeqCst);
        // SAFETY: the slot is full, so the handler of this thread leaves it alone until the bit is cleared.
        let info = unsafe { *self.slots[slot as usize].get() };
        compiler_fence(Ordering::SeqCst);
        self.flag.fetch_and(!(1 << slot), Ordering::Relaxed);
        Some(info)
    }

    /// Hands what lies here to the process again: the thread ends. To be called with signals blocked.
    pub fn give_back(&self) {
        while let Some(info) = self.take() {
            send_to_process(&info);
        }
    }

    /// Empties it: a child of `fork` inherits no pending signal.
    pub fn clear(&self) {
        self.flag.store(0, Ordering::Relaxed);
    }

    /// Called by the handler on the inbox's own thread.
    fn put(&self, slot: usize, info: &SigInfo) {
        if self.flag.load(Ordering::Relaxed) & 1 << slot != 0 {
            return;
        }
        // SAFETY: the slot is empty, so the thread does not read it; the handler itself is not interrupted by
        // another one, because its mask is full.
        unsafe { *self.slots[slot].get() = *info };
        compiler_fence(Ordering::SeqCst);
        self.flag.fetch_or(1 << slot, Ordering::Relaxed);
        self.kicker.kick();
    }
}

/// While it lives, signals of this host thread go to an inbox.
pub struct Attached {
    before: *const Inbox,
}

impl Drop for Attached {
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}

/// What the host does with a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostAction {
    /// The kernel's default: so death, stop and continue are the kernel's own.
    Default,
    /// Ignored.
    Ignore,
    /// Our handler.
    Catch,
}

/// The kernel's `struct sigaction` on x86-64.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct KernelAction {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

const SIGNAL_SET_SIZE: u64 = 8;

std::arch::global_asm!(
    ".pushsection .text.isamorph_restore_rt,\"ax\",@progbits",
    ".hidden isamorph_restore_rt",
    ".globl isamorph_restore_rt",
    ".type isamorph_restore_rt, @function",
    "isamorph_restore_rt:",
    "    mov eax, {number}",
    "    syscall",
    ".size isamorph_restore_rt, . - isamorph_restore_rt",
    ".popsection",
    number = const sys::__NR_rt_sigreturn,
);

unsafe extern "C" {
    fn isamorph_restore_rt();
}

fn raw_action(signal: u32, new: *const KernelAction, old: *mut KernelAction) {
    let args = [signal as u64, new.addr() as u64, old.addr() as u64, SIGNAL_SET_SIZE, 0, 0];
    // SAFETY: both pointers are null or ours; the handler, if any, is ours.
    let done = unsafe { host::syscall(sys::__NR_rt_sigaction, args) };
    debug_assert!(done.is_ok() || matches!(signal, sys::SIGKILL | sys::SIGSTOP));
}

/// Sets the host's action for a signal (raw, so that 32 and 33 are within reach). `flags` are those the
/// kernel itself acts on: `SA_NOCLDSTOP`, `SA_NOCLDWAIT`.
pub fn set_host_action(signal: u32, action: HostAction, flags: u64) {
    let handler = match action {
        HostAction::Default => 0,
        HostAction::Ignore => 1,
        HostAction::Catch => on_signal as *const () as usize,
    };
    // SA_RESTART always: so the kernel itself tells which calls may be restarted, by rewinding them.
    let ours = sys::SA_SIGINFO | sys::SA_RESTART | sys::SA_RESTORER;
    let new = KernelAction {
        handler,
        flags: flags | ours as u64,
        restorer: isamorph_restore_rt as *const () as usize,
        mask: !SYNCHRONOUS_SET,
    };
    raw_action(signal, &new, ptr::null_mut());
}

/// Makes the host's handlers for synchronous signals ours: guest accesses rely on them.
pub fn catch_synchronous() {
    for signal in SYNCHRONOUS {
        set_host_action(signal, HostAction::Catch, 0);
    }
}

/// Whether the host ignores the signal now.
pub fn host_ignores(signal: u32) -> bool {
    let mut old = KernelAction::default();
    raw_action(signal, ptr::null(), &mut old);
    old.handler == 1
}

/// Sets the calling thread's host mask for a guest mask; the old host mask.
pub fn set_host_mask(mask: SigSet) -> SigSet {
    change_host_mask(mask & !SYNCHRONOUS_SET)
}

fn change_host_mask(mask: SigSet) -> SigSet {
    let mut old: SigSet = 0;
    let new = (&raw const mask).addr() as u64;
    let args = [sys::SIG_SETMASK as u64, new, (&raw mut old).addr() as u64, SIGNAL_SET_SIZE, 0, 0];
    // SAFETY: both pointers are ours. The kernel cannot refuse.
    let _ = unsafe { host::syscall(sys::__NR_rt_sigprocmask, args) };
    old
}

/// Blocks every signal that may be blocked; the old host mask, for [`set_host_mask`].
pub fn block_all() -> SigSet {
    change_host_mask(!SYNCHRONOUS_SET)
}

/// The one handler of all signals that the guest catches, and of the synchronous ones.
extern "C" fn on_signal(signal: i32, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: errno is the thread's own.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: the kernel hands both over valid, for the handler's time; 128 bytes are all of siginfo.
    let (code, bytes, uc) = unsafe {
        ((*info).si_code, &*info.cast::<SigInfo>(), &mut *context.cast::<libc::ucontext_t>())
    };
    let synchronous = SYNCHRONOUS.iter().position(|&s| s == signal as u32);
    // Codes above zero are the kernel's own: an instruction did it.
    if synchronous.is_some() && code > 0 {
        // SAFETY: these are a handler's own arguments.
        if !unsafe { fault::on_host_signal(signal, info, context) } {
            own_fault(signal, bytes, uc);
        }
    // SAFETY: as above.
    } else if unsafe { sample::on_host_signal(info, context) } {
        after_sample(uc);
    } else {
        deliver(synchronous, bytes, uc);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

fn deliver(synchronous: Option<usize>, info: &SigInfo, uc: &mut libc::ucontext_t) {
    let inbox = CURRENT.get();
    if synchronous.is_none() {
        // SAFETY: the kernel's signal set is the first word of glibc's.
        unsafe { *(&raw mut uc.uc_sigmask).cast::<SigSet>() = !SYNCHRONOUS_SET };
    }
    if inbox.is_null() {
        // A thread of the emulator's own, which should block everything: hand the signal to the process
        // again, now that this thread blocks it.
        send_to_process(info);
        return;
    }
    // SAFETY: an attached inbox outlives its attachment, and this is its thread.
    unsafe { &*inbox }.put(synchronous.map_or(0, |n| n + 1), info);
    let rip = &mut uc.uc_mcontext.gregs[libc::REG_RIP as usize];
    if let Some(exit) = host::leave_window(*rip as u64) {
        *rip = exit as i64;
    }
}

/// A sampling timer's signal was taken while one for the guest came in, whose handler saw this one instead of the
/// window of a blocking call: leave the window for it.
fn after_sample(uc: &mut libc::ucontext_t) {
    let inbox = CURRENT.get();
    // SAFETY: an attached inbox outlives its attachment, and this is its thread.
    if inbox.is_null() || !unsafe { &*inbox }.is_full() {
        return;
    }
    let rip = &mut uc.uc_mcontext.gregs[libc::REG_RIP as usize];
    if let Some(exit) = host::leave_window(*rip as u64) {
        *rip = exit as i64;
    }
}

/// Sends a signal to the process anew, for a thread that does not block it.
fn send_to_process(info: &SigInfo) {
    let signal = u32::from_le_bytes([info[0], info[1], info[2], info[3]]) as u64;
    // SAFETY: getpid cannot fail; the information is the kernel's own, and is copied.
    unsafe {
        let pid = libc::getpid() as u64;
        let args = [pid, signal, info.as_ptr().addr() as u64, 0, 0, 0];
        let _ = host::syscall(sys::__NR_rt_sigqueueinfo, args);
    }
}

/// A fault of the emulator itself: say where, and die of it when the instruction is tried again.
fn own_fault(signal: i32, info: &SigInfo, uc: &libc::ucontext_t) {
    let mut text = Message::default();
    text.push(b"isamorph: internal error: signal ");
    text.number(signal as u64, 10);
    text.push(b" in the emulator itself at host pc 0x");
    text.number(uc.uc_mcontext.gregs[libc::REG_RIP as usize] as u64, 16);
    text.push(b", address 0x");
    let addr = u64::from_le_bytes(info[16..24].try_into().expect("eight bytes"));
    text.number(addr, 16);
    text.push(b"; please report it\n");
    text.write();
    set_host_action(signal as u32, HostAction::Default, 0);
}

/// A line made without allocation.
struct Message {
    bytes: [u8; 160],
    len: usize,
}

impl Default for Message {
    fn default() -> Message {
        Message { bytes: [0; 160], len: 0 }
    }
}

impl Message {
    fn push(&mut self, text: &[u8]) {
        for &byte in text.iter().take(self.bytes.len() - self.len) {
            self.bytes[self.len] = byte;
            self.len += 1;
        }
    }

    fn number(&mut self, mut value: u64, base: u64) {
        let mut digits = [0; 20];
        let mut at = digits.len();
        loop {
            at -= 1;
            digits[at] = b"0123456789abcdef"[(value % base) as usize];
            value /= base;
            if value == 0 {
                break;
            }
        }
        self.push(&digits[at..]);
    }

    fn write(&self) {
        // SAFETY: the bytes are ours. Nothing can be done if it fails.
        unsafe { libc::write(2, self.bytes.as_ptr().cast(), self.len) };
    }
}
