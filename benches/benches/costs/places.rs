//! Where the benches run: one runtime for each, of one thread, so that all of its allocations are counted; and servers of this process.

use std::sync::{OnceLock, atomic::AtomicU64, atomic::Ordering};

use anyhow::Result;
use bytes::Bytes;
use larder_test_support::{Postgres, PostgresOptions, Redis, RedisOptions, TestDatabase};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, Statement};

use crate::bodies::body;

const ROWS: u64 = 1_000;

pub(crate) fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

/// Started by the first bench that asks.
pub(crate) fn redis() -> &'static Redis {
    static REDIS: OnceLock<Redis> = OnceLock::new();
    REDIS.get_or_init(|| runtime().block_on(Redis::start(RedisOptions::default())).expect("Redis starts"))
}

/// Started by the first bench that asks.
pub(crate) fn postgres() -> &'static Postgres {
    static POSTGRES: OnceLock<Postgres> = OnceLock::new();
    POSTGRES.get_or_init(|| runtime().block_on(Postgres::start(PostgresOptions::default())).expect("PostgreSQL starts"))
}

/// Bodies by number in PostgreSQL, and a prepared statement that reads one.
pub(crate) struct Bodies {
    client: Client,
    select: Statement,
    /// How often one was read.
    reads: AtomicU64,
    _database: TestDatabase,
}

impl Bodies {
    /// Its connection is driven by the runtime that this runs on.
    pub(crate) async fn new(server: &Postgres) -> Result<Self> {
        let database = server.fresh_database().await?;
        let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await?;
        drop(tokio::runtime::Handle::current().spawn(connection));
        client.batch_execute("CREATE TABLE bodies (id bigint PRIMARY KEY, body bytea NOT NULL)").await?;
        let insert = "INSERT INTO bodies SELECT id, $1 FROM generate_series(0, $2::bigint - 1) AS id";
        client.execute(insert, &[&&body()[..], &i64::try_from(ROWS)?]).await?;
        client.batch_execute("VACUUM ANALYZE bodies").await?;
        let select = client.prepare("SELECT body FROM bodies WHERE id = $1").await?;
        Ok(Self { client, select, reads: AtomicU64::new(0), _database: database })
    }

    /// The body of `key`, for which the rows are taken in turn.
    pub(crate) async fn read(&self, key: u64) -> Result<Bytes, tokio_postgres::Error> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let id = i64::try_from(key % ROWS).expect("small");
        let row = self.client.query_one(&self.select, &[&id]).await?;
        Ok(Bytes::copy_from_slice(row.get(0)))
    }

    pub(crate) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }
}
