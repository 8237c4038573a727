//! A histogram of durations: four buckets in each doubling, from a microsecond to a minute.

use std::{
    array,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Doublings from 1 µs on; the last ends at 67 s, and what is longer counts there.
const OCTAVES: usize = 26;
/// Buckets in each.
const STEPS: usize = 4;
const BUCKETS: usize = OCTAVES * STEPS;

/// The counters of one writer. Others may read at any time.
#[derive(Debug)]
pub(super) struct Latency {
    buckets: [AtomicU64; BUCKETS],
    sum_micros: AtomicU64,
}

/// What was counted at one moment, or between two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LatencyCounts {
    buckets: [u64; BUCKETS],
    sum_micros: u64,
}

impl Default for Latency {
    fn default() -> Self {
        Self { buckets: array::from_fn(|_| AtomicU64::new(0)), sum_micros: AtomicU64::new(0) }
    }
}

impl Default for LatencyCounts {
    fn default() -> Self {
        Self { buckets: [0; BUCKETS], sum_micros: 0 }
    }
}

impl Latency {
    pub(super) fn record(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.buckets[bucket_of(micros)].fetch_add(1, Ordering::Relaxed);
        self.sum_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn add_to(&self, counts: &mut LatencyCounts) {
        for (sum, bucket) in counts.buckets.iter_mut().zip(&self.buckets) {
            *sum += bucket.load(Ordering::Relaxed);
        }
        counts.sum_micros += self.sum_micros.load(Ordering::Relaxed);
    }
}

impl LatencyCounts {
    pub(crate) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    pub(crate) fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_micros)
    }

    /// What came after `earlier`.
    #[must_use]
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            buckets: array::from_fn(|bucket| self.buckets[bucket].saturating_sub(earlier.buckets[bucket])),
            sum_micros: self.sum_micros.saturating_sub(earlier.sum_micros),
        }
    }

    /// So many of a hundred took no longer; at most a quarter too high. `None` if nothing was counted.
    pub(crate) fn quantile(&self, percent: u64) -> Option<Duration> {
        let rank = (self.count() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = |count: &u64| {
            seen += count;
            seen >= rank
        };
        self.buckets.iter().position(reached).map(|bucket| Duration::from_micros(end_of(bucket)))
    }

    /// How many took no longer than each whole doubling, from 64 µs to 33 s.
    pub(super) fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> {
        (6..OCTAVES).map(|octave| {
            let count = self.buckets[..octave * STEPS].iter().sum();
            (Duration::from_micros(1 << octave), count)
        })
    }
}

/// The bucket of a duration: which doubling, and which quarter of it.
fn bucket_of(micros: u64) -> usize {
    let micros = micros.max(1);
    let octave = micros.ilog2() as usize;
    // The two bits below the highest say which quarter.
    let step = if octave >= 2 { (micros >> (octave - 2)) & 3 } else { (micros << (2 - octave)) & 3 };
    (octave * STEPS + usize::try_from(step).unwrap_or(0)).min(BUCKETS - 1)
}

/// Where a bucket ends, in microseconds.
fn end_of(bucket: usize) -> u64 {
    let (octave, step) = (bucket / STEPS, bucket % STEPS);
    (1_u64 << octave) * (STEPS + step + 1) as u64 / STEPS as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(micros: impl IntoIterator<Item = u64>) -> LatencyCounts {
        let latency = Latency::default();
        micros.into_iter().for_each(|micros| latency.record(Duration::from_micros(micros)));
        let mut counts = LatencyCounts::default();
        latency.add_to(&mut counts);
        counts
    }

    #[test]
    fn quantiles_are_at_most_a_quarter_too_high_and_never_too_low() {
        for micros in [1, 2, 3, 7, 64, 100, 999, 12_345, 1_000_000, 59_000_000] {
            let told = counted([micros]).quantile(50).expect("one was counted");
            let told = u64::try_from(told.as_micros()).expect("fits");
            assert!(told >= micros && told <= micros + micros / 4 + 1, "{micros} became {told}");
        }
        assert_eq!(LatencyCounts::default().quantile(50), None);
        let counts = counted((0..99).map(|_| 100).chain([1_000_000]));
        assert!(counts.quantile(99) < Some(Duration::from_micros(130)));
        assert!(counts.quantile(100) >= Some(Duration::from_secs(1)));
    }

    #[test]
    fn what_came_between_two_moments_is_told_apart() {
        let (earlier, later) = (counted([100, 100]), counted([100, 100, 5_000]));
        let between = later.since(&earlier);
        assert_eq!((between.count(), between.sum()), (1, Duration::from_micros(5_000)));
    }

    #[test]
    fn cumulative_counts_end_with_all_but_the_longest() {
        let counts = counted([10, 70, 1_000_000_000]);
        let cumulative: Vec<_> = counts.cumulative().collect();
        assert_eq!(cumulative[0], (Duration::from_micros(64), 1));
        assert_eq!(cumulative[1], (Duration::from_micros(128), 2));
        assert_eq!(cumulative.last().map(|(_, count)| *count), Some(2));
        assert!(cumulative.is_sorted_by_key(|(_, count)| *count));
    }
}
