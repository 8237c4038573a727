//! The database: its connections, its migrations, how busy it is.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use larder_repository::{Database, Error, ErrorKind, PoolStatus};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::{SqliteOptions, connection::DatabaseFile, failure::Failure, lane::Lane, migrations};

const SIGNING_KEY: &str = "SELECT bytes FROM signing_key";

/// A SQLite file with one connection that writes and some that read. Clones share them.
///
/// # Consistency
/// Readers see the last commit before they begin, of this process or of any other, and never wait for a writer.
#[derive(Debug, Clone)]
pub struct SqliteDatabase {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    writer: Lane,
    readers: Lane,
    max_size: usize,
    file: DatabaseFile,
    wait_timeout: Duration,
}

impl SqliteDatabase {
    /// Opens the file, which is made if it is not there, with all connections. Blocks for some milliseconds.
    ///
    /// # Errors
    /// `Unavailable` when the file cannot be opened or written, `Corrupt` when it is no database.
    pub fn open(options: SqliteOptions) -> Result<Self, Error> {
        const ATTEMPTED: &str = "open the database file";
        let wait_timeout = options.wait_timeout;
        let (file, writer, readers) = connect(&options).map_err(|failure| failure.into_error(ATTEMPTED))?;
        let max_size = readers.len() + 1;
        let start = |name, connections| {
            Lane::start(name, connections, wait_timeout)
                .map_err(|cause| Error::caused(ErrorKind::Unavailable, ATTEMPTED, cause))
        };
        let writer = start("sqlite-writer", vec![writer])?;
        let readers = start("sqlite-reader", readers)?;
        Ok(Self { shared: Arc::new(Shared { writer, readers, max_size, file, wait_timeout }) })
    }

    /// Whether this call of [`open`](Self::open) made the file. When several processes open it at once, only one made it.
    pub fn is_new(&self) -> bool {
        self.shared.file.is_new
    }

    /// A connection of its own that reads. Blocks for some milliseconds.
    pub(crate) fn reader(&self, attempted: &'static str) -> Result<Lane, Error> {
        let connection = self.shared.file.reader().map_err(|failure| failure.into_error(attempted))?;
        Lane::start("sqlite-tail", vec![connection], self.shared.wait_timeout)
            .map_err(|cause| Error::caused(ErrorKind::Unavailable, attempted, cause))
    }

    /// Runs a job that reads, in one transaction: all that it reads is of one moment.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        attempted: &'static str,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let lane = &self.shared.readers;
        lane.run(attempted, move |connection| transact(connection, TransactionBehavior::Deferred, job))
            .await?
            .map_err(|failure| failure.into_error(attempted))
    }

    /// Runs a job that writes, in one transaction that is committed if the job succeeds.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        attempted: &'static str,
        job: impl FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Error> {
        let lane = &self.shared.writer;
        lane.run(attempted, move |connection| transact(connection, TransactionBehavior::Immediate, job))
            .await?
            .map_err(|failure| failure.into_error(attempted))
    }
}

#[async_trait]
impl Database for SqliteDatabase {
    async fn migrate(&self) -> Result<u32, Error> {
        self.write("migrate the database", migrations::apply).await
    }

    async fn ping(&self) -> Result<(), Error> {
        let look = |transaction: &Transaction<'_>| {
            transaction.prepare_cached("SELECT count(*) FROM sqlite_schema")?.query_row([], |_| Ok(()))?;
            Ok(())
        };
        self.read("reach the database", look).await
    }

    fn pool_status(&self) -> PoolStatus {
        let Shared { writer, readers, max_size, .. } = self.shared.as_ref();
        let size = writer.size() + readers.size();
        PoolStatus {
            max_size: *max_size,
            size,
            idle: size.saturating_sub(writer.busy() + readers.busy()),
            waiting: writer.waiting() + readers.waiting(),
            waits: writer.waits().and(readers.waits()),
        }
    }

    async fn signing_key(&self) -> Result<[u8; 32], Error> {
        self.read("read the signing key", signing_key).await
    }

    async fn close(&self) {
        self.shared.readers.close().await;
        self.shared.writer.close().await;
    }
}

fn signing_key(transaction: &Transaction<'_>) -> Result<[u8; 32], Failure> {
    let key = transaction.prepare_cached(SIGNING_KEY)?.query_row([], |row| row.get(0)).optional()?;
    key.ok_or_else(|| ErrorKind::Corrupt.into())
}

fn connect(options: &SqliteOptions) -> Result<(DatabaseFile, Connection, Vec<Connection>), Failure> {
    let file = DatabaseFile::prepare(&options.path, options.wait_timeout)?;
    let writer = file.writer()?;
    let readers = (0..options.readers.max(1)).map(|_| file.reader()).collect::<Result<_, _>>()?;
    Ok((file, writer, readers))
}

fn transact<T>(
    connection: &mut Connection,
    behavior: TransactionBehavior,
    job: impl FnOnce(&Transaction<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let transaction = connection.transaction_with_behavior(behavior)?;
    let answer = job(&transaction)?;
    transaction.commit()?;
    Ok(answer)
}
