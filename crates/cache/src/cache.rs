//! The cache as callers see it: hits are answered here, misses go to a flight.

use std::{
    collections::HashMap,
    error::Error as StdError,
    fmt,
    future::Future,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{runtime::Handle, sync::Semaphore};

use crate::{
    CacheBuilder, CacheKey, CacheOptions, Codec, Error, Invalidation, Loaded, Lookup, Source,
    flight::{Flights, Place, Waiter},
    key::RemoteKey,
    load::BatchLoader,
    local::Local,
    recovery::Upstream,
};

/// A read-through cache of two levels. Cheap to clone; clones are the same cache.
///
/// # Consistency
/// A value read before an invalidation is visible to no read that starts after that invalidation returned here: not by joining a
/// load under way, not through a fill, not through L2.
///
/// # Cancellation
/// Loads run in tasks of their own: a caller that goes away changes nothing for those who wait with it.
pub struct Cache<K: CacheKey, V> {
    core: Arc<Core<K, V>>,
}

/// What clones share.
pub(crate) struct Core<K: CacheKey, V> {
    pub(crate) name: String,
    pub(crate) options: CacheOptions,
    pub(crate) local: Local<K, V>,
    pub(crate) flights: Arc<Flights<K, V>>,
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) codec: Arc<dyn Codec<V>>,
    pub(crate) budget: Semaphore,
    pub(crate) runtime: Handle,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Cache<K, V> {
    /// Begins to build a cache. The name is the first part of its keys in L2.
    pub fn builder(name: &str) -> CacheBuilder<V> {
        CacheBuilder::new(name)
    }

    pub(crate) fn from_core(core: Core<K, V>) -> Self {
        Self { core: Arc::new(core) }
    }

    /// The value of `key` from L1, else L2, else `load`. Concurrent callers share one load.
    ///
    /// # Errors
    /// When the loader fails, panics, is not done by the load deadline, or gets no place within the budget.
    pub async fn get_or_load<F, R, E>(&self, key: &K, load: F) -> Result<Lookup<V>, Error>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        if let Some(entry) = self.core.local.get(key) {
            return Ok(Lookup { value: entry.value.clone(), source: Source::L1 });
        }
        Box::pin(self.miss(key, load)).await
    }

    async fn miss<F, R, E>(&self, key: &K, load: F) -> Result<Lookup<V>, Error>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        let stamp = self.core.local.note(key);
        let waiter = match self.core.flights.enter(key, stamp) {
            Place::Wait(waiter) => waiter,
            Place::Lead(lead, waiter) => {
                let task = Arc::clone(&self.core).lead(vec![lead], single(key.clone(), load));
                self.core.runtime.spawn(task);
                waiter
            }
        };
        waiter.outcome().await
    }

    /// The values of `keys`, in their order. What neither level has is loaded in one call; keys that other calls load at this moment
    /// are waited for. What the loader's answer lacks is absent.
    ///
    /// # Errors
    /// As [`Self::get_or_load`]; one failed key fails the call.
    pub async fn get_or_load_many<F, R, E>(&self, keys: &[K], load: F) -> Result<Vec<Lookup<V>>, Error>
    where
        F: Fn(Vec<K>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<HashMap<K, Loaded<V>>, E>> + Send + 'static,
        E: StdError + Send + Sync + 'static,
    {
        let mut answers: Vec<Option<Lookup<V>>> = Vec::with_capacity(keys.len());
        let mut waiters: Vec<(usize, Waiter<V>)> = Vec::new();
        let mut leads = Vec::new();
        for (position, key) in keys.iter().enumerate() {
            let hit = self.core.local.get(key);
            if hit.is_none() {
                let waiter = match self.core.flights.enter(key, self.core.local.note(key)) {
                    Place::Wait(waiter) => waiter,
                    Place::Lead(lead, waiter) => {
                        leads.push(lead);
                        waiter
                    }
                };
                waiters.push((position, waiter));
            }
            answers.push(hit.map(|entry| Lookup { value: entry.value.clone(), source: Source::L1 }));
        }
        if !leads.is_empty() {
            let task = Arc::clone(&self.core).lead(leads, batch(load));
            self.core.runtime.spawn(task);
        }
        for (position, waiter) in waiters {
            answers[position] = Some(waiter.outcome().await?);
        }
        Ok(answers.into_iter().flatten().collect())
    }

    /// Forgets a key in both levels. `version` is that of the change, if rows have one; `gone` tells that the row was removed.
    ///
    /// When this returns, no read that starts here sees an older value. If L2 cannot be told, the key is kept out of L2 on this
    /// node until it was.
    ///
    /// # Cancellation
    /// Runs in a task of its own: once it was polled, a caller that goes away changes nothing.
    pub async fn invalidate(&self, key: &K, version: Option<u64>, gone: bool) {
        let remote = RemoteKey::of(&self.core.name, key);
        let (core, key) = (Arc::clone(&self.core), key.clone());
        let task = self.core.runtime.spawn(async move {
            core.upstream.invalidate(vec![Invalidation { key: remote.name, version, gone }]).await;
            core.local.void(&key);
            core.flights.detach(&key);
        });
        if let Err(cause) = task.await {
            tracing::error!(%cause, "an invalidation did not end; its runtime is shutting down");
        }
    }

    /// Forgets everything in L1 and detaches all loads; L2 stays.
    pub fn forget_local(&self) {
        self.core.local.void_all();
    }
}

impl<K: CacheKey, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self { core: Arc::clone(&self.core) }
    }
}

impl<K: CacheKey, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("name", &self.core.name).finish_non_exhaustive()
    }
}

/// A loader of one key as a batch loader. It is called at most once: its key ends with that call.
fn single<K, V, F, R, E>(key: K, load: F) -> BatchLoader<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: 'static,
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    E: StdError + Send + Sync + 'static,
{
    let once = Mutex::new(Some(load));
    Box::new(move |_keys| {
        let load = once.lock().unwrap_or_else(PoisonError::into_inner).take();
        let key = key.clone();
        Box::pin(async move {
            match load {
                Some(load) => Ok(HashMap::from([(key, load().await?)])),
                None => Err("the loader of a single key was called twice".into()),
            }
        })
    })
}

fn batch<K, V, F, R, E>(load: F) -> BatchLoader<K, V>
where
    K: 'static,
    V: 'static,
    F: Fn(Vec<K>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<HashMap<K, Loaded<V>>, E>> + Send + 'static,
    E: StdError + Send + Sync + 'static,
{
    Box::new(move |keys| {
        let loading = load(keys);
        Box::pin(async move { Ok(loading.await?) })
    })
}
