//! The tables of what was just measured, for who keeps nothing of it.

use std::fmt::Write as _;

use super::tables;
use crate::{plan::TURNS, results::Results};

/// The tables of all scenes that have figures.
pub(crate) fn excerpt(results: &Results) -> String {
    let mut text = String::new();
    for turns in TURNS {
        if let Some(measured) = results.turns.get(turns.name) {
            // Writing to a string cannot fail.
            write!(text, "\n## {}\n\n", tables::capitalized(turns.title)).unwrap_or_default();
            text.push_str(&tables::turns(measured));
        }
    }
    text.push_str(&tables::latency(results));
    text.push_str(&tables::demand(results));
    text.push_str(&tables::rest(results));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        plan::System,
        results::{Demand, RedisLost},
    };

    #[test]
    fn only_what_was_measured_is_shown() {
        assert_eq!(excerpt(&Results::default()), "");
        let lost = RedisLost { before: 4.0, after: 3.0, back: 2.0, failed: 0 };
        let demand = Demand { systems: vec![(System::Uncached, vec![(1_000.0, 999.0)])] };
        let results = Results { redis_lost: Some(vec![lost]), demand: Some(demand), ..Results::default() };
        let text = excerpt(&results);
        assert!(
            text.contains("| Larder, no cache | 1,000 | 999 | 0.1 % |") && text.contains("| 1 | 4 | 3 | "),
            "{text}"
        );
        assert!(!text.contains("Latency"), "{text}");
    }
}
