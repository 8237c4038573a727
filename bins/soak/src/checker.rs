//! Judges answers against the history: pure, so that each kind of violation can be shown to be found.

use std::{collections::BTreeSet, fmt, time::Duration};

use crate::{
    history::{History, Moment, Seen, State, Ticket},
    weather::Weather,
};

/// Violations that are told in full, of all kinds and of one; all are counted.
const TOLD: usize = 10;
const TOLD_OF_A_KIND: usize = 4;

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An answer older than the bound.
    Stale,
    /// A session was shown something older than its own write.
    Back,
    /// When all was quiet, a node still had something else than the database.
    Lost,
    /// An error, or no answer, although nothing was wrong that excuses it.
    Failed,
}

/// A question to a node, with its times, and what the answer said about itself.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// Which node, from 0.
    pub node: usize,
    /// Just before the question was sent.
    pub asked: Moment,
    /// When the whole answer had arrived.
    pub answered: Moment,
    /// Whether `Cache-Status` says that the answer is stale or unconfirmed.
    pub is_marked: bool,
}

/// What a session may expect of a product that only it changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// At least this version.
    Version(i64),
    /// That it is gone.
    Gone,
}

/// Counts over a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answers to questions.
    pub reads: u64,
    /// Statements about products that were held against the history.
    pub checked: u64,
    /// Answers that said themselves that they may be old.
    pub marked: u64,
    /// [`Kind::Stale`].
    pub stale: u64,
    /// [`Kind::Back`].
    pub back: u64,
    /// [`Kind::Lost`].
    pub lost: u64,
    /// [`Kind::Failed`].
    pub failed: u64,
    /// Questions and writes without an answer, or with an error, that a fault excuses.
    pub excused: u64,
    /// Changes that were committed.
    pub writes: u64,
    /// The oldest unmarked answer.
    pub max_lag: Duration,
}

impl Tally {
    /// All violations.
    #[must_use]
    pub fn violations(&self) -> u64 {
        self.stale + self.back + self.lost + self.failed
    }
}

/// The history, the weather at each node, and what was found.
#[derive(Debug)]
pub struct Checker {
    /// What was committed.
    pub history: History,
    /// By node.
    pub weather: Vec<Weather>,
    /// Counts so far.
    pub tally: Tally,
    /// The first violations, told.
    pub told: Vec<(Kind, String)>,
    /// How often everything was removed, by whoever: what a session wrote before is gone then.
    pub truncations: u32,
    bound: Duration,
}

impl Checker {
    /// A checker for `nodes` nodes that may be `bound` behind.
    #[must_use]
    pub fn new(nodes: usize, bound: Duration) -> Self {
        Self {
            history: History::default(),
            weather: vec![Weather::default(); nodes],
            tally: Tally::default(),
            told: Vec::new(),
            truncations: 0,
            bound,
        }
    }

    /// Counts an answer; what it says of products comes besides.
    pub fn answer(&mut self, question: &Asked) {
        self.tally.reads += 1;
        self.tally.marked += u64::from(question.is_marked);
    }

    /// An answer showed `product` in a version, or its absence.
    pub fn product(&mut self, question: &Asked, product: i64, seen: Seen<'_>) {
        self.judge(question, product, seen);
        if let Seen::Version(version) = seen {
            self.history.witness(product, version, question.answered);
        }
    }

    /// An answer was the whole list of `category`: ids and versions.
    pub fn list(&mut self, question: &Asked, category: &str, listed: &[(i64, i64)]) {
        for (product, version) in listed {
            self.judge(question, *product, Seen::Listed(category));
            self.product(question, *product, Seen::Version(*version));
        }
        for product in self.history.members(category) {
            if !listed.iter().any(|(id, _)| *id == product) {
                self.judge(question, product, Seen::Unlisted(category));
            }
        }
    }

    /// An answer to a session that carries the token of its last write of `product`.
    pub fn session(&mut self, question: &Asked, product: i64, floor: Floor, seen: Seen<'_>) {
        let is_old = match (floor, seen) {
            (Floor::Version(floor), Seen::Version(seen)) => seen < floor,
            (Floor::Version(_), Seen::Absent | Seen::Unlisted(_))
            | (Floor::Gone, Seen::Version(_) | Seen::Listed(_)) => true,
            (Floor::Version(_), Seen::Listed(_)) | (Floor::Gone, Seen::Absent | Seen::Unlisted(_)) => false,
        };
        self.tally.checked += 1;
        if is_old {
            self.violation(Kind::Back, question, product, format_args!("wrote {floor:?}, was shown {seen:?}"));
        }
    }

