//! Counted views in SQLite.

use std::collections::HashSet;

use async_trait::async_trait;
use larder_domain::{ProductId, ValidationError};
use larder_repository::{Error, MAX_VIEW_BATCH, ViewBatchId, ViewRepository, ViewsAdded};
use rusqlite::Transaction;

use crate::{SqliteDatabase, failure::Failure, products::MAX_COUNT};

const REMEMBER: &str = "INSERT INTO view_batches (id) VALUES (?1) ON CONFLICT DO NOTHING";
/// Two days are a day at least, whenever the next batch comes.
const FORGET: &str = "DELETE FROM view_batches WHERE added_at < (unixepoch('subsec') - 2 * 86400) * 1000000";
/// A popularity that is as large as can be does not move.
const ADD: &str =
    "UPDATE products SET popularity = min(popularity + ?2, ?3) WHERE id = ?1 AND ?2 > 0 AND popularity < ?3";

/// Adds views to the products of a SQLite database.
#[derive(Debug, Clone)]
pub struct SqliteViews {
    database: SqliteDatabase,
}

impl SqliteViews {
    /// For the products of `database`, which must be migrated.
    pub fn new(database: &SqliteDatabase) -> Self {
        Self { database: database.clone() }
    }
}

#[async_trait]
impl ViewRepository for SqliteViews {
    async fn add_views(&self, batch: ViewBatchId, views: &[(ProductId, u64)]) -> Result<ViewsAdded, Error> {
        const ATTEMPTED: &str = "add views";
        check(views).map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
        let views = views.to_vec();
        self.database.write(ATTEMPTED, move |transaction| add(transaction, batch, &views)).await
    }
}

fn check(views: &[(ProductId, u64)]) -> Result<(), ValidationError> {
    if views.len() > MAX_VIEW_BATCH {
        return Err(ValidationError::new("views", format!("must be of at most {MAX_VIEW_BATCH} products")));
    }
    let mut seen = HashSet::with_capacity(views.len());
    if views.iter().all(|(id, _)| seen.insert(*id)) {
        return Ok(());
    }
    Err(ValidationError::new("views", "must name each product once"))
}

fn add(transaction: &Transaction<'_>, batch: ViewBatchId, views: &[(ProductId, u64)]) -> Result<ViewsAdded, Failure> {
    if transaction.prepare_cached(REMEMBER)?.execute([batch.0])? == 0 {
        return Ok(ViewsAdded::Before);
    }
    transaction.prepare_cached(FORGET)?.execute([])?;
    let mut add = transaction.prepare_cached(ADD)?;
    let mut products = 0;
    for (id, count) in views {
        let count = i64::try_from(*count).map_or(MAX_COUNT, |count| count.min(MAX_COUNT));
        products += add.execute((id.get(), count, MAX_COUNT))? as u64;
    }
    Ok(ViewsAdded::Now { products })
}
