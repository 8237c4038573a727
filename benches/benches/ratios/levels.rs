//! Hits in L2 against a bare GET over the same kind of connection, and a batch against single hits.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use anyhow::Result;
use bytes::Bytes;
use larder_cache::Cache;
use larder_test_support::RedisServer;
use redis::aio::MultiplexedConnection;
use tokio::task::JoinSet;

use crate::{
    bodies::{KEYS, hit},
    redis_bodies::{filled_connection, filled_l2, hit_all, piped_get},
    rounds::Table,
};

/// Its rows.
pub(crate) const HITS: &str = "hit in L2, 64 tasks, against a pipelined GET";
pub(crate) const BATCH: &str = "100 keys in one call, against one by one";

const TASKS: u64 = 64;
const CALLS: u64 = 1_000;

/// 64 tasks at once, and 100 keys one after the other or in one call.
pub(crate) async fn measure(table: &mut Table, redis: &RedisServer) -> Result<()> {
    let (connection, cache) = (filled_connection(redis).await?, filled_l2(redis).await?);
    let bare_gets = |key| bare_gets(connection.clone(), key);
    let our_gets = |key| our_gets(cache.clone(), key);
    table.compare(HITS, 1.5, || in_tasks(&bare_gets), || in_tasks(&our_gets)).await?;
    table.compare(BATCH, 1.0 / 15.0, || one_by_one(&cache), || in_one(&cache)).await
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

async fn bare_gets(mut connection: MultiplexedConnection, key: u64) {
    for _ in 0..CALLS {
        piped_get(&mut connection, key).await;
    }
}

async fn our_gets(cache: Cache<u64, Bytes>, key: u64) {
    for _ in 0..CALLS {
        hit(&cache, key).await;
    }
}

async fn one_by_one(cache: &Cache<u64, Bytes>) -> Duration {
    let started = Instant::now();
    for key in 0..KEYS {
        hit(cache, key).await;
    }
    started.elapsed()
}

async fn in_one(cache: &Cache<u64, Bytes>) -> Duration {
    let started = Instant::now();
    hit_all(cache).await;
    started.elapsed()
}
