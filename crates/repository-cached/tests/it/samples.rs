//! The sampler finds what is stale, in either level, and nothing where nothing is.

use std::time::Duration;

use larder_domain::ProductId;
use larder_repository::{Freshness, Precondition, ProductRepository};
use larder_repository_cached::{CachedProducts, CachedProductsOptions, SampleCounts};

use crate::scene::{Scene, believes, read, until};

/// Enough reads that the key is among the hot ones.
const READS: usize = 2_000;

fn sampling() -> CachedProductsOptions {
    CachedProductsOptions {
        samples_per_second: 50.0,
        max_staleness: Duration::from_millis(300),
        ..CachedProductsOptions::default()
    }
}

/// A node that has a product in both levels, and knows that it is asked for.
async fn warm(scene: &Scene) -> (CachedProducts, ProductId) {
    let id = scene.create("S-1", "tea").await.id;
    let node = scene.node_with(&sampling());
    believes(&node).await;
    for _ in 0..READS {
        read(&node, id, Freshness::Cached).await;
    }
    until("L2 is filled", async || scene.remote.frame("product", "1").is_some()).await;
    (node, id)
}

#[tokio::test]
async fn a_change_of_which_nobody_told_is_found_in_both_levels() {
    let scene = Scene::new().await;
    let (node, id) = warm(&scene).await;
    scene.reprice(id, 990).await;
    until("it is found", async || {
        let samples = node.coherence().samples;
        samples.stale_l1 > 0 && samples.stale_l2 > 0
    })
    .await;
}

#[tokio::test]
async fn a_removal_of_which_nobody_told_is_found() {
    let scene = Scene::new().await;
    let (node, id) = warm(&scene).await;
    scene.database.delete(id, Precondition::None).await.expect("is removed");
    until("it is found", async || node.coherence().samples.stale_l1 > 0).await;
}

#[tokio::test]
async fn an_absence_that_ended_without_news_is_found() {
    let scene = Scene::new().await;
    let node = scene.node_with(&sampling());
    believes(&node).await;
    let id = ProductId::new(1).expect("valid");
    for _ in 0..READS {
        read(&node, id, Freshness::Cached).await;
    }
    scene.create("S-1", "tea").await;
    until("it is found", async || node.coherence().samples.stale_l1 > 0).await;
}

#[tokio::test]
async fn changes_that_are_announced_are_never_found_stale() {
    let scene = Scene::new().await;
    let (node, id) = warm(&scene).await;
    for hundredths in 1..=100 {
        scene.outbox.announce(&scene.reprice(id, hundredths).await);
        read(&node, id, Freshness::Cached).await;
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    until("enough was sampled", async || {
        read(&node, id, Freshness::Cached).await;
        node.coherence().samples.samples > 20
    })
    .await;
    let samples = node.coherence().samples;
    assert_eq!((samples.stale_l1, samples.stale_l2), (0, 0), "{samples:?}");
}

#[tokio::test]
async fn what_is_old_within_the_bound_is_not_stale() {
    let scene = Scene::new().await;
    let id = scene.create("S-1", "tea").await.id;
    let node = scene.node_with(&CachedProductsOptions { max_staleness: Duration::from_secs(10), ..sampling() });
    believes(&node).await;
    for _ in 0..READS {
        read(&node, id, Freshness::Cached).await;
    }
    let written = scene.reprice(id, 990).await;
    // Judged before the next one is taken, if they were judged at once, they would find the old price.
    let asked = node.coherence().samples.asked;
    until("two more are taken", async || node.coherence().samples.asked >= asked + 2).await;
    scene.outbox.announce(&written);
    let samples = node.coherence().samples;
    assert_eq!(samples, SampleCounts { asked: samples.asked, ..SampleCounts::default() });
}
