//! Signals as the guest has them: actions, masks, delivery on the guest's stack.
//!
//! Dispositions the kernel can carry out alone (default, ignore) are the host's own, so stops, deaths and
//! inheritance over `execve` need nothing here. For a guest handler the host has ours, which leaves
//! the signal in the thread's [`Inbox`](crate::inbox::Inbox); **[`Thread::deliver_signals`]** takes it
//! from there between guest instructions and lays out the guest's frame.
//!
//! Invariants: a thread's host mask is its guest mask without the synchronous signals, except between
//! the arrival of a signal and its delivery (then full). Lock order: engine, address space, actions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use linux_raw_sys::general as sys;

use crate::abi::{AltStack, FaultReport, SigInfo, SignalFrame};
use crate::crash;
use crate::errno::Errno;
use crate::inbox::{
    self, HostAction, SYNCHRONOUS, SYNCHRONOUS_SET, SigSet, host_ignores, set_host_action,
    set_host_mask, set_of,
};
use crate::process::Process;
use crate::thread::Thread;

/// Number of the highest signal.
pub const MAX_SIGNAL: u32 = 64;

/// Signals whose mask bits are ignored.
const UNBLOCKABLE: SigSet = set_of(sys::SIGKILL) | set_of(sys::SIGSTOP);

/// `SA_RESTORER`, as on every architecture that has it.
const SA_RESTORER: u64 = 0x0400_0000;
/// `SS_AUTODISARM`.
const SS_AUTODISARM: u32 = 1 << 31;

/// A signal's action, as the kernel's `struct sigaction` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Action {
    /// Address of the handler, `SIG_DFL` (0) or `SIG_IGN` (1).
    pub handler: u64,
    /// `SA_*`.
    pub flags: u64,
    /// Where the handler returns to, with `SA_RESTORER`.
    pub restorer: u64,
    /// Signals blocked while the handler runs.
    pub mask: SigSet,
}

/// `SIG_DFL`.
const DEFAULT: u64 = 0;
/// `SIG_IGN`.
const IGNORE: u64 = 1;

impl Action {
    /// Whether the guest has a handler.
    pub fn has_handler(&self) -> bool {
        self.handler > IGNORE
    }

    fn has(&self, flag: u32) -> bool {
        self.flags & flag as u64 != 0
    }
}

/// What signals do in a process; shared by its threads.
#[derive(Debug)]
pub struct Actions {
    table: Mutex<[Action; MAX_SIGNAL as usize]>,
    /// Something is to be reported before one of [`ENDING`] ends the process.
    reports: bool,
}

/// Signals by which users end a program.
const ENDING: [u32; 3] = [sys::SIGHUP, sys::SIGINT, sys::SIGTERM];

impl Actions {
    /// As inherited: every signal default or ignored, as the host has it. Makes the host's handlers for
    /// synchronous signals ours; with `reports` those for [`ENDING`] too.
    pub fn inherit(reports: bool) -> Actions {
        let mut table = [Action::default(); MAX_SIGNAL as usize];
        for signal in 1..=MAX_SIGNAL {
            if inherited_ignored(signal) {
                table[signal as usize - 1].handler = IGNORE;
            }
        }
        inbox::catch_synchronous();
        // What Rust's runtime and the C library changed.
        for signal in [sys::SIGPIPE, SETXID] {
            if table[signal as usize - 1].handler == DEFAULT {
                set_host_action(signal, HostAction::Default, 0);
            }
        }
        for signal in ENDING {
            if reports && table[signal as usize - 1].handler == DEFAULT {
                set_host_action(signal, HostAction::Catch, 0);
            }
        }
        Actions { table: Mutex::new(table), reports }
    }

    /// The same actions for a process of its own.
    pub(crate) fn copy(&self) -> Actions {
        Actions { table: Mutex::new(*self.lock()), reports: self.reports }
    }

    /// The lock; `fork` holds it so that the child finds it free.
    pub(crate) fn lock(&self) -> MutexGuard<'_, [Action; MAX_SIGNAL as usize]> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A signal's action.
    pub fn get(&self, signal: u32) -> Action {
        self.lock()[signal as usize - 1]
    }

