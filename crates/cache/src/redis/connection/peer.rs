//! One server: connections to its address, and who it says it is.

use std::time::Duration;

use deadpool_redis::{Connection, Manager, Pool, Runtime};
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, ConnectionInfo, FromRedisValue, RedisResult, aio::MultiplexedConnection,
};
use tokio::time::timeout;
use xxhash_rust::xxh3::xxh3_128;

use crate::{ConfigError, Identity, RemoteError};

/// How long it may take to connect, TLS, password and introduction included.
const CONNECT_DEADLINE: Duration = Duration::from_secs(1);

/// How many requests may wait for the connection to write them, before their callers wait for a place.
const PIPELINE_BUFFER: usize = 1024;

/// A server at an address.
pub(in crate::redis) struct Peer {
    pool: Pool,
    name: String,
}

/// A connection, and who is at its other end.
pub(in crate::redis) struct Greeted {
    /// The connection; nobody else has it.
    pub(in crate::redis) connection: MultiplexedConnection,
    /// The server's words.
    pub(in crate::redis) introduction: Introduction,
}

/// What a server says of itself.
pub(in crate::redis) struct Introduction {
    run_id: String,
    /// Names this life of the server and its lineage.
    pub(in crate::redis) identity: Identity,
    /// Whether it is a copy of another.
    pub(in crate::redis) is_replica: bool,
}

impl Peer {
    /// A way to `server`; nothing is connected yet.
    pub(in crate::redis) fn new(server: ConnectionInfo) -> Result<Self, ConfigError> {
        let name = match server.addr() {
            ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => format!("{host}:{port}"),
            other => other.to_string(),
        };
        // No response timeout: the caller's deadline governs, and a call dropped by it has the connection looked at.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_DEADLINE))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE_BUFFER);
        let unusable = ConfigError { option: "url", rule: "must be usable for a connection pool" };
        // Callers share the connection: none should wait until the answer of another has acknowledged what was written before.
        let tcp = server.tcp_settings().clone().set_nodelay(true);
        let manager =
            Manager::new_with_config(server.set_tcp_settings(tcp), config).map_err(|_cause| unusable.clone())?;
        let pool = Pool::builder(manager).runtime(Runtime::Tokio1).build().map_err(|_cause| unusable)?;
        Ok(Self { pool, name })
    }

    /// Host and port.
    pub(in crate::redis) fn name(&self) -> &str {
        &self.name
    }

    /// Connects, and asks who is there.
    pub(in crate::redis) async fn greet(&self) -> Result<Greeted, RemoteError> {
        self.in_time(async {
            let mut connection = self.connect().await?;
            let introduction = Introduction::ask(&mut connection).await.map_err(|cause| self.failed(&cause))?;
            Ok(Greeted { connection, introduction })
        })
        .await
    }

    /// Asks one question, over a connection of its own.
    pub(in crate::redis) async fn ask<T: FromRedisValue>(&self, question: &Cmd) -> Result<T, RemoteError> {
        self.in_time(async {
            let mut connection = self.connect().await?;
            question.query_async(&mut connection).await.map_err(|cause| self.failed(&cause))
        })
        .await
    }

    async fn connect(&self) -> Result<MultiplexedConnection, RemoteError> {
        let connection = self.pool.get().await.map(Connection::take);
        connection.map_err(|cause| self.failed(&cause))
    }

    async fn in_time<T>(&self, attempt: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
        let late = || RemoteError(format!("{}: no answer within {CONNECT_DEADLINE:?}", self.name));
        timeout(CONNECT_DEADLINE, attempt).await.unwrap_or_else(|_elapsed| Err(late()))
    }

    fn failed(&self, cause: &dyn std::error::Error) -> RemoteError {
        RemoteError(format!("{}: {cause}", self.name))
    }
}

impl Introduction {
    async fn ask(connection: &mut MultiplexedConnection) -> RedisResult<Self> {
        let mut pipeline = redis::pipe();
        // A server that is still loading its data answers the other two, and takes its lineage from those data later.
        pipeline.cmd("PING").ignore().cmd("INFO").arg("server").add_command(lineage());
        let (server, replication): (String, String) = pipeline.query_async(connection).await?;
        let run_id = line(&server, "run_id").map(str::to_owned);
        let introduction = run_id.and_then(|run_id| Self::read(run_id, &replication));
        introduction.ok_or_else(|| (redis::ErrorKind::Parse, "the server does not say who it is").into())
    }

    fn read(run_id: String, replication: &str) -> Option<Self> {
        let lineage = line(replication, "master_replid")?;
        let identity = Identity(xxh3_128(format!("{run_id}{lineage}").as_bytes()).to_be_bytes());
        Some(Self { run_id, identity, is_replica: line(replication, "role")? != "master" })
    }

    /// Whether the same server, by a later answer to [`lineage`], is still of the same identity.
    pub(in crate::redis) fn still_holds(&self, replication: &str) -> bool {
        Self::read(self.run_id.clone(), replication).is_some_and(|now| now.identity == self.identity)
    }
}

/// Asks what may change while a connection stands: whose copy the server is.
pub(in crate::redis) fn lineage() -> Cmd {
    let mut command = redis::cmd("INFO");
    command.arg("replication");
    command
}

fn line<'a>(info: &'a str, name: &str) -> Option<&'a str> {
    info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASTER: &str = "# Replication\r\nrole:master\r\nmaster_failover_state:no-failover\r\nmaster_replid:aa\r\nmaster_replid2:bb\r\n";

    #[test]
    fn the_identity_changes_with_the_run_and_with_the_lineage() {
        let read = |run: &str, replication: &str| Introduction::read(run.to_owned(), replication).unwrap();
        let one = read("1", MASTER);
        assert!(!one.is_replica && one.still_holds(MASTER));
        assert_ne!(one.identity, read("2", MASTER).identity);
        assert!(!one.still_holds(&MASTER.replace("aa", "cc")));
        assert!(one.still_holds(&MASTER.replace("bb", "cc")));
        assert!(read("1", &MASTER.replace("role:master", "role:slave")).is_replica);
    }

    #[test]
    fn a_server_that_does_not_say_who_it_is_has_no_identity() {
        assert!(Introduction::read("1".to_owned(), "role:master\r\n").is_none());
    }
}
