//! Fetch, lease, fill, insert, release and the invalidation of a key.

use std::time::Duration;

use bytes::Bytes;
use larder_cache::{FillReply, FillRequest, Invalidation, LeaseReply, LeaseRequest, Remote};

use crate::redis::{CACHE, LONG, Scene, a_fill, drop_key, request, token};

fn stored() -> FillReply {
    FillReply::Stored(Vec::new())
}

#[tokio::test]
async fn a_miss_is_leased_to_one_and_its_fill_is_fetched() {
    let scene = Scene::new().await;
    assert_eq!(scene.fetch("a").await, None);
    assert_eq!(scene.lease("a", 1).await, LeaseReply::Granted);
    let LeaseReply::Busy { remaining } = scene.lease("a", 2).await else { panic!("it is leased") };
    assert!(remaining <= LONG && remaining > LONG / 2);
    assert_eq!(scene.fill(a_fill("a", 2, "thief")).await, FillReply::Refused);
    assert_eq!(scene.fill(a_fill("a", 1, "one")).await, stored());
    assert_eq!(scene.fill(a_fill("a", 1, "twice")).await, FillReply::Refused);
    let held = scene.fetch("a").await.expect("filled");
    assert_eq!(held.frame, "one");
    assert!(held.remaining <= LONG && held.remaining > LONG / 2);
    let LeaseReply::Held(same) = scene.lease("a", 3).await else { panic!("it is filled") };
    assert_eq!((same.frame, same.generations), (held.frame, held.generations));
}

#[tokio::test]
async fn a_batch_is_answered_in_order() {
    let scene = Scene::new().await;
    scene.put("filled", "one").await;
    scene.lease("busy", 1).await;
    let requests = ["busy", "free", "filled"].map(|key| request(key, 2));
    let replies = scene.remote.lease(CACHE, &requests, LONG).await.unwrap();
    assert!(matches!(replies[0], LeaseReply::Busy { .. }));
    assert_eq!(replies[1], LeaseReply::Granted);
    assert!(matches!(&replies[2], LeaseReply::Held(held) if held.frame == "one"));
    let fills = [a_fill("free", 2, "two"), a_fill("busy", 2, "thief")];
    assert_eq!(scene.remote.fill(CACHE, &fills).await.unwrap(), [stored(), FillReply::Refused]);
    let fetched = scene.remote.fetch(CACHE, &["busy", "free", "filled"]).await.unwrap();
    let frames: Vec<_> = fetched.into_iter().map(|held| held.map(|held| held.frame)).collect();
    assert_eq!(frames, [None, Some(Bytes::from("two")), Some(Bytes::from("one"))]);
    assert_eq!(scene.remote.fetch(CACHE, &[]).await.unwrap(), []);
    assert_eq!(scene.remote.lease(CACHE, &[], LONG).await.unwrap(), []);
    assert_eq!(scene.remote.fill(CACHE, &[]).await.unwrap(), []);
    scene.remote.invalidate(CACHE, &[]).await.unwrap();
    scene.remote.release(CACHE, &[]).await.unwrap();
}

#[tokio::test]
async fn caches_do_not_see_each_other() {
    let scene = Scene::new().await;
    scene.put("a", "one").await;
    assert_eq!(scene.remote.fetch("other", &["a"]).await.unwrap(), [None]);
    scene.remote.invalidate("other", &[Invalidation::Everything, drop_key("a", None, false)]).await.unwrap();
    assert_eq!(scene.frame("a").await.as_deref(), Some("one"));
}

#[tokio::test]
async fn a_late_fill_does_not_undo_an_invalidation() {
    let scene = Scene::new().await;
    scene.lease("a", 1).await;
    scene.invalidate(drop_key("a", None, false)).await;
    assert_eq!(scene.fill(a_fill("a", 1, "late")).await, FillReply::Refused);
    scene.put("a", "one").await;
    scene.invalidate(drop_key("a", None, false)).await;
    assert_eq!(scene.fetch("a").await, None);
}

