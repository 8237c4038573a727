//! What a node hears of changes at their source, and what it believes meanwhile: the bound on staleness, floors under what was announced,
//! another server.

use std::{sync::Arc, time::Duration};

use larder_cache::{
    Feed, FeedOptions, Json, L2, News, Source,
    testing::{Call, LoaderFault, Mutant, ScriptedL2},
};

use crate::{
    names::{start, until},
    stage::{BOUND, Names, Stage, bites, key, tag},
};

#[tokio::test]
async fn what_l1_has_is_loaded_anew_when_nothing_was_heard_for_longer_than_the_bound() {
    let scene = async |stage: &Stage| {
        let node = stage.fed_node().await;
        stage.warm(&node).await;
        stage.change();
        stage.clock.advance(BOUND);
        stage.sees(&node, "old", Source::L1).await;
        stage.clock.advance(Duration::from_millis(1));
        stage.read(&node).await.0
    };
    bites(scene, Mutant::NoBound).await;
}

#[tokio::test]
async fn what_was_loaded_within_the_bound_needs_no_confirmation() {
    let stage = Stage::new();
    let node = stage.fed_node().await;
    stage.clock.advance(10 * BOUND);
    stage.sees(&node, "old", Source::Loader).await;
    stage.clock.advance(BOUND);
    stage.sees(&node, "old", Source::L1).await;
    stage.clock.advance(Duration::from_millis(1));
    stage.sees(&node, "old", Source::Loader).await;
}

#[tokio::test]
async fn who_joins_a_load_from_before_the_bound_while_nothing_is_heard_loads_anew() {
    let stage = Stage::new();
    let node = stage.fed_node().await;
    let mut held = stage.rows.hold_answer();
    let read = || {
        let (names, load) = (node.names.clone(), stage.rows.load(1));
        start(async move { names.get_or_load(&1, load).await.expect("loads").value })
    };
    let first = read();
    held.reached().await;
    stage.change();
    stage.clock.advance(2 * BOUND);
    let second = read();
    until(|| node.names.statistics().l1.miss >= 2).await;
    held.open();
    assert_eq!(first.await.expect("no panic").as_deref(), Some("old"), "its own load");
    assert_eq!(second.await.expect("no panic").as_deref(), Some("new"));
}

#[tokio::test]
async fn a_confirmed_entry_stays_for_its_whole_life() {
    let stage = Stage::new();
    let node = stage.fed_node().await;
    stage.warm(&node).await;
    for _ in 0..100 {
        stage.clock.advance(BOUND);
        stage.confirm(&node);
        stage.sees(&node, "old", Source::L1).await;
    }
    assert_eq!(stage.rows.calls(), 1);
}

#[tokio::test]
async fn unconfirmed_l2_is_not_asked() {
    let stage = Stage::new();
    let (first, second) = (stage.fed_node().await, stage.fed_node().await);
    stage.warm(&first).await;
    stage.sees(&second, "old", Source::L2).await;
    stage.clock.advance(2 * BOUND);
    let asked = stage.remote.begun(Call::Fetch);
    stage.sees(&second, "old", Source::Loader).await;
    assert_eq!(stage.remote.begun(Call::Fetch), asked);
}

#[tokio::test]
async fn while_the_source_cannot_be_asked_what_is_there_is_served_and_marked() {
    let stage = Stage::new();
    let (node, other) = (stage.fed_node().await, stage.fed_node().await);
    stage.warm(&other).await;
    stage.sees(&node, "old", Source::L2).await;
    stage.clock.advance(2 * BOUND);
    stage.rows.set_fault(Some(LoaderFault::Fail));
    node.feed().lose();
    until(|| node.l2.heard_ago().is_some_and(|ago| ago <= BOUND)).await;
    let found = stage.get(&node).await;
    assert_eq!((found.source, found.confirmed), (Source::L1, false), "others' invalidations are heard");
    stage.deafen().await;
    stage.clock.advance(2 * BOUND);
    let found = stage.get(&node).await;
    assert_eq!((found.source, found.confirmed), (Source::Stale, false), "nothing is heard");
    assert_eq!(stage.rows.calls(), 1, "nothing was tried in vain");
    stage.rows.set_fault(None);
    stage.confirm(&node);
    let found = stage.get(&node).await;
    assert_eq!((found.source, found.confirmed), (Source::L1, true));
}

#[tokio::test]
async fn a_lost_source_leaves_l2_to_be_asked_and_marks_what_it_has() {
    let stage = Stage::new();
    let (node, other) = (stage.fed_node().await, stage.fed_node().await);
    stage.warm(&other).await;
    stage.clock.advance(2 * BOUND);
    node.feed().lose();
    let found = stage.get(&node).await;
    assert_eq!((found.source, found.confirmed), (Source::L2, false));
}

#[tokio::test]
async fn what_is_unconfirmed_is_served_as_stale_if_it_cannot_be_loaded() {
    let stage = Stage::new();
    let node = stage.fed_node().await;
    stage.warm(&node).await;
    stage.clock.advance(2 * BOUND);
    stage.rows.set_fault(Some(LoaderFault::Fail));
    stage.sees(&node, "old", Source::Stale).await;
    stage.sees(&node, "old", Source::Stale).await;
    assert_eq!(stage.rows.calls(), 2, "a failed load is not tried again at once");
}

#[tokio::test]
async fn what_was_announced_is_not_read_from_an_l2_that_has_not_taken_it() {
    let scene = async |stage: &Stage| {
        let node = stage.fed_node().await;
        stage.warm(&node).await;
        stage.change();
        node.names.hear(&[key(2)], Some(7));
        stage.read(&node).await.0
    };
    bites(scene, Mutant::NoFloors).await;
}

