//! Clocks and sleeping.
//!
//! Reading a clock goes through the host's vDSO, for guests without one do it often. Structures are
//! those of every 64-bit machine.

use linux_raw_sys::general as k;

use super::Arg::{Hex, InOf, Int, OutOf, Ptr, Timespec};
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};

/// `struct timespec`
const TIMESPEC: u16 = 16;
/// `struct timex` of 64-bit machines.
const TIMEX: u16 = size_of::<libc::timex>() as u16;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("clock_gettime", &[Int, Ptr], clock_gettime),
    Syscall::native("clock_settime", &[Int, Timespec], k::__NR_clock_settime),
    Syscall::native("clock_getres", &[Int, OutOf(TIMESPEC)], k::__NR_clock_getres),
    Syscall::native("clock_adjtime", &[Int, OutOf(TIMEX)], k::__NR_clock_adjtime),
    Syscall::native("adjtimex", &[OutOf(TIMEX)], k::__NR_adjtimex),
    Syscall::new("gettimeofday", &[Ptr, Ptr], gettimeofday),
    Syscall::native("settimeofday", &[InOf(16), InOf(8)], k::__NR_settimeofday),
    Syscall::native("times", &[OutOf(32)], k::__NR_times),
    Syscall::blocking("nanosleep", &[Timespec, OutOf(TIMESPEC)], k::__NR_nanosleep),
    Syscall::blocking(
        "clock_nanosleep",
        &[Int, Hex, Timespec, OutOf(TIMESPEC)],
        k::__NR_clock_nanosleep,
    ),
];

fn clock_gettime(ctx: &mut Ctx<'_>, [clock, out, ..]: [u64; 6]) -> SysResult {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is ours; a clock that does not exist is an error.
    if unsafe { libc::clock_gettime(clock as libc::clockid_t, &mut now) } != 0 {
        return Err(Errno::last());
    }
    ctx.write(out, &[now.tv_sec, now.tv_nsec])?;
    Ok(0)
}

fn gettimeofday(ctx: &mut Ctx<'_>, [time, zone, ..]: [u64; 6]) -> SysResult {
    if zone != 0 {
        ctx.check(zone, 8)?;
        ctx.native(k::__NR_gettimeofday, [0, zone, 0, 0, 0, 0])?;
    }
    if time != 0 {
        let mut now = libc::timeval { tv_sec: 0, tv_usec: 0 };
        // SAFETY: `now` is ours.
        unsafe { libc::gettimeofday(&mut now, std::ptr::null_mut()) };
        ctx.write(time, &[now.tv_sec, now.tv_usec])?;
    }
    Ok(0)
}
