//! cachet: its memory tier over a Redis tier that its users write themselves, as here, with stampede protection.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use cachet::{Cache, CacheEntry, CacheTier, Error, InsertOutcome};
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;
use tick::Clock;

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};

/// The two tiers.
pub(crate) struct Cachet {
    cache: Cache<String, Bytes>,
}

/// Raw values in Redis over one shared connection: the least a tier can do.
struct RedisTier {
    connection: MultiplexedConnection,
    ttl_millis: u64,
}

impl CacheTier<String, Bytes> for RedisTier {
    async fn get(&self, key: &String) -> Result<Option<CacheEntry<Bytes>>, Error> {
        let value: Option<Bytes> = self.connection.clone().get(key).await.map_err(Error::from_source)?;
        Ok(value.map(CacheEntry::new))
    }

    async fn insert(&self, key: String, entry: CacheEntry<Bytes>) -> Result<InsertOutcome, Error> {
        let value = entry.value().as_ref();
        let () = self.connection.clone().pset_ex(&key, value, self.ttl_millis).await.map_err(Error::from_source)?;
        Ok(InsertOutcome::Accepted)
    }

    async fn invalidate(&self, key: &String) -> Result<(), Error> {
        self.connection.clone().del(key).await.map_err(Error::from_source)
    }

    async fn clear(&self) -> Result<(), Error> {
        Err(Error::from_source("the comparison clears nothing"))
    }
}

async fn redis_tier(url: &str, ttl: Duration) -> Result<RedisTier> {
    let connection = redis::Client::open(url)?.get_multiplexed_async_connection().await?;
    Ok(RedisTier { connection, ttl_millis: u64::try_from(ttl.as_millis())? })
}

impl Contender for Cachet {
    const NAME: &'static str = "cachet";

    async fn connect(settings: &Settings) -> Result<Self> {
        let clock = Clock::new_tokio();
        let tier = redis_tier(&settings.redis_url, settings.ttl).await?;
        let l2 = Cache::builder::<String, Bytes>(clock.clone()).storage(tier);
        let entries = settings.l1_entries;
        let cache = Cache::builder::<String, Bytes>(clock)
            .memory_with(|memory| memory.max_capacity(entries))
            .ttl(settings.ttl)
            .fallback(l2)
            .stampede_protection()
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
        let entry = self.cache.get_or_insert(key.text.as_str(), || loader.bytes()).await?;
        Ok(entry.into_value())
    }

    async fn get_many(&self, _keys: &[Key]) -> Result<Option<usize>> {
        Ok(None)
    }

    async fn invalidate(&self, key: &Key) -> Result<()> {
        Ok(self.cache.invalidate(key.text.as_str()).await?)
    }
}
