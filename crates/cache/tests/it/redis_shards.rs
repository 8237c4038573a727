//! What concerns several shards, on a real Redis Cluster; how shards are found and heal is told in `cluster.rs`.

use std::{collections::BTreeSet, time::Duration};

use larder_cache::{
    Backplane, FillReply, FillRequest, Finding, Identity, Invalidation, LeaseReply, LogNews, RedisRemote, Remote,
};
use larder_test_support::RedisCluster;

use crate::redis::{BY, CACHE, LONG, a_fill, drop_key, relayed_at, request, tag};

/// Keys enough for all shards.
const KEYS: usize = 200;

fn node(cluster: &RedisCluster) -> RedisRemote {
    relayed_at(&cluster.url(), "shop")
}

fn keys() -> Vec<String> {
    (0..KEYS).map(|key| key.to_string()).collect()
}

/// Fills all keys, each with its own name as frame, under a tag.
async fn fill_all(node: &RedisRemote) -> anyhow::Result<()> {
    let requests: Vec<_> = keys().iter().map(|key| request(key, 1)).collect();
    assert_eq!(node.lease(CACHE, &requests, LONG).await?, vec![LeaseReply::Granted; KEYS]);
    let fill = |key: &String| FillRequest { tags: vec![tag("red", None)], ..a_fill(key, 1, key) };
    let fills: Vec<_> = keys().iter().map(fill).collect();
    assert!(node.fill(CACHE, &fills).await?.iter().all(|reply| matches!(reply, FillReply::Stored(_))));
    Ok(())
}

/// The frames of all keys, in order.
async fn frames(node: &RedisRemote) -> anyhow::Result<Vec<Option<String>>> {
    let keys = keys();
    let names: Vec<&str> = keys.iter().map(String::as_str).collect();
    let held = node.fetch(CACHE, &names).await?;
    Ok(held.into_iter().map(|held| held.map(|held| String::from_utf8_lossy(&held.frame).into_owned())).collect())
}

async fn generations(node: &RedisRemote) -> anyhow::Result<Vec<Option<larder_cache::Nonce>>> {
    let tags: Vec<(usize, &str)> = (0..node.shards()).map(|shard| (shard, "red")).collect();
    Ok(node.generations(CACHE, &tags).await?.into_iter().map(|told| told.nonce).collect())
}

#[tokio::test]
async fn a_tag_and_a_clear_reach_every_shard_and_its_log() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    let node = node(&cluster);
    fill_all(&node).await?;
    assert_eq!(frames(&node).await?, keys().into_iter().map(Some).collect::<Vec<_>>());
    let mut anchors = Vec::new();
    for shard in 0..node.shards() {
        anchors.push(node.anchor(shard).await?.entries.remove(0));
    }
    let before = generations(&node).await?;
    let red = Invalidation::Tag { tag: "red".into(), change: Some(1) };
    let all = [drop_key("7", None, false), red.clone(), Invalidation::Everything];
    let server = node.invalidate(CACHE, BY, &all).await?;
    assert_eq!(node.reign(&[CACHE]).await?.server, server);
    let after = generations(&node).await?;
    assert!(before.iter().zip(&after).all(|(before, after)| before != after && after.is_some()));
    assert_eq!(after.iter().map(|one| one.map(|one| one.0)).collect::<BTreeSet<_>>().len(), node.shards());
    node.invalidate(CACHE, BY, &[red]).await?;
    assert_eq!(generations(&node).await?, after, "the same change counts once");
    assert_eq!(frames(&node).await?, vec![None; KEYS]);
    for (shard, anchor) in anchors.iter().enumerate() {
        let page = node.read(shard, &anchor.place, 10, LONG).await?;
        assert_eq!(page.entries.first(), Some(anchor));
        let news: Vec<_> = page.entries[1..].iter().map(|entry| &entry.news).collect();
        let of_key = usize::from(node.shard_of(CACHE, "7") == shard);
        assert_eq!(news.len(), 2 + of_key, "{shard} {news:?}");
        assert_eq!(news.iter().filter(|news| matches!(news, LogNews::Key { text, .. } if text == "7")).count(), of_key);
    }
    Ok(())
}

#[tokio::test]
async fn all_servers_are_appointed_and_marked_together() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    let node = node(&cluster);
    let server = node.reign(&[CACHE]).await?.server;
    fill_all(&node).await?;
    assert!(node.reign(&[CACHE]).await?.is_whole);
    // One shard loses its era and its mark.
    node.set_mark(server, 9).await?;
    assert_eq!(node.reign(&[CACHE]).await?.mark, Some(9));
    for owner in cluster.servers() {
        // Two of three masters refuse.
        let _moved = owner.command::<u64>(&["DEL", "{shop.3}e:names", "{shop.3}m"]).await;
    }
    let reign = node.reign(&[CACHE]).await?;
    assert_eq!((reign.server, reign.is_whole, reign.mark), (server, false, None));
    node.appoint(&[CACHE], Identity([7; 16]), true).await.unwrap_err();
    node.set_mark(Identity([7; 16]), 9).await.unwrap_err();
    assert!(!node.reign(&[CACHE]).await?.is_whole);
    node.appoint(&[CACHE], server, true).await?;
    assert!(node.reign(&[CACHE]).await?.is_whole);
    let cold =
        frames(&node).await?.iter().zip(keys()).all(|(held, key)| held.is_none() == (node.shard_of(CACHE, &key) == 3));
    assert!(cold, "only the shard whose era was lost is cold");
    Ok(())
}

#[tokio::test]
async fn a_log_in_a_cluster_is_waited_for_and_forms_are_told() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    let node = node(&cluster);
    let shard = node.shard_of(CACHE, "a");
    let anchor = node.anchor(shard).await?.entries.remove(0);
    let page = node.read(shard, &anchor.place, 10, Duration::from_millis(5)).await?;
    assert_eq!(page.entries, std::slice::from_ref(&anchor));
    let listen = node.read(shard, &anchor.place, 10, LONG);
    let drop_it = [drop_key("a", None, false)];
    let (page, _server) = tokio::try_join!(listen, node.invalidate(CACHE, BY, &drop_it))?;
    assert_eq!(page.entries.len(), 2);
    let form = |form: &str| vec![(CACHE.to_owned(), form.to_owned())];
    assert_eq!(node.inspect(&form("one"), LONG).await?, []);
    assert!(
        matches!(&node.inspect(&form("two"), LONG).await?[..], [Finding::OtherForm { theirs, .. }] if theirs == "one")
    );
    Ok(())
}
