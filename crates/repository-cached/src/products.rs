//! The decorator: reads through the cache, writes through to the repository.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use async_trait::async_trait;
use larder_cache::{CallOptions, ConfigError, Feed, FeedOptions, L2, Loaded, Lookup, Source};
use larder_domain::{Adjustment, CatalogueStats, Encoded, Product, ProductDraft, ProductId, ProductPage, ProductQuery};
use larder_repository::{
    Error, Freshness, Origin, Outbox, Precondition, ProductChange, ProductRepository, Read, Written,
};
use tokio::runtime::Handle;

use crate::{
    caches::Caches,
    coherence::{Coherence, CoherenceStatus},
    failure,
    kept::KeptProduct,
    keys::ProductKey,
    options::CachedProductsOptions,
};

/// Where a node hears of what others change.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The cache level that nodes share; with an outbox, it needs a backplane. Without it, L1 only.
    pub l2: Option<L2>,
    /// What the database announces. Without it, changes by others are seen when entries end, or as far as L2 tells.
    pub outbox: Option<Arc<dyn Outbox>>,
}

/// A [`ProductRepository`] with the two-level cache in front of another one.
///
/// # Consistency
/// Each read that starts after a write returned here sees it. With an outbox, a read is older than the last committed change by
/// [`CachedProductsOptions::max_staleness`] at most, whoever made it by whatever statement, while the database can be asked; what is
/// answered while it cannot is marked as [`Origin::Unconfirmed`] or [`Origin::Stale`]. A read with [`Freshness::AtLeast`] is never older
/// than that change.
///
/// # Cancellation
/// A write runs in a task of its own: once begun, it and its invalidations end even if the caller goes away. The tasks of the node
/// (tail, relay, sampler) end when the last clone is dropped, or by [`Self::stop`].
#[derive(Clone)]
pub struct CachedProducts {
    pub(crate) inner: Arc<dyn ProductRepository>,
    pub(crate) caches: Caches,
    pub(crate) runtime: Handle,
    l2: Option<L2>,
    pub(crate) coherence: Option<Arc<Coherence>>,
    /// Moves when a warm-up begins and when it ends.
    pub(crate) warmed: Arc<AtomicU64>,
}

/// How a read is answered.
enum Way {
    /// By the database, past the caches.
    Past,
    /// Through the caches.
    Through(CallOptions),
}

impl CachedProducts {
    /// Puts a cache in front of `inner`. Loads, fills, writes and the tasks of the node run on `runtime`.
    ///
    /// # Errors
    /// Names the option that cannot work.
    pub fn new(
        inner: Arc<dyn ProductRepository>,
        sources: Sources,
        options: &CachedProductsOptions,
        runtime: Handle,
    ) -> Result<Self, ConfigError> {
        options.check()?;
        let Sources { l2, outbox } = sources;
        let max_staleness = options.max_staleness;
        let feed = outbox.as_ref().map(|_| Feed::new(FeedOptions { max_staleness, ..FeedOptions::default() }));
        let feed = feed.transpose()?;
        let caches = Caches::new(l2.as_ref(), feed.as_ref(), options, &runtime)?;
        let coherence = outbox.zip(feed).map(|(outbox, feed)| {
            Arc::new(Coherence::start(&inner, outbox, (&caches, feed, l2.clone()), options, runtime.clone()))
        });
        Ok(Self { inner, caches, runtime, l2, coherence, warmed: Arc::default() })
    }

    /// How this node hears of what others change, and what it found.
    pub fn coherence(&self) -> CoherenceStatus {
        let status = CoherenceStatus {
            backplane_heard_ago: self.l2.as_ref().and_then(L2::heard_ago),
            server: self.l2.as_ref().and_then(L2::server),
            findings: self.l2.as_ref().map(L2::findings).unwrap_or_default(),
            ..CoherenceStatus::default()
        };
        match &self.coherence {
            // Without a shared level nobody waits for what is pending.
            Some(coherence) if self.l2.is_none() => CoherenceStatus { outbox: None, ..coherence.report(status) },
            Some(coherence) => coherence.report(status),
            None => status,
        }
    }

    /// Ends tail, relay and sampler, wherever they are. Reads and writes go on, but what others change is not heard any more.
    pub async fn stop(&self) {
        if let Some(coherence) = &self.coherence {
            coherence.stop().await;
        }
    }

    /// What the caches answer for `ids`, in their order.
    pub(crate) async fn look_up(
        &self,
        ids: &[ProductId],
        options: CallOptions,
    ) -> Result<Vec<Lookup<KeptProduct>>, Error> {
        let keys: Vec<ProductKey> = ids.iter().copied().map(ProductKey).collect();
        let inner = Arc::clone(&self.inner);
        let load = move |missing: Vec<ProductKey>| {
            let inner = Arc::clone(&inner);
            async move {
                let ids: Vec<ProductId> = missing.iter().map(|key| key.0).collect();
                let found = inner.get_many(&ids, Freshness::Latest).await?.value;
                let loaded = found.iter().map(|product| loaded(product.as_ref()));
                missing
                    .into_iter()
                    .zip(loaded)
                    .map(|(key, loaded)| Ok((key, loaded?)))
                    .collect::<Result<HashMap<_, _>, Error>>()
            }
        };
        let found = self.caches.products.get_or_load_many_with(&keys, options, load).await;
        found.map_err(|cause| failure::from_cache("get products", cause))
    }

