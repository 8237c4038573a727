//! larder-cache: both levels with the coherence that the others do without.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use larder_cache::{Cache, CacheOptions, L2, RawBytes, RedisOptions, RedisRemote};

use crate::contender::{Contender, Settings};
use crate::load::{Key, Loader};

/// The two levels.
pub(crate) struct Larder {
    cache: Cache<String, Bytes>,
}

impl Contender for Larder {
    const NAME: &'static str = "larder-cache";

    async fn connect(settings: &Settings) -> Result<Self> {
        let options =
            RedisOptions { url: settings.redis_url.clone(), namespace: "peers".to_owned(), ..RedisOptions::default() };
        let l2 = L2::new(Arc::new(RedisRemote::new(&options)?))?;
        // The others count entries; a value has 1 KiB here.
        let l1_capacity_bytes = settings.l1_entries * 2_048;
        let options =
            CacheOptions { ttl: settings.ttl, l1_ttl: settings.ttl, l1_capacity_bytes, ..CacheOptions::default() };
        let cache = Cache::<String, Bytes>::builder("bench").codec(RawBytes).l2(&l2).options(options).build()?;
        Ok(Self { cache })
    }

    async fn l1_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn l2_hit(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        self.get_or_load(key, loader).await
    }

    async fn get_or_load(&self, key: &Key, loader: &Arc<Loader>) -> Result<Bytes> {
        let loader = Arc::clone(loader);
        let load = move || async move { Ok::<_, Infallible>(loader.bytes().await) };
        let found = self.cache.get_or_load(&key.text, load).await?;
        Ok(found.value.unwrap_or_default())
    }

    async fn get_many(&self, keys: &[Key]) -> Result<Option<usize>> {
        let texts: Vec<String> = keys.iter().map(|key| key.text.clone()).collect();
        let nothing = |_| async { Ok::<_, Infallible>(HashMap::<String, Bytes>::new()) };
        let found = self.cache.get_or_load_many(&texts, nothing).await?;
        Ok(Some(found.iter().filter(|lookup| lookup.value.is_some()).count()))
    }

    async fn invalidate(&self, key: &Key) -> Result<()> {
        self.cache.invalidate(&key.text).await;
        Ok(())
    }
}
