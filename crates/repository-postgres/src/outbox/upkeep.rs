//! Keeps the outbox short, and tells how it stands.

use std::time::Duration;

use deadpool_postgres::{Client, Transaction};
use larder_repository::{OutboxLimits, OutboxStatus, Trimmed};

use super::{LONG, announced};
use crate::{failure::Failure, rows};

const RESTART: &str = include_str!("../../queries/outbox_restart.sql");
const OVERDUE: &str = include_str!("../../queries/outbox_overdue.sql");
const COLLAPSE: &str = include_str!("../../queries/outbox_collapse.sql");
const EXPIRE: &str = include_str!("../../queries/outbox_expire.sql");
const STATUS: &str = include_str!("../../queries/outbox_status.sql");

/// Names the lock of whoever goes over all rows; any number will do that nothing else in the database uses ("outbox" in ASCII).
const LOCK: i64 = 0x6f75_7462_6f78;
/// No row is older; more would be more than times can be moved by.
const AGES: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Rows that one transaction deletes, so that a relay never waits long for its end.
const BATCH: i64 = 10_000;
/// Most transactions of one call; the next call goes on.
const BATCHES: usize = 200;

/// Waits until nobody else goes over all rows, and keeps others from it until the transaction ends.
pub(super) async fn lock(transaction: &Transaction<'_>) -> Result<(), Failure> {
    transaction.query_one("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    Ok(())
}

/// Lets statements of this transaction take longer than others.
pub(super) async fn long_statements(transaction: &Transaction<'_>, limit: Duration) -> Result<(), Failure> {
    Ok(transaction.batch_execute(&format!("SET LOCAL statement_timeout = {}", limit.as_millis())).await?)
}

pub(super) async fn trim(client: &mut Client, limits: OutboxLimits) -> Result<Trimmed, Failure> {
    let age = i64::try_from(limits.retention.min(AGES).as_micros()).unwrap_or(i64::MAX);
    let most = i64::try_from(limits.max_pending).unwrap_or(i64::MAX - 1);
    let mut trimmed = Trimmed::default();
    restart(client).await?;
    let overdue = client.prepare_cached(OVERDUE).await?;
    if client.query_one(&overdue, &[&most, &age]).await?.try_get(0)? {
        trimmed.collapsed = repeat(client, COLLAPSE, None).await?;
    }
    trimmed.deleted = repeat(client, EXPIRE, Some(age)).await?;
    Ok(trimmed)
}

/// Begins anew if the numbers of the rows belong to another timeline.
async fn restart(client: &mut Client) -> Result<(), Failure> {
    let restart = client.prepare_cached(RESTART).await?;
    if client.query_opt(&restart, &[]).await?.is_some() {
        tracing::warn!("the database began a new timeline; all cached copies are told to be forgotten");
    }
    Ok(())
}

/// Repeats a statement that deletes, each time in a transaction of its own, until it finds less than it may delete.
async fn repeat(client: &mut Client, sql: &str, age: Option<i64>) -> Result<u64, Failure> {
    let mut total = 0;
    for _ in 0..BATCHES {
        let transaction = client.transaction().await?;
        let row = transaction.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&LOCK]).await?;
        if !row.try_get::<_, bool>(0)? {
            break;
        }
        long_statements(&transaction, LONG).await?;
        let statement = transaction.prepare_cached(sql).await?;
        let row = match &age {
            Some(age) => transaction.query_one(&statement, &[age, &BATCH]).await?,
            None => transaction.query_one(&statement, &[&BATCH]).await?,
        };
        let gone = rows::count(&row, 0)?;
        transaction.commit().await?;
        total += gone;
        if gone < BATCH.cast_unsigned() {
            break;
        }
    }
    Ok(total)
}

pub(super) async fn status(client: &Client, count_up_to: u64) -> Result<OutboxStatus, Failure> {
    let status = client.prepare_cached(STATUS).await?;
    let row = client.query_one(&status, &[&i64::try_from(count_up_to).unwrap_or(i64::MAX)]).await?;
    let oldest = rows::cell::<Option<i64>>(&row, 1)?;
    Ok(OutboxStatus {
        pending: rows::count(&row, 0)?,
        oldest_pending: oldest.map(|age| Duration::from_micros(age.try_into().unwrap_or_default())),
        current: announced::taker(&row, 2)?,
        taken_below: rows::number(rows::cell(&row, 3)?)?,
        deleted_through: rows::number(rows::cell(&row, 4)?)?,
    })
}
