//! Resource limits.
//!
//! Most are the host's. A limit on address space, data or stack would starve the emulator instead of
//! the guest, so those three are kept here: the guest reads back what it set, within what the host
//! allows, and children made by `fork` inherit it. A larger stack is the host's limit too, so that
//! `execve` gives it to the next program (gcc does that for its compilers).

use std::sync::atomic::{AtomicU64, Ordering};

use linux_raw_sys::general as k;

use super::Arg::{InOf, Int, OutOf};
use super::{Ctx, Syscall};
use crate::errno::{Errno, SysResult};

/// `struct rlimit64`: soft and hard limit.
type Limit = [u64; 2];
const SIZE: u16 = 16;

/// The group's calls.
pub static CALLS: &[Syscall] = &[
    Syscall::new("getrlimit", &[Int, OutOf(SIZE)], getrlimit),
    Syscall::new("setrlimit", &[Int, InOf(SIZE)], setrlimit),
    Syscall::new("prlimit64", &[Int, Int, InOf(SIZE), OutOf(SIZE)], prlimit64),
];

/// Limits that the host is not told of. Atomics, not a lock, for a child of `fork` could inherit that
/// locked.
#[derive(Debug)]
pub struct Limits {
    kept: [[AtomicU64; 2]; KEPT.len()],
}

const KEPT: [u32; 3] = [k::RLIMIT_AS, k::RLIMIT_DATA, k::RLIMIT_STACK];

impl Default for Limits {
    fn default() -> Limits {
        Limits::new()
    }
}

impl Limits {
    /// The host's, as they are now.
    pub fn new() -> Limits {
        Limits { kept: KEPT.map(|resource| host_limit(resource).map(AtomicU64::new)) }
    }

    /// The same limits for a process of its own.
    pub(crate) fn copy(&self) -> Limits {
        let word = |w: &AtomicU64| AtomicU64::new(w.load(Ordering::Relaxed));
        Limits { kept: std::array::from_fn(|n| [word(&self.kept[n][0]), word(&self.kept[n][1])]) }
    }

    /// Makes the guest's soft limit on the stack the host's, over `execve`, which hands it on; undone when
    /// dropped. Within what the emulator itself needs.
    pub(crate) fn lend_stack(&self) -> LentStack {
        const STACK: usize = 2;
        let before = host_limit(KEPT[STACK]);
        let soft = self.kept[STACK][0].load(Ordering::Relaxed).max(LEAST_STACK).min(before[1]);
        if soft != before[0] {
            set_host_limit(KEPT[STACK], [soft, before[1]]);
        }
        LentStack { before }
    }

    /// Reads the limit, then sets it if there is a `new` one. `None`: not one that is kept here.
    fn exchange(&self, resource: u32, new: Option<Limit>) -> Option<Result<Limit, Errno>> {
        let at = KEPT.iter().position(|&kept| kept == resource)?;
        let [soft, hard] = &self.kept[at];
        let old = [soft.load(Ordering::Relaxed), hard.load(Ordering::Relaxed)];
        if let Some([new_soft, new_hard]) = new {
            if new_soft > new_hard {
                return Some(Err(Errno::EINVAL));
            }
            if new_hard > old[1] {
                return Some(Err(Errno::EPERM));
            }
            soft.store(new_soft, Ordering::Relaxed);
            hard.store(new_hard, Ordering::Relaxed);
            if resource == k::RLIMIT_STACK {
                raise_host_stack(new_soft);
            }
        }
        Some(Ok(old))
    }
}

/// A stack on which the emulator itself can run.
const LEAST_STACK: u64 = 1 << 20;

/// The host's stack limit is the guest's while this lives.
pub(crate) struct LentStack {
    before: Limit,
}

impl Drop for LentStack {
    fn drop(&mut self) {
        set_host_limit(k::RLIMIT_STACK, self.before);
    }
}

fn set_host_limit(resource: u32, [soft, hard]: Limit) {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limit` is ours. A refusal leaves the old one, which does as well.
    unsafe { libc::setrlimit(resource, &limit) };
}

/// The host's limit; none if it cannot tell.
fn host_limit(resource: u32) -> Limit {
    let mut limit = libc::rlimit { rlim_cur: libc::RLIM_INFINITY, rlim_max: libc::RLIM_INFINITY };
    // SAFETY: `limit` is ours.
    unsafe { libc::getrlimit(resource, &mut limit) };
    [limit.rlim_cur, limit.rlim_max]
}

/// What the emulator's own stack may grow to in any case.
const OWN_STACK: u64 = 8 << 20;

fn raise_host_stack(soft: u64) {
    let hard = host_limit(k::RLIMIT_STACK)[1];
    let limit = libc::rlimit { rlim_cur: soft.max(OWN_STACK).min(hard), rlim_max: hard };
    // SAFETY: `limit` is ours; a soft limit within the hard one is not refused.
    unsafe { libc::setrlimit(libc::RLIMIT_STACK, &limit) };
}

fn getrlimit(ctx: &mut Ctx<'_>, [resource, out, ..]: [u64; 6]) -> SysResult {
    ctx.read::<u8>(out)?; // prlimit64 takes NULL, getrlimit does not
    prlimit64(ctx, [0, resource, 0, out, 0, 0])
}

fn setrlimit(ctx: &mut Ctx<'_>, [resource, new, ..]: [u64; 6]) -> SysResult {
    ctx.read::<Limit>(new)?;
    prlimit64(ctx, [0, resource, new, 0, 0, 0])
}

fn prlimit64(ctx: &mut Ctx<'_>, [pid, resource, new, old, ..]: [u64; 6]) -> SysResult {
    let new_limit = (new != 0).then(|| ctx.read::<Limit>(new)).transpose()?;
    let of_self = pid as i32 == 0 || pid as u32 == std::process::id();
    if of_self && let Some(result) = ctx.process.limits.exchange(resource as u32, new_limit) {
        let limit = result?;
        if old != 0 {
            ctx.write(old, &limit)?;
        }
        return Ok(0);
    }
    ctx.check(old, SIZE as u64)?;
    ctx.native(k::__NR_prlimit64, [pid, resource, new, old, 0, 0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_limit_is_read_back_and_only_lowered() {
        let limits = Limits::default();
        let set = |new| limits.exchange(k::RLIMIT_AS, new).unwrap();
        assert_eq!(set(Some([1 << 20, 1 << 30])), Ok(host_limit(k::RLIMIT_AS)));
        assert_eq!(set(None), Ok([1 << 20, 1 << 30]));
        assert_eq!(set(Some([1 << 20, 1 << 31])), Err(Errno::EPERM));
        assert_eq!(set(Some([2, 1])), Err(Errno::EINVAL));
        assert_eq!(set(None), Ok([1 << 20, 1 << 30]));
    }

    #[test]
    fn other_limits_are_the_hosts() {
        assert!(Limits::default().exchange(k::RLIMIT_NOFILE, None).is_none());
    }
}
