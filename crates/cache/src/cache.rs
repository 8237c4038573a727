//! The cache as callers see it: hits of L1 are answered here, all else elsewhere.

use std::{
    cell::LazyCell, collections::HashMap, error::Error as StdError, fmt, future::Future, slice, sync::Arc,
    time::Instant,
};

use crate::{
    CacheBuilder, CacheKey, CallOptions, Change, Error, HotKey, Identity, Inspection, Loaded, Lookup, News, Outcome,
    RemoteError, Source, Statistics,
    core::Core,
    loaded::{batch, single},
    local::Look,
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

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Cache<K, V> {
    /// Begins to build a cache. The name is the first part of its keys in L2: two caches of one name on one L2 share entries, and
    /// overwrite each other's if their values differ in codec or schema.
    pub fn builder(name: &str) -> CacheBuilder<K, V> {
        CacheBuilder::new(name)
    }

    pub(crate) fn from_core(core: Core<K, V>) -> Self {
        let core = Arc::new(core);
        core.listen();
        Self { core }
    }

    /// The name it was built with.
    pub fn name(&self) -> &str {
        &self.core.name
    }

    /// The value of `key` from L1, else L2, else `load`, which answers a value, an `Option` of one, or [`Loaded`]. Concurrent callers
    /// share one load. It may fail with any error, a boxed one or `anyhow::Error` as well.
    ///
    /// ```
    /// use larder_cache::{Cache, Json, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// async fn name_of(id: u64) -> Result<Option<String>, std::io::Error> {
    ///     Ok((id == 1).then(|| "Ada".to_owned()))
    /// }
    ///
    /// let found = names.get_or_load(&1, || name_of(1)).await?;
    /// assert_eq!((found.value.as_deref(), found.source), (Some("Ada"), Source::Loader));
    /// assert_eq!(names.get_or_load(&2, || name_of(2)).await?.value, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the loader fails, panics, is not done by the load deadline, gets no place within the budget, or asks for its own key; unless
    /// a stale value is within its grace.
    pub async fn get_or_load<F, R, O, E>(&self, key: &K, load: F) -> Result<Lookup<V>, Error>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output = Result<O, E>> + Send + 'static,
        O: Into<Loaded<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        match self.hit(key) {
            Some(found) => Ok(found),
            None => Box::pin(self.load_one(key, CallOptions::new(), load)).await,
        }
    }

    /// As [`Self::get_or_load`], with options for this call.
    ///
    /// ```
    /// use larder_cache::{Cache, CallOptions, Json, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// names.insert(&1, "Ada".to_owned()).await;
    /// let load = || async { Ok::<_, std::io::Error>("Ada Lovelace".to_owned()) };
    /// let anew = names.get_or_load_with(&1, CallOptions::new().force_refresh(), load).await?;
    /// assert_eq!((anew.value.as_deref(), anew.source), (Some("Ada Lovelace"), Source::Loader));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::get_or_load`].
    pub async fn get_or_load_with<F, R, O, E>(&self, key: &K, options: CallOptions, load: F) -> Result<Lookup<V>, Error>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output = Result<O, E>> + Send + 'static,
        O: Into<Loaded<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        match if options.reads_l1() { self.hit(key) } else { None } {
            Some(found) => Ok(found),
            None => Box::pin(self.load_one(key, options, load)).await,
        }
    }

    /// The values of `keys`, in their order. What neither level has is loaded in one call; keys that other calls load at this moment
    /// are waited for. What the loader's answer lacks is absent.
    ///
    /// ```
    /// use std::collections::HashMap;
    /// use larder_cache::{Cache, Json};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// // One query for all that is missing.
    /// async fn names_of(ids: Vec<u64>) -> Result<HashMap<u64, String>, std::io::Error> {
    ///     Ok(ids.into_iter().filter(|id| *id < 3).map(|id| (id, format!("name {id}"))).collect())
    /// }
    ///
    /// let found = names.get_or_load_many(&[1, 2, 3], names_of).await?;
    /// assert_eq!(found[1].value.as_deref(), Some("name 2"));
    /// assert_eq!(found[2].value, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Self::get_or_load`]; one failed key fails the call.
    pub async fn get_or_load_many<F, R, O, E>(&self, keys: &[K], load: F) -> Result<Vec<Lookup<V>>, Error>
    where
        F: Fn(Vec<K>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<HashMap<K, O>, E>> + Send + 'static,
        O: Into<Loaded<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        self.get_or_load_many_with(keys, CallOptions::new(), load).await
    }

    /// As [`Self::get_or_load_many`], with options for this call.
    ///
    /// # Errors
    /// As [`Self::get_or_load_many`].
    pub async fn get_or_load_many_with<F, R, O, E>(
        &self,
        keys: &[K],
        options: CallOptions,
        load: F,
    ) -> Result<Vec<Lookup<V>>, Error>
    where
        F: Fn(Vec<K>) -> R + Send + Sync + 'static,
        R: Future<Output = Result<HashMap<K, O>, E>> + Send + 'static,
        O: Into<Loaded<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let mut found: Vec<Option<Lookup<V>>> =
            if options.reads_l1() { self.hits(keys) } else { vec![None; keys.len()] };
        if found.iter().any(Option::is_none) {
            found = Box::pin(self.core.read_through(keys, found, options, || batch(load))).await?;
        }
        Ok(found.into_iter().flatten().collect())
    }

    /// What L1 or else L2 holds, without loading anything. `None`: neither has the key.
    ///
    /// ```
    /// use larder_cache::{Cache, Json, Loaded};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// assert!(names.get(&1).await.is_none());
    /// names.insert(&1, Loaded::absent()).await;
    /// assert_eq!(names.get(&1).await.map(|found| found.value), Some(None));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn get(&self, key: &K) -> Option<Lookup<V>> {
        self.get_with(key, CallOptions::new()).await
    }

    /// As [`Self::get`], with options for this call; a forced refresh finds nothing.
    pub async fn get_with(&self, key: &K, options: CallOptions) -> Option<Lookup<V>> {
        match if options.reads_l1() { self.hit(key) } else { None } {
            Some(found) => Some(found),
            None => Box::pin(self.core.peek(key, options)).await,
        }
    }

    /// Stores a value that was not loaded, in both levels; whatever was held or is being loaded for the key is forgotten. A version
    /// below that of a known invalidation is not stored.
    ///
    /// A load is the safer way into L2: its fill stands under a lease, while an insert that was given up, and that the network delivers
    /// after a later invalidation over another connection, is not refused unless versions tell.
    ///
    /// ```
    /// use std::time::Duration;
    /// use larder_cache::{Cache, Json, Loaded};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// names.insert(&1, Loaded::found("Ada".to_owned()).with_ttl(Duration::from_secs(5))).await;
    /// assert_eq!(names.get(&1).await.and_then(|found| found.value).as_deref(), Some("Ada"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancellation
    /// Runs in a task of its own: once it was polled, a caller that goes away changes nothing.
    pub async fn insert(&self, key: &K, value: impl Into<Loaded<V>>) {
        Core::insert(&self.core, key, value.into()).await;
    }

    /// Forgets a key in both levels.
    ///
    /// When this returns, no read that starts here sees an older value. If L2 cannot be told, the key is kept out of L2 on this
    /// node until it was.
    ///
    /// # Cancellation
    /// Runs in a task of its own: once it was polled, a caller that goes away changes nothing.
    pub async fn invalidate(&self, key: &K) {
        self.invalidate_changes(&[(key.clone(), Change::unversioned())]).await;
    }

    /// As [`Self::invalidate`], for several keys, in one round trip, and with what is known of each change.
    ///
    /// ```
    /// use larder_cache::{Cache, Change, Json};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// names.invalidate_changes(&[(1, Change::updated(7)), (2, Change::removed(8)), (3, Change::unversioned())]).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn invalidate_changes(&self, changes: &[(K, Change)]) {
        let news = changes.iter().map(|(key, change)| News::Key(key.clone(), *change));
        self.core.invalidate(news.collect()).await;
    }

    /// Forgets all entries that carry a tag, in both levels, at a cost that does not grow with their number. Otherwise as
    /// [`Self::invalidate`].
    ///
    /// ```
    /// use larder_cache::{Cache, Json, Loaded};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// names.insert(&1, Loaded::found("Ada".to_owned()).with_tag("countess")).await;
    /// names.insert(&2, Loaded::found("Grace".to_owned()).with_tag("admiral")).await;
    /// names.invalidate_tag("countess").await;
    /// assert!(names.get(&1).await.is_none());
    /// assert!(names.get(&2).await.is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn invalidate_tag(&self, tag: &str) {
        self.core.invalidate(vec![News::Tag { tag: tag.to_owned(), change: None }]).await;
    }

    /// Forgets everything in both levels, at a cost that does not grow with the number of entries. Otherwise as [`Self::invalidate`].
    pub async fn clear(&self) {
        self.core.invalidate(vec![News::Everything]).await;
    }

    /// As [`Self::invalidate`], for what [`News`] can say, all of it in one round trip.
    ///
    /// # Consistency
    /// As [`Self::invalidate`].
    pub async fn invalidate_news(&self, news: &[News<K>]) {
        self.core.invalidate(news.to_vec()).await;
    }

    /// Forgets in this process what the source of truth has announced; whoever reads the source calls it, before it confirms the
    /// [`Feed`](crate::Feed). `in_doubt` is the number of the announcement if L2 may not have taken it: until the feed says that it was, L2
    /// is not believed about it. A relay tells L2 of it by [`Self::tell`].
    pub fn hear(&self, news: &[News<K>], in_doubt: Option<u64>) {
        self.core.hear_source(news, in_doubt);
    }

    /// Tells L2, and through its backplane every other node, of what the source has announced, in one round trip; answers which server took
    /// it. In this process nothing is forgotten, and what L2 did not take is not queued: a relay repeats it.
    ///
    /// # Errors
    /// Without an L2, and when L2 did not answer within its deadline; some of it may have happened.
    pub async fn tell(&self, news: &[News<K>]) -> Result<Identity, RemoteError> {
        self.core.tell_l2(news).await
    }

    /// Forgets everything in L1 and detaches all loads; L2 stays.
    pub fn forget_local(&self) {
        self.core.local.void_all();
    }

    /// What was counted since the cache was built.
    ///
    /// ```
    /// use larder_cache::{Cache, Json};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// names.insert(&1, "Ada".to_owned()).await;
    /// names.get(&1).await;
    /// names.get(&2).await;
    /// let statistics = names.statistics();
    /// assert_eq!((statistics.calls(), statistics.lookups.l1, statistics.lookups.missed), (2, 1, 1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn statistics(&self) -> Statistics {
        self.core.hot_keys.absorb();
        self.core.recorder.snapshot(self.core.gauges())
    }

    /// What both levels hold for `key`, and whether a read would take it. Nothing is loaded, counted or filled.
    ///
    /// ```
    /// use larder_cache::{Cache, InL2, Json, Standing};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let names = Cache::<u64, String>::builder("names").codec(Json).build()?;
    /// names.insert(&1, "Ada".to_owned()).await;
    /// let inspection = names.inspect(&1).await;
    /// assert_eq!(inspection.l1.map(|held| held.standing), Some(Standing::Fresh));
    /// assert_eq!(inspection.l2, InL2::Unused);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn inspect(&self, key: &K) -> Inspection<V> {
        self.core.inspect(key).await
    }

    /// The `count` keys that are asked for most, estimated from samples, the hottest first.
    pub fn hot_keys(&self, count: usize) -> Vec<HotKey<K>> {
        self.core.hot_keys.top(count)
    }

    /// A fresh entry of L1. This is the whole path of a hit: no lock of ours, no allocation.
    fn hit(&self, key: &K) -> Option<Lookup<V>> {
        self.hit_at(key, &LazyCell::new(|| self.core.now()))
    }

    /// The same for each of `keys`, with one look at the clock.
    fn hits(&self, keys: &[K]) -> Vec<Option<Lookup<V>>> {
        let now = LazyCell::new(|| self.core.now());
        keys.iter().map(|key| self.hit_at(key, &now)).collect()
    }

    fn hit_at(&self, key: &K, now: &LazyCell<Instant, impl FnOnce() -> Instant>) -> Option<Lookup<V>> {
        let Look::Fresh(entry) = self.core.local.look(key, || **now) else { return None };
        self.core.recorder.lookup(Outcome::L1);
        self.core.hot_keys.sample(&entry.key);
        Some(Lookup::of(&entry, Source::L1, **now))
    }

    async fn load_one<F, R, O, E>(&self, key: &K, options: CallOptions, load: F) -> Result<Lookup<V>, Error>
    where
        F: FnOnce() -> R + Send + 'static,
        R: Future<Output = Result<O, E>> + Send + 'static,
        O: Into<Loaded<V>>,
        E: Into<Box<dyn StdError + Send + Sync>>,
    {
        let loader = || single(key.clone(), load);
        let found = self.core.read_through(slice::from_ref(key), vec![None], options, loader).await?;
        Ok(found.into_iter().flatten().next().expect("one answer for one key"))
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
