//! Reads rows of the outbox.

use larder_domain::{Category, ProductId, Version};
use larder_repository::{Announced, Changed, Listing, Taker};
use tokio_postgres::Row;

use crate::{failure::Failure, rows};

/// How many columns a row has, from its number to its taker.
pub(super) const COLUMNS: usize = 11;

/// The row of the outbox that begins at `first`.
pub(super) fn announced(row: &Row, first: usize) -> Result<Announced, Failure> {
    let number = rows::number(rows::cell(row, first)?)?;
    let what = changed(row, first + 1).unwrap_or_else(|failure| {
        tracing::warn!(row = number, ?failure, "a change cannot be read; it counts as a change of everything");
        Changed::Everything
    });
    Ok(Announced { row: number, what, taken_by: taker(row, first + COLUMNS - 1)? })
}

fn changed(row: &Row, first: usize) -> Result<Changed, Failure> {
    let Some(id) = rows::cell::<Option<i64>>(row, first)? else { return Ok(Changed::Everything) };
    Ok(Changed::Product {
        id: ProductId::new(id).map_err(Failure::row)?,
        version: Version(rows::cell(row, first + 1)?),
        before: listing(row, first + 2)?,
        after: listing(row, first + 5)?,
        changed: rows::aspects(row, first + 8)?,
    })
}

fn listing(row: &Row, first: usize) -> Result<Option<Listing>, Failure> {
    let Some(category) = rows::cell::<Option<String>>(row, first)? else { return Ok(None) };
    let category = Category::new(category).map_err(Failure::row)?;
    Ok(Some(Listing { category, featured: rows::cell(row, first + 1)?, published: rows::cell(row, first + 2)? }))
}

/// The server that stands in a column.
pub(super) fn taker(row: &Row, column: usize) -> Result<Option<Taker>, Failure> {
    let bytes: Option<&[u8]> = rows::cell(row, column)?;
    bytes.map(|bytes| bytes.try_into().map(Taker).map_err(Failure::row)).transpose()
}
