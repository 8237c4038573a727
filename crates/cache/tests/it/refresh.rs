//! Early refresh: one in a process, one in the cluster, none that brings back what was invalidated.

use std::{collections::HashMap, sync::Arc, time::Duration};

use larder_cache::{
    CacheOptions,
    Source::{L1, L2, Loader},
    testing::LoaderFault,
};

use crate::scene::{Names, Scene, TICK, TTL, graceless, settle};

const COST: Duration = Duration::from_secs(1);

/// So eager that near the end of a life each read is due: a draw that is not has a chance below one in 10,000.
fn eager() -> CacheOptions {
    CacheOptions { early_refresh: 100.0, ..graceless() }
}

/// A cache whose row 1 took a second to load and is a tick from its end, over a source that has a new row.
async fn near_its_end(options: CacheOptions) -> (Scene, Names) {
    let scene = Scene::new();
    let cache = scene.names(options);
    let (clock, load) = (Arc::clone(&scene.clock), scene.rows.load(1));
    let costly = || async move {
        clock.advance(COST);
        load().await
    };
    cache.get_or_load(&1, costly).await.expect("nothing is wrong");
    settle().await;
    scene.pass(TTL - COST - TICK).await;
    scene.rows.set(1, "new".to_owned());
    (scene, cache)
}

/// Reads so often that one of the reads is due.
async fn read_often(scene: &Scene, cache: &Names, value: &'static str) {
    for _ in 0..20 {
        scene.expect(cache, 1, value, L1).await;
    }
}

#[tokio::test]
async fn near_its_end_a_dear_value_is_renewed_once_in_the_background() {
    let (scene, cache) = near_its_end(eager()).await;
    let mut gate = scene.rows.hold_before();
    read_often(&scene, &cache, "old").await;
    assert_eq!((scene.asked(1), cache.statistics().refreshes), (2, 1));
    gate.reached().await;
    gate.open();
    settle().await;
    scene.pass(TICK).await;
    scene.expect(&cache, 1, "new", L1).await;
    assert_eq!((scene.asked(1), cache.statistics().gauges.flights), (2, 0));
}

#[tokio::test]
async fn who_finds_a_value_ended_while_it_is_renewed_waits_for_that() {
    let (scene, cache) = near_its_end(eager()).await;
    let gate = scene.rows.hold_before();
    read_often(&scene, &cache, "old").await;
    scene.pass(TICK).await;
    let late = scene.read(&cache, 1);
    settle().await;
    assert!(!late.is_finished());
    gate.open();
    assert_eq!(late.await.expect("no panic").expect("nothing is wrong").value.as_deref(), Some("new"));
    assert_eq!(scene.asked(1), 2);
}

#[tokio::test]
async fn a_failed_renewal_leaves_what_there_is() {
    let (scene, cache) = near_its_end(eager()).await;
    scene.rows.set_fault(Some(LoaderFault::Fail));
    read_often(&scene, &cache, "old").await;
    assert_eq!(scene.asked(1), 2, "it is tried once");
    scene.rows.set_fault(None);
    scene.pass(TICK).await;
    scene.expect(&cache, 1, "new", Loader).await;
}

#[tokio::test]
async fn without_weight_or_without_cost_nothing_is_renewed_early() {
    let (scene, cache) = near_its_end(CacheOptions { early_refresh: 0.0, ..graceless() }).await;
    read_often(&scene, &cache, "old").await;
    assert_eq!(scene.asked(1), 1);

    let scene = Scene::new();
    let cache = scene.names(eager());
    scene.expect(&cache, 1, "old", Loader).await;
    scene.pass(TTL - TICK).await;
    read_often(&scene, &cache, "old").await;
    assert_eq!(scene.asked(1), 1);
}

#[tokio::test]
async fn a_single_read_is_due_as_often_as_the_paper_says() {
    let scene = Scene::new();
    let cache = scene.names(CacheOptions { early_refresh: 1.0, ..graceless() });
    let keys: Vec<u64> = (0..2_000).collect();
    let clock = Arc::clone(&scene.clock);
    let costly = move |keys: Vec<u64>| {
        clock.advance(COST);
        async move {
            Ok::<_, std::io::Error>(keys.into_iter().map(|key| (key, "old".to_owned())).collect::<HashMap<_, _>>())
        }
    };
    cache.get_or_load_many(&keys, costly).await.expect("nothing is wrong");
    scene.pass(TTL - 2 * COST).await;
    for key in keys {
        cache.get_or_load(&key, scene.rows.load(key)).await.expect("nothing is wrong");
    }
    // With one cost left it is e^-1 of them: 736 expected, with a deviation of 22.
    let refreshes = cache.statistics().refreshes;
    assert!((600..870).contains(&refreshes), "{refreshes} of 2,000");
}

#[tokio::test]
async fn of_two_nodes_one_renews_and_the_other_takes_what_it_loaded() {
    let (scene, first) = near_its_end(eager()).await;
    let other = scene.other_node();
    let second = other.names(eager());
    scene.expect(&second, 1, "old", L2).await;
    let mut gate = scene.rows.hold_before();
    read_often(&scene, &first, "old").await;
    assert_eq!(scene.asked(1), 2);
    gate.reached().await;
    read_often(&other, &second, "old").await;
    assert_eq!((first.statistics().refreshes, second.statistics().refreshes, scene.asked(1)), (1, 1, 2));
    assert!(second.statistics().l2_answers.busy >= 1, "the other one holds the lease");
    gate.open();
    settle().await;
    for _ in 0..10 {
        scene.pass(10 * TICK).await;
    }
    scene.expect(&second, 1, "new", L1).await;
    scene.expect(&first, 1, "new", L1).await;
    assert_eq!(scene.asked(1), 2, "one load for both");
    assert_eq!((first.statistics().gauges.flights, second.statistics().gauges.flights), (0, 0));
}

#[tokio::test]
async fn a_renewal_that_read_before_an_invalidation_stores_nothing() {
    let (scene, cache) = near_its_end(eager()).await;
    let mut gate = scene.rows.hold_answer();
    scene.rows.set(1, "between".to_owned());
    read_often(&scene, &cache, "old").await;
    assert_eq!(scene.asked(1), 2);
    gate.reached().await;
    scene.rows.set(1, "new".to_owned());
    cache.invalidate(&1).await;
    gate.open();
    settle().await;
    assert_eq!(cache.get(&1).await, None, "in neither level");
    assert!(scene.remote.frame("names", "1").is_none());
    scene.expect(&cache, 1, "new", Loader).await;
    scene.expect(&scene.other_node().names(eager()), 1, "new", L2).await;
}
