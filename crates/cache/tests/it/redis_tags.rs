//! As many tags as fit; the rules of tags are those of every L2, in `conformance.rs`.

use larder_cache::{FillReply, FillRequest, Remote};

use crate::redis::{BY, CACHE, Scene, a_fill, tag};

#[tokio::test]
async fn more_tags_than_a_byte_counts_are_refused() {
    let scene = Scene::new().await;
    let tags = |count: usize| (0..count).map(|number| tag(&number.to_string(), None)).collect();
    let most = FillRequest { tags: tags(255), ..a_fill("a", 1, "row") };
    assert!(matches!(scene.insert(&most).await, FillReply::Stored(made) if made.len() == 255));
    assert_eq!(scene.fetch("a").await.expect("stored").generations.len(), 255);
    let more = FillRequest { tags: tags(256), ..most };
    scene.remote.insert(CACHE, BY, &more).await.unwrap_err();
    scene.remote.fill(CACHE, &[more]).await.unwrap_err();
}
