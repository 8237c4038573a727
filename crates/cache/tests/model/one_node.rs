//! Scenes on one node: readers, writers, callers that go away, refreshes and batches.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use larder_cache::{
    CacheOptions, Loaded,
    testing::{Call, Fault},
};

use crate::{
    explore::{Act, Planted, choose, holds, promise},
    world::{KEY, STALE, World, all, dawdle, options, settle, start},
};

pub(crate) const ONE_LOAD: &str = "more loads than invalidations and readers allow";

#[test]
fn two_readers_and_an_invalidator() {
    holds(readers_and_invalidator);
}

pub(crate) fn readers_and_invalidator(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        let node = world.node();
        let readers = [node.clone(), node.clone()].map(|node| {
            start(async move {
                node.read(KEY).await;
                node.read(KEY).await;
            })
        });
        let writer = node.clone();
        let writer = start(async move {
            writer.write(KEY, 2).await;
            // Of all reads this one comes closest to the invalidation.
            writer.read(KEY).await;
        });
        all(readers.into_iter().chain([writer])).await;
        node.read(KEY).await;
        node.land().await;
        promise(node.read(KEY).await.value == Some(2), STALE);
        promise(world.rows.calls() <= 3, ONE_LOAD);
        world.newcomer_sees(KEY, 2).await;
    })
}

#[test]
fn readers_of_a_cold_key_share_one_load() {
    holds(|planted| {
        Box::pin(async move {
            let world = World::new(planted);
            let node = world.node();
            let readers = [0; 4].map(|_| {
                let node = node.clone();
                start(async move {
                    node.read(KEY).await;
                })
            });
            all(readers).await;
            promise(world.rows.calls() == 1, ONE_LOAD);
            node.land().await;
        })
    });
}

#[test]
fn callers_that_go_away_at_any_await_hang_nobody() {
    holds(|planted| {
        Box::pin(async move {
            let world = World::new(planted);
            let node = world.node();
            let leavers = [node.clone(), node.clone()].map(|node| {
                let patience = choose(12);
                start(leave_after(patience, async move {
                    node.read(KEY).await;
                }))
            });
            let stayer = node.clone();
            let stayer = start(async move {
                let found = stayer.read(KEY).await;
                promise(found.value >= Some(1), "a waiter got no value");
            });
            let (writer, rows, remote) = (node.clone(), world.rows.clone(), std::sync::Arc::clone(&world.remote));
            let patience = 1 + choose(4);
            let writer = start(async move {
                dawdle().await;
                rows.set(KEY, 2);
                leave_after(patience, writer.cache.invalidate(&KEY)).await;
                // Once it was polled, it goes on without its caller.
                remote.ended(Call::Invalidate, 1).await;
            });
            all(leavers.into_iter().chain([stayer, writer])).await;
            settle().await;
            node.land().await;
            promise(node.read(KEY).await.value == Some(2), STALE);
        })
    });
}

/// Polls a future so many times, then drops it.
async fn leave_after(polls: u64, work: impl Future<Output = ()>) {
    let mut work = pin!(work);
    let mut left = polls;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        match work.as_mut().poll(context) {
            Poll::Pending if left == 0 => Poll::Ready(()),
            answer => answer,
        }
    })
    .await;
}

#[test]
fn an_early_refresh_and_an_invalidation() {
    holds(refresh_and_invalidation);
}

pub(crate) fn refresh_and_invalidation(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        let cost = Duration::from_millis(5);
        let ttl = Duration::from_secs(2);
        let node = world.node_with(CacheOptions { ttl, early_refresh: 100.0, ..options() });
        node.read_slowly(KEY, cost).await;
        settle().await;
        // Nearly every draw is due now: 100 × 5 ms against 20 ms.
        world.clock.advance(ttl - Duration::from_millis(25));
        let readers = [node.clone(), node.clone()].map(|node| {
            start(async move {
                node.read_slowly(KEY, cost).await;
                node.read_slowly(KEY, cost).await;
            })
        });
        let writer = node.clone();
        let writer = start(async move {
            writer.write(KEY, 2).await;
            writer.read_slowly(KEY, cost).await;
        });
        all(readers.into_iter().chain([writer])).await;
        node.land().await;
        promise(node.read(KEY).await.value == Some(2), STALE);
    })
}

#[test]
fn a_batch_and_an_invalidation_of_one_of_its_keys() {
    holds(batch_and_invalidation);
}

