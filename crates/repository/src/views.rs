//! The contract for counted views, which become the popularity of products.

use std::fmt;

use async_trait::async_trait;
use larder_domain::ProductId;

use crate::Error;

/// Names a batch of views: 16 random bytes, drawn once, kept over every attempt to add it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ViewBatchId(pub [u8; 16]);

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewsAdded {
    /// It was added now, to so many products. Those that do not exist were left out.
    Now {
        /// Products whose popularity moved.
        products: u64,
    },
    /// It had been added before: nothing was changed.
    Before,
}

/// Adds views to the popularity of products. Used as `Arc<dyn ViewRepository>`.
#[async_trait]
pub trait ViewRepository: fmt::Debug + Send + Sync {
    /// Adds `views`, at most [`MAX_BATCH`](crate::MAX_VIEW_BATCH) products, each once, in one transaction that also remembers `batch` for a day at
    /// least: a batch is added once, however often it is tried. Each product is one changed row, announced like any other change; a
    /// popularity stops at the largest count that the domain allows.
    ///
    /// # Errors
    /// `Unavailable`, or `Timeout`, after which the batch may have been added or not: try it again. `Invalid` for a batch that is too large or
    /// names a product twice.
    async fn add_views(&self, batch: ViewBatchId, views: &[(ProductId, u64)]) -> Result<ViewsAdded, Error>;
}

/// The most products of one batch of views, so that each is announced by itself.
pub const MAX_VIEW_BATCH: usize = 500;
