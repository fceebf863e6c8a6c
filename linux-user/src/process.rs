//! The guest process: what its threads share.
//!
//! Invariant: one host process is one guest process. Lock order, where several are taken: the engine's,
//! the address space's, the signal actions', the sysroot's. [`Process::fork`] takes them in that order, so that the
//! child finds all of them free.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};

use isamorph_engine::{Engine, Vcpu, VmExit};

use crate::abi::GuestAbi;
use crate::address_space::{AddressSpace, Stale};
use crate::errno::Errno;
use crate::exec::Reexec;
use crate::memory::GuestMemory;
use crate::signal::Actions;
use crate::syscall::Table;
use crate::syscall::limits::Limits;
use crate::sysroot::Sysroot;

/// A processor as the kernel tells programs of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Processor {
    /// `AT_HWCAP` and `AT_HWCAP2`.
    pub hwcap: [u64; 2],
    /// What identifies it; on arm64 `MIDR_EL1`.
    pub identification: u64,
    /// It has guarded pages (on arm64: FEAT_BTI).
    pub guards: bool,
}

/// The program this process runs, as `/proc/self` shows it.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// Absolute guest path of the executable (`/proc/self/exe`).
    pub exe: PathBuf,
    /// The host file it was loaded from.
    pub host_path: PathBuf,
    /// Arguments, `argv[0]` first.
    pub argv: Vec<Vec<u8>>,
    /// The auxiliary vector's bytes as the guest got them.
    pub auxv: Vec<u8>,
    /// What it runs on.
    pub processor: Processor,
    /// Whether the kernel shows the guest's arguments ([`crate::procfs::announce`]).
    pub announced: bool,
}

/// Called once when the process that the user started ends, from whichever thread ends it.
pub type AtEnd = Box<dyn Fn(&Process) + Send + Sync>;

/// Runs vCPUs in the place of [`Vcpu::run`], and so sees the guest at each of its stops: `isamorph diff`.
pub trait Runner: Send + Sync {
    /// Runs the vCPU of guest thread `tid` until something needs the process.
    fn run(&self, vcpu: &mut Vcpu, space: &AddressSpace, tid: i32) -> VmExit;
}

/// State shared by the threads of one guest process. Guest file descriptors are host ones; the
/// working directory is the host process's.
pub struct Process {
    /// The guest's ABI.
    pub abi: Arc<dyn GuestAbi>,
    /// Guest memory.
    pub memory: GuestMemory,
    /// What of it is mapped.
    pub space: Arc<AddressSpace>,
    /// What runs its code.
    pub engine: Arc<Engine>,
    /// Where absolute paths are looked up first.
    pub sysroot: Arc<Sysroot>,
    /// The program.
    pub program: Program,
    /// Resource limits that the host is not told of.
    pub limits: Limits,
    /// What signals do.
    pub actions: Actions,
    /// Where signal handlers without a restorer return to.
    pub(crate) trampoline: u64,
    /// System calls by number.
    pub(crate) table: Arc<Table>,
    /// Print system calls.
    pub(crate) strace: bool,
    /// Tell the user of system calls that are missing.
    pub(crate) strict: bool,
    /// How `execve` starts the emulator anew.
    pub(crate) reexec: Reexec,
    /// Number of guest threads that have not ended.
    pub(crate) threads: AtomicU32,
    /// Exit code of the first thread, once it has ended alone.
    pub(crate) leader_code: AtomicI32,
    /// Missing calls that were reported: one bit a number, the last one for all numbers beyond.
    pub(crate) reported: [AtomicU64; 8],
    pub(crate) at_end: Option<AtEnd>,
    /// Who runs the vCPUs, if not they themselves.
    pub(crate) runner: Option<Arc<dyn Runner>>,
    /// This is a child made by `fork`, or the last rites are done.
    pub(crate) forked: AtomicBool,
    /// This is a `vfork` child: memory and engine are its maker's.
    pub(crate) borrows: bool,
}

impl Process {
    /// Drops translations of code that is gone or changed. To be called with no lock held.
    pub fn invalidate(&self, stale: Stale) {
        if let Some(range) = stale.0 {
            self.engine.invalidate(range);
        }
    }

    /// Has the guest's processor guarded pages?
    pub(crate) fn guards_pages(&self) -> bool {
        self.program.processor.guards
    }

    /// A guarded page is about to be there: threads begin to look at branch targets when they next come by
    /// [`crate::thread::Thread::run`]'s loop, and are sent there.
    pub(crate) fn check_branch_targets(&self) {
        if !self.space.expect_guards() {
            self.engine.interrupt_all();
        }
    }

    /// Keeps compiled code for later runs: before the process ends or becomes another program.
    pub(crate) fn keep_code(&self) {
        if !self.borrows {
            self.engine.save_code();
        }
    }

    /// Runs the last rites: of the process that the user started, more of them.
    pub(crate) fn about_to_end(&self) {
        self.keep_code();
        if let Some(at_end) = &self.at_end
            && !self.forked.swap(true, Ordering::Relaxed)
        {
            at_end(self);
        }
    }

    /// Whether this is a child that another guest process made, not the one that was started.
    pub(crate) fn is_forked(&self) -> bool {
        self.forked.load(Ordering::Relaxed)
    }

    /// Ends the host process at once, from whichever thread.
    pub(crate) fn end(&self, code: i32) -> ! {
        self.about_to_end();
        // SAFETY: ends the process; nothing of ours waits to be flushed.
        unsafe { libc::_exit(code) }
    }

    /// Whether call `number` is reported for the first time.
    pub(crate) fn first_report(&self, number: u64) -> bool {
        let number = number.min(64 * self.reported.len() as u64 - 1);
        let bit = 1 << (number % 64);
        self.reported[number as usize / 64].fetch_or(bit, Ordering::Relaxed) & bit == 0
    }

    /// Forks the host process with every lock held. The child's id in the parent, 0 in the child, where
    /// only the calling thread goes on. Signals are to be blocked by the caller.
    pub(crate) fn fork(&self) -> Result<i32, Errno> {
        let mut result = Err(Errno::EAGAIN);
        self.engine.fork(|| {
            let space = self.space.lock_exclusive();
            let actions = self.actions.lock();
            let sysroot = self.sysroot.hold();
            // SAFETY: the child continues with this thread alone; every lock of ours is held by it, and libc's
            // fork takes care of libc's own.
            let pid = unsafe { libc::fork() };
            drop((sysroot, actions, space));
            result = if pid < 0 { Err(Errno::last()) } else { Ok(pid) };
            if pid == 0 {
                self.threads.store(1, Ordering::Relaxed);
                self.forked.store(true, Ordering::Relaxed);
            }
            pid == 0
        });
        result
    }
}
