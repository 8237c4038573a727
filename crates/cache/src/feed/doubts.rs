//! What was announced and L2 may not have taken: floors under versions, tags and caches in doubt, and a bar over everything.

use std::collections::HashMap;

use crate::{
    Identity, Invalidation,
    sync::{AtomicUsize, Mutex, MutexGuard, Ordering, lock},
};

/// From which version on L2 is believed about a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Floor {
    /// From any.
    None,
    /// From this one; what has none is not believed.
    Version(u64),
    /// Not at all.
    Everything,
}

/// What is in doubt, by cache. Bounded: beyond the limit the bar takes its place.
#[derive(Debug)]
pub(crate) struct Doubts {
    limit: usize,
    /// How many there are; nobody takes the lock to learn that there are none.
    count: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    by_cache: HashMap<String, OfCache>,
    /// The server that has taken what is not in doubt.
    server: Option<Identity>,
    /// L2 is not believed until changes up to here are taken.
    bar: Option<u64>,
    /// A server that may be believed once changes up to this number are taken by it.
    candidate: Option<(Identity, u64)>,
}

#[derive(Debug, Default)]
struct OfCache {
    keys: HashMap<String, Doubt>,
    tags: HashMap<String, u64>,
    /// The number of the change that concerns all of it.
    everything: Option<u64>,
}

#[derive(Debug, Clone, Copy)]
struct Doubt {
    version: Option<u64>,
    /// Number of the announced change.
    number: u64,
}

