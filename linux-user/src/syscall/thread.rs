//! Threads and futexes. A guest thread is a host thread, so ids, futex queues, priorities and CPU masks
//! are the host kernel's.
//!
//! Invariants: a new thread's id is known to its maker before either goes on; a thread that ends first
//! releases its robust futexes, then clears and wakes its id (the order in which joiners rely on
//! them), and only then gives up its host thread.

use std::sync::atomic::Ordering;
use std::sync::mpsc;

use linux_raw_sys::general as k;

use super::Arg::{Enum, Hex, Int, OutOf, Ptr, Size, Timespec};
use super::process::Child;
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};
use crate::thread::{Leave, Thread};

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    // As of a kernel without restartable sequences: compiled code cannot keep their promise.
    Syscall::new("rseq", &[Ptr, Size, Hex, Hex], |_, _| Err(Errno::ENOSYS)),
    Syscall::new("set_tid_address", &[Ptr], set_tid_address),
    Syscall::new("set_robust_list", &[Ptr, Size], set_robust_list),
    Syscall::native("get_robust_list", &[Int, OutOf(8), OutOf(8)], k::__NR_get_robust_list),
    Syscall::new("futex", &[Ptr, Enum(FUTEX), Hex, Ptr, Ptr, Hex], futex),
    Syscall::blocking("futex_waitv", &[Ptr, Size, Hex, Timespec, Int], k::__NR_futex_waitv),
    Syscall::native("futex_wake", &[Ptr, Hex, Int, Hex], k::__NR_futex_wake),
    Syscall::blocking("futex_wait", &[Ptr, Hex, Hex, Hex, Timespec, Int], k::__NR_futex_wait),
    Syscall::native("futex_requeue", &[Ptr, Hex, Int, Int], k::__NR_futex_requeue),
];

const PRIVATE: u64 = k::FUTEX_PRIVATE_FLAG as u64;
const REALTIME: u64 = k::FUTEX_CLOCK_REALTIME as u64;

const FUTEX: &[(u64, &str)] = &[
    (k::FUTEX_WAIT as u64, "FUTEX_WAIT"),
    (k::FUTEX_WAKE as u64, "FUTEX_WAKE"),
    (k::FUTEX_WAIT as u64 | PRIVATE, "FUTEX_WAIT_PRIVATE"),
    (k::FUTEX_WAKE as u64 | PRIVATE, "FUTEX_WAKE_PRIVATE"),
    (k::FUTEX_WAIT_BITSET as u64 | PRIVATE, "FUTEX_WAIT_BITSET_PRIVATE"),
    (k::FUTEX_WAIT_BITSET as u64 | PRIVATE | REALTIME, "FUTEX_WAIT_BITSET_PRIVATE|CLOCK_REALTIME"),
];

/// Stack of a host thread: the interpreter and the compiler need little, and it is only reserved.
const HOST_STACK: usize = 2 << 20;

/// `struct robust_list_head`: three words.
const ROBUST_HEAD: u64 = 24;

/// Some operations write to the words; the second one holds anything where it is not used.
fn futex(ctx: &mut Ctx<'_>, args: [u64; 6]) -> SysResult {
    ctx.check(args[0], 4)?;
    let operation = args[1] as u32 & !(k::FUTEX_PRIVATE_FLAG | k::FUTEX_CLOCK_REALTIME);
    let second = [
        k::FUTEX_WAKE_OP,
        k::FUTEX_REQUEUE,
        k::FUTEX_CMP_REQUEUE,
        k::FUTEX_WAIT_REQUEUE_PI,
        k::FUTEX_CMP_REQUEUE_PI,
    ];
    if second.contains(&operation) {
        ctx.check(args[4], 4)?;
    }
    ctx.blocking(k::__NR_futex, args)
}

fn set_tid_address(ctx: &mut Ctx<'_>, [addr, ..]: [u64; 6]) -> SysResult {
    ctx.thread.clear_tid = addr;
    Ok(ctx.thread.tid as u64)
}

fn set_robust_list(ctx: &mut Ctx<'_>, [head, size, ..]: [u64; 6]) -> SysResult {
    // The kernel keeps it too, for threads that are killed.
    let done = ctx.native(k::__NR_set_robust_list, [head, size, 0, 0, 0, 0])?;
    ctx.thread.robust_list = head;
    Ok(done)
}