    /// Everything is about to be removed; the caller ends the tickets, one for each product that there is or was.
    pub fn begin_truncation(&mut self) -> Vec<(i64, Ticket)> {
        self.truncations += 1;
        let products: Vec<i64> = self.history.products().collect();
        products.into_iter().map(|product| (product, self.history.begin(product, State::Gone))).collect()
    }

    /// A question, or a write, ended with a server error or without an answer.
    pub fn failure(&mut self, question: &Asked, what: &str) {
        if self.weather[question.node].was_fair(question.asked, question.answered) {
            if self.count(Kind::Failed) {
                self.tell(Kind::Failed, question, format_args!("{what}"));
            }
        } else {
            self.tally.excused += 1;
        }
    }

    /// At a quiet point `node` showed a version (or absence) of `product`, and the database has `truth`.
    pub fn quiet(&mut self, question: &Asked, product: i64, seen: Option<i64>, truth: Option<i64>) {
        self.tally.checked += 1;
        if seen != truth {
            self.violation(Kind::Lost, question, product, format_args!("shows {seen:?}, the database has {truth:?}"));
        }
    }

    /// At a quiet point `node` listed other products of `category` than the database.
    pub fn quiet_list(&mut self, question: &Asked, category: &str, listed: &BTreeSet<i64>, truth: &BTreeSet<i64>) {
        self.tally.checked += 1;
        if listed != truth && self.count(Kind::Lost) {
            self.tell(
                Kind::Lost,
                question,
                format_args!("list {category}: shows {listed:?}, the database has {truth:?}"),
            );
        }
    }

    fn judge(&mut self, question: &Asked, product: i64, seen: Seen<'_>) {
        self.tally.checked += 1;
        let lag = self.history.lag(product, seen, question.asked);
        let weather = &self.weather[question.node];
        if question.is_marked && !weather.was_fair(question.asked, question.answered) {
            return;
        }
        if !question.is_marked {
            self.tally.max_lag = self.tally.max_lag.max(lag);
        }
        if lag > self.bound {
            let behind = lag.as_millis();
            let mark = if question.is_marked { "marked " } else { "" };
            self.violation(Kind::Stale, question, product, format_args!("{mark}{seen:?} is {behind} ms behind"));
        }
    }

    fn violation(&mut self, kind: Kind, question: &Asked, product: i64, what: fmt::Arguments<'_>) {
        if self.count(kind) {
            let history = self.history.tell(product);
            self.tell(kind, question, format_args!("product {product}: {what}; history: {history}"));
        }
    }

    /// Counts a violation, and answers whether it is among those that are told.
    fn count(&mut self, kind: Kind) -> bool {
        let count = match kind {
            Kind::Stale => &mut self.tally.stale,
            Kind::Back => &mut self.tally.back,
            Kind::Lost => &mut self.tally.lost,
            Kind::Failed => &mut self.tally.failed,
        };
        *count += 1;
        let of_a_kind = self.told.iter().filter(|(told, _)| *told == kind).count();
        self.told.len() < TOLD && of_a_kind < TOLD_OF_A_KIND
    }

