//! Statements that PostgreSQL executed, counted by `pg_stat_statements`, for each database apart.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use larder_test_support::Postgres;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

/// Settings of a server that counts. `BEGIN` and its like are not counted: they are no queries. Vacuum comes as seldom as PostgreSQL has it.
pub(crate) const SETTINGS: [(&str, &str); 4] = [
    ("autovacuum_naptime", "1min"),
    ("shared_preload_libraries", "pg_stat_statements"),
    ("pg_stat_statements.track_utility", "off"),
    ("shared_buffers", "512MB"),
];

const QUERIES: &str = "SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements s \
    JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1";

/// Of which the median is taken.
const ROUND_TRIPS: usize = 101;

const BACKENDS: &str = "SELECT pid FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'";

/// A connection to the maintenance database, which nobody else uses.
#[derive(Debug)]
pub(crate) struct DatabaseMeter {
    client: Client,
    driver: JoinHandle<()>,
}

/// Has the database at `url` execute one statement.
///
/// # Errors
/// When it can't be reached or refuses.
pub(crate) async fn execute(url: &str, statement: &str) -> Result<()> {
    let (client, driver) = connect(url).await?;
    let done = client.batch_execute(statement).await.with_context(|| format!("execute {statement}"));
    drop(client);
    // It ends once the connection is closed.
    driver.await.context("close a connection")?;
    done
}

/// Rows of products that the database at `url` has changed, as its statistics know it within a second.
///
/// # Errors
/// When it can't be reached.
pub(crate) async fn row_updates(url: &str) -> Result<u64> {
    let (client, driver) = connect(url).await?;
    let row = client.query_one("SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'products'", &[]).await;
    drop(client);
    driver.await.context("close a connection")?;
    u64::try_from(row.context("ask for changed rows")?.get::<_, i64>(0)).context("a number of rows")
}

/// Median time of a question that costs the database at `url` nothing.
///
/// # Errors
/// When it can't be reached.
pub(crate) async fn round_trip(url: &str) -> Result<Duration> {
    let (client, driver) = connect(url).await?;
    let mut found = Vec::new();
    for _ in 0..ROUND_TRIPS {
        let asked = Instant::now();
        client.simple_query("").await.context("ask nothing")?;
        found.push(asked.elapsed());
    }
    drop(client);
    driver.await.context("close a connection")?;
    found.sort_unstable();
    Ok(found[found.len() / 2])
}

async fn connect(url: &str) -> Result<(Client, JoinHandle<()>)> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.context("connect to PostgreSQL")?;
    // A broken connection fails the question that waits on it.
    Ok((client, tokio::runtime::Handle::current().spawn(async move { drop(connection.await) })))
}

impl DatabaseMeter {
    /// # Errors
    /// When the server can't be reached, or was not started with [`SETTINGS`].
    pub(crate) async fn of(server: &Postgres) -> Result<Self> {
        let (client, driver) = connect(&server.url()).await?;
        let create = "CREATE EXTENSION IF NOT EXISTS pg_stat_statements";
        client.batch_execute(create).await.context("count statements")?;
        Ok(Self { client, driver })
    }

    /// Statements that were executed in `database` so far.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(crate) async fn queries(&self, database: &str) -> Result<u64> {
        let row = self.client.query_one(QUERIES, &[&database]).await.context("ask for the number of queries")?;
        u64::try_from(row.get::<_, i64>(0)).context("a number of queries")
    }

    /// The version of the server, as `15.8`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(crate) async fn version(&self) -> Result<String> {
        let row = self.client.query_one("SHOW server_version", &[]).await.context("ask for PostgreSQL's version")?;
        let version: String = row.get(0);
        Ok(version.split(' ').next().unwrap_or_default().to_owned())
    }

    /// The processes that serve the connections to `database`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(crate) async fn backends(&self, database: &str) -> Result<Vec<i32>> {
        let rows = self.client.query(BACKENDS, &[&database]).await.context("ask for PostgreSQL's processes")?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }
}

impl Drop for DatabaseMeter {
    fn drop(&mut self) {
        self.driver.abort();
    }
}