    /// Changes it, on the host too; the old one.
    pub fn set(&self, signal: u32, action: Action) -> Action {
        if signal == SETXID {
            settle_host_library();
        }
        let mut table = self.lock();
        let old = std::mem::replace(&mut table[signal as usize - 1], action);
        if !SYNCHRONOUS.contains(&signal) {
            let host = match action.handler {
                DEFAULT if self.must_report(signal) => HostAction::Catch,
                DEFAULT => HostAction::Default,
                IGNORE => HostAction::Ignore,
                _ => HostAction::Catch,
            };
            let kernels_own = (sys::SA_NOCLDSTOP | sys::SA_NOCLDWAIT) as u64;
            set_host_action(signal, host, action.flags & kernels_own);
        }
        old
    }

    /// Is a report due before this signal's default action?
    fn must_report(&self, signal: u32) -> bool {
        self.reports && ENDING.contains(&signal)
    }

    /// Makes the host ignore the synchronous signals that the guest ignores: just before `execve`, over
    /// which that is inherited.
    pub fn prepare_exec(&self) {
        for signal in SYNCHRONOUS {
            if self.get(signal).handler == IGNORE {
                set_host_action(signal, HostAction::Ignore, 0);
            }
        }
    }

    /// Undoes [`Self::prepare_exec`] when `execve` failed.
    pub fn cancel_exec(&self) {
        inbox::catch_synchronous();
    }
}

/// The signal by which glibc has all threads change their ids: the host's never does, the guest's may.
const SETXID: u32 = 33;

/// The host's C library takes [`SETXID`] for itself when it makes its first thread: have that over
/// before the guest sets an action for it.
fn settle_host_library() {
    static SETTLED: std::sync::Once = std::sync::Once::new();
    SETTLED.call_once(|| {
        let mask = inbox::block_all();
        if let Ok(first) = std::thread::Builder::new().stack_size(64 << 10).spawn(|| {}) {
            let _ = first.join();
        }
        inbox::set_host_mask(mask);
    });
}

/// Has writing to a pipe without a reader fail in this process, as Rust's runtime does; a guest finds the disposition
/// that it was started with.
pub fn ignore_broken_pipes() {
    set_host_action(sys::SIGPIPE, HostAction::Ignore, 0);
}

/// SIGPIPE's disposition before it was ignored here or by Rust's runtime: 1 ignored, 2 not.
static SIGPIPE_AT_START: std::sync::atomic::AtomicU8 = std::sync::atomic::AtomicU8::new(0);

extern "C" fn record_sigpipe() {
    let seen = if host_ignores(sys::SIGPIPE) { 1 } else { 2 };
    SIGPIPE_AT_START.store(seen, std::sync::atomic::Ordering::Relaxed);
}

/// Runs before Rust's runtime does; its own record of SIGPIPE cannot be asked.
// SAFETY: the section holds pointers to functions without arguments; ours calls the kernel only.
#[used]
#[unsafe(link_section = ".init_array")]
static RECORD_SIGPIPE: extern "C" fn() = record_sigpipe;

fn inherited_ignored(signal: u32) -> bool {
    if signal == sys::SIGPIPE {
        return SIGPIPE_AT_START.load(std::sync::atomic::Ordering::Relaxed) == 1;
    }
    host_ignores(signal)
}

/// A thread's own part.
#[derive(Clone, Debug)]
pub struct ThreadSignals {
    /// Blocked signals.
    pub mask: SigSet,
    /// The mask before a call that exchanged it for its duration (`rt_sigsuspend`).
    pub saved_mask: Option<SigSet>,
    /// The alternate stack.
    pub alt_stack: AltStack,
    /// Synchronous signals that were sent and are blocked, which the host cannot keep pending for us.
    parked: Vec<SigInfo>,
}

impl ThreadSignals {
    /// No alternate stack.
    pub const NO_STACK: AltStack = AltStack { base: 0, flags: sys::SS_DISABLE, size: 0 };

    /// For a thread that begins with this mask.
    pub fn new(mask: SigSet) -> ThreadSignals {
        ThreadSignals {
            mask,
            saved_mask: None,
            alt_stack: ThreadSignals::NO_STACK,
            parked: Vec::new(),
        }
    }

