//! Signals: actions, masks, waiting, alternate stacks, return from handlers, sending.
//!
//! Sending is the host kernel's: the guest's processes and threads are the host's. Invariant: whatever
//! changes a mask first settles signals that came before ([`Thread::change_mask`]).

use linux_raw_sys::general as k;

use super::Arg::{Enum, InOf, Int, Ptr, Signal, Size, Timespec};
use super::{Ctx, Syscall};
use crate::abi::AltStack;
use crate::errno::{Errno, SysResult};
use crate::inbox::{self, SYNCHRONOUS_SET, SigSet, set_of};
use crate::signal::{Action, MAX_SIGNAL};

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("rt_sigaction", &[Signal, Ptr, Ptr, Size], rt_sigaction),
    Syscall::new("rt_sigprocmask", &[Enum(HOW), Ptr, Ptr, Size], rt_sigprocmask),
    Syscall::new("rt_sigpending", &[Ptr, Size], rt_sigpending),
    Syscall::new("rt_sigsuspend", &[Ptr, Size], rt_sigsuspend),
    Syscall::new("rt_sigtimedwait", &[Ptr, Ptr, Timespec, Size], rt_sigtimedwait),
    Syscall::new("rt_sigreturn", &[], rt_sigreturn),
    Syscall::new("sigaltstack", &[Ptr, Ptr], sigaltstack),
    Syscall::new("restart_syscall", &[], |_, _| Err(Errno::EINTR)),
    Syscall::native("kill", &[Int, Signal], k::__NR_kill),
    Syscall::native("tkill", &[Int, Signal], k::__NR_tkill),
    Syscall::native("tgkill", &[Int, Int, Signal], k::__NR_tgkill),
    Syscall::native("rt_sigqueueinfo", &[Int, Signal, InOf(128)], k::__NR_rt_sigqueueinfo),
    Syscall::native("rt_tgsigqueueinfo", &[Int, Int, Signal, InOf(128)], k::__NR_rt_tgsigqueueinfo),
];

const HOW: &[(u64, &str)] = &[
    (k::SIG_BLOCK as u64, "SIG_BLOCK"),
    (k::SIG_UNBLOCK as u64, "SIG_UNBLOCK"),
    (k::SIG_SETMASK as u64, "SIG_SETMASK"),
];

/// Signals whose handler may look at registers that an instruction's fault left.
const NEEDS_EXACT: SigSet =
    set_of(k::SIGSEGV) | set_of(k::SIGBUS) | set_of(k::SIGTRAP) | set_of(k::SIGFPE);

fn check_size(size: u64) -> Result<(), Errno> {
    if size == size_of::<SigSet>() as u64 { Ok(()) } else { Err(Errno::EINVAL) }
}

/// `sig, const struct sigaction *, struct sigaction *, size`: four 64-bit words each (with
/// `SA_RESTORER`).
fn rt_sigaction(ctx: &mut Ctx<'_>, [signal, new, old, size, ..]: [u64; 6]) -> SysResult {
    check_size(size)?;
    let signal = signal as u32;
    let reserved = signal == k::SIGKILL || signal == k::SIGSTOP;
    if !(1..=MAX_SIGNAL).contains(&signal) || (new != 0 && reserved) {
        return Err(Errno::EINVAL);
    }
    let previous = if new == 0 {
        ctx.process.actions.get(signal)
    } else {
        let [handler, flags, restorer, mask] = ctx.read::<[u64; 4]>(new)?;
        let action = Action { handler, flags, restorer, mask };
        if action.has_handler() && set_of(signal) & NEEDS_EXACT != 0 {
            ctx.process.engine.set_precise();
        }
        ctx.process.actions.set(signal, action)
    };
    if old != 0 {
        let Action { handler, flags, restorer, mask } = previous;
        ctx.write(old, &[handler, flags, restorer, mask])?;
    }
    Ok(0)
}

fn rt_sigprocmask(ctx: &mut Ctx<'_>, [how, new, old, size, ..]: [u64; 6]) -> SysResult {
    check_size(size)?;
    let before = ctx.thread.signals.mask;
    if new != 0 {
        let set: SigSet = ctx.read(new)?;
        let change: fn(SigSet, SigSet) -> SigSet = match how as u32 {
            k::SIG_BLOCK => |mask, set| mask | set,
            k::SIG_UNBLOCK => |mask, set| mask & !set,
            k::SIG_SETMASK => |_, set| set,
            _ => return Err(Errno::EINVAL),
        };
        ctx.thread.change_mask(|mask| change(mask, set))?;
    }
    if old != 0 {
        ctx.write(old, &before)?;
    }
    Ok(0)
}

