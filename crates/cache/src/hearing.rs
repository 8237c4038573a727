//! Until when what L1 holds is known to be right: the moment at which somebody was asked who answered "nothing else has changed".

use std::time::{Duration, Instant};

use crate::sync::{AtomicBool, AtomicU64, Ordering};

/// What a node has heard, and how long ago. A moment is that before the question was sent, never that of the answer: a pause in
/// between must not pass for news.
#[derive(Debug)]
pub(crate) struct Hearing {
    made_at: Instant,
    max_staleness: Duration,
    /// Nanoseconds from `made_at` to the last question that was answered, plus one; 0 before the first.
    confirmed: AtomicU64,
    /// Nobody can be asked at present.
    lost: AtomicBool,
}

impl Hearing {
    pub(crate) fn new(max_staleness: Duration, made_at: Instant) -> Self {
        Self { made_at, max_staleness, confirmed: AtomicU64::new(0), lost: AtomicBool::new(false) }
    }

    /// Whatever changed before `asked_at` was heard of.
    pub(crate) fn confirm(&self, asked_at: Instant) {
        let since = asked_at.saturating_duration_since(self.made_at).as_nanos();
        self.confirmed.fetch_max(u64::try_from(since).unwrap_or(u64::MAX - 1) + 1, Ordering::AcqRel);
        self.lost.store(false, Ordering::Release);
    }

    /// Nobody can be asked.
    pub(crate) fn lose(&self) {
        self.lost.store(true, Ordering::Release);
    }

    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }

    /// Up to which moment everything was heard of; `None` if nothing ever was.
    pub(crate) fn confirmed_at(&self) -> Option<Instant> {
        let confirmed = self.confirmed.load(Ordering::Acquire).checked_sub(1)?;
        Some(self.made_at + Duration::from_nanos(confirmed))
    }

    /// Whether the last confirmation is young enough at `now`.
    pub(crate) fn is_confirmed(&self, now: Instant) -> bool {
        self.confirmed_at().is_some_and(|confirmed| self.covers(confirmed, now))
    }

    /// Whether something that was right at `moment` may be shown at `now`.
    pub(crate) fn covers(&self, moment: Instant, now: Instant) -> bool {
        now.saturating_duration_since(moment) <= self.max_staleness
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_confirmation_counts_from_its_question_and_never_goes_back() {
        let start = Instant::now();
        let hearing = Hearing::new(SECOND, start);
        assert!(!hearing.is_confirmed(start));
        hearing.confirm(start + SECOND);
        hearing.confirm(start);
        assert!(hearing.is_confirmed(start + 2 * SECOND));
        assert!(!hearing.is_confirmed(start + 2 * SECOND + Duration::from_nanos(1)));
    }

    #[test]
    fn a_confirmation_ends_the_loss() {
        let hearing = Hearing::new(SECOND, Instant::now());
        hearing.lose();
        assert!(hearing.is_lost());
        hearing.confirm(Instant::now());
        assert!(!hearing.is_lost());
    }
}
