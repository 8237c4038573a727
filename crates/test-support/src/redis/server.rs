//! What tests may do with a Redis, private or shared: speak to it, and keep out of each other's way.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use anyhow::{Context, Result};
use redis::{Client, FromRedisValue};
use uuid::Uuid;

/// How long a look at a starting server may take.
const LOOK: Duration = Duration::from_millis(200);

/// Where a Redis is, and how to get in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RedisServer {
    address: SocketAddr,
    password: String,
}

impl RedisServer {
    pub(super) fn new(address: SocketAddr, password: String) -> Self {
        Self { address, password }
    }

    /// Reads an address as [`url`](Self::url) writes it.
    pub(super) fn at(url: &str) -> Result<Self> {
        let (password, address) = url
            .strip_prefix("redis://:")
            .and_then(|rest| rest.strip_suffix('/'))
            .and_then(|rest| rest.split_once('@'))
            .with_context(|| format!("read the announced Redis address {url}"))?;
        Ok(Self::new(address.parse().context("parse the announced Redis address")?, password.to_owned()))
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port on which it listens, the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// `redis://` address of the server, with its password.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.address)
    }

    /// The same through another address, such as that of a fault proxy.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr) -> String {
        format!("redis://:{}@{address}/", self.password)
    }

    /// A prefix for keys that no other test uses.
    #[must_use]
    pub fn fresh_namespace(&self) -> String {
        format!("test-{}", Uuid::now_v7().simple())
    }

    /// Sends one command, over a connection of its own, and converts the answer.
    ///
    /// # Errors
    /// When the server can't be reached, answers with an error, or with something that is no `T`.
    pub async fn command<T: FromRedisValue>(&self, words: &[&str]) -> Result<T> {
        let mut connection =
            Client::open(self.url())?.get_multiplexed_async_connection().await.context("connect to the test Redis")?;
        let (name, arguments) = words.split_first().context("an empty Redis command")?;
        let mut command = redis::cmd(name);
        command.arg(arguments);
        command.query_async(&mut connection).await.with_context(|| format!("send {words:?} to the test Redis"))
    }

    /// How often each command has run since the start or `CONFIG RESETSTAT`, by lower-case name.
    ///
    /// Commands inside scripts count too. Only a private server's figures mean anything.
    ///
    /// # Errors
    /// As for [`command`](Self::command).
    pub async fn command_counts(&self) -> Result<BTreeMap<String, u64>> {
        let statistics: String = self.command(&["INFO", "commandstats"]).await?;
        Ok(statistics.lines().filter_map(count_of_line).collect())
    }

    /// Whether this very server, known by its password, answers now.
    pub(super) fn answers(&self) -> bool {
        let ping = || -> redis::RedisResult<()> {
            let mut connection = Client::open(self.url())?.get_connection_with_timeout(LOOK)?;
            connection.set_read_timeout(Some(LOOK))?;
            redis::cmd("PING").query(&mut connection)
        };
        ping().is_ok()
    }
}

/// Reads `cmdstat_get:calls=21,usec=…`.
fn count_of_line(line: &str) -> Option<(String, u64)> {
    let (name, figures) = line.strip_prefix("cmdstat_")?.split_once(':')?;
    let calls = figures.strip_prefix("calls=")?.split(',').next()?.parse().ok()?;
    Some((name.to_owned(), calls))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_address_is_read_back() {
        let server = RedisServer::new("127.0.0.1:16379".parse().unwrap(), "secret".into());
        assert_eq!(RedisServer::at(&server.url()).unwrap(), server);
    }

    #[test]
    fn a_statistics_line_gives_the_count_of_its_command() {
        let line = "cmdstat_config|get:calls=21,usec=175,usec_per_call=8.33,rejected_calls=0,failed_calls=0";
        assert_eq!(count_of_line(line), Some(("config|get".into(), 21)));
        assert_eq!(count_of_line("# Commandstats"), None);
    }
}
