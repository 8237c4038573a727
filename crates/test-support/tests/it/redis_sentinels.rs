//! A private group of sentinels with its master and replica.

use anyhow::Result;
use larder_test_support::RedisSentinels;

#[tokio::test]
async fn a_killed_master_is_replaced_and_comes_back_as_a_replica() -> Result<()> {
    let group = RedisSentinels::start().await?;
    let [first, second] = group.servers();
    first.command::<()>(&["SET", "key", "value"]).await?;
    while second.command::<u64>(&["DBSIZE"]).await? == 0 {}
    first.kill().await?;
    group.await_master(1).await?;
    assert_eq!(second.command::<String>(&["GET", "key"]).await?, "value");
    first.restart().await?;
    group.await_replica(0).await?;
    assert_eq!(first.command::<String>(&["GET", "key"]).await?, "value");
    Ok(())
}
