//! One key looked up in both levels: what is held, and whether a read would take it, without any trace of having looked.

use std::time::Duration;

use larder_cache::{
    InL2, Loaded, Source, Standing,
    testing::{Call, Fault},
};

use crate::scene::{GRACE, Scene, TTL, graceful, settle};

#[tokio::test]
async fn both_levels_tell_value_version_age_life_and_tags() {
    let scene = Scene::new();
    let cache = scene.names(graceful());
    let row = Loaded::found("Ada".to_owned()).with_version(7).with_tag("countess");
    cache.insert(&1, row).await;
    scene.pass(Duration::from_secs(4)).await;
    let inspection = cache.inspect(&1).await;
    let l1 = inspection.l1.expect("L1 holds it");
    let InL2::Held(l2) = inspection.l2 else { panic!("L2 holds it: {:?}", inspection.l2) };
    for held in [&l1, &l2] {
        assert_eq!((held.value.as_deref(), held.version), (Some("Ada"), Some(7)));
        assert_eq!((held.age, held.fresh_for), (Duration::from_secs(4), TTL - Duration::from_secs(4)));
        assert_eq!(held.usable_for, GRACE - Duration::from_secs(4));
        assert_eq!(held.tags, ["countess"]);
        assert_eq!(held.standing, Standing::Fresh);
        assert!(held.bytes > 0);
    }
    scene.pass(Duration::from_secs(7)).await;
    let inspection = cache.inspect(&1).await;
    assert_eq!(inspection.l1.map(|held| held.standing), Some(Standing::Stale));
    assert!(matches!(inspection.l2, InL2::Held(held) if held.standing == Standing::Stale));
}

#[tokio::test]
async fn what_was_invalidated_is_gone_or_refused_and_absence_is_told() {
    let scene = Scene::new();
    let cache = scene.names(graceful());
    cache.insert(&1, Loaded::found("Ada".to_owned()).with_tag("countess")).await;
    cache.insert(&2, Loaded::absent()).await;
    let other = scene.other_node().names(graceful());
    cache.invalidate_tag("countess").await;
    let inspection = cache.inspect(&1).await;
    assert!(inspection.l1.is_none_or(|held| held.standing == Standing::Refused));
    assert!(!matches!(inspection.l2, InL2::Held(held) if held.standing != Standing::Refused));
    let absent = other.inspect(&2).await;
    assert_eq!(absent.l1, None);
    assert!(matches!(absent.l2, InL2::Held(held) if held.value.is_none() && held.standing == Standing::Fresh));
    cache.invalidate(&2).await;
    let gone = cache.inspect(&2).await;
    assert_eq!((gone.l1, gone.l2), (None, InL2::Nothing));
}

#[tokio::test]
async fn foreign_bytes_and_a_silent_l2_are_told_apart() {
    let scene = Scene::new();
    let cache = scene.names(graceful());
    scene.remote.put("names", "1", "not ours", TTL);
    assert_eq!(cache.inspect(&1).await.l2, InL2::Garbage);
    scene.remote.set_fault(Call::Fetch, Some(Fault::Fail));
    assert_eq!(cache.inspect(&1).await.l2, InL2::Unreachable);
}

#[tokio::test]
async fn looking_leaves_no_trace() {
    let scene = Scene::new();
    let cache = scene.names(graceful());
    scene.expect(&cache, 1, "old", Source::Loader).await;
    let other = scene.other_node().names(graceful());
    let before = other.statistics();
    for _ in 0..100 {
        other.inspect(&1).await;
        other.inspect(&9).await;
    }
    settle().await;
    assert_eq!(other.statistics(), before);
    assert!(other.hot_keys(1).is_empty());
    assert_eq!(other.inspect(&1).await.l1, None, "it was not put into L1");
}
