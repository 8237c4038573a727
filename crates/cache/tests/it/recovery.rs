//! Invalidations that L2 did not take: what they concern is kept out of L2 until it took them.

use std::time::Duration;

use larder_cache::{
    Change, L2Options, Loaded,
    Source::{L2, Loader},
    testing::{Call, Fault},
};

use crate::scene::{Names, Scene, graceless, settle};

/// A node whose breaker stays out of this.
fn scene(max_queued_invalidations: usize) -> Scene {
    Scene::with(L2Options { failures_to_open: 1_000, max_queued_invalidations, ..L2Options::default() })
}

/// Rows 1 to 9, of which the odd ones are tagged red and the even ones blue, in L2; L1 is empty, the source has new rows.
async fn filled(scene: &Scene, cache: &Names) {
    let tagged = |value: &str, key: u64| {
        Loaded::found(value.to_owned()).with_tag(if key.is_multiple_of(2) { "blue" } else { "red" })
    };
    (1..=9).for_each(|key| scene.rows.set(key, tagged("old", key)));
    for key in 1..=9 {
        scene.expect(cache, key, "old", Loader).await;
    }
    cache.forget_local();
    (1..=9).for_each(|key| scene.rows.set(key, tagged("new", key)));
}

/// Reads what L1 does not have.
async fn expect_past_l1(scene: &Scene, cache: &Names, key: u64, value: &'static str, source: larder_cache::Source) {
    cache.forget_local();
    scene.expect(cache, key, value, source).await;
}

/// Gives the replay all the time that it may want.
async fn replayed(scene: &Scene, cache: &Names) {
    for _ in 0..40 {
        scene.pass(Duration::from_millis(50)).await;
    }
    assert_eq!(cache.statistics().gauges.queued_invalidations, 0);
}

#[tokio::test]
async fn a_refused_invalidation_waits_once_and_its_key_alone_is_kept_out_of_l2() {
    for fault in [Fault::Fail, Fault::LoseAnswer] {
        let scene = scene(100);
        let (names, others) = (scene.names(graceless()), scene.cache("others", graceless()));
        filled(&scene, &names).await;
        filled(&scene, &others).await;
        names.forget_local();
        scene.remote.set_fault(Call::Invalidate, Some(fault));
        for _ in 0..3 {
            names.invalidate(&1).await;
        }
        assert_eq!(names.statistics().gauges.queued_invalidations, 1, "the same three times is one");
        let fetches = scene.remote.begun(Call::Fetch);
        for _ in 0..3 {
            expect_past_l1(&scene, &names, 1, "new", Loader).await;
        }
        assert_eq!(scene.remote.begun(Call::Fetch), fetches, "L2 is not asked for it");
        assert_eq!(names.statistics().l2.fetch.bypassed, 3);
        assert!(!scene.remote.is_leased("names", "1"), "nor for its lease");
        scene.expect(&names, 2, "old", L2).await;
        scene.expect(&others, 1, "old", L2).await;
    }
}

#[tokio::test]
async fn what_was_refused_is_repeated_until_l2_takes_it_and_then_l2_is_used_again() {
    let scene = scene(100);
    let cache = scene.names(graceless());
    filled(&scene, &cache).await;
    scene.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate(&1).await;
    settle().await;
    let tried = scene.remote.begun(Call::Invalidate);
    for _ in 0..10 {
        scene.pass(Duration::from_secs(1)).await;
    }
    let more = scene.remote.begun(Call::Invalidate) - tried;
    assert!((5..=12).contains(&more), "about once a second, not {more} times in 10");
    scene.remote.set_fault(Call::Invalidate, None);
    scene.pass(Duration::from_secs(1)).await;
    assert_eq!(cache.statistics().gauges.queued_invalidations, 0);
    assert!(scene.remote.frame("names", "1").is_none(), "L2 has heard of it");
    expect_past_l1(&scene, &cache, 1, "new", Loader).await;
    expect_past_l1(&scene, &cache, 1, "new", L2).await;
}

