//! A Redis that sentinels watch over, and how a server is told from another.

use std::time::{Duration, Instant};

use larder_cache::{Backplane, Identity, RedisRemote, Remote};
use larder_test_support::{Fault, FaultProxy, Redis, RedisOptions as ServerOptions, RedisSentinels};
use tokio::time::timeout;

use crate::redis::{BY, CACHE, a_fill, remote_at};

/// No call may take longer, whatever is away.
const BOUND: Duration = Duration::from_secs(6);

/// How long healing may take.
const HEALED: Duration = Duration::from_secs(20);

/// Stores a value and reads it back: who answered. It panics if a call hangs.
pub(crate) async fn visit(remote: &RedisRemote, key: &str) -> Result<Identity, String> {
    let visit = async {
        remote.insert(CACHE, BY, &a_fill(key, 1, "row")).await?;
        remote.fetch(CACHE, &[key]).await
    };
    let fetched = timeout(BOUND, visit).await.expect("no call hangs").map_err(|cause| cause.to_string())?;
    fetched[0].as_ref().map(|held| held.server).ok_or_else(|| "not there".to_owned())
}

/// Visits until it works.
pub(crate) async fn heals(remote: &RedisRemote, key: &str) -> Identity {
    let started = Instant::now();
    loop {
        match visit(remote, key).await {
            Ok(identity) => return identity,
            Err(cause) => assert!(started.elapsed() < HEALED, "{cause}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What a server was asked by caches since it was started.
async fn questions(server: &Redis) -> anyhow::Result<u64> {
    let counts = server.command_counts().await?;
    Ok(["mget", "evalsha", "script|load"].iter().filter_map(|name| counts.get(*name)).sum())
}

#[tokio::test]
async fn a_failover_heals_and_changes_the_identity() -> anyhow::Result<()> {
    let group = RedisSentinels::start().await?;
    let remote = remote_at(&group.url(), "shop");
    let before = visit(&remote, "a").await.expect("a master");
    assert_eq!(visit(&remote, "b").await, Ok(before));
    group.servers()[0].kill().await?;
    visit(&remote, "a").await.expect_err("nobody is master");
    let after = heals(&remote, "a").await;
    assert_ne!(after, before);
    assert_eq!(visit(&remote, "b").await, Ok(after));
    Ok(())
}

#[tokio::test]
async fn the_old_master_is_not_asked_when_it_comes_back() -> anyhow::Result<()> {
    let group = RedisSentinels::start().await?;
    let [old, new] = group.servers();
    let remote = remote_at(&group.url(), "shop");
    visit(&remote, "a").await.expect("a master");
    old.kill().await?;
    group.await_master(1).await?;
    let after = heals(&remote, "a").await;
    // First it takes itself for a master, until the sentinels tell it otherwise.
    old.restart().await?;
    for _ in 0..2 {
        new.command::<u64>(&["CLIENT", "KILL", "TYPE", "normal"]).await?;
        assert_eq!(heals(&remote, "a").await, after);
        group.await_replica(0).await?;
    }
    assert_eq!(questions(old).await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_master_that_says_it_is_a_replica_is_not_taken() -> anyhow::Result<()> {
    let group = RedisSentinels::start().await?;
    let [first, second] = group.servers();
    // The sentinels go on naming it for a while.
    first.command::<()>(&["REPLICAOF", "127.0.0.1", &second.port().to_string()]).await?;
    let remote = remote_at(&group.url(), "shop");
    remote.ping().await.expect_err("no master");
    heals(&remote, "a").await;
    assert_eq!((questions(first).await?, questions(second).await? > 0), (0, true));
    Ok(())
}

#[tokio::test]
async fn sentinels_that_are_away_fail_calls_fast_until_one_is_back() -> anyhow::Result<()> {
    let group = RedisSentinels::start().await?;
    let mut proxies = Vec::new();
    for sentinel in group.sentinels() {
        let proxy = FaultProxy::start(sentinel.address())?;
        proxy.set(Fault::Refuse).await?;
        proxies.push(proxy);
    }
    let addresses: Vec<_> = proxies.iter().map(FaultProxy::address).collect();
    let remote = remote_at(&group.url_at(&addresses), "shop");
    let started = Instant::now();
    for _ in 0..10 {
        visit(&remote, "a").await.expect_err("no sentinel");
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    // Two that never answer are waited for, and no longer than that.
    proxies[0].set(Fault::Drop).await?;
    proxies[1].set(Fault::Drop).await?;
    visit(&remote, "a").await.expect_err("no sentinel");
    proxies[2].set(Fault::None).await?;
    visit(&remote, "a").await.expect("a sentinel");
    Ok(())
}

#[tokio::test]
async fn a_crowd_does_not_queue_up_before_a_server_that_never_answers() -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let proxy = FaultProxy::start(server.address())?;
    proxy.set(Fault::Drop).await?;
    let remote = remote_at(&server.url_at(proxy.address()), &server.fresh_namespace());
    let crowd = futures_util::future::join_all((0..50).map(|_| remote.ping()));
    let answers = timeout(BOUND, crowd).await.expect("two attempts at most");
    assert!(answers.iter().all(Result::is_err));
    Ok(())
}

#[tokio::test]
async fn a_password_of_sentinels_is_not_told() -> anyhow::Result<()> {
    let group = RedisSentinels::start().await?;
    let address = group.sentinels()[0].address();
    let remote = remote_at(&format!("redis+sentinel://{address}/larder?sentinel_password=guessed"), "shop");
    let cause = visit(&remote, "a").await.expect_err("a wrong password");
    assert!(cause.contains(&address.to_string()) && !cause.contains("guessed"), "{cause}");
    Ok(())
}

#[tokio::test]
async fn a_refused_write_has_the_identity_asked_for_again() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    let before = visit(&remote, "a").await.expect("a server");
    server.command::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await?;
    visit(&remote, "a").await.expect_err("it is read-only");
    server.command::<()>(&["REPLICAOF", "NO", "ONE"]).await?;
    assert_ne!(visit(&remote, "a").await.expect("a server"), before);
    Ok(())
}

#[tokio::test]
async fn another_lineage_is_noticed_without_a_refused_write() -> anyhow::Result<()> {
    let server = Redis::start(ServerOptions::default()).await?;
    let remote = remote_at(&server.url(), "shop");
    let before = visit(&remote, "a").await.expect("a server");
    server.command::<()>(&["REPLICAOF", "127.0.0.1", "1"]).await?;
    server.command::<()>(&["REPLICAOF", "NO", "ONE"]).await?;
    let started = Instant::now();
    while visit(&remote, "a").await == Ok(before) {
        assert!(started.elapsed() < HEALED, "the old identity is still told");
    }
    assert_ne!(heals(&remote, "a").await, before);
    Ok(())
}

#[tokio::test]
async fn rediscovery_connects_anew() -> anyhow::Result<()> {
    let server = Redis::shared().await?;
    let proxy = FaultProxy::start(server.address())?;
    let remote = remote_at(&server.url_at(proxy.address()), &server.fresh_namespace());
    remote.ping().await?;
    remote.rediscover().await;
    remote.ping().await?;
    assert_eq!(proxy.connections(), 2);
    Ok(())
}
