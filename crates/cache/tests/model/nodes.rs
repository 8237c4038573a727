//! Scenes on two nodes that share an L2: late fills, and time that passes while L2 answers.

use larder_cache::{CallOptions, Clock, Source};

use crate::{
    explore::{Act, Planted, holds, promise},
    world::{KEY, TTL, World, all, dawdle, settle, start},
};

pub(crate) const TOO_LONG: &str = "a value outlived its time to live";

#[test]
fn a_late_fill_of_another_node() {
    holds(late_fill);
}

pub(crate) fn late_fill(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        let (here, there) = (world.node(), world.node());
        let (other, reader, writer) = (there.clone(), here.clone(), here.clone());
        let tasks = [
            start(async move {
                other.read(KEY).await;
            }),
            start(async move {
                reader.read(KEY).await;
            }),
            start(async move {
                writer.write(KEY, 2).await;
                writer.read(KEY).await;
                writer.read_with(KEY, CallOptions::new().skip_l1()).await;
            }),
        ];
        all(tasks).await;
        settle().await;
        here.read_with(KEY, CallOptions::new().skip_l1()).await;
        here.peek(KEY).await;
        here.land().await;
        there.land().await;
        world.newcomer_sees(KEY, 2).await;
    })
}

#[test]
fn a_clear_and_a_late_fill_of_another_node() {
    holds(|planted| {
        Box::pin(async move {
            let world = World::new(planted);
            let (here, there) = (world.node(), world.node());
            let (other, writer, rows) = (there.clone(), here.clone(), world.rows.clone());
            let tasks = [
                start(async move {
                    other.read(KEY).await;
                }),
                start(async move {
                    dawdle().await;
                    rows.set(KEY, 2);
                    writer.cache.clear().await;
                    writer.raise(KEY, 2);
                    writer.read(KEY).await;
                }),
            ];
            all(tasks).await;
            settle().await;
            here.read_with(KEY, CallOptions::new().skip_l1()).await;
            world.newcomer_sees(KEY, 2).await;
        })
    });
}

#[test]
fn time_that_passes_while_l2_answers() {
    holds(slow_answer);
}

pub(crate) fn slow_answer(planted: Planted) -> Act {
    Box::pin(async move {
        let world = World::new(planted);
        let loaded_at = world.clock.now();
        world.warm_l2(KEY).await;
        let (node, time) = (world.node(), std::sync::Arc::clone(&world.clock));
        let reading = start({
            let world = world.clone();
            async move {
                for _ in 0..3 {
                    let asked_at = world.clock.now();
                    let found = node.read(KEY).await;
                    let cached = found.source != Source::Loader && found.value == Some(1);
                    promise(!cached || asked_at < loaded_at + TTL, TOO_LONG);
                }
            }
        });
        let passing = start(async move {
            for _ in 0..3 {
                dawdle().await;
                time.advance(TTL * 2 / 5);
            }
        });
        // What is loaded from now on is another value than the one that must end.
        world.rows.set(KEY, 2);
        all([reading, passing]).await;
    })
}
