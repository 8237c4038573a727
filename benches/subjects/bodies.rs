//! What both measures read from L1: bare moka and our cache, filled with the same values.

use std::convert::Infallible;

use anyhow::Result;
use bytes::Bytes;
use larder_cache::{Cache, Loaded, RawBytes};
use moka::future::Cache as Moka;

/// Keys of a filled cache.
pub(crate) const KEYS: u64 = 100;

/// 1 KiB.
pub(crate) fn body() -> Bytes {
    Bytes::from(vec![7; 1_024])
}

pub(crate) async fn filled_moka() -> Moka<u64, Bytes> {
    let moka = Moka::builder().max_capacity(10_000).build();
    for key in 0..KEYS {
        moka.insert(key, body()).await;
    }
    moka
}

/// Without L2.
pub(crate) async fn filled_l1() -> Result<Cache<u64, Bytes>> {
    let cache = Cache::<u64, Bytes>::builder("bench").codec(RawBytes).build()?;
    for key in 0..KEYS {
        cache.insert(&key, body()).await;
    }
    Ok(cache)
}

/// A hit, wherever the value is.
pub(crate) async fn hit(cache: &Cache<u64, Bytes>, key: u64) -> Bytes {
    let nothing = || async { Ok::<_, Infallible>(Loaded::absent()) };
    let found = cache.get_or_load(&key, nothing).await.expect("an answer");
    found.value.expect("the cache was filled")
}
