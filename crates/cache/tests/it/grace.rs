//! Grace: what is beyond its life is served, marked stale, only while it cannot be renewed, and never once it was invalidated.

use std::time::Duration;

use larder_cache::{
    CacheOptions, ErrorKind, Loaded,
    Source::{self, L1, L2, Loader, Stale},
    testing::{Call, Fault, LoaderFault},
};

use crate::scene::{GRACE, L2_DEADLINE, Names, Scene, TICK, TTL, assert_answer, graceful, graceless, settle};

const THROTTLE: Duration = Duration::from_secs(3);

/// A cache with row 1 at the end of its life, in both levels, over a source that fails.
async fn ended(options: CacheOptions) -> (Scene, Names) {
    let scene = Scene::new();
    scene.rows.set(1, Loaded::found("old".to_owned()).with_tag("red"));
    let cache = scene.names(options);
    scene.expect(&cache, 1, "old", Loader).await;
    scene.pass(TTL).await;
    scene.rows.set_fault(Some(LoaderFault::Fail));
    (scene, cache)
}

#[tokio::test]
async fn a_failed_load_is_not_tried_again_before_the_throttle_ends() {
    let (scene, cache) = ended(CacheOptions { grace_throttle: THROTTLE, ..graceful() }).await;
    scene.expect(&cache, 1, "old", Stale).await;
    assert_eq!(scene.asked(1), 2, "a stale value does not keep from trying");
    scene.expect(&cache, 1, "old", Stale).await;
    scene.pass(THROTTLE - TICK).await;
    scene.expect(&cache, 1, "old", Stale).await;
    assert_eq!(scene.asked(1), 2, "within the throttle");
    scene.pass(TICK).await;
    scene.expect(&cache, 1, "old", Stale).await;
    assert_eq!(scene.asked(1), 3, "after it");
    scene.rows.set_fault(None);
    scene.pass(THROTTLE).await;
    scene.expect(&cache, 1, "old", Loader).await;
}

#[tokio::test]
async fn a_stale_answer_says_so_and_has_no_life_left() {
    let (scene, cache) = ended(graceful()).await;
    let found = cache.get_or_load(&1, scene.rows.load(1)).await.expect("within grace");
    assert_eq!((found.value.as_deref(), found.source, found.fresh_for), (Some("old"), Stale, Duration::ZERO));
    assert_eq!(cache.get(&1).await, None, "who loads nothing asks for nothing stale");
}

#[tokio::test]
async fn without_grace_the_error_is_the_answer() {
    let (scene, cache) = ended(graceless()).await;
    assert_answer(&scene.read(&cache, 1).await.expect("no panic"), Err(ErrorKind::Load), "");
}

#[tokio::test]
async fn grace_ends_exactly_in_both_levels() {
    for source in [L1, L2] {
        let (scene, cache) = ended(CacheOptions { grace_throttle: TICK, ..graceful() }).await;
        let cache = if source == L1 { cache } else { scene.other_node().names(graceful()) };
        scene.pass(GRACE - TTL - TICK).await;
        scene.expect(&cache, 1, "old", Stale).await;
        scene.pass(TICK).await;
        assert_answer(&scene.read(&cache, 1).await.expect("no panic"), Err(ErrorKind::Load), &format!("{source:?}"));
    }
}

#[tokio::test]
async fn absence_has_no_grace() {
    for source in [L1, L2] {
        let scene = Scene::new();
        let options = CacheOptions { negative_ttl: TTL, ..graceful() };
        let cache = scene.names(options.clone());
        let absent = scene.read(&cache, 2).await.expect("no panic");
        assert_answer(&absent, Ok((None, Loader)), "");
        settle().await;
        scene.pass(TTL - TICK).await;
        assert_answer(&scene.read(&cache, 2).await.expect("no panic"), Ok((None, L1)), "within its life");
        scene.rows.set_fault(Some(LoaderFault::Fail));
        scene.pass(TICK).await;
        let cache = if source == L1 { cache } else { scene.other_node().names(options) };
        assert_answer(&scene.read(&cache, 2).await.expect("no panic"), Err(ErrorKind::Load), &format!("{source:?}"));
    }
}

