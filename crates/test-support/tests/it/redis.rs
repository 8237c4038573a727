//! Private and shared Redis servers.

use std::time::Duration;

use anyhow::Result;
use larder_test_support::{Redis, RedisOptions};

#[tokio::test]
async fn namespaces_of_the_shared_server_differ() -> Result<()> {
    let server = Redis::shared().await?;
    let (one, two) = (server.fresh_namespace(), server.fresh_namespace());
    assert_ne!(one, two);
    server.command::<()>(&["SET", &format!("{one}:key"), "value"]).await?;
    let value: Option<String> = server.command(&["GET", &format!("{one}:key")]).await?;
    assert_eq!(value.as_deref(), Some("value"));
    Ok(())
}

#[tokio::test]
async fn the_shared_server_is_one() -> Result<()> {
    assert_eq!(Redis::shared().await?, Redis::shared().await?);
    Ok(())
}

#[tokio::test]
async fn a_killed_server_comes_back_empty_on_its_port() -> Result<()> {
    let server = Redis::start(RedisOptions::default()).await?;
    server.command::<()>(&["SET", "key", "value"]).await?;
    server.kill().await?;
    assert!(server.command::<String>(&["PING"]).await.is_err());
    server.restart().await?;
    assert_eq!(server.command::<u64>(&["DBSIZE"]).await?, 0);
    server.stop().await?;
    server.restart().await?;
    assert_eq!(server.command::<String>(&["PING"]).await?, "PONG");
    Ok(())
}

#[tokio::test]
async fn a_paused_server_answers_after_it_was_resumed() -> Result<()> {
    let server = Redis::start(RedisOptions::default()).await?;
    server.pause().await?;
    let mut ping = Box::pin(server.command::<String>(&["PING"]));
    assert!(tokio::time::timeout(Duration::from_millis(100), &mut ping).await.is_err());
    server.resume().await?;
    assert_eq!(ping.await?, "PONG");
    Ok(())
}

#[tokio::test]
async fn commands_are_counted() -> Result<()> {
    let server = Redis::start(RedisOptions::default()).await?;
    let before = server.command_counts().await?;
    assert_eq!(before.get("mget"), None);
    for _ in 0..3 {
        server.command::<Vec<Option<String>>>(&["MGET", "a", "b"]).await?;
    }
    assert_eq!(server.command_counts().await?.get("mget"), Some(&3));
    Ok(())
}

#[tokio::test]
async fn arguments_reach_the_server() -> Result<()> {
    let arguments = ["--maxmemory", "10mb", "--maxmemory-policy", "allkeys-lru"].map(str::to_owned).to_vec();
    let server = Redis::start(RedisOptions { arguments }).await?;
    let policy: Vec<String> = server.command(&["CONFIG", "GET", "maxmemory-policy"]).await?;
    assert_eq!(policy, ["maxmemory-policy", "allkeys-lru"]);
    Ok(())
}

#[tokio::test]
async fn an_argument_that_makes_no_sense_fails_with_the_log() {
    let arguments = vec!["--no-such-setting".to_owned(), "1".to_owned()];
    let error = Redis::start(RedisOptions { arguments }).await.unwrap_err();
    assert!(format!("{error:#}").contains("no-such-setting"), "{error:#}");
}

#[tokio::test]
async fn many_servers_start_at_once_on_ports_of_their_own() -> Result<()> {
    let start = || Redis::start(RedisOptions::default());
    let (a, b, c, d) = tokio::try_join!(start(), start(), start(), start())?;
    let mut ports = [a.port(), b.port(), c.port(), d.port()];
    ports.sort_unstable();
    assert!(ports.windows(2).all(|pair| pair[0] != pair[1]));
    Ok(())
}
