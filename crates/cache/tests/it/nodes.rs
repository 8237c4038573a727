//! Several nodes on one L2, versions, and an L2 that does not take an invalidation, or takes it and does not say so.

use std::time::Duration;

use larder_cache::{
    CacheOptions, Change, FillReply, L2Options, Loaded, Source,
    testing::{Call, Fault, L2Mutant, Mutant},
};

use crate::names::{Mistake, World, assert_read, nobody, patient, race, seen, start, until};

const NO_BYPASS: &[Mistake] = &[Mistake::Node(Mutant::NoBypass)];

fn row(value: &str, version: u64) -> Loaded<String> {
    Loaded::found(value.to_owned()).with_version(version)
}

#[tokio::test]
async fn of_two_nodes_one_loads_and_the_other_gets_it_from_l2() {
    let world = World::new(&[]);
    let (first, second) = (world.node(), world.node());
    let mut held = world.rows.hold_answer();
    let leader = world.start(&first, 1);
    held.reached().await;
    let waiter = start(async move { second.get_or_load(&1, nobody).await });
    world.remote.ended(Call::Lease, 2).await;
    held.open();
    assert_read(leader.await.expect("no panic"), "old", Source::Loader);
    world.remote.ended(Call::Fill, 1).await;
    world.clock.advance(Duration::from_millis(20));
    assert_read(waiter.await.expect("no panic"), "old", Source::L2);
}

#[tokio::test]
async fn a_node_loads_when_the_lease_of_one_that_died_ends() {
    let world = World::new(&[]);
    let (first, second) = (world.node(), world.node());
    // Never opened: the leader does not come back.
    let mut held = world.rows.hold_answer();
    let leader = world.start(&first, 1);
    held.reached().await;
    let waiter = world.start(&second, 1);
    world.remote.ended(Call::Lease, 2).await;
    world.clock.advance(patient().lease);
    assert_read(waiter.await.expect("no panic"), "old", Source::Loader);
    leader.abort();
}

#[tokio::test]
async fn a_row_older_than_the_invalidation_is_refused_even_under_a_new_lease() {
    let run = async |world: World| {
        let (cache, other) = (world.node(), world.node());
        cache.invalidate_changes(&[(1, Change::updated(2))]).await;
        // A repetition of an older change that comes late.
        cache.invalidate_changes(&[(1, Change::updated(1))]).await;
        // The loader reads what was there before the change.
        world.rows.set(1, row("old", 1));
        assert_read(world.get(&cache, 1).await, "old", Source::Loader);
        until(|| !world.remote.is_leased("names", "1")).await;
        world.rows.set(1, row("new", 2));
        assert_eq!(world.read(&other, 1).await, world.read(&cache, 1).await);
        world.read(&other, 1).await
    };
    race(run, &[Mistake::L2(L2Mutant::TombstoneOverwritten)]).await;
}

#[tokio::test]
async fn a_refused_fill_gives_its_lease_back() {
    let world = World::new(&[]);
    let cache = world.node();
    cache.invalidate_changes(&[(1, Change::updated(2))]).await;
    world.rows.set(1, row("old", 1));
    assert_read(world.get(&cache, 1).await, "old", Source::Loader);
    until(|| !world.remote.is_leased("names", "1")).await;
    assert_eq!(world.remote.fills(), [FillReply::Old]);
    world.rows.set(1, row("new", 2));
    assert_read(world.get(&cache, 1).await, "new", Source::Loader);
}

#[tokio::test]
async fn absence_is_refused_unless_the_row_is_gone() {
    for (change, kept) in [(Change::updated(2), false), (Change::removed(2), true)] {
        let world = World::new(&[]);
        let cache = world.node();
        cache.invalidate_changes(&[(1, change)]).await;
        world.rows.remove(&1);
        assert_eq!(world.get(&cache, 1).await.expect("loaded").value, None);
        until(|| !world.remote.is_leased("names", "1")).await;
        assert_eq!(world.remote.frame("names", "1").is_some(), kept, "{change:?}");
    }
}

/// L2 has the old value; the invalidation goes wrong; then the node that sent it reads.
async fn refused(world: World, fault: Fault) -> String {
    let l2 = L2Options { failures_to_open: 100, ..L2Options::default() };
    let cache = world.node_on(l2, patient());
    world.fill(&cache, 1).await;
    world.remote.set_fault(Call::Invalidate, Some(fault));
    world.change();
    let invalidator = cache.clone();
    let invalidation = start(async move { invalidator.invalidate(&1).await });
    until(|| world.remote.begun(Call::Invalidate) > 0).await;
    if matches!(fault, Fault::Hang | Fault::Delay(_)) {
        world.clock.sleepers(1).await;
        world.clock.advance(Duration::from_millis(250));
    }
    invalidation.await.expect("no panic");
    assert_eq!(cache.statistics().gauges.queued_invalidations, 1);
    world.read(&cache, 1).await
}

