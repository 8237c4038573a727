//! Single flight: who asks for a key while it is loaded waits for that load, if it started under the same fence.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::watch;

use crate::{CacheKey, Error, ErrorKind, Lookup, fence::Stamp};

const SHARDS: usize = 64;

type Outcome<V> = Option<Result<Lookup<V>, Error>>;
type Shard<K, V> = HashMap<K, Arc<Flight<V>>>;

/// A load under way for one key.
#[derive(Debug)]
struct Flight<V> {
    stamp: Stamp,
    outcome: watch::Receiver<Outcome<V>>,
}

/// The loads under way, by key. Bounded by the loads themselves: each entry goes with its [`Lead`].
#[derive(Debug)]
pub(crate) struct Flights<K, V> {
    shards: Box<[Mutex<Shard<K, V>>]>,
    hasher: RandomState,
}

/// What a caller got for a key: the lead of a new flight, or a place to wait.
#[derive(Debug)]
pub(crate) enum Place<K: CacheKey, V> {
    Lead(Lead<K, V>, Waiter<V>),
    Wait(Waiter<V>),
}

impl<K: CacheKey, V: Clone> Flights<K, V> {
    pub(crate) fn new() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), hasher: RandomState::new() }
    }

    /// Joins the flight of `key` if it started under the same fence; otherwise starts another, and the old one ends for its own
    /// waiters.
    pub(crate) fn enter(self: &Arc<Self>, key: &K, stamp: Stamp) -> Place<K, V> {
        let mut shard = self.shard(key);
        if let Some(flight) = shard.get(key).filter(|flight| flight.stamp == stamp) {
            return Place::Wait(Waiter(flight.outcome.clone()));
        }
        let (sender, outcome) = watch::channel(None);
        let flight = Arc::new(Flight { stamp, outcome: outcome.clone() });
        shard.insert(key.clone(), Arc::clone(&flight));
        let lead = Lead { key: key.clone(), stamp, flight, sender, outcome: None, flights: Arc::clone(self) };
        Place::Lead(lead, Waiter(outcome))
    }

    /// Takes the flight of `key` off the table; its own waiters still get its outcome.
    pub(crate) fn detach(&self, key: &K) {
        self.shard(key).remove(key);
    }

    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        let index = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).expect("a shard number is small");
        // No code that can panic runs under the lock, so that a poisoned table is as good as any.
        self.shards[index].lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to end a flight. Dropped without an outcome, it ends the flight with [`ErrorKind::LoaderPanicked`].
#[derive(Debug)]
pub(crate) struct Lead<K: CacheKey, V> {
    pub(crate) key: K,
    pub(crate) stamp: Stamp,
    flight: Arc<Flight<V>>,
    sender: watch::Sender<Outcome<V>>,
    outcome: Outcome<V>,
    flights: Arc<Flights<K, V>>,
}

impl<K: CacheKey, V> Lead<K, V> {
    /// Takes the flight off the table and hands the outcome to all waiters, in this order: who has seen an outcome and asks again must
    /// not join the flight that made it.
    pub(crate) fn end(mut self, outcome: Result<Lookup<V>, Error>) {
        self.outcome = Some(outcome);
    }
}

impl<K: CacheKey, V> Drop for Lead<K, V> {
    fn drop(&mut self) {
        let index = usize::try_from(self.flights.hasher.hash_one(&self.key) % SHARDS as u64).expect("small");
        let mut shard = self.flights.shards[index].lock().unwrap_or_else(PoisonError::into_inner);
        if shard.get(&self.key).is_some_and(|present| Arc::ptr_eq(present, &self.flight)) {
            shard.remove(&self.key);
        }
        drop(shard);
        if let Some(outcome) = self.outcome.take() {
            self.sender.send_replace(Some(outcome));
        }
    }
}

/// A place in a flight.
#[derive(Debug)]
pub(crate) struct Waiter<V>(watch::Receiver<Outcome<V>>);

impl<V: Clone> Waiter<V> {
    /// The outcome of the flight.
    pub(crate) async fn outcome(mut self) -> Result<Lookup<V>, Error> {
        match self.0.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(Error::new(ErrorKind::LoaderPanicked))),
            // The leader's task ended without an outcome: it panicked, or its runtime is shutting down.
            Err(_closed) => Err(Error::new(ErrorKind::LoaderPanicked)),
        }
    }
}
