//! What the kernel knows of files and file systems.
//!
//! `struct stat` is every architecture's own and is translated; `statx` and `statfs` are not.

use std::mem::MaybeUninit;

use linux_raw_sys::general as k;

use super::Arg::{DirFd, Fd, Hex, OutOf, Path, PathAt, Ptr};
use super::{Ctx, Syscall};
use crate::errno::SysResult;
use crate::layout::stat::Stat;
use crate::sysroot::Last;

/// `struct statx` of `linux/stat.h`.
const STATX: u16 = size_of::<k::statx>() as u16;
/// `struct statfs` of 64-bit machines.
const STATFS: u16 = size_of::<k::statfs>() as u16;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("newfstatat", &[DirFd, PathAt(3), Ptr, Hex], newfstatat),
    Syscall::new("fstat", &[Fd, Ptr], fstat),
    Syscall::native("statx", &[DirFd, PathAt(2), Hex, Hex, OutOf(STATX)], k::__NR_statx),
    Syscall::native("statfs", &[Path, OutOf(STATFS)], k::__NR_statfs),
    Syscall::native("fstatfs", &[Fd, OutOf(STATFS)], k::__NR_fstatfs),
];

fn newfstatat(ctx: &mut Ctx<'_>, [dir, path, out, flags, ..]: [u64; 6]) -> SysResult {
    let last = Last::nofollow(flags & k::AT_SYMLINK_NOFOLLOW as u64 != 0);
    // Linux 6.11 takes NULL for the empty path.
    if path == 0 && flags & k::AT_EMPTY_PATH as u64 != 0 {
        return host_stat(ctx, out, |ctx, buf| {
            let empty = c"".as_ptr().addr() as u64;
            ctx.native(k::__NR_newfstatat, [dir, empty, buf, flags, 0, 0])
        });
    }
    let host = ctx.host_path(dir as i32, path, last)?;
    host_stat(ctx, out, |ctx, buf| {
        ctx.native(k::__NR_newfstatat, [dir, host.as_ptr().addr() as u64, buf, flags, 0, 0])
    })
}

fn fstat(ctx: &mut Ctx<'_>, [fd, out, ..]: [u64; 6]) -> SysResult {
    host_stat(ctx, out, |ctx, buf| ctx.native(k::__NR_fstat, [fd, buf, 0, 0, 0, 0]))
}

/// Makes the host call into a buffer of ours and writes the guest's structure.
fn host_stat(ctx: &Ctx<'_>, out: u64, call: impl FnOnce(&Ctx<'_>, u64) -> SysResult) -> SysResult {
    let mut stat = MaybeUninit::<libc::stat>::zeroed();
    call(ctx, stat.as_mut_ptr().addr() as u64)?;
    // SAFETY: zeroed before, and an all-zero `stat` is valid; the kernel has filled it.
    let stat = unsafe { stat.assume_init() };
    ctx.write_bytes(out, &ctx.layouts().stat.encode(&Stat::from(&stat)))?;
    Ok(0)
}
