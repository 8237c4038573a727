//! cached: its Redis store, whose first level is the client-side cache of the Redis client; get, load, set in a row.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use cached::{AsyncRedisCache, ConcurrentCachedAsync, SerializeCachedAsync};

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};

/// The store with client-side caching on.
pub(crate) struct Cached {
    store: AsyncRedisCache<String, String>,
}

impl Contender for Cached {
    const NAME: &'static str = "cached";

    async fn connect(settings: &Settings) -> Result<Self> {
        let store = AsyncRedisCache::builder("peers")
            .ttl(settings.ttl)
            .connection_string(&settings.redis_url)
            .client_side_caching(true)
            .build()
            .await?;
        Ok(Self { store })
    }

    async fn l1_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn l2_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn get_or_load(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        // What `#[concurrent_cached]` expands to, without its global.
        if let Some(value) = self.store.async_cache_get(&key.text).await? {
            return Ok(Bytes::from(value));
        }
        let value = loader.text().await;
        self.store.async_cache_set_ref(&key.text, &value).await?;
        Ok(Bytes::from(value))
    }

    async fn get_many(&self, _keys: &[Key]) -> Result<Option<usize>> {
        Ok(None)
    }

    async fn invalidate(&self, key: &Key) -> Result<()> {
        self.store.async_cache_delete(&key.text).await?;
        Ok(())
    }
}
