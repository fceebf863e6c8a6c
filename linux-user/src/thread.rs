//! A guest thread: one per host thread, and the loop that runs it.
//!
//! Way of the data: **[`Thread::run`]** lets the vCPU run until it needs something, then answers: a
//! system call ([`crate::syscall`]), a fault or exception (a signal), an interruption (signals that
//! arrived, [`crate::signal`]).
//!
//! Invariant: guest registers are touched only between two runs of the vCPU, by the thread itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use isamorph_engine::{Access, MemFault, TrapKind, Vcpu, VmExit};
use isamorph_ir::Exception;
use linux_raw_sys::general as sys;

use crate::abi::{Fault, FaultReport};
use crate::crash;
use crate::errno::Errno;
use crate::exec::NewProgram;
use crate::inbox::{self, Attached, Inbox, SigSet};
use crate::process::Process;
use crate::signal::{Raised, ThreadSignals};
use crate::syscall::thread;

/// How a thread's run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// This thread alone ends.
    Thread(i32),
    /// The whole process ends.
    Process(i32),
}

/// The state of one guest thread.
pub struct Thread {
    /// Thread id: the host's, which the guest sees too.
    pub tid: i32,
    pub(crate) process: Arc<Process>,
    pub(crate) vcpu: Vcpu,
    // Before the inbox, so that it is detached before it is freed.
    _attached: Attached,
    pub(crate) inbox: Box<Inbox>,
    pub(crate) signals: ThreadSignals,
    /// A system call gave up for a signal: how it is to go on.
    pub(crate) restart: Option<Errno>,
    /// Set by `exit` and `exit_group`.
    pub(crate) leave: Option<Leave>,
    /// Cleared and woken at the thread's end (`CLONE_CHILD_CLEARTID`), if not 0.
    pub(crate) clear_tid: u64,
    /// Head of the robust futex list, if not 0.
    pub(crate) robust_list: u64,
    /// The process's first thread, whose exit code is the process's if all threads end alone.
    pub(crate) leader: bool,
    /// The thread of a `vfork` child, which keeps signals blocked on the host.
    pub(crate) vforked: bool,
    /// Arguments of an `execve` under way: kept here, so that a `vfork` child leaves nothing behind.
    pub(crate) new_program: Option<NewProgram>,
}

impl Thread {
    /// The calling host thread as a guest thread with these registers and signal mask. The host's mask is
    /// to be full until [`Thread::run`] sets it.
    pub(crate) fn new(process: &Arc<Process>, state: &[u8], mask: SigSet) -> Thread {
        let mut vcpu = Vcpu::new(&process.engine);
        vcpu.copy_state(state);
        let inbox = Inbox::new(vcpu.kicker());
        let attached = inbox.attach();
        Thread {
            tid: own_tid(),
            process: process.clone(),
            vcpu,
            _attached: attached,
            inbox,
            signals: ThreadSignals::new(mask),
            restart: None,
            leave: None,
            clear_tid: 0,
            robust_list: 0,
            leader: false,
            vforked: false,
            new_program: None,
        }
    }

    /// Nonzero while a signal for the guest lies in this thread's inbox.
    pub(crate) fn signal_flag(&self) -> &AtomicU32 {
        self.inbox.flag()
    }

    /// Runs the thread until it or the process ends.
    pub(crate) fn run(&mut self) -> Leave {
        self.open_signals();
        // A vfork child is another process, which has no timers.
        let frames = self.process.abi.frame_registers();
        let _sampled = if self.vforked { None } else { self.vcpu.sample(frames) };
        let process = self.process.clone();
        loop {
            if self.vforked {
                self.let_signals_in();
            }
            if self.has_signals() {
                self.deliver_signals();
            }
            if self.process.space.has_guards() {
                self.process.abi.check_branch_targets(self.vcpu.state_mut());
            }
            let exit = match &self.process.runner {
                None => self.vcpu.run(),
                Some(runner) => runner.run(&mut self.vcpu, &self.process.space, self.tid),
            };
            match exit {
                VmExit::Syscall { .. } => {
                    self.system_call(&process);
                    if let Some(leave) = self.leave {
                        return leave;
                    }
                }
                VmExit::Exception(exception) => self.exception(&exception),
                VmExit::Fault(fault) => self.fault(&fault),
                VmExit::Interrupted => {}
            }
        }
    }

