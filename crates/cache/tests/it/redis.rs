//! A real Redis: round trips and lifetimes.

use std::{collections::HashMap, sync::Arc, time::Duration};

use larder_cache::{CacheOptions, Loaded, RedisOptions, RedisRemote, Remote, Source};
use larder_test_support::{Redis, RedisOptions as ServerOptions};

use crate::names::{Broken, Names, assert_read, found, nobody, node, patient};

/// A second level of its own connection.
pub(crate) fn remote_at(url: &str, namespace: &str) -> Arc<RedisRemote> {
    let options = RedisOptions { url: url.to_owned(), namespace: namespace.to_owned() };
    Arc::new(RedisRemote::new(&options).expect("the options work"))
}

/// A fill runs beside its caller: waits until Redis has it.
pub(crate) async fn filled(server: &larder_test_support::RedisServer, name: &str) -> anyhow::Result<()> {
    while server.command::<u64>(&["EXISTS", name]).await? == 0 {
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn scripts_run(server: &Redis) -> anyhow::Result<u64> {
    Ok(server.command_counts().await?.get("evalsha").copied().unwrap_or(0))
}

async fn load_hundred(cache: &Names) -> usize {
    let keys: Vec<u64> = (0..100).collect();
    let load = |keys: Vec<u64>| async move {
        let rows = keys.into_iter().map(|key| (key, Loaded::found(format!("name {key}"))));
        Ok::<_, Broken>(rows.collect::<HashMap<_, _>>())
    };
    let read = cache.get_or_load_many(&keys, load).await.expect("loaded");
    assert_eq!(read[42].value.as_deref(), Some("name 42"));
    read.iter().filter(|lookup| lookup.source == Source::L2).count()
}

#[tokio::test]
async fn a_hit_is_one_round_trip_and_so_is_a_batch() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let writer = node(&remote_at(&server.url(), "shop"), patient());
    assert_eq!(load_hundred(&writer).await, 0);
    for key in 0..100 {
        filled(&server, &format!("{{shop.0}}v:names:{key}")).await?;
    }
    let remote = remote_at(&server.url(), "shop");
    remote.ping().await?;
    let before = scripts_run(&server).await?;
    let reader = node(&remote, patient());
    assert_read(reader.get_or_load(&42, nobody).await, "name 42", Source::L2);
    assert_eq!(scripts_run(&server).await? - before, 1);
    let reader = node(&remote, patient());
    assert_eq!(load_hundred(&reader).await, 100);
    assert_eq!(scripts_run(&server).await? - before, 2);
    Ok(())
}

#[tokio::test]
async fn a_life_is_exact_in_milliseconds() -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let namespace = server.fresh_namespace();
    let options = CacheOptions { ttl: Duration::from_millis(98_765), ..patient() };
    let cache = node(&remote_at(&server.url(), &namespace), options);
    let name = format!("{{{namespace}.0}}v:names:1");
    let started = std::time::Instant::now();
    assert_read(cache.get_or_load(&1, found("one")).await, "one", Source::Loader);
    filled(server, &name).await?;
    let remaining: u64 = server.command(&["PTTL", &name]).await?;
    let passed = u64::try_from(started.elapsed().as_millis())? + 1;
    assert!(remaining <= 98_765 && remaining >= 98_765 - passed, "{remaining} ms after {passed} ms");
    Ok(())
}