#[derive(Debug, Clone, Copy)]
enum How {
    Key,
    Tag,
    Clear,
}

async fn invalidate(cache: &Names, how: How) {
    match how {
        How::Key => cache.invalidate(&1).await,
        How::Tag => cache.invalidate_tag("red").await,
        How::Clear => cache.clear().await,
    }
    settle().await;
}

#[tokio::test]
async fn what_was_invalidated_is_not_served_as_stale_though_l2_still_has_it() {
    for how in [How::Key, How::Tag, How::Clear] {
        for fault in [None, Some(Fault::Fail), Some(Fault::LoseAnswer)] {
            let (scene, cache) = ended(graceful()).await;
            scene.remote.set_fault(Call::Invalidate, fault);
            invalidate(&cache, how).await;
            let answer = scene.read(&cache, 1).await.expect("no panic");
            assert_answer(&answer, Err(ErrorKind::Load), &format!("{how:?}, L2 {fault:?}"));
        }
    }
}

#[tokio::test]
async fn what_is_invalidated_while_a_caller_waits_is_not_served_to_it_as_stale() {
    for how in [How::Key, How::Tag, How::Clear] {
        for in_l1 in [true, false] {
            let (scene, cache) = ended(graceful()).await;
            let cache = if in_l1 { cache } else { scene.other_node().names(graceful()) };
            let mut gate = scene.rows.hold_before();
            let (leader, waiter) = (scene.read(&cache, 1), scene.read(&cache, 1));
            gate.reached().await;
            settle().await;
            invalidate(&cache, how).await;
            gate.open();
            for caller in [leader, waiter] {
                let answer = caller.await.expect("no panic");
                assert_answer(&answer, Err(ErrorKind::Load), &format!("{how:?}, in L1: {in_l1}"));
            }
        }
    }
}

#[tokio::test]
async fn after_a_shorter_life_in_l1_l2_is_asked_and_only_then_the_source() {
    let short = CacheOptions { l1_ttl: Duration::from_secs(2), grace_throttle: TICK, ..graceful() };
    let scene = Scene::new();
    let cache = scene.names(short);
    scene.expect(&cache, 1, "old", Loader).await;
    let reads = |source: Source| scene.expect(&cache, 1, "old", source);
    scene.pass(2 * SECOND - TICK).await;
    reads(L1).await;
    scene.pass(TICK).await;
    reads(L2).await;
    reads(L1).await;
    assert_eq!(scene.asked(1), 1);
    // What L2 gave lives in L1 for another two seconds, but not beyond its life: 8 of 10 seconds have passed.
    for _ in 0..3 {
        scene.pass(2 * SECOND).await;
        reads(L2).await;
    }
    scene.pass(2 * SECOND).await;
    reads(Loader).await;
    assert_eq!(scene.asked(1), 2);
}

#[tokio::test]
async fn what_has_life_left_but_none_in_l1_is_stale_while_neither_l2_nor_the_source_answers() {
    let scene = Scene::new();
    let cache = scene.names(CacheOptions { l1_ttl: 2 * SECOND, ..graceless() });
    scene.expect(&cache, 1, "old", Loader).await;
    scene.pass(2 * SECOND).await;
    scene.all_of_l2(Some(Fault::Hang));
    scene.rows.set_fault(Some(LoaderFault::Fail));
    let read = scene.read(&cache, 1);
    assert_eq!(scene.pass_until_done(&read, 2 * L2_DEADLINE).await, L2_DEADLINE);
    let found = read.await.expect("no panic").expect("it is within its life");
    assert_eq!((found.value.as_deref(), found.source, found.fresh_for), (Some("old"), Stale, Duration::ZERO));
}

const SECOND: Duration = Duration::from_secs(1);
