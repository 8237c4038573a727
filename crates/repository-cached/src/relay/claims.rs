//! How often a relay may make its own server the current one: two relays that see different servers must not take turns for ever.

use std::time::{Duration, Instant};

const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(16);

/// The claims of one relay. Each one makes the pause before the next longer, unless it held for a while.
#[derive(Debug, Default)]
pub(super) struct Claims {
    last: Option<(Instant, Duration)>,
}

impl Claims {
    pub(super) fn may_claim(&self, now: Instant) -> bool {
        self.last.is_none_or(|(at, pause)| now >= at + pause)
    }

    pub(super) fn claimed(&mut self, now: Instant) {
        let pause = match self.last {
            Some((at, pause)) if now < at + 4 * pause => (2 * pause).min(LONGEST),
            _ => SHORTEST,
        };
        self.last = Some((now, pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_that_do_not_hold_come_ever_more_seldom() {
        let (mut claims, mut now) = (Claims::default(), Instant::now());
        let mut made = 0;
        for _ in 0..600 {
            if claims.may_claim(now) {
                claims.claimed(now);
                made += 1;
            }
            now += Duration::from_millis(100);
        }
        assert!(made <= 9, "{made} claims in a minute");
    }

    #[test]
    fn a_claim_that_held_is_forgotten() {
        let (mut claims, now) = (Claims::default(), Instant::now());
        claims.claimed(now);
        claims.claimed(now + SHORTEST);
        let later = now + Duration::from_mins(1);
        claims.claimed(later);
        assert!(claims.may_claim(later + SHORTEST));
    }
}
