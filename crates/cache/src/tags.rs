//! Tags: each entry carries the generations of its tags, and invalidating a tag voids one generation.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use crate::{
    Nonce,
    sync::{AtomicBool, AtomicU64, Mutex, Ordering, lock},
};

/// One generation of one tag. Entries hold it, so that a hit asks no table.
#[derive(Debug)]
pub(crate) struct Generation {
    tag: Arc<str>,
    /// Since which change of the table this node knows that the tag was not invalidated.
    born: u64,
    /// The generation's name in L2, and at which change of the table it was learned.
    learned: OnceLock<Learned>,
    void: AtomicBool,
}

#[derive(Debug)]
struct Learned {
    nonce: Nonce,
    at_change: u64,
    /// When L2 was last asked and answered this nonce, in nanoseconds since the table was made.
    confirmed: AtomicU64,
}

impl Generation {
    fn new(tag: &Arc<str>, born: u64) -> Arc<Self> {
        Arc::new(Self { tag: Arc::clone(tag), born, learned: OnceLock::new(), void: AtomicBool::new(false) })
    }

    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    pub(crate) fn is_void(&self) -> bool {
        self.void.load(Ordering::Acquire)
    }

    /// The generation's name in L2, if it was known before a load that noted `since`.
    pub(crate) fn noted(&self, since: TagStamp) -> Option<Nonce> {
        self.learned.get().filter(|learned| learned.at_change <= since.change).map(|learned| learned.nonce)
    }

    fn end(&self) {
        self.void.store(true, Ordering::SeqCst);
    }
}

/// Whether none of the generations was voided.
pub(crate) fn hold(generations: &[Arc<Generation>]) -> bool {
    generations.iter().all(|generation| !generation.is_void())
}

/// Where the table stood at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TagStamp {
    change: u64,
    renewed: u64,
}

impl TagStamp {
    /// Whether no tag was invalidated between `self` and the later `reader`.
    pub(crate) fn covers(self, reader: Self) -> bool {
        reader.renewed <= self.change
    }
}

/// The generations of an entry of L2.
#[derive(Debug)]
pub(crate) struct Recognized {
    pub(crate) generations: Box<[Arc<Generation>]>,
    /// Until when they are known to be the present ones; `None` without tags.
    pub(crate) until: Option<Instant>,
}

/// The tags that this node knows. Bounded: beyond the limit all of them are voided, and the entries that carry them.
#[derive(Debug)]
pub(crate) struct Tags {
    /// Number of changes of the table so far.
    change: AtomicU64,
    /// The change at which a tag was last invalidated here.
    renewed: AtomicU64,
    /// By shard of L2, in each of which a tag has a generation of its own.
    known: Mutex<Vec<Known>>,
    limit: usize,
    made_at: Instant,
    /// How long a generation that was learned from L2 is taken for the present one.
    trust: Duration,
}

type Known = HashMap<Arc<str>, Arc<Generation>>;

impl Tags {
    pub(crate) fn new(shards: usize, limit: usize, trust: Duration, made_at: Instant) -> Self {
        let known = Mutex::new(vec![Known::new(); shards]);
        Self { change: AtomicU64::new(0), renewed: AtomicU64::new(0), known, limit, made_at, trust }
    }

    /// Notes the table before anything is looked at.
    pub(crate) fn note(&self) -> TagStamp {
        // In this order: an invalidation in between must not make a stamp that does not cover itself.
        let renewed = self.renewed.load(Ordering::SeqCst);
        TagStamp { change: self.change.load(Ordering::SeqCst), renewed }
    }

    /// The generations of `tags` that a value loaded since `since` carries in its shard. `None`: one of them may have been invalidated
    /// meanwhile.
    pub(crate) fn attach(&self, shard: usize, tags: &[String], since: TagStamp) -> Option<Box<[Arc<Generation>]>> {
        if tags.is_empty() {
            return Some(Box::default());
        }
        let mut known = lock(&self.known);
        let (renewed, now) = (self.renewed.load(Ordering::SeqCst), self.change.load(Ordering::SeqCst));
        let mut attached = Vec::with_capacity(tags.len());
        for tag in tags {
            attached.push(match known[shard].get(tag.as_str()) {
                Some(generation) => Arc::clone(generation),
                // Nothing at all was invalidated since: nor was this tag.
                None if renewed <= since.change => self.add(&mut known, shard, tag, renewed),
                // From now on it is known: the next load is not hindered by what happens to other tags.
                None => self.add(&mut known, shard, tag, now),
            });
        }
        let covered = attached.iter().all(|generation| generation.born <= since.change);
        covered.then(|| attached.into())
    }

