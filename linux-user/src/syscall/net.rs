//! Sockets. Addresses, options and control messages are the same on every 64-bit machine.
//!
//! The kernel writes as much as a length in memory says, and another guest thread may change that
//! length between our look and the kernel's: so address buffers are checked for the longest address
//! there is, and option lengths are copied.

use linux_raw_sys::general as k;

use super::Arg::{Fd, FdPair, Hex, In, Int, OutBuf, OutOf, Ptr, Size};
use super::{Ctx, Syscall};
use crate::errno::SysResult;

/// `struct sockaddr_storage`: no address is longer.
pub const ADDRESS: u16 = 128;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("socket", &[Int, Hex, Int], k::__NR_socket),
    Syscall::native("socketpair", &[Int, Hex, Int, FdPair], k::__NR_socketpair),
    Syscall::native("bind", &[Fd, In(2), Int], k::__NR_bind),
    Syscall::native("listen", &[Fd, Int], k::__NR_listen),
    Syscall::blocking("accept", &[Fd, OutOf(ADDRESS), OutOf(4)], k::__NR_accept),
    Syscall::blocking("accept4", &[Fd, OutOf(ADDRESS), OutOf(4), Hex], k::__NR_accept4),
    Syscall::blocking("connect", &[Fd, In(2), Int], k::__NR_connect),
    Syscall::native("getsockname", &[Fd, OutOf(ADDRESS), OutOf(4)], k::__NR_getsockname),
    Syscall::native("getpeername", &[Fd, OutOf(ADDRESS), OutOf(4)], k::__NR_getpeername),
    Syscall::blocking("sendto", &[Fd, In(2), Size, Hex, In(5), Int], k::__NR_sendto),
    Syscall::blocking(
        "recvfrom",
        &[Fd, OutBuf(2), Size, Hex, OutOf(ADDRESS), OutOf(4)],
        k::__NR_recvfrom,
    ),
    Syscall::native("setsockopt", &[Fd, Int, Int, In(4), Int], k::__NR_setsockopt),
    Syscall::new("getsockopt", &[Fd, Int, Int, Ptr, Ptr], getsockopt),
    Syscall::native("shutdown", &[Fd, Int], k::__NR_shutdown),
];

fn getsockopt(ctx: &mut Ctx<'_>, [fd, level, option, value, length, _]: [u64; 6]) -> SysResult {
    let mut len: u32 = ctx.read(length)?;
    ctx.check(value, len as u64)?;
    let host_len = (&raw mut len).addr() as u64;
    let result = ctx.native(k::__NR_getsockopt, [fd, level, option, value, host_len, 0])?;
    ctx.write(length, &len)?;
    Ok(result)
}