fn rt_sigpending(ctx: &mut Ctx<'_>, [out, size, ..]: [u64; 6]) -> SysResult {
    let mut pending: SigSet = 0;
    if size > size_of::<SigSet>() as u64 {
        return Err(Errno::EINVAL);
    }
    let at = (&raw mut pending).addr() as u64;
    ctx.native(k::__NR_rt_sigpending, [at, 8, 0, 0, 0, 0])?;
    pending |= ctx.thread.signals.parked() & ctx.thread.signals.mask;
    ctx.mem().write_bytes(out, &pending.to_le_bytes()[..size as usize])?;
    Ok(0)
}

/// The host never makes these again by itself, so an interruption at the `syscall` instruction means
/// that the call was not made.
fn not_made(error: Errno) -> Errno {
    if error == Errno::RESTART_SYS { Errno::RESTART_NO_INTR } else { error }
}

fn rt_sigsuspend(ctx: &mut Ctx<'_>, [set, size, ..]: [u64; 6]) -> SysResult {
    check_size(size)?;
    let mask = ctx.read::<SigSet>(set)? & !(set_of(k::SIGKILL) | set_of(k::SIGSTOP));
    if ctx.thread.signals.parked() & !mask == 0 {
        let host_mask = mask & !SYNCHRONOUS_SET;
        let at = (&raw const host_mask).addr() as u64;
        let result = ctx.blocking(k::__NR_rt_sigsuspend, [at, 8, 0, 0, 0, 0]);
        match result.map_err(not_made) {
            Err(Errno::EINTR) => {}
            other => return other,
        }
    }
    // What came is delivered under the new mask, and the frame restores the old one.
    let signals = &mut ctx.thread.signals;
    signals.saved_mask = Some(signals.mask);
    signals.mask = mask;
    Err(Errno::EINTR)
}

fn rt_sigtimedwait(ctx: &mut Ctx<'_>, [set, info, timeout, size, ..]: [u64; 6]) -> SysResult {
    check_size(size)?;
    ctx.check(set, 8)?;
    ctx.check(info, 128)?;
    ctx.check(timeout, 16)?;
    let args = [set, info, timeout, size, 0, 0];
    ctx.blocking(k::__NR_rt_sigtimedwait, args).map_err(not_made)
}

fn rt_sigreturn(ctx: &mut Ctx<'_>, _: [u64; 6]) -> SysResult {
    inbox::block_all();
    if ctx.thread.signal_flag().load(std::sync::atomic::Ordering::Relaxed) != 0 {
        return Err(Errno::RESTART_NO_INTR);
    }
    let process = ctx.process.clone();
    let thread = &mut *ctx.thread;
    let abi = &process.abi;
    let Ok(resumed) = abi.pop_frame(thread.vcpu.state_mut(), &process.memory) else {
        thread.no_room_for_frame(0);
        thread.open_signals();
        return Ok(abi.result(thread.vcpu.state()));
    };
    let sp = abi.stack_pointer(thread.vcpu.state());
    let _ = thread.signals.set_alt_stack(resumed.alt_stack, sp, abi.least_alt_stack());
    thread.signals.mask = resumed.mask & !(set_of(k::SIGKILL) | set_of(k::SIGSTOP));
    thread.open_signals();
    Ok(abi.result(thread.vcpu.state()))
}

/// `stack_t`: base, flags (32 bits and padding), size.
fn sigaltstack(ctx: &mut Ctx<'_>, [new, old, ..]: [u64; 6]) -> SysResult {
    let abi = ctx.process.abi.clone();
    let sp = abi.stack_pointer(ctx.thread.vcpu.state());
    let before = ctx.thread.signals.reported(sp);
    if new != 0 {
        let [base, flags, size] = ctx.read::<[u64; 3]>(new)?;
        let stack = AltStack { base, flags: flags as u32, size };
        ctx.thread.signals.set_alt_stack(stack, sp, abi.least_alt_stack())?;
    }
    if old != 0 {
        ctx.write(old, &[before.base, before.flags as u64, before.size])?;
    }
    Ok(0)
}
