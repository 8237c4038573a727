//! What a node hears of the database: lists that moved, changes that a read must see, and what it does while it hears nothing.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use larder_domain::CatalogueStats;
use larder_repository::{Changed, ErrorKind, Freshness, Origin, Position, ProductRepository, Written};
use larder_repository_cached::{CachedProducts, CachedProductsOptions};
use tokio::time;

use crate::{
    scene::{Scene, believes, confirmed, count, draft, price, read, until},
    scripted_outbox::ScriptedOutbox,
};

const SECOND: Duration = Duration::from_secs(1);

/// The figures, whenever they were counted.
async fn stats(node: &CachedProducts, freshness: Freshness) -> CatalogueStats {
    let stats = node.stats(freshness).await.expect("is read").value;
    CatalogueStats { counted_at: CatalogueStats::default().counted_at, ..stats }
}

#[tokio::test]
async fn a_product_that_moves_by_sql_leaves_one_list_and_enters_another_on_every_node() {
    let scene = Scene::new().await;
    let id = scene.create("S-1", "tea").await.id;
    // The last one has nobody else to hear of it from.
    let nodes = [scene.relaying(), scene.relaying(), scene.alone(SECOND)];
    believes(&nodes[0]).await;
    believes(&nodes[1]).await;
    for node in &nodes {
        confirmed(node).await;
        assert_eq!((count(node, "tea", Freshness::Cached).await, count(node, "cups", Freshness::Cached).await), (1, 0));
    }
    let written = scene.recategorize(id, "cups").await;
    let position = scene.outbox.announce(&written);
    for node in &nodes {
        let freshness = Freshness::AtLeast(position);
        assert_eq!((count(node, "tea", freshness).await, count(node, "cups", freshness).await), (0, 1));
    }
}

#[tokio::test]
async fn a_write_through_one_node_is_seen_by_lists_of_another_at_its_position() {
    let scene = Scene::new().await;
    let nodes = [scene.relaying(), scene.relaying()];
    for node in &nodes {
        believes(node).await;
        assert_eq!(count(node, "tea", Freshness::Cached).await, 0);
    }
    let written = nodes[0].create(&draft("S-1", "tea")).await.expect("is made");
    let position = scene.outbox.announce(&written);
    assert_eq!(count(&nodes[0], "tea", Freshness::Cached).await, 1);
    assert_eq!(count(&nodes[1], "tea", Freshness::AtLeast(position)).await, 1);
}

#[tokio::test]
async fn a_truncated_table_empties_everything() {
    let scene = Scene::new().await;
    let id = scene.create("S-1", "tea").await.id;
    let node = scene.relaying();
    believes(&node).await;
    read(&node, id, Freshness::Cached).await;
    assert_eq!(count(&node, "tea", Freshness::Cached).await, 1);
    scene.database.delete(id, larder_repository::Precondition::None).await.expect("is removed");
    let position = scene.outbox.announce_change(Changed::Everything);
    assert_eq!(read(&node, id, Freshness::AtLeast(position)).await.0, None);
    assert_eq!(count(&node, "tea", Freshness::Cached).await, 0);
    assert_eq!(stats(&node, Freshness::Cached).await, CatalogueStats::default());
}

/// The tail cannot tell in time: only the database can.
#[tokio::test]
async fn a_read_at_a_position_that_was_not_heard_of_asks_the_database_and_keeps_the_answer() {
    let scene = Scene::new().await;
    let id = scene.create("S-1", "tea").await.id;
    let node = scene.relaying();
    believes(&node).await;
    read(&node, id, Freshness::Cached).await;
    assert_eq!(count(&node, "tea", Freshness::Cached).await, 1);
    stats(&node, Freshness::Cached).await;
    let unheard = Freshness::AtLeast(scene.outbox.next_position());
    scene.outbox.set_failing(Some(ErrorKind::Internal));

    scene.reprice(id, 990).await;
    assert_eq!(read(&node, id, Freshness::Cached).await, (Some(price(1_250)), Origin::L1), "nobody told");
    assert_eq!(read(&node, id, unheard).await, (Some(price(990)), Origin::Loaded));
    assert_eq!(read(&node, id, Freshness::Cached).await, (Some(price(990)), Origin::L1), "it is kept");

    scene.recategorize(id, "cups").await;
    assert_eq!(count(&node, "tea", unheard).await, 0);
    scene.create("S-2", "tea").await;
    assert_eq!(stats(&node, unheard).await, stats(&node, Freshness::Latest).await);
    let many = node.get_many(&[id], unheard).await.expect("is read");
    assert_eq!(many.origin, Origin::Loaded);
}

