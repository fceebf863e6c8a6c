//! Kernel structures and flag words as each guest sees them.
//!
//! The host kernel speaks the host's layouts; a guest was compiled for its own. Everything that
//! differs between the two is converted here, by plain code over bytes: no pointer casts, no
//! `repr(C)` twins. What is the same on every 64-bit Linux (timespec, iovec, sockaddr, termios,
//! rlimit, rusage, statx, dirent64, flock…) is not here: the syscall groups pass it through.
//!
//! Invariant: a converter never reads or writes guest memory; callers do, and check the range.
//! The numbers come from the kernel's uapi headers; `tests` compiles them against Debian's
//! cross headers where the cross compiler is installed.

pub mod epoll;
pub mod ipc;
pub mod open_flags;
pub mod record;
pub mod stat;
pub mod uname;

#[cfg(test)]
mod tests;

use crate::procfs::cpuinfo::{self, Cpuinfo};

/// The layouts of one guest architecture.
#[derive(Debug)]
pub struct Layouts {
    /// `uname -m` of the guest.
    pub machine: &'static str,
    /// `O_*` bits whose value is the guest's own.
    pub open: open_flags::OpenFlags,
    /// `struct stat` of `newfstatat` and `fstat`.
    pub stat: stat::Layout,
    /// `struct epoll_event`.
    pub epoll: epoll::Layout,
    /// `struct semid64_ds`.
    pub semid: ipc::SemidLayout,
    /// The text of `/proc/cpuinfo`.
    pub cpuinfo: Cpuinfo,
}

/// A64 Linux: asm-generic everywhere but in `asm/fcntl.h`.
pub static A64: Layouts = Layouts {
    machine: "aarch64",
    open: open_flags::ARM,
    stat: stat::GENERIC_64,
    epoll: epoll::ALIGNED,
    semid: ipc::SEMID_GENERIC_64,
    cpuinfo: cpuinfo::a64,
};
