//! Tells changes to the shared level and marks the server that took them.

use std::time::Duration;

use deadpool_postgres::{Client, Transaction};
use larder_repository::{Announced, Relayed, Take, Taker};
use tokio::time;

use super::{LONG, announced, upkeep};
use crate::{failure::Failure, rows};

const CLAIM: &str = include_str!("../../queries/outbox_claim.sql");
/// Locked until the mark is committed, so that it comes wholly before another server becomes current, and is undone then, or after.
const CURRENT: &str = "SELECT current FROM outbox_state FOR SHARE";
const MARK: &str = "UPDATE outbox SET taken_by = $1 WHERE id = ANY ($2)";
const REPLACE: &str = "UPDATE outbox_state SET current = $1 WHERE current IS DISTINCT FROM $1";
const UNMARK: &str = "UPDATE outbox SET taken_by = NULL WHERE taken_by <> $1";

/// Claims, lets take, marks: one transaction. If this process dies or hangs in it, the server gives the rows back.
pub(super) async fn relay(
    client: &mut Client,
    limit: usize,
    take: &dyn Take,
    patience: Duration,
) -> Result<Relayed, Failure> {
    let transaction = client.transaction().await?;
    let claim = transaction.prepare_cached(CLAIM).await?;
    let rows = transaction.query(&claim, &[&i64::try_from(limit).unwrap_or(i64::MAX)]).await?;
    let Some(first) = rows.first() else { return Ok(Relayed::default()) };
    let oldest = Duration::from_micros(rows::cell::<i64>(first, announced::COLUMNS)?.try_into().unwrap_or_default());
    let changes = rows.iter().map(|row| announced::announced(row, 0)).collect::<Result<Vec<_>, _>>()?;
    let mut relayed = Relayed { claimed: changes.len(), marked: false, oldest: Some(oldest) };
    if let Ok(Some(server)) = time::timeout(patience, take.take(&changes)).await {
        relayed.marked = mark(&transaction, server, &changes).await?;
    }
    if relayed.marked {
        transaction.commit().await?;
    }
    Ok(relayed)
}

async fn mark(transaction: &Transaction<'_>, server: Taker, changes: &[Announced]) -> Result<bool, Failure> {
    let current = transaction.prepare_cached(CURRENT).await?;
    if announced::taker(&transaction.query_one(&current, &[]).await?, 0)? != Some(server) {
        return Ok(false);
    }
    let mark = transaction.prepare_cached(MARK).await?;
    let numbers: Vec<i64> = changes.iter().map(|change| change.row.cast_signed()).collect();
    transaction.execute(&mark, &[&server.0.as_slice(), &numbers]).await?;
    Ok(true)
}

/// Both steps in one transaction: nobody sees the new server with the old one's marks.
pub(super) async fn make_current(client: &mut Client, server: Taker) -> Result<(), Failure> {
    let server = server.0.as_slice();
    let transaction = client.transaction().await?;
    upkeep::long_statements(&transaction, LONG).await?;
    upkeep::lock(&transaction).await?;
    if transaction.execute(REPLACE, &[&server]).await? > 0 {
        transaction.execute(UNMARK, &[&server]).await?;
        transaction.batch_execute(&format!("NOTIFY {}", super::CHANNEL)).await?;
    }
    Ok(transaction.commit().await?)
}
