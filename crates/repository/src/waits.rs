//! How long callers of a pool waited for a connection.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Counts waits for a connection, from any thread.
#[derive(Debug, Default)]
pub struct Waits {
    count: AtomicU64,
    total_micros: AtomicU64,
    longest_micros: AtomicU64,
}

/// The waits since the start, the ones in vain included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WaitSummary {
    /// Callers that asked for a connection and waited to the end, however short that was.
    pub count: u64,
    /// How long all of them waited together.
    pub total: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Waits {
    /// Notes a wait that began at `since` and ends now.
    pub fn ended(&self, since: Instant) {
        let micros = u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.count.fetch_add(1, Ordering::Relaxed);
        self.total_micros.fetch_add(micros, Ordering::Relaxed);
        self.longest_micros.fetch_max(micros, Ordering::Relaxed);
    }

    /// What was noted so far.
    pub fn summary(&self) -> WaitSummary {
        WaitSummary {
            count: self.count.load(Ordering::Relaxed),
            total: Duration::from_micros(self.total_micros.load(Ordering::Relaxed)),
            longest: Duration::from_micros(self.longest_micros.load(Ordering::Relaxed)),
        }
    }
}

impl WaitSummary {
    /// Both together, of two pools that are one.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let longest = self.longest.max(other.longest);
        Self { count: self.count + other.count, total: self.total + other.total, longest }
    }

    /// The mean of the waits that were noted after `earlier`; zero without any.
    pub fn mean_since(&self, earlier: &Self) -> Duration {
        let count = u32::try_from(self.count.saturating_sub(earlier.count)).unwrap_or(u32::MAX);
        self.total.saturating_sub(earlier.total).checked_div(count).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_counted_summed_up_and_averaged_over_a_span() {
        let waits = Waits::default();
        let before = waits.summary();
        let long_ago = Instant::now().checked_sub(Duration::from_secs(3)).expect("the clock runs for longer");
        waits.ended(long_ago);
        waits.ended(Instant::now());
        let after = waits.summary();
        assert_eq!(after.count, 2);
        assert!(after.longest >= Duration::from_secs(3) && after.total >= after.longest, "{after:?}");
        assert!(after.mean_since(&before) >= Duration::from_millis(1_500), "{after:?}");
        assert_eq!(after.mean_since(&after), Duration::ZERO);
        assert_eq!(after.and(after), WaitSummary { count: 4, total: 2 * after.total, longest: after.longest });
    }
}
