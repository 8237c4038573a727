//! Hits in L2 against a bare GET over the same kind of connection, and a batch against single hits.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use bytes::Bytes;
use larder_cache::{Cache, CacheOptions, L2, Loaded, RawBytes, RedisOptions, RedisRemote};
use larder_test_support::RedisServer;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

use crate::rounds::{Row, compare};

const KEYS: u64 = 100;
const TASKS: u64 = 64;
const CALLS: u64 = 1_000;

/// 64 tasks at once, and 100 keys one after the other or in one call.
pub(crate) async fn rows(redis: &RedisServer) -> Result<Vec<Row>> {
    let cache = cache(redis)?;
    for key in 0..KEYS {
        cache.insert(&key, Bytes::from(vec![7; 1_024])).await;
    }
    let connection = redis::Client::open(redis.url())?.get_multiplexed_async_connection().await?;
    for key in 0..KEYS {
        let mut connection = connection.clone();
        redis::cmd("SET").arg(key).arg(vec![7_u8; 1_024]).query_async::<()>(&mut connection).await?;
    }
    let (piped, plain, ours) = (connection.clone(), connection, cache.clone());
    let piped_gets = move |key| piped_gets(piped.clone(), key);
    let plain_gets = move |key| plain_gets(plain.clone(), key);
    let our_gets = move |key| our_gets(ours.clone(), key);
    let (piped_work, plain_work) =
        ("hit in L2, 64 tasks, against a pipelined GET", "hit in L2, 64 tasks, against a plain GET");
    let piped = compare(piped_work, 1.5, || in_tasks(&piped_gets), || in_tasks(&our_gets)).await;
    let plain = compare(plain_work, 1.5, || in_tasks(&plain_gets), || in_tasks(&our_gets)).await;
    let batch =
        compare("100 keys in one call, against one by one", 1.0 / 15.0, || one_by_one(&cache), || in_one(&cache));
    Ok(vec![piped, plain, batch.await])
}

/// Without L1: each read goes to Redis.
pub(crate) fn cache(redis: &RedisServer) -> Result<Cache<u64, Bytes>> {
    let options = RedisOptions { url: redis.url(), namespace: "bench".to_owned(), ..RedisOptions::default() };
    let l2 = L2::new(Arc::new(RedisRemote::new(&options)?))?;
    let options = CacheOptions { l1_capacity_bytes: 0, ..CacheOptions::default() };
    Ok(Cache::<u64, Bytes>::builder("bench").codec(RawBytes).l2(&l2).options(options).build()?)
}

/// The time of one call, with 64 tasks that call one after the other. No two ask for one key at the same time, so that no call saves
/// itself by waiting for another.
async fn in_tasks<F: Future<Output = ()> + Send + 'static>(calls: impl Fn(u64) -> F) -> Duration {
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    (0..TASKS).for_each(|task| drop(tasks.spawn(calls(task))));
    tasks.join_all().await;
    started.elapsed() / u32::try_from(TASKS * CALLS).expect("small")
}

async fn piped_gets(mut connection: MultiplexedConnection, key: u64) {
    for _ in 0..CALLS {
        let (value,): (Option<Vec<u8>>,) =
            redis::pipe().cmd("GET").arg(key).query_async(&mut connection).await.expect("Redis answers");
        assert!(value.is_some());
    }
}

async fn plain_gets(mut connection: MultiplexedConnection, key: u64) {
    for _ in 0..CALLS {
        let value: Option<Vec<u8>> =
            redis::cmd("GET").arg(key).query_async(&mut connection).await.expect("Redis answers");
        assert!(value.is_some());
    }
}

async fn our_gets(cache: Cache<u64, Bytes>, key: u64) {
    for _ in 0..CALLS {
        our_get(&cache, key).await;
    }
}

async fn our_get(cache: &Cache<u64, Bytes>, key: u64) {
    let nothing = || async { Ok::<_, Infallible>(Loaded::absent()) };
    let found = cache.get_or_load(&key, nothing).await.expect("an answer");
    assert!(found.value.is_some());
}

async fn one_by_one(cache: &Cache<u64, Bytes>) -> Duration {
    let started = Instant::now();
    for key in 0..KEYS {
        our_get(cache, key).await;
    }
    started.elapsed()
}

async fn in_one(cache: &Cache<u64, Bytes>) -> Duration {
    let keys: Vec<u64> = (0..KEYS).collect();
    let started = Instant::now();
    let nothing = |_| async { Ok::<_, Infallible>(HashMap::<u64, Bytes>::new()) };
    let found = cache.get_or_load_many(&keys, nothing).await.expect("an answer");
    assert!(found.iter().all(|lookup| lookup.value.is_some()));
    started.elapsed()
}
