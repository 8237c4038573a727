//! What the caches behind the decorator counted.

use larder_cache::Statistics;

use crate::CachedProducts;

impl CachedProducts {
    /// What each cache has counted since the start, by its name; always in the same order.
    pub fn statistics(&self) -> [(&'static str, Statistics); 4] {
        let caches = &self.caches;
        [
            ("product", caches.products.statistics()),
            ("list", caches.pages.statistics()),
            ("total", caches.totals.statistics()),
            ("stats", caches.stats.statistics()),
        ]
    }
}