    /// Pending signals that the host does not know of.
    pub fn parked(&self) -> SigSet {
        self.parked.iter().map(|info| set_of(signal_of(info))).fold(0, |set, one| set | one)
    }

    /// Whether a parked signal is not blocked any more.
    pub fn has_unparked(&self) -> bool {
        self.parked() & !self.mask != 0
    }

    fn unpark(&mut self) -> Option<SigInfo> {
        let mask = self.mask;
        let at = self.parked.iter().position(|i| mask & set_of(signal_of(i)) == 0)?;
        Some(self.parked.remove(at))
    }

    fn park(&mut self, info: SigInfo) {
        if self.parked() & set_of(signal_of(&info)) == 0 {
            self.parked.push(info);
        }
    }

    /// A child of `fork` inherits no pending signal.
    pub fn forget_pending(&mut self) {
        self.parked.clear();
    }

    /// Whether `sp` lies on the alternate stack.
    pub fn on_alt_stack(&self, sp: u64) -> bool {
        // With SS_AUTODISARM the handler's stack is not remembered, so it counts as left.
        let AltStack { base, flags, size } = self.alt_stack;
        flags & SS_AUTODISARM == 0 && sp > base && sp - base <= size
    }

    /// The alternate stack as `sigaltstack` and frames tell it.
    pub fn reported(&self, sp: u64) -> AltStack {
        let AltStack { base, flags, size } = self.alt_stack;
        let state = if size == 0 {
            sys::SS_DISABLE
        } else if self.on_alt_stack(sp) {
            sys::SS_ONSTACK
        } else {
            0
        };
        AltStack { base, flags: state | flags & SS_AUTODISARM, size }
    }

    /// Sets the alternate stack as `sigaltstack` does.
    pub fn set_alt_stack(&mut self, new: AltStack, sp: u64, least: u64) -> Result<(), Errno> {
        if self.on_alt_stack(sp) {
            return Err(Errno::EPERM);
        }
        match new.flags & !SS_AUTODISARM {
            sys::SS_DISABLE => {
                let flags = sys::SS_DISABLE | new.flags & SS_AUTODISARM;
                self.alt_stack = AltStack { base: 0, size: 0, flags };
            }
            0 | sys::SS_ONSTACK if new.size < least => return Err(Errno::ENOMEM),
            0 | sys::SS_ONSTACK => {
                self.alt_stack = AltStack { flags: new.flags & SS_AUTODISARM, ..new };
            }
            _ => return Err(Errno::EINVAL),
        }
        Ok(())
    }
}

/// A signal that an instruction raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Raised {
    /// Signal number.
    pub signal: u32,
    /// `si_code`.
    pub code: i32,
    /// `si_addr`.
    pub addr: u64,
    /// Of a memory fault: more.
    pub fault: Option<FaultReport>,
    /// Were all registers exact?
    pub exact: bool,
    /// Is it about where a branch went?
    pub target: bool,
}

impl Raised {
    /// Without more to tell of it.
    pub fn plain(signal: u32, addr: u64) -> Raised {
        Raised { signal, code: 0, addr, fault: None, exact: true, target: false }
    }

    fn info(&self) -> SigInfo {
        let mut info = [0; 128];
        info[..4].copy_from_slice(&self.signal.to_le_bytes());
        info[8..12].copy_from_slice(&self.code.to_le_bytes());
        info[16..24].copy_from_slice(&self.addr.to_le_bytes());
        info
    }
}

fn signal_of(info: &SigInfo) -> u32 {
    u32::from_le_bytes(info[..4].try_into().expect("four bytes"))
}

impl Thread {
    /// Lets the signals in that the guest does not block.
    pub(crate) fn open_signals(&self) {
        if !self.vforked {
            set_host_mask(self.signals.mask);
        }
    }

    /// Of a `vfork` child: lets signals in for a moment in which no lock is held.
    pub(crate) fn let_signals_in(&self) {
        set_host_mask(self.signals.mask);
        inbox::block_all();
    }

