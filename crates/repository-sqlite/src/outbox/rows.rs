//! Rows of the outbox: read, marked, collapsed.

use std::time::Duration;

use larder_domain::{Category, ProductId, Version};
use larder_repository::{Announced, Aspects, Changed, Listing, Position, Taker};
use rusqlite::{Row, Transaction};

use super::Rows;

const POSITION: &str =
    "SELECT timeline, (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'outbox') FROM outbox_state";
const LAST_CHANGED: &str = "SELECT changed FROM outbox WHERE id = ?1";
const COLLAPSE: &str = "DELETE FROM outbox WHERE id > ?1";
const EVERYTHING: &str = "INSERT INTO outbox DEFAULT VALUES";
/// A bound from below on the id, which an index can use, and one from above on the number of rows.
const AFTER: &str =
    "SELECT id, product_id, version, before_category, before_featured, before_published, after_category,
    after_featured, after_published, changed, taken_by FROM outbox WHERE id > ?1 ORDER BY id LIMIT ?2";
const PENDING: &str =
    "SELECT id, product_id, version, before_category, before_featured, before_published, after_category,
    after_featured, after_published, changed, taken_by, max(unixepoch('subsec') * 1000000 - written_at, 0)
    FROM outbox WHERE taken_by IS NULL ORDER BY id LIMIT ?1";
const MARK: &str = "UPDATE outbox SET taken_by = ?1 WHERE id = ?2";
const CURRENT: &str = "SELECT current FROM outbox_state";
const REPLACE: &str = "UPDATE outbox_state SET current = ?1 WHERE current IS NOT ?1";
const UNMARK: &str = "UPDATE outbox SET taken_by = NULL WHERE taken_by <> ?1";

/// The place of the last change so far: that of this transaction, if it changed anything.
pub(crate) fn position(transaction: &Transaction<'_>) -> Rows<Position> {
    let mut select = transaction.prepare_cached(POSITION)?;
    Ok(select.query_row([], |row| {
        Ok(Position { timeline: row.get::<_, i64>(0)?.cast_unsigned(), number: row.get::<_, i64>(1)?.cast_unsigned() })
    })?)
}

/// The place of the change that this transaction made last, and what it touched.
pub(crate) fn last_change(transaction: &Transaction<'_>) -> Rows<(Position, Aspects)> {
    let position = position(transaction)?;
    let mut select = transaction.prepare_cached(LAST_CHANGED)?;
    let changed = select.query_row([position.number.cast_signed()], |row| aspects(row, 0))?;
    Ok((position, changed))
}

/// Puts one row for everything in the place of what this transaction announced since it was at `position`.
pub(crate) fn collapse_after(transaction: &Transaction<'_>, position: Position) -> Rows<()> {
    transaction.prepare_cached(COLLAPSE)?.execute([position.number.cast_signed()])?;
    everything(transaction)
}

/// Announces that anything may have changed.
pub(super) fn everything(transaction: &Transaction<'_>) -> Rows<()> {
    transaction.prepare_cached(EVERYTHING)?.execute([])?;
    Ok(())
}

/// What was announced after the row `number`, at most `limit` rows.
pub(super) fn after(transaction: &Transaction<'_>, number: u64, limit: usize) -> Rows<Vec<Announced>> {
    let mut select = transaction.prepare_cached(AFTER)?;
    let rows = select.query_map((number.cast_signed(), bounded(limit)), announced)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The first pending rows, and how long each has waited.
pub(super) fn pending(transaction: &Transaction<'_>, limit: usize) -> Rows<Vec<(Announced, Duration)>> {
    let mut select = transaction.prepare_cached(PENDING)?;
    let rows =
        select.query_map([bounded(limit)], |row| Ok((announced(row)?, Duration::from_micros(micros(row, 11)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Marks rows as taken, if the server that took them is the current one.
pub(super) fn mark(transaction: &Transaction<'_>, server: Taker, changes: &[Announced]) -> Rows<bool> {
    if current(transaction)? != Some(server) {
        return Ok(false);
    }
    let mut mark = transaction.prepare_cached(MARK)?;
    for change in changes {
        mark.execute((server.0, change.row.cast_signed()))?;
    }
    Ok(true)
}

pub(super) fn make_current(transaction: &Transaction<'_>, server: Taker) -> Rows<()> {
    if transaction.prepare_cached(REPLACE)?.execute([server.0])? > 0 {
        transaction.prepare_cached(UNMARK)?.execute([server.0])?;
    }
    Ok(())
}

/// The server for which rows count as taken.
pub(super) fn current(transaction: &Transaction<'_>) -> Rows<Option<Taker>> {
    Ok(transaction.prepare_cached(CURRENT)?.query_row([], |row| Ok(row.get::<_, Option<[u8; 16]>>(0)?.map(Taker)))?)
}

/// A number of microseconds or rows, which is never negative; SQLite may have computed it as a fraction.
pub(super) fn micros(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let micros: f64 = row.get(column)?;
    Ok(Duration::try_from_secs_f64(micros / 1e6).map_or(0, |age| u64::try_from(age.as_micros()).unwrap_or(u64::MAX)))
}

/// A limit as SQLite knows it.
pub(super) fn bounded(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn announced(row: &Row<'_>) -> rusqlite::Result<Announced> {
    let number = row.get::<_, i64>(0)?.cast_unsigned();
    let what = changed(row)?.unwrap_or_else(|| {
        tracing::warn!(row = number, "a change cannot be read; it counts as a change of everything");
        Changed::Everything
    });
    Ok(Announced { row: number, what, taken_by: row.get::<_, Option<[u8; 16]>>(10)?.map(Taker) })
}

/// `None` if it is no product by the rules of the domain.
fn changed(row: &Row<'_>) -> rusqlite::Result<Option<Changed>> {
    let Some(id) = row.get::<_, Option<i64>>(1)? else { return Ok(Some(Changed::Everything)) };
    let version = Version(row.get(2)?);
    let (Ok(id), Ok(before), Ok(after)) = (ProductId::new(id), listing(row, 3)?, listing(row, 6)?) else {
        return Ok(None);
    };
    Ok(Some(Changed::Product { id, version, before, after, changed: aspects(row, 9)? }))
}

/// What a change touched; a row of an earlier release does not say.
fn aspects(row: &Row<'_>, column: usize) -> rusqlite::Result<Aspects> {
    let bits = row.get::<_, Option<i64>>(column)?.map(u8::try_from);
    Ok(bits.and_then(Result::ok).map_or(Aspects::ALL, Aspects::from_bits))
}

/// No category means that it was listed nowhere.
fn listing(row: &Row<'_>, first: usize) -> rusqlite::Result<Result<Option<Listing>, larder_domain::ValidationError>> {
    let Some(category) = row.get::<_, Option<String>>(first)? else { return Ok(Ok(None)) };
    let (featured, published) = (row.get(first + 1)?, row.get(first + 2)?);
    Ok(Category::new(category).map(|category| Some(Listing { category, featured, published })))
}
