//! A hit in L2 while 64 are under way, against a bare GET over one shared connection, and one over a pool that is asked for each.

use std::future::Future;

use deadpool_redis::{Config, Runtime as PoolRuntime};
use divan::Bencher;
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    bodies::hit,
    places::{redis, runtime},
    redis_bodies::{filled_connection, filled_l2, piped_get},
};

const UNDER_WAY: u64 = 64;

#[divan::bench(sample_size = 1_000)]
fn larder(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let cache = runtime.block_on(filled_l2(redis())).expect("Redis answers");
    one_ends_another_begins(bencher, &runtime, |key| {
        let cache = cache.clone();
        async move {
            hit(&cache, key).await;
            key
        }
    });
}

#[divan::bench(sample_size = 1_000)]
fn pipelined_get(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let connection = runtime.block_on(filled_connection(redis())).expect("Redis answers");
    one_ends_another_begins(bencher, &runtime, |key| {
        let mut connection = connection.clone();
        async move {
            piped_get(&mut connection, key).await;
            key
        }
    });
}

/// deadpool-redis with its own defaults, as most use it.
#[divan::bench(sample_size = 1_000)]
fn pool_checkout_and_get(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    runtime.block_on(filled_connection(redis())).expect("Redis answers");
    let pool = Config::from_url(redis().url()).create_pool(Some(PoolRuntime::Tokio1)).expect("a pool can be made");
    one_ends_another_begins(bencher, &runtime, |key| {
        let pool = pool.clone();
        async move {
            let mut connection = pool.get().await.expect("Redis answers");
            let value: Vec<u8> =
                redis::cmd("GET").arg(key).query_async(&mut connection).await.expect("Redis was filled");
            assert!(!value.is_empty());
            key
        }
    });
}

/// Measures until one call of 64 has ended and another begun, each in a task of its own. No two ask for one key at the same time, so that
/// no call saves itself by waiting for another.
fn one_ends_another_begins<F>(bencher: Bencher<'_, '_>, runtime: &Runtime, call: impl Fn(u64) -> F)
where
    F: Future<Output = u64> + Send + 'static,
{
    let mut calls = JoinSet::new();
    for key in 0..UNDER_WAY {
        calls.spawn_on(call(key), runtime.handle());
    }
    bencher.bench_local(|| {
        runtime.block_on(async {
            let key = calls.join_next().await.expect("64 are under way").expect("no panic");
            calls.spawn(call(key));
        });
    });
}
