//! Lists through the cache: pages of ids, totals and figures, under the tags of what they depend on.

use std::sync::Arc;

use larder_cache::{CallOptions, Loaded, Lookup};
use larder_domain::{CatalogueStats, PageParts, ProductPage, ProductQuery};
use larder_repository::{Error, ErrorKind, Freshness, Origin, Read};

use crate::{
    CachedProducts, failure,
    keys::{FIGURES, ListKeys},
    list_tags,
    products::read,
};

impl CachedProducts {
    /// Asks only for the parts that are wanted; each is cached apart.
    pub(crate) async fn cached_find(
        &self,
        query: &ProductQuery,
        options: CallOptions,
    ) -> Result<Read<ProductPage>, Error> {
        let (keys, asked) = (ListKeys::of(query), Arc::new(query.clone()));
        let (ids, total) = match query.parts {
            PageParts::Ids => (Some(self.ids(asked, &keys, options).await?), None),
            PageParts::Total => (None, Some(self.total(asked, &keys, options).await?)),
            PageParts::IdsAndTotal => {
                let ids = self.ids(Arc::clone(&asked), &keys, options);
                let (ids, total) = tokio::try_join!(ids, self.total(asked, &keys, options))?;
                (Some(ids), Some(total))
            }
        };
        let (page, total) = (ids.map(read), total.map(read));
        Ok(match (page, total) {
            (Some(page), Some(total)) => {
                page.composed_with(&total).map(|page| ProductPage { total: total.value, ..page.unwrap_or_default() })
            }
            (Some(page), None) => page.map(Option::unwrap_or_default),
            (None, Some(total)) => total.map(|total| ProductPage { total, ..ProductPage::default() }),
            (None, None) => Read { value: ProductPage::default(), origin: Origin::L1, fresh_for: None },
        })
    }

    async fn ids(
        &self,
        query: Arc<ProductQuery>,
        keys: &ListKeys,
        options: CallOptions,
    ) -> Result<Lookup<ProductPage>, Error> {
        let inner = Arc::clone(&self.inner);
        let load = move || async move {
            let only_ids = ProductQuery { parts: PageParts::Ids, ..query.as_ref().clone() };
            let page = inner.find(&only_ids, Freshness::Latest).await?;
            Ok::<_, Error>(tagged(page.value, list_tags::of_page(&query)))
        };
        let found = self.caches.pages.get_or_load_with(&keys.page, options, load).await;
        found.map_err(|cause| failure::from_cache("find a page of products", cause))
    }

    async fn total(
        &self,
        query: Arc<ProductQuery>,
        keys: &ListKeys,
        options: CallOptions,
    ) -> Result<Lookup<u64>, Error> {
        let inner = Arc::clone(&self.inner);
        let load = move || async move {
            let only_total = ProductQuery { parts: PageParts::Total, ..query.as_ref().clone() };
            let page = inner.find(&only_total, Freshness::Latest).await?;
            let total = page.value.total.ok_or_else(|| Error::new(ErrorKind::Internal, "count products"))?;
            Ok::<_, Error>(tagged(total, list_tags::of_total(&query.filter)))
        };
        let found = self.caches.totals.get_or_load_with(&keys.filter, options, load).await;
        found.map_err(|cause| failure::from_cache("count products", cause))
    }

    /// Figures change with what is listed, in stock and sold.
    pub(crate) async fn cached_stats(&self, options: CallOptions) -> Result<Read<CatalogueStats>, Error> {
        let inner = Arc::clone(&self.inner);
        let load = move || async move {
            let stats = inner.stats(Freshness::Latest).await?.value;
            Ok::<_, Error>(Loaded::found(stats).with_tag(FIGURES))
        };
        let found = self.caches.stats.get_or_load_with(&FIGURES.to_owned(), options, load).await;
        let found = found.map_err(|cause| failure::from_cache("sum up the products", cause))?;
        Ok(read(found).map(Option::unwrap_or_default))
    }
}

/// A list with its tags.
fn tagged<V>(value: V, tags: Vec<String>) -> Loaded<V> {
    tags.into_iter().fold(Loaded::found(value), Loaded::with_tag)
}
