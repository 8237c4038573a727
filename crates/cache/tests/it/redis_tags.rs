//! Tags: a value counts only under the generations that were known before its load.

use larder_cache::{FillReply, FillRequest, Invalidation, LeaseReply, Nonce, Remote};

use crate::redis::{CACHE, Scene, a_fill, tag};

fn tagged(key: &str, name: &str, noted: Option<Nonce>) -> FillRequest {
    FillRequest { tags: vec![tag(name, noted)], ..a_fill(key, 1, "row") }
}

fn invalidated(name: &str) -> Invalidation {
    Invalidation::Tag(name.to_owned())
}

#[tokio::test]
async fn a_fill_makes_the_generation_that_is_missing() {
    let scene = Scene::new().await;
    assert_eq!(scene.generation("red").await, None);
    scene.lease("a", 1).await;
    let twice = vec![tag("red", None), tag("blue", None), tag("red", None)];
    let FillReply::Stored(generations) = scene.fill(FillRequest { tags: twice, ..tagged("a", "", None) }).await else {
        panic!("no tag was invalidated")
    };
    assert_eq!(scene.generation("red").await, Some(generations[0]));
    assert_eq!(scene.generation("blue").await, Some(generations[1]));
    assert_eq!(generations[0], generations[2]);
    assert_ne!(generations[0], generations[1]);
    let held = scene.fetch("a").await.expect("filled");
    assert_eq!((held.generations, held.frame), (generations.clone(), "row".into()));
    let LeaseReply::Held(held) = scene.lease("a", 2).await else { panic!("it is filled") };
    assert_eq!(held.generations, generations);
    let known = scene.remote.generations(CACHE, &["blue", "none", "red"]).await.unwrap();
    assert_eq!(known, [Some(generations[1]), None, Some(generations[0])]);
    assert_eq!(scene.remote.generations(CACHE, &[]).await.unwrap(), []);
}

#[tokio::test]
async fn a_noted_generation_must_be_the_present_one() {
    let scene = Scene::new().await;
    scene.invalidate(invalidated("red")).await;
    let noted = scene.generation("red").await;
    scene.lease("a", 1).await;
    scene.invalidate(invalidated("blue")).await;
    assert_eq!(scene.fill(tagged("a", "red", noted)).await, FillReply::Stored(vec![noted.expect("made")]));
    scene.invalidate(invalidated("red")).await;
    assert_ne!(scene.generation("red").await, noted);
    scene.lease("b", 1).await;
    assert_eq!(scene.fill(tagged("b", "red", noted)).await, FillReply::Refused);
    assert_eq!(scene.insert(&tagged("a", "red", noted)).await, FillReply::Refused);
    assert_eq!(scene.fetch("a").await, None);
}

#[tokio::test]
async fn a_generation_that_was_not_noted_must_not_have_moved_since_the_grant() {
    let scene = Scene::new().await;
    scene.lease("a", 1).await;
    scene.lease("b", 1).await;
    scene.lease("plain", 1).await;
    scene.invalidate(invalidated("red")).await;
    assert_eq!(scene.fill(tagged("a", "red", None)).await, FillReply::Refused);
    assert_eq!(scene.fill(tagged("b", "blue", None)).await, FillReply::Refused);
    assert_eq!(scene.fill(a_fill("plain", 1, "row")).await, FillReply::Stored(Vec::new()));
    scene.lease("c", 1).await;
    let FillReply::Stored(generations) = scene.fill(tagged("c", "red", None)).await else { panic!("nothing moved") };
    assert_eq!(scene.generation("red").await, Some(generations[0]));
}

#[tokio::test]
async fn an_insert_takes_the_present_generations() {
    let scene = Scene::new().await;
    let FillReply::Stored(first) = scene.insert(&tagged("a", "red", None)).await else { panic!("not refused") };
    assert_eq!(scene.insert(&tagged("b", "red", None)).await, FillReply::Stored(first.clone()));
    assert_eq!(scene.insert(&tagged("c", "red", Some(first[0]))).await, FillReply::Stored(first));
}

#[tokio::test]
async fn more_tags_than_a_byte_counts_are_refused() {
    let scene = Scene::new().await;
    let tags = |count: usize| (0..count).map(|number| tag(&number.to_string(), None)).collect();
    let most = FillRequest { tags: tags(255), ..a_fill("a", 1, "row") };
    assert!(matches!(scene.insert(&most).await, FillReply::Stored(made) if made.len() == 255));
    assert_eq!(scene.fetch("a").await.expect("stored").generations.len(), 255);
    let more = FillRequest { tags: tags(256), ..most };
    scene.remote.insert(CACHE, &more).await.unwrap_err();
    scene.remote.fill(CACHE, &[more]).await.unwrap_err();
}
