//! Scheduling: the guest's threads are the host's, and so are their priorities and processors.

use linux_raw_sys::general as k;

use super::Arg::{Fd, Hex, In, InOf, Int, OutBuf, OutOf, Ptr};
use super::{Ctx, Syscall};
use crate::errno::SysResult;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("sched_yield", &[], k::__NR_sched_yield),
    Syscall::native("sched_setaffinity", &[Int, Int, In(1)], k::__NR_sched_setaffinity),
    Syscall::native("sched_getaffinity", &[Int, Int, OutBuf(1)], k::__NR_sched_getaffinity),
    Syscall::native("sched_setscheduler", &[Int, Int, InOf(4)], k::__NR_sched_setscheduler),
    Syscall::native("sched_getscheduler", &[Int], k::__NR_sched_getscheduler),
    Syscall::native("sched_setparam", &[Int, InOf(4)], k::__NR_sched_setparam),
    Syscall::native("sched_getparam", &[Int, OutOf(4)], k::__NR_sched_getparam),
    Syscall::native("sched_setattr", &[Int, InOf(56), Hex], k::__NR_sched_setattr),
    Syscall::native("sched_getattr", &[Int, OutBuf(2), Int, Hex], k::__NR_sched_getattr),
    Syscall::native("sched_get_priority_max", &[Int], k::__NR_sched_get_priority_max),
    Syscall::native("sched_get_priority_min", &[Int], k::__NR_sched_get_priority_min),
    Syscall::native("sched_rr_get_interval", &[Int, OutOf(16)], k::__NR_sched_rr_get_interval),
    Syscall::native("getpriority", &[Int, Int], k::__NR_getpriority),
    Syscall::native("setpriority", &[Int, Int, Int], k::__NR_setpriority),
    Syscall::native("ioprio_get", &[Int, Int], k::__NR_ioprio_get),
    Syscall::native("ioprio_set", &[Int, Int, Hex], k::__NR_ioprio_set),
    Syscall::new("getcpu", &[OutOf(4), OutOf(4), Ptr], getcpu),
    Syscall::native("membarrier", &[Int, Hex, Int], k::__NR_membarrier),
    Syscall::native("kcmp", &[Int, Int, Int, Fd, Fd], k::__NR_kcmp),
];

/// The third argument, a cache, has been unused since Linux 2.6.24.
fn getcpu(ctx: &mut Ctx<'_>, [cpu, node, ..]: [u64; 6]) -> SysResult {
    for out in [cpu, node] {
        ctx.check(out, 4)?;
    }
    ctx.native(k::__NR_getcpu, [cpu, node, 0, 0, 0, 0])
}