#[tokio::test]
async fn a_node_does_not_believe_l2_about_a_key_whose_invalidation_it_did_not_take() {
    for fault in [Fault::Fail, Fault::Hang, Fault::Delay(Duration::from_hours(1))] {
        race(async |world| refused(world, fault).await, NO_BYPASS).await;
    }
}

#[tokio::test]
async fn an_invalidation_whose_answer_was_lost_is_taken_for_one_that_failed() {
    let world = World::new(&[]);
    assert_eq!(refused(world, Fault::LoseAnswer).await, "new");
    // A load that the invalidation overtook is kept out of L2, by this node and by L2 itself.
    let run = async |world: World| {
        let (cache, other) = (world.node(), world.node());
        let invalidate = async || {
            world.remote.set_fault(Call::Invalidate, Some(Fault::LoseAnswer));
            cache.invalidate(&1).await;
        };
        world.overtaken(&cache, invalidate).await;
        until(|| world.remote.begun(Call::Fill) + world.remote.begun(Call::Release) > 0).await;
        world.read(&other, 1).await
    };
    race(run, &[Mistake::Node(Mutant::NoBypass), Mistake::L2(L2Mutant::NoLease)]).await;
}

#[tokio::test]
async fn an_invalidation_that_l2_did_not_take_is_repeated() {
    let world = World::new(&[]);
    let (cache, other) = (world.node(), world.node());
    world.fill(&cache, 1).await;
    world.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    world.change();
    cache.invalidate(&1).await;
    world.remote.ended(Call::Invalidate, 2).await;
    world.remote.set_fault(Call::Invalidate, None);
    world.clock.sleepers(1).await;
    world.clock.advance(Duration::from_millis(20));
    until(|| cache.statistics().gauges.queued_invalidations == 0).await;
    assert_eq!(world.remote.frame("names", "1"), None);
    assert_read(world.get(&other, 1).await, "new", Source::Loader);
    // Believed again.
    world.remote.ended(Call::Fill, 2).await;
    cache.forget_local();
    assert_read(cache.get_or_load(&1, nobody).await, "new", Source::L2);
}

#[tokio::test]
async fn an_invalidation_goes_on_when_its_caller_goes_away() {
    let world = World::new(&[]);
    let cache = world.node();
    world.fill(&cache, 1).await;
    let mut held = world.remote.hold_before(Call::Invalidate);
    let invalidator = cache.clone();
    let caller = start(async move { invalidator.invalidate(&1).await });
    held.reached().await;
    caller.abort();
    assert!(caller.await.expect_err("aborted").is_cancelled());
    world.change();
    held.open();
    world.remote.ended(Call::Invalidate, 1).await;
    assert_read(world.get(&cache, 1).await, "new", Source::Loader);
}

/// One invalidation is answered late; the next one, of the same key, fails meanwhile and looks the same without a version.
#[tokio::test]
async fn a_late_answer_does_not_stand_for_a_later_invalidation_of_the_key() {
    let run = async |world: World| {
        let (cache, other) = (world.node(), world.node());
        let mut held = world.remote.hold_answer(Call::Invalidate);
        let invalidator = cache.clone();
        let first = start(async move { invalidator.invalidate(&1).await });
        held.reached().await;
        world.fill(&other, 1).await;
        world.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
        world.change();
        cache.invalidate(&1).await;
        held.open();
        first.await.expect("no panic");
        world.read(&cache, 1).await
    };
    race(run, NO_BYPASS).await;
}

#[tokio::test]
async fn a_load_does_not_fill_l2_while_an_invalidation_of_its_key_waits() {
    let run = async |world: World| {
        let (cache, other) = (world.node(), world.node());
        let invalidate = async || {
            world.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
            cache.invalidate(&1).await;
        };
        world.overtaken(&cache, invalidate).await;
        // Stored, or given back.
        until(|| !world.remote.is_leased("names", "1")).await;
        world.read(&other, 1).await
    };
    race(run, NO_BYPASS).await;
}

#[tokio::test]
async fn l2_that_fails_or_hangs_costs_no_answer() {
    for fault in [Fault::Fail, Fault::Hang] {
        let world = World::new(&[]);
        let cache =
            world.node_on(L2Options::default(), CacheOptions { load_deadline: Duration::from_hours(1), ..patient() });
        for call in
            [Call::Fetch, Call::Lease, Call::Fill, Call::Insert, Call::Invalidate, Call::Generations, Call::Release]
        {
            world.remote.set_fault(call, Some(fault));
        }
        for key in 1..=5 {
            let read = world.start(&cache, key);
            if fault == Fault::Hang {
                until(|| world.remote.begun(Call::Fetch) as u64 == key).await;
                world.clock.sleepers(1).await;
                world.clock.advance(Duration::from_millis(250));
            }
            assert_eq!(seen(read.await.expect("no panic")), "old");
        }
        // Five failures in a row have opened the breaker.
        assert!(cache.statistics().gauges.breaker_open);
        cache.forget_local();
        let asked = world.remote.begun(Call::Fetch);
        assert_read(world.get(&cache, 1).await, "old", Source::Loader);
        assert_eq!((asked, world.remote.begun(Call::Fetch)), (5, 5));
    }
}
