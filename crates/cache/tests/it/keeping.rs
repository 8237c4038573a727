//! What an invalidation leaves where it is: a row that was loaded after the change, and what the node holds that sent it.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use larder_cache::{
    Backplane, BackplaneOptions, Cache, Change, FillReply, FillRequest, Invalidation, Json, L2, LeaseReply,
    LeaseRequest, LogEntry, News, RedisRemote, Remote, Source,
    testing::{Call, Fault, ManualClock, ScriptedL2},
};
use larder_test_support::Redis;

use crate::{
    names::{start, until},
    redis::{BY, CACHE, LONG, a_fill, drop_key, remote_at, request, token},
    stage::{BOUND, Names, Stage, key, tag, until_async},
};

macro_rules! every_remote {
    ($($case:ident)*) => {
        mod scripted { $(#[tokio::test] async fn $case() { super::$case(super::scripted()).await; })* }
        mod redis { $(#[tokio::test] async fn $case() { super::$case(super::redis().await).await; })* }
    };
}

every_remote! {
    a_row_in_the_version_of_the_change_or_a_higher_one_stays
    what_has_no_version_is_dropped
    a_change_that_removed_the_row_leaves_only_a_higher_version
    a_change_ends_the_lease_and_is_remembered_even_if_the_row_stays
    an_entry_of_the_log_says_who_had_it_appended
    an_insert_is_in_l1_after_its_own_news
}

/// An L2 and its log.
struct Shared {
    remote: Arc<dyn Remote>,
    log: Arc<dyn Backplane>,
}

fn scripted() -> Shared {
    let both = ScriptedL2::new();
    Shared { remote: Arc::<ScriptedL2>::clone(&both), log: both }
}

async fn redis() -> Shared {
    let server = Redis::shared().await.expect("a server");
    let both = Arc::new(remote_at(&server.url(), &server.fresh_namespace()));
    Shared { remote: Arc::<RedisRemote>::clone(&both), log: both }
}

impl Shared {
    async fn put(&self, version: Option<u64>, absent: bool) {
        let lease = self.remote.lease(CACHE, &[request("a", 1)], LONG).await.expect("L2 answers").remove(0);
        assert_eq!(lease, LeaseReply::Granted);
        assert!(matches!(self.fill(version, absent).await, FillReply::Stored(_)));
    }

    async fn fill(&self, version: Option<u64>, absent: bool) -> FillReply {
        let fill = FillRequest { version, absent, ..a_fill("a", 1, "row") };
        self.remote.fill(CACHE, &[fill]).await.expect("L2 answers").remove(0)
    }

    async fn invalidate(&self, version: Option<u64>, gone: bool) {
        self.remote.invalidate(CACHE, BY, &[drop_key("a", version, gone)]).await.expect("L2 answers");
    }

    async fn is_held(&self) -> bool {
        let held = self.remote.fetch(CACHE, &["a"]).await.expect("L2 answers").remove(0);
        held.is_some_and(|held| held.frame == "row")
    }

    async fn last_entry(&self) -> LogEntry {
        self.log.anchor(0).await.expect("L2 answers").entries.remove(0)
    }
}

async fn a_row_in_the_version_of_the_change_or_a_higher_one_stays(l2: Shared) {
    // Versions beyond 2^53, where numbers that are floats go wrong.
    let version = (1 << 60) + 1;
    l2.put(Some(version), false).await;
    for (told, is_held) in [(version - 1, true), (version, true), (version + 1, false)] {
        let before = l2.last_entry().await;
        l2.invalidate(Some(told), false).await;
        assert_eq!(l2.is_held().await, is_held, "{told}");
        assert_ne!(l2.last_entry().await, before, "others may hold something older");
    }
    l2.put(Some(version + 1), false).await;
    l2.invalidate(None, false).await;
    assert!(!l2.is_held().await, "nobody knows which is later");
    let insert = FillRequest { version: Some(version + 2), ..a_fill("a", 1, "row") };
    l2.remote.insert(CACHE, BY, &insert).await.expect("L2 answers");
    l2.invalidate(Some(version + 2), false).await;
    assert!(l2.is_held().await);
}

async fn what_has_no_version_is_dropped(l2: Shared) {
    l2.put(None, false).await;
    l2.invalidate(Some(0), false).await;
    assert!(!l2.is_held().await);
    l2.put(None, false).await;
    l2.invalidate(Some(1), true).await;
    assert!(!l2.is_held().await);
    // Whatever version an absence was given: it is no row.
    l2.put(Some(9), true).await;
    l2.invalidate(Some(2), false).await;
    assert!(!l2.is_held().await);
}

async fn a_change_that_removed_the_row_leaves_only_a_higher_version(l2: Shared) {
    l2.put(Some(5), false).await;
    l2.invalidate(Some(4), true).await;
    assert!(l2.is_held().await, "the row came back");
    l2.invalidate(Some(5), true).await;
    assert!(!l2.is_held().await);
}

async fn a_change_ends_the_lease_and_is_remembered_even_if_the_row_stays(l2: Shared) {
    l2.put(Some(5), false).await;
    let forced = LeaseRequest { force: true, ..request("a", 1) };
    l2.remote.lease(CACHE, std::slice::from_ref(&forced), LONG).await.expect("L2 answers");
    l2.invalidate(Some(5), false).await;
    assert!(l2.is_held().await);
    assert_eq!(l2.fill(Some(5), false).await, FillReply::Refused);
    l2.remote.lease(CACHE, &[forced], LONG).await.expect("L2 answers");
    assert_eq!(l2.fill(Some(4), false).await, FillReply::Old);
}

async fn an_entry_of_the_log_says_who_had_it_appended(l2: Shared) {
    let by = async |number| {
        let entry = l2.last_entry().await;
        assert_eq!(entry.by, token(number));
        entry
    };
    let drop_it = [drop_key("a", None, false)];
    l2.remote.invalidate(CACHE, token(1), &drop_it).await.expect("L2 answers");
    let first = by(1).await;
    l2.remote.insert(CACHE, token(2), &a_fill("a", 0, "row")).await.expect("L2 answers");
    by(2).await;
    for one in [Invalidation::Everything, Invalidation::Tag { tag: "red".to_owned(), change: None }] {
        l2.remote.invalidate(CACHE, token(3), &[one]).await.expect("L2 answers");
        by(3).await;
        l2.remote.invalidate(CACHE, token(4), &drop_it).await.expect("L2 answers");
        by(4).await;
    }
    let page = l2.log.read(0, &first.place, 100, Duration::ZERO).await.expect("L2 answers");
    assert_eq!(page.entries[0], first);
}

async fn an_insert_is_in_l1_after_its_own_news(shared: Shared) {
    let options = BackplaneOptions { wait: Duration::from_millis(5), ..BackplaneOptions::default() };
    let l2 = L2::builder(shared.remote).backplane(shared.log, options);
    let l2 = l2.build().expect("the options work");
    let names = Cache::<u64, u64>::builder(CACHE).codec(Json).l2(&l2).build().expect("the options work");
    until(|| l2.server().is_some()).await;
    for value in 0..30 {
        names.insert(&1, value).await;
        // A question that was sent after the insert has been answered.
        let inserted = Instant::now();
        until_async(async || l2.heard_ago().is_some_and(|ago| ago < inserted.elapsed()), "it hears").await;
        let found = names.get(&1).await.expect("it was inserted");
        assert_eq!((found.value, found.source), (Some(value), Source::L1));
    }
}

#[tokio::test]
async fn what_was_loaded_after_an_invalidation_outlives_its_echo() {
    for news in [News::Key(1, Change::unversioned()), tag(7), News::Everything] {
        let stage = Stage::new();
        let node = stage.node().await;
        stage.warm(&node).await;
        stage.change();
        stage.deafen().await;
        node.names.invalidate_news(std::slice::from_ref(&news)).await;
        stage.sees(&node, "new", Source::Loader).await;
        stage.hear_again(&node).await;
        stage.sees(&node, "new", Source::L1).await;
        assert_eq!(stage.rows.calls(), 2, "{news:?}");
    }
}

#[tokio::test]
async fn what_was_loaded_after_an_invalidation_that_waited_outlives_its_replay() {
    let stage = Stage::new();
    let node = stage.node().await;
    stage.warm(&node).await;
    stage.change();
    stage.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    node.names.invalidate(&1).await;
    stage.sees(&node, "new", Source::Loader).await;
    stage.deafen().await;
    stage.remote.set_fault(Call::Invalidate, None);
    let replayed = || {
        stage.clock.advance(Duration::from_millis(1));
        node.names.statistics().gauges.queued_invalidations == 0
    };
    until(replayed).await;
    stage.hear_again(&node).await;
    stage.sees(&node, "new", Source::L1).await;
    assert_eq!(stage.rows.calls(), 2);
}

#[tokio::test]
async fn what_a_relay_tells_is_heard_by_its_own_node_too() {
    let stage = Stage::new();
    let node = stage.node().await;
    stage.warm(&node).await;
    stage.change();
    node.names.tell(&[key(2)]).await.expect("L2 answers");
    until_async(async || stage.read(&node).await.0 == "new", "it hears").await;
}

#[tokio::test]
async fn two_caches_of_one_name_hear_of_each_other() {
    let stage = Stage::new();
    let node = stage.node().await;
    let clock = Arc::<ManualClock>::clone(&stage.clock);
    let twin = Names::builder("names").codec(Json).clock(clock).l2(&node.l2).build().expect("the options work");
    let read = async || twin.get_or_load(&1, stage.rows.load(1)).await.expect("no load fails").value;
    assert_eq!(read().await.as_deref(), Some("old"));
    stage.change();
    node.names.invalidate(&1).await;
    until_async(async || read().await.as_deref() == Some("new"), "it hears").await;
}

#[tokio::test]
async fn a_node_is_up_to_date_only_as_of_the_invalidation_that_it_has_not_ended() {
    let stage = Stage::new();
    let node = stage.node().await;
    stage.warm(&node).await;
    stage.change();
    let mut held = stage.remote.hold_answer(Call::Invalidate);
    let names = node.names.clone();
    let invalidation = start(async move { names.invalidate(&1).await });
    held.reached().await;
    // The news are read, and later a question is answered by nothing else; L1 has not forgotten yet.
    for pause in [Duration::ZERO, BOUND + Duration::from_millis(1)] {
        stage.clock.advance(pause);
        let begun = stage.remote.begun(Call::Read);
        until(|| stage.remote.begun(Call::Read) > begun + 2).await;
    }
    stage.sees(&node, "new", Source::Loader).await;
    held.open();
    invalidation.await.expect("no panic");
    stage.hear_again(&node).await;
}

#[tokio::test]
async fn a_change_that_was_loaded_before_the_relay_told_it_costs_one_load() {
    let stage = Stage::new();
    let (here, there) = (stage.fed_node().await, stage.fed_node().await);
    stage.warm(&here).await;
    stage.sees(&there, "old", Source::L2).await;
    stage.change();
    for node in [&here, &there] {
        node.names.hear(&[key(2)], Some(7));
    }
    stage.sees(&here, "new", Source::Loader).await;
    stage.remote.ended(Call::Fill, 2).await;
    stage.sees(&there, "new", Source::L2).await;
    here.names.tell(&[key(2)]).await.expect("L2 answers");
    for node in [&here, &there] {
        stage.clock.advance(Duration::from_millis(1));
        until(|| node.l2.heard_ago() == Some(Duration::ZERO)).await;
        stage.sees(node, "new", Source::L1).await;
        node.names.forget_local();
        stage.sees(node, "new", Source::L2).await;
    }
    assert_eq!(stage.rows.calls(), 2);
}
