//! Counted views, which become the popularity of products.

use std::collections::HashSet;

use async_trait::async_trait;
use larder_domain::{ProductId, ValidationError};
use larder_repository::{Error, MAX_VIEW_BATCH, ViewBatchId, ViewRepository, ViewsAdded};

use crate::{PostgresDatabase, rows};

const ADD: &str = include_str!("../queries/views_add.sql");
/// The largest count of the domain. To add more would do the same.
const MOST: u64 = 1_000_000_000_000;

/// The views of a PostgreSQL database.
///
/// # Cancellation
/// A batch is one statement: dropped at any point it is added as a whole or not at all, and trying it again finds out.
#[derive(Debug, Clone)]
pub struct PostgresViews {
    database: PostgresDatabase,
}

impl PostgresViews {
    /// The views of `database`, which must be migrated.
    pub fn new(database: &PostgresDatabase) -> Self {
        Self { database: database.clone() }
    }
}

#[async_trait]
impl ViewRepository for PostgresViews {
    async fn add_views(&self, batch: ViewBatchId, views: &[(ProductId, u64)]) -> Result<ViewsAdded, Error> {
        const ATTEMPTED: &str = "add views";
        check(views).map_err(|broken| Error::invalid(ATTEMPTED, broken))?;
        let ids: Vec<i64> = views.iter().map(|(id, _)| id.get()).collect();
        let counts: Vec<i64> = views.iter().map(|(_, count)| (*count).min(MOST).cast_signed()).collect();
        let client = self.database.lend(ATTEMPTED).await?;
        let add = async {
            let add = client.prepare_cached(ADD).await?;
            let row = client.query_one(&add, &[&batch.0.as_slice(), &ids, &counts]).await?;
            let products = rows::count(&row, 1)?;
            Ok(if rows::cell(&row, 0)? { ViewsAdded::Now { products } } else { ViewsAdded::Before })
        };
        client.term().bound(add).await
    }
}

fn check(views: &[(ProductId, u64)]) -> Result<(), ValidationError> {
    let mut seen = HashSet::with_capacity(views.len());
    if views.len() > MAX_VIEW_BATCH {
        return Err(ValidationError::new("views", "must be of at most 500 products"));
    }
    if !views.iter().all(|(id, _)| seen.insert(*id)) {
        return Err(ValidationError::new("views", "must name each product once"));
    }
    Ok(())
}