#[tokio::test]
async fn a_clear_drops_values_and_leases() {
    let scene = Scene::new().await;
    scene.put("a", "one").await;
    scene.lease("b", 1).await;
    scene.invalidate(Invalidation::Everything).await;
    assert_eq!(scene.fetch("a").await, None);
    assert_eq!(scene.fill(a_fill("b", 1, "late")).await, FillReply::Refused);
    assert_eq!(scene.lease("a", 2).await, LeaseReply::Granted);
    assert_eq!(scene.fill(a_fill("a", 2, "two")).await, stored());
    assert_eq!(scene.frame("a").await.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_fill_older_than_the_invalidation_is_old() {
    let scene = Scene::new().await;
    // Versions beyond 2^53, where numbers that are floats go wrong.
    let version = (1 << 60) + 1;
    let fill = |version, absent| FillRequest { version, absent, ..a_fill("a", 1, "row") };
    scene.invalidate(drop_key("a", Some(version), false)).await;
    scene.invalidate(drop_key("a", Some(version - 1), true)).await;
    scene.lease("a", 1).await;
    assert_eq!(scene.fill(fill(Some(version - 1), false)).await, FillReply::Old);
    assert_eq!(scene.fill(fill(None, true)).await, FillReply::Old);
    assert_eq!(scene.fill(fill(Some(version), false)).await, stored());
    scene.invalidate(drop_key("a", Some(version + 1), true)).await;
    scene.lease("a", 1).await;
    assert_eq!(scene.fill(fill(None, true)).await, stored());
}

#[tokio::test]
async fn a_refused_frame_is_leased_and_another_is_answered() {
    let scene = Scene::new().await;
    let (old, new) = ("a long frame with an old checksum", "a long frame with a new checksum");
    let refusing = |frame: &'static str, number| LeaseRequest {
        refused: Some(Bytes::from_static(frame.as_bytes())),
        ..request("a", number)
    };
    scene.put("a", new).await;
    assert!(matches!(scene.ask(refusing(old, 1)).await, LeaseReply::Held(held) if held.frame == new));
    assert_eq!(scene.ask(refusing(new, 2)).await, LeaseReply::Granted);
    assert!(matches!(scene.ask(refusing(new, 3)).await, LeaseReply::Busy { .. }));
    scene.fill(a_fill("a", 2, "")).await;
    assert_eq!(scene.ask(refusing("", 4)).await, LeaseReply::Granted);
    scene.fill(a_fill("a", 4, "short")).await;
    assert_eq!(scene.ask(refusing("short", 5)).await, LeaseReply::Granted);
}

#[tokio::test]
async fn a_forced_lease_is_taken_from_whoever_has_it() {
    let scene = Scene::new().await;
    let forced = |number| LeaseRequest { force: true, ..request("a", number) };
    scene.put("a", "one").await;
    assert_eq!(scene.ask(forced(1)).await, LeaseReply::Granted);
    assert_eq!(scene.ask(forced(2)).await, LeaseReply::Granted);
    assert_eq!(scene.fill(a_fill("a", 1, "robbed")).await, FillReply::Refused);
    assert_eq!(scene.fill(a_fill("a", 2, "two")).await, stored());
    assert_eq!(scene.frame("a").await.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_lease_ends_by_itself_and_only_its_holder_releases_it() {
    let scene = Scene::new().await;
    scene.remote.lease(CACHE, &[request("a", 1)], Duration::from_millis(5)).await.unwrap();
    while scene.lease("a", 2).await != LeaseReply::Granted {
        tokio::task::yield_now().await;
    }
    assert_eq!(scene.fill(a_fill("a", 1, "late")).await, FillReply::Refused);
    scene.remote.release(CACHE, &[("a", token(1))]).await.unwrap();
    assert!(matches!(scene.lease("a", 3).await, LeaseReply::Busy { .. }));
    scene.remote.release(CACHE, &[("b", token(2)), ("a", token(2))]).await.unwrap();
    assert_eq!(scene.lease("a", 3).await, LeaseReply::Granted);
}

#[tokio::test]
async fn an_insert_ends_the_lease_and_remembers_its_version() {
    let scene = Scene::new().await;
    let insert = |version, frame| FillRequest { version, ..a_fill("a", 0, frame) };
    scene.lease("a", 1).await;
    assert_eq!(scene.insert(&insert(Some(5), "five")).await, stored());
    assert_eq!(scene.fill(a_fill("a", 1, "late")).await, FillReply::Refused);
    assert_eq!(scene.insert(&insert(Some(4), "four")).await, FillReply::Old);
    assert_eq!(scene.frame("a").await.as_deref(), Some("five"));
    assert_eq!(scene.insert(&insert(None, "any")).await, stored());
    assert_eq!(scene.frame("a").await.as_deref(), Some("any"));
    let gone = FillRequest { version: Some(6), absent: true, ..a_fill("a", 0, "absence") };
    assert_eq!(scene.insert(&gone).await, stored());
    assert_eq!(scene.command::<String>(&["GET", "@t:names:a"]).await, "00000000000000000006g");
}

#[tokio::test]
async fn a_life_is_exact_in_milliseconds() {
    let scene = Scene::new().await;
    let life = Duration::from_millis(98_765);
    let started = std::time::Instant::now();
    scene.insert(&FillRequest { life, ..a_fill("a", 0, "one") }).await;
    let remaining = scene.fetch("a").await.expect("stored").remaining;
    // What is left is counted from before the time was asked for: one trip may be taken off twice.
    assert!(remaining <= life && remaining + 2 * started.elapsed() + Duration::from_millis(1) >= life, "{remaining:?}");
    scene.insert(&FillRequest { life: Duration::MAX, ..a_fill("b", 0, "one") }).await;
    assert!(scene.fetch("b").await.is_some());
}

#[tokio::test]
async fn what_is_left_is_never_more_than_redis_says() {
    let scene = Scene::new().await;
    scene.put("a", "one").await;
    for _ in 0..200 {
        // In whole milliseconds, rounded up or down by the version of the server.
        let redis_says: u64 = scene.command(&["PTTL", "@v:names:a"]).await;
        let remaining = scene.fetch("a").await.expect("filled").remaining;
        assert!(remaining <= Duration::from_millis(redis_says + 1), "{remaining:?}, {redis_says} ms");
        assert!(remaining + LONG / 2 > Duration::from_millis(redis_says), "{remaining:?}, {redis_says} ms");
    }
    let told: u64 = scene.command(&["PEXPIRETIME", "@v:names:a"]).await;
    let stored: Vec<u8> = scene.command(&["GETRANGE", "@v:names:a", "16", "35"]).await;
    assert_eq!(stored, format!("{told:020}").as_bytes());
}
