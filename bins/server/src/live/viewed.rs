//! What becomes of views, as JSON tells it.

use std::collections::VecDeque;

use larder_views::ViewsStatus;
use serde::Serialize;

use super::moment::millis;

/// Views are drained in gusts: the rate is the mean of so many seconds.
const SECONDS: usize = 60;

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Viewed {
    /// Views that wait in this process.
    buffered: u64,
    /// How long the oldest known views have waited, here or in Redis; null if none wait.
    oldest_ms: Option<f64>,
    /// Views that this process added to the database, those of other nodes included: the mean of the last minute.
    drained_per_second: f64,
    /// All of them since the start, and those that were given to Redis, were too many, or may have been lost.
    drained: u64,
    flushed: u64,
    dropped: u64,
    lost: u64,
    /// Whether Redis is configured, and did not answer last time.
    cut_off: bool,
}

/// The totals of the last minute, second by second.
#[derive(Debug, Default)]
pub(super) struct Drained(VecDeque<u64>);

impl Drained {
    /// Takes the figures of this second.
    pub(super) fn take(&mut self, status: &ViewsStatus) -> Viewed {
        Viewed {
            buffered: status.buffered,
            oldest_ms: status.oldest.map(millis),
            drained_per_second: self.rate(status.drained),
            drained: status.drained,
            flushed: status.flushed,
            dropped: status.dropped,
            lost: status.lost,
            cut_off: status.is_cut_off,
        }
    }

    fn rate(&mut self, total: u64) -> f64 {
        let seconds = u32::try_from(self.0.len()).unwrap_or(u32::MAX).max(1);
        let earliest = if self.0.len() >= SECONDS { self.0.pop_front() } else { self.0.front().copied() };
        self.0.push_back(total);
        #[expect(clippy::cast_precision_loss, reason = "counts of events in one process stay below 2^53")]
        let lately = total.saturating_sub(earliest.unwrap_or(total)) as f64;
        (10.0 * lately / f64::from(seconds)).round() / 10.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_the_mean_of_a_minute_or_of_what_there_is() {
        let mut drained = Drained::default();
        let mut rates: Vec<f64> = [100, 100, 160].map(|total| drained.rate(total)).into();
        assert_eq!(rates, [0.0, 0.0, 30.0]);
        rates.extend((0..60).map(|_second| drained.rate(160)));
        assert_eq!(rates[59..], [1.0, 1.0, 1.0, 0.0], "it was a minute ago");
    }
}
