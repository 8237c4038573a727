//! Invalidations against loads, fills and answers of L2 under way, in an order that gates force; each also with the mistake that it
//! finds.

use std::{sync::Arc, time::Duration};

use larder_cache::{
    CacheOptions, CallOptions, Change, FillReply, Source,
    testing::{Call, L2Mutant, Mutant},
};

use crate::names::{Mistake, Names, World, assert_read, nobody, patient, race, seen, start, until};

const NO_FENCE: &[Mistake] = &[Mistake::Node(Mutant::NoFence)];
const JOIN_ANY_FLIGHT: &[Mistake] = &[Mistake::Node(Mutant::JoinAnyFlight)];
const NO_LEASE: &[Mistake] = &[Mistake::L2(L2Mutant::NoLease)];

#[tokio::test]
async fn a_load_that_an_invalidation_overtook_is_not_kept_in_l1() {
    let run = async |world: World| {
        let cache = world.alone();
        world.overtaken(&cache, async || cache.invalidate(&1).await).await;
        world.read(&cache, 1).await
    };
    race(run, NO_FENCE).await;
}

#[tokio::test]
async fn a_load_that_an_invalidation_overtook_is_not_kept_in_l2() {
    let run = async |world: World| {
        let cache = world.node();
        world.overtaken(&cache, async || cache.invalidate(&1).await).await;
        world.remote.ended(Call::Fill, 1).await;
        world.read(&cache, 1).await
    };
    race(run, NO_LEASE).await;
}

#[tokio::test]
async fn a_load_that_a_clear_overtook_is_not_kept_in_l1() {
    let run = async |world: World| {
        let cache = world.alone();
        world.overtaken(&cache, async || cache.clear().await).await;
        world.read(&cache, 1).await
    };
    race(run, NO_FENCE).await;
}

#[tokio::test]
async fn a_load_that_a_clear_overtook_is_not_kept_in_l2() {
    let run = async |world: World| {
        let cache = world.node();
        world.overtaken(&cache, async || cache.clear().await).await;
        world.remote.ended(Call::Fill, 1).await;
        world.read(&cache, 1).await
    };
    race(run, NO_LEASE).await;
}

#[tokio::test]
async fn a_load_that_an_insert_overtook_does_not_replace_it() {
    let run = async |world: World| {
        let cache = world.alone();
        world.overtaken(&cache, async || cache.insert(&1, "new".to_owned()).await).await;
        seen(cache.get_or_load(&1, nobody).await)
    };
    race(run, NO_FENCE).await;
}

/// The load that is under way would answer the old row, and is still held when the read starts.
async fn read_meanwhile(world: &World, cache: &Names, heard: impl AsyncFnOnce()) -> String {
    let mut held = world.rows.hold_answer();
    let old = world.start(cache, 1);
    held.reached().await;
    world.change();
    heard().await;
    let read = world.start(cache, 1);
    // A read that loads by itself does so now; one that has joined can only wait for the old load.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    held.open();
    assert_eq!(seen(old.await.expect("no panic")), "old");
    seen(read.await.expect("no panic"))
}

#[tokio::test]
async fn a_read_after_an_invalidation_does_not_join_the_older_load() {
    let run = async |world: World| {
        let cache = world.alone();
        read_meanwhile(&world, &cache, async || cache.invalidate(&1).await).await
    };
    race(run, JOIN_ANY_FLIGHT).await;
}

#[tokio::test]
async fn a_read_after_a_clear_does_not_join_the_older_load() {
    let run = async |world: World| {
        let cache = world.alone();
        read_meanwhile(&world, &cache, async || cache.clear().await).await
    };
    race(run, JOIN_ANY_FLIGHT).await;
}

#[tokio::test]
async fn a_read_after_forgetting_everything_does_not_join_the_older_load() {
    let run = async |world: World| {
        let cache = world.alone();
        read_meanwhile(&world, &cache, async || cache.forget_local()).await
    };
    race(run, JOIN_ANY_FLIGHT).await;
}

