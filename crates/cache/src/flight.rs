//! Single flight: who asks for a key while it is loaded waits for that load, if it started under the same fence.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use tokio::sync::{Notify, futures::Notified};

use crate::{
    CacheKey, CallOptions, Error, Source,
    entry::Entry,
    fence::Stamp,
    mutant::{Mutant, Mutants},
    sync::{AtomicBool, Mutex, MutexGuard, Ordering, lock},
    tags::TagStamp,
};

const SHARDS: usize = if cfg!(shuttle) { 1 } else { 64 };

/// What was noted before a call looked anywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Since {
    pub(crate) fence: Stamp,
    pub(crate) tags: TagStamp,
}

/// How a flight ended.
pub(crate) type Outcome<K, V> = Result<(Arc<Entry<K, V>>, Source), Error>;

/// What waiters know of a flight.
#[derive(Debug)]
pub(crate) struct Progress<K, V> {
    /// A value beyond its life that L2 had.
    pub(crate) stale: Option<Arc<Entry<K, V>>>,
    /// The load waits for a place in the budget.
    pub(crate) crowded: bool,
    pub(crate) outcome: Option<Outcome<K, V>>,
    /// The leader went away; without an outcome there will be none.
    pub(crate) abandoned: bool,
}

impl<K, V> Default for Progress<K, V> {
    fn default() -> Self {
        Self { stale: None, crowded: false, outcome: None, abandoned: false }
    }
}

impl<K, V> Clone for Progress<K, V> {
    fn clone(&self) -> Self {
        let Self { stale, crowded, outcome, abandoned } = self;
        Self { stale: stale.clone(), crowded: *crowded, outcome: outcome.clone(), abandoned: *abandoned }
    }
}

/// A load under way for one key.
#[derive(Debug)]
struct Flight<K, V> {
    since: Since,
    options: CallOptions,
    progress: Mutex<Progress<K, V>>,
    /// Wakes those who wait for news of the progress.
    news: Notify,
    /// The loader was called; what was written after that, it may not see.
    loading: AtomicBool,
    /// The key was invalidated, or another flight took its place.
    detached: AtomicBool,
}

type Shard<K, V> = HashMap<K, Arc<Flight<K, V>>>;

/// The loads under way, by key. Bounded by the loads themselves: each entry goes with its [`Lead`].
#[derive(Debug)]
pub(crate) struct Flights<K, V> {
    shards: Box<[Mutex<Shard<K, V>>]>,
    hasher: RandomState,
    mutants: Mutants,
}

/// What a caller got for a key: the lead of a new flight, or a place to wait.
#[derive(Debug)]
pub(crate) enum Place<K: CacheKey, V> {
    Lead(Lead<K, V>, Waiter<K, V>),
    Wait(Waiter<K, V>),
}

impl<K: CacheKey, V> Flights<K, V> {
    pub(crate) fn new(mutants: Mutants) -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new(), mutants }
    }

    /// Joins the flight of `key` if it started under the same fence and can satisfy the call; otherwise starts another, and the old one
    /// ends for its own waiters.
    pub(crate) fn enter(self: &Arc<Self>, key: &K, since: Since, options: CallOptions) -> Place<K, V> {
        let mut shard = self.shard(key);
        if let Some(flight) = shard.get(key) {
            let fits = flight.since.fence == since.fence && flight.satisfies(options);
            if fits || self.mutants.has(Mutant::JoinAnyFlight) {
                return Place::Wait(Waiter { flight: Arc::clone(flight) });
            }
            flight.detached.store(true, Ordering::SeqCst);
        }
        let flight = Arc::new(Flight {
            since,
            options,
            progress: Mutex::default(),
            news: Notify::new(),
            loading: AtomicBool::new(false),
            detached: AtomicBool::new(false),
        });
        shard.insert(key.clone(), Arc::clone(&flight));
        drop(shard);
        let waiter = Waiter { flight: Arc::clone(&flight) };
        let (key, flights) = (key.clone(), Arc::clone(self));
        let lead = Lead { key, since, options, flight, flights, has_left: false };
        Place::Lead(lead, waiter)
    }

    /// Takes the flight of `key` off the table; its own waiters still get its outcome.
    pub(crate) fn detach(&self, key: &K) {
        if self.mutants.has(Mutant::JoinAnyFlight) {
            return;
        }
        if let Some(flight) = self.shard(key).remove(key) {
            flight.detached.store(true, Ordering::SeqCst);
        }
    }

    /// Number of flights.
    pub(crate) fn count(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).expect("a shard number is small");
        lock(&self.shards[index])
    }
}

