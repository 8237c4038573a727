//! A node that is killed at any step, and another that goes on.

use std::sync::Arc;

use crate::{
    interrupted::{CALLS, Call, Interrupter, Interruption},
    nodes::{House, QUICK, count},
};

/// Counts on a node that dies at the first such call; what the next node finds in the end.
async fn killed(call: Call, at: Interruption) -> (u64, u64) {
    let house = House::new().await;
    let interrupter = Interrupter::once(call, at);
    // Its lease and its parcels outlive it.
    let node = house.interrupted(&interrupter, QUICK);
    let counted = count(&node, 20);
    interrupter.interruptions.acquire().await.expect("never closed").forget();
    drop(node);
    house.command::<u64>(&["DEL", "@lease"]).await;
    let another = house.node(QUICK);
    house.drained().await;
    another.stop().await;
    (counted, house.book.total())
}

#[tokio::test]
async fn a_node_that_is_killed_loses_its_buffer_at_most_and_counts_nothing_twice() {
    for call in CALLS {
        for at in [Interruption::HangBefore, Interruption::HangAfter] {
            let (counted, found) = killed(call, at).await;
            let is_in_buffer = call == Call::Stage && at == Interruption::HangBefore;
            assert_eq!(found, if is_in_buffer { 0 } else { counted }, "{call:?} {at:?}");
        }
    }
}

#[tokio::test]
async fn the_lease_of_a_killed_node_ends() {
    let house = House::new().await;
    let interrupter = Interrupter::once(Call::Add, Interruption::HangAfter);
    let node = house.interrupted(&interrupter, QUICK);
    count(&node, 1);
    interrupter.interruptions.acquire().await.expect("never closed").forget();
    drop(node);
    let left: i64 = house.command(&["PTTL", "@lease"]).await;
    assert!((1..=15_000).contains(&left), "{left}");
}

#[tokio::test]
async fn a_call_that_fails_done_or_not_loses_nothing_and_counts_nothing_twice() {
    for call in CALLS {
        for how in [Interruption::FailBefore, Interruption::FailAfter] {
            let house = House::new().await;
            let interrupter = Interrupter::once(call, how);
            let node = house.interrupted(&interrupter, QUICK);
            let counted = count(&node, 20);
            interrupter.interruptions.acquire().await.expect("never closed").forget();
            house.drained().await;
            assert_eq!(node.stop().await, 0);
            let found = (house.book.total(), house.held().await, node.status().lost);
            assert_eq!(found, (counted, 0, 0), "{call:?} {how:?}");
        }
    }
}

#[tokio::test]
async fn nodes_under_steady_failures_count_exactly() {
    for seed in 0..4 {
        let house = House::new().await;
        let mut random = fastrand::Rng::with_seed(seed);
        let mut left = 200;
        let interrupter = Interrupter::new(move |_call| {
            left -= 1;
            let fails = left > 0 && random.u8(..) < 100;
            let kinds = [Interruption::FailBefore, Interruption::FailAfter];
            if fails { random.choice(kinds) } else { None }
        });
        let nodes: Vec<_> = (0..3).map(|_node| Arc::new(house.interrupted(&interrupter, QUICK))).collect();
        let mut counted = 0;
        for _ in 0..60 {
            counted += nodes.iter().map(|node| count(node, 12)).sum::<u64>();
            tokio::time::sleep(std::time::Duration::from_millis(7)).await;
        }
        for node in &nodes {
            assert_eq!(node.stop().await, 0);
        }
        let last = house.node(QUICK);
        house.drained().await;
        assert_eq!((house.book.total(), last.stop().await), (counted, 0), "seed {seed}");
    }
}