    /// Changes the guest's signal mask, and so the host's.
    ///
    /// Signals that arrived and were not delivered yet come first: `ERESTARTNOINTR` then, with nothing
    /// changed.
    pub(crate) fn change_mask(
        &mut self,
        change: impl FnOnce(SigSet) -> SigSet,
    ) -> Result<SigSet, Errno> {
        inbox::block_all();
        if self.inbox.is_full() {
            return Err(Errno::RESTART_NO_INTR);
        }
        let old = self.signals.mask;
        self.signals.mask = change(old) & !UNBLOCKABLE;
        self.open_signals();
        Ok(old)
    }

    /// Delivers what lies in the inbox, settles a call that was interrupted, and sets the host's mask.
    pub(crate) fn deliver_signals(&mut self) {
        while let Some(info) = self.next_signal() {
            let signal = signal_of(&info);
            let action = self.process.actions.get(signal);
            match action.handler {
                IGNORE => {}
                DEFAULT => self.default_action(signal, &info),
                _ => {
                    self.settle_call(&action);
                    self.call_handler(signal, &info, &action, None);
                }
            }
            // The next one the kernel has comes in here, on top of this one, as Linux stacks them.
            self.open_signals();
        }
        if self.restart.take().is_some() {
            // No handler ran: the call goes on as if nothing had been.
            self.process.abi.clone().rewind_call(self.vcpu.state_mut());
        }
        if let Some(mask) = self.signals.saved_mask.take() {
            self.signals.mask = mask;
            self.open_signals();
        }
    }

    fn next_signal(&mut self) -> Option<SigInfo> {
        while let Some(info) = self.inbox.take() {
            let signal = signal_of(&info);
            let blocked = self.signals.mask & set_of(signal) != 0;
            // Any other signal was let through by the host's mask.
            if !(blocked && SYNCHRONOUS.contains(&signal)) {
                return Some(info);
            }
            self.signals.park(info);
        }
        self.signals.unpark()
    }

    /// A handler is about to run: an interrupted call is made again afterwards, or fails with `EINTR`.
    fn settle_call(&mut self, action: &Action) {
        let Some(why) = self.restart.take() else { return };
        let abi = self.process.abi.clone();
        let again = match why {
            Errno::RESTART_NO_INTR => true,
            Errno::RESTART_NO_HANDLER => false,
            _ => action.has(sys::SA_RESTART),
        };
        if again {
            abi.rewind_call(self.vcpu.state_mut());
        } else {
            let eintr = -(Errno::EINTR.number() as i64);
            abi.set_result(self.vcpu.state_mut(), eintr as u64);
        }
    }

    /// A signal came that has no handler any more, or is synchronous and was sent: let the kernel do the
    /// default action.
    fn default_action(&mut self, signal: u32, info: &SigInfo) {
        if SYNCHRONOUS.contains(&signal) || self.process.actions.must_report(signal) {
            die_of(&self.process, signal);
        }
        let pid = std::process::id() as u64;
        let args = [pid, self.tid as u64, signal as u64, info.as_ptr().addr() as u64, 0, 0];
        // SAFETY: the information is ours for the call; sent to this very thread.
        let _ = unsafe { crate::host::syscall(sys::__NR_rt_tgsigqueueinfo, args) };
    }

    /// Raises a signal that an instruction caused. Without a handler, or blocked, it is fatal.
    pub(crate) fn raise(&mut self, raised: Raised) {
        let signal = raised.signal;
        let action = self.process.actions.get(signal);
        let blocked = self.signals.mask & set_of(signal) != 0;
        if blocked || !action.has_handler() {
            crash::report(self, &raised);
            die_of(&self.process, signal);
        }
        // Signals are held off, so that none is captured while the frame is made.
        inbox::block_all();
        self.call_handler(signal, &raised.info(), &action, raised.fault);
        self.open_signals();
    }

