//! What a lease, a fill and an insert look like in Redis; the rules are those of every L2, in `conformance.rs`.

use std::time::Duration;

use larder_cache::{FillReply, FillRequest};

use crate::redis::{Scene, a_fill};

fn stored() -> FillReply {
    FillReply::Stored(Vec::new())
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
