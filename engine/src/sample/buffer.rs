//! A thread's notes: written by its signal handler, read by whoever drains.
//!
//! Invariant: one producer, the handler on the buffer's thread, which nothing interrupts but a fault of its own reads;
//! one consumer at a time, under the sampler's lock.

use super::stack::{self, FrameRegisters};
use super::{DOING, Doing};
use crate::fault;
use crate::vcpu::Shared;
use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Notes that a buffer holds. Half of them are four seconds' worth at a clock tick of 100 Hz, one at 250 Hz.
const NOTES: usize = 512;
/// Callers that a note holds.
pub(super) const DEPTH: usize = 40;

/// A sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    /// Where the thread was.
    pub host_pc: u64,
    /// Where compiled code called what the thread was in, or 0.
    pub called_from: u64,
    /// The PC in the guest's registers: older than the true one in compiled code.
    pub guest_pc: u64,
    pub doing: Doing,
    /// On the way back from a system call.
    pub kernel: bool,
    /// Intervals that it stands for.
    pub weight: u64,
    /// Return addresses, the innermost first.
    pub callers: [u64; DEPTH],
    pub depth: usize,
}

#[derive(Debug)]
struct Cells {
    host_pc: AtomicU64,
    called_from: AtomicU64,
    guest_pc: AtomicU64,
    /// Weight, depth, doing, kernel: 32, 16, 8 and 8 bits.
    rest: AtomicU64,
    callers: [AtomicU64; DEPTH],
}

impl Cells {
    fn new() -> Cells {
        let zero = || AtomicU64::new(0);
        let callers = std::array::from_fn(|_| zero());
        Cells { host_pc: zero(), called_from: zero(), guest_pc: zero(), rest: zero(), callers }
    }
}

/// A thread's notes.
pub(super) struct Buffer {
    notes: Box<[Cells]>,
    written: AtomicUsize,
    read: AtomicUsize,
    lost: AtomicU64,
    /// The vCPU of a guest thread.
    vcpu: Option<Arc<Shared>>,
    /// Offset of the PC in the guest's state.
    pc: u32,
    frames: Option<FrameRegisters>,
    /// Host address of guest address 0.
    guest_base: u64,
}

thread_local! {
    /// The handler's anchor.
    static CURRENT: Cell<*const Buffer> = const { Cell::new(ptr::null()) };
}

impl Buffer {
    pub fn new(
        vcpu: Option<&Arc<Shared>>,
        pc: u32,
        frames: Option<FrameRegisters>,
        guest_base: u64,
    ) -> Buffer {
        Buffer {
            notes: (0..NOTES).map(|_| Cells::new()).collect(),
            written: AtomicUsize::new(0),
            read: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            vcpu: vcpu.cloned(),
            pc,
            frames,
            guest_base,
        }
    }

    /// Called by the handler alone.
    fn put(&self, note: &Note) {
        let (at, read) = (self.written.load(Ordering::Relaxed), self.read.load(Ordering::Acquire));
        if at - read == NOTES {
            self.lost.fetch_add(note.weight, Ordering::Relaxed);
            return;
        }
        let cells = &self.notes[at % NOTES];
        cells.host_pc.store(note.host_pc, Ordering::Relaxed);
        cells.called_from.store(note.called_from, Ordering::Relaxed);
        cells.guest_pc.store(note.guest_pc, Ordering::Relaxed);
        for (cell, caller) in cells.callers.iter().zip(&note.callers[..note.depth]) {
            cell.store(*caller, Ordering::Relaxed);
        }
        let weight = note.weight.min(u32::MAX.into());
        let rest = weight << 32 | (note.depth as u64) << 16;
        let rest = rest | (note.doing as u64) << 8 | u64::from(note.kernel);
        cells.rest.store(rest, Ordering::Relaxed);
        self.written.store(at + 1, Ordering::Release);
        if at + 1 - read == NOTES / 2
            && let Some(vcpu) = &self.vcpu
        {
            vcpu.attention();
        }
    }

