//! Lives: jitter stays inside its bounds, a loader may set them, and parts of a second count.

use std::{collections::HashMap, time::Duration};

use larder_cache::{
    CacheOptions, Loaded,
    Source::{L1, L2, Loader},
};

use crate::scene::{Names, Scene, TICK, TTL, graceless, settle};

#[tokio::test]
async fn jitter_shortens_a_life_by_its_share_at_most_and_never_lengthens_it() {
    let scene = Scene::new();
    let cache = scene.names(CacheOptions { jitter: 0.2, ..graceless() });
    let keys: Vec<u64> = (0..1_000).collect();
    let load = |keys: Vec<u64>| async move {
        let rows = keys.into_iter().map(|key| (key, key.to_string()));
        Ok::<_, std::io::Error>(rows.collect::<HashMap<_, _>>())
    };
    let found = cache.get_or_load_many(&keys, load).await.expect("nothing is wrong");
    let lives: Vec<Duration> = found.iter().map(|found| found.fresh_for).collect();
    assert!(lives.iter().all(|life| (TTL.mul_f64(0.8)..=TTL).contains(life)));
    // Of 1,000 even draws some are near each end; that none is has a chance below one in 10^22.
    assert!(lives.iter().any(|life| *life < TTL.mul_f64(0.81)) && lives.iter().any(|life| *life > TTL.mul_f64(0.99)));
}

#[tokio::test]
async fn a_life_of_part_of_a_second_is_exact_in_both_levels() {
    let ttl = Duration::from_millis(250);
    let scene = Scene::new();
    let cache = scene.names(CacheOptions { ttl, ..graceless() });
    scene.expect(&cache, 1, "old", Loader).await;
    scene.pass(ttl - TICK).await;
    scene.expect(&cache, 1, "old", L1).await;
    scene.expect(&scene.other_node().names(graceless()), 1, "old", L2).await;
    scene.pass(TICK).await;
    scene.expect(&scene.other_node().names(graceless()), 1, "old", Loader).await;
    assert_eq!(scene.asked(1), 2);
}

/// Reads what a loader answers once, and the life that the answer has.
async fn life_of(cache: &Names, loaded: Loaded<String>) -> Duration {
    let load = || async move { Ok::<_, std::io::Error>(loaded) };
    let found = cache.get_or_load(&1, load).await.expect("nothing is wrong");
    settle().await;
    assert_eq!((found.value.as_deref(), found.source), (Some("old"), Loader));
    found.fresh_for
}

fn old() -> Loaded<String> {
    Loaded::found("old".to_owned())
}

#[tokio::test]
async fn a_loader_may_set_a_shorter_or_longer_life() {
    for ttl in [TTL / 100, TTL * 3] {
        let scene = Scene::new();
        // A life that is longer than that of the cache needs to be longer in L1 as well.
        let cache = scene.names(CacheOptions { l1_ttl: TTL * 5, ..graceless() });
        assert_eq!(life_of(&cache, old().with_ttl(ttl)).await, ttl);
        scene.pass(ttl - TICK).await;
        scene.expect(&cache, 1, "old", L1).await;
        let other = scene.other_node().names(CacheOptions { l1_ttl: TTL * 5, ..graceless() });
        scene.expect(&other, 1, "old", L2).await;
        scene.pass(TICK).await;
        assert_eq!((cache.get(&1).await, other.get(&1).await), (None, None), "{ttl:?}");
    }
}

#[tokio::test]
async fn a_loader_may_set_the_life_in_l1_which_never_exceeds_the_whole() {
    let scene = Scene::new();
    let cache = scene.names(graceless());
    assert_eq!(life_of(&cache, old().with_l1_ttl(TTL / 10)).await, TTL);
    scene.pass(TTL / 10 - TICK).await;
    scene.expect(&cache, 1, "old", L1).await;
    scene.pass(TICK).await;
    scene.expect(&cache, 1, "old", L2).await;

    let scene = Scene::new();
    let cache = scene.names(graceless());
    assert_eq!(life_of(&cache, old().with_l1_ttl(TTL * 2)).await, TTL);
    scene.pass(TTL).await;
    assert_eq!(cache.get(&1).await, None);
}

#[tokio::test]
async fn what_is_not_stored_is_in_neither_level_has_no_life_and_leaves_no_lease() {
    for loaded in [old().not_stored(), old().with_ttl(Duration::ZERO)] {
        let scene = Scene::new();
        let cache = scene.names(graceless());
        assert_eq!(life_of(&cache, loaded).await, Duration::ZERO);
        assert_eq!(cache.get(&1).await, None);
        assert!(scene.remote.frame("names", "1").is_none() && !scene.remote.is_leased("names", "1"));
    }
}
