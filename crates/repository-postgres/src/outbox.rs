//! The outbox in PostgreSQL.

mod announced;
mod relay;
mod tail;
mod upkeep;

use std::time::Duration;

use async_trait::async_trait;
use larder_repository::{
    Error, ErrorKind, Outbox, OutboxLimits, OutboxStatus, OutboxTail, Relayed, Take, Taker, Trimmed,
};

use self::tail::PostgresTail;
use crate::{PostgresDatabase, database::SILENCE_LIMIT};

/// Where triggers tell of new rows.
const CHANNEL: &str = "larder_outbox";
/// Where a check listens for its own notification.
const CHECK_CHANNEL: &str = "larder_outbox_check";
/// How long a statement may take that goes over all rows.
const LONG: Duration = Duration::from_secs(120);

/// The outbox of a PostgreSQL database.
///
/// # Consistency
/// Statement triggers write it, so that COPY, TRUNCATE and any other statement count, whoever sends it. A statement that changes more than
/// 1,000 products is announced as a change of everything. Rows are told apart by the number of their transaction: a tail hears of a change
/// that was committed late.
#[derive(Debug, Clone)]
pub struct PostgresOutbox {
    database: PostgresDatabase,
}

impl PostgresOutbox {
    /// The outbox of `database`, which must be migrated.
    pub fn new(database: &PostgresDatabase) -> Self {
        Self { database: database.clone() }
    }
}

#[async_trait]
impl Outbox for PostgresOutbox {
    async fn tail(&self) -> Result<Box<dyn OutboxTail>, Error> {
        let listener = self.database.listen("open a tail of the outbox", CHANNEL).await?;
        Ok(Box::new(PostgresTail::new(listener, self.database.statement_timeout() + SILENCE_LIMIT)))
    }

    async fn relay(&self, limit: usize, take: &dyn Take) -> Result<Relayed, Error> {
        let mut client = self.database.lend("relay changes").await?;
        // Half of what the server lets a transaction idle, so that this side gives up first.
        let patience = self.database.statement_timeout() / 2;
        client.term().bound(relay::relay(&mut client, limit, take, patience)).await
    }

    async fn make_current(&self, server: Taker) -> Result<(), Error> {
        let mut client = self.database.lend_for("make a server current", LONG + SILENCE_LIMIT).await?;
        client.term().bound(relay::make_current(&mut client, server)).await
    }

    async fn trim(&self, limits: OutboxLimits) -> Result<Trimmed, Error> {
        let mut client = self.database.lend_for("trim the outbox", LONG + SILENCE_LIMIT).await?;
        client.term().bound(upkeep::trim(&mut client, limits)).await
    }

    async fn status(&self, count_up_to: u64) -> Result<OutboxStatus, Error> {
        let client = self.database.lend("look at the outbox").await?;
        client.term().bound(upkeep::status(&client, count_up_to)).await
    }

    async fn notifies(&self, patience: Duration) -> Result<bool, Error> {
        const ATTEMPTED: &str = "check notifications";
        let mut listener = self.database.listen(ATTEMPTED, CHECK_CHANNEL).await?;
        let client = self.database.lend(ATTEMPTED).await?;
        let notify = async { Ok(client.batch_execute(&format!("NOTIFY {CHECK_CHANNEL}")).await?) };
        client.term().bound(notify).await?;
        listener.wait(patience).await.ok_or_else(|| Error::new(ErrorKind::Unavailable, ATTEMPTED))
    }
}
