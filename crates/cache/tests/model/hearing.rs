//! Scenes on nodes that hear: of changes at their source before L2 takes them, and of other nodes' invalidations by the log.

use larder_cache::{CallOptions, Change, Loaded, News, testing::Evicted};

use crate::{
    explore::{Act, Planted, choose, holds},
    world::{KEY, Node, TAG, World, all, dawdle, start},
};

fn row(version: u64) -> Loaded<u64> {
    Loaded::found(version).with_version(version).with_tag(TAG)
}

fn change(version: u64) -> [News<u64>; 2] {
    [News::Key(KEY, Change::updated(version)), News::Tag { tag: TAG.to_owned(), change: Some(version) }]
}

/// Some reads at their own pace, from wherever the value may be.
fn reader(node: &Node) -> shuttle::future::JoinHandle<()> {
    let node = node.clone();
    start(async move {
        for _ in 0..3 {
            dawdle().await;
            let options = if choose(2) == 0 { CallOptions::new() } else { CallOptions::new().skip_l1() };
            node.read_with(KEY, options).await;
        }
    })
}

#[test]
fn changes_that_are_announced_before_l2_takes_them() {
    holds(announced_changes);
}

/// Two changes by somebody's SQL: a node's tail hears of them, a relay tells L2 some time later, and a later poll shows that it did.
pub(crate) fn announced_changes(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.rows.set(KEY, row(1));
        world.warm_l2(KEY).await;
        let (node, relay) = (world.fed().await, world.listener().await);
        node.read(KEY).await;
        let tail = start({
            let (node, world) = (node.clone(), world.clone());
            async move {
                let feed = node.feed.clone().expect("it has one");
                for version in 2..4_u64 {
                    dawdle().await;
                    world.rows.set(KEY, row(version));
                    node.cache.hear(&change(version), Some(version));
                    node.raise(KEY, version);
                    let (relay, server) = (relay.clone(), node.l2.server().expect("it was heard"));
                    dawdle().await;
                    relay.cache.tell(&change(version)).await.expect("L2 answers");
                    feed.settle(server, version, None);
                }
            }
        });
        all([tail, reader(&node), reader(&node)]).await;
        node.read_with(KEY, CallOptions::new().skip_l1()).await;
        node.land().await;
        world.newcomer_sees(KEY, 3).await;
    })
}

#[test]
fn invalidations_of_another_node_and_a_log_that_loses_them() {
    holds(lost_log);
}

/// One node writes, another hears of it by the log, which may be lost in between.
pub(crate) fn lost_log(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.rows.set(KEY, row(1));
        let (here, there) = (world.listener().await, world.listener().await);
        there.read(KEY).await;
        let writing = start({
            let (here, there, world) = (here.clone(), there.clone(), world.clone());
            async move {
                for version in 2..4_u64 {
                    dawdle().await;
                    world.rows.set(KEY, row(version));
                    here.cache.invalidate_news(&change(version)).await;
                    if choose(2) == 0 {
                        world.remote.evict(Evicted::Log);
                        here.cache.invalidate(&(KEY + 1)).await;
                    }
                    // Once to see a gap, once to go on after it.
                    for _ in 0..2 {
                        there.l2.listen_once().await.expect("L2 answers");
                    }
                    there.raise(KEY, version);
                }
            }
        });
        all([writing, reader(&there), reader(&there)]).await;
        there.read(KEY).await;
        there.land().await;
        world.newcomer_sees(KEY, 3).await;
    })
}

#[test]
fn a_failover_to_a_server_that_missed_the_last_invalidations() {
    holds(failover);
}

/// The server changes; the new one has the values, and has never heard of the last change. A relay tells it before it appoints it.
pub(crate) fn failover(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.rows.set(KEY, row(1));
        world.remote.set_relayed(true);
        world.warm_l2(KEY).await;
        let (node, relay) = (world.fed().await, world.listener().await);
        let feed = node.feed.clone().expect("it has one");
        world.rows.set(KEY, row(2));
        node.cache.hear(&change(2), None);
        node.raise(KEY, 2);
        let failing = start({
            let (world, node) = (world.clone(), node.clone());
            async move {
                let server = world.remote.fail_over(&["rows"], &[]);
                for _ in 0..2 {
                    dawdle().await;
                    node.l2.listen_once().await.expect("L2 answers");
                }
                feed.settle(server, 2, Some(2));
                for _ in 0..2 {
                    relay.l2.listen_once().await.expect("L2 answers");
                }
                relay.cache.tell(&change(2)).await.expect("L2 answers");
                relay.l2.appoint(server, true).await.expect("L2 answers");
                feed.settle(server, 2, None);
            }
        });
        all([failing, reader(&node), reader(&node)]).await;
        node.read_with(KEY, CallOptions::new().skip_l1()).await;
        node.land().await;
        world.newcomer_sees(KEY, 2).await;
    })
}
