//! The parts alone: moka for the first level, a shared pipelined connection for the second, moka's own single flight.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use bytes::Bytes;
use moka::future::Cache;
use redis::AsyncCommands;
use redis::aio::MultiplexedConnection;

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};

/// What the others are measured against.
#[derive(Debug)]
pub(crate) struct Bare {
    l1: Cache<String, Bytes>,
    l2: MultiplexedConnection,
    ttl: Duration,
}

impl Bare {
    async fn load(&self, key: &Key, loader: &Loader) -> Result<Bytes> {
        let mut l2 = self.l2.clone();
        if let Some(value) = l2.get(&key.text).await? {
            return Ok(value);
        }
        let value = loader.bytes().await;
        let () = redis::cmd("SET")
            .arg(&key.text)
            .arg(value.as_ref())
            .arg("PX")
            .arg(u64::try_from(self.ttl.as_millis())?)
            .query_async(&mut l2)
            .await?;
        Ok(value)
    }
}

impl Contender for Bare {
    const NAME: &'static str = "bare";

    async fn connect(settings: &Settings) -> Result<Self> {
        let l1 = Cache::builder().max_capacity(settings.l1_entries).time_to_live(settings.ttl).build();
        let client = redis::Client::open(settings.redis_url.as_str())?;
        Ok(Self { l1, l2: client.get_multiplexed_async_connection().await?, ttl: settings.ttl })
    }

    async fn l1_hit(&self, key: &Key, _loader: &Arc<Loader>) -> Result<Bytes> {
        self.l1.get(&key.text).await.context("not in moka")
    }

    async fn l2_hit(&self, key: &Key, _loader: &Arc<Loader>) -> Result<Bytes> {
        let value: Option<Bytes> = self.l2.clone().get(&key.text).await?;
        value.context("not in Redis")
    }

    async fn get_or_load(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        let value = self.l1.try_get_with_by_ref(key.text.as_str(), self.load(key, loader)).await;
        value.map_err(|error: Arc<anyhow::Error>| anyhow!("{error:#}"))
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Option<usize>> {
        let names: Vec<&str> = keys.iter().map(|key| key.text.as_str()).collect();
        let values: Vec<Option<Bytes>> = self.l2.clone().mget(names).await?;
        Ok(Some(values.iter().flatten().count()))
    }

    async fn invalidate(&self, key: &Key) -> Result<()> {
        self.l1.invalidate(&key.text).await;
        let () = self.l2.clone().del(&key.text).await?;
        Ok(())
    }
}
