//! 100 keys in one call, from each level, against 100 gets of bare moka and one bare MGET.

use divan::Bencher;
use futures_util::FutureExt;

use crate::{
    bodies::{KEYS, filled_l1, filled_moka},
    places::{redis, runtime},
    redis_bodies::{filled_connection, filled_l2, hit_all},
};

#[divan::bench(sample_size = 100)]
fn larder_from_l1(bencher: Bencher<'_, '_>) {
    let cache = runtime().block_on(filled_l1()).expect("a cache can be made");
    bencher.bench_local(|| hit_all(&cache).now_or_never().expect("at once"));
}

#[divan::bench(sample_size = 100)]
fn moka(bencher: Bencher<'_, '_>) {
    let moka = runtime().block_on(filled_moka());
    bencher.bench_local(|| {
        let found: Vec<_> = (0..KEYS).map(|key| moka.get(&key).now_or_never().expect("at once")).collect();
        assert!(found.iter().all(Option::is_some));
    });
}

#[divan::bench(sample_size = 20)]
fn larder_from_l2(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let cache = runtime.block_on(filled_l2(redis())).expect("Redis answers");
    bencher.bench_local(|| runtime.block_on(hit_all(&cache)));
}

#[divan::bench(sample_size = 20)]
fn mget(bencher: Bencher<'_, '_>) {
    let runtime = runtime();
    let connection = runtime.block_on(filled_connection(redis())).expect("Redis answers");
    let keys: Vec<u64> = (0..KEYS).collect();
    bencher.bench_local(|| {
        let mut connection = connection.clone();
        let values: Vec<Vec<u8>> =
            runtime.block_on(redis::cmd("MGET").arg(&keys).query_async(&mut connection)).expect("Redis answers");
        assert_eq!(values.len(), keys.len());
    });
}