#[tokio::test]
async fn a_read_at_a_position_never_answers_an_absence_from_before_it() {
    let scene = Scene::new().await;
    let node = scene.relaying();
    believes(&node).await;
    let id = larder_domain::ProductId::new(1).expect("valid");
    assert_eq!(read(&node, id, Freshness::Cached).await.0, None);
    let created = scene.create("S-1", "tea").await;
    assert_eq!(created.id, id);
    assert_eq!(read(&node, id, Freshness::Cached).await, (None, Origin::L1), "nobody told");
    let position = scene.outbox.announce(&created);
    assert_eq!(read(&node, id, Freshness::AtLeast(position)).await.0, Some(price(1_250)));
}

#[tokio::test]
async fn a_position_that_was_heard_of_is_answered_from_l1() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let node = scene.alone(SECOND);
    confirmed(&node).await;
    let position = scene.outbox.announce(&created);
    read(&node, created.id, Freshness::AtLeast(position)).await;
    assert_eq!(read(&node, created.id, Freshness::AtLeast(position)).await.1, Origin::L1);
}

/// Anybody can send such positions: they must not make the database work.
#[tokio::test]
async fn a_position_that_nobody_was_given_costs_no_load() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let node = scene.alone(SECOND);
    confirmed(&node).await;
    let position = scene.outbox.announce(&created);
    read(&node, created.id, Freshness::AtLeast(position)).await;
    let elsewhere = Position { timeline: position.timeline + 1, ..position };
    let later = Position { number: position.number + 1_000_000, ..position };
    for forged in [elsewhere, later] {
        assert_eq!(read(&node, created.id, Freshness::AtLeast(forged)).await.1, Origin::L1, "{forged:?}");
    }
}

#[tokio::test]
async fn a_revalidated_read_is_loaded_and_kept() {
    let scene = Scene::new().await;
    let id = scene.create("S-1", "tea").await.id;
    let node = scene.alone(SECOND);
    confirmed(&node).await;
    read(&node, id, Freshness::Cached).await;
    scene.reprice(id, 990).await;
    assert_eq!(read(&node, id, Freshness::Revalidated).await, (Some(price(990)), Origin::Loaded));
    assert_eq!(read(&node, id, Freshness::Cached).await, (Some(price(990)), Origin::L1));
}

/// `max_staleness` after the tail fell silent, L1 is not shown any more as if it were known to be right.
async fn after_the_bound(kind: ErrorKind) -> (Scene, CachedProducts, larder_domain::ProductId) {
    let scene = Scene::new().await;
    let id = scene.create("S-1", "tea").await.id;
    let bound = Duration::from_millis(400);
    let node = scene.alone(bound);
    confirmed(&node).await;
    read(&node, id, Freshness::Cached).await;
    assert_eq!(read(&node, id, Freshness::Cached).await.1, Origin::L1);
    scene.reprice(id, 990).await;
    scene.outbox.set_failing(Some(kind));
    // Twice: what was loaded after the last confirmation is shown for the bound as well.
    until("the bound has passed", async || {
        node.coherence().feed.and_then(|feed| feed.confirmed_ago).is_some_and(|ago| ago > 2 * bound)
    })
    .await;
    (scene, node, id)
}

#[tokio::test]
async fn while_the_database_cannot_be_asked_what_is_cached_is_served_and_marked() {
    let (scene, node, id) = after_the_bound(ErrorKind::Unavailable).await;
    assert!(!node.coherence().feed.expect("has one").is_reachable);
    assert_eq!(read(&node, id, Freshness::Cached).await, (Some(price(1_250)), Origin::Stale));
    scene.outbox.set_failing(None);
    until("it heals", async || read(&node, id, Freshness::Cached).await == (Some(price(990)), Origin::L1)).await;
}

