//! Users, groups, capabilities, sessions: properties of the host thread or process.
//!
//! As in the kernel they belong to a thread; the guest's libc spreads them over its threads.

use linux_raw_sys::general as k;

use super::Arg::{InOf, Int, OutOf, Ptr};
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("getuid", &[], k::__NR_getuid),
    Syscall::native("geteuid", &[], k::__NR_geteuid),
    Syscall::native("getgid", &[], k::__NR_getgid),
    Syscall::native("getegid", &[], k::__NR_getegid),
    Syscall::native("setuid", &[Int], k::__NR_setuid),
    Syscall::native("setgid", &[Int], k::__NR_setgid),
    Syscall::native("setreuid", &[Int, Int], k::__NR_setreuid),
    Syscall::native("setregid", &[Int, Int], k::__NR_setregid),
    Syscall::native("setresuid", &[Int, Int, Int], k::__NR_setresuid),
    Syscall::native("setresgid", &[Int, Int, Int], k::__NR_setresgid),
    Syscall::native("getresuid", &[OutOf(4), OutOf(4), OutOf(4)], k::__NR_getresuid),
    Syscall::native("getresgid", &[OutOf(4), OutOf(4), OutOf(4)], k::__NR_getresgid),
    Syscall::native("setfsuid", &[Int], k::__NR_setfsuid),
    Syscall::native("setfsgid", &[Int], k::__NR_setfsgid),
    Syscall::new("getgroups", &[Int, Ptr], getgroups),
    Syscall::new("setgroups", &[Int, Ptr], setgroups),
    // A header of 8 bytes; two sets of three words since version 3.
    Syscall::native("capget", &[OutOf(8), OutOf(24)], k::__NR_capget),
    Syscall::native("capset", &[OutOf(8), InOf(24)], k::__NR_capset),
    Syscall::native("setpgid", &[Int, Int], k::__NR_setpgid),
    Syscall::native("getpgid", &[Int], k::__NR_getpgid),
    Syscall::native("getsid", &[Int], k::__NR_getsid),
    Syscall::native("setsid", &[], k::__NR_setsid),
    Syscall::native("getpid", &[], k::__NR_getpid),
    Syscall::native("getppid", &[], k::__NR_getppid),
    Syscall::native("gettid", &[], k::__NR_gettid),
    Syscall::native("vhangup", &[], k::__NR_vhangup),
];

/// `NGROUPS_MAX`
const MAX_GROUPS: u64 = 65536;

fn getgroups(ctx: &mut Ctx<'_>, [count, list, ..]: [u64; 6]) -> SysResult {
    group_list(ctx, count, list)?;
    ctx.native(k::__NR_getgroups, [count, list, 0, 0, 0, 0])
}

fn setgroups(ctx: &mut Ctx<'_>, [count, list, ..]: [u64; 6]) -> SysResult {
    group_list(ctx, count, list)?;
    ctx.native(k::__NR_setgroups, [count, list, 0, 0, 0, 0])
}

/// `count` is an `int` to the kernel.
fn group_list(ctx: &Ctx<'_>, count: u64, list: u64) -> Result<(), Errno> {
    let count = count & u64::from(u32::MAX);
    if count > MAX_GROUPS {
        return Err(Errno::EINVAL);
    }
    ctx.check(list, count * 4)
}
