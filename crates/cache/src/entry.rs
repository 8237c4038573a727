//! What L1 holds for a key: a value or its absence, provisional until the fence has been checked again.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Instant,
};

use crate::fence::Stamp;

/// Bytes that an entry costs beside its key and value: the allocation, its counters and moka's own node.
pub(crate) const OVERHEAD_BYTES: usize = 200;

/// One entry of L1.
#[derive(Debug)]
pub(crate) struct Entry<V> {
    /// The value; `None` is a cached absence.
    pub(crate) value: Option<V>,
    pub(crate) expires_at: Instant,
    pub(crate) stamp: Stamp,
    pub(crate) weight: u32,
    live: AtomicBool,
}

impl<V> Entry<V> {
    pub(crate) fn provisional(value: Option<V>, expires_at: Instant, stamp: Stamp, weight: usize) -> Self {
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        Self { value, expires_at, stamp, weight, live: AtomicBool::new(false) }
    }

    pub(crate) fn make_live(&self) {
        self.live.store(true, Ordering::Release);
    }

    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }
}
