//! Keys in Redis that were evicted, or hold something that is not ours: refused or missed, never stale, and healed.

use larder_cache::{FillReply, FillRequest, Invalidation, LeaseReply};

use crate::redis::{Scene, a_fill, drop_key, tag};

fn tagged(key: &str) -> FillRequest {
    FillRequest { tags: vec![tag("red", None)], ..a_fill(key, 1, "row") }
}

/// Puts a list in the place of a key.
async fn put_a_list(scene: &Scene, name: &str) {
    scene.command::<()>(&["DEL", name]).await;
    scene.command::<()>(&["LPUSH", name, "x"]).await;
}

/// The key can be leased, filled and fetched.
async fn assert_works(scene: &Scene) {
    assert_eq!(scene.lease("a", 1).await, LeaseReply::Granted);
    assert!(matches!(scene.fill(tagged("a")).await, FillReply::Stored(_)));
    assert_eq!(scene.frame("a").await.as_deref(), Some("row"));
    scene.invalidate(drop_key("a", Some(1), false)).await;
    assert_eq!(scene.fetch("a").await, None);
}

#[tokio::test]
async fn an_evicted_era_refuses_all_that_was_under_it() {
    let scene = Scene::new().await;
    scene.put("a", "old").await;
    scene.lease("b", 1).await;
    scene.command::<()>(&["DEL", "@e:names"]).await;
    assert_eq!(scene.fetch("a").await, None);
    assert_eq!(scene.fill(a_fill("b", 1, "late")).await, FillReply::Refused);
    assert_eq!(scene.lease("a", 1).await, LeaseReply::Granted);
    assert_eq!(scene.fill(a_fill("b", 1, "late")).await, FillReply::Refused);
    scene.command::<()>(&["DEL", "@l:names:a"]).await;
    assert_works(&scene).await;
    scene.command::<()>(&["DEL", "@e:names"]).await;
    assert_eq!(scene.insert(&tagged("a")).await, FillReply::Stored(vec![scene.generation("red").await.unwrap()]));
    assert_eq!(scene.frame("a").await.as_deref(), Some("row"));
}

#[tokio::test]
async fn an_evicted_mark_of_moved_tags_refuses_what_was_not_noted() {
    let scene = Scene::new().await;
    scene.lease("a", 1).await;
    scene.command::<()>(&["DEL", "@a:names"]).await;
    assert_eq!(scene.fill(tagged("a")).await, FillReply::Refused);
    scene.lease("b", 1).await;
    assert_eq!(scene.fill(tagged("a")).await, FillReply::Refused);
    scene.command::<()>(&["DEL", "@l:names:a"]).await;
    assert_works(&scene).await;
}

#[tokio::test]
async fn an_evicted_generation_refuses_what_noted_it_and_comes_back_as_another() {
    let scene = Scene::new().await;
    scene.invalidate(Invalidation::Tag { tag: "red".into(), change: None }).await;
    let noted = scene.generation("red").await;
    scene.lease("a", 1).await;
    scene.command::<()>(&["DEL", "@g:names:red"]).await;
    let late = FillRequest { tags: vec![tag("red", noted)], ..a_fill("a", 1, "late") };
    assert_eq!(scene.fill(late.clone()).await, FillReply::Refused);
    assert!(matches!(scene.fill(tagged("a")).await, FillReply::Stored(_)));
    assert_ne!(scene.generation("red").await, noted);
    assert_eq!(scene.insert(&late).await, FillReply::Refused);
}

#[tokio::test]
async fn an_evicted_lease_refuses_its_fill() {
    let scene = Scene::new().await;
    scene.lease("a", 1).await;
    scene.command::<()>(&["DEL", "@l:names:a"]).await;
    assert_eq!(scene.fill(a_fill("a", 1, "late")).await, FillReply::Refused);
}

#[tokio::test]
async fn a_list_in_the_place_of_any_key_is_overwritten() {
    for name in ["@v:names:a", "@l:names:a", "@t:names:a", "@g:names:red", "@e:names", "@a:names", "@s"] {
        let scene = Scene::new().await;
        put_a_list(&scene, name).await;
        assert_eq!(scene.fetch("a").await, None, "{name}");
        assert_eq!(scene.generation("red").await, None, "{name}");
        assert_works(&scene).await;
        put_a_list(&scene, name).await;
        assert_eq!(scene.fetch("a").await, None, "{name}");
        assert!(matches!(scene.insert(&tagged("a")).await, FillReply::Stored(_)), "{name}");
        assert_eq!(scene.frame("a").await.as_deref(), Some("row"), "{name}");
        put_a_list(&scene, name).await;
        for one in [
            Invalidation::Tag { tag: "red".into(), change: None },
            Invalidation::Everything,
            drop_key("a", Some(9), false),
        ] {
            scene.invalidate(one).await;
        }
        assert_eq!(scene.fetch("a").await, None, "{name}");
    }
}

#[tokio::test]
async fn a_lease_that_became_a_list_refuses_its_fill() {
    let scene = Scene::new().await;
    scene.lease("a", 1).await;
    put_a_list(&scene, "@l:names:a").await;
    assert_eq!(scene.fill(a_fill("a", 1, "late")).await, FillReply::Refused);
}

#[tokio::test]
async fn a_short_or_foreign_text_in_the_place_of_any_key_is_overwritten() {
    for name in ["@v:names:a", "@l:names:a", "@t:names:a", "@g:names:red", "@e:names", "@a:names"] {
        for text in ["", "short", "a text that is longer than any nonce, lease or tombstone of ours"] {
            let scene = Scene::new().await;
            scene.command::<()>(&["SET", name, text]).await;
            assert_eq!(scene.fetch("a").await, None, "{name}");
            assert_works(&scene).await;
        }
    }
}

#[tokio::test]
async fn a_value_that_is_cut_short_is_leased() {
    let scene = Scene::new().await;
    scene.insert(&tagged("a")).await;
    let cut = "redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, 20), 'KEEPTTL')";
    scene.command::<()>(&["EVAL", cut, "1", "@v:names:a"]).await;
    assert_eq!(scene.fetch("a").await, None);
    assert_works(&scene).await;
}

#[tokio::test]
async fn a_value_whose_end_is_over_or_no_number_is_not_fetched() {
    for end in ["00000000000000000001", "0000000000000000000x", "                    ", "99999999999999999999"] {
        let scene = Scene::new().await;
        scene.insert(&tagged("a")).await;
        scene.command::<()>(&["SETRANGE", "@v:names:a", "16", end]).await;
        assert_eq!(scene.fetch("a").await, None, "{end}");
    }
}

#[tokio::test]
async fn a_value_whose_end_is_no_number_is_leased() {
    for end in ["0000000000000000000x", "-0000000000000000001", "99999999999999999999"] {
        let scene = Scene::new().await;
        scene.insert(&tagged("a")).await;
        scene.command::<()>(&["SETRANGE", "@v:names:a", "16", end]).await;
        assert_works(&scene).await;
    }
}

#[tokio::test]
async fn a_value_or_lease_that_never_ends_is_not_kept() {
    let scene = Scene::new().await;
    scene.put("a", "row").await;
    scene.command::<()>(&["PERSIST", "@v:names:a"]).await;
    assert_works(&scene).await;
    scene.lease("b", 1).await;
    scene.command::<()>(&["PERSIST", "@l:names:b"]).await;
    assert_eq!(scene.lease("b", 2).await, LeaseReply::Granted);
}
