//! A miss, one at a time, each of a key that was never asked for: the SELECT that all of them make alone, and what a cache adds to it.

use std::sync::Arc;

use bytes::Bytes;
use divan::Bencher;
use larder_cache::{Cache, RawBytes};
use tokio::runtime::Runtime;

use crate::{
    places::{Bodies, postgres, redis, runtime},
    redis_bodies::l2,
};

#[divan::bench(sample_size = 20)]
fn select(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let bodies = runtime.block_on(Bodies::new(postgres())).expect("PostgreSQL answers");
    each_key_once(bencher, &runtime, async |key| bodies.read(key).await.expect("PostgreSQL answers"));
}

/// GET, SELECT, SET: what a two-level cache without leases cannot do without.
#[divan::bench(sample_size = 20)]
fn get_select_set(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let bodies = runtime.block_on(Bodies::new(postgres())).expect("PostgreSQL answers");
    let client = redis::Client::open(redis().url()).expect("a url");
    let connection = runtime.block_on(client.get_multiplexed_async_connection()).expect("Redis answers");
    each_key_once(bencher, &runtime, async |key| {
        let (mut connection, name) = (connection.clone(), format!("by-hand:{key}"));
        let held: Option<Vec<u8>> =
            redis::cmd("GET").arg(&name).query_async(&mut connection).await.expect("Redis answers");
        assert!(held.is_none());
        let body = bodies.read(key).await.expect("PostgreSQL answers");
        let set = redis::cmd("SET").arg(&name).arg(&body[..]).arg("EX").arg(600).to_owned();
        set.query_async::<()>(&mut connection).await.expect("Redis answers");
        body
    });
}

#[divan::bench(sample_size = 20)]
fn larder_without_l2(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let _entered = runtime.enter();
    larder_over(bencher, &runtime, Cache::builder("miss").codec(RawBytes).build().expect("a cache can be made"));
}

/// The fill of L2 goes on after the answer; its work on this thread is within the next ones.
#[divan::bench(sample_size = 20)]
fn larder_with_l2(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let l2 = l2(redis()).expect("a url");
    larder_over(
        bencher,
        &runtime,
        Cache::builder("miss").codec(RawBytes).l2(&l2).build().expect("a cache can be made"),
    );
}

fn larder_over(bencher: Bencher<'_, '_>, runtime: &Runtime, cache: Cache<u64, Bytes>) {
    let bodies = Arc::new(runtime.block_on(Bodies::new(postgres())).expect("PostgreSQL answers"));
    each_key_once(bencher, runtime, async |key| {
        let bodies = Arc::clone(&bodies);
        let load = move || async move { bodies.read(key).await };
        cache.get_or_load(&key, load).await.expect("an answer").value.expect("a row")
    });
}

fn each_key_once(bencher: Bencher<'_, '_>, runtime: &Runtime, read: impl AsyncFn(u64) -> Bytes) {
    let mut keys = 0..;
    bencher.bench_local(|| runtime.block_on(read(keys.next().expect("there are always more"))));
}
