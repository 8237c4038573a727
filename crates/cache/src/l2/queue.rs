//! The invalidations that L2 has not confirmed. While one waits, this node believes nothing of L2 that it concerns.

use std::collections::HashMap;

use crate::{
    Invalidation,
    mutant::{Mutant, Mutants},
    sync::{AtomicUsize, Mutex, MutexGuard, Ordering, lock},
};

/// What an invalidation is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Target {
    Key(String),
    Tag(String),
    Everything,
}

impl Target {
    fn of(invalidation: &Invalidation) -> Self {
        match invalidation {
            Invalidation::Key { key, .. } => Self::Key(key.clone()),
            Invalidation::Tag { tag, .. } => Self::Tag(tag.clone()),
            Invalidation::Everything => Self::Everything,
        }
    }
}

/// One that waits. Each request for it draws a new ticket, so that the answer to an earlier attempt does not stand for a later request,
/// which may look the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Waiting {
    ticket: u64,
    pub(super) invalidation: Invalidation,
}

/// What waits, by cache. Bounded: beyond the limit all that waits for a cache becomes one [`Invalidation::Everything`].
#[derive(Debug)]
pub(super) struct Queue {
    limit: usize,
    mutants: Mutants,
    /// How many wait; nobody takes the lock to learn that nothing does.
    count: AtomicUsize,
    waiting: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_cache: HashMap<String, HashMap<Target, Waiting>>,
    last_ticket: u64,
    replaying: bool,
}

impl Queue {
    pub(super) fn new(limit: usize, mutants: Mutants) -> Self {
        Self { limit, mutants, count: AtomicUsize::new(0), waiting: Mutex::default() }
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Queues some, and answers what to take off the queue once L2 took them.
    pub(super) fn add(&self, cache: &str, invalidations: &[Invalidation]) -> Vec<Waiting> {
        let mut state = self.state();
        let mut added = Vec::with_capacity(invalidations.len());
        for invalidation in invalidations {
            let mut invalidation = invalidation.clone();
            let known = state.by_cache.get(cache).is_some_and(|waits| waits.contains_key(&Target::of(&invalidation)));
            if !known && self.count() >= self.limit {
                tracing::error!(
                    cache,
                    limit = self.limit,
                    "too many invalidations wait for L2; the whole cache is cleared there"
                );
                state.by_cache.remove(cache);
                invalidation = Invalidation::Everything;
            }
            state.last_ticket += 1;
            let waiting = Waiting { ticket: state.last_ticket, invalidation };
            added.push(waiting.clone());
            let waits = state.by_cache.entry(cache.to_owned()).or_default();
            waits.entry(Target::of(&waiting.invalidation)).and_modify(|known| known.join(&waiting)).or_insert(waiting);
            self.recount(&state);
        }
        added
    }

    /// Takes off what L2 took, unless it was asked for again meanwhile, or joined one of a higher version.
    pub(super) fn remove(&self, cache: &str, taken: &[Waiting]) {
        let mut state = self.state();
        if let Some(waits) = state.by_cache.get_mut(cache) {
            for one in taken {
                let target = Target::of(&one.invalidation);
                if waits.get(&target).is_some_and(|known| known == one) {
                    waits.remove(&target);
                }
            }
            if waits.is_empty() {
                state.by_cache.remove(cache);
            }
        }
        self.recount(&state);
    }

    /// Whether the caller is the one who repeats what waits.
    pub(super) fn begin_replay(&self) -> bool {
        let mut state = self.state();
        let begins = !state.by_cache.is_empty() && !state.replaying;
        state.replaying |= begins;
        begins
    }

    /// Some that wait for one cache; `None` ends the replay.
    pub(super) fn next_batch(&self, size: usize) -> Option<(String, Vec<Waiting>)> {
        let mut state = self.state();
        let batch = state.by_cache.iter().next();
        let batch = batch.map(|(cache, waits)| (cache.clone(), waits.values().take(size).cloned().collect()));
        state.replaying = batch.is_some();
        batch
    }

    /// Whether no invalidation of the key may be missing in L2.
    pub(super) fn believes(&self, cache: &str, key: &str) -> bool {
        self.has_none(cache, |waits| waits.contains_key(&Target::Key(key.to_owned())))
    }

    /// Whether no invalidation of the tags may be missing in L2.
    pub(super) fn believes_tags(&self, cache: &str, tags: &[String]) -> bool {
        self.has_none(cache, |waits| tags.iter().any(|tag| waits.contains_key(&Target::Tag(tag.clone()))))
    }

    fn has_none(&self, cache: &str, concerns: impl Fn(&HashMap<Target, Waiting>) -> bool) -> bool {
        if self.count() == 0 || self.mutants.has(Mutant::NoBypass) {
            return true;
        }
        let state = self.state();
        state.by_cache.get(cache).is_none_or(|waits| !waits.contains_key(&Target::Everything) && !concerns(waits))
    }

    fn recount(&self, state: &State) {
        self.count.store(state.by_cache.values().map(HashMap::len).sum(), Ordering::SeqCst);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.waiting)
    }
}

