//! A repository of views in memory, which keeps the contract.

use std::{
    collections::{BTreeMap, HashSet},
    sync::{Mutex, MutexGuard},
};

use async_trait::async_trait;
use larder_domain::{ProductId, ValidationError};
use larder_repository::{Error, ErrorKind, MAX_VIEW_BATCH, ViewBatchId, ViewRepository, ViewsAdded};

/// What is in it.
#[derive(Debug, Default)]
pub(crate) struct Pages {
    batches: HashSet<ViewBatchId>,
    /// Views, and changes of the row.
    pub(crate) rows: BTreeMap<ProductId, (u64, u64)>,
    /// While set, nothing is added.
    pub(crate) is_away: bool,
    /// Refuses what names this product.
    pub(crate) refused: Option<ProductId>,
}

#[derive(Debug, Default)]
pub(crate) struct Book(Mutex<Pages>);

impl Book {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().expect("not poisoned")
    }

    pub(crate) fn total(&self) -> u64 {
        self.pages().rows.values().map(|(views, _)| views).sum()
    }

    /// Views, and changes of its row.
    pub(crate) fn row(&self, product: i64) -> (u64, u64) {
        self.pages().rows.get(&id(product)).copied().unwrap_or_default()
    }
}

#[async_trait]
impl ViewRepository for Book {
    async fn add_views(&self, batch: ViewBatchId, views: &[(ProductId, u64)]) -> Result<ViewsAdded, Error> {
        let mut pages = self.pages();
        let different: HashSet<_> = views.iter().map(|(product, _)| *product).collect();
        assert!(different.len() == views.len() && views.len() <= MAX_VIEW_BATCH && !views.is_empty());
        if pages.is_away {
            return Err(Error::new(ErrorKind::Unavailable, "add views"));
        }
        if pages.refused.is_some_and(|refused| different.contains(&refused)) {
            return Err(Error::invalid("add views", ValidationError::new("views", "is refused")));
        }
        if !pages.batches.insert(batch) {
            return Ok(ViewsAdded::Before);
        }
        for (product, views) in views {
            let row = pages.rows.entry(*product).or_default();
            *row = (row.0 + views, row.1 + 1);
        }
        Ok(ViewsAdded::Now { products: views.len() as u64 })
    }
}

pub(crate) fn id(id: i64) -> ProductId {
    ProductId::new(id).expect("is positive")
}