    /// The generations that an entry of L2 carries, if each is known to be the present one, and until when that is known.
    pub(crate) fn recognize(
        &self,
        shard: usize,
        tags: &[String],
        nonces: &[Nonce],
        now: Instant,
    ) -> Option<Recognized> {
        if tags.len() != nonces.len() {
            return None;
        }
        let mut recognized = Recognized { generations: Box::default(), until: None };
        if tags.is_empty() {
            return Some(recognized);
        }
        let known = lock(&self.known);
        let mut generations = Vec::with_capacity(tags.len());
        for (tag, nonce) in tags.iter().zip(nonces) {
            let generation = known[shard].get(tag.as_str())?;
            let learned = generation.learned.get().filter(|learned| learned.nonce == *nonce)?;
            let until = self.made_at + Duration::from_nanos(learned.confirmed.load(Ordering::Relaxed)) + self.trust;
            if now >= until {
                return None;
            }
            recognized.until = Some(recognized.until.map_or(until, |earlier| earlier.min(until)));
            generations.push(Arc::clone(generation));
        }
        recognized.generations = generations.into();
        Some(recognized)
    }

    /// Takes in what L2 says of a tag. `since` was noted before it was asked: if a tag was invalidated here meanwhile, the answer may
    /// be older than that, and nothing is learned.
    pub(crate) fn learn(&self, (shard, tag): (usize, &str), nonce: Option<Nonce>, since: TagStamp, asked_at: Instant) {
        let mut known = lock(&self.known);
        if self.renewed.load(Ordering::SeqCst) > since.change {
            return;
        }
        let confirmed = u64::try_from(asked_at.saturating_duration_since(self.made_at).as_nanos()).unwrap_or(u64::MAX);
        let present = known[shard].get(tag).map(Arc::clone);
        if let (Some(generation), Some(nonce)) = (&present, nonce) {
            let learned = generation.learned.get_or_init(|| self.learned(nonce, confirmed));
            if learned.nonce == nonce {
                learned.confirmed.fetch_max(confirmed, Ordering::Relaxed);
                return;
            }
        }
        // It was invalidated elsewhere, or L2 has lost it: what carries it is not believed, nor what is being loaded at the moment.
        let was_known = present.is_some();
        if let Some(generation) = present {
            known[shard].remove(tag);
            generation.end();
        }
        if let Some(nonce) = nonce {
            let learned = self.learned(nonce, confirmed);
            let born = if was_known { learned.at_change } else { self.renewed.load(Ordering::SeqCst) };
            let generation = self.add(&mut known, shard, tag, born);
            generation.learned.set(learned).ok();
        }
    }

    /// Under the lock: a change of the table, at which a nonce was learned.
    fn learned(&self, nonce: Nonce, confirmed: u64) -> Learned {
        let at_change = self.change.fetch_add(1, Ordering::SeqCst) + 1;
        Learned { nonce, at_change, confirmed: AtomicU64::new(confirmed) }
    }

    /// Voids the present generation of a tag, and with it every entry that carries it.
    pub(crate) fn renew(&self, tag: &str) {
        let mut known = lock(&self.known);
        let change = self.change.fetch_add(1, Ordering::SeqCst) + 1;
        self.renewed.store(change, Ordering::SeqCst);
        for known in known.iter_mut() {
            // It stays known, so that a load that begins after this is not hindered by what happens to other tags.
            if let Some(generation) = known.get_mut(tag) {
                std::mem::replace(generation, Generation::new(&generation.tag, change)).end();
            }
        }
    }

    /// Voids all generations: any of the tags may have been invalidated.
    pub(crate) fn forget(&self) {
        let mut known = lock(&self.known);
        let change = self.change.fetch_add(1, Ordering::SeqCst) + 1;
        self.renewed.store(change, Ordering::SeqCst);
        known.iter_mut().flat_map(Known::drain).for_each(|(_, generation)| generation.end());
    }

    fn add(&self, known: &mut [Known], shard: usize, tag: &str, born: u64) -> Arc<Generation> {
        if known.iter().map(Known::len).sum::<usize>() >= self.limit && !known[shard].contains_key(tag) {
            tracing::warn!(
                limit = self.limit,
                "too many tags; all of them are forgotten, with the entries that carry them"
            );
            known.iter_mut().flat_map(Known::drain).for_each(|(_, generation)| generation.end());
        }
        let tag: Arc<str> = tag.into();
        let generation = Generation::new(&tag, born);
        known[shard].insert(tag, Arc::clone(&generation));
        generation
    }
}

#[cfg(all(test, not(shuttle)))]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_covers_itself_whatever_is_invalidated_meanwhile() {
        let tags = Tags::new(1, 10, Duration::from_secs(1), Instant::now());
        std::thread::scope(|scope| {
            let renewing = scope.spawn(|| (0..300_000).for_each(|_| tags.renew("red")));
            while !renewing.is_finished() {
                let stamp = tags.note();
                assert!(stamp.covers(stamp), "{stamp:?}");
            }
        });
    }
}
