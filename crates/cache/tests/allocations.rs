//! A hit in L1 allocates nothing: counted, in a process of its own because the counting allocator is global.

use std::sync::Arc;

use futures_util::FutureExt;
use larder_cache::{Cache, Loaded, Source, testing::CountingLoader};

const HITS: usize = 100_000;

#[tokio::test]
async fn an_l1_hit_allocates_nothing() {
    let cache =
        Cache::<String, Arc<str>>::builder("texts").weigher(|text| text.len()).build().expect("the options work");
    let texts = CountingLoader::new([("key".to_owned(), Loaded::found(Arc::from("value")).with_tag("tagged"))]);
    let key = "key".to_owned();
    cache.get_or_load(&key, texts.load(key.clone())).await.expect("loads");

    // The loaders are made before: what is counted is what the cache does.
    let hits = |count| {
        let mut loads: Vec<_> = (0..count).map(|_| texts.load(key.clone())).collect();
        allocation_counter::measure(|| {
            while let Some(load) = loads.pop() {
                let found = cache.get_or_load(&key, load).now_or_never().expect("a hit never waits").expect("a hit");
                assert_eq!(found.source, Source::L1);
            }
        })
    };
    // moka takes the new entry into its books once, at some hit after it was put in.
    hits(1_000);
    let counted = hits(HITS);

    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[tokio::test]
async fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(Vec::<u8>::with_capacity(64)));
    assert_eq!(counted.count_total, 1);
}
