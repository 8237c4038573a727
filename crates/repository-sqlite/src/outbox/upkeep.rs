//! Keeps the outbox short, and tells how it stands.

use std::time::Duration;

use larder_repository::{OutboxLimits, OutboxStatus, Trimmed};
use rusqlite::{OptionalExtension, Transaction};

use super::{Rows, rows};

/// No row is older; more would be more than times can be moved by.
const AGES: Duration = Duration::from_secs(100 * 365 * 86_400);
/// Rows that one call deletes by age, so that writers never wait long for its end; the next call goes on.
const BATCH: i64 = 50_000;

const PENDING: &str = "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE taken_by IS NULL LIMIT ?1)";
/// The oldest pending product is too old.
const TOO_OLD: &str = "SELECT coalesce((SELECT written_at <= unixepoch('subsec') * 1000000 - ?1 FROM outbox
    WHERE taken_by IS NULL AND product_id IS NOT NULL ORDER BY id LIMIT 1), 0)";
const DELETE_PENDING: &str = "DELETE FROM outbox WHERE taken_by IS NULL";
/// Pending rows only if no shared level has ever been there.
const EXPIRED: &str =
    "SELECT max(id) FROM (SELECT id, written_at FROM outbox WHERE taken_by IS NOT NULL OR ?3 ORDER BY id LIMIT ?2)
    WHERE written_at <= unixepoch('subsec') * 1000000 - ?1";
const DELETE_THROUGH: &str = "DELETE FROM outbox WHERE id <= ?1 AND (taken_by IS NOT NULL OR ?2)
    AND written_at <= unixepoch('subsec') * 1000000 - ?3";
const HIGHEST_PENDING: &str = "SELECT max(id) FROM outbox WHERE taken_by IS NULL";
const NOTE_DELETED: &str = "UPDATE outbox_state SET deleted_through = max(deleted_through, ?1)";
const STATE: &str = "SELECT deleted_through FROM outbox_state";
const FIRST_PENDING: &str = "SELECT id, max(unixepoch('subsec') * 1000000 - written_at, 0) FROM outbox
    WHERE taken_by IS NULL ORDER BY id LIMIT 1";

pub(super) fn trim(transaction: &Transaction<'_>, limits: OutboxLimits) -> Rows<Trimmed> {
    let age = i64::try_from(limits.retention.min(AGES).as_micros()).unwrap_or(i64::MAX);
    let no_server = rows::current(transaction)?.is_none();
    let mut trimmed = Trimmed::default();
    if !no_server && is_overdue(transaction, limits.max_pending, age)? {
        let highest: i64 = transaction.prepare_cached(HIGHEST_PENDING)?.query_row([], |row| row.get(0))?;
        trimmed.collapsed = transaction.prepare_cached(DELETE_PENDING)?.execute([])? as u64;
        transaction.prepare_cached(NOTE_DELETED)?.execute([highest])?;
        rows::everything(transaction)?;
    }
    let mut expired = transaction.prepare_cached(EXPIRED)?;
    if let Some(through) = expired.query_row((age, BATCH, no_server), |row| row.get::<_, Option<i64>>(0))? {
        let mut delete = transaction.prepare_cached(DELETE_THROUGH)?;
        trimmed.deleted = delete.execute((through, no_server, age))? as u64;
        transaction.prepare_cached(NOTE_DELETED)?.execute([through])?;
    }
    Ok(trimmed)
}

fn is_overdue(transaction: &Transaction<'_>, max_pending: u64, age: i64) -> Rows<bool> {
    let too_old = transaction.prepare_cached(TOO_OLD)?.query_row([age], |row| row.get(0))?;
    Ok(too_old || pending(transaction, max_pending.saturating_add(1))? > max_pending)
}

fn pending(transaction: &Transaction<'_>, count_up_to: u64) -> Rows<u64> {
    let limit = i64::try_from(count_up_to).unwrap_or(i64::MAX);
    Ok(transaction.prepare_cached(PENDING)?.query_row([limit], |row| row.get::<_, i64>(0).map(i64::cast_unsigned))?)
}

pub(super) fn status(transaction: &Transaction<'_>, count_up_to: u64) -> Rows<OutboxStatus> {
    let current = rows::current(transaction)?;
    let deleted_through = transaction.prepare_cached(STATE)?.query_row([], |row| row.get::<_, i64>(0))?;
    let first = transaction
        .prepare_cached(FIRST_PENDING)?
        .query_row([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), rows::micros(row, 1)?)))
        .optional()?;
    let next = rows::position(transaction)?.number + 1;
    Ok(OutboxStatus {
        pending: pending(transaction, count_up_to)?,
        oldest_pending: first.map(|(_, age)| Duration::from_micros(age)),
        current,
        taken_below: if current.is_some() { first.map_or(next, |(number, _)| number) } else { 0 },
        deleted_through: deleted_through.cast_unsigned(),
    })
}
