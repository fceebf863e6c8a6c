//! `prctl`: operations on the calling thread and process.
//!
//! Each operation is one of three: the host's answer holds for the guest too; the guest's
//! architecture or program answers; or it would act on the emulator (a seccomp filter, the memory
//! map, W^X) and is refused as a kernel built without it refuses.

use linux_raw_sys::general as k;
use linux_raw_sys::prctl as p;

use super::Arg::{Enum, Hex};
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};
use crate::host;

/// The group's calls.
pub static CALLS: &[Syscall] =
    &[Syscall::new("prctl", &[Enum(OPERATIONS), Hex, Hex, Hex, Hex], prctl)];

static OPERATIONS: &[(u64, &str)] = &[
    (p::PR_SET_PDEATHSIG as u64, "PR_SET_PDEATHSIG"),
    (p::PR_GET_PDEATHSIG as u64, "PR_GET_PDEATHSIG"),
    (p::PR_GET_DUMPABLE as u64, "PR_GET_DUMPABLE"),
    (p::PR_SET_DUMPABLE as u64, "PR_SET_DUMPABLE"),
    (p::PR_SET_NAME as u64, "PR_SET_NAME"),
    (p::PR_GET_NAME as u64, "PR_GET_NAME"),
    (p::PR_GET_SECCOMP as u64, "PR_GET_SECCOMP"),
    (p::PR_SET_SECCOMP as u64, "PR_SET_SECCOMP"),
    (p::PR_CAPBSET_READ as u64, "PR_CAPBSET_READ"),
    (p::PR_CAPBSET_DROP as u64, "PR_CAPBSET_DROP"),
    (p::PR_SET_MM as u64, "PR_SET_MM"),
    (p::PR_SET_NO_NEW_PRIVS as u64, "PR_SET_NO_NEW_PRIVS"),
    (p::PR_GET_NO_NEW_PRIVS as u64, "PR_GET_NO_NEW_PRIVS"),
    (p::PR_SET_VMA as u64, "PR_SET_VMA"),
    (p::PR_CAP_AMBIENT as u64, "PR_CAP_AMBIENT"),
    (p::PR_PAC_RESET_KEYS as u64, "PR_PAC_RESET_KEYS"),
    (p::PR_SET_CHILD_SUBREAPER as u64, "PR_SET_CHILD_SUBREAPER"),
];

/// Bytes of a thread's name with its NUL (`TASK_COMM_LEN`).
const NAME: u64 = 16;

fn prctl(ctx: &mut Ctx<'_>, args: [u64; 6]) -> SysResult {
    let [operation, a2, a3, a4, a5, _] = args;
    let native = |ctx: &Ctx<'_>| ctx.native(k::__NR_prctl, [operation, a2, a3, a4, a5, 0]);
    match operation as u32 {
        p::PR_SET_PDEATHSIG
        | p::PR_GET_DUMPABLE
        | p::PR_SET_DUMPABLE
        | p::PR_GET_KEEPCAPS
        | p::PR_SET_KEEPCAPS
        | p::PR_GET_TIMING
        | p::PR_SET_TIMING
        | p::PR_CAPBSET_READ
        | p::PR_CAPBSET_DROP
        | p::PR_GET_SECUREBITS
        | p::PR_SET_SECUREBITS
        | p::PR_SET_TIMERSLACK
        | p::PR_GET_TIMERSLACK
        | p::PR_MCE_KILL
        | p::PR_MCE_KILL_GET
        | p::PR_SET_PTRACER
        | p::PR_SET_CHILD_SUBREAPER
        | p::PR_SET_NO_NEW_PRIVS
        | p::PR_GET_NO_NEW_PRIVS
        | p::PR_GET_THP_DISABLE
        | p::PR_SET_THP_DISABLE
        | p::PR_CAP_AMBIENT
        | p::PR_SET_IO_FLUSHER
        | p::PR_GET_IO_FLUSHER => native(ctx),
        p::PR_GET_PDEATHSIG | p::PR_GET_CHILD_SUBREAPER => {
            ctx.check(a2, 4)?;
            native(ctx)
        }
        p::PR_SET_NAME | p::PR_GET_NAME => {
            ctx.check(a2, NAME)?;
            native(ctx)
        }
        p::PR_SET_VMA => {
            ctx.check(a3, a4)?;
            native(ctx)
        }
        p::PR_GET_AUXV => {
            let auxv = &ctx.process.program.auxv;
            let len = auxv.len().min(a3 as usize);
            ctx.write_bytes(a2, &auxv[..len])?;
            Ok(auxv.len() as u64)
        }
        p::PR_PAC_RESET_KEYS => {
            if a3 | a4 | a5 != 0 {
                return Err(Errno::EINVAL);
            }
            let random = host::random::<80>();
            let keys = std::array::from_fn(|n| {
                let key = random[16 * n..][..16].try_into().expect("five times 16 bytes");
                u128::from_le_bytes(key)
            });
            let abi = ctx.process.abi.clone();
            abi.reset_pointer_keys(ctx.thread.vcpu.state_mut(), a2, &keys)?;
            Ok(0)
        }
        // No filter is installed: the guest's would judge the host's calls.
        p::PR_GET_SECCOMP => Ok(0),
        // Everything else would act on the emulator, belongs to another architecture, or is newer
        // than this table: what a kernel without it says.
        other => {
            tracing::debug!(operation = other, "prctl refused with EINVAL");
            Err(Errno::EINVAL)
        }
    }
}
