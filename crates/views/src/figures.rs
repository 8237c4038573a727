//! What became of the views that this node counted.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

/// What became of views on this node, since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ViewsStatus {
    /// Views that wait in this process.
    pub buffered: u64,
    /// Views that this process gave to Redis.
    pub flushed: u64,
    /// Views that this process added to the database, those of other nodes included. Views of products that no longer exist count too.
    pub drained: u64,
    /// Batches in which it did.
    pub batches: u64,
    /// Products that it changed so; each is one changed row.
    pub products: u64,
    /// Views that were not counted because too many waited.
    pub dropped: u64,
    /// Views of this process that may have been lost, with Redis or because the database refused them.
    pub lost: u64,
    /// How long the oldest known views have waited, here or in Redis; `None` if none wait.
    pub oldest: Option<Duration>,
    /// Whether Redis is configured, and did not answer last time.
    pub is_cut_off: bool,
}

/// The figures while they move.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) flushed: AtomicU64,
    drained: AtomicU64,
    batches: AtomicU64,
    products: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) lost: AtomicU64,
    pub(crate) is_cut_off: AtomicBool,
    held: Mutex<(u64, Option<Instant>)>,
}

impl Figures {
    /// Views that wait under an id, and since when.
    pub(crate) fn set_held(&self, held: (u64, Option<Instant>)) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    pub(crate) fn drained(&self, views: u64, products: u64) {
        self.drained.fetch_add(views, Relaxed);
        self.batches.fetch_add(1, Relaxed);
        self.products.fetch_add(products, Relaxed);
    }

    /// `waiting` is what has no id yet, `in_redis` since when others wait there.
    pub(crate) fn status(&self, waiting: (u64, Option<Instant>), in_redis: Option<Instant>) -> ViewsStatus {
        let held = *self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let oldest = [waiting.1, held.1, in_redis].into_iter().flatten().min();
        ViewsStatus {
            buffered: waiting.0 + held.0,
            flushed: self.flushed.load(Relaxed),
            drained: self.drained.load(Relaxed),
            batches: self.batches.load(Relaxed),
            products: self.products.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            lost: self.lost.load(Relaxed),
            oldest: oldest.map(|oldest| oldest.elapsed()),
            is_cut_off: self.is_cut_off.load(Relaxed),
        }
    }
}
