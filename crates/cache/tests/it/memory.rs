//! L1 stays within its limit in bytes, with keys and overhead, and the table of tags within its number.

use std::sync::Arc;

use larder_cache::{
    Cache, CacheOptions, Loaded, Source,
    testing::{Call, CountingLoader, LoadFailed},
};

use crate::names::{World, patient, until};

const CAPACITY: u64 = 1 << 18;

/// Stores 1,000 entries of `bytes` each, and answers how many stay.
async fn stay(key_bytes: usize, value_bytes: usize) -> u64 {
    let options = CacheOptions { l1_capacity_bytes: CAPACITY, ..patient() };
    let cache = Cache::<String, Arc<str>>::builder("texts").weigher(|text| text.len()).options(options);
    let cache = cache.build().expect("the options work");
    let value: Arc<str> = "v".repeat(value_bytes).into();
    for number in 0..1_000 {
        let (key, value) = (format!("{number:0>key_bytes$}"), Arc::clone(&value));
        cache.get_or_load(&key, move || async move { Ok::<_, LoadFailed>(value) }).await.expect("loaded");
    }
    // moka evicts a moment later, and when it is asked for something.
    until(|| {
        drop(futures_util::FutureExt::now_or_never(cache.get(&"another".to_owned())));
        cache.statistics().gauges.l1_bytes <= CAPACITY
    })
    .await;
    cache.statistics().gauges.l1_entries
}

#[tokio::test]
async fn l1_holds_no_more_than_its_limit_of_values_keys_and_overhead() {
    // A key is there twice: in moka's table, and in the entry for who samples hot keys.
    for (key_bytes, value_bytes, most) in [(4, 8_192, 32), (4_096, 0, 32), (2_048, 4_096, 32), (4, 4, 400)] {
        let entries = stay(key_bytes, value_bytes).await;
        assert!((most / 2..=most).contains(&entries), "{entries} of {key_bytes} + {value_bytes} bytes each");
    }
}

#[tokio::test]
async fn beyond_the_number_of_tags_all_are_forgotten_with_the_entries_that_carry_them() {
    let world = World::new(&[]);
    let cache = world.alone_with(CacheOptions { max_tags: 3, ..patient() });
    let row = |key: u64| Loaded::found(key.to_string()).with_tag(format!("tag {key}"));
    let rows = CountingLoader::new((1..=4).map(|key| (key, row(key))));
    rows.set(9, "untagged".to_owned());
    for key in [9, 1, 2, 3] {
        cache.get_or_load(&key, rows.load(key)).await.expect("loaded");
    }
    for key in [9, 1, 2, 3] {
        assert_eq!(cache.get(&key).await.map(|found| found.source), Some(Source::L1));
    }
    cache.get_or_load(&4, rows.load(4)).await.expect("loaded");
    let mut held = Vec::new();
    for key in [9, 1, 2, 3, 4] {
        held.push(cache.get(&key).await.is_some());
    }
    assert_eq!((held, world.remote.begun(Call::Fetch)), (vec![true, false, false, false, true], 0));
}
