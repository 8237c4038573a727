//! A node's view of the outbox, by the numbers of its rows.

use std::time::Duration;

use async_trait::async_trait;
use larder_repository::{Error, Heard, OutboxTail, Polled};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use tokio::time::{Instant, sleep_until};

use super::{Rows, rows};
use crate::lane::Lane;

/// How long to wait between two looks at the file.
const PAUSE: Duration = Duration::from_millis(25);

/// Changes whenever another connection commits, of this process or of any other.
const DATA_VERSION: &str = "PRAGMA data_version";
const DELETED_THROUGH: &str = "SELECT deleted_through FROM outbox_state";
const NEWEST: &str = "SELECT id FROM outbox ORDER BY id DESC LIMIT 1";
const PENDING_FROM: &str = "SELECT id FROM outbox WHERE taken_by IS NULL ORDER BY id LIMIT 1";

/// A tail on a connection of its own.
#[derive(Debug)]
pub(super) struct SqliteTail {
    lane: Lane,
    last: Option<Heard>,
    /// The version of the data before the last poll.
    seen: Option<i64>,
}

impl SqliteTail {
    pub(super) fn new(lane: Lane) -> Self {
        Self { lane, last: None, seen: None }
    }
}

fn data_version(connection: &Connection) -> Rows<i64> {
    Ok(connection.prepare_cached(DATA_VERSION)?.query_row([], |row| row.get(0))?)
}

/// Looks at the version of the data first: what is committed in between is looked for once more.
fn ask(connection: &mut Connection, last: Option<Heard>, limit: usize) -> Rows<(Polled, i64)> {
    let version = data_version(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    Ok((look(&transaction, last, limit)?, version))
}

fn look(transaction: &Transaction<'_>, last: Option<Heard>, limit: usize) -> Rows<Polled> {
    let position = rows::position(transaction)?;
    let number = |sql| -> Rows<Option<u64>> {
        let mut select = transaction.prepare_cached(sql)?;
        Ok(select.query_row([], |row| row.get::<_, i64>(0).map(i64::cast_unsigned)).optional()?)
    };
    let deleted_through = number(DELETED_THROUGH)?.unwrap_or_default();
    let knows = last.filter(|last| last.timeline == position.timeline && last.below > deleted_through);
    let changes = match knows {
        Some(last) => Some(rows::after(transaction, last.below - 1, limit.saturating_add(1))?),
        None => None,
    };
    Ok(Polled {
        changes: changes.filter(|changes| changes.len() <= limit),
        heard: Heard { below: position.number + 1, but: Vec::new(), timeline: position.timeline },
        newest_row: number(NEWEST)?.unwrap_or_default(),
        pending_from: number(PENDING_FROM)?,
        current: rows::current(transaction)?,
    })
}

#[async_trait]
impl OutboxTail for SqliteTail {
    async fn poll(&mut self, limit: usize) -> Result<Polled, Error> {
        const ATTEMPTED: &str = "poll the outbox";
        let last = self.last.clone();
        let asked = self.lane.run(ATTEMPTED, move |connection| ask(connection, last, limit)).await?;
        let (polled, version) = asked.map_err(|failure| failure.into_error(ATTEMPTED))?;
        self.last = Some(polled.heard.clone());
        self.seen = Some(version);
        Ok(polled)
    }

    async fn wait(&mut self, longest: Duration) -> Result<(), Error> {
        const ATTEMPTED: &str = "wait for a change";
        let end = Instant::now() + longest;
        loop {
            let looked = self.lane.run(ATTEMPTED, |connection| data_version(connection)).await?;
            let version = looked.map_err(|failure| failure.into_error(ATTEMPTED))?;
            if self.seen != Some(version) || Instant::now() >= end {
                return Ok(());
            }
            sleep_until(end.min(Instant::now() + PAUSE)).await;
        }
    }
}
