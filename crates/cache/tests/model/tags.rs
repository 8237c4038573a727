//! Scenes about tags: an invalidation of one while entries that carry it are loaded, filled and taken from L2, on two nodes.

use larder_cache::{CallOptions, testing::Evicted};

use crate::{
    explore::{Act, Planted, holds, promise},
    world::{KEY, Node, TAG, World, all, dawdle, settle, start, tagged},
};

#[test]
fn a_tag_invalidated_during_loads() {
    holds(tag_and_loads);
}

pub(crate) fn tag_and_loads(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.rows.set(KEY, tagged(1));
        let node = world.node();
        let readers = [node.clone(), node.clone()].map(|node| {
            start(async move {
                node.read(KEY).await;
            })
        });
        let writer = start(retag(world.clone(), node.clone()));
        all(readers.into_iter().chain([writer])).await;
        node.read(KEY).await;
        settle().await;
        node.read(KEY).await;
        node.land().await;
        world.newcomer_sees(KEY, 2).await;
    })
}

#[test]
fn a_tag_invalidated_during_fills_of_another_node() {
    holds(tag_and_fills);
}

pub(crate) fn tag_and_fills(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.rows.set(KEY, tagged(1));
        let (here, there) = (world.node(), world.node());
        let (other, reader) = (there.clone(), here.clone());
        let tasks = [
            start(async move {
                other.read(KEY).await;
            }),
            start(async move {
                reader.read(KEY).await;
            }),
            start(retag(world.clone(), here.clone())),
        ];
        all(tasks).await;
        settle().await;
        here.read_with(KEY, CallOptions::new().skip_l1()).await;
        here.land().await;
        there.land().await;
        world.newcomer_sees(KEY, 2).await;
    })
}

#[test]
fn a_tag_invalidated_while_l2_hands_its_entries_out() {
    holds(|planted| {
        Box::pin(async move {
            let world = World::new(planted);
            world.rows.set(KEY, tagged(1));
            world.warm_l2(KEY).await;
            let node = world.node();
            let (reader, peeker) = (node.clone(), node.clone());
            let tasks = [
                start(async move {
                    reader.read(KEY).await;
                }),
                start(async move {
                    peeker.peek(KEY).await;
                    peeker.peek(KEY).await;
                }),
                start(retag(world.clone(), node.clone())),
            ];
            all(tasks).await;
            node.peek(KEY).await;
            node.read_with(KEY, CallOptions::new().skip_l1()).await;
            promise(node.read(KEY).await.value == Some(2), crate::world::STALE);
        })
    });
}

#[test]
fn a_tag_whose_generation_l2_has_lost() {
    holds(lost_generation);
}

pub(crate) fn lost_generation(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        world.rows.set(KEY, tagged(1));
        world.warm_l2(KEY).await;
        let node = world.node();
        let (reader, remote) = (node.clone(), std::sync::Arc::clone(&world.remote));
        let tasks = [
            start(async move {
                reader.read(KEY).await;
            }),
            start(async move {
                dawdle().await;
                remote.evict(Evicted::Generations);
            }),
            start(retag(world.clone(), node.clone())),
        ];
        all(tasks).await;
        settle().await;
        node.read_with(KEY, CallOptions::new().skip_l1()).await;
        world.newcomer_sees(KEY, 2).await;
    })
}

/// Writes the row some time later, invalidates its tag, and reads.
async fn retag(world: World, node: Node) {
    dawdle().await;
    world.rows.set(KEY, tagged(2));
    node.cache.invalidate_tag(TAG).await;
    node.raise(KEY, 2);
    node.read(KEY).await;
}
