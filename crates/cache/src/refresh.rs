//! Early refresh: the closer the end and the dearer the load, the likelier a read renews the entry before it ends.
//!
//! The method is XFetch, from Vattani, Chierichetti and Lowenstein, "Optimal Probabilistic Cache Stampede Prevention" (VLDB 2015).

use std::time::{Duration, Instant};

use crate::entry::Life;

/// −ln of the smallest positive number that a draw can be: no draw looks further ahead than so many times the cost.
const FURTHEST: f64 = 37.0;

/// Before this moment no draw can be due.
pub(crate) fn early_from(life: &Life, weight: f64) -> Instant {
    let window = Duration::try_from_secs_f64(life.cost.as_secs_f64() * weight * FURTHEST).unwrap_or(Duration::ZERO);
    life.fresh_until.checked_sub(window).unwrap_or(life.fresh_until)
}

/// Draws whether a read at `now` renews an entry: `now − cost × weight × ln(random) ≥ end`.
pub(crate) fn is_due(life: &Life, weight: f64, now: Instant) -> bool {
    let draw = 1.0 - fastrand::f64();
    let ahead = life.cost.as_secs_f64() * weight * -draw.ln();
    ahead >= life.fresh_until.saturating_duration_since(now).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn life(cost: Duration, left: Duration, now: Instant) -> Life {
        let end = now + left;
        Life { fresh_until: end, soft_until: end, stale_until: end, cost }
    }

    #[test]
    fn the_closer_the_end_the_likelier() {
        let now = Instant::now();
        let share = |left| {
            let life = life(Duration::from_millis(100), left, now);
            (0..20_000).filter(|_| is_due(&life, 1.0, now)).count()
        };
        // P(−cost ln(u) ≥ left) = e^(−left / cost).
        let (one, three) = (share(Duration::from_millis(100)), share(Duration::from_millis(300)));
        assert!((6_600..8_100).contains(&one), "{one} of 20,000, 7,358 expected");
        assert!((750..1_250).contains(&three), "{three} of 20,000, 996 expected");
        assert_eq!(share(Duration::from_millis(3_800)), 0);
    }

    #[test]
    fn nothing_is_due_before_the_window_and_without_weight() {
        let now = Instant::now();
        let life = life(Duration::from_millis(10), Duration::from_secs(1), now);
        assert_eq!(early_from(&life, 1.0), life.fresh_until - Duration::from_millis(370));
        assert_eq!(early_from(&life, 0.0), life.fresh_until);
        assert!(!is_due(&life, 0.0, now));
    }
}
