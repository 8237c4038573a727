//! 1,000 callers of a key that nobody has, each in a task of its own: who loads it, and what the others wait.

use std::{future::Future, sync::Arc};

use bytes::Bytes;
use divan::Bencher;
use larder_cache::{Cache, RawBytes};
use moka::future::Cache as Moka;
use tokio::{runtime::Runtime, task::JoinSet};

use crate::{
    places::{Bodies, postgres, redis, runtime},
    redis_bodies::l2,
};

const CALLERS: u64 = 1_000;

/// What a stampede costs the database when nobody waits for another.
#[divan::bench(sample_size = 1, sample_count = 50)]
fn a_select_each(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let bodies = bodies(&runtime);
    let read = Arc::clone(&bodies);
    all_at_once(bencher, &runtime, &bodies, CALLERS, move |key| {
        let bodies = Arc::clone(&read);
        async move { bodies.read(key).await.expect("PostgreSQL answers") }
    });
}

/// moka's own way: `try_get_with`.
#[divan::bench(sample_size = 1, sample_count = 200)]
fn moka(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let bodies = bodies(&runtime);
    let (moka, read) = (Moka::<u64, Bytes>::builder().max_capacity(10_000).build(), Arc::clone(&bodies));
    all_at_once(bencher, &runtime, &bodies, 1, move |key| {
        let (moka, bodies) = (moka.clone(), Arc::clone(&read));
        async move { moka.try_get_with(key, bodies.read(key)).await.expect("PostgreSQL answers") }
    });
}

#[divan::bench(sample_size = 1, sample_count = 200)]
fn larder_without_l2(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let _entered = runtime.enter();
    larder_over(bencher, &runtime, Cache::builder("stampede").codec(RawBytes).build().expect("a cache can be made"));
}

#[divan::bench(sample_size = 1, sample_count = 200)]
fn larder_with_l2(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let _entered = runtime.enter();
    let l2 = l2(redis()).expect("a url");
    let cache = Cache::builder("stampede").codec(RawBytes).l2(&l2).build().expect("a cache can be made");
    larder_over(bencher, &runtime, cache);
}

fn larder_over(bencher: Bencher<'_, '_>, runtime: &Runtime, cache: Cache<u64, Bytes>) {
    let bodies = bodies(runtime);
    let read = Arc::clone(&bodies);
    all_at_once(bencher, runtime, &bodies, 1, move |key| {
        let (cache, bodies) = (cache.clone(), Arc::clone(&read));
        async move {
            let load = move || async move { bodies.read(key).await };
            cache.get_or_load(&key, load).await.expect("an answer").value.expect("a row")
        }
    });
}

fn bodies(runtime: &Runtime) -> Arc<Bodies> {
    Arc::new(runtime.block_on(Bodies::new(postgres())).expect("PostgreSQL answers"))
}

/// Measures a stampede, and sees to it that the database was read as often as said.
fn all_at_once<F>(bencher: Bencher<'_, '_>, runtime: &Runtime, bodies: &Bodies, reads: u64, call: impl Fn(u64) -> F)
where
    F: Future<Output = Bytes> + Send + 'static,
{
    let mut key = 0;
    bencher.bench_local(|| {
        key += 1;
        runtime.block_on(async {
            let mut callers = JoinSet::new();
            for _ in 0..CALLERS {
                callers.spawn(call(key));
            }
            callers.join_all().await.len()
        })
    });
    assert_eq!(bodies.reads(), reads * key, "reads of the database in {key} stampedes");
}
