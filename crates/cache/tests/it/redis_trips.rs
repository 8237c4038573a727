//! Round trips, counted on the server.

use std::{collections::BTreeMap, time::Instant};

use larder_cache::{Invalidation, Remote};
use larder_test_support::{Redis, RedisOptions as ServerOptions};

use crate::redis::{BY, CACHE, LONG, a_fill, drop_key, remote_at, request, token};

/// What ran since `before`, without what the looking itself ran.
async fn since(server: &Redis, before: &BTreeMap<String, u64>) -> anyhow::Result<BTreeMap<String, u64>> {
    let asked = ["pttl", "time", "ping", "mget", "get", "set", "del", "evalsha", "script|load", "eval"];
    let counts = server.command_counts().await?;
    let moved = counts.into_iter().map(|(name, count)| (name.clone(), count - before.get(&name).copied().unwrap_or(0)));
    Ok(moved.filter(|(name, count)| *count > 0 && asked.contains(&name.as_str())).collect())
}

fn counts(expected: &[(&str, u64)]) -> BTreeMap<String, u64> {
    expected.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
}

#[tokio::test]
async fn a_fetch_runs_no_script_and_reads_all_values_at_once() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    let keys: Vec<String> = (0..100).map(|key| key.to_string()).collect();
    for key in &keys {
        remote.insert(CACHE, BY, &a_fill(key, 0, key)).await?;
    }
    let all: Vec<&str> = keys.iter().map(String::as_str).collect();
    let before = server.command_counts().await?;
    let started = Instant::now();
    for _ in 0..500 {
        assert!(remote.fetch(CACHE, &["42"]).await?[0].is_some());
        let fetched = remote.fetch(CACHE, &all).await?;
        assert!(fetched.iter().zip(&keys).all(|(held, key)| held.as_ref().is_some_and(|held| held.frame == *key)));
    }
    let mut ran = since(&server, &before).await?;
    let times = ran.remove("time").expect("asked once at least");
    assert!(times <= 1 + started.elapsed().as_secs(), "{times}");
    assert_eq!(ran, counts(&[("mget", 1000)]));
    Ok(())
}

#[tokio::test]
async fn a_new_connection_asks_for_the_time_with_its_first_fetch() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    remote_at(&server.url(), "shop").insert(CACHE, BY, &a_fill("a", 0, "one")).await?;
    let another = remote_at(&server.url(), "shop");
    another.ping().await?;
    let before = server.command_counts().await?;
    assert!(another.fetch(CACHE, &["a"]).await?[0].is_some());
    assert_eq!(since(&server, &before).await?, counts(&[("mget", 1), ("time", 1)]));
    Ok(())
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    let forget = async || server.command::<()>(&["SCRIPT", "FLUSH"]).await;
    forget().await?;
    remote.lease(CACHE, &[request("a", 1), request("b", 1)], LONG).await?;
    forget().await?;
    remote.fill(CACHE, &[a_fill("a", 1, "one"), a_fill("b", 1, "two")]).await?;
    assert!(remote.fetch(CACHE, &["a", "b"]).await?.iter().all(Option::is_some));
    forget().await?;
    remote.insert(CACHE, BY, &a_fill("c", 1, "three")).await?;
    forget().await?;
    let all = [
        drop_key("a", Some(1), false),
        Invalidation::Tag { tag: "red".into(), change: None },
        Invalidation::Everything,
    ];
    remote.invalidate(CACHE, BY, &all).await?;
    assert!(remote.fetch(CACHE, &["a", "b", "c"]).await?.iter().all(Option::is_none));
    remote.lease(CACHE, &[request("a", 2)], LONG).await?;
    forget().await?;
    remote.release(CACHE, &[("a", token(2))]).await?;
    assert_eq!(server.command::<u64>(&["EXISTS", "{shop.0}l:names:a"]).await?, 0);
    Ok(())
}
