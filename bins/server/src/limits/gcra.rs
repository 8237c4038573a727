//! The generic cell rate algorithm (ITU-T I.371, virtual scheduling), over a clock of nanoseconds.

use std::time::Duration;

use super::clock::Nanos;

/// So many cells at once, and then one each interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quota {
    interval: u64,
    burst: u32,
}

/// What is left to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    /// Cells that may come at once.
    pub(crate) cells: u32,
    /// Until all of the burst may come again.
    pub(crate) whole_in: Duration,
}

impl Quota {
    /// `cells` in each `per`, both above zero, and `burst` at once.
    pub(crate) fn new(cells: u32, per: Duration, burst: u32) -> Self {
        let per = u64::try_from(per.as_nanos()).unwrap_or(u64::MAX);
        Self { interval: (per / u64::from(cells.max(1))).max(1), burst: burst.max(1) }
    }

    /// Cells that may come at once.
    pub(crate) fn burst(self) -> u32 {
        self.burst
    }

    /// From one cell to the next.
    pub(crate) fn interval(self) -> Duration {
        Duration::from_nanos(self.interval)
    }

    /// How long somebody who used all of the burst waits until he may again.
    pub(crate) fn window(self) -> Duration {
        Duration::from_nanos(self.depth())
    }

    /// Takes one cell of somebody whose cells are paid for until `due`, which moves on.
    ///
    /// # Errors
    /// How long to wait for it; then nothing is taken.
    pub(crate) fn take(self, due: &mut Nanos, now: Nanos) -> Result<Room, Duration> {
        let next = (*due).max(now).saturating_add(self.interval);
        let early = next.saturating_sub(now).saturating_sub(self.depth());
        if early > 0 {
            return Err(Duration::from_nanos(early));
        }
        *due = next;
        Ok(self.room(next, now))
    }

    /// What is left to somebody whose cells are paid for until `due`.
    pub(crate) fn room(self, due: Nanos, now: Nanos) -> Room {
        let owed = due.saturating_sub(now);
        let free = self.depth().saturating_sub(owed) / self.interval;
        Room { cells: u32::try_from(free).unwrap_or(u32::MAX), whole_in: Duration::from_nanos(owed) }
    }

    fn depth(self) -> u64 {
        self.interval.saturating_mul(u64::from(self.burst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEN_A_SECOND: Duration = Duration::from_secs(1);

    fn millis(count: u64) -> Nanos {
        count * 1_000_000
    }

    #[test]
    fn a_burst_passes_then_one_cell_each_interval() {
        let quota = Quota::new(10, TEN_A_SECOND, 3);
        let mut due = 0;
        let left: Vec<_> = (0..3).map(|_| quota.take(&mut due, millis(50)).map(|room| room.cells)).collect();
        assert_eq!(left, [Ok(2), Ok(1), Ok(0)]);
        assert_eq!(quota.take(&mut due, millis(50)), Err(Duration::from_millis(100)));
        assert_eq!(quota.take(&mut due, millis(149)), Err(Duration::from_millis(1)));
        let room = quota.take(&mut due, millis(150)).expect("a cell");
        assert_eq!((room.cells, room.whole_in), (0, Duration::from_millis(300)));
        assert_eq!(quota.room(due, millis(10_000)).cells, 3, "never more than the burst");
    }

    #[test]
    fn no_span_admits_more_than_burst_and_rate() {
        let quota = Quota::new(7, TEN_A_SECOND, 5);
        let mut random = fastrand::Rng::with_seed(7);
        let (mut due, mut now, mut taken) = (0, millis(1), Vec::new());
        for _ in 0..20_000 {
            now += random.u64(0..millis(80));
            taken.extend(quota.take(&mut due, now).map(|_| now));
        }
        for (first, start) in taken.iter().enumerate().step_by(97) {
            for (last, end) in taken.iter().enumerate().skip(first).take(500) {
                let most = 5 + (end - start) / quota.interval;
                assert!((last - first + 1) as u64 <= most, "{first} to {last}");
            }
        }
        let span = now / quota.interval;
        assert!(taken.len() as u64 > span * 9 / 10, "and the rate is given: {} of {span}", taken.len());
    }

    #[test]
    fn extreme_quotas_do_not_overflow() {
        for quota in [Quota::new(u32::MAX, Duration::from_secs(1), u32::MAX), Quota::new(1, Duration::MAX, u32::MAX)] {
            let mut due = u64::MAX - 1;
            assert!(quota.take(&mut due, u64::MAX).is_ok());
            assert!(quota.window() > Duration::ZERO);
        }
    }
}