impl Waiting {
    /// Takes a later request for the same thing over. The highest version of a key wins; a change without a version beats all, because it
    /// drops unconditionally. Two changes of a tag become one without a number: L2 may know either of them, and not the other.
    fn join(&mut self, later: &Self) {
        self.ticket = later.ticket;
        match (&mut self.invalidation, &later.invalidation) {
            (Invalidation::Key { version: Some(known), .. }, Invalidation::Key { version: Some(new), .. })
                if *known >= *new => {}
            (Invalidation::Key { version: None, .. }, _) => {}
            (Invalidation::Tag { change: known, .. }, Invalidation::Tag { change: new, .. }) => {
                *known = known.filter(|known| Some(*known) == *new);
            }
            (known, new) => *known = new.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, version: Option<u64>) -> Invalidation {
        Invalidation::Key { key: name.into(), text: None, version, gone: false }
    }

    fn tag(name: &str, change: Option<u64>) -> Invalidation {
        Invalidation::Tag { tag: name.into(), change }
    }

    #[test]
    fn overflow_becomes_one_clear_of_that_cache_and_believes_nothing_until_it_is_taken() {
        let queue = Queue::new(3, Mutants::default());
        for name in ["a", "b", "c", "d"] {
            queue.add("products", &[key(name, None)]);
        }
        assert_eq!(queue.count(), 1);
        assert!(!queue.believes("products", "never asked for") && queue.believes("others", "a"));
        let (cache, batch) = queue.next_batch(10).expect("one waits");
        assert_eq!(batch.iter().map(|one| one.invalidation.clone()).collect::<Vec<_>>(), [Invalidation::Everything]);
        queue.remove(&cache, &batch);
        assert!(queue.believes("products", "a") && queue.next_batch(10).is_none());
    }

    #[test]
    fn the_answer_to_an_earlier_attempt_does_not_stand_for_a_later_request() {
        let queue = Queue::new(10, Mutants::default());
        let first = queue.add("products", &[key("a", Some(1))]);
        let second = queue.add("products", &[key("a", Some(1))]);
        queue.remove("products", &first);
        assert!(!queue.believes("products", "a"));
        queue.remove("products", &second);
        assert!(queue.believes("products", "a"));
    }

    #[test]
    fn what_l2_took_does_not_stand_for_the_higher_version_that_waits() {
        let queue = Queue::new(10, Mutants::default());
        queue.add("products", &[key("a", Some(10))]);
        let lower = queue.add("products", &[key("a", Some(5))]);
        queue.remove("products", &lower);
        assert_eq!(queue.next_batch(10).expect("it waits").1[0].invalidation, key("a", Some(10)));
    }

    #[test]
    fn the_highest_version_waits_and_one_without_a_version_beats_all() {
        let queue = Queue::new(10, Mutants::default());
        let waits = |queue: &Queue| queue.next_batch(10).expect("one waits").1[0].invalidation.clone();
        queue.add("products", &[key("a", Some(7)), key("a", Some(5))]);
        assert_eq!(waits(&queue), key("a", Some(7)));
        queue.add("products", &[key("a", None), key("a", Some(9))]);
        assert_eq!(waits(&queue), key("a", None));
    }

    #[test]
    fn a_tag_that_waits_concerns_only_what_carries_it() {
        let queue = Queue::new(10, Mutants::default());
        queue.add("products", &[tag("red", None)]);
        assert!(queue.believes("products", "a"));
        assert!(queue.believes_tags("products", &["blue".into()]));
        assert!(!queue.believes_tags("products", &["blue".into(), "red".into()]));
    }

    #[test]
    fn two_changes_of_a_tag_become_one_that_l2_cannot_know() {
        let queue = Queue::new(10, Mutants::default());
        let waits = |queue: &Queue| queue.next_batch(10).expect("one waits").1[0].invalidation.clone();
        queue.add("products", &[tag("red", Some(5)), tag("red", Some(5))]);
        assert_eq!(waits(&queue), tag("red", Some(5)));
        queue.add("products", &[tag("red", Some(6))]);
        assert_eq!(waits(&queue), tag("red", None));
    }
}