/// Starts a thread of this process.
pub(super) fn spawn(ctx: &mut Ctx<'_>, child: Child) -> SysResult {
    if ctx.thread.vforked {
        tracing::warn!("clone: a thread in a vfork child is not possible");
        return Err(Errno::EAGAIN);
    }
    ctx.thread.hold_signals()?;
    let mut state = ctx.thread.vcpu.state().to_vec();
    ctx.process.abi.become_child(&mut state, child.stack, child.tls);
    let mask = ctx.thread.signals.mask;
    let process = ctx.process.clone();
    let (tell, told) = mpsc::sync_channel(1);
    process.threads.fetch_add(1, Ordering::AcqRel);
    let builder = std::thread::Builder::new().stack_size(HOST_STACK);
    let spawned = builder.spawn(move || {
        let mut thread = Thread::new(&process, &state, mask);
        drop(state);
        let begun = begin(&mut thread, &child);
        let _ = tell.send(begun);
        if begun.is_ok() {
            run_to_end(&mut thread);
        } else {
            process.threads.fetch_sub(1, Ordering::AcqRel);
        }
    });
    let result = match spawned {
        Ok(_) => told.recv().unwrap_or(Err(Errno::EAGAIN)),
        Err(_) => {
            ctx.process.threads.fetch_sub(1, Ordering::AcqRel);
            Err(Errno::EAGAIN)
        }
    };
    ctx.thread.open_signals();
    result
}

/// What a new thread does before its first instruction; its id.
fn begin(thread: &mut Thread, child: &Child) -> SysResult {
    if child.unshare != 0 {
        // SAFETY: a call without pointers, which changes this host thread's own tables only.
        unsafe { crate::host::syscall(k::__NR_unshare, [child.unshare, 0, 0, 0, 0, 0]) }?;
    }
    let memory = &thread.process.memory;
    // As the kernel, which does not look at these writes' results.
    if let Some(addr) = child.parent_tid {
        let _ = memory.write(addr, &thread.tid);
    }
    if let Some(addr) = child.child_tid {
        let _ = memory.write(addr, &thread.tid);
    }
    thread.clear_tid = child.clear_tid;
    Ok(thread.tid as u64)
}

fn run_to_end(thread: &mut Thread) {
    let code = match thread.run() {
        Leave::Process(code) => code,
        Leave::Thread(code) => match thread.end(code) {
            Some(code) => code,
            None => return,
        },
    };
    thread.process.end(code)
}

/// Clears the id that others wait for, and wakes one of them.
pub(crate) fn clear_tid(thread: &mut Thread) {
    let addr = std::mem::take(&mut thread.clear_tid);
    if addr != 0 && thread.process.memory.write(addr, &0u32).is_ok() {
        wake(addr);
    }
}

fn wake(addr: u64) {
    let args = [addr, k::FUTEX_WAKE as u64, 1, 0, 0, 0];
    // SAFETY: the kernel uses the address as a key only.
    let _ = unsafe { crate::host::syscall(k::__NR_futex, args) };
}

/// Longest robust list that is walked (`ROBUST_LIST_LIMIT`).
const ROBUST_LIMIT: usize = 2048;

/// Marks the futexes that the thread still holds as ownerless and wakes a waiter of each: the kernel's
/// `exit_robust_list`, which would come only after `clear_tid`.
pub(crate) fn release_robust_futexes(thread: &mut Thread) {
    let head = std::mem::take(&mut thread.robust_list);
    if head == 0 {
        return;
    }
    // SAFETY: unregisters; the size is right.
    let _ = unsafe { crate::host::syscall(k::__NR_set_robust_list, [0, ROBUST_HEAD, 0, 0, 0, 0]) };
    let memory = &thread.process.memory;
    let Ok([first, offset, pending]) = memory.read::<[u64; 3]>(head) else { return };
    // Bit 0 of an entry's address marks a priority-inheriting futex.
    let mut entry = first;
    for _ in 0..ROBUST_LIMIT {
        if entry & !1 == head {
            break;
        }
        let next = memory.read::<u64>(entry & !1);
        if entry & !1 != pending & !1 {
            release(thread, (entry & !1).wrapping_add(offset), entry & 1 != 0, false);
        }
        match next {
            Ok(next) => entry = next,
            Err(_) => break,
        }
    }
    if pending & !1 != 0 {
        release(thread, (pending & !1).wrapping_add(offset), pending & 1 != 0, true);
    }
}

fn release(thread: &Thread, addr: u64, inherits: bool, pending: bool) {
    if !addr.is_multiple_of(4) {
        return;
    }
    let memory = &thread.process.memory;
    let Ok(mut value) = memory.read::<u32>(addr) else { return };
    if pending && !inherits && value == 0 {
        // Unlocked already, but the waiter may not have been woken.
        wake(addr);
        return;
    }
    while value & k::FUTEX_TID_MASK == thread.tid as u32 {
        let ownerless = value & k::FUTEX_WAITERS | k::FUTEX_OWNER_DIED;
        match memory.compare_exchange_u32(addr, value, ownerless) {
            Ok(seen) if seen == value => {
                if !inherits && value & k::FUTEX_WAITERS != 0 {
                    wake(addr);
                }
                return;
            }
            Ok(seen) => value = seen,
            Err(_) => return,
        }
    }
}
