//! The machine, its load, its names, its randomness.

use linux_raw_sys::general as k;
use linux_raw_sys::system;

use super::Arg::{Hex, In, Int, OutBuf, OutOf, Ptr, Size};
use super::{Ctx, Syscall};
use crate::errno::SysResult;
use crate::layout::uname;

/// `struct sysinfo` of 64-bit machines.
const SYSINFO: u16 = size_of::<system::sysinfo>() as u16;
/// `struct rusage` of 64-bit machines.
const RUSAGE: u16 = size_of::<k::rusage>() as u16;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("uname", &[Ptr], uname),
    Syscall::native("sethostname", &[In(1), Int], k::__NR_sethostname),
    Syscall::native("setdomainname", &[In(1), Int], k::__NR_setdomainname),
    Syscall::native("sysinfo", &[OutOf(SYSINFO)], k::__NR_sysinfo),
    Syscall::native("getrusage", &[Int, OutOf(RUSAGE)], k::__NR_getrusage),
    Syscall::blocking("getrandom", &[OutBuf(1), Size, Hex], k::__NR_getrandom),
    Syscall::blocking("syslog", &[Int, OutBuf(2), Int], k::__NR_syslog),
    Syscall::native("personality", &[Hex], k::__NR_personality),
];

fn uname(ctx: &mut Ctx<'_>, [out, ..]: [u64; 6]) -> SysResult {
    let mut names = [0u8; uname::SIZE];
    ctx.native(k::__NR_uname, [names.as_mut_ptr().addr() as u64, 0, 0, 0, 0, 0])?;
    uname::set_machine(&mut names, ctx.layouts().machine);
    ctx.write_bytes(out, &names)?;
    Ok(0)
}
