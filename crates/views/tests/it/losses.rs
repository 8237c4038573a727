//! A Redis that lost something, or that may hold something old: what it does not know for sure is dropped, and told.

use larder_views::{SharedViews, ViewsOptions};

use crate::nodes::{House, NEVER, QUICK, count, until};

/// A node that has flushed and does not drain, and how much it flushed.
async fn flushed(house: &House) -> (larder_views::Views, u64) {
    let node = house.node(ViewsOptions { drain: NEVER.drain, ..QUICK });
    let counted = count(&node, 20);
    until("it is flushed", async || node.status().flushed == counted).await;
    until("it is settled", async || house.command::<u64>(&["EXISTS", "@pending"]).await == 1).await;
    until("nothing is staged", async || house.command::<u64>(&["EXISTS", "@staged"]).await == 0).await;
    (node, counted)
}

async fn loses(change: &[&str]) {
    let house = House::new().await;
    let (node, counted) = flushed(&house).await;
    house.command::<i64>(change).await;
    until("it is noticed", async || node.status().lost == counted).await;
    // And it goes on.
    let more = count(&node, 30);
    node.stop().await;
    let another = house.node(QUICK);
    house.drained().await;
    another.stop().await;
    assert_eq!((house.book.total(), node.status().lost), (more, counted), "{change:?}");
}

#[tokio::test]
async fn a_flushed_or_evicting_redis_loses_what_is_pending_and_the_node_says_how_much() {
    loses(&["DEL", "@state", "@pending"]).await;
    loses(&["DEL", "@pending"]).await;
    loses(&["DEL", "@state"]).await;
}

#[tokio::test]
async fn another_server_or_lineage_drops_what_may_have_been_drained() {
    loses(&["HSET", "@state", "server", "another life"]).await;
}

#[tokio::test]
async fn what_a_snapshot_brings_back_is_not_counted_twice() -> anyhow::Result<()> {
    let house = House::new().await;
    let (node, counted) = flushed(&house).await;
    node.stop().await;
    // What an old snapshot would hold.
    for (key, copy) in [("@state", "@old-state"), ("@pending", "@old-pending")] {
        house.command::<u64>(&["COPY", key, copy]).await;
    }
    // The round is due, and is drained.
    house.command::<u64>(&["HDEL", "@state", "begun"]).await;
    let node = house.node(QUICK);
    house.drained().await;
    node.stop().await;
    assert_eq!(house.book.total(), counted);
    for (key, copy) in [("@state", "@old-state"), ("@pending", "@old-pending")] {
        house.command::<()>(&["RENAME", copy, key]).await;
    }
    house.command::<u64>(&["HSET", "@state", "server", "the life before", "begun", "0"]).await;
    let node = house.node(QUICK);
    house.drained().await;
    node.stop().await;
    assert_eq!(house.book.total(), counted);
    Ok(())
}

#[tokio::test]
async fn a_batch_that_was_begun_survives_and_is_added_once() -> anyhow::Result<()> {
    let house = House::new().await;
    house.book.pages().is_away = true;
    let node = house.node(QUICK);
    let counted = count(&node, 20);
    until("it is taken", async || house.command::<u64>(&["EXISTS", "@batch"]).await == 1).await;
    node.stop().await;
    house.command::<u64>(&["COPY", "@batch", "@old-batch"]).await;
    house.book.pages().is_away = false;
    for _ in 0..2 {
        house.command::<u64>(&["HSET", "@state", "server", "another life"]).await;
        let node = house.node(QUICK);
        house.drained().await;
        node.stop().await;
        assert_eq!(house.book.total(), counted);
        house.command::<u64>(&["COPY", "@old-batch", "@batch"]).await;
    }
    house.shared().settle(&[]).await?;
    Ok(())
}
