//! The outbox: what every committed change leaves behind in its own transaction, for whoever has to forget cached copies.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use larder_domain::{ProductId, Version};

use crate::{Aspects, Error, Listing, Position};

/// Which server of the shared cache level took something: 16 bytes that name one life of one server and its lineage.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Taker(pub [u8; 16]);

impl fmt::Debug for Taker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Taker({:032x})", u128::from_be_bytes(self.0))
    }
}

/// A committed change, as the database announces it: whoever made it, by whatever statement fires triggers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announced {
    /// Number of its row in the outbox. Rows become visible in any order: a lower number may come later.
    pub row: u64,
    /// What changed.
    pub what: Changed,
    /// The server that took its invalidation; `None` while it is pending.
    pub taken_by: Option<Taker>,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// One product.
    Product {
        /// Its id.
        id: ProductId,
        /// The version that the change took, that of a removal included; the same as in [`Written`](crate::Written).
        version: Version,
        /// Where it was listed before; `None` if it did not exist.
        before: Option<Listing>,
        /// Where it is listed now; `None` if it no longer exists.
        after: Option<Listing>,
        /// What else changed of it; nothing for a product that came or went.
        changed: Aspects,
    },
    /// Anything: the table was truncated, one statement changed very many rows, or the outbox had grown over its limit.
    Everything,
}

/// What one poll of a tail saw, all of it at one moment of the database.
#[derive(Debug, Clone)]
pub struct Polled {
    /// What was committed since the last poll; `None` if the tail cannot tell (its first poll, a gap, another timeline, more than its
    /// limit): then anything may have changed.
    pub changes: Option<Vec<Announced>>,
    /// What this tail has heard of, this poll included.
    pub heard: Heard,
    /// The highest row that is visible; 0 without one.
    pub newest_row: u64,
    /// The lowest pending row; `None` if nothing is pending.
    pub pending_from: Option<u64>,
    /// The server for which rows count as taken at present; `None` before the first.
    pub current: Option<Taker>,
}

/// The set of committed transactions that a tail has heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Everything below was decided when the tail looked.
    pub below: u64,
    /// What was still open although lower than [`Self::below`]; sorted.
    pub but: Vec<u64>,
    /// The life of the database to which the numbers belong.
    pub timeline: u64,
}

impl Heard {
    /// Whether a change at `position` was heard of.
    pub fn covers(&self, position: Position) -> bool {
        position.timeline == self.timeline
            && position.number < self.below
            && self.but.binary_search(&position.number).is_err()
    }
}

/// How long and how much an outbox keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Rows older than this are deleted.
    pub retention: Duration,
    /// Most pending rows: over it, one [`Changed::Everything`] takes their place.
    pub max_pending: u64,
}

/// What a trim did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Rows deleted by age.
    pub deleted: u64,
    /// Pending rows that became one [`Changed::Everything`], because they were too many or too old.
    pub collapsed: u64,
}

/// How an outbox stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxStatus {
    /// Rows that no server took yet; counted up to the limit that was asked for.
    pub pending: u64,
    /// Age of the oldest of them.
    pub oldest_pending: Option<Duration>,
    /// The server for which rows count as taken at present.
    pub current: Option<Taker>,
    /// Below this number every change is known to have been taken by `current`; what L2 may be marked with.
    pub taken_below: u64,
    /// The highest number of a change whose row was deleted: what L2 missed up to here cannot be told again.
    pub deleted_through: u64,
}

/// Tells invalidations to the shared cache level.
#[async_trait]
pub trait Take: Send + Sync {
    /// Takes all of them, in order; answers the server that did, `None` if not all were taken.
    async fn take(&self, changes: &[Announced]) -> Option<Taker>;
}

/// The rows that triggers leave behind. Used as `Arc<dyn Outbox>`; any number of processes share one.
///
/// # Consistency
/// A row is committed with its change. It counts as taken only under the server that is current: when another becomes current, all
/// rows that are kept are pending again.
///
/// # Errors
/// Every method fails with `Unavailable` or `Timeout` when the database does not answer.
#[async_trait]
pub trait Outbox: fmt::Debug + Send + Sync {
    /// Opens a tail on a connection of its own.
    async fn tail(&self) -> Result<Box<dyn OutboxTail>, Error>;

    /// Claims up to `limit` pending rows that no other relay holds, in the order of their numbers, lets them be taken, and marks them
    /// if the server that took them is the current one. Answers how many rows were claimed and whether they were marked.
    async fn relay(&self, limit: usize, take: &dyn Take) -> Result<Relayed, Error>;

    /// Makes `server` the current one. If another was, every row is pending again.
    async fn make_current(&self, server: Taker) -> Result<(), Error>;

    /// Deletes by age and bounds what is pending; without a current server, old rows are deleted whether taken or not. After a restore onto
    /// another timeline, all rows become one [`Changed::Everything`]. Of several callers at a time one does it; call it every few seconds.
    async fn trim(&self, limits: OutboxLimits) -> Result<Trimmed, Error>;

    /// How it stands; pending rows are counted up to `count_up_to`.
    async fn status(&self, count_up_to: u64) -> Result<OutboxStatus, Error>;

    /// Whether notifications reach a tail: sends one from the pool and waits for it on a connection as a tail has. `false` if none came
    /// within `patience`, as behind a pooler that changes connections between transactions. Always `true` where none are needed.
    async fn notifies(&self, patience: Duration) -> Result<bool, Error>;
}

/// What a relay did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Relayed {
    /// Rows that were claimed.
    pub claimed: usize,
    /// Whether they were taken and marked.
    pub marked: bool,
    /// How long the oldest of them had waited since it was written.
    pub oldest: Option<Duration>,
}

/// A node's own view of the outbox: each row once, whatever relays do.
///
/// # Consistency
/// What a tail has [`Heard`] is worth nothing once its connection is lost: a database that crashed may give the numbers of transactions that
/// were open then to others. A new tail begins with a gap.
#[async_trait]
pub trait OutboxTail: fmt::Debug + Send {
    /// What was committed since the last poll, in one question; more than `limit` rows are answered as a gap.
    ///
    /// # Errors
    /// As [`Outbox`]. The next poll tells again what this one would have told.
    ///
    /// # Cancellation
    /// As an error.
    async fn poll(&mut self, limit: usize) -> Result<Polled, Error>;

    /// Waits until something may have been committed, or `longest` has passed.
    ///
    /// # Errors
    /// `Unavailable` when the connection is lost.
    async fn wait(&mut self, longest: Duration) -> Result<(), Error>;
}
