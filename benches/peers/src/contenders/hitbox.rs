//! hitbox: a memoized function over moka composed with Redis, bincode in both, one upstream call at a time per key.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use hitbox::CacheKey;
use hitbox::concurrency::BroadcastConcurrencyManager;
use hitbox::offload::OffloadManager;
use hitbox::policy::{ConcurrencyLimit, PolicyConfig};
use hitbox_backend::composition::Compose;
use hitbox_backend::format::BincodeFormat;
use hitbox_backend::{Backend, CompositionBackend, PassthroughCompressor};
use hitbox_fn::Cache;
use hitbox_fn::prelude::cached;
use hitbox_moka::MokaBackend;
use hitbox_redis::{ConnectionMode, RedisBackend};

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};

type L1 = MokaBackend<BincodeFormat, PassthroughCompressor>;
type L2 = RedisBackend<BincodeFormat, PassthroughCompressor>;
type Levels = CompositionBackend<L1, L2, OffloadManager>;

/// The function's cache.
pub(crate) struct Hitbox {
    cache: Cache<Levels, BroadcastConcurrencyManager<String>, OffloadManager>,
}

#[cached(prefix = "product", skip(loader))]
async fn product(_id: u64, loader: Arc<Loader>) -> String {
    loader.text().await
}

/// The key that the macro builds. It offers no invalidation: one removes the key from the levels oneself.
fn cache_key(id: u64) -> CacheKey {
    let id = id.to_string();
    CacheKey::from_slice(&[("fn", Some("product")), ("_id", Some(id.as_str()))])
}

impl Contender for Hitbox {
    const NAME: &'static str = "hitbox";

    async fn connect(settings: &Settings) -> Result<Self> {
        let offload = OffloadManager::with_defaults();
        let l1 = MokaBackend::builder().max_entries(settings.l1_entries).value_format(BincodeFormat).build();
        let l2 = RedisBackend::builder().connection(ConnectionMode::single(&settings.redis_url)).build()?;
        // The composition clones the levels for each call, and a clone made before the first use connects anew.
        l2.read(&cache_key(0)).await.map_err(|error| anyhow!("{error}"))?;
        let one = ConcurrencyLimit::new(1).context("a limit of one")?;
        let cache = Cache::builder()
            .backend(l1.compose(l2, offload.clone()))
            .policy(PolicyConfig::builder().ttl(settings.ttl).concurrency(one).build())
            .concurrency_manager(BroadcastConcurrencyManager::new())
            .offload(offload)
            .build();
        Ok(Self { cache })
    }

    async fn l1_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn l2_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn get_or_load(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        // An owned cache (a handful of reference counts), because the macro's future must outlive its caller.
        let value = product(key.id, Arc::clone(loader)).cache(self.cache.clone()).await;
        Ok(Bytes::from(value))
    }

    async fn get_many(&self, _keys: &[Key]) -> Result<Option<usize>> {
        Ok(None)
    }

    async fn invalidate(&self, key: &Key) -> Result<()> {
        let key = cache_key(key.id);
        self.cache.backend().remove(&key).await.map_err(|error| anyhow!("{error}"))?;
        Ok(())
    }
}
