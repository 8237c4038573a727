//! Under which server values are believed, by the node itself or by the relay.

use std::time::{Duration, Instant};

use larder_cache::{
    Backplane, FillReply, Finding, Identity, Invalidation, LeaseReply, LogNews, RedisRemote, Reign, Remote,
};
use larder_test_support::{Redis, RedisOptions as ServerOptions};

use crate::redis::{BY, CACHE, LONG, Scene, a_fill, drop_key, relayed_at, remote_at, request};

/// A server that keeps its keys over a restart.
async fn lasting() -> anyhow::Result<Redis> {
    Redis::start(ServerOptions::default()).await
}

/// Restarts the server with all that it holds: another life of the same data.
async fn restart(server: &Redis) -> anyhow::Result<()> {
    server.command::<()>(&["SAVE"]).await?;
    server.restart().await
}

async fn frame(remote: &RedisRemote, key: &str) -> anyhow::Result<Option<String>> {
    let held = remote.fetch(CACHE, &[key]).await?.remove(0);
    Ok(held.map(|held| String::from_utf8_lossy(&held.frame).into_owned()))
}

async fn put(remote: &RedisRemote, key: &str, frame: &str) -> anyhow::Result<()> {
    assert_eq!(remote.lease(CACHE, &[request(key, 1)], LONG).await?, [LeaseReply::Granted]);
    assert!(matches!(remote.fill(CACHE, &[a_fill(key, 1, frame)]).await?[..], [FillReply::Stored(_)]));
    Ok(())
}

/// Asks until the connection that was lost has been replaced.
async fn again(remote: &RedisRemote) -> anyhow::Result<Reign> {
    for _ in 0..10 {
        if let Ok(reign) = remote.reign(&[CACHE]).await {
            return Ok(reign);
        }
    }
    anyhow::bail!("the server is not found again")
}

#[tokio::test]
async fn a_restarted_server_is_another_and_what_it_kept_is_forgotten_by_whoever_reigns_alone() -> anyhow::Result<()> {
    let server = lasting().await?;
    let node = remote_at(&server.url(), "shop");
    put(&node, "a", "old").await?;
    node.lease(CACHE, &[request("b", 2)], LONG).await?;
    let before = again(&node).await?;
    assert!(before.is_whole);
    restart(&server).await?;
    let after = again(&node).await?;
    assert_ne!(after.server, before.server);
    assert!(!after.is_whole);
    assert_eq!(frame(&node, "a").await?, None);
    assert_eq!(node.fill(CACHE, &[a_fill("b", 2, "late")]).await?, [FillReply::Refused]);
    put(&node, "a", "new").await?;
    assert_eq!(node.fill(CACHE, &[a_fill("b", 2, "late")]).await?, [FillReply::Refused]);
    assert_eq!(frame(&node, "a").await?.as_deref(), Some("new"));
    assert!(again(&node).await?.is_whole);
    Ok(())
}

#[tokio::test]
async fn an_insert_begins_an_era_where_a_node_reigns_alone() -> anyhow::Result<()> {
    let server = lasting().await?;
    let node = remote_at(&server.url(), "shop");
    put(&node, "a", "old").await?;
    restart(&server).await?;
    again(&node).await?;
    assert!(matches!(node.insert(CACHE, BY, &a_fill("b", 0, "new")).await?, FillReply::Stored(_)));
    assert_eq!((frame(&node, "a").await?, frame(&node, "b").await?), (None, Some("new".to_owned())));
    Ok(())
}

/// A relayed node whose server, with value `a` in it, has restarted; and who answers now.
async fn deposed() -> anyhow::Result<(Redis, RedisRemote, Identity)> {
    let server = lasting().await?;
    let node = relayed_at(&server.url(), "shop");
    put(&node, "a", "old").await?;
    restart(&server).await?;
    let now = again(&node).await?.server;
    Ok((server, node, now))
}

#[tokio::test]
async fn under_another_server_nothing_is_believed_until_the_relay_appoints_it() -> anyhow::Result<()> {
    let (_server, node, now) = deposed().await?;
    let anchor = node.anchor(0).await?.entries.remove(0);
    assert_eq!(frame(&node, "a").await?, None);
    let replies = node.lease(CACHE, &[request("a", 3), request("b", 3)], LONG).await?;
    assert_eq!(replies, [LeaseReply::Untrusted, LeaseReply::Untrusted]);
    assert_eq!(node.fill(CACHE, &[a_fill("b", 3, "row")]).await?, [FillReply::Refused]);
    // An insert stores nothing, but what it replaces goes, and others hear of it.
    assert_eq!(node.insert(CACHE, BY, &a_fill("c", 0, "row")).await?, FillReply::Refused);
    let page = node.read(0, &anchor.place, 10, Duration::ZERO).await?;
    assert!(matches!(&page.entries[1].news, LogNews::Key { text, .. } if text == "c"));
    assert_eq!(page.server, now);
    node.appoint(&[CACHE], now, true).await?;
    assert_eq!(frame(&node, "a").await?.as_deref(), Some("old"));
    assert!(
        matches!(&node.lease(CACHE, &[request("a", 3)], LONG).await?[..], [LeaseReply::Held(held)] if held.server == now)
    );
    assert_eq!(again(&node).await?, Reign { server: now, is_whole: true, mark: None });
    Ok(())
}

