//! The outbox in SQLite.

mod rows;
mod tail;
mod upkeep;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use larder_repository::{
    Announced, Error, Outbox, OutboxLimits, OutboxStatus, OutboxTail, Relayed, Take, Taker, Trimmed,
};
use rusqlite::Transaction;
use tokio::{sync::Mutex, time};

pub(crate) use self::rows::{collapse_after, last_change, position};
use self::tail::SqliteTail;
use crate::{SqliteDatabase, failure::Failure};

/// How long the shared level may take to take changes.
const TAKE_LIMIT: Duration = Duration::from_secs(5);

/// The outbox of a SQLite database.
///
/// # Consistency
/// Row triggers write it, whoever changes the file. One transaction writes at a time, so that numbers are in the order of commits. The clones
/// of one outbox relay in turn; another process may tell the same changes at the same time, which does no harm.
#[derive(Debug, Clone)]
pub struct SqliteOutbox {
    database: SqliteDatabase,
    /// Held while changes are told: no lock of the file is.
    relaying: Arc<Mutex<()>>,
}

impl SqliteOutbox {
    /// The outbox of `database`, which must be migrated.
    pub fn new(database: &SqliteDatabase) -> Self {
        Self { database: database.clone(), relaying: Arc::default() }
    }

    async fn claim(&self, limit: usize) -> Result<Vec<(Announced, Duration)>, Error> {
        self.database.read("claim changes", move |transaction| rows::pending(transaction, limit)).await
    }
}

#[async_trait]
impl Outbox for SqliteOutbox {
    async fn tail(&self) -> Result<Box<dyn OutboxTail>, Error> {
        Ok(Box::new(SqliteTail::new(self.database.reader("open a tail of the outbox")?)))
    }

    async fn relay(&self, limit: usize, take: &dyn Take) -> Result<Relayed, Error> {
        let _turn = self.relaying.lock().await;
        let (changes, waited): (Vec<_>, Vec<_>) = self.claim(limit).await?.into_iter().unzip();
        let Some(oldest) = waited.first().copied() else { return Ok(Relayed::default()) };
        let mut relayed = Relayed { claimed: changes.len(), marked: false, oldest: Some(oldest) };
        if let Ok(Some(server)) = time::timeout(TAKE_LIMIT, take.take(&changes)).await {
            let mark = move |transaction: &Transaction<'_>| rows::mark(transaction, server, &changes);
            relayed.marked = self.database.write("mark changes", mark).await?;
        }
        Ok(relayed)
    }

    async fn make_current(&self, server: Taker) -> Result<(), Error> {
        self.database.write("make a server current", move |transaction| rows::make_current(transaction, server)).await
    }

    async fn trim(&self, limits: OutboxLimits) -> Result<Trimmed, Error> {
        self.database.write("trim the outbox", move |transaction| upkeep::trim(transaction, limits)).await
    }

    async fn status(&self, count_up_to: u64) -> Result<OutboxStatus, Error> {
        self.database.read("look at the outbox", move |transaction| upkeep::status(transaction, count_up_to)).await
    }

    async fn notifies(&self, _patience: Duration) -> Result<bool, Error> {
        Ok(true)
    }
}

type Rows<T> = Result<T, Failure>;