#[tokio::test]
async fn while_changes_are_not_heard_for_another_reason_what_is_cached_is_loaded_anew_within_the_bound() {
    let (_scene, node, id) = after_the_bound(ErrorKind::Internal).await;
    assert!(node.coherence().feed.expect("has one").is_reachable);
    assert_eq!(read(&node, id, Freshness::Cached).await, (Some(price(990)), Origin::Loaded));
}

#[tokio::test]
async fn with_l2_alone_in_reach_what_is_cached_is_unconfirmed() {
    let scene = Scene::new().await;
    let id = scene.create("S-1", "tea").await.id;
    let node = scene.relaying();
    believes(&node).await;
    read(&node, id, Freshness::Cached).await;
    scene.outbox.set_failing(Some(ErrorKind::Timeout));
    until("it is marked", async || read(&node, id, Freshness::Cached).await.1 == Origin::Unconfirmed).await;
}

#[tokio::test]
async fn a_tail_that_panics_begins_anew_and_forgets_l1() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let node = scene.alone(SECOND);
    confirmed(&node).await;
    read(&node, created.id, Freshness::Cached).await;
    scene.reprice(created.id, 990).await;
    scene.outbox.panic_once();
    until("L1 is forgotten", async || read(&node, created.id, Freshness::Cached).await.0 == Some(price(990))).await;
    let position = scene.outbox.announce(&scene.reprice(created.id, 880).await);
    until("it listens again", async || {
        let seen = read(&node, created.id, Freshness::AtLeast(position)).await;
        assert_eq!(seen.0, Some(price(880)));
        seen.1 == Origin::L1
    })
    .await;
}

async fn is_left_alone(outbox: &Arc<ScriptedOutbox>) {
    until("nobody holds the outbox", async || Arc::strong_count(outbox) == 1).await;
}

#[tokio::test]
async fn a_node_that_is_dropped_ends_its_tasks() {
    let scene = Scene::new().await;
    let node = scene.node_with(&CachedProductsOptions::default());
    let clone = node.clone();
    believes(&node).await;
    drop(node);
    believes(&clone).await;
    drop(clone);
    is_left_alone(&scene.outbox).await;
}

#[tokio::test]
async fn a_node_that_is_stopped_hears_no_more() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let node = scene.alone(SECOND);
    confirmed(&node).await;
    node.stop().await;
    let position = scene.outbox.announce(&created);
    assert_eq!(read(&node, created.id, Freshness::AtLeast(position)).await, (Some(price(1_250)), Origin::Loaded));
}

#[tokio::test]
async fn an_outbox_that_had_to_be_collapsed_is_counted() {
    let scene = Scene::new().await;
    scene.outbox.collapse(7);
    let node = scene.alone(SECOND);
    until("it is trimmed", async || node.coherence().collapsed == 7).await;
}

/// A node that heard of a change some time ago. The clock stands still from now on, and goes on only while everybody waits.
async fn at_rest(scene: &Scene, created: &Written) -> CachedProducts {
    let node = scene.alone(SECOND);
    confirmed(&node).await;
    time::pause();
    scene.outbox.announce(created);
    time::sleep(Duration::from_millis(20)).await;
    node
}

#[tokio::test]
async fn a_stream_of_changes_has_the_database_asked_200_times_a_second() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let _node = at_rest(&scene, &created).await;
    let (before, began) = (scene.outbox.polls.load(Ordering::SeqCst), time::Instant::now());
    while began.elapsed() < SECOND {
        scene.outbox.announce(&created);
        time::sleep(Duration::from_millis(1)).await;
    }
    let polls = scene.outbox.polls.load(Ordering::SeqCst) - before;
    // The clock of timers counts whole milliseconds: between two polls are five or six of them.
    assert!((150..=201).contains(&polls), "{polls} in a second");
}

#[tokio::test]
async fn a_change_that_comes_alone_is_asked_for_at_once() {
    let scene = Scene::new().await;
    let created = scene.create("S-1", "tea").await;
    let _node = at_rest(&scene, &created).await;
    let before = scene.outbox.polls.load(Ordering::SeqCst);
    scene.outbox.announce(&created);
    // The least that the clock can go on: nothing else is due within it.
    time::sleep(Duration::from_millis(1)).await;
    assert_eq!(scene.outbox.polls.load(Ordering::SeqCst), before + 1);
}
