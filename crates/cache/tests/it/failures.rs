//! Loaders that fail, panic or hang, callers that go away, and absence.

use std::{
    future::{pending, ready},
    time::Duration,
};

use larder_cache::{CacheOptions, ErrorKind, Loaded, Source};
use tokio::time::Instant;

use crate::{
    gate::Gate,
    names::{Answer, Broken, after, alone, assert_read, found, held, nobody, node, patient},
    scripted::{Call, Scripted},
};

#[tokio::test]
async fn a_caller_that_goes_away_leaves_the_load_to_those_who_wait() {
    let cache = alone(patient());
    let (mut gate, leader) = held(&cache, 1, "one");
    gate.reached().await;
    let mut waiting = Box::pin(cache.get_or_load(&1, nobody));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    leader.abort();
    assert!(leader.await.expect_err("aborted").is_cancelled());
    gate.open();
    assert_read(waiting.await, "one", Source::Loader);
}

#[tokio::test]
async fn an_error_is_shared_by_those_who_wait_and_not_kept() {
    let cache = alone(patient());
    let (mut gate, barrier) = Gate::new();
    let mut leader = Box::pin(cache.get_or_load(&1, move || after(barrier, Err(Broken))));
    assert!(futures_util::poll!(&mut leader).is_pending());
    let mut waiting = Box::pin(cache.get_or_load(&1, nobody));
    assert!(futures_util::poll!(&mut waiting).is_pending());
    gate.reached().await;
    gate.open();
    for failed in [leader.await, waiting.await] {
        let error = failed.expect_err("the loader failed");
        assert_eq!((error.kind(), error.loader_error::<Broken>()), (ErrorKind::Load, Some(&Broken)));
    }
    assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_saw_an_error_never_joins_the_load_that_made_it() {
    let cache = alone(patient());
    for key in 0..5_000 {
        cache.get_or_load(&key, || ready(Err::<Loaded<String>, _>(Broken))).await.expect_err("the loader failed");
        assert_read(cache.get_or_load(&key, found("one")).await, "one", Source::Loader);
    }
}

#[tokio::test]
async fn a_lease_is_given_back_when_its_load_fails() {
    let remote = Scripted::new();
    let cache = node(&remote, patient());
    let failing = || ready(Err::<Loaded<String>, _>(Broken));
    cache.get_or_load(&1, failing).await.expect_err("the loader failed");
    remote.ended(Call::Release, 1).await;
    assert!(!remote.is_leased("names:1"));
    assert_eq!(remote.begun(Call::Fill), 0);
    assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
}

#[tokio::test]
async fn a_loader_that_panics_is_an_error_and_the_next_call_loads_anew() {
    let remote = Scripted::new();
    let cache = node(&remote, patient());
    let error = cache.get_or_load(&1, nobody).await.expect_err("the loader panicked");
    assert_eq!(error.kind(), ErrorKind::LoaderPanicked);
    let panics_later = || async {
        tokio::task::yield_now().await;
        nobody().await
    };
    let error = cache.get_or_load(&1, panics_later).await.expect_err("the loader panicked");
    assert_eq!(error.kind(), ErrorKind::LoaderPanicked);
    assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
}

#[tokio::test]
async fn a_loader_that_hangs_ends_at_the_deadline() {
    let remote = Scripted::new();
    let cache = node(&remote, CacheOptions { load_deadline: Duration::from_millis(30), ..patient() });
    let error = cache.get_or_load(&1, pending::<Answer>).await.expect_err("the loader hangs");
    assert_eq!(error.kind(), ErrorKind::Deadline);
    remote.ended(Call::Release, 1).await;
    assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
}

#[tokio::test]
async fn absence_is_kept_and_ends_by_its_own_life() {
    let remote = Scripted::new();
    let options = CacheOptions { negative_ttl: Duration::from_millis(60), ..patient() };
    let cache = node(&remote, options);
    let absent = || ready(Ok::<_, Broken>(Loaded::absent()));
    let started = Instant::now();
    let first = cache.get_or_load(&1, absent).await.expect("loaded");
    assert_eq!((first.value, first.source), (None, Source::Loader));
    assert_read(cache.get_or_load(&2, found("two")).await, "two", Source::Loader);
    let kept = cache.get_or_load(&1, found("one")).await.expect("kept");
    if started.elapsed() < Duration::from_millis(60) {
        assert_eq!((kept.value, kept.source), (None, Source::L1));
    }
    tokio::time::sleep_until(started + Duration::from_millis(200)).await;
    assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
    assert_read(cache.get_or_load(&2, nobody).await, "two", Source::L1);
}
