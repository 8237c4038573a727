//! What was committed when, product by product, and how far behind it an answer was.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    time::Duration,
};

/// A time on the monotonic clock of this process, counted from the start of the run.
pub type Moment = Duration;

/// Changes of one product that are kept; an answer that is older than all of them is stale by the oldest.
const KEPT: usize = 128;

/// What a change left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// The product is there, in this category.
    In(String),
    /// The product is there; an answer showed a version whose writer does not know yet, or never will, that it was committed.
    Somewhere,
    /// The product is not there.
    Gone,
}

/// What an answer said of one product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen<'a> {
    /// The product, in this version.
    Version(i64),
    /// There is no such product.
    Absent,
    /// The product, in the list of this category.
    Listed(&'a str),
    /// Not in the list of this category.
    Unlisted(&'a str),
}

/// The place of a change among the changes of its product. A removal follows the version that it removed.
type Rank = (i64, bool);

#[derive(Clone, Debug)]
struct Change {
    state: State,
    /// When it was known to be committed: its writer had the acknowledgment, or a reader the answer.
    committed: Moment,
}

/// The changes of one product.
#[derive(Clone, Debug, Default)]
struct Line {
    changes: BTreeMap<Rank, Change>,
    /// Changes that may be committed at any time, by ticket: under way, or ended without a clear answer.
    open: HashMap<u64, State>,
}

/// A change that is under way.
#[derive(Debug)]
#[must_use = "a change stays possible until it is said to have failed"]
pub struct Ticket {
    product: i64,
    number: u64,
}

/// The changes of all products.
#[derive(Debug, Default)]
pub struct History {
    lines: HashMap<i64, Line>,
    /// Which products are in a category by the newest change that is known.
    members: HashMap<String, BTreeSet<i64>>,
    tickets: u64,
}

impl History {
    /// Notes that a writer is about to change `product` so that it has `state`.
    pub fn begin(&mut self, product: i64, state: State) -> Ticket {
        self.tickets += 1;
        self.lines.entry(product).or_default().open.insert(self.tickets, state);
        Ticket { product, number: self.tickets }
    }

    /// Takes back what certainly did not and will not happen, or was committed under a rank noted with [`commit`](Self::commit).
    pub fn end(&mut self, ticket: &Ticket) {
        if let Some(line) = self.lines.get_mut(&ticket.product) {
            line.open.remove(&ticket.number);
        }
    }

    /// Notes a change that was acknowledged at `committed`. For a removal, `version` is the one that was removed.
    pub fn commit(&mut self, product: i64, version: i64, state: State, committed: Moment) {
        let line = self.lines.entry(product).or_default();
        let rank = (version, state == State::Gone);
        let change = line.changes.entry(rank).or_insert_with(|| Change { state: State::Somewhere, committed });
        change.state = state;
        change.committed = change.committed.min(committed);
        while line.changes.len() > KEPT {
            line.changes.pop_first();
        }
        self.list(product);
    }

    /// Ends what was left open, when nothing can be committed any more: `truth` is what the database had at `at`.
    pub fn settle(&mut self, truth: &BTreeMap<i64, (i64, String)>, at: Moment) {
        let unclear = self.lines.iter().filter(|(_, line)| !line.open.is_empty());
        let unclear: Vec<i64> = unclear.map(|(product, _)| *product).collect();
        for product in unclear {
            match truth.get(&product) {
                Some((version, category)) => self.commit(product, *version, State::In(category.clone()), at),
                None => self.commit(product, self.last_version(product), State::Gone, at),
            }
            self.lines.entry(product).or_default().open.clear();
        }
    }

    /// Notes that an answer received at `at` showed `version`: from then on it is committed, whoever wrote it.
    pub fn witness(&mut self, product: i64, version: i64, at: Moment) {
        let Some(line) = self.lines.get_mut(&product) else { return };
        if line.changes.last_key_value().is_some_and(|(rank, _)| rank.0 < version) {
            line.changes.insert((version, false), Change { state: State::Somewhere, committed: at });
        }
    }

    /// The last version of `product` that is known.
    #[must_use]
    pub fn last_version(&self, product: i64) -> i64 {
        let last = self.lines.get(&product).and_then(|line| line.changes.last_key_value());
        last.map_or(0, |(rank, _)| rank.0)
    }

    /// All products of which something is known.
    pub fn products(&self) -> impl Iterator<Item = i64> + '_ {
        self.lines.keys().copied()
    }

    /// The highest id of which something is known.
    #[must_use]
    pub fn newest_product(&self) -> i64 {
        self.lines.keys().copied().max().unwrap_or(0)
    }

    /// Products that are in `category` by the newest change that is known: others are rightly missing in its list.
    #[must_use]
    pub fn members(&self, category: &str) -> Vec<i64> {
        self.members.get(category).into_iter().flatten().copied().collect()
    }

    /// By how much an answer to a question sent at `asked` is older than what had been committed by then: zero if it is not.
    ///
    /// Products of which nothing is known are right, whatever is said of them.
    #[must_use]
    pub fn lag(&self, product: i64, seen: Seen<'_>, asked: Moment) -> Duration {
        let Some(line) = self.lines.get(&product) else { return Duration::ZERO };
        if line.open.values().any(|state| seen.may_show(state)) {
            return Duration::ZERO;
        }
        let shown = match seen {
            Seen::Version(version) => Some((version, false)),
            _ => line.changes.iter().rev().find(|(_, change)| seen.may_show(&change.state)).map(|(rank, _)| *rank),
        };
        let later = line.changes.iter().rev().take_while(|(rank, _)| shown.is_none_or(|shown| **rank > shown));
        let overtaken = later.map(|(_, change)| change.committed).min();
        overtaken.map_or(Duration::ZERO, |overtaken| asked.saturating_sub(overtaken))
    }

    /// The last changes of `product`, for whoever has to understand a violation.
    #[must_use]
    pub fn tell(&self, product: i64) -> String {
        let Some(line) = self.lines.get(&product) else { return "no history".to_owned() };
        let changes = line.changes.iter().rev().take(6).map(|((version, _), change)| {
            format!("v{version} {} by {:.3}s", change.state, change.committed.as_secs_f64())
        });
        let open = line.open.values().map(|state| format!("perhaps {state}"));
        changes.chain(open).collect::<Vec<_>>().join(", ")
    }

    /// Puts `product` into the one list that its newest change belongs to.
    fn list(&mut self, product: i64) {
        let newest = self.lines.get(&product).and_then(|line| line.changes.last_key_value());
        let Some((_, Change { state, .. })) = newest else { return };
        for members in self.members.values_mut() {
            members.remove(&product);
        }
        if let State::In(category) = state {
            self.members.entry(category.clone()).or_default().insert(product);
        }
    }
}

