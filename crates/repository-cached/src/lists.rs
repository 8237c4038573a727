//! Lists through the cache: pages of ids, totals and figures, under the tags of what they depend on.

use std::sync::Arc;

use larder_cache::{CallOptions, Loaded, Lookup};
use larder_domain::{CatalogueStats, PageParts, ProductId, ProductPage, ProductQuery};
use larder_repository::{Error, ErrorKind, Freshness, Origin, Read};

use crate::{CachedProducts, failure, keys, keys::FIGURES, products::origin};

impl CachedProducts {
    /// Asks only for the parts that are wanted; each is cached apart.
    pub(crate) async fn cached_find(
        &self,
        query: &ProductQuery,
        options: CallOptions,
    ) -> Result<Read<ProductPage>, Error> {
        let filter = keys::filter(&query.filter);
        let (ids, total) = match query.parts {
            PageParts::Ids => (Some(self.ids(query, &filter, options).await?), None),
            PageParts::Total => (None, Some(self.total(query, filter, options).await?)),
            PageParts::IdsAndTotal => {
                let (ids, total) =
                    tokio::try_join!(self.ids(query, &filter, options), self.total(query, filter.clone(), options))?;
                (Some(ids), Some(total))
            }
        };
        let origins = [ids.as_ref().map(origin), total.as_ref().map(origin)];
        let farthest = origins.into_iter().flatten().max().unwrap_or(Origin::L1);
        let page = ProductPage {
            ids: ids.and_then(|ids| ids.value).unwrap_or_default(),
            total: total.and_then(|total| total.value),
        };
        Ok(Read { value: page, origin: farthest })
    }

    async fn ids(
        &self,
        query: &ProductQuery,
        filter: &str,
        options: CallOptions,
    ) -> Result<Lookup<Vec<ProductId>>, Error> {
        let inner = Arc::clone(&self.inner);
        let only_ids = ProductQuery { parts: PageParts::Ids, ..query.clone() };
        let load = move || async move {
            let page = inner.find(&only_ids, Freshness::Latest).await?;
            Ok::<_, Error>(tagged(page.value.ids, keys::tags_of(&only_ids.filter)))
        };
        let found = self.caches.pages.get_or_load_with(&keys::page(filter, query.page), options, load).await;
        found.map_err(|cause| failure::from_cache("find a page of products", cause))
    }

    async fn total(&self, query: &ProductQuery, filter: String, options: CallOptions) -> Result<Lookup<u64>, Error> {
        let inner = Arc::clone(&self.inner);
        let only_total = ProductQuery { parts: PageParts::Total, ..query.clone() };
        let load = move || async move {
            let page = inner.find(&only_total, Freshness::Latest).await?;
            let total = page.value.total.ok_or_else(|| Error::new(ErrorKind::Internal, "count products"))?;
            Ok::<_, Error>(tagged(total, keys::tags_of(&only_total.filter)))
        };
        let found = self.caches.totals.get_or_load_with(&filter, options, load).await;
        found.map_err(|cause| failure::from_cache("count products", cause))
    }

    /// Figures change with every write.
    pub(crate) async fn cached_stats(&self, options: CallOptions) -> Result<Read<CatalogueStats>, Error> {
        let inner = Arc::clone(&self.inner);
        let load = move || async move {
            let stats = inner.stats(Freshness::Latest).await?.value;
            Ok::<_, Error>(Loaded::found(stats).with_tag(FIGURES))
        };
        let found = self.caches.stats.get_or_load_with(&FIGURES.to_owned(), options, load).await;
        let found = found.map_err(|cause| failure::from_cache("sum up the products", cause))?;
        let origin = origin(&found);
        Ok(Read { value: found.value.unwrap_or_default(), origin })
    }
}

/// A list with its tags.
fn tagged<V>(value: V, tags: [String; 2]) -> Loaded<V> {
    tags.into_iter().fold(Loaded::found(value), Loaded::with_tag)
}
