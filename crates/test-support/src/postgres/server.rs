//! What tests may do with a PostgreSQL, private or shared: databases of their own.

use std::net::{IpAddr, SocketAddr};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, NoTls, config::Host};
use uuid::Uuid;

use super::TestDatabase;

/// The account that owns everything in a test server; a superuser.
const USER: &str = "larder";

/// Where a PostgreSQL is, and how to get in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostgresServer {
    address: SocketAddr,
    password: String,
}

impl PostgresServer {
    pub(super) fn new(address: SocketAddr, password: String) -> Self {
        Self { address, password }
    }

    /// Reads an address as [`url`](Self::url) writes it.
    pub(super) fn at(url: &str) -> Result<Self> {
        let config: Config = url.parse().context("parse the announced PostgreSQL address")?;
        let host = match config.get_hosts() {
            [Host::Tcp(host)] => host.parse::<IpAddr>().ok(),
            _ => None,
        };
        let port = config.get_ports().first().copied();
        let password = config.get_password().and_then(|password| String::from_utf8(password.to_vec()).ok());
        let parts = host.zip(port).zip(password);
        let ((host, port), password) = parts.with_context(|| format!("read the PostgreSQL address {url}"))?;
        Ok(Self::new(SocketAddr::new(host, port), password))
    }

    /// Where the server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `postgres://` address of the maintenance database, as superuser.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_at(self.address, "postgres")
    }

    /// The same with another database, and through another address, such as that of a fault proxy.
    #[must_use]
    pub fn url_at(&self, address: SocketAddr, database: &str) -> String {
        format!("postgres://{USER}:{}@{address}/{database}", self.password)
    }

    /// An empty database for one test.
    ///
    /// # Errors
    /// When the server can't be reached or refuses.
    pub async fn fresh_database(&self) -> Result<TestDatabase> {
        self.fresh_database_from("template1").await
    }

    /// A database for one test, copied from `template`, to which nobody may be connected meanwhile.
    ///
    /// # Errors
    /// When the server can't be reached, the template does not exist or is in use.
    pub async fn fresh_database_from(&self, template: &str) -> Result<TestDatabase> {
        let name = format!("test_{}", Uuid::now_v7().simple());
        let session = Session::open(&self.url()).await?;
        session.execute(&format!(r#"CREATE DATABASE "{name}" TEMPLATE "{template}""#)).await?;
        Ok(TestDatabase::new(self.clone(), name))
    }

    /// Makes the database `name` once on this server, whoever of all test processes comes first, and lets `fill` migrate
    /// it. Hand `name` to [`fresh_database_from`](Self::fresh_database_from).
    ///
    /// `name` has to change with what `fill` does. `fill` gets the address and has to close its connections.
    ///
    /// # Errors
    /// When the server refuses, or `fill` fails; a later call tries again.
    ///
    /// # Cancellation
    /// A half-filled template is never seen under its name.
    pub async fn ensure_template<F, Filled>(&self, name: &str, fill: F) -> Result<()>
    where
        F: FnOnce(String) -> Filled + Send,
        Filled: Future<Output = Result<()>> + Send,
    {
        ensure!(!name.contains(['"', '\'', '\0']), "a template name can't hold quotes");
        let session = Session::open(&self.url()).await?;
        // Released with the connection, so also when this process dies or the future is dropped.
        session.execute("SELECT pg_advisory_lock(hashtext('larder test templates'))").await?;
        let exists = format!("SELECT 1 FROM pg_database WHERE datname = '{name}'");
        if session.client.query_opt(&exists, &[]).await?.is_some() {
            return Ok(());
        }
        let unfinished = format!("{name}_unfinished");
        session.execute(&format!(r#"DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)"#)).await?;
        session.execute(&format!(r#"CREATE DATABASE "{unfinished}""#)).await?;
        fill(self.url_at(self.address, &unfinished)).await.with_context(|| format!("fill the template {name}"))?;
        // A closed pool's connections may still be on their way out.
        let remaining =
            format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{unfinished}'");
        session.execute(&remaining).await?;
        session.execute(&format!(r#"ALTER DATABASE "{unfinished}" RENAME TO "{name}""#)).await
    }
}

/// One connection with its driver, which ends with it.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    driver: JoinHandle<()>,
}

impl Session {
    pub(super) async fn open(url: &str) -> Result<Self> {
        let (client, connection) =
            tokio_postgres::connect(url, NoTls).await.context("connect to the test PostgreSQL")?;
        let runtime = tokio::runtime::Handle::current();
        // A broken connection fails the statement that is waiting on it; there is nobody else to tell.
        let driver = runtime.spawn(async move { drop(connection.await) });
        Ok(Self { client, driver })
    }

    pub(super) async fn execute(&self, statement: &str) -> Result<()> {
        self.client.batch_execute(statement).await.with_context(|| format!("execute {statement}"))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announced_address_is_read_back() {
        let server = PostgresServer::new("127.0.0.1:15432".parse().unwrap(), "secret".into());
        assert_eq!(PostgresServer::at(&server.url()).unwrap(), server);
    }

    #[test]
    fn an_address_without_a_password_is_refused() {
        assert!(PostgresServer::at("postgres://larder@127.0.0.1:5432/postgres").is_err());
    }
}
