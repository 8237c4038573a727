//! What a loader answers, and the one form in which the cache calls loaders.

use std::{
    collections::HashMap,
    error::Error as StdError,
    future::Future,
    hash::Hash,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// What a loader found for a key, and how it is to be kept.
///
/// A loader that has nothing to add may answer the value itself, or an `Option` of it.
///
/// ```
/// use std::time::Duration;
/// use larder_cache::Loaded;
///
/// let price = Loaded::found(1299_u32).with_version(7).with_tag("desk").with_ttl(Duration::from_secs(30));
/// let gone = Loaded::<u32>::absent();
/// let once = Loaded::found(1299_u32).not_stored();
/// # let _ = (price, gone, once);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded<V> {
    pub(crate) value: Option<V>,
    pub(crate) version: Option<u64>,
    pub(crate) tags: Vec<String>,
    pub(crate) keeping: Keeping,
}

/// How long a value is kept, if at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keeping {
    pub(crate) ttl: Option<Duration>,
    pub(crate) l1_ttl: Option<Duration>,
    pub(crate) stored: bool,
}

impl<V> Loaded<V> {
    /// A value.
    pub fn found(value: V) -> Self {
        Some(value).into()
    }

    /// The authoritative answer that there is none; cached under the TTL for absence.
    pub fn absent() -> Self {
        None.into()
    }

    /// The version of the row: an L2 that has seen a newer one refuses this value.
    #[must_use]
    pub fn with_version(mut self, version: u64) -> Self {
        self.version = Some(version);
        self
    }

    /// A life of its own in both levels, in place of the cache's. Zero is the same as [`Self::not_stored`].
    #[must_use]
    pub fn with_ttl(mut self, ttl: Duration) -> Self {
        self.keeping.ttl = Some(ttl);
        self
    }

    /// A life of its own in L1, in place of the cache's; never longer than its life altogether.
    #[must_use]
    pub fn with_l1_ttl(mut self, ttl: Duration) -> Self {
        self.keeping.l1_ttl = Some(ttl);
        self
    }

    /// A tag by which it can be invalidated together with others. At most 64, each of 1 to 200 bytes; an entry that has more, or others,
    /// is handed out and kept nowhere.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        if !self.tags.contains(&tag) {
            self.tags.push(tag);
        }
        self
    }

    /// Hands the value to those who wait for this load, and keeps it nowhere.
    #[must_use]
    pub fn not_stored(mut self) -> Self {
        self.keeping.stored = false;
        self
    }

    pub(crate) fn has_lawful_tags(&self) -> bool {
        self.tags.len() <= 64 && self.tags.iter().all(|tag| is_lawful_tag(tag))
    }
}

/// Whether a tag may be one.
pub(crate) fn is_lawful_tag(tag: &str) -> bool {
    (1..=200).contains(&tag.len())
}

impl<V> From<Option<V>> for Loaded<V> {
    fn from(value: Option<V>) -> Self {
        let keeping = Keeping { ttl: None, l1_ttl: None, stored: true };
        Self { value, version: None, tags: Vec::new(), keeping }
    }
}

impl<V> From<V> for Loaded<V> {
    fn from(value: V) -> Self {
        Some(value).into()
    }
}

pub(crate) type LoaderError = Box<dyn StdError + Send + Sync>;
pub(crate) type LoadFuture<K, V> = Pin<Box<dyn Future<Output = Result<HashMap<K, Loaded<V>>, LoaderError>> + Send>>;
/// Loads some keys in one call; what the answer lacks is absent. May be called again for other keys of the same batch.
pub(crate) type BatchLoader<K, V> = Arc<dyn Fn(Vec<K>) -> LoadFuture<K, V> + Send + Sync>;

/// A loader of one key as a batch loader. It is called at most once: its key ends with that call.
pub(crate) fn single<K, V, F, R, O, E>(key: K, load: F) -> BatchLoader<K, V>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: 'static,
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output = Result<O, E>> + Send + 'static,
    O: Into<Loaded<V>>,
    E: Into<LoaderError>,
{
    // Nobody contends for it. A model checker's lock would switch tasks here, within the scope of a task-local of the first.
    let once = Mutex::new(Some(load));
    Arc::new(move |_keys| {
        let load = once.lock().unwrap_or_else(PoisonError::into_inner).take();
        let key = key.clone();
        Box::pin(async move {
            match load {
                Some(load) => Ok(HashMap::from([(key, load().await.map_err(Into::into)?.into())])),
                None => Err("the loader of a single key was called twice".into()),
            }
        })
    })
}

/// A loader of many keys.
pub(crate) fn batch<K, V, F, R, O, E>(load: F) -> BatchLoader<K, V>
where
    K: Eq + Hash + Send + 'static,
    V: 'static,
    F: Fn(Vec<K>) -> R + Send + Sync + 'static,
    R: Future<Output = Result<HashMap<K, O>, E>> + Send + 'static,
    O: Into<Loaded<V>>,
    E: Into<LoaderError>,
{
    Arc::new(move |keys| {
        let load = load(keys);
        Box::pin(async move {
            let found = load.await.map_err(Into::into)?;
            Ok(found.into_iter().map(|(key, found)| (key, found.into())).collect())
        })
    })
}
