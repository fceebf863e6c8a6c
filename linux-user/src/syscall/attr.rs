//! File attributes: permissions, owners, times, length, access checks.
//!
//! All structures are the same on every 64-bit Linux, so the host kernel answers.

use linux_raw_sys::general as k;

use super::Arg::{DirFd, Fd, Hex, InOf, Int, Long, Mode, Path, PathAt};
use super::Syscall;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("faccessat", &[DirFd, Path, Mode], k::__NR_faccessat),
    Syscall::native("faccessat2", &[DirFd, PathAt(3), Mode, Hex], k::__NR_faccessat2),
    Syscall::native("fchmod", &[Fd, Mode], k::__NR_fchmod),
    Syscall::native("fchmodat", &[DirFd, Path, Mode], k::__NR_fchmodat),
    Syscall::native("fchmodat2", &[DirFd, PathAt(3), Mode, Hex], k::__NR_fchmodat2),
    Syscall::native("fchown", &[Fd, Int, Int], k::__NR_fchown),
    Syscall::native("fchownat", &[DirFd, PathAt(4), Int, Int, Hex], k::__NR_fchownat),
    // struct timespec[2]
    Syscall::native("utimensat", &[DirFd, PathAt(3), InOf(32), Hex], k::__NR_utimensat),
    Syscall::native("truncate", &[Path, Long], k::__NR_truncate),
    Syscall::native("ftruncate", &[Fd, Long], k::__NR_ftruncate),
    Syscall::native("fallocate", &[Fd, Hex, Long, Long], k::__NR_fallocate),
];
