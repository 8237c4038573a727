//! Values in Redis that are not ours, or not whole: misses, and overwritten.

use std::future::ready;

use bytes::Bytes;
use larder_cache::{Cache, Loaded, RawBytes, Source};
use larder_test_support::{Redis, RedisServer};

use crate::{
    names::{Broken, assert_read, found, nobody, node, patient},
    redis::{filled, remote_at},
};

/// Fills key 1, damages it in Redis, and demands a load that heals it.
async fn assert_healed(damage: &[&str]) -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let namespace = server.fresh_namespace();
    let name = format!("{{{namespace}.0}}v:names:1");
    let remote = remote_at(&server.url(), &namespace);
    assert_read(node(&remote, patient()).get_or_load(&1, found("old")).await, "old", Source::Loader);
    filled(server, &name).await?;
    let command: Vec<&str> = damage.iter().map(|word| if *word == "NAME" { &name } else { *word }).collect();
    server.command::<()>(&command).await?;
    heals(server, &namespace).await
}

async fn heals(server: &RedisServer, namespace: &str) -> anyhow::Result<()> {
    let remote = remote_at(&server.url(), namespace);
    assert_read(node(&remote, patient()).get_or_load(&1, found("new")).await, "new", Source::Loader);
    filled(server, &format!("{{{namespace}.0}}v:names:1")).await?;
    assert_read(node(&remote, patient()).get_or_load(&1, nobody).await, "new", Source::L2);
    Ok(())
}

#[tokio::test]
async fn garbage_is_overwritten() -> anyhow::Result<()> {
    assert_healed(&["SET", "NAME", "hello, I am somebody else's value"]).await
}

#[tokio::test]
async fn an_empty_value_is_overwritten() -> anyhow::Result<()> {
    assert_healed(&["SET", "NAME", ""]).await
}

#[tokio::test]
async fn a_list_in_place_of_a_value_is_overwritten() -> anyhow::Result<()> {
    let put_a_list = "redis.call('DEL', KEYS[1]); redis.call('LPUSH', KEYS[1], 'x')";
    assert_healed(&["EVAL", put_a_list, "1", "NAME"]).await
}

#[tokio::test]
async fn a_truncated_value_is_overwritten() -> anyhow::Result<()> {
    let cut = "redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, -2), 'KEEPTTL')";
    assert_healed(&["EVAL", cut, "1", "NAME"]).await
}

#[tokio::test]
async fn a_damaged_value_is_overwritten() -> anyhow::Result<()> {
    assert_healed(&["SETRANGE", "NAME", "14", "x"]).await
}

#[tokio::test]
async fn a_value_of_another_codec_is_overwritten() -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let namespace = server.fresh_namespace();
    let remote = remote_at(&server.url(), &namespace);
    let raw: Cache<u64, Bytes> = Cache::<u64, Bytes>::builder("names").codec(RawBytes).remote(remote).build()?;
    raw.get_or_load(&1, || ready(Ok::<_, Broken>(Loaded::found(Bytes::from_static(b"\"old\""))))).await?;
    filled(server, &format!("{{{namespace}.0}}v:names:1")).await?;
    heals(server, &namespace).await
}
