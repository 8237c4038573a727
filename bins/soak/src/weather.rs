//! When each node was in trouble of which it may tell its clients, and when it was not.

use std::time::Duration;

use crate::history::Moment;

/// How long after the end of a trouble a node may still answer with errors, or with marked values.
///
/// Connections have to be made anew (a black hole is noticed by a deadline), and waiting requests answered.
pub const ALLOWANCE: Duration = Duration::from_secs(4);

/// The troubles of one node: its own absence, and anything between it and the database.
#[derive(Clone, Debug, Default)]
pub struct Weather {
    past: Vec<(Moment, Moment)>,
    /// Since when, and how many troubles overlap.
    present: Option<(Moment, u32)>,
}

impl Weather {
    /// A trouble begins.
    pub fn worsen(&mut self, now: Moment) {
        let (since, count) = self.present.unwrap_or((now, 0));
        self.present = Some((since, count + 1));
    }

    /// A trouble ends.
    pub fn improve(&mut self, now: Moment) {
        match self.present.take() {
            Some((since, 1)) => self.past.push((since, now)),
            Some((since, count)) => self.present = Some((since, count - 1)),
            None => {}
        }
    }

    /// Whether no trouble touched the time from `asked` to `answered`, nor the [`ALLOWANCE`] before it.
    #[must_use]
    pub fn was_fair(&self, asked: Moment, answered: Moment) -> bool {
        let past = self.past.iter().rev().any(|(from, to)| *from <= answered && asked <= *to + ALLOWANCE);
        let present = self.present.is_some_and(|(since, _)| since <= answered);
        !past && !present
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Moment {
        Duration::from_secs(seconds)
    }

    #[test]
    fn trouble_counts_from_its_beginning_to_the_end_of_the_allowance() {
        let mut weather = Weather::default();
        assert!(weather.was_fair(s(0), s(100)));
        weather.worsen(s(10));
        assert!(weather.was_fair(s(8), s(9)));
        assert!(!weather.was_fair(s(9), s(10)));
        weather.improve(s(12));
        assert!(!weather.was_fair(s(12) + ALLOWANCE, s(30)));
        assert!(weather.was_fair(s(13) + ALLOWANCE, s(30)));
    }

    #[test]
    fn of_two_troubles_the_last_end_counts() {
        let mut weather = Weather::default();
        weather.worsen(s(10));
        weather.worsen(s(11));
        weather.improve(s(12));
        assert!(!weather.was_fair(s(50), s(51)));
        weather.improve(s(60));
        assert!(weather.was_fair(s(70), s(71)));
    }
}
