//! What operators may do with the caches, whichever they are.

use std::fmt;

use async_trait::async_trait;
use larder_cache::Statistics;
use larder_repository_cached::{CachedProducts, Forget, Forgotten, HotProduct, KeyInspection};

/// The caches as operators see them. Used as `Arc<dyn CacheOperations>`.
#[async_trait]
pub(crate) trait CacheOperations: fmt::Debug + Send + Sync {
    /// What each cache has counted, by its name.
    fn statistics(&self) -> Vec<(&'static str, Statistics)>;

    /// The products that are asked for most, the hottest first.
    fn hottest(&self, count: usize) -> Vec<HotProduct>;

    /// One key of one cache in every level; `None` if there is no such cache or key.
    async fn inspect(&self, cache: &str, key: &str) -> Option<KeyInspection>;

    /// Makes every node forget; `None` if there is no such cache or key.
    async fn forget(&self, what: &Forget) -> Option<Forgotten>;
}

#[async_trait]
impl CacheOperations for CachedProducts {
    fn statistics(&self) -> Vec<(&'static str, Statistics)> {
        self.statistics().into()
    }

    fn hottest(&self, count: usize) -> Vec<HotProduct> {
        self.hottest(count)
    }

    async fn inspect(&self, cache: &str, key: &str) -> Option<KeyInspection> {
        self.inspect(cache, key).await
    }

    async fn forget(&self, what: &Forget) -> Option<Forgotten> {
        self.forget(what).await
    }
}