    fn has_signals(&self) -> bool {
        self.inbox.is_full()
            || self.restart.is_some()
            || self.signals.saved_mask.is_some()
            || self.signals.has_unparked()
    }

    /// A guest access failed. Whether the address is mapped is for the guest's own map to say.
    fn fault(&mut self, fault: &MemFault) {
        let fetch = fault.access == Access::Fetch;
        let insn_align = 1 << self.process.engine.desc().insn_shift;
        let kind = match fault.kind {
            TrapKind::Unmapped | TrapKind::Protected => {
                let mapped = self.process.space.lock().map().find(fault.addr).is_some();
                if fetch && !fault.addr.is_multiple_of(insn_align) {
                    TrapKind::Align
                } else if mapped {
                    TrapKind::Protected
                } else {
                    TrapKind::Unmapped
                }
            }
            other => other,
        };
        let (signal, code) = match kind {
            TrapKind::Unmapped => (sys::SIGSEGV, sys::SEGV_MAPERR),
            TrapKind::Protected => (sys::SIGSEGV, sys::SEGV_ACCERR),
            TrapKind::Align => (sys::SIGBUS, sys::BUS_ADRALN),
            TrapKind::Bus => (sys::SIGBUS, sys::BUS_ADRERR),
        };
        let what = match fault.access {
            Access::Read => Fault::Read,
            Access::Write => Fault::Write,
            Access::Fetch => Fault::Fetch,
        };
        self.raise(Raised {
            code: code as i32,
            fault: Some(FaultReport { addr: fault.addr, fault: what, kind }),
            exact: fault.exact,
            ..Raised::plain(signal, fault.addr)
        });
    }

    /// A guest instruction raised an exception.
    fn exception(&mut self, exception: &Exception) {
        if *exception == Exception::StackAlign {
            return self.misaligned_stack();
        }
        let (signal, code) = match exception {
            Exception::Breakpoint(_) => (sys::SIGTRAP, sys::TRAP_BRKPT),
            Exception::Unimplemented { .. } => {
                crash::unimplemented(self, exception);
                (sys::SIGILL, sys::ILL_ILLOPC)
            }
            _ => (sys::SIGILL, sys::ILL_ILLOPC),
        };
        let target = *exception == Exception::BranchTarget;
        let plain = Raised::plain(signal, self.vcpu.pc());
        self.raise(Raised { code: code as i32, target, ..plain });
    }

    /// An access by a stack pointer that is not aligned.
    fn misaligned_stack(&mut self) {
        let addr = self.process.abi.stack_pointer(self.vcpu.state());
        self.raise(Raised {
            code: sys::BUS_ADRALN as i32,
            fault: Some(FaultReport { addr, fault: Fault::Stack, kind: TrapKind::Align }),
            ..Raised::plain(sys::SIGBUS, addr)
        });
    }

    /// Blocks every signal on the host until the mask is set again, so that none is captured while the
    /// thread makes a child. Signals that arrived before come first: `ERESTARTNOINTR`.
    pub(crate) fn hold_signals(&mut self) -> Result<(), Errno> {
        inbox::block_all();
        if self.inbox.is_full() { Err(Errno::RESTART_NO_INTR) } else { Ok(()) }
    }

    /// The thread ends alone: tells those who wait for it. The exit code of the process, if it was the
    /// last.
    pub(crate) fn end(&mut self, code: i32) -> Option<i32> {
        inbox::block_all();
        self.inbox.give_back();
        thread::release_robust_futexes(self);
        thread::clear_tid(self);
        if self.leader {
            self.process.leader_code.store(code, Ordering::Relaxed);
        }
        let last = self.process.threads.fetch_sub(1, Ordering::AcqRel) == 1;
        last.then(|| self.process.leader_code.load(Ordering::Relaxed))
    }
}

/// The host's id of the calling thread.
pub fn own_tid() -> i32 {
    // SAFETY: a call without arguments that cannot fail.
    unsafe { libc::syscall(libc::SYS_gettid) as i32 }
}
