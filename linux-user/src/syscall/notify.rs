//! Descriptors that tell of events: inotify, fanotify, eventfd, timerfd, signalfd.
//!
//! What is read from them is the same on every machine. A signalfd works as it stands because what the
//! guest blocks is blocked on the host and stays pending there.

use linux_raw_sys::general as k;

use super::Arg::{DirFd, Fd, Hex, InOf, Int, OutOf, Path, Size};
use super::{Ctx, Syscall};
use crate::errno::SysResult;

/// `struct itimerspec`
const INTERVAL: u16 = 32;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("inotify_init1", &[Hex], k::__NR_inotify_init1),
    Syscall::native("inotify_add_watch", &[Fd, Path, Hex], k::__NR_inotify_add_watch),
    Syscall::native("inotify_rm_watch", &[Fd, Int], k::__NR_inotify_rm_watch),
    Syscall::new("fanotify_init", &[Hex, Hex], fanotify_init),
    Syscall::native("fanotify_mark", &[Fd, Hex, Hex, DirFd, Path], k::__NR_fanotify_mark),
    Syscall::native("eventfd2", &[Int, Hex], k::__NR_eventfd2),
    Syscall::native("signalfd4", &[Fd, InOf(8), Size, Hex], k::__NR_signalfd4),
    Syscall::native("timerfd_create", &[Int, Hex], k::__NR_timerfd_create),
    Syscall::native(
        "timerfd_settime",
        &[Fd, Hex, InOf(INTERVAL), OutOf(INTERVAL)],
        k::__NR_timerfd_settime,
    ),
    Syscall::native("timerfd_gettime", &[Fd, OutOf(INTERVAL)], k::__NR_timerfd_gettime),
];

/// The second word is `O_*` flags of the descriptors that events carry.
fn fanotify_init(ctx: &mut Ctx<'_>, [flags, event_flags, ..]: [u64; 6]) -> SysResult {
    let event_flags = ctx.layouts().open.to_host(event_flags as u32) as u64;
    ctx.native(k::__NR_fanotify_init, [flags, event_flags, 0, 0, 0, 0])
}