impl<K, V> Flight<K, V> {
    fn tell(&self, news: impl FnOnce(&mut Progress<K, V>)) {
        news(&mut lock(&self.progress));
        self.news.notify_waiters();
    }

    /// Whether the outcome will be one that a call with these options may take.
    fn satisfies(&self, wanted: CallOptions) -> bool {
        let past_l2 = !wanted.skip_l2 || self.options.skip_l2 || self.options.force_refresh;
        let forced = !wanted.force_refresh || (self.options.force_refresh && !self.loading.load(Ordering::SeqCst));
        past_l2 && forced
    }
}

/// The duty to end a flight. Dropped without an outcome, it leaves its waiters to begin anew.
#[derive(Debug)]
pub(crate) struct Lead<K: CacheKey, V> {
    pub(crate) key: K,
    pub(crate) since: Since,
    pub(crate) options: CallOptions,
    flight: Arc<Flight<K, V>>,
    flights: Arc<Flights<K, V>>,
    /// Off the table already.
    has_left: bool,
}

impl<K: CacheKey, V> Lead<K, V> {
    /// The loader is about to be called.
    pub(crate) fn loads(&self) {
        self.flight.loading.store(true, Ordering::SeqCst);
    }

    /// Shows the waiters a value beyond its life.
    pub(crate) fn offer(&self, stale: Arc<Entry<K, V>>) {
        self.flight.tell(|progress| progress.stale = Some(stale));
    }

    /// Whether the key was invalidated, or another flight took this one's place: then nothing of it is stored.
    pub(crate) fn is_detached(&self) -> bool {
        self.flight.detached.load(Ordering::SeqCst)
    }

    /// Tells the waiters that the load has to wait for others.
    pub(crate) fn is_crowded(&self) {
        self.flight.tell(|progress| progress.crowded = true);
    }

    /// Takes the flight off the table and hands the outcome to all waiters, in this order: who has seen an outcome and asks again must
    /// not join the flight that made it.
    pub(crate) fn end(mut self, outcome: Outcome<K, V>) {
        self.leave();
        self.flight.tell(|progress| progress.outcome = Some(outcome));
    }

    fn leave(&mut self) {
        if std::mem::replace(&mut self.has_left, true) {
            return;
        }
        let mut shard = self.flights.shard(&self.key);
        if shard.get(&self.key).is_some_and(|present| Arc::ptr_eq(present, &self.flight)) {
            shard.remove(&self.key);
        }
    }
}

impl<K: CacheKey, V> Drop for Lead<K, V> {
    fn drop(&mut self) {
        if !self.has_left {
            self.leave();
            self.flight.tell(|progress| progress.abandoned = true);
        }
    }
}

/// A place in a flight.
#[derive(Debug)]
pub(crate) struct Waiter<K, V> {
    flight: Arc<Flight<K, V>>,
}

impl<K, V> Waiter<K, V> {
    /// Ends when there is news after this call, whenever it is polled for the first time.
    pub(crate) fn news(&self) -> Notified<'_> {
        self.flight.news.notified()
    }

    /// What is known now.
    pub(crate) fn progress(&self) -> Progress<K, V> {
        lock(&self.flight.progress).clone()
    }

    /// Whether the key was invalidated since the flight started.
    pub(crate) fn is_detached(&self) -> bool {
        self.flight.detached.load(Ordering::SeqCst)
    }

    /// Whether no tag was invalidated between the start of the flight and that of the call.
    pub(crate) fn covers(&self, since: Since) -> bool {
        self.flight.since.tags.covers(since.tags)
    }
}
