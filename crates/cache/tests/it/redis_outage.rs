//! Redis out of reach, dead, full or read-only.

use std::time::{Duration, Instant};

use larder_cache::{Backplane, FillReply, FillRequest, Invalidation, LogNews, Reign, Remote};
use larder_test_support::{Fault, FaultProxy, Redis, RedisOptions as ServerOptions};
use tokio::time::timeout;

use crate::redis::{BY, CACHE, LONG, a_fill, drop_key, remote_at, request, tag};

/// A deadline that a black hole does not meet.
const SOON: Duration = Duration::from_millis(50);

#[tokio::test]
async fn a_call_dropped_in_a_black_hole_gives_its_connection_up() -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let proxy = FaultProxy::start(server.address())?;
    let remote = remote_at(&server.url_at(proxy.address()), &server.fresh_namespace());
    remote.insert(CACHE, BY, &a_fill("a", 1, "one")).await?;
    assert_eq!(proxy.connections(), 1);
    proxy.set(Fault::Drop).await?;
    let mut calls = 0;
    while proxy.connections() == 1 {
        assert!(calls < 40, "every call waits on the dead connection");
        let _no_answer = timeout(SOON, remote.fetch(CACHE, &["a"])).await;
        calls += 1;
    }
    proxy.set(Fault::None).await?;
    // The attempt that was under way may have been reset with the fault.
    let mut fetched = remote.fetch(CACHE, &["a"]).await;
    while fetched.is_err() {
        fetched = remote.fetch(CACHE, &["a"]).await;
    }
    assert!(fetched?[0].is_some());
    Ok(())
}

#[tokio::test]
async fn a_connection_that_takes_longer_than_a_call_is_there_for_the_next() -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let proxy = FaultProxy::start(server.address())?;
    proxy.set(Fault::Latency(Duration::from_millis(40))).await?;
    let remote = remote_at(&server.url_at(proxy.address()), &server.fresh_namespace());
    // Connecting takes at least two answers of 80 ms.
    timeout(SOON, remote.ping()).await.unwrap_err();
    remote.ping().await?;
    assert_eq!(proxy.connections(), 1);
    Ok(())
}

#[tokio::test]
async fn a_connection_slower_than_every_call_is_kept() -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let proxy = FaultProxy::start(server.address())?;
    let remote = remote_at(&server.url_at(proxy.address()), &server.fresh_namespace());
    remote.insert(CACHE, BY, &a_fill("a", 1, "one")).await?;
    proxy.set(Fault::Latency(Duration::from_millis(40))).await?;
    // For longer than a silent peer would be put up with.
    let started = Instant::now();
    while started.elapsed() < Duration::from_millis(1500) {
        timeout(SOON, remote.fetch(CACHE, &["a"])).await.unwrap_err();
    }
    assert_eq!(proxy.connections(), 1);
    assert!(remote.fetch(CACHE, &["a"]).await?[0].is_some());
    Ok(())
}

#[tokio::test]
async fn a_server_that_comes_back_is_found_again() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    remote.insert(CACHE, BY, &a_fill("a", 1, "one")).await?;
    server.kill().await?;
    for _ in 0..3 {
        remote.fetch(CACHE, &["a"]).await.unwrap_err();
    }
    server.restart().await?;
    assert_eq!(remote.fetch(CACHE, &["a"]).await?, [None]);
    remote.insert(CACHE, BY, &a_fill("a", 1, "two")).await?;
    assert!(remote.fetch(CACHE, &["a"]).await?[0].is_some());
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_is_an_error() -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let remote = remote_at(&format!("redis://:wrong@{}/", server.address()), "shop");
    let error = remote.ping().await.unwrap_err();
    assert!(!error.to_string().contains("wrong"), "{error}");
    remote_at(&format!("redis://default:{}", &server.url()["redis://:".len()..]), "shop").ping().await?;
    Ok(())
}

