//! A master with a replica, and three sentinels that watch over them.

use std::{
    fmt::Write as _,
    future::Future,
    net::SocketAddr,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

use super::{Redis, fresh_password, words};

/// How long discovery, or a failover, may take. A sentinel that was held up for two seconds does nothing for thirty (TILT mode).
const DEADLINE: Duration = Duration::from_secs(90);

/// How often the sentinels are asked meanwhile.
const POLL: Duration = Duration::from_millis(20);

const MASTER_NAME: &str = "larder";

/// How many sentinels have to agree that the master is down.
const QUORUM: usize = 2;

const SENTINELS: usize = 3;

/// How often sentinels look at servers and tell each other of it, in milliseconds: otherwise several seconds.
const HASTE: [&str; 6] = ["SENTINEL", "DEBUG", "INFO-PERIOD", "200", "PUBLISH-PERIOD", "200"];

/// Two private Redis servers, one the replica of the other, and three sentinels that fail over within two seconds or so.
///
/// Everything is gone when this value is dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct RedisSentinels {
    servers: [Redis; 2],
    sentinels: Vec<Redis>,
    password: String,
}

impl RedisSentinels {
    /// Starts all five, and waits until the sentinels know each other and the replica: some seconds.
    ///
    /// # Errors
    /// When Redis is not installed, or one of them does not come up.
    pub async fn start() -> Result<Self> {
        let password = fresh_password();
        let server = || Redis::start_with(password.clone(), words(&[]));
        let (master, replica) = tokio::try_join!(server(), server())?;
        let port = master.port().to_string();
        replica.command::<()>(&["REPLICAOF", "127.0.0.1", &port]).await?;
        until("the replica to follow", || async {
            Ok(replica.command::<String>(&["INFO", "replication"]).await?.contains("master_link_status:up"))
        })
        .await?;
        let sentinel = || Redis::start_sentinel(password.clone(), configuration(&port, &password));
        let (a, b, c) = tokio::try_join!(sentinel(), sentinel(), sentinel())?;
        for sentinel in [&a, &b, &c] {
            sentinel.command::<()>(&HASTE).await?;
        }
        let group = Self { servers: [master, replica], sentinels: vec![a, b, c], password };
        until("the sentinels to know each other", || group.is_complete()).await?;
        Ok(group)
    }

    /// `redis+sentinel://` address of the master.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<SocketAddr> = self.sentinels.iter().map(|sentinel| sentinel.address()).collect();
        self.url_at(&addresses)
    }

    /// The same with the sentinels at other addresses, such as those of fault proxies.
    #[must_use]
    pub fn url_at(&self, sentinels: &[SocketAddr]) -> String {
        let addresses: Vec<String> = sentinels.iter().map(SocketAddr::to_string).collect();
        let (addresses, password) = (addresses.join(","), &self.password);
        format!("redis+sentinel://:{password}@{addresses}/{MASTER_NAME}?sentinel_password={password}")
    }

    /// The servers; the first one is the master at the start.
    #[must_use]
    pub fn servers(&self) -> &[Redis; 2] {
        &self.servers
    }

    /// The three sentinels.
    #[must_use]
    pub fn sentinels(&self) -> &[Redis] {
        &self.sentinels
    }

    /// Which one of [`servers`](Self::servers) the first sentinel that answers names as the master.
    ///
    /// # Errors
    /// When none answers, or it names another server.
    pub async fn master(&self) -> Result<usize> {
        for sentinel in &self.sentinels {
            let named = sentinel.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME]).await;
            let Ok((_host, port)) = named.map(|named: (String, u16)| named) else { continue };
            return self.servers.iter().position(|server| server.port() == port).context("a master of somebody else");
        }
        bail!("no sentinel answers")
    }

    /// Waits until all sentinels that answer name this one of [`servers`](Self::servers), and it says itself that it is the master.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn await_master(&self, server: usize) -> Result<()> {
        let server = self.servers.get(server).context("there are two servers")?;
        until("the sentinels to name the new master", || async {
            for sentinel in &self.sentinels {
                let named = sentinel.command(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME]).await;
                if named.is_ok_and(|(_host, port): (String, u16)| port != server.port()) {
                    return Ok(false);
                }
            }
            Ok(server.command::<String>(&["INFO", "replication"]).await?.contains("role:master"))
        })
        .await
    }

    /// Waits until this one of [`servers`](Self::servers) is the other's replica and has its data.
    ///
    /// # Errors
    /// When that takes too long.
    pub async fn await_replica(&self, server: usize) -> Result<()> {
        let server = self.servers.get(server).context("there are two servers")?;
        until("the server to follow", || async {
            Ok(server.command::<String>(&["INFO", "replication"]).await?.contains("master_link_status:up"))
        })
        .await
    }

    async fn is_complete(&self) -> Result<bool> {
        for sentinel in &self.sentinels {
            let answer: Vec<String> = sentinel.command(&["SENTINEL", "MASTER", MASTER_NAME]).await?;
            let says = |name: &str, value: &str| {
                answer.chunks(2).any(|pair| matches!(pair, [field, told] if field == name && told == value))
            };
            if !(says("num-other-sentinels", "2") && says("num-slaves", "1") && says("flags", "master")) {
                return Ok(false);
            }
        }
        Ok(self.sentinels.len() == SENTINELS)
    }
}

fn configuration(port: &str, password: &str) -> String {
    let mut text = format!("requirepass {password}\nsentinel sentinel-pass {password}\n");
    let settings = [
        ("monitor", format!("127.0.0.1 {port} {QUORUM}")),
        ("auth-pass", password.to_owned()),
        ("down-after-milliseconds", "500".to_owned()),
        ("failover-timeout", "3000".to_owned()),
    ];
    for (name, value) in settings {
        writeln!(text, "sentinel {name} {MASTER_NAME} {value}").expect("writing to a string does not fail");
    }
    text
}

/// Asks until it holds; an error counts as not yet.
pub(super) async fn until<F, Held>(awaited: &str, holds: F) -> Result<()>
where
    F: Fn() -> Held,
    Held: Future<Output = Result<bool>>,
{
    let start = Instant::now();
    loop {
        match holds().await {
            Ok(true) => return Ok(()),
            Ok(false) => ensure!(start.elapsed() < DEADLINE, "waited {DEADLINE:?} for {awaited}"),
            Err(cause) if start.elapsed() >= DEADLINE => return Err(cause.context(format!("wait for {awaited}"))),
            Err(_not_yet) => {}
        }
        tokio::time::sleep(POLL).await;
    }
}
