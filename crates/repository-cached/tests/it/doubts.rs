//! L2 is believed only as far as it has taken what was announced, and only under a server that missed nothing.

use std::{sync::atomic::Ordering, time::Duration};

use larder_cache::{
    Identity,
    testing::{Call, Evicted, Fault, Mutant},
};
use larder_repository::{Freshness, Origin, Outbox, Position, Taker};
use larder_repository_cached::CachedProducts;
use tokio::time;

use crate::{
    scene::{CACHES, Scene, believes, confirmed, count, price, read, until},
    scripted_outbox::Shared,
};

async fn reign(scene: &Scene, server: Identity) {
    Shared(std::sync::Arc::clone(&scene.outbox)).make_current(Taker(server.0)).await.expect("works");
}

/// A node that listens only, under whatever server there is, with a product in L2 that changed since; answers what it reads of it
/// once the change was announced.
async fn read_after_an_announcement(scene: &Scene, mutants: &[Mutant]) -> (CachedProducts, Position, (i64, Origin)) {
    let id = scene.create("S-1", "tea").await.id;
    let node = scene.listening(mutants);
    until("the server is known", async || node.coherence().server.is_some()).await;
    reign(scene, node.coherence().server.expect("is known")).await;
    believes(&node).await;
    assert_eq!(read(&node, id, Freshness::Cached).await, (Some(price(1_250)), Origin::Loaded));
    until("L2 is filled", async || scene.remote.frame("product", "1").is_some()).await;

    let written = scene.reprice(id, 990).await;
    let position = scene.outbox.announce(&written);
    let (seen, origin) = read(&node, id, Freshness::AtLeast(position)).await;
    let seen = if seen == Some(price(990)) { 990 } else { 1_250 };
    (node, position, (seen, origin))
}

#[tokio::test]
async fn what_was_announced_and_not_taken_is_not_read_from_l2() {
    let scene = Scene::new().await;
    let (node, _, seen) = read_after_an_announcement(&scene, &[]).await;
    assert_eq!(seen, (990, Origin::Loaded));
    assert_eq!(node.coherence().feed.map(|feed| feed.doubts), Some(5), "the product, and pages and totals by price");

    let relay = scene.relaying();
    until("the change is taken", async || scene.outbox.pending() == 0).await;
    believes(&node).await;
    believes(&relay).await;
    assert_eq!(scene.outbox.taken.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn without_floors_an_announced_change_would_be_hidden_by_l2() {
    let scene = Scene::new().await;
    let (_node, _, seen) = read_after_an_announcement(&scene, &[Mutant::NoFloors]).await;
    assert_eq!(seen, (1_250, Origin::L2), "the planted mistake shows");
}

/// A product in L2 under a mark of the relay; then another server takes over. Answers the node that relayed.
async fn failed_over(scene: &Scene, deleted_through: u64) -> Identity {
    let written = scene.create("S-1", "tea").await;
    let node = scene.relaying();
    let position = scene.outbox.announce(&written);
    until("the change is taken", async || scene.outbox.pending() == 0).await;
    believes(&node).await;
    read(&node, written.id, Freshness::AtLeast(position)).await;
    until("L2 is filled", async || scene.remote.frame("product", "1").is_some()).await;
    let marks = scene.remote.begun(Call::SetMark);
    scene.remote.ended(Call::SetMark, marks + 2).await;
    node.stop().await;
    scene.outbox.delete_through(deleted_through);
    scene.remote.fail_over(&CACHES, &[])
}

#[tokio::test]
async fn another_server_is_not_believed_before_a_relay_appoints_it() {
    let scene = Scene::new().await;
    failed_over(&scene, 0).await;
    let node = scene.listening(&[]);
    confirmed(&node).await;
    until("the server is known", async || node.coherence().server.is_some()).await;
    let id = larder_domain::ProductId::new(1).expect("valid");
    assert_eq!(read(&node, id, Freshness::Cached).await.1, Origin::Loaded);
    assert!(!node.coherence().feed.expect("has one").believes_l2);
    assert_eq!(scene.remote.frame("product", "1"), None, "it is nobody's yet");

    let relay = scene.relaying();
    until("it is appointed", async || scene.remote.frame("product", "1").is_some()).await;
    believes(&relay).await;
    assert_eq!(read(&relay, id, Freshness::Cached).await.1, Origin::L2, "what it held is kept");
}

#[tokio::test]
async fn what_another_server_holds_is_forgotten_if_the_outbox_does_not_reach_back_to_its_mark() {
    let scene = Scene::new().await;
    failed_over(&scene, 1_000).await;
    let relay = scene.relaying();
    until("it is forgotten", async || scene.remote.frame("product", "1").is_none()).await;
    believes(&relay).await;
    assert_eq!(scene.remote.frame("product", "1"), None);
}

/// The outbox is that of a new database: no server has taken anything of it.
#[tokio::test]
async fn what_a_server_holds_of_a_former_database_is_forgotten() {
    let scene = Scene::new().await;
    let id = scene.create("S-1", "tea").await.id;
    scene.remote.put("product", "1", b"of another life".to_vec(), Duration::from_secs(60));
    let relay = scene.relaying();
    believes(&relay).await;
    assert_eq!(scene.remote.frame("product", "1"), None);
    assert_eq!(read(&relay, id, Freshness::Cached).await.1, Origin::Loaded);
}

#[tokio::test]
async fn a_failover_that_lost_an_invalidation_is_told_it_again() {
    let scene = Scene::new().await;
    let node = scene.relaying();
    let created = scene.create("S-1", "tea").await;
    scene.outbox.announce(&created);
    until("the change is taken", async || scene.outbox.pending() == 0).await;
    believes(&node).await;
    read(&node, created.id, Freshness::Cached).await;
    until("L2 is filled", async || scene.remote.frame("product", "1").is_some()).await;
    let old = scene.remote.frame("product", "1").expect("is filled");

    let written = scene.reprice(created.id, 990).await;
    scene.outbox.announce(&written);
    until("the change is taken", async || scene.outbox.pending() == 0).await;
    // The replica had heard neither of the tombstone nor of the removal.
    scene.remote.fail_over(&CACHES, &[Evicted::Tombstones]);
    scene.remote.put("product", "1", old, Duration::from_secs(60));
    until("all is told again", async || scene.outbox.reigns.load(Ordering::SeqCst) == 2 && scene.outbox.pending() == 0)
        .await;
    believes(&node).await;
    let other = scene.listening(&[]);
    believes(&other).await;
    assert_eq!(read(&other, created.id, Freshness::Cached).await.0, Some(price(990)));
}

#[tokio::test]
async fn a_relay_that_dies_between_telling_and_marking_is_made_up_for() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let node = scene.relaying();
    believes(&node).await;
    scene.outbox.die_before_mark();
    scene.outbox.announce(&created);
    until("it is marked", async || scene.outbox.pending() == 0).await;
    assert_eq!(scene.outbox.taken.load(Ordering::SeqCst), 2, "it was told twice");
    believes(&node).await;
}

#[tokio::test]
async fn a_change_that_is_told_again_does_not_cost_the_lists_again() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let node = scene.relaying();
    believes(&node).await;
    let position = scene.outbox.announce(&created);
    until("the change is taken", async || scene.outbox.pending() == 0).await;
    believes(&node).await;
    assert_eq!(count(&node, "tea", Freshness::AtLeast(position)).await, 1);
    until("L2 is filled", async || scene.remote.frame("total", "p-=tea").is_some()).await;
    let frame = scene.remote.frame("total", "p-=tea");

    // Whoever makes another server current makes all rows pending.
    reign(&scene, Identity([7; 16])).await;
    until("it was told again", async || scene.outbox.taken.load(Ordering::SeqCst) == 2).await;
    until("it is marked", async || scene.outbox.pending() == 0).await;
    assert_eq!(scene.remote.frame("total", "p-=tea"), frame);
    let other = scene.listening(&[]);
    believes(&other).await;
    let lookups = scene.remote.begun(Call::Lease);
    assert_eq!(count(&other, "tea", Freshness::Cached).await, 1);
    assert_eq!(scene.remote.begun(Call::Lease), lookups, "it is a hit of L2");
}

