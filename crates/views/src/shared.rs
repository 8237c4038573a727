//! What all nodes have in common: the contract of the level between the buffers and the database.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use larder_cache::{Nonce, RemoteError};
use larder_domain::ProductId;
use larder_repository::ViewBatchId;

/// Views under the id that the database knows them by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewBatch {
    /// Drawn once, kept over every attempt.
    pub id: ViewBatchId,
    /// Products and how often each was viewed; each product once.
    pub views: Vec<(ProductId, u64)>,
}

impl ViewBatch {
    /// A batch under an id that nobody has seen.
    pub fn new(views: Vec<(ProductId, u64)>) -> Self {
        Self { id: fresh_id(), views }
    }

    /// All views together.
    pub fn sum(&self) -> u64 {
        self.views.iter().fold(0, |sum, (_, views)| sum.saturating_add(*views))
    }
}

/// How things stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Changes when what was pending may have been lost.
    pub epoch: Nonce,
    /// The last round of which nothing is left to drain.
    pub done: u64,
    /// How long the oldest pending views have been there; `None` if there are none.
    pub oldest: Option<Duration>,
}

/// What became of parcels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// How things stand.
    pub standing: Standing,
    /// The round that will drain what was settled.
    pub round: u64,
    /// For each parcel, whether it was there.
    pub found: Vec<bool>,
}

/// Who wants a batch, and on what terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakeRequest {
    /// Who asks.
    pub by: Nonce,
    /// How long nobody else gets one.
    pub lease: Duration,
    /// Time between the beginnings of two rounds.
    pub period: Duration,
    /// The age from which a parcel that nobody settled is drained under its own id.
    pub abandoned: Duration,
}

/// The answer to a [`TakeRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// Somebody else drains.
    Busy,
    /// Nothing is to be drained now. The lease has ended.
    Nothing,
    /// A batch, which stays there until it is finished; the same one is given again until then.
    Batch(ViewBatch),
}

/// The level that nodes share. Used as `Arc<dyn SharedViews>`.
///
/// # Errors
/// Every method fails when the level cannot be asked; then it may have happened or not.
///
/// # Cancellation
/// As an error.
#[async_trait]
pub trait SharedViews: fmt::Debug + Send + Sync {
    /// Keeps parcels, all or none. Nobody adds them to the database for a while, and then only under their ids.
    async fn stage(&self, parcels: &[ViewBatch]) -> Result<(), RemoteError>;

    /// Merges staged parcels into what is pending for all nodes. Only for who knows that they were staged, and will never add them
    /// to the database. Those that are not there (any more) are left out.
    async fn settle(&self, parcels: &[ViewBatchId]) -> Result<Settled, RemoteError>;

    /// Takes the next batch out of what is pending.
    async fn take(&self, request: &TakeRequest) -> Result<(Standing, Taken), RemoteError>;

    /// Forgets a batch that the database has.
    async fn finish(&self, batch: ViewBatchId) -> Result<(), RemoteError>;

    /// Gives the lease back, if `by` has it.
    async fn release(&self, by: Nonce) -> Result<(), RemoteError>;
}

pub(crate) fn fresh_id() -> ViewBatchId {
    ViewBatchId(Nonce::random().0)
}
