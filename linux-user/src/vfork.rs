//! `vfork`: a child that borrows its maker's memory until it runs another program or ends.
//!
//! Programs rely on it: `posix_spawn` and compiler drivers report a failed `execve` through that memory.
//! So the child is a real `vfork` child of the host: another process, the same memory (the guest's and
//! ours), its maker's thread held by the kernel. It runs on a host stack of its own but with its
//! maker's thread-local storage, which nobody else uses meanwhile.
//!
//! Invariants: what the child allocates for good lies in [`Start`], which the maker frees; and the child
//! lets signals in only between guest instructions ([`Thread::let_signals_in`]), where it holds no
//! lock: a signal that kills it cannot leave shared memory locked. (`SIGKILL` can.)

use std::ffi::c_void;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use linux_raw_sys::general as k;

use crate::errno::{Errno, SysResult};
use crate::process::Process;
use crate::syscall::Ctx;
use crate::syscall::process::Child;
use crate::thread::{Leave, Thread, own_tid};

/// Host stack of the child, with its guard: compiling may need some. It is only reserved.
const STACK: usize = 4 << 20;
const GUARD: usize = 64 << 10;

/// What the maker prepares for the child.
struct Start {
    process: Arc<Process>,
    thread: Thread,
    child_tid: Option<u64>,
}

/// Pages for a host stack, given back when dropped.
struct Stack(*mut c_void);

impl Stack {
    fn new() -> Result<Stack, Errno> {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_STACK;
        // SAFETY: a new mapping where the kernel likes.
        let base = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                STACK,
                libc::PROT_READ | libc::PROT_WRITE,
                flags,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return Err(Errno::last());
        }
        // SAFETY: inside the new mapping. If it fails, there is no guard, no more.
        unsafe { libc::mprotect(base, GUARD, libc::PROT_NONE) };
        Ok(Stack(base))
    }

    fn top(&self) -> *mut c_void {
        self.0.wrapping_byte_add(STACK)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: mapped by `new`; the child that ran on it is gone or has other memory.
        unsafe { libc::munmap(self.0, STACK) };
    }
}

/// Makes the child and waits until it has other memory; its id. Signals are to be held by the caller.
pub(crate) fn vfork(ctx: &mut Ctx<'_>, child: &Child) -> SysResult {
    let stack = Stack::new()?;
    let abi = &ctx.process.abi;
    let mut state = ctx.thread.vcpu.state().to_vec();
    abi.become_child(&mut state, child.stack, child.tls);

    let process = Arc::new(ctx.process.for_vfork());
    let mut thread = Thread::new(&process, &state, ctx.thread.signals.mask);
    thread.leader = true;
    thread.vforked = true;
    thread.clear_tid = child.clear_tid;
    thread.signals.alt_stack = ctx.thread.signals.alt_stack;
    let mut start = Start { process, thread, child_tid: child.child_tid };

    let namespaces = child.flags & crate::syscall::process::NAMESPACES;
    let flags =
        namespaces as i32 | (k::CLONE_VM | k::CLONE_VFORK) as i32 | child.exit_signal as i32;
    // SAFETY: the child runs `begin` on its own stack and never returns from it; the kernel holds this
    // thread until the child has given this memory up, so `start` and the stack outlive its use of them.
    let pid = unsafe { libc::clone(begin, stack.top(), flags, (&raw mut start).cast()) };
    if pid < 0 { Err(Errno::last()) } else { Ok(pid as u64) }
}

extern "C" fn begin(start: *mut c_void) -> i32 {
    // SAFETY: the maker's `Start`, which it does not touch until this process is gone.
    let start = unsafe { &mut *start.cast::<Start>() };
    let thread = &mut start.thread;
    thread.tid = own_tid();
    if let Some(addr) = start.child_tid {
        let _ = start.process.memory.write(addr, &thread.tid);
    }
    let code = match thread.run() {
        Leave::Process(code) => code,
        Leave::Thread(code) => thread.end(code).unwrap_or(code),
    };
    // At once: it may not touch what it shares with its maker.
    start.process.end(code)
}

impl Process {
    /// The process of a `vfork` child: the same memory and engine, its own signal actions.
    fn for_vfork(&self) -> Process {
        Process {
            abi: self.abi.clone(),
            memory: self.memory,
            space: self.space.clone(),
            engine: self.engine.clone(),
            sysroot: self.sysroot.clone(),
            program: self.program.clone(),
            limits: self.limits.copy(),
            actions: self.actions.copy(),
            trampoline: self.trampoline,
            table: self.table.clone(),
            strace: self.strace,
            strict: self.strict,
            reexec: self.reexec.clone(),
            threads: 1.into(),
            leader_code: 0.into(),
            reported: std::array::from_fn(|n| self.reported[n].load(Ordering::Relaxed).into()),
            at_end: None,
            runner: self.runner.clone(),
            forked: true.into(),
            borrows: true,
        }
    }
}
