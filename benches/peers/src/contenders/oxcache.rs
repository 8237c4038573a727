//! oxcache: a chain of its moka and Redis back ends with backfill, JSON in both, its own single flight.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use oxcache::backend::{MokaMemoryBackend, RedisBackend};
use oxcache::{Cache, ChainCache};

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};

/// The typed cache over the chain.
pub(crate) struct Oxcache {
    cache: Cache<String, String>,
}

impl Contender for Oxcache {
    const NAME: &'static str = "oxcache";

    async fn connect(settings: &Settings) -> Result<Self> {
        let l1 = MokaMemoryBackend::builder().capacity(settings.l1_entries).ttl(settings.ttl).build();
        let l2 = RedisBackend::new(&settings.redis_url).await?;
        let chain =
            ChainCache::builder().backend(l1).backend(l2).default_time_to_live(settings.ttl).enable_backfill().build();
        Ok(Self { cache: Cache::builder().backend_arc(Arc::new(chain)).build().await? })
    }

    async fn l1_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn l2_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn get_or_load(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        Ok(Bytes::from(self.cache.get_or(&key.text, || async { Ok(loader.text().await) }).await?))
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Option<usize>> {
        Ok(Some(self.cache.get_many(keys.iter().map(|key| &key.text)).await?.len()))
    }

    async fn invalidate(&self, key: &Key) -> Result<()> {
        Ok(self.cache.delete(&key.text).await?)
    }
}
