//! Descriptors: duplicating, flags, locks, pipes, anonymous files, process
//! descriptors.
//!
//! A guest's descriptor numbers are the host's. Only flag words are translated.

use linux_raw_sys::general as k;

use super::Arg::{Fd, FdPair, Hex, InOf, Int, Signal, Str};
use super::{Ctx, Syscall};
use crate::errno::SysResult;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("dup", &[Fd], k::__NR_dup),
    Syscall::native("dup3", &[Fd, Fd, Hex], k::__NR_dup3),
    Syscall::new("fcntl", &[Fd, Int, Hex], fcntl),
    Syscall::blocking("flock", &[Fd, Hex], k::__NR_flock),
    Syscall::new("pipe2", &[FdPair, Hex], pipe2),
    Syscall::native("memfd_create", &[Str, Hex], k::__NR_memfd_create),
    Syscall::native("pidfd_open", &[Int, Hex], k::__NR_pidfd_open),
    Syscall::native("pidfd_getfd", &[Fd, Fd, Hex], k::__NR_pidfd_getfd),
    // The third is a siginfo_t.
    Syscall::native("pidfd_send_signal", &[Fd, Signal, InOf(128), Hex], k::__NR_pidfd_send_signal),
];

/// `struct flock` of 64-bit machines.
const FLOCK: u64 = size_of::<libc::flock>() as u64;

fn fcntl(ctx: &mut Ctx<'_>, [fd, command, arg, ..]: [u64; 6]) -> SysResult {
    let open = ctx.layouts().open;
    let call = |arg| [fd, command, arg, 0, 0, 0];
    match command as u32 {
        k::F_GETFL => {
            let flags = ctx.native(k::__NR_fcntl, call(0))?;
            Ok(open.from_host(flags as u32) as u64)
        }
        k::F_SETFL => ctx.native(k::__NR_fcntl, call(open.to_host(arg as u32) as u64)),
        k::F_SETLKW | k::F_OFD_SETLKW => {
            ctx.check(arg, FLOCK)?;
            ctx.blocking(k::__NR_fcntl, call(arg))
        }
        k::F_GETLK | k::F_SETLK | k::F_OFD_GETLK | k::F_OFD_SETLK => {
            ctx.check(arg, FLOCK)?;
            ctx.native(k::__NR_fcntl, call(arg))
        }
        // struct f_owner_ex, uid_t[2], u64 hints: eight bytes each.
        k::F_GETOWN_EX
        | k::F_SETOWN_EX
        | k::F_GETOWNER_UIDS
        | k::F_GET_RW_HINT
        | k::F_SET_RW_HINT
        | k::F_GET_FILE_RW_HINT
        | k::F_SET_FILE_RW_HINT => {
            ctx.check(arg, 8)?;
            ctx.native(k::__NR_fcntl, call(arg))
        }
        // The rest takes numbers.
        _ => ctx.native(k::__NR_fcntl, call(arg)),
    }
}

fn pipe2(ctx: &mut Ctx<'_>, [fds, flags, ..]: [u64; 6]) -> SysResult {
    ctx.check(fds, 8)?;
    let flags = ctx.layouts().open.to_host(flags as u32);
    ctx.native(k::__NR_pipe2, [fds, flags as u64, 0, 0, 0, 0])
}
