//! How long changes wait from their commit until L2 has taken them.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Buckets of doubling width: the first is up to 1 ms, the last above half a day.
const BUCKETS: usize = 26;

/// A histogram since the start.
#[derive(Debug, Default)]
pub(crate) struct Lag {
    buckets: [AtomicU64; BUCKETS],
    longest_ms: AtomicU64,
}

/// How long changes waited until a relay of this node had told L2 of them, since the start. Within a batch, all count as the oldest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LagSummary {
    /// How many changes were told.
    pub count: u64,
    /// Half of them waited no longer; rounded up to a power of two, in milliseconds.
    pub p50: Duration,
    /// 99 of 100 waited no longer; rounded up in the same way.
    pub p99: Duration,
    /// The longest wait.
    pub longest: Duration,
}

impl Lag {
    pub(crate) fn record(&self, waited: Duration, count: u64) {
        let ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
        let bucket = (u64::BITS - ms.saturating_sub(1).leading_zeros()) as usize;
        self.buckets[bucket.min(BUCKETS - 1)].fetch_add(count, Ordering::Relaxed);
        self.longest_ms.fetch_max(ms, Ordering::Relaxed);
    }

    pub(crate) fn summary(&self) -> LagSummary {
        let counts: Vec<u64> = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed)).collect();
        let count: u64 = counts.iter().sum();
        let longest = Duration::from_millis(self.longest_ms.load(Ordering::Relaxed));
        let below = |percent: u64| {
            let rank = (count * percent).div_ceil(100);
            let mut seen = 0;
            let reached = |one: &u64| {
                seen += one;
                seen >= rank
            };
            let bucket = counts.iter().position(reached).unwrap_or(0);
            Duration::from_millis(1 << bucket).min(longest)
        };
        LagSummary { count, p50: below(50), p99: below(99), longest }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_rounded_up_and_never_above_the_longest() {
        let lag = Lag::default();
        assert_eq!(lag.summary(), LagSummary::default());
        lag.record(Duration::from_millis(3), 98);
        lag.record(Duration::from_millis(700), 2);
        let summary = lag.summary();
        assert_eq!((summary.count, summary.p50), (100, Duration::from_millis(4)));
        assert_eq!((summary.p99, summary.longest), (Duration::from_millis(700), Duration::from_millis(700)));
    }

    #[test]
    fn any_wait_has_a_bucket() {
        let lag = Lag::default();
        lag.record(Duration::MAX, 1);
        lag.record(Duration::ZERO, 1);
        assert_eq!(lag.summary().count, 2);
    }
}
