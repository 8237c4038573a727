//! Scripts of others over the connection of the cache, on a real Redis and a real Redis Cluster.

use std::collections::BTreeSet;

use larder_cache::{RedisRemote, RedisScript, Remote, ScriptCall, ScriptReply};
use larder_test_support::{Redis, RedisCluster, RedisOptions as ServerOptions};

use crate::redis::{CACHE, Scene, a_fill, remote_at};

const ADD: &str = "return redis.call('INCRBY', KEYS[1], ARGV[1])";

fn add(script: &RedisScript) -> ScriptCall<'_> {
    ScriptCall { script, keys: &["count"], arguments: &[b"1"] }
}

async fn run(remote: &RedisRemote, source: &str) -> Result<ScriptReply, larder_cache::RemoteError> {
    let script = RedisScript::new(source);
    let call = ScriptCall { script: &script, keys: &["a"], arguments: &[] };
    remote.run_scripts("place", &[call]).await.map(|mut replies| replies.remove(0))
}

fn integers(replies: &[ScriptReply]) -> Vec<i64> {
    replies.iter().filter_map(ScriptReply::integer).collect()
}

#[tokio::test]
async fn every_kind_of_reply_is_read() -> anyhow::Result<()> {
    let Scene { remote, .. } = Scene::new().await;
    assert_eq!(run(&remote, "return false").await?, ScriptReply::Nil);
    assert_eq!(run(&remote, "return -7").await?.integer(), Some(-7));
    assert_eq!(run(&remote, "return 'a\\0b'").await?.bytes().map(|bytes| &bytes[..]), Some(&b"a\0b"[..]));
    assert_eq!(
        run(&remote, "return redis.call('SET', KEYS[1], 1)").await?.bytes().map(|bytes| &bytes[..]),
        Some(&b"OK"[..])
    );
    let table = run(&remote, "return {1, 'two', {}}").await?;
    let two = ScriptReply::Bytes("two".into());
    assert_eq!(table.list(), [ScriptReply::Integer(1), two, ScriptReply::List(Vec::new())]);
    assert_eq!(remote.run_scripts("place", &[]).await?, []);
    Ok(())
}

#[tokio::test]
async fn keys_stand_in_the_namespace_apart_from_other_places_and_from_the_caches() -> anyhow::Result<()> {
    let scene = Scene::new().await;
    let script = RedisScript::new(ADD);
    scene.put("count", "frame").await;
    for _ in 0..2 {
        scene.remote.run_scripts("one", &[add(&script)]).await?;
    }
    assert_eq!(integers(&scene.remote.run_scripts("two", &[add(&script)]).await?), [1]);
    assert_eq!(scene.command::<String>(&["GET", "@x:one:count"]).await, "2");
    assert_eq!(scene.frame("count").await.as_deref(), Some("frame"));
    Ok(())
}

#[tokio::test]
async fn unknown_scripts_are_loaded_and_none_runs_twice() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    let (known, unknown) = (RedisScript::new(ADD), RedisScript::new(&format!("{ADD} -- another")));
    assert_eq!(integers(&remote.run_scripts("place", &[add(&known)]).await?), [1]);
    let mixed = [add(&known), add(&unknown), add(&known), add(&unknown)];
    assert_eq!(integers(&remote.run_scripts("place", &mixed).await?), [2, 4, 3, 5]);
    server.command::<()>(&["SCRIPT", "FLUSH"]).await?;
    assert_eq!(integers(&remote.run_scripts("place", &mixed).await?), [6, 7, 8, 9]);
    Ok(())
}

#[tokio::test]
async fn known_scripts_run_in_one_round_trip() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    let script = RedisScript::new(ADD);
    remote.run_scripts("place", &[add(&script)]).await?;
    let before = server.command_counts().await?;
    remote.run_scripts("place", &[add(&script); 100]).await?;
    let after = server.command_counts().await?;
    let moved = |name: &str| after.get(name).copied().unwrap_or(0) - before.get(name).copied().unwrap_or(0);
    assert_eq!((moved("evalsha"), moved("script|load"), moved("ping")), (100, 0, 0));
    Ok(())
}

#[tokio::test]
async fn a_script_that_fails_or_does_not_compile_is_an_error_and_the_connection_stays() -> anyhow::Result<()> {
    let scene = Scene::new().await;
    let failed = run(&scene.remote, "return redis.call('LPUSH', KEYS[1])").await.unwrap_err();
    assert!(failed.0.contains("LPUSH") || failed.0.contains("Wrong number"), "{failed}");
    let uncompiled = run(&scene.remote, "return return").await.unwrap_err();
    assert!(uncompiled.0.contains("compiling"), "{uncompiled}");
    assert_eq!(run(&scene.remote, "return 1").await?.integer(), Some(1));
    Ok(())
}

#[tokio::test]
async fn in_a_cluster_a_place_is_one_slot_and_places_spread() -> anyhow::Result<()> {
    let cluster = RedisCluster::start(false).await?;
    let remote = remote_at(&cluster.url(), "shop");
    remote.insert(CACHE, crate::redis::BY, &a_fill("a", 0, "frame")).await?;
    let script = RedisScript::new("redis.call('SET', KEYS[1], 1) return redis.call('SET', KEYS[2], 2)");
    let call = ScriptCall { script: &script, keys: &["one", "two"], arguments: &[] };
    for place in 0..50 {
        assert_eq!(remote.run_scripts(&place.to_string(), &[call, call]).await?.len(), 2);
    }
    let (mut keys, mut servers) = (BTreeSet::new(), 0);
    for server in cluster.servers() {
        let held: Vec<String> = server.command(&["KEYS", "{shop.*}x:*"]).await?;
        servers += usize::from(!held.is_empty());
        keys.extend(held);
    }
    assert_eq!((keys.len(), servers), (100, 3));
    Ok(())
}
