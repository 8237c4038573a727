//! The server's clock, as a moment that it has not passed yet.
//!
//! A stored value says when it ends by Redis's own clock, and a fetch must know what is left without asking for a PTTL. So each
//! connection asks its server for the `TIME` now and then, and counts on from the answer with this process's monotonic clock,
//! from before the question was sent: the sum is never behind the server. What is left of a life is thereby never too long, and
//! too short by one round trip at most. The clocks of two nodes are never compared, nor is the wall clock of this one looked at.
//!
//! A step of Redis's wall clock breaks no coherence: the end of a value is nothing but its life, which Redis enforces by that
//! same clock, while what is stale is refused by era, lease and generation, which know no time. Only how long a copy may stay in
//! L1 can be off by the step, and only for what is fetched until the next measurement: [`FRESH`], and the one call that was under
//! way.

use std::time::{Duration, Instant};

/// How long one measurement serves. Two clocks drift apart by less than a millisecond in it.
const FRESH: Duration = Duration::from_secs(1);

/// An answer to `TIME`, and when it was asked for.
#[derive(Clone, Copy)]
pub(super) struct Clock {
    /// Since the Unix epoch.
    answer: Duration,
    asked: Instant,
}

impl Clock {
    /// `answer` is that of `TIME`, seconds and microseconds; `asked` is a moment before the question was sent.
    pub(super) fn new((seconds, microseconds): (u64, u64), asked: Instant) -> Self {
        Self { answer: Duration::from_secs(seconds).saturating_add(Duration::from_micros(microseconds)), asked }
    }

    /// Whether it may be used for a question that is sent at `now`.
    pub(super) fn is_fresh(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.asked) < FRESH
    }

    /// What is left at `now` until `end`, in milliseconds since the Unix epoch; `None` if it may have come.
    pub(super) fn until(&self, end: u64, now: Instant) -> Option<Duration> {
        let server_now = self.answer.saturating_add(now.saturating_duration_since(self.asked));
        Duration::from_millis(end).checked_sub(server_now).filter(|remaining| !remaining.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn what_is_left_counts_from_before_the_question() {
        let asked = Instant::now();
        let clock = Clock::new((7, 1000), asked);
        assert_eq!(clock.until(7011, asked), Some(10 * MS));
        assert_eq!(clock.until(7011, asked + 9 * MS), Some(MS));
        assert_eq!(clock.until(7011, asked + 10 * MS), None);
        assert_eq!(clock.until(7011, asked + FRESH), None);
        assert_eq!(clock.until(0, asked), None);
    }

    #[test]
    fn a_measurement_serves_for_a_second() {
        let asked = Instant::now();
        let clock = Clock::new((7, 0), asked);
        assert!(clock.is_fresh(asked) && clock.is_fresh(asked + 999 * MS));
        assert!(!clock.is_fresh(asked + FRESH));
    }

    #[test]
    fn an_absurd_time_ends_everything() {
        let asked = Instant::now();
        assert_eq!(Clock::new((u64::MAX, u64::MAX), asked).until(u64::MAX, asked + MS), None);
    }
}