    /// Sets the guest up to run a handler.
    fn call_handler(
        &mut self,
        signal: u32,
        info: &SigInfo,
        action: &Action,
        fault: Option<FaultReport>,
    ) {
        let process = self.process.clone();
        let abi = &process.abi;
        let sp = abi.stack_pointer(self.vcpu.state());
        let AltStack { base, size, .. } = self.signals.alt_stack;
        let on_alt = action.has(sys::SA_ONSTACK) && size != 0 && !self.signals.on_alt_stack(sp);
        let frame = SignalFrame {
            signal,
            info,
            handler: action.handler,
            with_info: action.has(sys::SA_SIGINFO),
            restorer: if action.flags & SA_RESTORER != 0 {
                action.restorer
            } else {
                process.trampoline
            },
            stack_top: on_alt.then(|| base.wrapping_add(size)),
            alt_stack: self.signals.reported(sp),
            mask: self.signals.saved_mask.unwrap_or(self.signals.mask),
            fault,
        };
        if abi.push_frame(self.vcpu.state_mut(), &process.memory, &frame).is_err() {
            self.no_room_for_frame(signal);
            return;
        }
        self.signals.saved_mask = None;
        if self.signals.alt_stack.flags & SS_AUTODISARM != 0 {
            self.signals.alt_stack = ThreadSignals::NO_STACK;
        }
        let mut mask = self.signals.mask | action.mask;
        if !action.has(sys::SA_NODEFER) {
            mask |= set_of(signal);
        }
        self.signals.mask = mask & !UNBLOCKABLE;
        if action.has(sys::SA_RESETHAND) {
            process.actions.set(signal, Action { handler: DEFAULT, ..*action });
        }
    }

    /// The frame does not fit the stack: a SIGSEGV, fatal if that was the signal.
    pub(crate) fn no_room_for_frame(&mut self, signal: u32) {
        let raised = Raised { code: SI_KERNEL, ..Raised::plain(sys::SIGSEGV, 0) };
        if signal == sys::SIGSEGV {
            crash::report(self, &raised);
            die_of(&self.process, signal);
        }
        self.raise(raised);
    }
}

/// `SI_KERNEL`.
const SI_KERNEL: i32 = 0x80;

/// Ends the process by a signal's default action, on the host too, so that whoever waits sees it.
pub(crate) fn die_of(process: &Process, signal: u32) -> ! {
    process.about_to_end();
    inbox::block_all();
    set_host_action(signal, HostAction::Default, 0);
    // SAFETY: calls without pointers.
    unsafe {
        let tid = libc::syscall(libc::SYS_gettid);
        libc::syscall(libc::SYS_tgkill, libc::getpid(), tid, signal);
    }
    set_host_mask(!set_of(signal) & !SYNCHRONOUS_SET);
    // Only the first process of a namespace survives that.
    // SAFETY: ends the process.
    unsafe { libc::_exit(128 + signal as i32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alternate_stack_is_checked_and_told() {
        let mut s = ThreadSignals::new(0);
        let big = AltStack { base: 0x1000, flags: 0, size: 0x4000 };
        assert_eq!(s.set_alt_stack(AltStack { size: 100, ..big }, 0, 2048), Err(Errno::ENOMEM));
        assert_eq!(s.set_alt_stack(AltStack { flags: 8, ..big }, 0, 2048), Err(Errno::EINVAL));
        assert_eq!(s.set_alt_stack(big, 0, 2048), Ok(()));
        assert_eq!(s.reported(0x9000).flags, 0);
        assert_eq!(s.reported(0x5000).flags, sys::SS_ONSTACK);
        assert_eq!(s.reported(0x1000).flags, 0);
        assert_eq!(s.set_alt_stack(big, 0x2000, 2048), Err(Errno::EPERM));
        let off = AltStack { base: 1, flags: sys::SS_DISABLE, size: 1 };
        assert_eq!(s.set_alt_stack(off, 0, 2048), Ok(()));
        assert_eq!(s.reported(0), ThreadSignals::NO_STACK);
    }

    #[test]
    fn raised_information_is_laid_out_as_siginfo() {
        let raised = Raised { code: 2, ..Raised::plain(11, 0x1234) };
        let info = raised.info();
        assert_eq!(signal_of(&info), 11);
        assert_eq!(info[8], 2);
        assert_eq!(info[16..18], [0x34, 0x12]);
    }
}
