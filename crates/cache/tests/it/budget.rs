//! The budget of loads: how many run at once, how long others wait, and what those get who cannot wait.

use std::time::Duration;

use larder_cache::{
    CacheOptions, ErrorKind,
    Source::{Loader, Stale},
    testing::Gate,
};

use crate::scene::{Names, Reading, Scene, TICK, TTL, assert_answer, graceful, settle};

const QUEUE: Duration = Duration::from_millis(400);
const HARD: Duration = Duration::from_millis(900);

fn tight() -> CacheOptions {
    let (max_concurrent_loads, load_queue_deadline, load_deadline) = (2, QUEUE, HARD);
    CacheOptions { max_concurrent_loads, load_queue_deadline, load_deadline, ..graceful() }
}

/// Loads that have all places, until their gates open.
async fn crowd(scene: &Scene, cache: &Names) -> Vec<(Gate, Reading)> {
    let mut crowd = Vec::new();
    for key in [101, 102] {
        scene.rows.set(key, "busy".to_owned());
        let mut gate = scene.rows.hold_before();
        let reading = scene.read(cache, key);
        gate.reached().await;
        crowd.push((gate, reading));
    }
    assert_eq!(cache.statistics().gauges.loads_in_progress, 2);
    crowd
}

#[tokio::test]
async fn over_budget_a_stale_value_is_served_at_once() {
    let scene = Scene::new();
    let cache = scene.names(tight());
    scene.expect(&cache, 1, "old", Loader).await;
    scene.pass(TTL).await;
    let _crowd = crowd(&scene, &cache).await;
    for _ in 0..2 {
        let call = scene.read(&cache, 1);
        settle().await;
        assert!(call.is_finished(), "nobody waits for a place");
        assert_answer(&call.await.expect("no panic"), Ok((Some("old"), Stale)), "");
    }
    assert_eq!(scene.asked(1), 1, "the source was not asked again");
}

#[tokio::test]
async fn over_budget_a_call_with_nothing_stale_waits_so_long_and_fails_without_a_load() {
    let scene = Scene::new();
    let cache = scene.names(tight());
    let _crowd = crowd(&scene, &cache).await;
    let call = scene.read(&cache, 1);
    settle().await;
    scene.pass(QUEUE - TICK).await;
    assert!(!call.is_finished(), "it still waits for a place");
    let gauges = cache.statistics().gauges;
    assert_eq!((gauges.load_budget, gauges.loads_in_progress, gauges.loads_waiting), (2, 2, 1));
    scene.pass(TICK).await;
    assert!(call.is_finished(), "it waits no longer than it should");
    assert_answer(&call.await.expect("no panic"), Err(ErrorKind::Overloaded), "");
    assert_eq!(scene.asked(1), 0);
    assert_eq!((cache.statistics().loads.overloaded, cache.statistics().gauges.loads_waiting), (1, 0));
    assert!(!scene.remote.is_leased("names", "1"), "others need not wait for it");
}

#[tokio::test]
async fn a_place_that_becomes_free_is_used() {
    let scene = Scene::new();
    let cache = scene.names(tight());
    let mut crowd = crowd(&scene, &cache).await;
    let call = scene.read(&cache, 1);
    scene.pass(QUEUE - TICK).await;
    let (gate, reading) = crowd.pop().expect("there are two");
    gate.open();
    assert_answer(&reading.await.expect("no panic"), Ok((Some("busy"), Loader)), "");
    assert_answer(&call.await.expect("no panic"), Ok((Some("old"), Loader)), "");
    assert_eq!(cache.statistics().gauges.loads_in_progress, 1, "the other one");
}

#[tokio::test]
async fn a_load_that_ends_badly_gives_its_place_back() {
    let scene = Scene::new();
    let cache = scene.names(tight());
    let crowd = crowd(&scene, &cache).await;
    scene.pass(HARD).await;
    for (_gate, reading) in crowd {
        assert_answer(&reading.await.expect("no panic"), Err(ErrorKind::Deadline), "");
    }
    assert_eq!(cache.statistics().gauges.loads_in_progress, 0);
    scene.expect(&cache, 1, "old", Loader).await;
}

#[tokio::test]
async fn the_load_deadline_counts_the_wait_for_a_place() {
    let scene = Scene::new();
    let cache = scene.names(tight());
    let mut crowd = crowd(&scene, &cache).await;
    let mut held = scene.rows.hold_before();
    let call = scene.read(&cache, 1);
    settle().await;
    scene.pass(QUEUE - TICK).await;
    crowd.pop().expect("there are two").0.open();
    held.reached().await;
    scene.pass(HARD - QUEUE).await;
    assert!(!call.is_finished(), "one tick is left");
    scene.pass(TICK).await;
    assert!(call.is_finished(), "the deadline began with the wait");
    assert_answer(&call.await.expect("no panic"), Err(ErrorKind::Deadline), "");
}