    /// Hands out what was noted since the last time.
    pub fn drain(&self, mut each: impl FnMut(&Note)) {
        let written = self.written.load(Ordering::Acquire);
        for at in self.read.load(Ordering::Relaxed)..written {
            let cells = &self.notes[at % NOTES];
            let rest = cells.rest.load(Ordering::Relaxed);
            let depth = (rest >> 16 & 0xffff) as usize;
            let mut note = Note {
                host_pc: cells.host_pc.load(Ordering::Relaxed),
                called_from: cells.called_from.load(Ordering::Relaxed),
                guest_pc: cells.guest_pc.load(Ordering::Relaxed),
                doing: Doing::from_u8((rest >> 8) as u8),
                kernel: rest & 1 != 0,
                weight: rest >> 32,
                callers: [0; DEPTH],
                depth,
            };
            for (caller, cell) in note.callers.iter_mut().zip(&cells.callers[..depth]) {
                *caller = cell.load(Ordering::Relaxed);
            }
            each(&note);
        }
        self.read.store(written, Ordering::Release);
    }

    /// Is it time to drain?
    pub fn is_half_full(&self) -> bool {
        let read = self.read.load(Ordering::Relaxed);
        self.written.load(Ordering::Relaxed) - read >= NOTES / 2
    }

    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }

    /// A word of the guest's state.
    ///
    /// # Safety
    /// To be called on the vCPU's own thread.
    unsafe fn state_word(&self, offset: u32) -> u64 {
        let Some(vcpu) = &self.vcpu else { return 0 };
        // SAFETY: the area lives as long as `vcpu`; it is this thread's, which is stopped, and no reference is made.
        unsafe {
            ptr::addr_of!((*vcpu.area()).guest)
                .cast::<u64>()
                .byte_add(offset as usize)
                .read_volatile()
        }
    }
}

/// Does the calling thread's buffer want to be drained?
pub(crate) fn wants_drain() -> bool {
    let buffer = CURRENT.get();
    // SAFETY: a buffer outlives its being current.
    !buffer.is_null() && unsafe { &*buffer }.is_half_full()
}

/// A timer that signals the thread that started it, while it lives.
pub(super) struct Timer {
    id: i32,
    /// The process that it is of: a forked child has none.
    pid: u32,
    buffer: Arc<Buffer>,
}

/// The timer's signal: see the module page.
const SIGNAL: i32 = libc::SIGFPE;
/// `si_code` of a timer.
const SI_TIMER: i32 = -2;
/// Where a timer's `siginfo_t` counts the expirations that no signal was sent for, in words of four bytes.
const OVERRUN: usize = 5;

impl Timer {
    pub fn start(buffer: &Arc<Buffer>, interval: Duration) -> io::Result<Timer> {
        let every = libc::timespec {
            tv_sec: interval.as_secs() as i64,
            tv_nsec: interval.subsec_nanos().into(),
        };
        let times = libc::itimerspec { it_interval: every, it_value: every };
        let mut id = 0i32;
        // SAFETY: plain system calls with structures of ours. Raw ones: the C library's timers cannot tell threads.
        unsafe {
            let mut event: libc::sigevent = std::mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = SIGNAL;
            event.sigev_value.sival_ptr = mark();
            event.sigev_notify_thread_id = libc::syscall(libc::SYS_gettid) as i32;
            let clock = libc::CLOCK_THREAD_CPUTIME_ID;
            if libc::syscall(libc::SYS_timer_create, clock, &raw mut event, &raw mut id) != 0 {
                return Err(io::Error::last_os_error());
            }
            CURRENT.set(Arc::as_ptr(buffer));
            let none = ptr::null_mut::<libc::itimerspec>();
            libc::syscall(libc::SYS_timer_settime, id, 0, &raw const times, none);
        }
        Ok(Timer { id, pid: std::process::id(), buffer: buffer.clone() })
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if CURRENT.get() == Arc::as_ptr(&self.buffer) {
            CURRENT.set(ptr::null());
        }
        if self.pid == std::process::id() {
            // SAFETY: a call without pointers, on our own timer.
            unsafe { libc::syscall(libc::SYS_timer_delete, self.id) };
        }
    }
}

