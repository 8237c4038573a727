//! What both measures read from Redis: by a bare command over one shared connection, and by our cache without L1.

use std::{collections::HashMap, convert::Infallible, sync::Arc};

use anyhow::Result;
use bytes::Bytes;
use larder_cache::{Cache, CacheOptions, L2, RawBytes, RedisOptions, RedisRemote};
use larder_test_support::RedisServer;
use redis::aio::MultiplexedConnection;

use crate::bodies::{KEYS, body};

/// Without L1: each read goes to Redis. Caches of one name share their values.
pub(crate) fn cache_of_l2(redis: &RedisServer, name: &str) -> Result<Cache<u64, Bytes>> {
    let options = CacheOptions { l1_capacity_bytes: 0, ..CacheOptions::default() };
    Ok(Cache::<u64, Bytes>::builder(name).codec(RawBytes).l2(&l2(redis)?).options(options).build()?)
}

/// The same, with values.
pub(crate) async fn filled_l2(redis: &RedisServer) -> Result<Cache<u64, Bytes>> {
    let cache = cache_of_l2(redis, "bodies")?;
    for key in 0..KEYS {
        cache.insert(&key, body()).await;
    }
    Ok(cache)
}

pub(crate) fn l2(redis: &RedisServer) -> Result<L2> {
    let options = RedisOptions { url: redis.url(), namespace: "bench".to_owned(), ..RedisOptions::default() };
    Ok(L2::new(Arc::new(RedisRemote::new(&options)?))?)
}

/// A connection to a server that holds the same values under bare keys.
pub(crate) async fn filled_connection(redis: &RedisServer) -> Result<MultiplexedConnection> {
    let mut connection = redis::Client::open(redis.url())?.get_multiplexed_async_connection().await?;
    for key in 0..KEYS {
        redis::cmd("SET").arg(key).arg(&body()[..]).query_async::<()>(&mut connection).await?;
    }
    Ok(connection)
}

/// A pipeline of one `GET`.
pub(crate) async fn piped_get(connection: &mut MultiplexedConnection, key: u64) -> Vec<u8> {
    let (value,): (Option<Vec<u8>>,) =
        redis::pipe().cmd("GET").arg(key).query_async(connection).await.expect("Redis answers");
    value.expect("Redis was filled")
}

/// All keys in one call.
pub(crate) async fn hit_all(cache: &Cache<u64, Bytes>) {
    let keys: Vec<u64> = (0..KEYS).collect();
    let nothing = |_| async { Ok::<_, Infallible>(HashMap::<u64, Bytes>::new()) };
    let found = cache.get_or_load_many(&keys, nothing).await.expect("an answer");
    assert!(found.iter().all(|lookup| lookup.value.is_some()));
}
