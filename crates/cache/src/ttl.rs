//! Lifetimes with jitter that stays inside its bounds.

use std::time::Duration;

/// Shortens `ttl` by a random share of at most `jitter` (0 to 1), so that entries made together do not end together.
///
/// The result lies between `ttl × (1 − jitter)` and `ttl`, and is never below one millisecond.
pub(crate) fn jittered(ttl: Duration, jitter: f64) -> Duration {
    ttl.mul_f64(1.0 - jitter * fastrand::f64()).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jitter_stays_inside_its_bounds() {
        let ttl = Duration::from_millis(1_000);
        for _ in 0..10_000 {
            let life = jittered(ttl, 0.1);
            assert!(life >= Duration::from_millis(900) && life <= ttl, "{life:?}");
        }
        assert_eq!(jittered(ttl, 0.0), ttl);
    }
}
