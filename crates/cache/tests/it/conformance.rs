//! What every L2 must do, at the level of [`Remote`], run on the scripted one and on Redis.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use larder_cache::{
    FillReply, FillRequest, Held, Invalidation, LeaseReply, LeaseRequest, Nonce, Remote, testing::ScriptedL2,
};
use larder_test_support::Redis;

use crate::redis::{BY, CACHE, LONG, a_fill, drop_key, remote_at, request, tag, token};

macro_rules! every_remote {
    ($($case:ident)*) => {
        mod scripted { $(#[tokio::test] async fn $case() { super::$case(super::scripted()).await; })* }
        mod redis { $(#[tokio::test] async fn $case() { super::$case(super::redis().await).await; })* }
    };
}

every_remote! {
    a_miss_is_leased_to_one_and_its_fill_is_fetched
    a_batch_is_answered_in_order
    caches_do_not_see_each_other
    a_late_fill_does_not_undo_an_invalidation
    a_clear_drops_values_and_leases
    a_fill_older_than_the_invalidation_is_old
    an_older_invalidation_does_not_replace_a_newer_one
    absence_is_old_unless_the_row_is_gone
    a_refused_frame_is_leased_and_another_is_answered
    a_forced_lease_is_taken_from_whoever_has_it
    a_lease_ends_by_itself
    only_its_holder_releases_a_lease
    an_insert_ends_the_lease_and_remembers_its_version
    a_fill_makes_the_generation_that_is_missing
    a_noted_generation_must_be_the_present_one
    a_generation_that_was_not_noted_must_not_have_moved_since_the_grant
    an_insert_takes_the_present_generations
    an_invalidated_tag_gets_a_generation_that_nobody_has_seen
    several_invalidations_are_one_call
    what_is_known_already_drops_nothing
    a_change_of_a_tag_counts_once
    whoever_answers_is_told_from_nobody_else
    a_key_has_one_shard
    a_ping_is_answered
}

/// An L2 whose short calls panic when it fails.
struct Asked(Arc<dyn Remote>);

fn scripted() -> Asked {
    Asked(ScriptedL2::new())
}

async fn redis() -> Asked {
    let server = Redis::shared().await.expect("a server");
    Asked(Arc::new(remote_at(&server.url(), &server.fresh_namespace())))
}

impl Asked {
    async fn fetch(&self, key: &str) -> Option<Held> {
        self.0.fetch(CACHE, &[key]).await.expect("L2 answers").remove(0)
    }

    async fn frame(&self, key: &str) -> Option<Bytes> {
        self.fetch(key).await.map(|held| held.frame)
    }

    async fn lease(&self, key: &str, number: u8) -> LeaseReply {
        self.ask(request(key, number)).await
    }

    async fn ask(&self, request: LeaseRequest) -> LeaseReply {
        self.0.lease(CACHE, &[request], LONG).await.expect("L2 answers").remove(0)
    }

    async fn fill(&self, request: FillRequest) -> FillReply {
        self.0.fill(CACHE, &[request]).await.expect("L2 answers").remove(0)
    }

    async fn insert(&self, request: FillRequest) -> FillReply {
        self.0.insert(CACHE, BY, &request).await.expect("L2 answers")
    }

    async fn invalidate(&self, one: Invalidation) {
        self.0.invalidate(CACHE, BY, &[one]).await.expect("L2 answers");
    }

    async fn generation(&self, tag: &str) -> Option<Nonce> {
        self.0.generations(CACHE, &[(0, tag)]).await.expect("L2 answers").remove(0).nonce
    }

    /// Takes the lease and fills.
    async fn put(&self, key: &str, frame: &str) {
        assert_eq!(self.lease(key, 99).await, LeaseReply::Granted);
        assert!(matches!(self.fill(a_fill(key, 99, frame)).await, FillReply::Stored(_)));
    }
}

fn stored() -> FillReply {
    FillReply::Stored(Vec::new())
}

fn of_version(version: Option<u64>, absent: bool) -> FillRequest {
    FillRequest { version, absent, ..a_fill("a", 1, "row") }
}

fn tagged(key: &str, name: &str, noted: Option<Nonce>) -> FillRequest {
    FillRequest { tags: vec![tag(name, noted)], ..a_fill(key, 1, "row") }
}

fn red() -> Invalidation {
    Invalidation::Tag { tag: "red".to_owned(), change: None }
}

async fn a_miss_is_leased_to_one_and_its_fill_is_fetched(l2: Asked) {
    assert_eq!(l2.fetch("a").await, None);
    assert_eq!(l2.lease("a", 1).await, LeaseReply::Granted);
    let LeaseReply::Busy { remaining } = l2.lease("a", 2).await else { unreachable!("it is leased") };
    assert!(remaining <= LONG && remaining > LONG / 2);
    assert_eq!(l2.fill(a_fill("a", 2, "thief")).await, FillReply::Refused);
    assert_eq!(l2.fill(a_fill("a", 1, "one")).await, stored());
    assert_eq!(l2.fill(a_fill("a", 1, "twice")).await, FillReply::Refused);
    let held = l2.fetch("a").await.expect("filled");
    assert_eq!(held.frame, "one");
    assert!(held.remaining <= LONG && held.remaining > LONG / 2);
    let LeaseReply::Held(same) = l2.lease("a", 3).await else { unreachable!("it is filled") };
    assert_eq!((same.frame, same.generations), (held.frame, held.generations));
}

async fn a_batch_is_answered_in_order(l2: Asked) {
    l2.put("filled", "one").await;
    l2.lease("busy", 1).await;
    let requests = ["busy", "free", "filled"].map(|key| request(key, 2));
    let replies = l2.0.lease(CACHE, &requests, LONG).await.expect("L2 answers");
    assert!(matches!(replies[0], LeaseReply::Busy { .. }));
    assert_eq!(replies[1], LeaseReply::Granted);
    assert!(matches!(&replies[2], LeaseReply::Held(held) if held.frame == "one"));
    let fills = [a_fill("free", 2, "two"), a_fill("busy", 2, "thief")];
    assert_eq!(l2.0.fill(CACHE, &fills).await.expect("L2 answers"), [stored(), FillReply::Refused]);
    let fetched = l2.0.fetch(CACHE, &["busy", "free", "filled"]).await.expect("L2 answers");
    let frames: Vec<_> = fetched.into_iter().map(|held| held.map(|held| held.frame)).collect();
    assert_eq!(frames, [None, Some(Bytes::from("two")), Some(Bytes::from("one"))]);
    assert_eq!(l2.0.fetch(CACHE, &[]).await, Ok(Vec::new()));
    assert_eq!(l2.0.lease(CACHE, &[], LONG).await, Ok(Vec::new()));
    assert_eq!(l2.0.fill(CACHE, &[]).await, Ok(Vec::new()));
    assert!(l2.0.invalidate(CACHE, BY, &[]).await.is_ok());
    assert_eq!(l2.0.release(CACHE, &[]).await, Ok(()));
    assert_eq!(l2.0.generations(CACHE, &[]).await, Ok(Vec::new()));
}

async fn caches_do_not_see_each_other(l2: Asked) {
    l2.put("a", "one").await;
    l2.invalidate(red()).await;
    let generation = l2.generation("red").await;
    assert_eq!(l2.0.fetch("other", &["a"]).await, Ok(vec![None]));
    assert_eq!(l2.0.generations("other", &[(0, "red")]).await.expect("L2 answers")[0].nonce, None);
    let all = [Invalidation::Everything, red(), drop_key("a", None, false)];
    l2.0.invalidate("other", BY, &all).await.expect("L2 answers");
    assert_eq!((l2.frame("a").await, l2.generation("red").await), (Some("one".into()), generation));
}

async fn a_late_fill_does_not_undo_an_invalidation(l2: Asked) {
    l2.lease("a", 1).await;
    l2.invalidate(drop_key("a", None, false)).await;
    assert_eq!(l2.fill(a_fill("a", 1, "late")).await, FillReply::Refused);
    l2.put("a", "one").await;
    l2.invalidate(drop_key("a", None, false)).await;
    assert_eq!(l2.fetch("a").await, None);
}

async fn a_clear_drops_values_and_leases(l2: Asked) {
    l2.put("a", "one").await;
    l2.lease("b", 1).await;
    l2.invalidate(Invalidation::Everything).await;
    assert_eq!(l2.fetch("a").await, None);
    assert_eq!(l2.fill(a_fill("b", 1, "late")).await, FillReply::Refused);
    for key in ["a", "b"] {
        assert_eq!(l2.lease(key, 2).await, LeaseReply::Granted, "{key}");
        assert_eq!(l2.fill(a_fill(key, 2, "two")).await, stored());
        assert_eq!(l2.frame(key).await, Some("two".into()));
    }
}

async fn a_fill_older_than_the_invalidation_is_old(l2: Asked) {
    // Versions beyond 2^53, where numbers that are floats go wrong.
    let version = (1 << 60) + 1;
    l2.invalidate(drop_key("a", Some(version), false)).await;
    l2.lease("a", 1).await;
    assert_eq!(l2.fill(of_version(Some(version - 1), false)).await, FillReply::Old);
    assert_eq!(l2.fill(of_version(Some(version), false)).await, stored());
    assert_eq!(l2.frame("a").await, Some("row".into()));
}

async fn an_older_invalidation_does_not_replace_a_newer_one(l2: Asked) {
    l2.invalidate(drop_key("a", Some(10), false)).await;
    l2.invalidate(drop_key("a", Some(9), true)).await;
    l2.invalidate(drop_key("a", None, true)).await;
    l2.lease("a", 1).await;
    assert_eq!(l2.fill(of_version(Some(9), false)).await, FillReply::Old);
    assert_eq!(l2.fill(of_version(None, true)).await, FillReply::Old);
    assert_eq!(l2.fill(of_version(Some(10), false)).await, stored());
}

async fn absence_is_old_unless_the_row_is_gone(l2: Asked) {
    l2.invalidate(drop_key("a", Some(1), false)).await;
    l2.lease("a", 1).await;
    assert_eq!(l2.fill(of_version(None, true)).await, FillReply::Old);
    l2.invalidate(drop_key("a", Some(2), true)).await;
    l2.lease("a", 1).await;
    assert_eq!(l2.fill(of_version(None, true)).await, stored());
}

async fn a_refused_frame_is_leased_and_another_is_answered(l2: Asked) {
    let (old, new) = ("a long frame with an old checksum", "a long frame with a new checksum");
    let refusing = |frame: &'static str, number| LeaseRequest {
        refused: Some(Bytes::from_static(frame.as_bytes())),
        ..request("a", number)
    };
    l2.put("a", new).await;
    assert!(matches!(l2.ask(refusing(old, 1)).await, LeaseReply::Held(held) if held.frame == new));
    assert_eq!(l2.ask(refusing(new, 2)).await, LeaseReply::Granted);
    assert!(matches!(l2.ask(refusing(new, 3)).await, LeaseReply::Busy { .. }));
    l2.fill(a_fill("a", 2, "")).await;
    assert_eq!(l2.ask(refusing("", 4)).await, LeaseReply::Granted);
    l2.fill(a_fill("a", 4, "short")).await;
    assert_eq!(l2.ask(refusing("short", 5)).await, LeaseReply::Granted);
}

async fn a_forced_lease_is_taken_from_whoever_has_it(l2: Asked) {
    let forced = |number| LeaseRequest { force: true, ..request("a", number) };
    l2.put("a", "one").await;
    assert_eq!(l2.ask(forced(1)).await, LeaseReply::Granted);
    assert_eq!(l2.ask(forced(2)).await, LeaseReply::Granted);
    assert_eq!(l2.fill(a_fill("a", 1, "robbed")).await, FillReply::Refused);
    assert_eq!(l2.fill(a_fill("a", 2, "two")).await, stored());
    assert_eq!(l2.frame("a").await, Some("two".into()));
}

async fn a_lease_ends_by_itself(l2: Asked) {
    l2.0.lease(CACHE, &[request("a", 1)], Duration::from_millis(5)).await.expect("L2 answers");
    while l2.lease("a", 2).await != LeaseReply::Granted {
        tokio::task::yield_now().await;
    }
    assert_eq!(l2.fill(a_fill("a", 1, "late")).await, FillReply::Refused);
    assert_eq!(l2.fill(a_fill("a", 2, "one")).await, stored());
}

async fn only_its_holder_releases_a_lease(l2: Asked) {
    l2.lease("a", 1).await;
    l2.0.release(CACHE, &[("a", token(2))]).await.expect("L2 answers");
    assert!(matches!(l2.lease("a", 3).await, LeaseReply::Busy { .. }));
    l2.0.release(CACHE, &[("b", token(1)), ("a", token(1))]).await.expect("L2 answers");
    assert_eq!(l2.lease("a", 3).await, LeaseReply::Granted);
}

async fn an_insert_ends_the_lease_and_remembers_its_version(l2: Asked) {
    let insert = |version, frame| FillRequest { version, ..a_fill("a", 0, frame) };
    l2.lease("a", 1).await;
    assert_eq!(l2.insert(insert(Some(5), "five")).await, stored());
    assert_eq!(l2.fill(a_fill("a", 1, "late")).await, FillReply::Refused);
    assert_eq!(l2.insert(insert(Some(4), "four")).await, FillReply::Old);
    assert_eq!(l2.frame("a").await, Some("five".into()));
    assert_eq!(l2.insert(insert(None, "any")).await, stored());
    assert_eq!(l2.frame("a").await, Some("any".into()));
    assert_eq!(l2.insert(of_version(Some(6), true)).await, stored());
    l2.invalidate(drop_key("a", None, false)).await;
    l2.lease("a", 1).await;
    assert_eq!(l2.fill(of_version(Some(5), false)).await, FillReply::Old);
    assert_eq!(l2.fill(of_version(None, true)).await, stored());
}

async fn a_fill_makes_the_generation_that_is_missing(l2: Asked) {
    assert_eq!(l2.generation("red").await, None);
    l2.lease("a", 1).await;
    let twice = vec![tag("red", None), tag("blue", None), tag("red", None)];
    let FillReply::Stored(generations) = l2.fill(FillRequest { tags: twice, ..tagged("a", "", None) }).await else {
        unreachable!("no tag was invalidated")
    };
    assert_eq!(l2.generation("red").await, Some(generations[0]));
    assert_eq!(l2.generation("blue").await, Some(generations[1]));
    assert_eq!(generations[0], generations[2]);
    assert_ne!(generations[0], generations[1]);
    let held = l2.fetch("a").await.expect("filled");
    assert_eq!((held.generations, held.frame), (generations.clone(), "row".into()));
    let LeaseReply::Held(held) = l2.lease("a", 2).await else { unreachable!("it is filled") };
    assert_eq!(held.generations, generations);
    let known = l2.0.generations(CACHE, &[(0, "blue"), (0, "none"), (0, "red")]).await;
    let known: Vec<_> = known.expect("L2 answers").into_iter().map(|told| told.nonce).collect();
    assert_eq!(known, [Some(generations[1]), None, Some(generations[0])]);
}

async fn a_noted_generation_must_be_the_present_one(l2: Asked) {
    l2.invalidate(red()).await;
    let noted = l2.generation("red").await;
    l2.lease("a", 1).await;
    l2.invalidate(Invalidation::Tag { tag: "blue".to_owned(), change: None }).await;
    assert_eq!(l2.fill(tagged("a", "red", noted)).await, FillReply::Stored(vec![noted.expect("made")]));
    l2.invalidate(red()).await;
    l2.lease("b", 1).await;
    assert_eq!(l2.fill(tagged("b", "red", noted)).await, FillReply::Refused);
    assert_eq!(l2.insert(tagged("a", "red", noted)).await, FillReply::Refused);
    assert_eq!(l2.fetch("a").await, None);
}

async fn a_generation_that_was_not_noted_must_not_have_moved_since_the_grant(l2: Asked) {
    for key in ["a", "b", "plain"] {
        l2.lease(key, 1).await;
    }
    l2.invalidate(red()).await;
    assert_eq!(l2.fill(tagged("a", "red", None)).await, FillReply::Refused);
    assert_eq!(l2.fill(tagged("b", "blue", None)).await, FillReply::Refused);
    assert_eq!(l2.fill(a_fill("plain", 1, "row")).await, stored());
    l2.lease("c", 1).await;
    let FillReply::Stored(generations) = l2.fill(tagged("c", "red", None)).await else { unreachable!("nothing moved") };
    assert_eq!(l2.generation("red").await, Some(generations[0]));
}

async fn an_insert_takes_the_present_generations(l2: Asked) {
    let FillReply::Stored(first) = l2.insert(tagged("a", "red", None)).await else { unreachable!("not refused") };
    assert_eq!(l2.insert(tagged("b", "red", None)).await, FillReply::Stored(first.clone()));
    assert_eq!(l2.insert(tagged("c", "red", Some(first[0]))).await, FillReply::Stored(first));
}

async fn an_invalidated_tag_gets_a_generation_that_nobody_has_seen(l2: Asked) {
    let mut seen = Vec::new();
    for _ in 0..5 {
        l2.invalidate(red()).await;
        let generation = l2.generation("red").await.expect("made");
        assert!(!seen.contains(&generation));
        seen.push(generation);
    }
}

async fn several_invalidations_are_one_call(l2: Asked) {
    for key in ["a", "b", "c"] {
        l2.put(key, key).await;
    }
    let some = [drop_key("a", None, false), red(), drop_key("c", Some(1), true)];
    l2.0.invalidate(CACHE, BY, &some).await.expect("L2 answers");
    assert_eq!((l2.frame("a").await, l2.frame("b").await, l2.frame("c").await), (None, Some("b".into()), None));
    assert!(l2.generation("red").await.is_some());
}

async fn a_ping_is_answered(l2: Asked) {
    assert_eq!(l2.0.ping().await, Ok(()));
}

async fn what_is_known_already_drops_nothing(l2: Asked) {
    l2.invalidate(drop_key("a", Some(5), false)).await;
    l2.put("a", "row").await;
    l2.lease("b", 1).await;
    l2.invalidate(drop_key("a", Some(5), false)).await;
    l2.invalidate(drop_key("a", Some(4), true)).await;
    assert_eq!(l2.frame("a").await, Some("row".into()));
    l2.insert(of_version(Some(6), false)).await;
    l2.invalidate(drop_key("a", Some(6), false)).await;
    assert_eq!(l2.frame("a").await, Some("row".into()));
    l2.invalidate(drop_key("a", Some(7), false)).await;
    assert_eq!(l2.fetch("a").await, None);
    l2.put("a", "row").await;
    l2.invalidate(drop_key("a", None, false)).await;
    assert_eq!(l2.fetch("a").await, None);
}

async fn a_change_of_a_tag_counts_once(l2: Asked) {
    let change = |tag: &str, change| Invalidation::Tag { tag: tag.to_owned(), change: Some(change) };
    l2.invalidate(change("red", 7)).await;
    let first = l2.generation("red").await;
    l2.lease("a", 1).await;
    l2.invalidate(change("red", 7)).await;
    assert_eq!(l2.generation("red").await, first);
    assert!(matches!(l2.fill(tagged("a", "red", None)).await, FillReply::Stored(_)));
    // A lower number is another change: numbers are not the order of commits.
    l2.invalidate(change("red", 6)).await;
    let second = l2.generation("red").await;
    assert_ne!(second, first);
    l2.invalidate(change("blue", 7)).await;
    assert!(l2.generation("blue").await.is_some());
    l2.invalidate(red()).await;
    assert_ne!(l2.generation("red").await, second);
}

async fn whoever_answers_is_told_from_nobody_else(l2: Asked) {
    let server = l2.0.invalidate(CACHE, BY, &[drop_key("a", None, false)]).await.expect("L2 answers");
    assert_eq!(l2.0.invalidate(CACHE, BY, &[red(), Invalidation::Everything]).await, Ok(server));
    assert_eq!(l2.0.invalidate(CACHE, BY, &[]).await, Ok(server));
    l2.put("a", "row").await;
    assert_eq!(l2.fetch("a").await.expect("filled").server, server);
    let LeaseReply::Held(held) = l2.lease("a", 1).await else { unreachable!("it is filled") };
    assert_eq!(held.server, server);
}

async fn a_key_has_one_shard(l2: Asked) {
    let shards = l2.0.shards();
    for key in ["", "a", "b"] {
        assert!(l2.0.shard_of(CACHE, key) < shards);
        assert_eq!(l2.0.shard_of(CACHE, key), l2.0.shard_of(CACHE, key));
    }
}
