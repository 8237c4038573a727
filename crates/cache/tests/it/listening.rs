//! What nodes hear of each other by the log of their L2, and what they do when they may have missed something.

use std::{sync::Arc, time::Duration};

use larder_cache::{
    Cache, Change, Json, L2, News, Source,
    testing::{Call, Evicted, ManualClock, Mutant, ScriptedL2},
};

use crate::stage::{BOUND, Stage, bites, key, row, tag, until_async};

#[tokio::test]
async fn other_nodes_forget_what_one_invalidates() {
    let stage = Stage::new();
    let (here, there) = (stage.node().await, stage.node().await);
    let all: [(&str, &[News<u64>]); 3] = [("key", &[key(2)]), ("tag", &[tag(2)]), ("clear", &[News::Everything])];
    for (sort, news) in all {
        stage.rows.set(1, row("old", 1));
        here.names.clear().await;
        there.names.forget_local();
        stage.get(&there).await;
        stage.change();
        here.names.invalidate_news(news).await;
        until_async(async || stage.read(&there).await.0 == "new", sort).await;
        stage.remote.evict(Evicted::Tombstones);
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_read_back_makes_others_forget_everything() {
    let stage = Stage::new();
    let node = stage.node().await;
    stage.warm(&node).await;
    let clock = Arc::<ManualClock>::clone(&stage.clock);
    let l2 = L2::builder(Arc::<ScriptedL2>::clone(&stage.remote)).clock(clock).build().expect("the options work");
    let foreign = Cache::<String, String>::builder("names").codec(Json).l2(&l2).build().expect("the options work");
    foreign.invalidate(&"no number".to_owned()).await;
    until_async(async || stage.get(&node).await.source != Source::L1, "it forgets").await;
}

#[tokio::test]
async fn what_already_has_the_change_stays_when_the_news_come_late() {
    let stage = Stage::new();
    let (here, there) = (stage.node().await, stage.node().await);
    stage.change();
    stage.warm(&there).await;
    here.names.invalidate_changes(&[(1, Change::updated(2))]).await;
    // Both logs are read in order: when the second change was heard, so was the first.
    here.names.invalidate(&2).await;
    stage.sees(&there, "new", Source::L1).await;
    assert_eq!(stage.rows.calls(), 1);
}

#[tokio::test]
async fn a_lost_part_of_the_log_makes_a_node_forget_everything() {
    let scene = async |stage: &Stage| {
        let (here, there) = (stage.node().await, stage.node().await);
        stage.warm(&there).await;
        stage.change();
        // `there` hears nothing while the log is lost with the news in it.
        stage.deafen().await;
        here.names.invalidate(&1).await;
        stage.remote.evict(Evicted::Log);
        stage.hear_again(&there).await;
        stage.read(&there).await.0
    };
    bites(scene, Mutant::NoGapDetection).await;
}

#[tokio::test]
async fn a_deaf_node_asks_again_after_the_bound() {
    let scene = async |stage: &Stage| {
        let (here, there) = (stage.node().await, stage.node().await);
        stage.warm(&there).await;
        stage.change();
        stage.deafen().await;
        here.names.invalidate(&1).await;
        stage.sees(&there, "old", Source::L1).await;
        stage.clock.advance(BOUND + Duration::from_millis(1));
        stage.read(&there).await.0
    };
    bites(scene, Mutant::NoBound).await;
}

#[tokio::test]
async fn a_flood_of_invalidations_of_keys_that_nobody_holds_causes_no_reads() {
    let stage = Stage::new();
    let (here, there) = (stage.node().await, stage.node().await);
    stage.warm(&there).await;
    let (fetched, loaded) = (stage.remote.begun(Call::Fetch), stage.rows.calls());
    for chunk in (100..100_100_u64).collect::<Vec<_>>().chunks(1_000) {
        let changes: Vec<_> = chunk.iter().map(|key| (*key, Change::unversioned())).collect();
        here.names.invalidate_changes(&changes).await;
    }
    stage.change();
    here.names.invalidate(&1).await;
    until_async(async || stage.read(&there).await.0 == "new", "it hears what comes after the flood").await;
    assert!(stage.remote.begun(Call::Fetch) <= fetched + 2, "only the changed key is read");
    assert!(stage.rows.calls() <= loaded + 1);
}