impl Doubts {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, count: AtomicUsize::new(0), state: Mutex::default() }
    }

    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    pub(super) fn server(&self) -> Option<Identity> {
        let state = self.state();
        state.server.filter(|_| state.bar.is_none())
    }

    pub(super) fn add(&self, cache: &str, invalidation: &Invalidation, number: u64) {
        let mut state = self.state();
        if self.count() >= self.limit {
            tracing::warn!(
                limit = self.limit,
                "L2 lags far behind what was announced; it is not believed until it has caught up"
            );
            let highest = state.by_cache.drain().filter_map(|(_, of_cache)| of_cache.highest()).max();
            state.bar = state.bar.max(highest).max(Some(number));
        }
        let of_cache = state.by_cache.entry(cache.to_owned()).or_default();
        match invalidation {
            Invalidation::Key { key, version, .. } => {
                let doubt = Doubt { version: *version, number };
                of_cache.keys.entry(key.clone()).and_modify(|known| known.join(doubt)).or_insert(doubt);
            }
            Invalidation::Tag { tag, .. } => {
                let known = of_cache.tags.entry(tag.clone()).or_insert(number);
                *known = number.max(*known);
            }
            Invalidation::Everything => of_cache.everything = of_cache.everything.max(Some(number)),
        }
        self.recount(&state);
    }

    /// L2 is not believed until changes up to `newest` are taken.
    pub(super) fn bar(&self, newest: u64) {
        let mut state = self.state();
        state.bar = state.bar.max(Some(newest));
    }

    pub(super) fn settle(&self, server: Identity, newest: u64, pending_from: Option<u64>) {
        let mut state = self.state();
        let taken = |number: u64| pending_from.is_none_or(|pending| number < pending);
        if state.server != Some(server) {
            // Of another server nothing is known: what was announced before now may be missing there.
            let up_to = match state.candidate {
                Some((candidate, up_to)) if candidate == server => up_to,
                _ => newest,
            };
            state.server = taken(up_to).then_some(server);
            state.candidate = (!taken(up_to)).then_some((server, up_to));
        }
        state.bar = state.bar.filter(|bar| !taken(*bar));
        if state.server.is_some() {
            for of_cache in state.by_cache.values_mut() {
                of_cache.keys.retain(|_, doubt| !taken(doubt.number));
                of_cache.tags.retain(|_, number| !taken(*number));
                of_cache.everything = of_cache.everything.filter(|number| !taken(*number));
            }
            state.by_cache.retain(|_, of_cache| of_cache.count() > 0);
        }
        self.recount(&state);
    }

    pub(super) fn floor(&self, cache: &str, key: &str) -> Floor {
        if self.count() == 0 {
            return Floor::None;
        }
        let state = self.state();
        let Some(of_cache) = state.by_cache.get(cache) else { return Floor::None };
        match of_cache.keys.get(key) {
            _ if of_cache.everything.is_some() => Floor::Everything,
            None => Floor::None,
            Some(Doubt { version: Some(version), .. }) => Floor::Version(*version),
            Some(Doubt { version: None, .. }) => Floor::Everything,
        }
    }

    pub(super) fn believes_tags(&self, cache: &str, tags: &[String]) -> bool {
        if self.count() == 0 {
            return true;
        }
        let state = self.state();
        state.by_cache.get(cache).is_none_or(|of_cache| {
            of_cache.everything.is_none() && tags.iter().all(|tag| !of_cache.tags.contains_key(tag))
        })
    }

    fn recount(&self, state: &State) {
        self.count.store(state.by_cache.values().map(OfCache::count).sum(), Ordering::SeqCst);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl OfCache {
    fn highest(&self) -> Option<u64> {
        let keys = self.keys.values().map(|doubt| doubt.number);
        keys.chain(self.tags.values().copied()).chain(self.everything).max()
    }

    fn count(&self) -> usize {
        self.keys.len() + self.tags.len() + usize::from(self.everything.is_some())
    }
}

impl Doubt {
    /// Takes another change of the same key in: the highest version counts, one without a version most; and it is settled when both are.
    fn join(&mut self, other: Self) {
        self.version = self.version.zip(other.version).map(|(known, new)| known.max(new));
        self.number = self.number.max(other.number);
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    const A: Identity = Identity([1; 16]);
    const B: Identity = Identity([2; 16]);

    fn key(version: Option<u64>) -> Invalidation {
        Invalidation::Key { key: "k".into(), text: None, version, gone: false }
    }

    fn settled() -> Doubts {
        let doubts = Doubts::new(3);
        doubts.settle(A, 0, None);
        doubts
    }

    #[test]
    fn a_floor_stands_until_its_change_was_taken() {
        let doubts = settled();
        doubts.add("c", &key(Some(7)), 10);
        doubts.add("c", &key(Some(5)), 12);
        assert_eq!(doubts.floor("c", "k"), Floor::Version(7));
        assert_eq!((doubts.floor("c", "other"), doubts.floor("d", "k")), (Floor::None, Floor::None));
        doubts.settle(A, 12, Some(12));
        assert_eq!(doubts.floor("c", "k"), Floor::Version(7), "one of both is pending");
        doubts.settle(A, 12, None);
        assert_eq!((doubts.floor("c", "k"), doubts.count()), (Floor::None, 0));
    }

    #[test]
    fn without_a_version_nothing_is_believed() {
        let doubts = settled();
        doubts.add("c", &key(Some(7)), 1);
        doubts.add("c", &key(None), 2);
        assert_eq!(doubts.floor("c", "k"), Floor::Everything);
        doubts.add("d", &Invalidation::Everything, 3);
        assert_eq!(doubts.floor("d", "any"), Floor::Everything);
        assert!(!doubts.believes_tags("d", &["any".into()]) && doubts.believes_tags("c", &["any".into()]));
    }

    #[test]
    fn a_tag_in_doubt_concerns_what_carries_it() {
        let doubts = settled();
        doubts.add("c", &Invalidation::Tag { tag: "red".into(), change: Some(1) }, 5);
        assert!(!doubts.believes_tags("c", &["blue".into(), "red".into()]));
        assert!(doubts.believes_tags("c", &["blue".into()]));
        doubts.settle(A, 9, Some(6));
        assert!(doubts.believes_tags("c", &["red".into()]));
    }

    #[test]
    fn another_server_is_believed_once_it_has_taken_what_was_announced_when_it_came() {
        let doubts = Doubts::new(3);
        assert_eq!(doubts.server(), None);
        doubts.settle(A, 9, Some(4));
        assert_eq!(doubts.server(), None);
        doubts.settle(A, 30, Some(9));
        assert_eq!(doubts.server(), None, "9 was announced before");
        doubts.settle(A, 30, Some(10));
        assert_eq!(doubts.server(), Some(A), "what came later has floors of its own");
        doubts.settle(B, 31, Some(31));
        assert_eq!(doubts.server(), None);
        doubts.settle(B, 40, Some(32));
        assert_eq!(doubts.server(), Some(B));
    }

    #[test]
    fn floors_stay_while_another_server_has_not_taken_them() {
        let doubts = settled();
        doubts.add("c", &key(Some(7)), 10);
        doubts.settle(B, 20, Some(11));
        assert_eq!(doubts.floor("c", "k"), Floor::Version(7));
    }

    #[test]
    fn too_many_doubts_bar_everything_until_they_are_settled() {
        let doubts = settled();
        for number in 1..=4 {
            doubts.add("c", &Invalidation::Tag { tag: number.to_string(), change: None }, number);
        }
        assert!(doubts.server().is_none() && doubts.count() <= 3);
        doubts.settle(A, 4, Some(4));
        assert_eq!(doubts.server(), None);
        doubts.settle(A, 4, None);
        assert_eq!(doubts.server(), Some(A));
    }
}
