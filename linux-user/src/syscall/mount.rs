//! Mounts, namespaces, write-back, and file handles: the host kernel's, with paths redirected.
//!
//! Entering a user or process namespace needs a process of one thread, which an emulator that compiles
//! in the background is not: the kernel's `EINVAL` then reaches the guest.

use linux_raw_sys::general as k;

use super::Arg::{DirFd, Fd, Hex, InOf, Int, Link, Long, Mount, OutOf, Path, Size, Str};
use super::{Ctx, Syscall};
use crate::errno::SysResult;

/// `struct file_handle` with the largest handle (`MAX_HANDLE_SZ`).
const HANDLE: u16 = 8 + 128;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("mount", &[Mount, Mount, Str, Hex, Str], k::__NR_mount),
    Syscall::native("umount2", &[Mount, Hex], k::__NR_umount2),
    Syscall::native("pivot_root", &[Mount, Mount], k::__NR_pivot_root),
    Syscall::native("open_tree", &[DirFd, Mount, Hex], k::__NR_open_tree),
    Syscall::native("move_mount", &[DirFd, Mount, DirFd, Mount, Hex], k::__NR_move_mount),
    Syscall::native("fsopen", &[Str, Hex], k::__NR_fsopen),
    Syscall::native("fsconfig", &[Fd, Int, Str, Str, Int], k::__NR_fsconfig),
    Syscall::native("fsmount", &[Fd, Hex, Hex], k::__NR_fsmount),
    Syscall::native("fspick", &[DirFd, Mount, Hex], k::__NR_fspick),
    Syscall::native("mount_setattr", &[DirFd, Mount, Hex, InOf(32), Size], k::__NR_mount_setattr),
    Syscall::native("setns", &[Fd, Hex], k::__NR_setns),
    Syscall::native("swapon", &[Path, Hex], k::__NR_swapon),
    Syscall::native("swapoff", &[Path], k::__NR_swapoff),
    Syscall::native("acct", &[Path], k::__NR_acct),
    Syscall::native("sync", &[], k::__NR_sync),
    Syscall::native("syncfs", &[Fd], k::__NR_syncfs),
    Syscall::native("fsync", &[Fd], k::__NR_fsync),
    Syscall::native("fdatasync", &[Fd], k::__NR_fdatasync),
    Syscall::native("sync_file_range", &[Fd, Long, Long, Hex], k::__NR_sync_file_range),
    Syscall::native(
        "name_to_handle_at",
        &[DirFd, Link, OutOf(HANDLE), OutOf(8), Hex],
        k::__NR_name_to_handle_at,
    ),
    Syscall::new("open_by_handle_at", &[Fd, InOf(HANDLE), Hex], open_by_handle_at),
];

fn open_by_handle_at(ctx: &mut Ctx<'_>, [mount, handle, flags, ..]: [u64; 6]) -> SysResult {
    let flags = ctx.layouts().open.to_host(flags as u32);
    ctx.blocking(k::__NR_open_by_handle_at, [mount, handle, flags as u64, 0, 0, 0])
}