impl Seen<'_> {
    /// Whether an answer that says this may come from a database with `state`.
    fn may_show(self, state: &State) -> bool {
        match (self, state) {
            // A version stands for itself: its rank decides.
            (Self::Version(_), _) => false,
            (Self::Absent, state) => *state == State::Gone,
            (Self::Listed(_) | Self::Unlisted(_), State::Somewhere) => true,
            (Self::Listed(list), State::In(category)) => list == category,
            (Self::Listed(_), State::Gone) => false,
            (Self::Unlisted(list), State::In(category)) => list != category,
            (Self::Unlisted(_), State::Gone) => true,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::In(category) => write!(f, "in {category}"),
            Self::Somewhere => f.write_str("there"),
            Self::Gone => f.write_str("gone"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: i64 = 7;

    fn ms(ms: u64) -> Moment {
        Duration::from_millis(ms)
    }

    fn tea() -> State {
        State::In("tea".into())
    }

    fn updated_at(times: &[(i64, u64)]) -> History {
        let mut history = History::default();
        for (version, at) in times {
            history.commit(P, *version, tea(), ms(*at));
        }
        history
    }

    #[test]
    fn the_newest_version_never_lags() {
        let history = updated_at(&[(1, 0), (2, 100)]);
        assert_eq!(history.lag(P, Seen::Version(2), ms(9_000)), ms(0));
        assert_eq!(history.lag(P, Seen::Version(3), ms(9_000)), ms(0));
    }

    #[test]
    fn an_old_version_lags_since_it_was_first_overtaken() {
        let history = updated_at(&[(1, 0), (2, 100), (3, 400)]);
        assert_eq!(history.lag(P, Seen::Version(1), ms(500)), ms(400));
        assert_eq!(history.lag(P, Seen::Version(2), ms(500)), ms(100));
        assert_eq!(history.lag(P, Seen::Version(1), ms(100)), ms(0));
    }

    #[test]
    fn a_removed_product_lags_and_a_removed_one_made_again_does_not() {
        let mut history = updated_at(&[(1, 0)]);
        history.commit(P, 1, State::Gone, ms(100));
        assert_eq!(history.lag(P, Seen::Version(1), ms(300)), ms(200));
        assert_eq!(history.lag(P, Seen::Absent, ms(300)), ms(0));
        history.commit(P, 5, tea(), ms(200));
        assert_eq!(history.lag(P, Seen::Absent, ms(300)), ms(100));
        assert_eq!(history.lag(P, Seen::Version(5), ms(300)), ms(0));
        assert_eq!(history.lag(P, Seen::Version(1), ms(300)), ms(200));
    }

    #[test]
    fn absence_of_what_was_always_there_lags_since_the_beginning() {
        assert_eq!(updated_at(&[(1, 0)]).lag(P, Seen::Absent, ms(300)), ms(300));
    }

    #[test]
    fn lists_lag_by_what_moved_in_or_out() {
        let mut history = updated_at(&[(1, 0)]);
        history.commit(P, 2, State::In("coffee".into()), ms(100));
        assert_eq!(history.lag(P, Seen::Listed("tea"), ms(250)), ms(150));
        assert_eq!(history.lag(P, Seen::Unlisted("tea"), ms(250)), ms(0));
        assert_eq!(history.lag(P, Seen::Unlisted("coffee"), ms(250)), ms(150));
        assert_eq!(history.lag(P, Seen::Listed("coffee"), ms(250)), ms(0));
    }

    #[test]
    fn a_list_has_those_whose_newest_change_put_them_there() {
        let mut history = updated_at(&[(1, 0)]);
        history.commit(P, 3, State::In("coffee".into()), ms(100));
        history.commit(P, 2, tea(), ms(110));
        assert_eq!((history.members("tea"), history.members("coffee")), (vec![], vec![P]));
        history.commit(P, 3, State::Gone, ms(120));
        assert_eq!(history.members("coffee"), [0; 0]);
    }

    #[test]
    fn a_change_under_way_may_be_seen_or_not_until_it_failed() {
        let mut history = updated_at(&[(1, 0)]);
        let removal = history.begin(P, State::Gone);
        assert_eq!(history.lag(P, Seen::Absent, ms(300)), ms(0));
        assert_eq!(history.lag(P, Seen::Version(1), ms(300)), ms(0));
        history.end(&removal);
        assert_eq!(history.lag(P, Seen::Absent, ms(300)), ms(300));
    }

    #[test]
    fn what_stayed_open_is_settled_by_what_the_database_has() {
        let mut history = updated_at(&[(1, 0)]);
        let _removal = history.begin(P, State::Gone);
        history.settle(&BTreeMap::from([(P, (1, "tea".to_owned()))]), ms(200));
        assert_eq!(history.lag(P, Seen::Absent, ms(300)), ms(300));
        let _removal = history.begin(P, State::Gone);
        history.settle(&BTreeMap::new(), ms(200));
        assert_eq!(history.lag(P, Seen::Version(1), ms(300)), ms(100));
    }

    #[test]
    fn what_one_reader_saw_is_committed_for_the_next() {
        let mut history = updated_at(&[(1, 0)]);
        history.witness(P, 2, ms(100));
        assert_eq!(history.lag(P, Seen::Version(1), ms(150)), ms(50));
        // The acknowledgment comes later than the first reader.
        history.commit(P, 2, State::In("coffee".into()), ms(140));
        assert_eq!(history.lag(P, Seen::Listed("tea"), ms(150)), ms(50));
    }

    #[test]
    fn a_late_report_does_not_reorder_changes() {
        let mut history = updated_at(&[(1, 0)]);
        history.commit(P, 2, State::Gone, ms(120));
        history.commit(P, 2, tea(), ms(130));
        assert_eq!(history.lag(P, Seen::Absent, ms(500)), ms(0));
        assert_eq!(history.lag(P, Seen::Version(2), ms(500)), ms(380));
    }
}