    fn tell(&mut self, kind: Kind, question: &Asked, what: fmt::Arguments<'_>) {
        let (asked, answered) = (question.asked.as_secs_f64(), question.answered.as_secs_f64());
        let node = question.node;
        self.told.push((kind, format!("node {node} asked {asked:.3}s answered {answered:.3}s: {what}")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::State;

    const P: i64 = 7;
    const BOUND: Duration = Duration::from_secs(1);

    fn ms(ms: u64) -> Moment {
        Duration::from_millis(ms)
    }

    fn asked(at: u64) -> Asked {
        Asked { node: 0, asked: ms(at), answered: ms(at + 5), is_marked: false }
    }

    fn marked(at: u64) -> Asked {
        Asked { is_marked: true, ..asked(at) }
    }

    /// Version 1 from the beginning, version 2 acknowledged at one second.
    fn checker() -> Checker {
        let mut checker = Checker::new(1, BOUND);
        checker.history.commit(P, 1, State::In("tea".into()), ms(0));
        checker.history.commit(P, 2, State::In("tea".into()), ms(1_000));
        checker
    }

    #[test]
    fn a_right_history_passes() {
        let mut checker = checker();
        checker.product(&asked(900), P, Seen::Version(1));
        checker.product(&asked(2_000), P, Seen::Version(1));
        checker.product(&asked(2_001), P, Seen::Version(2));
        checker.product(&asked(9_000), P, Seen::Version(3));
        checker.list(&asked(9_100), "tea", &[(P, 3)]);
        checker.session(&asked(9_200), P, Floor::Version(2), Seen::Version(3));
        checker.quiet(&asked(9_300), P, Some(3), Some(3));
        assert_eq!((checker.tally.violations(), checker.tally.max_lag), (0, BOUND), "{:?}", checker.told);
    }

    #[test]
    fn one_millisecond_beyond_the_bound_is_stale() {
        let mut checker = checker();
        checker.product(&asked(2_001), P, Seen::Version(1));
        assert_eq!((checker.tally.stale, checker.tally.violations()), (1, 1));
        assert!(checker.told[0].1.contains("1001 ms behind"), "{:?}", checker.told);
    }

    #[test]
    fn absence_of_what_is_there_is_stale() {
        let mut checker = checker();
        checker.product(&asked(5_000), P, Seen::Absent);
        assert_eq!(checker.tally.stale, 1);
    }

    #[test]
    fn a_list_without_its_member_is_stale_and_so_is_one_with_a_removed_member() {
        let mut checker = checker();
        checker.list(&asked(5_000), "tea", &[]);
        assert_eq!(checker.tally.stale, 1);
        checker.history.commit(P, 2, State::Gone, ms(5_000));
        checker.list(&asked(5_500), "tea", &[(P, 2)]);
        assert_eq!(checker.tally.stale, 1);
        checker.list(&asked(6_001), "tea", &[(P, 2)]);
        // Listed, and shown in a version that was removed.
        assert_eq!(checker.tally.stale, 3);
    }

    #[test]
    fn a_marked_answer_may_be_old_in_foul_weather_only() {
        let mut checker = checker();
        checker.weather[0].worsen(ms(4_000));
        checker.product(&marked(5_000), P, Seen::Version(1));
        assert_eq!((checker.tally.violations(), checker.tally.max_lag), (0, ms(0)));
        checker.product(&asked(5_000), P, Seen::Version(1));
        assert_eq!(checker.tally.stale, 1);
        checker.weather[0].improve(ms(6_000));
        checker.product(&marked(60_000), P, Seen::Version(1));
        assert_eq!(checker.tally.stale, 2);
    }

    #[test]
    fn a_session_that_is_taken_back_is_found() {
        let mut checker = checker();
        checker.session(&asked(0), P, Floor::Version(2), Seen::Version(1));
        checker.session(&asked(0), P, Floor::Version(2), Seen::Absent);
        checker.session(&asked(0), P, Floor::Version(2), Seen::Unlisted("tea"));
        checker.session(&asked(0), P, Floor::Gone, Seen::Version(2));
        checker.session(&asked(0), P, Floor::Gone, Seen::Listed("tea"));
        assert_eq!((checker.tally.back, checker.tally.violations()), (5, 5));
    }

    #[test]
    fn a_difference_when_all_is_quiet_is_lost() {
        let mut checker = checker();
        checker.quiet(&asked(9_000), P, Some(1), Some(2));
        checker.quiet(&asked(9_000), P, None, Some(2));
        checker.quiet(&asked(9_000), P, Some(2), None);
        checker.quiet_list(&asked(9_000), "tea", &BTreeSet::new(), &BTreeSet::from([P]));
        assert_eq!((checker.tally.lost, checker.tally.violations()), (4, 4));
    }

    #[test]
    fn an_error_is_excused_in_foul_weather_only() {
        let mut checker = checker();
        checker.failure(&asked(100), "503");
        assert_eq!((checker.tally.failed, checker.tally.excused), (1, 0));
        checker.weather[0].worsen(ms(200));
        checker.failure(&asked(300), "503");
        assert_eq!((checker.tally.failed, checker.tally.excused), (1, 1));
    }

    #[test]
    fn only_the_first_violations_are_told() {
        let mut checker = checker();
        for _ in 0..100 {
            checker.product(&asked(5_000), P, Seen::Version(1));
        }
        assert_eq!((checker.tally.stale, checker.told.len()), (100, TOLD_OF_A_KIND));
    }
}
