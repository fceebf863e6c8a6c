//! Directory entries: making, removing, renaming, linking and listing names.
//!
//! Symlink targets are stored and read as the guest wrote them; only the names under `/proc` that
//! show host paths (`exe`, `fd/N`, `cwd`) are told in the guest's terms.

use linux_raw_sys::general as k;

use super::Arg::{DirFd, Fd, Hex, Int, Link, Mode, Out, OutBuf, Size, Str};
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};
use crate::procfs;
use crate::sysroot::Last;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("mkdirat", &[DirFd, Link, Mode], k::__NR_mkdirat),
    Syscall::native("mknodat", &[DirFd, Link, Mode, Hex], k::__NR_mknodat),
    Syscall::native("unlinkat", &[DirFd, Link, Hex], k::__NR_unlinkat),
    Syscall::native("symlinkat", &[Str, DirFd, Link], k::__NR_symlinkat),
    Syscall::new("linkat", &[DirFd, Link, DirFd, Link, Hex], linkat),
    Syscall::native("renameat", &[DirFd, Link, DirFd, Link], k::__NR_renameat),
    Syscall::native("renameat2", &[DirFd, Link, DirFd, Link, Hex], k::__NR_renameat2),
    Syscall::new("readlinkat", &[DirFd, Link, Out, Size], readlinkat),
    Syscall::native("getdents64", &[Fd, OutBuf(2), Int], k::__NR_getdents64),
];

/// `linkat` follows its first path only if `AT_SYMLINK_FOLLOW` says so.
fn linkat(ctx: &mut Ctx<'_>, args: [u64; 6]) -> SysResult {
    let follow = args[4] & k::AT_SYMLINK_FOLLOW as u64 != 0;
    let old = ctx.host_path(args[0] as i32, args[1], Last::nofollow(!follow))?;
    let new = ctx.host_path(args[2] as i32, args[3], Last::Keep)?;
    let (old, new) = (old.as_ptr().addr() as u64, new.as_ptr().addr() as u64);
    ctx.native(k::__NR_linkat, [args[0], old, args[2], new, args[4], 0])
}

fn readlinkat(ctx: &mut Ctx<'_>, [dir, path, buf, size, ..]: [u64; 6]) -> SysResult {
    let size = size as i32;
    if size <= 0 {
        return Err(Errno::EINVAL);
    }
    let host = ctx.host_path(dir as i32, path, Last::Keep)?;
    let mut target = match procfs::read_link(ctx, dir as i32, &host) {
        Some(target) => target,
        None => {
            let mut bytes = vec![0; k::PATH_MAX as usize];
            let (path, out) = (host.as_ptr().addr() as u64, bytes.as_mut_ptr().addr() as u64);
            let len = ctx.native(k::__NR_readlinkat, [dir, path, out, bytes.len() as u64, 0, 0])?;
            bytes.truncate(len as usize);
            bytes
        }
    };
    target.truncate(size as usize);
    ctx.write_bytes(buf, &target)?;
    Ok(target.len() as u64)
}
