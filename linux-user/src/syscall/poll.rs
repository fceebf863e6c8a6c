//! Waiting for descriptors: poll, select, epoll.
//!
//! The kernel waits on the guest's own arrays; only `struct epoll_event` is translated, through a
//! buffer of ours. A signal that no handler of the guest takes leads back into the wait: `ppoll` and
//! `pselect6` then go on with the time that the kernel has left in the guest's `timespec`.

use linux_raw_sys::general as k;

use super::Arg::{Enum, Fd, Hex, Int, Ptr, Size, Timespec};
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};
use crate::inbox::{SYNCHRONOUS_SET, SigSet};
use crate::layout::epoll::Event;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("ppoll", &[Ptr, Size, Timespec, Ptr, Size], ppoll),
    Syscall::new("pselect6", &[Int, Ptr, Ptr, Ptr, Timespec, Ptr], pselect6),
    Syscall::native("epoll_create1", &[Hex], k::__NR_epoll_create1),
    Syscall::new("epoll_ctl", &[Fd, Enum(EPOLL_OPERATIONS), Fd, Ptr], epoll_ctl),
    Syscall::new("epoll_pwait", &[Fd, Ptr, Int, Int, Ptr, Size], epoll_pwait),
    Syscall::new("epoll_pwait2", &[Fd, Ptr, Int, Timespec, Ptr, Size], epoll_pwait2),
];

static EPOLL_OPERATIONS: &[(u64, &str)] = &[
    (k::EPOLL_CTL_ADD as u64, "EPOLL_CTL_ADD"),
    (k::EPOLL_CTL_DEL as u64, "EPOLL_CTL_DEL"),
    (k::EPOLL_CTL_MOD as u64, "EPOLL_CTL_MOD"),
];

/// `struct pollfd`
const POLLFD: u64 = 8;
/// `struct timespec`
const TIMESPEC: u64 = 16;
/// `sizeof(sigset_t)` of the kernel.
const SIGSET: u64 = 8;
/// Events taken from the kernel at once; a guest that asks for more gets them by its next call.
const MAX_EVENTS: u64 = 1024;

/// A wait that a signal ended: the guest sees that only if a handler of its own runs.
fn interrupted(result: SysResult) -> SysResult {
    match result {
        Err(Errno::EINTR) => Err(Errno::RESTART_NO_HANDLER),
        other => other,
    }
}

/// A wait with the signal mask at `mask`, if that is not NULL; `call` gets the mask's address and size
/// as the host kernel wants them.
fn wait(
    ctx: &mut Ctx<'_>,
    mask: u64,
    size: u64,
    call: impl FnOnce(&mut Ctx<'_>, u64, u64) -> SysResult,
) -> SysResult {
    if mask == 0 {
        return interrupted(call(ctx, 0, SIGSET));
    }
    if size != SIGSET {
        return Err(Errno::EINVAL);
    }
    // What an instruction may raise is never blocked on the host.
    let set = ctx.read::<SigSet>(mask)? & !SYNCHRONOUS_SET;
    interrupted(call(ctx, (&raw const set).addr() as u64, SIGSET))
}

fn ppoll(ctx: &mut Ctx<'_>, [fds, count, timeout, mask, size, _]: [u64; 6]) -> SysResult {
    // `nfds` is an unsigned int.
    let count = count & u64::from(u32::MAX);
    ctx.check(fds, count * POLLFD)?;
    ctx.check(timeout, TIMESPEC)?;
    wait(ctx, mask, size, |ctx, mask, size| {
        ctx.blocking(k::__NR_ppoll, [fds, count, timeout, mask, size, 0])
    })
}

fn pselect6(ctx: &mut Ctx<'_>, args: [u64; 6]) -> SysResult {
    let [count, read, write, except, timeout, mask] = args;
    // The kernel takes `n` as an int and caps it by the size of the descriptor table.
    let bytes = u64::from((count as u32).min(1 << 20)).div_ceil(64) * 8;
    for set in [read, write, except] {
        ctx.check(set, bytes)?;
    }
    ctx.check(timeout, TIMESPEC)?;
    // The sixth argument points to the mask's address and size.
    let [mask, size] = if mask == 0 { [0, SIGSET] } else { ctx.read::<[u64; 2]>(mask)? };
    wait(ctx, mask, size, |ctx, mask, size| {
        let pair = [mask, size];
        let pair = pair.as_ptr().addr() as u64;
        ctx.blocking(k::__NR_pselect6, [count, read, write, except, timeout, pair])
    })
}

fn epoll_ctl(ctx: &mut Ctx<'_>, [epoll, operation, fd, event, ..]: [u64; 6]) -> SysResult {
    let layout = ctx.layouts().epoll;
    let mut host = libc::epoll_event { events: 0, u64: 0 };
    if operation as u32 != k::EPOLL_CTL_DEL {
        let mut bytes = vec![0; layout.size];
        ctx.read_bytes(event, &mut bytes)?;
        let Event { events, data } = layout.decode(&bytes);
        host = libc::epoll_event { events, u64: data };
    }
    let host = (&raw const host).addr() as u64;
    ctx.native(k::__NR_epoll_ctl, [epoll, operation, fd, host, 0, 0])
}

fn epoll_pwait(ctx: &mut Ctx<'_>, [fd, out, max, timeout, mask, size]: [u64; 6]) -> SysResult {
    wait(ctx, mask, size, |ctx, mask, size| {
        events(ctx, out, max, |ctx, buffer, max| {
            ctx.blocking(k::__NR_epoll_pwait, [fd, buffer, max, timeout, mask, size])
        })
    })
}

fn epoll_pwait2(ctx: &mut Ctx<'_>, [fd, out, max, timeout, mask, size]: [u64; 6]) -> SysResult {
    ctx.check(timeout, TIMESPEC)?;
    wait(ctx, mask, size, |ctx, mask, size| {
        events(ctx, out, max, |ctx, buffer, max| {
            ctx.blocking(k::__NR_epoll_pwait2, [fd, buffer, max, timeout, mask, size])
        })
    })
}

/// Takes events by `call` (given a host buffer and its length) and writes them at `out`.
fn events(
    ctx: &mut Ctx<'_>,
    out: u64,
    max: u64,
    call: impl FnOnce(&mut Ctx<'_>, u64, u64) -> SysResult,
) -> SysResult {
    let layout = ctx.layouts().epoll;
    // An int: negative and zero are the kernel's to refuse.
    let asked = max as i32;
    let room = u64::try_from(asked).unwrap_or(0).min(MAX_EVENTS);
    let mut host = vec![libc::epoll_event { events: 0, u64: 0 }; room as usize];
    let max = if asked <= 0 { max } else { room };
    let ready = call(ctx, host.as_mut_ptr().addr() as u64, max)?;
    let mut bytes = Vec::with_capacity(layout.size);
    // As in the kernel, events before one that cannot be written count.
    for (n, event) in host[..ready as usize].iter().enumerate() {
        bytes.clear();
        layout.encode(Event { events: event.events, data: event.u64 }, &mut bytes);
        match ctx.write_bytes(out.wrapping_add((n * layout.size) as u64), &bytes) {
            Err(_) if n > 0 => return Ok(n as u64),
            written => written?,
        }
    }
    Ok(ready)
}