pub(crate) fn batch_and_invalidation(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.rows.set(2, 1);
        world.rows.set(3, 1);
        let node = world.node();
        let (one, other, single, writer) = (node.clone(), node.clone(), node.clone(), node.clone());
        let tasks = [
            start(async move { one.read_many(&[1, 2]).await }),
            start(async move { other.read_many(&[3, 2]).await }),
            start(async move {
                single.read(2).await;
            }),
            start(async move {
                writer.write(2, 2).await;
                writer.read_many(&[1, 2, 3]).await;
            }),
        ];
        all(tasks).await;
        node.read_many(&[2, 1]).await;
        settle().await;
        node.read_many(&[3, 2]).await;
        node.land().await;
        world.newcomer_sees(2, 2).await;
    })
}

#[test]
fn a_read_after_a_clear_joins_no_older_flight() {
    holds(clear_and_flights);
}

pub(crate) fn clear_and_flights(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        let node = world.node();
        let readers = [node.clone(), node.clone()].map(|node| {
            start(async move {
                node.read(KEY).await;
            })
        });
        let (clearer, rows) = (node.clone(), world.rows.clone());
        let clearer = start(async move {
            dawdle().await;
            rows.set(KEY, 2);
            clearer.cache.clear().await;
            clearer.raise(KEY, 2);
            clearer.read(KEY).await;
        });
        all(readers.into_iter().chain([clearer])).await;
        node.land().await;
        promise(node.read(KEY).await.value == Some(2), STALE);
        world.newcomer_sees(KEY, 2).await;
    })
}

#[test]
fn inserts_and_invalidations_in_any_order() {
    holds(inserts_and_invalidations);
}

pub(crate) fn inserts_and_invalidations(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.rows.set(KEY, Loaded::found(1).with_version(1));
        let node = world.node();
        let (reader, inserter, first, second) = (node.clone(), node.clone(), node.clone(), node.clone());
        let rows = world.rows.clone();
        let tasks = [
            start(async move {
                reader.read(KEY).await;
            }),
            start(async move { inserter.cache.insert(&KEY, Loaded::found(2).with_version(2)).await }),
            // Its row is overwritten before it tells.
            start(async move { first.cache.invalidate_changes(&[(KEY, larder_cache::Change::updated(2))]).await }),
            start(async move {
                rows.set(KEY, Loaded::found(3).with_version(3));
                second.write_version(KEY, 3).await;
                second.read(KEY).await;
            }),
        ];
        all(tasks).await;
        node.read(KEY).await;
        settle().await;
        promise(node.read(KEY).await.value == Some(3), STALE);
        node.land().await;
        world.newcomer_sees(KEY, 3).await;
    })
}

#[test]
fn a_backfill_from_l2_and_an_invalidation() {
    holds(backfill_and_invalidation);
}

pub(crate) fn backfill_and_invalidation(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.warm_l2(KEY).await;
        let node = world.node();
        let (reader, peeker, writer) = (node.clone(), node.clone(), node.clone());
        let tasks = [
            start(async move {
                reader.read(KEY).await;
            }),
            start(async move { peeker.peek(KEY).await }),
            start(async move {
                writer.write(KEY, 2).await;
                writer.peek(KEY).await;
            }),
        ];
        all(tasks).await;
        node.land().await;
        promise(node.read(KEY).await.value == Some(2), STALE);
        world.newcomer_sees(KEY, 2).await;
    })
}

#[test]
fn an_invalidation_that_l2_refuses() {
    holds(refused_invalidation);
}

pub(crate) fn refused_invalidation(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.warm_l2(KEY).await;
        let node = world.node();
        let reader = node.clone();
        let reader = start(async move {
            reader.read(KEY).await;
            reader.peek(KEY).await;
        });
        let (writer, remote) = (node.clone(), std::sync::Arc::clone(&world.remote));
        let writer = start(async move {
            let fault = if choose(2) == 0 { Fault::Fail } else { Fault::LoseAnswer };
            remote.set_fault(Call::Invalidate, Some(fault));
            writer.write(KEY, 2).await;
            writer.read(KEY).await;
            writer.peek(KEY).await;
            remote.set_fault(Call::Invalidate, None);
        });
        all([reader, writer]).await;
        node.read(KEY).await;
        node.land().await;
        promise(node.cache.statistics().gauges.queued_invalidations == 0, "an invalidation was never repeated");
        world.newcomer_sees(KEY, 2).await;
    })
}
