//! Transfer of bytes: the kernel reads and writes guest memory itself.
//!
//! Every buffer was checked to be the guest's by [`pass`](super::pass); the descriptors are the
//! host's. All of these may wait.

use linux_raw_sys::general as k;

use super::Arg::{Fd, Hex, In, Int, IovIn, IovOut, Long, OutBuf, OutOf, Size};
use super::Syscall;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::blocking("read", &[Fd, OutBuf(2), Size], k::__NR_read),
    Syscall::blocking("write", &[Fd, In(2), Size], k::__NR_write),
    Syscall::blocking("readv", &[Fd, IovOut(2), Size], k::__NR_readv),
    Syscall::blocking("writev", &[Fd, IovIn(2), Size], k::__NR_writev),
    Syscall::blocking("pread64", &[Fd, OutBuf(2), Size, Long], k::__NR_pread64),
    Syscall::blocking("pwrite64", &[Fd, In(2), Size, Long], k::__NR_pwrite64),
    Syscall::blocking("preadv", &[Fd, IovOut(2), Size, Long, Long], k::__NR_preadv),
    Syscall::blocking("pwritev", &[Fd, IovIn(2), Size, Long, Long], k::__NR_pwritev),
    Syscall::blocking("preadv2", &[Fd, IovOut(2), Size, Long, Long, Hex], k::__NR_preadv2),
    Syscall::blocking("pwritev2", &[Fd, IovIn(2), Size, Long, Long, Hex], k::__NR_pwritev2),
    Syscall::blocking("sendfile", &[Fd, Fd, OutOf(8), Size], k::__NR_sendfile),
    Syscall::blocking("splice", &[Fd, OutOf(8), Fd, OutOf(8), Size, Hex], k::__NR_splice),
    Syscall::blocking("tee", &[Fd, Fd, Size, Hex], k::__NR_tee),
    Syscall::blocking("vmsplice", &[Fd, IovOut(2), Size, Hex], k::__NR_vmsplice),
    Syscall::blocking(
        "copy_file_range",
        &[Fd, OutOf(8), Fd, OutOf(8), Size, Hex],
        k::__NR_copy_file_range,
    ),
    Syscall::native("lseek", &[Fd, Long, Int], k::__NR_lseek),
    Syscall::native("readahead", &[Fd, Long, Size], k::__NR_readahead),
    Syscall::native("fadvise64", &[Fd, Long, Long, Int], k::__NR_fadvise64),
    Syscall::native("cachestat", &[Fd, OutOf(16), OutOf(40), Hex], k::__NR_cachestat),
    // Another process's addresses are checked too: it may be a guest of ours.
    Syscall::native(
        "process_vm_readv",
        &[Int, IovOut(2), Size, IovIn(4), Size, Hex],
        k::__NR_process_vm_readv,
    ),
    Syscall::native(
        "process_vm_writev",
        &[Int, IovIn(2), Size, IovOut(4), Size, Hex],
        k::__NR_process_vm_writev,
    ),
];
