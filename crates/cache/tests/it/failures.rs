//! Loaders that fail, panic or hang, callers that go away, and absence.

use std::time::Duration;

use larder_cache::{
    CacheOptions, ErrorKind, Source,
    testing::{Call, LoadFailed, LoaderFault},
};

use crate::names::{World, assert_read, nobody, patient, start};

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_load_to_those_who_wait() {
    let world = World::new(&[]);
    let cache = world.alone();
    let mut held = world.rows.hold_answer();
    let leader = world.start(&cache, 1);
    held.reached().await;
    let mut waiting = Box::pin(cache.get_or_load(&1, nobody));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    leader.abort();
    assert!(leader.await.expect_err("aborted").is_cancelled());
    held.open();
    assert_read(waiting.await, "old", Source::Loader);
}

#[tokio::test]
async fn an_error_is_shared_by_those_who_wait_and_not_kept() {
    let world = World::new(&[]);
    let cache = world.alone();
    world.rows.set_fault(Some(LoaderFault::Fail));
    let mut held = world.rows.hold_answer();
    let leader = world.start(&cache, 1);
    held.reached().await;
    let mut waiting = Box::pin(cache.get_or_load(&1, nobody));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    held.open();
    for failed in [leader.await.expect("no panic"), waiting.await] {
        let error = failed.expect_err("the loader failed");
        assert_eq!((error.kind(), error.loader_error::<LoadFailed>()), (ErrorKind::Load, Some(&LoadFailed)));
    }
    world.rows.set_fault(None);
    assert_read(world.get(&cache, 1).await, "old", Source::Loader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_saw_an_error_never_joins_the_load_that_made_it() {
    let world = World::new(&[]);
    let cache = world.alone();
    for _ in 0..2_000 {
        world.rows.set_fault(Some(LoaderFault::Fail));
        world.get(&cache, 1).await.expect_err("the loader failed");
        world.rows.set_fault(None);
        assert_read(world.get(&cache, 1).await, "old", Source::Loader);
        cache.invalidate(&1).await;
    }
}

#[tokio::test]
async fn a_load_that_goes_wrong_is_an_error_gives_its_lease_back_and_the_next_call_loads_anew() {
    let ways = [
        (LoaderFault::Fail, ErrorKind::Load),
        (LoaderFault::Panic, ErrorKind::LoaderPanicked),
        (LoaderFault::Hang, ErrorKind::Deadline),
    ];
    for (fault, kind) in ways {
        let world = World::new(&[]);
        let cache = world.node();
        world.rows.set_fault(Some(fault));
        let mut held = world.rows.hold_before();
        let failing = world.start(&cache, 1);
        held.reached().await;
        held.open();
        if fault == LoaderFault::Hang {
            world.clock.advance(patient().load_deadline);
        }
        assert_eq!(failing.await.expect("no panic").expect_err("no answer").kind(), kind);
        world.remote.ended(Call::Release, 1).await;
        assert!(!world.remote.is_leased("names", "1"), "{fault:?}");
        assert_eq!(world.remote.begun(Call::Fill), 0);
        world.rows.set_fault(None);
        assert_read(world.get(&cache, 1).await, "old", Source::Loader);
    }
}

#[tokio::test]
async fn a_loader_that_panics_before_its_first_await_is_an_error_as_well() {
    let world = World::new(&[]);
    let cache = world.node();
    let error = cache.get_or_load(&1, || -> std::future::Ready<Result<String, LoadFailed>> { unreachable!("a bug") });
    assert_eq!(error.await.expect_err("the loader panicked").kind(), ErrorKind::LoaderPanicked);
    world.remote.ended(Call::Release, 1).await;
    assert_read(world.get(&cache, 1).await, "old", Source::Loader);
}

#[tokio::test]
async fn absence_is_kept_and_ends_by_its_own_life() {
    let world = World::new(&[]);
    let cache = world.node_with(CacheOptions { negative_ttl: Duration::from_millis(60), ..patient() });
    world.rows.remove(&1);
    let first = world.get(&cache, 1).await.expect("loaded");
    assert_eq!((first.value, first.source), (None, Source::Loader));
    world.fill(&cache, 2).await;
    world.change();
    world.clock.advance(Duration::from_millis(59));
    let kept = world.get(&cache, 1).await.expect("kept");
    assert_eq!((kept.value, kept.source), (None, Source::L1));
    world.clock.advance(Duration::from_millis(1));
    assert_read(world.get(&cache, 1).await, "new", Source::Loader);
    assert_read(cache.get_or_load(&2, nobody).await, "old", Source::L1);
}

#[tokio::test]
async fn nobody_who_waits_is_left_when_all_callers_go_away() {
    let world = World::new(&[]);
    let cache = world.alone();
    let mut held = world.rows.hold_answer();
    let callers = [world.start(&cache, 1), world.start(&cache, 1)];
    held.reached().await;
    for caller in callers {
        caller.abort();
        assert!(caller.await.expect_err("aborted").is_cancelled());
    }
    assert_eq!(cache.statistics().lookups.abandoned, 2);
    let reader = cache.clone();
    let late = start(async move { reader.get_or_load(&1, nobody).await });
    tokio::task::yield_now().await;
    held.open();
    assert_read(late.await.expect("no panic"), "old", Source::Loader);
    assert_eq!(cache.statistics().gauges.flights, 0);
}
