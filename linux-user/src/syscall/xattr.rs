//! Extended attributes: names and values are bytes, the same on every machine.

use linux_raw_sys::general as k;

use super::Arg::{Fd, Hex, In, Link, OutBuf, Path, Size, Str};
use super::Syscall;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("setxattr", &[Path, Str, In(3), Size, Hex], k::__NR_setxattr),
    Syscall::native("lsetxattr", &[Link, Str, In(3), Size, Hex], k::__NR_lsetxattr),
    Syscall::native("fsetxattr", &[Fd, Str, In(3), Size, Hex], k::__NR_fsetxattr),
    Syscall::native("getxattr", &[Path, Str, OutBuf(3), Size], k::__NR_getxattr),
    Syscall::native("lgetxattr", &[Link, Str, OutBuf(3), Size], k::__NR_lgetxattr),
    Syscall::native("fgetxattr", &[Fd, Str, OutBuf(3), Size], k::__NR_fgetxattr),
    Syscall::native("listxattr", &[Path, OutBuf(2), Size], k::__NR_listxattr),
    Syscall::native("llistxattr", &[Link, OutBuf(2), Size], k::__NR_llistxattr),
    Syscall::native("flistxattr", &[Fd, OutBuf(2), Size], k::__NR_flistxattr),
    Syscall::native("removexattr", &[Path, Str], k::__NR_removexattr),
    Syscall::native("lremovexattr", &[Link, Str], k::__NR_lremovexattr),
    Syscall::native("fremovexattr", &[Fd, Str], k::__NR_fremovexattr),
];