#[tokio::test]
async fn two_relays_share_what_is_pending_and_lose_nothing() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let nodes = [scene.relaying(), scene.relaying()];
    for _ in 0..2_000 {
        scene.outbox.announce(&created);
    }
    until("everything is taken", async || scene.outbox.pending() == 0).await;
    assert_eq!(scene.outbox.taken.load(Ordering::SeqCst), 2_000, "each once");
    assert_eq!(nodes.iter().map(|node| node.coherence().lag.count).sum::<u64>(), 2_000);
}

#[tokio::test]
async fn a_relay_that_sees_another_server_than_the_current_one_does_not_take_turns_for_ever() {
    let scene = Scene::new().await;
    let node = scene.relaying();
    until("it reigns", async || scene.outbox.reigns.load(Ordering::SeqCst) == 1).await;
    believes(&node).await;
    let started = std::time::Instant::now();
    let claims = |rounds: usize| scene.outbox.reigns.load(Ordering::SeqCst) - 1 - rounds;
    let mut rounds = 0;
    while claims(rounds) < 2 {
        reign(&scene, Identity([u8::try_from(rounds % 200).expect("small"); 16])).await;
        rounds += 1;
        assert!(started.elapsed() < Duration::from_secs(20), "it never claims");
        time::sleep(Duration::from_millis(50)).await;
    }
    // Each claim makes the pause before the next twice as long: however slow this machine is, the second takes its time.
    assert!(started.elapsed() >= Duration::from_millis(500), "{rounds} rounds in {:?}", started.elapsed());
    believes(&node).await;
}

#[tokio::test]
async fn what_l2_does_not_take_stays_pending_and_the_node_reads_past_l2() {
    let scene = Scene::new().await;
    let node = scene.relaying();
    let created = scene.create("S-1", "tea").await;
    believes(&node).await;
    scene.remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    let position = scene.outbox.announce(&created);
    assert_eq!(read(&node, created.id, Freshness::AtLeast(position)).await, (Some(price(1_250)), Origin::Loaded));
    until("it was tried", async || scene.outbox.taken.load(Ordering::SeqCst) > 1).await;
    assert_eq!(scene.outbox.pending(), 1);
    scene.remote.set_fault(Call::Invalidate, None);
    believes(&node).await;
    assert_eq!(scene.outbox.pending(), 0);
}