#[tokio::test]
async fn an_invalidation_that_comes_while_an_earlier_one_is_repeated_is_not_lost_with_it() {
    let scene = scene(100);
    let cache = scene.names(graceless());
    filled(&scene, &cache).await;
    scene.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate(&1).await;
    settle().await;
    // The repetition is applied, and its answer held; then another node fills, and another change comes that L2 refuses.
    scene.remote.set_fault(Call::Invalidate, None);
    let mut answer = scene.remote.hold_answer(Call::Invalidate);
    scene.pass(Duration::from_secs(1)).await;
    answer.reached().await;
    scene.expect(&scene.other_node().names(graceless()), 1, "new", Loader).await;
    scene.rows.set(1, "newest".to_owned());
    scene.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate(&1).await;
    answer.open();
    settle().await;
    assert_eq!(cache.statistics().gauges.queued_invalidations, 1);
    expect_past_l1(&scene, &cache, 1, "newest", Loader).await;
    scene.remote.set_fault(Call::Invalidate, None);
    replayed(&scene, &cache).await;
    assert!(scene.remote.frame("names", "1").is_none());
}

#[tokio::test]
async fn too_many_become_one_clear_of_that_cache_and_of_no_other() {
    let scene = scene(3);
    let (names, others) = (scene.names(graceless()), scene.cache("others", graceless()));
    filled(&scene, &names).await;
    filled(&scene, &others).await;
    scene.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    for key in 1..=3 {
        names.invalidate(&key).await;
    }
    expect_past_l1(&scene, &names, 9, "old", L2).await;
    names.invalidate(&4).await;
    assert_eq!(names.statistics().gauges.queued_invalidations, 1);
    for key in 1..=9 {
        expect_past_l1(&scene, &names, key, "new", Loader).await;
    }
    scene.expect(&others, 1, "old", L2).await;
    scene.remote.set_fault(Call::Invalidate, None);
    replayed(&scene, &names).await;
    let elsewhere = scene.other_node();
    for key in 1..=9 {
        assert_eq!(elsewhere.names(graceless()).get(&key).await, None, "L2 still has {key}");
    }
    scene.expect(&elsewhere.cache("others", graceless()), 2, "old", L2).await;
}

#[tokio::test]
async fn a_refused_tag_keeps_what_carries_it_out_of_l2_and_leaves_no_lease() {
    let scene = scene(100);
    let cache = scene.names(graceless());
    filled(&scene, &cache).await;
    scene.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate_tag("red").await;
    expect_past_l1(&scene, &cache, 1, "new", Loader).await;
    assert!(!scene.remote.is_leased("names", "1"), "who may not fill keeps nobody waiting");
    expect_past_l1(&scene, &cache, 1, "new", Loader).await;
    expect_past_l1(&scene, &cache, 2, "old", L2).await;
    scene.remote.set_fault(Call::Invalidate, None);
    replayed(&scene, &cache).await;
    expect_past_l1(&scene, &cache, 1, "new", Loader).await;
    scene.expect(&scene.other_node().names(graceless()), 1, "new", L2).await;
    expect_past_l1(&scene, &cache, 2, "old", L2).await;
}

#[tokio::test]
async fn a_refused_clear_keeps_all_of_its_cache_out_of_l2() {
    let scene = scene(100);
    let (names, others) = (scene.names(graceless()), scene.cache("others", graceless()));
    filled(&scene, &names).await;
    filled(&scene, &others).await;
    scene.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    names.clear().await;
    let fetches = scene.remote.begun(Call::Fetch);
    for key in [1, 2, 1] {
        expect_past_l1(&scene, &names, key, "new", Loader).await;
    }
    assert_eq!(scene.remote.begun(Call::Fetch), fetches);
    scene.expect(&others, 1, "old", L2).await;
    scene.remote.set_fault(Call::Invalidate, None);
    replayed(&scene, &names).await;
    expect_past_l1(&scene, &names, 1, "new", Loader).await;
    expect_past_l1(&scene, &names, 1, "new", L2).await;
}

#[tokio::test]
async fn an_insert_that_is_too_old_does_not_take_a_refused_invalidation_off_the_queue() {
    let scene = scene(100);
    let cache = scene.names(graceless());
    cache.invalidate_changes(&[(1, Change::updated(7))]).await;
    scene.rows.set(1, Loaded::found("old".to_owned()).with_version(7));
    scene.expect(&cache, 1, "old", Loader).await;
    scene.rows.set(1, Loaded::found("new".to_owned()).with_version(10));
    scene.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate_changes(&[(1, Change::updated(10))]).await;
    cache.insert(&1, Loaded::found("late".to_owned()).with_version(5)).await;
    scene.expect(&cache, 1, "new", Loader).await;
    scene.remote.set_fault(Call::Invalidate, None);
    replayed(&scene, &cache).await;
    expect_past_l1(&scene, &cache, 1, "new", Loader).await;
    expect_past_l1(&scene, &cache, 1, "new", L2).await;
}
