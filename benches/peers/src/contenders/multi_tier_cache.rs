//! multi-tier-cache: moka over Redis behind its `CacheManager`, raw bytes, its own single flight.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use multi_tier_cache::{CacheManager, CacheStrategy, L1Cache, L2Cache, MokaCacheConfig};

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};

/// The two tiers and their time to live.
pub(crate) struct MultiTier {
    cache: CacheManager,
    ttl: Duration,
}

impl Contender for MultiTier {
    const NAME: &'static str = "multi-tier-cache";

    async fn connect(settings: &Settings) -> Result<Self> {
        let l1 = L1Cache::new(MokaCacheConfig {
            max_capacity: settings.l1_entries,
            time_to_live: settings.ttl,
            time_to_idle: settings.ttl,
        })?;
        let l2 = L2Cache::with_url(&settings.redis_url).await?;
        let cache = CacheManager::new_with_backends(Arc::new(l1), Arc::new(l2), None)?;
        Ok(Self { cache, ttl: settings.ttl })
    }

    async fn l1_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn l2_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn get_or_load(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        let strategy = CacheStrategy::Custom(self.ttl);
        Ok(self.cache.get_or_compute_with(&key.text, strategy, || async { Ok(loader.bytes().await) }).await?)
    }

    async fn get_many(&self, _keys: &[Key]) -> Result<Option<usize>> {
        Ok(None)
    }

    async fn invalidate(&self, key: &Key) -> Result<()> {
        Ok(self.cache.invalidate(&key.text).await?)
    }
}
