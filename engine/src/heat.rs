//! How hot is hot enough for a region: follows how idle the cores are (ADR 18).
//!
//! Compiling costs processor time, and what it saves comes later. On a core that would be idle it costs nothing that
//! anybody waits for, and may begin early; on one that the guest's own threads or other processes want it must be earned
//! first. A counter runs out after half of the configured threshold ([`FRACTION`]); how often it must run out is decided
//! each time that it does.

use crate::cache::map::Key;
use std::collections::HashMap;
use std::mem::MaybeUninit;
use std::time::{Duration, Instant};

/// Part of the threshold that a counter begins with.
pub(crate) const FRACTION: u32 = 2;

/// A compile thread that had a core for less than this part of its time, in 256ths, competes for it.
const CONTENDED: u32 = 180;

/// What ran often, and how the compile thread fares.
#[derive(Debug)]
pub(crate) struct Heat {
    /// How often the counter of an address ran out that no region was asked for.
    ran_out: HashMap<Key, u32>,
    /// The part of the time of compilations for which the compile thread had a core: 256ths, smoothed.
    share: u32,
}

impl Default for Heat {
    fn default() -> Heat {
        Heat { ran_out: HashMap::new(), share: 256 }
    }
}

impl Heat {
    /// The counter of this address ran out: is it worth a region? `running` threads of ours execute guest code.
    pub fn is_enough(&mut self, key: Key, running: usize) -> bool {
        let wanted = self.wanted(running);
        let times = self.ran_out.entry(key).or_default();
        *times += 1;
        let enough = *times >= wanted;
        if enough {
            self.ran_out.remove(&key);
        }
        enough
    }

    /// Did the counter of this address run out, without being enough?
    pub fn ran_out(&self, key: Key) -> bool {
        self.ran_out.contains_key(&key)
    }

    /// How often a counter must run out: half of the threshold where a core is idle besides the compiler's, all of it
    /// where the compiler has the only one, twice as much where there is none.
    fn wanted(&self, running: usize) -> u32 {
        let contended = self.share < CONTENDED;
        match allowed_cores().saturating_sub(running) {
            _ if contended => 2 * FRACTION,
            0 => 2 * FRACTION,
            1 => FRACTION,
            _ => 1,
        }
    }

    /// A compilation had a core for this part of its time.
    pub fn compiled(&mut self, share: u32) {
        self.share = (7 * self.share + share) / 8;
    }
}

/// Runs a compilation on this thread; for how much of its time it had a core, in 256ths.
pub(crate) fn watch<R>(compilation: impl FnOnce() -> R) -> (R, u32) {
    let (begun, before) = (Instant::now(), thread_time());
    let result = compilation();
    let (took, used) = (begun.elapsed(), thread_time().saturating_sub(before));
    (result, (256 * used.as_nanos() / took.as_nanos().max(1)).min(256) as u32)
}

/// Cores that this process may use.
fn allowed_cores() -> usize {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: the set has the size that is told.
    let set = unsafe {
        match libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), set.as_mut_ptr()) {
            0 => set.assume_init(),
            _ => return 1,
        }
    };
    // SAFETY: it only counts.
    unsafe { libc::CPU_COUNT(&set) as usize }
}

/// Processor time of this thread.
fn thread_time() -> Duration {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: writes the time to a place of our own; the clock exists, and where it did not, the time stays zero.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use isamorph_ir::Mode;

    #[test]
    fn busy_cores_want_more() {
        let (mut heat, key) = (Heat::default(), Key { pc: 0x1000, mode: Mode(0) });
        let times = |heat: &mut Heat, running| (1..).find(|_| heat.is_enough(key, running));
        let all = allowed_cores();
        assert_eq!(times(&mut heat, all), Some(2 * FRACTION));
        assert_eq!(times(&mut heat, all - 1), Some(FRACTION));
        (0..64).for_each(|_| heat.compiled(CONTENDED / 2));
        assert_eq!(times(&mut heat, all - 1), Some(2 * FRACTION));
        let (sum, share) =
            watch(|| (0..10_000).fold(0_u64, |sum, n| std::hint::black_box(sum + n)));
        assert!(sum == 49_995_000 && share <= 256);
    }
}
