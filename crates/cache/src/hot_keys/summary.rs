//! The Space-Saving summary: the most frequent keys of a stream, in a fixed number of counters.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    sync::Arc,
};

/// How often one key was seen, at most; and by how much that may be too high.
#[derive(Debug, Clone, Copy)]
pub(super) struct Estimate {
    pub(super) count: u64,
    pub(super) error: u64,
    /// Tells counters of the same count apart, the older first.
    turn: u64,
}

/// The most frequent keys of a stream. A full summary gives the counter of its least frequent key to a new one, which inherits the count
/// as its possible error: so each key that makes up more than one part in `capacity` of the stream is present.
///
/// Metwally, Agrawal, El Abbadi: "Efficient Computation of Frequent and Top-k Elements in Data Streams", ICDT 2005. Ordered by a tree
/// where the paper links buckets: logarithmic in the capacity, and a third of the code.
#[derive(Debug)]
pub(super) struct Summary<K> {
    capacity: usize,
    halve_after: u64,
    estimates: HashMap<Arc<K>, Estimate>,
    /// The same keys by count and turn: the first is the next to go.
    order: BTreeMap<(u64, u64), Arc<K>>,
    turns: u64,
    /// Keys seen since the counts were last halved.
    weight: u64,
}

impl<K: Eq + Hash> Summary<K> {
    /// Keeps `capacity` keys; halves all counts each time that `halve_after` keys were seen, so that the past fades.
    pub(super) fn new(capacity: usize, halve_after: u64) -> Self {
        Self {
            capacity,
            halve_after,
            estimates: HashMap::with_capacity(capacity),
            order: BTreeMap::new(),
            turns: 0,
            weight: 0,
        }
    }

    /// Takes one key of the stream.
    pub(super) fn add(&mut self, key: Arc<K>) {
        let seen = match self.estimates.get(&key) {
            Some(&estimate) => {
                self.order.remove(&(estimate.count, estimate.turn));
                estimate
            }
            None => self.vacate(),
        };
        self.turns += 1;
        let estimate = Estimate { count: seen.count + 1, error: seen.error, turn: self.turns };
        self.order.insert((estimate.count, estimate.turn), Arc::clone(&key));
        self.estimates.insert(key, estimate);
        self.weight += 1;
        if self.weight >= self.halve_after {
            self.halve();
        }
    }

    /// The most frequent keys with their estimates, the most frequent first.
    pub(super) fn top(&self, n: usize) -> impl Iterator<Item = (&Arc<K>, Estimate)> {
        self.order.values().rev().take(n).map(|key| (key, self.estimates[key]))
    }

    /// Makes room for a new key: what it starts from.
    fn vacate(&mut self) -> Estimate {
        let fresh = Estimate { count: 0, error: 0, turn: 0 };
        if self.estimates.len() < self.capacity {
            return fresh;
        }
        let Some(((count, _), least)) = self.order.pop_first() else { return fresh };
        self.estimates.remove(&least);
        Estimate { count, error: count, turn: 0 }
    }

    /// Halves all counts. Rounded so that what was true stays true: half of the real count lies between `count - error` and `count`.
    fn halve(&mut self) {
        self.weight = 0;
        self.order.clear();
        for (key, estimate) in &mut self.estimates {
            let least = (estimate.count - estimate.error) / 2;
            estimate.count = estimate.count.div_ceil(2);
            estimate.error = estimate.count - least;
            self.order.insert((estimate.count, estimate.turn), Arc::clone(key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hot_keys::zipf::Zipf;

    const CAPACITY: usize = 512;

    #[test]
    fn most_of_the_true_top_is_found_and_every_estimate_brackets_the_truth() {
        let mut zipf = Zipf::new(10_000, 1.0, 1);
        let mut summary = Summary::new(CAPACITY, u64::MAX);
        let mut truth = vec![0_u64; 10_000];
        let stream = 200_000_u64;
        for _ in 0..stream {
            let key = zipf.draw();
            truth[key] += 1;
            summary.add(Arc::new(key));
        }
        let mut ranked: Vec<usize> = (0..truth.len()).collect();
        ranked.sort_by_key(|&key| std::cmp::Reverse(truth[key]));
        let found: Vec<usize> = summary.top(20).map(|(key, _)| **key).collect();
        let recalled = ranked[..20].iter().filter(|key| found.contains(key)).count();
        assert!(recalled >= 18, "{recalled} of the true top 20 were found");

        for (key, estimate) in summary.top(CAPACITY) {
            assert!(estimate.count >= truth[**key], "key {key}");
            assert!(estimate.count - estimate.error <= truth[**key], "key {key}");
            assert!(estimate.error <= stream / CAPACITY as u64, "key {key}");
        }
    }

    #[test]
    fn a_stream_of_different_keys_stays_within_capacity() {
        let mut summary = Summary::new(CAPACITY, 1_000);
        for key in 0..20_000_u32 {
            summary.add(Arc::new(key));
            assert!(summary.estimates.len() <= CAPACITY);
            assert_eq!(summary.estimates.len(), summary.order.len());
        }
        assert_eq!(summary.estimates.len(), CAPACITY);
    }

    #[test]
    fn halving_keeps_half_of_the_truth_between_the_bounds_and_lets_the_present_overtake() {
        let mut summary = Summary::new(2, 10);
        let before = ["past", "past", "past", "past", "past", "past", "other", "other", "present"];
        before.iter().for_each(|&key| summary.add(Arc::new(key)));
        let whole: Vec<_> = summary.top(2).map(|(key, e)| (**key, e.count, e.error)).collect();
        assert_eq!(whole, [("past", 6, 0), ("present", 3, 2)]);

        summary.add(Arc::new("past"));
        let halved: Vec<_> = summary.top(2).map(|(key, e)| (**key, e.count, e.error)).collect();
        assert_eq!(halved, [("past", 4, 1), ("present", 2, 2)], "3.5 and 0.5 lie between count - error and count");

        for _ in 0..3 {
            summary.add(Arc::new("present"));
        }
        assert_eq!(summary.top(1).map(|(key, _)| **key).collect::<Vec<_>>(), ["present"]);
    }

    #[test]
    fn a_new_key_takes_the_counter_of_the_least_frequent_one() {
        let mut summary = Summary::new(2, u64::MAX);
        for key in ["often", "often", "often", "seldom", "new"] {
            summary.add(Arc::new(key));
        }
        let kept: Vec<_> = summary.top(9).map(|(key, e)| (**key, e.count, e.error)).collect();
        assert_eq!(kept, [("often", 3, 0), ("new", 2, 1)]);
    }
}
