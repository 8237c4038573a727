//! Lists through the cache: pages of ids and totals under the generations that they depend on.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use larder_cache::{Loaded, Lookup};
use larder_domain::{CatalogueStats, PageParts, ProductFilter, ProductId, ProductPage, ProductQuery};
use larder_repository::{Error, ErrorKind, Freshness, Origin, Read};

use crate::{CachedProducts, failure, keys, products::origin};

/// Key of the one entry of figures.
pub(crate) const STATS: &str = "all";

impl CachedProducts {
    /// Asks only for the parts that are wanted; each is cached apart.
    pub(crate) async fn cached_find(&self, query: &ProductQuery) -> Result<Read<ProductPage>, Error> {
        // Noted before anything is loaded: what is loaded after a change is never filed under the generations before it.
        let filter = keys::filter(&self.generations(&query.filter).await?, &query.filter);
        let (ids, total) = match query.parts {
            PageParts::Ids => (Some(self.ids(query, &filter).await?), None),
            PageParts::Total => (None, Some(self.total(query, &filter).await?)),
            PageParts::IdsAndTotal => {
                let (ids, total) = tokio::try_join!(self.ids(query, &filter), self.total(query, &filter))?;
                (Some(ids), Some(total))
            }
        };
        let origins = [ids.as_ref().map(|ids| ids.source), total.as_ref().map(|total| total.source)];
        let farthest = origins.into_iter().flatten().map(origin).max().unwrap_or(Origin::L1);
        let page = ProductPage {
            ids: ids.and_then(|ids| ids.value).unwrap_or_default(),
            total: total.and_then(|total| total.value),
        };
        Ok(Read { value: page, origin: farthest })
    }

    async fn ids(&self, query: &ProductQuery, filter: &str) -> Result<Lookup<Vec<ProductId>>, Error> {
        let inner = Arc::clone(&self.inner);
        let only_ids = ProductQuery { parts: PageParts::Ids, ..query.clone() };
        let load = move || async move {
            let page = inner.find(&only_ids, Freshness::Latest).await?;
            Ok::<_, Error>(Loaded::found(page.value.ids))
        };
        let found = self.caches.pages.get_or_load(&keys::page(filter, query.page), load).await;
        found.map_err(|cause| failure::from_cache("find a page of products", cause))
    }

    async fn total(&self, query: &ProductQuery, filter: &str) -> Result<Lookup<u64>, Error> {
        let inner = Arc::clone(&self.inner);
        let only_total = ProductQuery { parts: PageParts::Total, ..query.clone() };
        let load = move || async move {
            let page = inner.find(&only_total, Freshness::Latest).await?;
            let total = page.value.total.ok_or_else(|| Error::new(ErrorKind::Internal, "count products"))?;
            Ok::<_, Error>(Loaded::found(total))
        };
        let found = self.caches.totals.get_or_load(&filter.to_owned(), load).await;
        found.map_err(|cause| failure::from_cache("count products", cause))
    }

    /// Figures change with every write, so that a write forgets them by their key.
    pub(crate) async fn cached_stats(&self) -> Result<Read<CatalogueStats>, Error> {
        let inner = Arc::clone(&self.inner);
        let load = move || async move { Ok::<_, Error>(Loaded::found(inner.stats(Freshness::Latest).await?.value)) };
        let found = self.caches.stats.get_or_load(&STATS.to_owned(), load).await;
        let found = found.map_err(|cause| failure::from_cache("sum up the products", cause))?;
        Ok(Read { value: found.value.unwrap_or_default(), origin: origin(found.source) })
    }

    /// The present generations of a filter's lists. Where none is known, a fresh nonce is one: it is never a number that was used
    /// before, so that an evicted generation means a cold list and never an old one.
    async fn generations(&self, filter: &ProductFilter) -> Result<Vec<u64>, Error> {
        let load = |missing: Vec<String>| async move {
            let fresh = missing.into_iter().map(|tag| (tag, Loaded::found(nonce())));
            Ok::<_, Infallible>(fresh.collect::<HashMap<_, _>>())
        };
        let found = self.caches.generations.get_or_load_many(&keys::generations_of(filter), load).await;
        let found = found.map_err(|cause| failure::from_cache("look up the generations of a list", cause))?;
        Ok(found.into_iter().filter_map(|lookup| lookup.value).collect())
    }
}

/// A random number that no generation had before, for all practical purposes.
fn nonce() -> u64 {
    getrandom::u64().expect("the operating system has random bytes")
}
