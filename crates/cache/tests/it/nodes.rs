//! Several nodes on one L2, and an L2 that does not take an invalidation.

use std::time::Duration;

use larder_cache::{CacheOptions, Loaded, Source};

use crate::{
    names::{Calls, assert_read, found, held, nobody, node, patient, row, start},
    scripted::{Call, Fault, Scripted},
};

#[tokio::test]
async fn of_two_nodes_one_loads_and_the_other_gets_it_from_l2() {
    let remote = Scripted::new();
    let (first, second) = (node(&remote, patient()), node(&remote, patient()));
    let (mut gate, leader) = held(&first, 1, "one");
    gate.reached().await;
    let waiter = start(async move { second.get_or_load(&1, nobody).await });
    remote.ended(Call::Read, 2).await;
    gate.open();
    assert_read(leader.await.expect("no panic"), "one", Source::Loader);
    assert_read(waiter.await.expect("no panic"), "one", Source::L2);
}

#[tokio::test]
async fn a_node_whose_leader_died_loads_when_the_lease_ends() {
    let remote = Scripted::new();
    let first = node(&remote, CacheOptions { lease: Duration::from_millis(20), ..patient() });
    let second = node(&remote, patient());
    let (mut gate, leader) = held(&first, 1, "lost");
    gate.reached().await;
    // The leader never comes back, as if its process had died.
    assert_read(second.get_or_load(&1, found("one")).await, "one", Source::Loader);
    leader.abort();
}

#[tokio::test]
async fn a_node_does_not_believe_l2_about_a_key_whose_invalidation_failed() {
    let remote = Scripted::new();
    let cache = node(&remote, patient());
    assert_read(cache.get_or_load(&1, row("old", 1)).await, "old", Source::Loader);
    remote.ended(Call::Fill, 1).await;
    remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate(&1, Some(2), false).await;
    assert!(remote.holds("names:1"), "L2 still has the old value");
    assert_read(cache.get_or_load(&1, row("new", 2)).await, "new", Source::Loader);
}

#[tokio::test]
async fn an_invalidation_that_l2_did_not_take_is_repeated() {
    let remote = Scripted::new();
    let (cache, other) = (node(&remote, patient()), node(&remote, patient()));
    assert_read(cache.get_or_load(&1, row("old", 1)).await, "old", Source::Loader);
    remote.ended(Call::Fill, 1).await;
    remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate(&1, Some(2), false).await;
    // Whatever is repeated now waits at the gate, until L2 works again.
    let mut gate = remote.hold_answer(Call::Invalidate);
    gate.reached().await;
    remote.set_fault(Call::Invalidate, None);
    let mut healed = remote.hold_answer(Call::Invalidate);
    gate.open();
    healed.reached().await;
    healed.open();
    assert!(!remote.holds("names:1"));
    assert_read(other.get_or_load(&1, row("new", 2)).await, "new", Source::Loader);
}

#[tokio::test]
async fn an_invalidation_goes_on_when_its_caller_goes_away() {
    let remote = Scripted::new();
    let cache = node(&remote, patient());
    assert_read(cache.get_or_load(&1, row("old", 1)).await, "old", Source::Loader);
    remote.ended(Call::Fill, 1).await;
    let mut gate = remote.hold_before(Call::Invalidate);
    let invalidator = cache.clone();
    let caller = start(async move { invalidator.invalidate(&1, Some(2), false).await });
    gate.reached().await;
    caller.abort();
    assert!(caller.await.expect_err("aborted").is_cancelled());
    gate.open();
    remote.ended(Call::Invalidate, 1).await;
    assert_read(cache.get_or_load(&1, row("new", 2)).await, "new", Source::Loader);
}

#[tokio::test]
async fn l2_hangs_and_the_invalidation_still_returns_and_is_kept() {
    let remote = Scripted::new();
    let cache = node(&remote, CacheOptions { l2_deadline: Duration::from_millis(20), ..patient() });
    assert_read(cache.get_or_load(&1, row("old", 1)).await, "old", Source::Loader);
    remote.ended(Call::Fill, 1).await;
    remote.set_fault(Call::Invalidate, Some(Fault::Hang));
    cache.invalidate(&1, Some(2), false).await;
    assert_read(cache.get_or_load(&1, row("new", 2)).await, "new", Source::Loader);
    assert_read(cache.get_or_load(&1, nobody).await, "new", Source::L1);
}

/// One invalidation is answered late; the next one, of the same key, fails meanwhile and looks the same without a version.
#[tokio::test]
async fn a_late_answer_does_not_stand_for_a_later_invalidation_of_the_key() {
    let remote = Scripted::new();
    let (cache, other) = (node(&remote, patient()), node(&remote, patient()));
    let mut gate = remote.hold_answer(Call::Invalidate);
    let invalidator = cache.clone();
    let first = start(async move { invalidator.invalidate(&1, None, false).await });
    gate.reached().await;
    assert_read(other.get_or_load(&1, found("old")).await, "old", Source::Loader);
    remote.ended(Call::Fill, 1).await;
    remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate(&1, None, false).await;
    gate.open();
    first.await.expect("no panic");
    assert_read(cache.get_or_load(&1, found("new")).await, "new", Source::Loader);
}

#[tokio::test]
async fn a_load_does_not_fill_l2_while_an_invalidation_of_its_key_waits() {
    let remote = Scripted::new();
    let (cache, other) = (node(&remote, patient()), node(&remote, patient()));
    let (mut gate, old) = held(&cache, 1, "old");
    gate.reached().await;
    remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate(&1, None, false).await;
    gate.open();
    assert_read(old.await.expect("no panic"), "old", Source::Loader);
    // The fill, if there were one, was queued before this read.
    let (mut gate, fresh) = held(&cache, 1, "new");
    gate.reached().await;
    assert!(!remote.holds("names:1"));
    remote.set_fault(Call::Invalidate, None);
    gate.open();
    assert_read(fresh.await.expect("no panic"), "new", Source::Loader);
    assert_read(other.get_or_load(&1, found("new")).await, "new", Source::Loader);
}

#[tokio::test]
async fn l2_that_fails_or_hangs_costs_no_answer() {
    for fault in [Fault::Fail, Fault::Hang] {
        let remote = Scripted::new();
        let cache = node(&remote, CacheOptions { l2_deadline: Duration::from_millis(10), ..patient() });
        for call in [Call::Read, Call::Fill, Call::Invalidate, Call::Release] {
            remote.set_fault(call, Some(fault));
        }
        let calls = Calls::default();
        for key in 0..10 {
            let counted = calls.clone();
            let load = move || {
                counted.add();
                std::future::ready(Ok::<_, std::io::Error>(Loaded::found("one".to_owned())))
            };
            assert_read(cache.get_or_load(&key, load).await, "one", Source::Loader);
        }
        assert_eq!(calls.count(), 10);
        assert!(remote.begun(Call::Read) <= 5, "the breaker opens after failures in a row");
    }
}
