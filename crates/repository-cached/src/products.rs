//! The decorator: reads through the cache, writes through to the repository.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use larder_cache::{ConfigError, L2, Loaded, Lookup, Source};
use larder_domain::{Adjustment, CatalogueStats, Encoded, Product, ProductDraft, ProductId, ProductPage, ProductQuery};
use larder_repository::{Error, Freshness, Origin, Precondition, ProductChange, ProductRepository, Read, Written};
use tokio::runtime::Handle;

use crate::{
    caches::{CachedProductsOptions, Caches},
    failure,
    keys::ProductKey,
};

/// A [`ProductRepository`] with the two-level cache in front of another one.
///
/// # Consistency
/// Each read that starts after a write returned here sees it. What others write, other nodes included, is seen when the entry
/// ends or, for what an L2 holds, when it is read from there after their invalidation.
///
/// # Cancellation
/// A write runs in a task of its own: once begun, it and its invalidations end even if the caller goes away.
#[derive(Clone)]
pub struct CachedProducts {
    pub(crate) inner: Arc<dyn ProductRepository>,
    pub(crate) caches: Caches,
    pub(crate) runtime: Handle,
}

impl CachedProducts {
    /// Puts a cache in front of `inner`: L1 only without `l2`. Loads, fills and writes run on `runtime`.
    ///
    /// # Errors
    /// Names the option that cannot work.
    pub fn new(
        inner: Arc<dyn ProductRepository>,
        l2: Option<L2>,
        options: &CachedProductsOptions,
        runtime: Handle,
    ) -> Result<Self, ConfigError> {
        let caches = Caches::new(l2.as_ref(), options, &runtime)?;
        Ok(Self { inner, caches, runtime })
    }
}

impl fmt::Debug for CachedProducts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedProducts").field("inner", &self.inner).finish_non_exhaustive()
    }
}

/// The level as the contract names it.
pub(crate) fn origin(source: Source) -> Origin {
    match source {
        Source::L1 => Origin::L1,
        Source::L2 => Origin::L2,
        Source::Stale => Origin::Stale,
        _ => Origin::Loaded,
    }
}

/// A product as the cache keeps it: its JSON, under its version.
fn loaded(product: Option<&Encoded<Product>>) -> Result<Loaded<Bytes>, Error> {
    let Some(product) = product else { return Ok(Loaded::absent()) };
    let unreadable = |cause| Error::corrupt("cache a product", cause);
    let version = product.value().map_err(unreadable)?.version;
    let loaded = Loaded::found(product.json().map_err(unreadable)?.clone());
    Ok(match u64::try_from(version.0) {
        Ok(version) => loaded.with_version(version),
        Err(_negative) => loaded,
    })
}

fn encoded(lookup: Lookup<Bytes>) -> Read<Option<Encoded<Product>>> {
    Read { value: lookup.value.map(Encoded::from_json), origin: origin(lookup.source) }
}

#[async_trait]
impl ProductRepository for CachedProducts {
    async fn get(&self, id: ProductId, freshness: Freshness) -> Result<Read<Option<Encoded<Product>>>, Error> {
        if freshness == Freshness::Latest {
            return self.inner.get(id, freshness).await;
        }
        let inner = Arc::clone(&self.inner);
        let load = move || async move { loaded(inner.get(id, Freshness::Latest).await?.value.as_ref()) };
        let found = self.caches.products.get_or_load(&ProductKey(id), load).await;
        found.map(encoded).map_err(|cause| failure::from_cache("get a product", cause))
    }

    async fn get_many(
        &self,
        ids: &[ProductId],
        freshness: Freshness,
    ) -> Result<Read<Vec<Option<Encoded<Product>>>>, Error> {
        if freshness == Freshness::Latest {
            return self.inner.get_many(ids, freshness).await;
        }
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
        let found = self.caches.products.get_or_load_many(&keys, load).await;
        let found = found.map_err(|cause| failure::from_cache("get products", cause))?;
        let origin = found.iter().map(|lookup| origin(lookup.source)).max().unwrap_or(Origin::L1);
        Ok(Read { value: found.into_iter().map(|lookup| encoded(lookup).value).collect(), origin })
    }

    async fn find(&self, query: &ProductQuery, freshness: Freshness) -> Result<Read<ProductPage>, Error> {
        match freshness {
            Freshness::Latest => self.inner.find(query, freshness).await,
            Freshness::Cached => self.cached_find(query).await,
        }
    }

    async fn stats(&self, freshness: Freshness) -> Result<Read<CatalogueStats>, Error> {
        match freshness {
            Freshness::Latest => self.inner.stats(freshness).await,
            Freshness::Cached => self.cached_stats().await,
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
