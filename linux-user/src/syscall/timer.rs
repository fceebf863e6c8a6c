//! Timers that signal: interval timers and POSIX timers.
//!
//! They belong to the host process, which is the guest's; what they raise reaches the guest through
//! its inbox like any signal. `struct sigevent` and `struct itimerspec` are the same on every 64-bit
//! machine.

use linux_raw_sys::general as k;

use super::Arg::{Hex, InOf, Int, OutOf};
use super::Syscall;

/// `struct itimerspec`, `struct itimerval`
const INTERVAL: u16 = 32;
/// `struct sigevent`
const SIGEVENT: u16 = 64;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("getitimer", &[Int, OutOf(INTERVAL)], k::__NR_getitimer),
    Syscall::native("setitimer", &[Int, InOf(INTERVAL), OutOf(INTERVAL)], k::__NR_setitimer),
    Syscall::native("timer_create", &[Int, InOf(SIGEVENT), OutOf(4)], k::__NR_timer_create),
    Syscall::native(
        "timer_settime",
        &[Int, Hex, InOf(INTERVAL), OutOf(INTERVAL)],
        k::__NR_timer_settime,
    ),
    Syscall::native("timer_gettime", &[Int, OutOf(INTERVAL)], k::__NR_timer_gettime),
    Syscall::native("timer_getoverrun", &[Int], k::__NR_timer_getoverrun),
    Syscall::native("timer_delete", &[Int], k::__NR_timer_delete),
];