/// What our timers' signals carry, so that they are told from the guest's.
fn mark() -> *mut libc::c_void {
    static MARK: u8 = 0;
    (&raw const MARK).cast_mut().cast()
}

/// Takes the signal of a sampling timer. False: it is another one.
///
/// # Safety
/// To be called from a signal handler installed with `SA_SIGINFO`, with its own arguments.
pub unsafe fn on_host_signal(info: *const libc::siginfo_t, context: *const libc::c_void) -> bool {
    // SAFETY: the caller passes the handler's arguments, which the kernel made; a timer's signal has a value and an
    // overrun count.
    let (uc, weight) = unsafe {
        let info = &*info;
        if info.si_code != SI_TIMER
            || info.si_signo != SIGNAL
            || info.si_value().sival_ptr != mark()
        {
            return false;
        }
        let overrun = (&raw const *info).cast::<i32>().add(OVERRUN).read();
        (&*context.cast::<libc::ucontext_t>(), 1 + overrun.max(0) as u64)
    };
    let buffer = CURRENT.get();
    if buffer.is_null() {
        return true;
    }
    // SAFETY: a buffer outlives its being current.
    let buffer = unsafe { &*buffer };
    let host_pc = uc.uc_mcontext.gregs[libc::REG_RIP as usize] as u64;
    let rsp = uc.uc_mcontext.gregs[libc::REG_RSP as usize] as u64;
    let running = fault::running();
    let in_code = running.is_some_and(|r| r.contains(host_pc));
    let mut note = Note {
        host_pc: if in_code { host_pc } else { 0 },
        // SAFETY: this is the thread whose compiled code runs.
        called_from: running.filter(|_| !in_code).map_or(0, |r| unsafe { r.called_from(rsp) }),
        // SAFETY: the buffer is the calling thread's.
        guest_pc: unsafe { buffer.state_word(buffer.pc) },
        doing: DOING.get(),
        // SAFETY: the thread executed instructions there.
        kernel: !in_code && unsafe { is_behind_syscall(host_pc) },
        weight,
        callers: [0; DEPTH],
        depth: 0,
    };
    if let Some(frames) = buffer.frames {
        // SAFETY: as above.
        let (frame, link) =
            unsafe { (buffer.state_word(frames.frame), frames.link.map(|l| buffer.state_word(l))) };
        note.depth = stack::walk(frame, link, &frames, buffer.guest_base, &mut note.callers);
    }
    buffer.put(&note);
    true
}

/// Is the instruction before this one `syscall`? At a page's begin that is not looked at: the page before it may be
/// missing.
///
/// # Safety
/// The address is one of code that runs.
unsafe fn is_behind_syscall(host_pc: u64) -> bool {
    // SAFETY: code can be read, on the same page.
    host_pc & 0xfff >= 2 && unsafe { ((host_pc - 2) as *const [u8; 2]).read() } == [0x0f, 0x05]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_handed_out_once_and_in_order() {
        let buffer = Buffer::new(None, 0, None, 0);
        let note = |n: u64| Note {
            host_pc: n,
            called_from: n + 1,
            guest_pc: n + 2,
            doing: Doing::Block,
            kernel: n % 2 == 1,
            weight: n + 3,
            callers: [n; DEPTH],
            depth: n as usize % DEPTH,
        };
        let mut next = 0;
        for round in 0..5 {
            for n in 0..300 {
                buffer.put(&note(round * 300 + n));
            }
            buffer.drain(|seen| {
                let expected = note(next);
                assert_eq!((seen.host_pc, seen.called_from), (next, next + 1));
                assert_eq!((seen.guest_pc, seen.weight), (expected.guest_pc, expected.weight));
                assert_eq!((seen.doing, seen.kernel), (Doing::Block, expected.kernel));
                assert_eq!(seen.callers[..seen.depth], expected.callers[..expected.depth]);
                next += 1;
            });
        }
        assert_eq!((next, buffer.take_lost()), (1500, 0));
        (0..NOTES as u64 + 3).for_each(|n| buffer.put(&note(n)));
        assert_eq!(buffer.take_lost(), (0..3).map(|n| NOTES as u64 + n + 3).sum::<u64>());
    }
}