#[tokio::test]
async fn a_server_is_appointed_with_or_without_what_it_holds() -> anyhow::Result<()> {
    let (_server, node, now) = deposed().await?;
    node.appoint(&[CACHE, "others"], now, false).await?;
    assert_eq!(frame(&node, "a").await?, None);
    put(&node, "a", "new").await?;
    // What is believed already stays.
    node.appoint(&[CACHE], now, false).await?;
    assert_eq!(frame(&node, "a").await?.as_deref(), Some("new"));
    assert!(node.reign(&[CACHE, "others"]).await?.is_whole);
    assert!(!node.reign(&[CACHE, "never heard of"]).await?.is_whole);
    Ok(())
}

#[tokio::test]
async fn only_the_server_that_is_meant_is_appointed_or_marked() -> anyhow::Result<()> {
    let (server, node, now) = deposed().await?;
    let another = Identity([7; 16]);
    node.appoint(&[CACHE], another, true).await.unwrap_err();
    node.set_mark(another, 9).await.unwrap_err();
    assert_eq!(again(&node).await?, Reign { server: now, is_whole: false, mark: None });
    node.set_mark(now, 9).await?;
    assert_eq!(again(&node).await?.mark, Some(9));
    // It restarts after it was asked who it is.
    restart(&server).await?;
    for _ in 0..10 {
        node.appoint(&[CACHE], now, true).await.unwrap_err();
        node.set_mark(now, 10).await.unwrap_err();
    }
    let reign = again(&node).await?;
    assert_eq!((reign.is_whole, reign.mark), (false, Some(9)));
    Ok(())
}

#[tokio::test]
async fn an_absent_era_is_begun_by_a_lease_even_if_a_relay_reigns() -> anyhow::Result<()> {
    let (server, node, _now) = deposed().await?;
    server.command::<()>(&["DEL", "{shop.0}e:names"]).await?;
    assert!(!again(&node).await?.is_whole);
    put(&node, "a", "new").await?;
    assert_eq!(frame(&node, "a").await?.as_deref(), Some("new"));
    server.command::<()>(&["FLUSHALL"]).await?;
    assert_eq!(frame(&node, "a").await?, None);
    put(&node, "a", "newer").await?;
    Ok(())
}

#[tokio::test]
async fn a_clear_begins_a_cold_era_under_any_server() -> anyhow::Result<()> {
    let (_server, node, _now) = deposed().await?;
    node.invalidate(CACHE, BY, &[Invalidation::Everything]).await?;
    assert!(again(&node).await?.is_whole);
    assert_eq!(frame(&node, "a").await?, None);
    put(&node, "a", "new").await?;
    Ok(())
}

#[tokio::test]
async fn an_invalidation_reaches_what_is_not_believed_yet() -> anyhow::Result<()> {
    let (_server, node, now) = deposed().await?;
    assert_eq!(node.invalidate(CACHE, BY, &[drop_key("a", Some(1), false)]).await?, now);
    node.appoint(&[CACHE], now, true).await?;
    assert_eq!(frame(&node, "a").await?, None);
    Ok(())
}

fn form(form: &str) -> Vec<(String, String)> {
    vec![(CACHE.to_owned(), form.to_owned())]
}

#[tokio::test]
async fn nodes_hear_of_each_others_forms_while_they_are_told() {
    let scene = Scene::new().await;
    let other = remote_at(&scene.server.url(), &scene.namespace);
    assert_eq!(scene.remote.inspect(&form("json 1"), LONG).await, Ok(Vec::new()));
    assert_eq!(other.inspect(&form("json 1"), LONG).await, Ok(Vec::new()));
    let [ours, theirs] = ["json 2", "json 1"].map(str::to_owned);
    let found = vec![Finding::OtherForm { cache: CACHE.to_owned(), ours, theirs }];
    let short = Duration::from_millis(5);
    assert_eq!(other.inspect(&form("json 2"), short).await, Ok(found));
    let deadline = Instant::now() + Duration::from_secs(10);
    while !scene.remote.inspect(&form("json 1"), LONG).await.expect("Redis answers").is_empty() {
        assert!(Instant::now() < deadline, "a form is told for ever");
        tokio::task::yield_now().await;
    }
    scene.command::<()>(&["DEL", "@n:names"]).await;
    scene.command::<()>(&["SET", "@n:names", "foreign"]).await;
    assert_eq!(scene.remote.inspect(&form("json 3"), LONG).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_replica_and_a_full_memory_are_found() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let node = remote_at(&server.url(), "shop");
    assert_eq!(node.inspect(&form("json"), LONG).await?, []);
    server.command::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1"]).await?;
    assert!(matches!(node.inspect(&form("json"), LONG).await?[..], [Finding::NoMemory { limit: 1, .. }]));
    server.command::<()>(&["CONFIG", "SET", "maxmemory", "0", "min-replicas-to-write", "1"]).await?;
    assert_eq!(node.inspect(&form("json"), LONG).await?, [Finding::ReadOnly]);
    server.command::<()>(&["CONFIG", "SET", "min-replicas-to-write", "0"]).await?;
    server.command::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await?;
    assert_eq!(node.inspect(&form("json"), LONG).await?, [Finding::ReadOnly]);
    Ok(())
}
