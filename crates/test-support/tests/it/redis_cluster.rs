//! A private cluster.

use anyhow::Result;
use larder_test_support::RedisCluster;

/// The slot of the key `foo`.
const SLOT: u16 = 12_182;

#[tokio::test]
async fn a_slot_moves_with_its_keys() -> Result<()> {
    let cluster = RedisCluster::start(false).await?;
    let servers = cluster.servers();
    assert_eq!((servers.len(), cluster.master_of(SLOT).await?), (3, 2));
    servers[2].command::<()>(&["SET", "foo", "value"]).await?;
    assert!(servers[0].command::<()>(&["GET", "foo"]).await.is_err());
    cluster.begin_move(SLOT, 0).await?;
    cluster.finish_move(SLOT, 0).await?;
    assert_eq!(servers[0].command::<String>(&["GET", "foo"]).await?, "value");
    assert!(servers[2].command::<()>(&["GET", "foo"]).await.is_err());
    Ok(())
}

#[tokio::test]
async fn a_replica_takes_the_place_of_its_killed_master() -> Result<()> {
    let cluster = RedisCluster::start(true).await?;
    let servers = cluster.servers();
    servers[2].command::<()>(&["SET", "foo", "value"]).await?;
    while servers[5].command::<u64>(&["DBSIZE"]).await? == 0 {}
    servers[2].kill().await?;
    cluster.promote_replica_of(2).await?;
    assert_eq!(servers[5].command::<String>(&["GET", "foo"]).await?, "value");
    Ok(())
}
