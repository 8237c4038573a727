//! Which keys the present task loads, so that a loader that asks the cache for one of them gets an error instead of waiting for itself.

use std::{future::Future, sync::Arc};

tokio::task_local! {
    static LOADING: Arc<Chain>;
}

/// Keys under load, with those whose loaders wait for them.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Address of the cache's shared state.
    cache: usize,
    /// Hashes of the keys by the cache's own keyed hasher: 64 bits that nobody can choose.
    keys: Vec<u64>,
    parent: Option<Arc<Chain>>,
}

impl Chain {
    /// The chain of the loader that runs at the moment, if any.
    pub(crate) fn current() -> Option<Arc<Self>> {
        LOADING.try_with(Arc::clone).ok()
    }

    pub(crate) fn new(cache: usize, keys: Vec<u64>, parent: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self { cache, keys, parent })
    }

    pub(crate) fn contains(&self, cache: usize, key: u64) -> bool {
        (self.cache == cache && self.keys.contains(&key))
            || self.parent.as_ref().is_some_and(|parent| parent.contains(cache, key))
    }

    /// Runs a loader under this chain. What it spawns in tasks of its own is not seen.
    pub(crate) async fn scope<T>(self: Arc<Self>, loader: impl Future<Output = T>) -> T {
        LOADING.scope(self, loader).await
    }
}