#[tokio::test]
async fn a_forced_refresh_does_not_join_a_load_under_way() {
    let run = async |world: World| {
        let cache = world.alone();
        let mut held = world.rows.hold_answer();
        let old = world.start(&cache, 1);
        held.reached().await;
        world.change();
        let (forcing, load) = (cache.clone(), world.rows.load(1));
        let forced = start(async move { forcing.get_or_load_with(&1, CallOptions::new().force_refresh(), load).await });
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        held.open();
        assert_eq!(seen(old.await.expect("no panic")), "old");
        seen(forced.await.expect("no panic"))
    };
    race(run, JOIN_ANY_FLIGHT).await;
}

#[tokio::test]
async fn a_load_under_way_does_not_replace_what_a_forced_refresh_brought() {
    let run = async |world: World| {
        let cache = world.alone();
        let force = async || {
            let load = world.rows.load(1);
            assert_eq!(seen(cache.get_or_load_with(&1, CallOptions::new().force_refresh(), load).await), "new");
        };
        world.overtaken(&cache, force).await;
        seen(cache.get_or_load(&1, nobody).await)
    };
    race(run, NO_FENCE).await;
}

/// Holds the answer of L2 to a read of the old value, while the row changes and is invalidated.
async fn backfilled<T: Send + 'static>(
    world: &World,
    cache: &Names,
    read: impl Future<Output = T> + Send + 'static,
) -> String {
    world.fill(&world.node(), 1).await;
    let mut held = world.remote.hold_answer(Call::Fetch);
    let read = start(read);
    held.reached().await;
    world.change();
    cache.invalidate(&1).await;
    held.open();
    read.await.expect("no panic");
    world.read(cache, 1).await
}

#[tokio::test]
async fn an_answer_of_l2_that_an_invalidation_overtook_is_not_kept() {
    let run = async |world: World| {
        let cache = world.node();
        let reader = cache.clone();
        backfilled(&world, &cache, async move { assert_read(reader.get_or_load(&1, nobody).await, "old", Source::L2) })
            .await
    };
    race(run, NO_FENCE).await;
}

#[tokio::test]
async fn an_answer_of_l2_to_a_call_that_does_not_load_is_not_kept_either() {
    let run = async |world: World| {
        let cache = world.node();
        let reader = cache.clone();
        backfilled(&world, &cache, async move { reader.get(&1).await.expect("L2 has it") }).await
    };
    race(run, NO_FENCE).await;
}

#[tokio::test]
async fn a_fill_that_an_invalidation_of_another_node_overtook_leaves_neither_level_with_the_old_value() {
    let run = async |world: World, looks_here: bool| {
        let (cache, other) = (world.node(), world.node());
        let mut held = world.remote.hold_before(Call::Fill);
        assert_read(world.get(&cache, 1).await, "old", Source::Loader);
        held.reached().await;
        world.change();
        other.invalidate(&1).await;
        held.open();
        world.remote.ended(Call::Fill, 1).await;
        world.read(if looks_here { &cache } else { &other }, 1).await
    };
    race(async |world| run(world, true).await, NO_LEASE).await;
    race(async |world| run(world, false).await, NO_LEASE).await;
}

#[tokio::test]
async fn an_early_refresh_that_an_invalidation_overtook_is_not_kept() {
    let run = async |world: World| {
        let cache = world.alone_with(CacheOptions { early_refresh: 100.0, ..patient() });
        let mut held = world.rows.hold_answer();
        let first = world.start(&cache, 1);
        held.reached().await;
        world.clock.advance(Duration::from_secs(10));
        held.open();
        first.await.expect("no panic").expect("loaded");
        // A load of 10 s under this weight: the chance that no read near the end is due is one in millions.
        world.clock.advance(patient().ttl - Duration::from_millis(10_001));
        let mut held = world.rows.hold_answer();
        assert_read(world.get(&cache, 1).await, "old", Source::L1);
        held.reached().await;
        world.change();
        cache.invalidate(&1).await;
        held.open();
        until(|| cache.statistics().loads.loaded == 2).await;
        assert_eq!(cache.statistics().refreshes, 1);
        world.read(&cache, 1).await
    };
    race(run, NO_FENCE).await;
}

