//! Redis Cluster: shards on three masters, slots that move, masters that die.

use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use larder_cache::{Backplane, Identity, RedisRemote, Remote};
use larder_test_support::RedisCluster;
use tokio::time::timeout;

use crate::{
    redis::{CACHE, remote_at},
    sentinel::{heals, visit},
};

/// Keys enough for all shards.
const KEYS: usize = 200;

/// A deadline that a silent server does not meet.
const SOON: Duration = Duration::from_millis(50);

/// A slot of the shards, and who serves it.
struct Shard {
    slot: u16,
    master: usize,
}

async fn first_shard(cluster: &RedisCluster) -> anyhow::Result<Shard> {
    let slot = cluster.servers()[1].command(&["CLUSTER", "KEYSLOT", "{shop.0}"]).await?;
    Ok(Shard { slot, master: cluster.master_of(slot).await? })
}

fn keys() -> Vec<String> {
    (0..KEYS).map(|key| key.to_string()).collect()
}

/// Who answers for each key.
async fn identities(remote: &RedisRemote) -> BTreeMap<String, Identity> {
    let mut identities = BTreeMap::new();
    for key in keys() {
        identities.insert(key.clone(), heals(remote, &key).await);
    }
    identities
}

fn distinct(identities: &BTreeMap<String, Identity>) -> usize {
    identities.values().map(|identity| identity.0).collect::<std::collections::BTreeSet<_>>().len()
}

/// How many connections each server has accepted, without those of the other servers.
async fn connections(cluster: &RedisCluster) -> anyhow::Result<Vec<u64>> {
    let mut counts = Vec::new();
    for server in cluster.servers() {
        let statistics: String = server.command(&["INFO", "stats"]).await?;
        let count = statistics.lines().find_map(|line| line.strip_prefix("total_connections_received:"));
        counts.push(count.unwrap_or_default().parse()?);
    }
    Ok(counts)
}

#[tokio::test]
async fn keys_lie_on_all_masters_and_are_fetched_together() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    // One node leads to the others.
    let url = cluster.url();
    let remote = remote_at(url.split(',').next().unwrap_or(&url), "shop");
    assert_eq!(distinct(&identities(&remote).await), 3);
    let keys = keys();
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    assert!(remote.fetch(CACHE, &names).await?.iter().all(Option::is_some));
    let mut values = 0;
    for server in cluster.servers() {
        let held: Vec<String> = server.command(&["KEYS", "{shop.*}v:*"]).await?;
        assert!(!held.is_empty());
        values += held.len();
    }
    assert_eq!(values, KEYS);
    Ok(())
}

#[tokio::test]
async fn a_slot_that_moves_under_traffic_heals() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    let remote = remote_at(&cluster.url(), "shop");
    let before = identities(&remote).await;
    let shard = first_shard(&cluster).await?;
    let to = (shard.master + 1) % 3;
    cluster.begin_move(shard.slot, to).await?;
    let has_failed = AtomicBool::new(false);
    let moving = async {
        while !has_failed.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        cluster.finish_move(shard.slot, to).await
    };
    let traffic = async {
        loop {
            for key in keys() {
                has_failed.fetch_or(visit(&remote, &key).await.is_err(), Ordering::Relaxed);
            }
        }
    };
    tokio::select! {
        moved = moving => moved?,
        () = traffic => {}
    }
    let after = identities(&remote).await;
    assert!(before.iter().any(|(key, identity)| after[key] != *identity));
    for key in keys() {
        assert_eq!(visit(&remote, &key).await, Ok(after[&key]));
    }
    Ok(())
}

#[tokio::test]
async fn a_killed_master_is_left_for_its_replica() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(true).await?;
    let remote = remote_at(&cluster.url(), "shop");
    let before = identities(&remote).await;
    let shard = first_shard(&cluster).await?;
    cluster.servers()[shard.master].kill().await?;
    let keys = keys();
    let mut failed = Vec::new();
    for key in &keys {
        if visit(&remote, key).await.is_err() {
            failed.push(key);
        }
    }
    assert!(!failed.is_empty());
    cluster.promote_replica_of(shard.master).await?;
    let after = identities(&remote).await;
    assert_eq!(distinct(&after), 3);
    let moved: Vec<&String> = keys.iter().filter(|key| after[*key] != before[*key]).collect();
    assert!(!moved.is_empty() && moved.iter().all(|key| failed.contains(key)));
    assert_eq!(cluster.master_of(shard.slot).await?, shard.master + 3);
    Ok(())
}

#[tokio::test]
async fn a_cluster_that_is_away_at_first_is_found_later() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    for server in cluster.servers() {
        server.kill().await?;
    }
    let remote = remote_at(&cluster.url(), "shop");
    let crowd = futures_util::future::join_all((0..50).map(|_| remote.ping()));
    let answers = timeout(Duration::from_secs(1), crowd).await.expect("refused at once");
    assert!(answers.iter().all(Result::is_err));
    for server in cluster.servers() {
        server.restart().await?;
    }
    assert_eq!(distinct(&identities(&remote).await), 3);
    Ok(())
}

#[tokio::test]
async fn a_master_that_does_not_answer_holds_nobody_up_at_the_others() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    for server in cluster.servers() {
        server.command::<()>(&["CONFIG", "SET", "cluster-require-full-coverage", "no"]).await?;
    }
    let remote = remote_at(&cluster.url(), "shop");
    identities(&remote).await;
    let silent = cluster.servers()[0];
    let held: Vec<String> = silent.command(&["KEYS", "{shop.*}v:*"]).await?;
    let is_there = |key: &String| held.iter().any(|name| name.rsplit(':').next() == Some(key));
    let (dark, well): (Vec<String>, Vec<String>) = keys().into_iter().partition(is_there);
    silent.pause().await?;
    // Long enough for the connection to be given up, and the map to be asked for many times.
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        timeout(SOON, visit(&remote, &dark[0])).await.unwrap_or(Err(String::new())).expect_err("it is silent");
        for key in &well {
            timeout(10 * SOON, visit(&remote, key)).await?.expect("the others answer");
        }
    }
    silent.resume().await?;
    heals(&remote, &dark[0]).await;
    Ok(())
}

#[tokio::test]
async fn rediscovery_connects_to_all_masters_anew() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    let remote = remote_at(&cluster.url(), "shop");
    let before = identities(&remote).await;
    let connected = connections(&cluster).await?;
    remote.rediscover().await;
    assert_eq!(identities(&remote).await, before);
    let now = connections(&cluster).await?;
    // The look at the statistics is one connection itself.
    assert!(connected.iter().zip(&now).all(|(before, now)| *now >= before + 2), "{connected:?} {now:?}");
    Ok(())
}
