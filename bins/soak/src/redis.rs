//! The Redis that all nodes share: one server, or a master with a replica and three sentinels.

use std::{net::SocketAddr, str::FromStr, time::Duration};

use anyhow::{Result, bail};
use larder_test_support::{Redis, RedisOptions, RedisSentinels};
use tokio::{sync::Mutex, time};

/// How Redis is set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Topology {
    /// One server.
    #[default]
    Standalone,
    /// A master, a replica, and three sentinels that put the replica in the master's place.
    Sentinel,
}

impl FromStr for Topology {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "standalone" => Ok(Self::Standalone),
            "sentinel" => Ok(Self::Sentinel),
            other => bail!("no topology is called {other:?}; there are standalone and sentinel"),
        }
    }
}

/// The servers, and who troubles them: a failover may last longer than planned, and the next trouble waits for its end.
#[derive(Debug)]
pub(crate) struct SharedRedis {
    servers: Servers,
    in_trouble: Mutex<()>,
}

#[derive(Debug)]
enum Servers {
    Standalone(Redis),
    Sentinel(RedisSentinels),
}

impl SharedRedis {
    /// Starts them, and waits until they know each other.
    ///
    /// # Errors
    /// When one of them does not come up.
    pub(crate) async fn start(topology: Topology) -> Result<Self> {
        let servers = match topology {
            Topology::Standalone => Servers::Standalone(Redis::start(RedisOptions::default()).await?),
            Topology::Sentinel => Servers::Sentinel(RedisSentinels::start().await?),
        };
        Ok(Self { servers, in_trouble: Mutex::new(()) })
    }

    /// What nodes are told to connect to first, and so what a proxy can stand before: of sentinels, not the server that these name.
    pub(crate) fn doors(&self) -> Vec<SocketAddr> {
        match &self.servers {
            Servers::Standalone(redis) => vec![redis.address()],
            Servers::Sentinel(group) => group.sentinels().iter().map(|sentinel| sentinel.address()).collect(),
        }
    }

    /// The URL for a node whose proxies before [`doors`](Self::doors) are here.
    pub(crate) fn url_at(&self, proxies: &[SocketAddr]) -> String {
        match (&self.servers, proxies) {
            (Servers::Standalone(redis), [proxy, ..]) => redis.url_at(*proxy),
            (Servers::Standalone(redis), []) => redis.url(),
            (Servers::Sentinel(group), proxies) => group.url_at(proxies),
        }
    }

    /// Kills the server, or the master, and starts it again after a while: empty. The replica may have taken its place by then.
    ///
    /// # Errors
    /// When it does not come back.
    pub(crate) async fn die(&self, away: Duration) -> Result<()> {
        let _alone = self.in_trouble.lock().await;
        let server = self.master().await?;
        server.kill().await?;
        time::sleep(away).await;
        server.restart().await
    }

    /// Lets the server, or the master, stand still for a while.
    ///
    /// # Errors
    /// When it is not running.
    pub(crate) async fn hang(&self, still: Duration) -> Result<()> {
        let _alone = self.in_trouble.lock().await;
        let server = self.master().await?;
        server.pause().await?;
        time::sleep(still).await;
        server.resume().await
    }

    /// Kills the master, waits until the replica is the master, and starts the dead one again: not before `away` is over.
    ///
    /// # Errors
    /// When there is no replica, or it is not promoted.
    pub(crate) async fn fail_over(&self, away: Duration) -> Result<()> {
        let _alone = self.in_trouble.lock().await;
        let Servers::Sentinel(group) = &self.servers else { bail!("there is no replica to fail over to") };
        // A replica that never followed has nothing to take over, and is not promoted.
        self.settle().await?;
        let master = group.master().await?;
        group.servers()[master].kill().await?;
        let (_, promoted) = tokio::join!(time::sleep(away), group.await_master(1 - master));
        promoted?;
        group.servers()[master].restart().await
    }

    /// Empties it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub(crate) async fn flush(&self) -> Result<()> {
        let _alone = self.in_trouble.lock().await;
        self.master().await?.command(&["FLUSHALL"]).await
    }

    /// Waits until all servers are what they will be: the sentinels name a master, and the other one follows it.
    ///
    /// # Errors
    /// When that takes too long.
    pub(crate) async fn settle(&self) -> Result<()> {
        let Servers::Sentinel(group) = &self.servers else { return Ok(()) };
        let master = group.master().await?;
        group.await_master(master).await?;
        group.await_replica(1 - master).await
    }

    async fn master(&self) -> Result<&Redis> {
        Ok(match &self.servers {
            Servers::Standalone(redis) => redis,
            Servers::Sentinel(group) => &group.servers()[group.master().await?],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topologies_have_names() {
        assert_eq!("sentinel".parse::<Topology>().unwrap(), Topology::Sentinel);
        assert_eq!("standalone".parse::<Topology>().unwrap(), Topology::default());
        assert!("ring".parse::<Topology>().unwrap_err().to_string().contains("ring"));
    }
}
