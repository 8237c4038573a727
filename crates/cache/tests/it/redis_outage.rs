//! Redis dies, comes back, or forgets the scripts.

use std::time::Duration;

use larder_cache::{CacheOptions, Invalidation, ReadReply, Remote, Source};
use larder_test_support::{Redis, RedisOptions as ServerOptions};

use crate::{
    conformance::{fill, invalidate, read},
    names::{Names, assert_read, found, node, patient},
    redis::remote_at,
};

/// A cache that forgets at once what L1 has, so that each read asks L2.
fn without_l1(url: &str) -> Names {
    let options = CacheOptions { l1_capacity_bytes: 0, l2_deadline: Duration::from_secs(2), ..patient() };
    node(&remote_at(url, "shop"), options)
}

/// Reads until L2 answers; a hanging test is the failure.
async fn until_l2_hits(cache: &Names) {
    while cache.get_or_load(&1, found("one")).await.expect("always answered").source != Source::L2 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn reads_are_answered_without_redis_and_hit_it_again_when_it_is_back() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let cache = without_l1(&server.url());
    until_l2_hits(&cache).await;
    server.kill().await?;
    for _ in 0..20 {
        assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
    }
    server.restart().await?;
    until_l2_hits(&cache).await;
    Ok(())
}

#[tokio::test]
async fn a_redis_that_was_never_there_is_a_miss() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    server.kill().await?;
    let cache = without_l1(&server.url());
    assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
    cache.invalidate(&1, Some(1), false).await;
    assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
    server.restart().await?;
    until_l2_hits(&cache).await;
    Ok(())
}

#[tokio::test]
async fn forgotten_scripts_are_loaded_again() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    let forget = async || server.command::<()>(&["SCRIPT", "FLUSH"]).await;
    forget().await?;
    assert_eq!(read(remote.as_ref(), "a", 1).await, ReadReply::Lease);
    forget().await?;
    fill(remote.as_ref(), "a", 1, None, "one").await;
    forget().await?;
    assert!(matches!(read(remote.as_ref(), "a", 2).await, ReadReply::Hit { .. }));
    forget().await?;
    invalidate(remote.as_ref(), "a", Some(1), false).await;
    forget().await?;
    let many = ["a", "b", "c"].map(|key| Invalidation { key: key.to_owned(), version: None, gone: false });
    remote.invalidate(&many).await?;
    assert_eq!(read(remote.as_ref(), "a", 3).await, ReadReply::Lease);
    forget().await?;
    remote.release("a", crate::conformance::token(3)).await?;
    assert_eq!(read(remote.as_ref(), "a", 4).await, ReadReply::Lease);
    Ok(())
}