#[tokio::test]
async fn what_carries_an_announced_tag_is_not_read_from_an_l2_that_has_not_taken_it() {
    let scene = async |stage: &Stage| {
        let node = stage.fed_node().await;
        stage.warm(&node).await;
        stage.change();
        node.names.hear(&[tag(2)], Some(7));
        stage.read(&node).await.0
    };
    bites(scene, Mutant::NoFloors).await;
}

#[tokio::test]
async fn a_clear_that_was_announced_bars_all_of_the_cache() {
    let scene = async |stage: &Stage| {
        let node = stage.fed_node().await;
        stage.warm(&node).await;
        stage.change();
        node.names.hear(&[News::Everything], Some(7));
        stage.read(&node).await.0
    };
    bites(scene, Mutant::NoFloors).await;
}

#[tokio::test]
async fn l2_is_believed_again_from_the_announced_version_on() {
    let stage = Stage::new();
    let (node, other) = (stage.fed_node().await, stage.fed_node().await);
    stage.warm(&other).await;
    stage.change();
    node.names.hear(&[key(2)], Some(7));
    other.names.hear(&[key(2)], Some(7));
    stage.warm(&other).await;
    stage.sees(&node, "new", Source::L2).await;
    node.settle(7, None);
    assert_eq!(node.feed().status().doubts, 0);
}

#[tokio::test]
async fn a_tag_is_believed_again_once_its_change_was_taken() {
    let stage = Stage::new();
    let (node, other) = (stage.fed_node().await, stage.fed_node().await);
    stage.warm(&other).await;
    stage.sees(&node, "old", Source::L2).await;
    stage.change();
    node.names.hear(&[tag(2)], Some(7));
    stage.sees(&node, "new", Source::Loader).await;
    // The relay tells L2, another node fills it, and the poll after that says so.
    other.names.tell(&[tag(2)]).await.expect("L2 answers");
    other.names.hear(&[tag(2)], None);
    stage.warm(&other).await;
    node.settle(7, None);
    node.names.forget_local();
    stage.sees(&node, "new", Source::L2).await;
}

#[tokio::test]
async fn the_same_change_told_twice_is_done_once() {
    let stage = Stage::new();
    let (node, other) = (stage.fed_node().await, stage.fed_node().await);
    stage.change();
    let change = [key(2), tag(2)];
    node.names.invalidate_news(&change).await;
    stage.warm(&node).await;
    other.names.tell(&change).await.expect("L2 answers");
    other.names.hear(&change, None);
    stage.sees(&other, "new", Source::L2).await;
    stage.sees(&node, "new", Source::L1).await;
    assert_eq!(stage.rows.calls(), 1, "one load for one change");
}

#[tokio::test]
async fn after_a_gap_l2_is_not_believed_until_all_that_was_announced_is_taken() {
    let stage = Stage::new();
    let node = stage.fed_node().await;
    stage.warm(&node).await;
    stage.change();
    node.feed().forget(9);
    stage.sees(&node, "new", Source::Loader).await;
    node.settle(20, Some(9));
    assert!(!node.feed().status().believes_l2);
    node.settle(20, Some(10));
    assert!(node.feed().status().believes_l2);
}

#[tokio::test]
async fn another_server_is_believed_only_when_it_has_taken_what_was_announced() {
    let scene = async |stage: &Stage| {
        let node = stage.fed_node().await;
        stage.warm(&node).await;
        stage.change();
        // The old server took the change, and the new one has never heard of it.
        let server = stage.remote.fail_over(&["names"], &[]);
        stage.remote.appoint_without_relay("names");
        until(|| node.l2.server() == Some(server)).await;
        node.names.forget_local();
        stage.read(&node).await.0
    };
    bites(scene, Mutant::AnyServer).await;
}

#[tokio::test]
async fn what_was_stored_before_a_failover_is_believed_once_a_relay_says_so() {
    let stage = Stage::new();
    let (node, other) = (stage.fed_node().await, stage.fed_node().await);
    stage.warm(&other).await;
    let server = stage.remote.fail_over(&["names"], &[]);
    until(|| node.l2.server() == Some(server)).await;
    node.settle(5, None);
    let fills = stage.remote.begun(Call::Fill);
    stage.sees(&node, "old", Source::Loader).await;
    assert!(!node.l2.reign().await.expect("L2 answers").is_whole);
    assert_eq!(stage.remote.begun(Call::Fill), fills, "nobody fills what nobody believes");
    node.l2.appoint(server, true).await.expect("L2 answers");
    node.names.forget_local();
    stage.sees(&node, "old", Source::L2).await;
}

#[tokio::test]
async fn a_fresh_reign_believes_nothing_that_was_stored_before() {
    let stage = Stage::new();
    let node = stage.fed_node().await;
    stage.warm(&node).await;
    stage.change();
    let server = stage.remote.fail_over(&["names"], &[]);
    until(|| node.l2.server() == Some(server)).await;
    node.settle(5, None);
    node.l2.appoint(server, false).await.expect("L2 answers");
    stage.sees(&node, "new", Source::Loader).await;
}

#[tokio::test]
async fn a_feed_beside_an_l2_without_backplane_is_refused() {
    let stage = Stage::new();
    let l2 = L2::new(Arc::<ScriptedL2>::clone(&stage.remote)).expect("the options work");
    let feed = Feed::new(FeedOptions::default()).expect("the options work");
    let refused = Names::builder("names").codec(Json).l2(&l2).feed(&feed).build().expect_err("it could not heal");
    assert_eq!(refused.option, "l2");
}
