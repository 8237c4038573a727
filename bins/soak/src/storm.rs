//! Carries a plan out: makes each trouble, ends it, and heals everything before the quiet point.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use tokio::{task::JoinSet, time};

use crate::{
    plan::{Event, Round},
    scene::Scene,
    trouble::{Server, Trouble},
    truncation,
};
use larder_test_support::Fault;

/// Carries out one round; when it returns, nothing is wrong and all nodes are ready.
///
/// # Errors
/// When a server or a node does not come back.
pub(crate) async fn rage(scene: &Arc<Scene>, round: &Round) -> Result<()> {
    let mut troubles = JoinSet::new();
    for event in round.events.clone() {
        let scene = Arc::clone(scene);
        troubles.spawn(async move { happen(&scene, &event).await });
    }
    time::sleep(round.stormy).await;
    while let Some(done) = troubles.join_next().await {
        done.context("a trouble did not end")??;
    }
    scene.cluster.redis.settle().await
}

async fn happen(scene: &Scene, event: &Event) -> Result<()> {
    time::sleep(event.at).await;
    let (now, lasts) = (scene.now().as_secs_f64(), event.lasts.as_secs_f64());
    match event.trouble.is_momentary() {
        true => eprintln!("{now:7.1}s {}", event.trouble),
        false => eprintln!("{now:7.1}s {} for {lasts:.1}s", event.trouble),
    }
    let troubled = troubled_nodes(scene, &event.trouble);
    worsen(scene, &troubled);
    make(scene, &event.trouble, event.lasts).await.with_context(|| format!("{}", event.trouble))?;
    improve(scene, &troubled);
    Ok(())
}

/// Nodes that are away, or away from the database: only these are excused. No trouble of Redis, of a relay or of the table excuses anything.
fn troubled_nodes(scene: &Scene, trouble: &Trouble) -> Vec<usize> {
    match trouble {
        Trouble::Link { process, server: Server::Postgres, .. }
        | Trouble::Isolated { process }
        | Trouble::NodeKilled { process } => (0..scene.cluster.nodes.len()).filter(|node| node == process).collect(),
        Trouble::PostgresRestarted => (0..scene.cluster.nodes.len()).collect(),
        _ => Vec::new(),
    }
}

async fn make(scene: &Scene, trouble: &Trouble, lasts: Duration) -> Result<()> {
    let cluster = &scene.cluster;
    match trouble {
        Trouble::Link { process, server, link } => {
            let process = cluster.process(*process);
            process.meet(*server, link.fault()).await?;
            time::sleep(lasts).await;
            process.meet(*server, Fault::None).await
        }
        Trouble::Isolated { process } => {
            let process = cluster.process(*process);
            for server in [Server::Postgres, Server::Redis] {
                process.meet(server, Fault::Hold).await?;
            }
            time::sleep(lasts).await;
            for server in [Server::Postgres, Server::Redis] {
                process.meet(server, Fault::None).await?;
            }
            Ok(())
        }
        Trouble::NodeKilled { process } | Trouble::RelayKilled { process } => {
            let process = cluster.process(*process);
            process.kill()?;
            time::sleep(lasts).await;
            process.start().await
        }
        Trouble::RedisKilled => cluster.redis.die(lasts).await,
        Trouble::RedisHung => cluster.redis.hang(lasts).await,
        Trouble::RedisFailedOver => cluster.redis.fail_over(lasts).await,
        Trouble::RedisFlushed => cluster.redis.flush().await,
        Trouble::PostgresRestarted => cluster.postgres.restart().await,
        Trouble::Truncated => truncation::truncate(scene, lasts).await,
    }
}

fn worsen(scene: &Scene, nodes: &[usize]) {
    let now = scene.now();
    let mut checker = scene.checker();
    nodes.iter().for_each(|node| checker.weather[*node].worsen(now));
}

fn improve(scene: &Scene, nodes: &[usize]) {
    let now = scene.now();
    let mut checker = scene.checker();
    nodes.iter().for_each(|node| checker.weather[*node].improve(now));
}
