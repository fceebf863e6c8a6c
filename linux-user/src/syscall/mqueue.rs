//! POSIX message queues.
//!
//! `struct mq_attr` (eight longs) and `struct sigevent` are the same on every 64-bit machine.

use linux_raw_sys::general as k;

use super::Arg::{Fd, Hex, In, InOf, Int, Mode, OutBuf, OutOf, Size, Str, Timespec};
use super::{Ctx, Syscall};
use crate::errno::SysResult;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("mq_open", &[Str, Hex, Mode, InOf(64)], mq_open),
    Syscall::native("mq_unlink", &[Str], k::__NR_mq_unlink),
    Syscall::blocking("mq_timedsend", &[Fd, In(2), Size, Int, Timespec], k::__NR_mq_timedsend),
    Syscall::blocking(
        "mq_timedreceive",
        &[Fd, OutBuf(2), Size, OutOf(4), Timespec],
        k::__NR_mq_timedreceive,
    ),
    Syscall::native("mq_notify", &[Fd, InOf(64)], k::__NR_mq_notify),
    Syscall::native("mq_getsetattr", &[Fd, InOf(64), OutOf(64)], k::__NR_mq_getsetattr),
];

fn mq_open(ctx: &mut Ctx<'_>, [name, flags, mode, attr, ..]: [u64; 6]) -> SysResult {
    ctx.check(name, 1)?;
    // Without O_CREAT the registers hold whatever was there.
    if flags as u32 & k::O_CREAT != 0 {
        ctx.check(attr, 64)?;
    }
    let flags = ctx.layouts().open.to_host(flags as u32) as u64;
    ctx.native(k::__NR_mq_open, [name, flags, mode, attr, 0, 0])
}
