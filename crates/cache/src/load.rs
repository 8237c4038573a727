//! What a loader answers, and the one form in which the cache calls loaders.

use std::{collections::HashMap, error::Error as StdError, future::Future, pin::Pin, time::Duration};

/// What a loader found for a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<V> {
    pub(crate) value: Option<V>,
    pub(crate) version: Option<u64>,
    pub(crate) ttl: Option<Duration>,
}

impl<V> Loaded<V> {
    /// A value.
    pub fn found(value: V) -> Self {
        Self { value: Some(value), version: None, ttl: None }
    }

    /// The authoritative answer that there is none; cached under the TTL for absence.
    pub fn absent() -> Self {
        Self { value: None, version: None, ttl: None }
    }

    /// The version of the row: an L2 that has seen a newer one refuses this value.
    #[must_use]
    pub fn with_version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// A life of its own in both levels, in place of the cache's.
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

impl<V> From<Option<V>> for Loaded<V> {
    fn from(value: Option<V>) -> Self {
        Self { value, version: None, ttl: None }
    }
}

pub(crate) type LoaderError = Box<dyn StdError + Send + Sync>;
pub(crate) type LoadFuture<K, V> = Pin<Box<dyn Future<Output = Result<HashMap<K, Loaded<V>>, LoaderError>> + Send>>;
/// Loads some keys in one call; what the answer lacks is absent. May be called again for other keys of the same batch.
pub(crate) type BatchLoader<K, V> = Box<dyn Fn(Vec<K>) -> LoadFuture<K, V> + Send + Sync>;
