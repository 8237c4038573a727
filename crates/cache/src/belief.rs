//! What this node believes: of L2, about a key or a tag, and of what it has itself.

use std::time::Instant;

use crate::{CacheKey, Held, L2, core::Core, entry::Entry, feed::Floor, key::RemoteKey, mutant::Mutant};

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    /// From which version on L2 is believed about a key, noted before it is asked; `None` if it must not be asked. The answer is judged by
    /// [`Self::believes_held`].
    pub(crate) fn note_floor(&self, l2: &L2, remote: &RemoteKey) -> Option<Floor> {
        if !l2.believes(&self.name, remote.name()) {
            return None;
        }
        let Some(feed) = &self.feed else { return Some(Floor::None) };
        // While nobody says what has changed, nobody says what L2 has missed; unless nobody can be asked, and nothing be loaded either.
        let hears = feed.hearing().is_lost() || feed.hearing().is_confirmed(self.now());
        let trusted = feed.believed_server().is_some() || self.mutants.has(Mutant::AnyServer);
        let floor = feed.floor(&self.name, remote.name(), self.mutants);
        (hears && trusted && floor != Floor::Everything).then_some(floor)
    }

    /// Whether what L2 holds for a key may be believed: it comes from the server that this node listens to and that has taken what was
    /// announced, and it is not from before a change that was in doubt when L2 was asked, or is now. L2 may have answered before it took the
    /// change, and taken it before the answer is judged.
    pub(crate) fn believes_held(&self, remote: &RemoteKey, noted: Floor, held: &Held, version: Option<u64>) -> bool {
        let Some(l2) = &self.l2 else { return false };
        if !l2.believes_server(self.shard_of(remote), held.server) {
            return false;
        }
        let Some(feed) = &self.feed else { return true };
        if feed.believed_server() != l2.server() && !self.mutants.has(Mutant::AnyServer) {
            return false;
        }
        [noted, feed.floor(&self.name, remote.name(), self.mutants)].into_iter().all(|floor| match floor {
            Floor::None => true,
            Floor::Version(floor) => version.is_some_and(|version| version >= floor),
            Floor::Everything => false,
        })
    }

    /// Whether L2 may be believed about what carries these tags.
    pub(crate) fn believes_tags(&self, l2: &L2, tags: &[String]) -> bool {
        let announced = || self.feed.as_ref().is_none_or(|feed| feed.believes_tags(&self.name, tags, self.mutants));
        tags.is_empty() || l2.believes_tags(&self.name, tags) && announced()
    }

    /// The shard of a key in L2.
    pub(crate) fn shard_of(&self, remote: &RemoteKey) -> usize {
        self.l2.as_ref().map_or(0, |l2| l2.shard_of(&self.name, remote.name()))
    }

    /// Whether an entry that is handed out now was right within the bound.
    pub(crate) fn is_confirmed(&self, entry: &Entry<K, V>, now: Instant) -> bool {
        self.local.is_confirmed(entry, now)
    }

    /// Whether what L1 has must do, although it is unconfirmed: the source cannot be asked, so nothing can be loaded.
    pub(crate) fn must_do(&self) -> bool {
        self.feed.as_ref().is_some_and(|feed| feed.hearing().is_lost())
    }

    /// Whether this node hears at least what others tell through L2.
    pub(crate) fn hears_l2(&self, now: Instant) -> bool {
        self.l2.as_ref().and_then(L2::hearing).is_some_and(|hearing| hearing.is_confirmed(now))
    }

    /// Whether L2 itself says what is right, because no feed knows better.
    pub(crate) fn trusts_l2(&self) -> bool {
        self.feed.is_none()
    }
}
