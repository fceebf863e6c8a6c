//! The generic timer's virtual counter as seen from EL0.

use crate::processor::COUNTER_HZ;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// When this process first looked, on both clocks.
///
/// The monotonic clock has no readable origin, and the counter must neither stand still nor run back, so it
/// counts from the wall clock's time at the first look. A process has one counter, hence one anchor.
static FIRST_LOOK: OnceLock<(Instant, Duration)> = OnceLock::new();

/// CNTVCT_EL0.
pub extern "C" fn cntvct(_: u64, _: u64, _: u64, _: u64) -> u64 {
    let (start, origin) = FIRST_LOOK.get_or_init(|| {
        (Instant::now(), SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    });
    let nanos = (*origin + start.elapsed()).as_nanos();
    (nanos * COUNTER_HZ as u128 / 1_000_000_000) as u64
}

#[cfg(test)]
mod tests {
    #[test]
    fn counts_forward() {
        let first = super::cntvct(0, 0, 0, 0);
        std::thread::sleep(std::time::Duration::from_millis(2));
        let second = super::cntvct(0, 0, 0, 0);
        assert!(second - first >= super::COUNTER_HZ / 500);
    }
}