    async fn way(&self, freshness: Freshness) -> Way {
        match freshness {
            Freshness::Cached => Way::Through(CallOptions::new()),
            Freshness::Revalidated => Way::Through(CallOptions::new().force_refresh()),
            Freshness::Latest => Way::Past,
            Freshness::AtLeast(position) => match &self.coherence {
                Some(coherence) if coherence.hears(position).await => Way::Through(CallOptions::new()),
                Some(_) => Way::Through(CallOptions::new().force_refresh()),
                None => Way::Past,
            },
        }
    }
}

impl fmt::Debug for CachedProducts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedProducts").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// The level as the contract names it.
fn origin<V>(found: &Lookup<V>) -> Origin {
    match found.source {
        Source::Stale => Origin::Stale,
        _ if !found.confirmed => Origin::Unconfirmed,
        Source::L1 => Origin::L1,
        Source::L2 => Origin::L2,
        _ => Origin::Loaded,
    }
}

/// A product as the cache keeps it, under its version.
fn loaded(product: Option<&Encoded<Product>>) -> Result<Loaded<KeptProduct>, Error> {
    let Some(product) = product else { return Ok(Loaded::absent()) };
    let unreadable = |cause| Error::corrupt("cache a product", cause);
    let version = product.value().map_err(unreadable)?.version;
    let loaded = Loaded::found(KeptProduct::of(product).map_err(unreadable)?);
    Ok(match u64::try_from(version.0) {
        Ok(version) => loaded.with_version(version),
        Err(_negative) => loaded,
    })
}

/// What was found, as the contract says it.
pub(crate) fn read<V>(found: Lookup<V>) -> Read<Option<V>> {
    let origin = origin(&found);
    Read { value: found.value, origin, fresh_for: Some(found.fresh_for) }
}

fn encoded(found: Lookup<KeptProduct>) -> Read<Option<Encoded<Product>>> {
    read(found).map(|kept| kept.map(Encoded::from))
}

#[async_trait]
impl ProductRepository for CachedProducts {
    async fn get(&self, id: ProductId, freshness: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error> {
        let Way::Through(options) = self.way(freshness).await else {
            return self.inner.get(id, Freshness::Latest).await;
        };
        let inner = Arc::clone(&self.inner);
        let load = move || async move { loaded(inner.get(id, Freshness::Latest).await?.value.as_ref()) };
        let found = self.caches.products.get_or_load_with(&ProductKey(id), options, load).await;
        found.map(encoded).map_err(|cause| failure::from_cache("get a product", cause))
    }

    async fn get_many(
        &self,
        ids: &[ProductId],
        freshness: Freshness,
    ) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error> {
        let Way::Through(options) = self.way(freshness).await else {
            return self.inner.get_many(ids, Freshness::Latest).await;
        };
        let found = self.look_up(ids, options).await?;
        let origin = found.iter().map(origin).max().unwrap_or(Origin::L1);
        let fresh_for = found.iter().map(|lookup| lookup.fresh_for).min();
        Ok(Read { value: found.into_iter().map(|lookup| encoded(lookup).value).collect(), origin, fresh_for })
    }

    async fn find(&self, query: &ProductQuery, freshness: Freshness) -> Result<Read<ProductPage>, Error> {
        match self.way(freshness).await {
            Way::Past => self.inner.find(query, Freshness::Latest).await,
            Way::Through(options) => self.cached_find(query, options).await,
        }
    }

    async fn stats(&self, freshness: Freshness) -> Result<Read<CatalogueStats>, Error> {
        match self.way(freshness).await {
            Way::Past => self.inner.stats(Freshness::Latest).await,
            Way::Through(options) => self.cached_stats(options).await,
        }
    }

    async fn create(&self, draft: &ProductDraft) -> Result<Written, Error> {
        let (inner, draft) = (Arc::clone(&self.inner), draft.clone());
        self.write(None, async move { inner.create(&draft).await }).await
    }

    async fn update(
        &self,
        id: ProductId,
        change: &ProductChange,
        precondition: Precondition,
    ) -> Result<Written, Error> {
        let (inner, change) = (Arc::clone(&self.inner), change.clone());
        self.write(Some(id), async move { inner.update(id, &change, precondition).await }).await
    }

    async fn delete(&self, id: ProductId, precondition: Precondition) -> Result<Written, Error> {
        let inner = Arc::clone(&self.inner);
        self.write(Some(id), async move { inner.delete(id, precondition).await }).await
    }

    async fn adjust(&self, id: ProductId, adjustment: &Adjustment) -> Result<Written, Error> {
        let (inner, adjustment) = (Arc::clone(&self.inner), adjustment.clone());
        self.write(Some(id), async move { inner.adjust(id, &adjustment).await }).await
    }
}