#[tokio::test]
async fn a_full_memory_stores_nothing_and_still_invalidates() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    let tagged = |key: &str| FillRequest { tags: vec![tag("red", None)], ..a_fill(key, 1, key) };
    for key in ["a", "b", "c"] {
        remote.insert(CACHE, BY, &tagged(key)).await?;
    }
    remote.lease(CACHE, &[request("leased", 1)], LONG).await?;
    let before = remote.generations(CACHE, &[(0, "red")]).await?;
    server.command::<()>(&["CONFIG", "SET", "maxmemory-policy", "noeviction"]).await?;
    server.command::<()>(&["CONFIG", "SET", "maxmemory", "1"]).await?;
    remote.fill(CACHE, &[a_fill("leased", 1, "row")]).await.unwrap_err();
    remote.lease(CACHE, &[request("other", 1)], LONG).await.unwrap_err();
    assert!(remote.fetch(CACHE, &["a", "b", "c"]).await?.iter().all(Option::is_some));
    remote.invalidate(CACHE, BY, &[drop_key("a", Some(1), false)]).await?;
    let _full = remote.insert(CACHE, BY, &a_fill("b", 2, "another")).await.unwrap_err();
    let fetched = remote.fetch(CACHE, &["a", "b", "c"]).await?;
    assert_eq!(fetched.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
    remote.invalidate(CACHE, BY, &[Invalidation::Tag { tag: "red".into(), change: None }]).await?;
    assert_ne!(remote.generations(CACHE, &[(0, "red")]).await?, before);
    remote.invalidate(CACHE, BY, &[Invalidation::Everything]).await?;
    assert_eq!(remote.fetch(CACHE, &["c"]).await?, [None]);
    // Other nodes hear of each, that of the refused insert included.
    let page = remote.read(0, "-", 100, Duration::ZERO).await?;
    let told = page.entries.iter().filter(|entry| matches!(&entry.news, LogNews::Key { text, .. } if text != "c"));
    assert_eq!((told.count(), page.entries.len()), (4, 7));
    assert!(matches!(page.entries.last().map(|last| &last.news), Some(LogNews::Everything { .. })));
    // Nodes go on listening, and the relay goes on.
    server.command::<()>(&["DEL", "{shop.0}s", "{shop.0}e:names"]).await?;
    assert_eq!(remote.anchor(0).await?.entries[0].news, LogNews::Hello);
    remote.appoint(&[CACHE], page.server, true).await?;
    remote.set_mark(page.server, 7).await?;
    assert_eq!(remote.reign(&[CACHE]).await?, Reign { server: page.server, is_whole: true, mark: Some(7) });
    Ok(())
}

#[tokio::test]
async fn a_read_only_replica_answers_fetches_and_takes_no_fill() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    remote.insert(CACHE, BY, &a_fill("a", 1, "one")).await?;
    remote.lease(CACHE, &[request("b", 1)], LONG).await?;
    // A replica of a server that is not there: it serves what it has.
    server.command::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await?;
    assert!(remote.fetch(CACHE, &["a"]).await?[0].is_some());
    remote.fill(CACHE, &[a_fill("b", 1, "two")]).await.unwrap_err();
    remote.lease(CACHE, &[request("c", 1)], LONG).await.unwrap_err();
    remote.invalidate(CACHE, BY, &[drop_key("a", None, false)]).await.unwrap_err();
    server.command::<()>(&["REPLICAOF", "NO", "ONE"]).await?;
    // It may have missed what its master was told: it is another server now, and what it held is not believed.
    assert_eq!(remote.fill(CACHE, &[a_fill("b", 1, "two")]).await?, [FillReply::Refused]);
    assert_eq!(remote.fetch(CACHE, &["a"]).await?, [None]);
    remote.insert(CACHE, BY, &a_fill("b", 1, "three")).await?;
    assert!(remote.fetch(CACHE, &["b"]).await?[0].is_some());
    Ok(())
}