#[tokio::test]
async fn one_key_of_a_batch_is_invalidated_and_the_others_are_kept() {
    let run = async |world: World| {
        let cache = world.alone();
        let mut held = world.rows.hold_answer();
        let (reader, load) = (cache.clone(), world.rows.load_many());
        let batch = start(async move { reader.get_or_load_many(&[2, 1, 3], load).await });
        held.reached().await;
        world.change();
        cache.invalidate(&1).await;
        held.open();
        assert_eq!(batch.await.expect("no panic").expect("loaded").len(), 3);
        for kept in [2, 3] {
            assert_read(cache.get_or_load(&kept, nobody).await, "old", Source::L1);
        }
        world.read(&cache, 1).await
    };
    race(run, NO_FENCE).await;
}

#[tokio::test]
async fn one_key_of_a_batch_is_invalidated_and_its_fill_refused() {
    let run = async |world: World| {
        let cache = world.node();
        let mut held = world.rows.hold_answer();
        let (reader, load) = (cache.clone(), world.rows.load_many());
        let batch = start(async move { reader.get_or_load_many(&[2, 1], load).await });
        held.reached().await;
        world.change();
        cache.invalidate(&1).await;
        held.open();
        batch.await.expect("no panic").expect("loaded");
        world.remote.ended(Call::Fill, 1).await;
        assert_eq!(world.remote.fills()[0], FillReply::Stored(Vec::new()));
        world.read(&cache, 1).await
    };
    race(run, NO_LEASE).await;
}

#[tokio::test]
async fn an_insert_that_an_invalidation_overtook_is_not_kept() {
    let run = async |world: World| {
        let cache = world.node();
        let mut held = world.remote.hold_answer(Call::Insert);
        let inserter = cache.clone();
        let insert = start(async move { inserter.insert(&1, "old".to_owned()).await });
        held.reached().await;
        world.change();
        cache.invalidate(&1).await;
        held.open();
        insert.await.expect("no panic");
        world.read(&cache, 1).await
    };
    race(run, NO_FENCE).await;
}

#[tokio::test]
async fn an_insert_that_reaches_l2_after_a_newer_invalidation_is_not_stored() {
    let run = async |world: World| {
        let cache = world.node();
        let mut held = world.remote.hold_before(Call::Insert);
        let inserter = cache.clone();
        let row = larder_cache::Loaded::found("old".to_owned()).with_version(1);
        let insert = start(async move { inserter.insert(&1, row).await });
        held.reached().await;
        world.change();
        // The second is a repetition that comes late.
        cache.invalidate_changes(&[(1, Change::updated(2))]).await;
        cache.invalidate_changes(&[(1, Change::updated(1))]).await;
        held.open();
        insert.await.expect("no panic");
        world.read(&cache, 1).await
    };
    race(run, &[Mistake::L2(L2Mutant::TombstoneOverwritten)]).await;
}

#[tokio::test]
async fn life_in_l1_counts_from_the_question() {
    let run = async |world: World| {
        let cache = world.node();
        world.fill(&world.node(), 1).await;
        world.change();
        let mut held = world.remote.hold_answer(Call::Fetch);
        let read = world.start(&cache, 1);
        held.reached().await;
        world.clock.advance(patient().ttl - Duration::from_secs(1));
        held.open();
        assert_read(read.await.expect("no panic"), "old", Source::L2);
        world.clock.advance(Duration::from_secs(2));
        world.read(&cache, 1).await
    };
    race(run, &[Mistake::Node(Mutant::LifeFromAnswer)]).await;
}

#[tokio::test]
async fn without_l1_the_fence_still_parts_reads_from_older_loads() {
    let run = async |world: World| {
        let cache = world.alone_with(CacheOptions { l1_capacity_bytes: 0, ..patient() });
        read_meanwhile(&world, &cache, async || cache.invalidate(&1).await).await
    };
    race(run, JOIN_ANY_FLIGHT).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_concurrent_cold_reads_are_one_load() {
    let world = World::new(&[]);
    let cache = world.node();
    let mut held = world.rows.hold_before();
    let together = Arc::new(tokio::sync::Barrier::new(1_000));
    let reads: Vec<_> = (0..1_000)
        .map(|_| {
            let (cache, together, load) = (cache.clone(), Arc::clone(&together), world.rows.load(1));
            start(async move {
                together.wait().await;
                cache.get_or_load(&1, load).await
            })
        })
        .collect();
    held.reached().await;
    held.open();
    for read in reads {
        assert_eq!(seen(read.await.expect("no panic")), "old");
    }
    assert_eq!((world.rows.calls(), world.remote.begun(Call::Fetch)), (1, 1));
}
