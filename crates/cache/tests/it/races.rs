//! Invalidations against loads, fills and answers of L2 under way, in an order that gates force.

use std::collections::HashMap;

use larder_cache::{CacheOptions, FillReply, Loaded, Source};

use crate::{
    gate::Gate,
    names::{Broken, Calls, alone, assert_read, found, held, nobody, node, patient, row, start},
    scripted::{Call, Scripted},
};

#[tokio::test]
async fn a_load_that_an_invalidation_overtook_is_not_kept_in_l1() {
    let cache = alone(patient());
    let (mut gate, old) = held(&cache, 1, "old");
    gate.reached().await;
    cache.invalidate(&1, None, false).await;
    gate.open();
    assert_read(old.await.expect("no panic"), "old", Source::Loader);
    assert_read(cache.get_or_load(&1, found("new")).await, "new", Source::Loader);
    assert_read(cache.get_or_load(&1, nobody).await, "new", Source::L1);
}

#[tokio::test]
async fn a_load_that_an_invalidation_overtook_is_kept_in_neither_level() {
    let remote = Scripted::new();
    let cache = node(&remote, patient());
    let (mut gate, old) = held(&cache, 1, "old");
    gate.reached().await;
    cache.invalidate(&1, None, false).await;
    gate.open();
    assert_read(old.await.expect("no panic"), "old", Source::Loader);
    remote.ended(Call::Fill, 1).await;
    assert_eq!(remote.fills(), [FillReply::Refused]);
    assert_read(cache.get_or_load(&1, found("new")).await, "new", Source::Loader);
}

#[tokio::test]
async fn a_read_after_an_invalidation_does_not_join_the_older_load() {
    let cache = alone(patient());
    let (mut gate, old) = held(&cache, 1, "old");
    gate.reached().await;
    cache.invalidate(&1, None, false).await;
    // The old loader is still held, and so would be whoever joined it.
    assert_read(cache.get_or_load(&1, found("new")).await, "new", Source::Loader);
    gate.open();
    assert_read(old.await.expect("no panic"), "old", Source::Loader);
    assert_read(cache.get_or_load(&1, nobody).await, "new", Source::L1);
}

#[tokio::test]
async fn a_read_after_forgetting_everything_does_not_join_the_older_load() {
    let cache = alone(patient());
    let (mut gate, old) = held(&cache, 1, "old");
    gate.reached().await;
    cache.forget_local();
    assert_read(cache.get_or_load(&1, found("new")).await, "new", Source::Loader);
    gate.open();
    assert_read(old.await.expect("no panic"), "old", Source::Loader);
    assert_read(cache.get_or_load(&1, nobody).await, "new", Source::L1);
}

#[tokio::test]
async fn a_fill_under_way_while_another_node_invalidates_leaves_neither_level_with_the_old_value() {
    let remote = Scripted::new();
    let (cache, other) = (node(&remote, patient()), node(&remote, patient()));
    let mut gate = remote.hold_before(Call::Fill);
    assert_read(cache.get_or_load(&1, row("old", 1)).await, "old", Source::Loader);
    gate.reached().await;
    other.invalidate(&1, Some(2), false).await;
    gate.open();
    remote.ended(Call::Fill, 1).await;
    assert_eq!(remote.fills(), [FillReply::Refused]);
    // The refusal tells this node that its own copy is old; the answer is on its way through the fill's task.
    tokio::task::yield_now().await;
    assert_read(cache.get_or_load(&1, row("new", 2)).await, "new", Source::Loader);
}

#[tokio::test]
async fn a_value_older_than_the_invalidation_is_refused_even_under_a_new_lease() {
    let remote = Scripted::new();
    let cache = node(&remote, patient());
    cache.invalidate(&1, Some(2), false).await;
    // A loader that reads a snapshot from before the change.
    assert_read(cache.get_or_load(&1, row("old", 1)).await, "old", Source::Loader);
    remote.ended(Call::Fill, 1).await;
    assert_eq!((remote.fills(), remote.holds("names:1")), (vec![FillReply::Old], false));
}

#[tokio::test]
async fn a_hit_of_l2_under_way_is_not_resurrected_into_l1() {
    let remote = Scripted::new();
    let (cache, other) = (node(&remote, patient()), node(&remote, patient()));
    assert_read(other.get_or_load(&1, found("old")).await, "old", Source::Loader);
    remote.ended(Call::Fill, 1).await;
    let mut gate = remote.hold_answer(Call::Read);
    let reader = cache.clone();
    let read = start(async move { reader.get_or_load(&1, nobody).await });
    gate.reached().await;
    cache.invalidate(&1, None, false).await;
    gate.open();
    assert_read(read.await.expect("no panic"), "old", Source::L2);
    assert_read(cache.get_or_load(&1, found("new")).await, "new", Source::Loader);
}

#[tokio::test]
async fn one_key_of_a_batch_is_invalidated_and_the_others_are_kept() {
    let remote = Scripted::new();
    let cache = node(&remote, patient());
    let (mut gate, barrier) = Gate::new();
    let barrier = std::sync::Mutex::new(Some(barrier));
    let reader = cache.clone();
    let batch = start(async move {
        let load = move |keys: Vec<u64>| {
            let barrier = barrier.lock().expect("no panic").take();
            async move {
                barrier.expect("one loader call").pass().await;
                let rows = keys.into_iter().map(|key| (key, Loaded::found(format!("old {key}"))));
                Ok::<_, Broken>(rows.collect::<HashMap<_, _>>())
            }
        };
        reader.get_or_load_many(&[1, 2, 3], load).await
    });
    gate.reached().await;
    cache.invalidate(&2, None, false).await;
    gate.open();
    assert_eq!(batch.await.expect("no panic").expect("loaded").len(), 3);
    assert_read(cache.get_or_load(&2, found("new 2")).await, "new 2", Source::Loader);
    assert_read(cache.get_or_load(&1, nobody).await, "old 1", Source::L1);
    assert_read(cache.get_or_load(&3, nobody).await, "old 3", Source::L1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_concurrent_cold_reads_are_one_load() {
    let remote = Scripted::new();
    let cache = node(&remote, patient());
    let (calls, together) = (Calls::default(), std::sync::Arc::new(tokio::sync::Barrier::new(1_000)));
    let reads = (0..1_000).map(|_| {
        let (cache, calls, together) = (cache.clone(), calls.clone(), std::sync::Arc::clone(&together));
        start(async move {
            together.wait().await;
            let load = move || async move {
                calls.add();
                tokio::task::yield_now().await;
                Ok::<_, Broken>(Loaded::found("one".to_owned()))
            };
            cache.get_or_load(&1, load).await
        })
    });
    for read in reads.collect::<Vec<_>>() {
        let read = read.await.expect("no panic").expect("loaded");
        assert_eq!(read.value.as_deref(), Some("one"));
    }
    assert_eq!((calls.count(), remote.begun(Call::Read)), (1, 1));
}

#[tokio::test]
async fn without_l1_the_fence_still_parts_reads_from_older_loads() {
    let cache = alone(CacheOptions { l1_capacity_bytes: 0, ..patient() });
    let (mut gate, old) = held(&cache, 1, "old");
    gate.reached().await;
    cache.invalidate(&1, None, false).await;
    assert_read(cache.get_or_load(&1, found("new")).await, "new", Source::Loader);
    gate.open();
    assert_read(old.await.expect("no panic"), "old", Source::Loader);
}
