//! System V semaphores, message queues and shared memory (but for attaching it, which is `mem`'s).
//!
//! Status structures of queues and segments are the same on every 64-bit machine; that of semaphore
//! sets is not.

use linux_raw_sys::general as k;

use super::Arg::{Hex, Int, Long, Ptr, Size, Timespec};
use super::{Ctx, Syscall};
use crate::errno::SysResult;
use crate::layout::ipc::{MSQID_SIZE, SEMID_HOST, SHMID_SIZE};

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::native("semget", &[Hex, Int, Hex], k::__NR_semget),
    Syscall::new("semop", &[Int, Ptr, Size], semop),
    Syscall::new("semtimedop", &[Int, Ptr, Size, Timespec], semtimedop),
    Syscall::new("semctl", &[Int, Int, Int, Hex], semctl),
    Syscall::native("msgget", &[Hex, Hex], k::__NR_msgget),
    Syscall::new("msgsnd", &[Int, Ptr, Size, Hex], msgsnd),
    Syscall::new("msgrcv", &[Int, Ptr, Size, Long, Hex], msgrcv),
    Syscall::new("msgctl", &[Int, Int, Ptr], msgctl),
    Syscall::native("shmget", &[Hex, Size, Hex], k::__NR_shmget),
    Syscall::new("shmctl", &[Int, Int, Ptr], shmctl),
];

/// Bytes of `struct sembuf`.
const SEMBUF: u64 = 6;
/// Bytes of `struct seminfo`.
const SEMINFO: u64 = 40;
/// Bytes of the `mtype` that opens a message buffer.
const MTYPE: u64 = 8;

fn semop(ctx: &mut Ctx<'_>, [id, ops, count, ..]: [u64; 6]) -> SysResult {
    semtimedop(ctx, [id, ops, count, 0, 0, 0])
}

fn semtimedop(ctx: &mut Ctx<'_>, [id, ops, count, timeout, ..]: [u64; 6]) -> SysResult {
    ctx.check(ops, u64::from(count as u32) * SEMBUF)?;
    ctx.check(timeout, 16)?;
    ctx.blocking(k::__NR_semtimedop, [id, ops, count, timeout, 0, 0])
}

fn semctl(ctx: &mut Ctx<'_>, [id, number, command, arg, ..]: [u64; 6]) -> SysResult {
    let guest = ctx.layouts().semid;
    let call = |ctx: &Ctx<'_>, arg| ctx.native(k::__NR_semctl, [id, number, command, arg, 0, 0]);
    match command as i32 {
        libc::IPC_STAT | libc::SEM_STAT | libc::SEM_STAT_ANY => {
            let mut host = vec![0u8; SEMID_HOST.size];
            let result = call(ctx, host.as_mut_ptr().addr() as u64)?;
            ctx.write_bytes(arg, &SEMID_HOST.convert(&host, &guest))?;
            Ok(result)
        }
        libc::IPC_SET => {
            let mut bytes = vec![0u8; guest.size];
            ctx.read_bytes(arg, &mut bytes)?;
            let host = guest.convert(&bytes, &SEMID_HOST);
            call(ctx, host.as_ptr().addr() as u64)
        }
        libc::GETALL | libc::SETALL => {
            ctx.check(arg, u16::MAX as u64 * 2)?;
            call(ctx, arg)
        }
        libc::IPC_INFO | libc::SEM_INFO => {
            ctx.check(arg, SEMINFO)?;
            call(ctx, arg)
        }
        _ => call(ctx, arg),
    }
}

fn msgsnd(ctx: &mut Ctx<'_>, [id, message, size, flags, ..]: [u64; 6]) -> SysResult {
    ctx.check(message, size.saturating_add(MTYPE))?;
    ctx.blocking(k::__NR_msgsnd, [id, message, size, flags, 0, 0])
}

fn msgrcv(ctx: &mut Ctx<'_>, [id, message, size, kind, flags, _]: [u64; 6]) -> SysResult {
    ctx.check(message, size.saturating_add(MTYPE))?;
    ctx.blocking(k::__NR_msgrcv, [id, message, size, kind, flags, 0])
}

fn msgctl(ctx: &mut Ctx<'_>, [id, command, out, ..]: [u64; 6]) -> SysResult {
    if command as i32 != libc::IPC_RMID {
        ctx.check(out, MSQID_SIZE as u64)?;
    }
    ctx.native(k::__NR_msgctl, [id, command, out, 0, 0, 0])
}

fn shmctl(ctx: &mut Ctx<'_>, [id, command, out, ..]: [u64; 6]) -> SysResult {
    if !matches!(command as i32, libc::IPC_RMID | libc::SHM_LOCK | libc::SHM_UNLOCK) {
        ctx.check(out, SHMID_SIZE as u64)?;
    }
    ctx.native(k::__NR_shmctl, [id, command, out, 0, 0, 0])
}
