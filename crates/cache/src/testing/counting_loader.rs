//! A source of rows that counts how often it is asked, and waits, fails, panics or hangs when told.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    future::{Future, pending},
    hash::Hash,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::gate::{Barrier, Gate, interleave};
use crate::Loaded;

/// What a [`CountingLoader`] fails with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source of the test is broken")]
pub struct LoadFailed;

/// How the loads of a [`CountingLoader`] go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoaderFault {
    /// An error.
    Fail,
    /// A panic.
    Panic,
    /// No answer ever.
    Hang,
}

/// Rows in memory and loaders over them. Clones are the same source.
pub struct CountingLoader<K, V> {
    source: Arc<Mutex<Source<K, V>>>,
}

struct Source<K, V> {
    rows: HashMap<K, Loaded<V>>,
    asked: Vec<Vec<K>>,
    fault: Option<LoaderFault>,
    before: VecDeque<Barrier>,
    after: VecDeque<Barrier>,
}

type Loading<T> = Pin<Box<dyn Future<Output = Result<T, LoadFailed>> + Send>>;

impl<K: Clone + Eq + Hash + Send + 'static, V: Clone + Send + 'static> CountingLoader<K, V> {
    /// A source of these rows.
    pub fn new<O: Into<Loaded<V>>>(rows: impl IntoIterator<Item = (K, O)>) -> Self {
        let rows = rows.into_iter().map(|(key, row)| (key, row.into())).collect();
        let source = Source { rows, asked: Vec::new(), fault: None, before: VecDeque::new(), after: VecDeque::new() };
        Self { source: Arc::new(Mutex::new(source)) }
    }

    /// Writes a row; the cache does not hear of it.
    pub fn set(&self, key: K, row: impl Into<Loaded<V>>) {
        self.source().rows.insert(key, row.into());
    }

    /// Removes a row; the cache does not hear of it.
    pub fn remove(&self, key: &K) {
        self.source().rows.remove(key);
    }

    /// From now on, loads go wrong, or right again.
    pub fn set_fault(&self, fault: Option<LoaderFault>) {
        self.source().fault = fault;
    }

    /// Holds the next load before it reads.
    pub fn hold_before(&self) -> Gate {
        let (gate, barrier) = Gate::new();
        self.source().before.push_back(barrier);
        gate
    }

    /// Holds the answer of the next load; it has read.
    pub fn hold_answer(&self) -> Gate {
        let (gate, barrier) = Gate::new();
        self.source().after.push_back(barrier);
        gate
    }

    /// How often it was asked; a batch counts once.
    pub fn calls(&self) -> usize {
        self.source().asked.len()
    }

    /// The keys of each call, in order.
    pub fn asked(&self) -> Vec<Vec<K>> {
        self.source().asked.clone()
    }

    /// A loader of one key, for `get_or_load`.
    pub fn load(&self, key: K) -> impl FnOnce() -> Loading<Loaded<V>> + Send + use<K, V> {
        let this = self.clone();
        move || {
            Box::pin(async move {
                let mut found = this.answer(vec![key.clone()]).await?;
                Ok(found.remove(&key).unwrap_or_else(Loaded::absent))
            })
        }
    }

    /// A loader of many keys, for `get_or_load_many`.
    pub fn load_many(&self) -> impl Fn(Vec<K>) -> Loading<HashMap<K, Loaded<V>>> + Send + Sync + use<K, V> {
        let this = self.clone();
        move |keys| {
            let this = this.clone();
            Box::pin(async move { this.answer(keys).await })
        }
    }

    async fn answer(self, keys: Vec<K>) -> Result<HashMap<K, Loaded<V>>, LoadFailed> {
        let (before, after, fault) = {
            let mut source = self.source();
            source.asked.push(keys.clone());
            (source.before.pop_front(), source.after.pop_front(), source.fault)
        };
        if let Some(barrier) = before {
            barrier.pass().await;
        }
        interleave().await;
        let found = {
            let source = self.source();
            keys.into_iter().filter_map(|key| Some((key.clone(), source.rows.get(&key)?.clone()))).collect()
        };
        interleave().await;
        if let Some(barrier) = after {
            barrier.pass().await;
        }
        match fault {
            None => Ok(found),
            Some(LoaderFault::Fail) => Err(LoadFailed),
            Some(LoaderFault::Panic) => std::panic::resume_unwind(Box::new("the loader of the test panics")),
            Some(LoaderFault::Hang) => pending().await,
        }
    }

    fn source(&self) -> MutexGuard<'_, Source<K, V>> {
        self.source.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Clone for CountingLoader<K, V> {
    fn clone(&self) -> Self {
        Self { source: Arc::clone(&self.source) }
    }
}

impl<K, V> fmt::Debug for CountingLoader<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CountingLoader").finish_non_exhaustive()
    }
}
