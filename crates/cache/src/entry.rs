//! What L1 holds for a key: a value or its absence, provisional until the fence has been checked again.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    fence::Stamp,
    sync::{AtomicBool, AtomicU64, Ordering},
    tags::{self, Generation},
};

/// Bytes that an entry costs beside its key and value: this type, moka's nodes (320 of them), and what the allocator adds to each of ten
/// allocations. Measured with a million entries on glibc.
const OVERHEAD_BYTES: usize = 600;

/// Until when an entry may be used, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    /// End of its life in L1.
    pub(crate) fresh_until: Instant,
    /// End of its life in L2; not before `fresh_until`.
    pub(crate) soft_until: Instant,
    /// End of the grace in which it may be served if it cannot be renewed; not before `soft_until`.
    pub(crate) stale_until: Instant,
    /// How long the load took that made it.
    pub(crate) cost: Duration,
}

/// One entry of L1.
#[derive(Debug)]
pub(crate) struct Entry<K, V> {
    pub(crate) key: Arc<K>,
    /// The value; `None` is a cached absence.
    pub(crate) value: Option<V>,
    pub(crate) version: Option<u64>,
    pub(crate) life: Life,
    /// From when on an early refresh is considered.
    pub(crate) early_from: Instant,
    /// Before its source was asked for it.
    pub(crate) seen_at: Instant,
    /// Whether that source says by itself what is right, whatever else was heard: the loader does.
    pub(crate) is_vouched: bool,
    pub(crate) stamp: Stamp,
    pub(crate) weight: u32,
    pub(crate) tags: Box<[Arc<Generation>]>,
    /// Whether the generations of its tags could be attached; if not, it is handed out and kept nowhere.
    pub(crate) tracked: bool,
    live: AtomicBool,
    /// A draw has fallen: the next one who can should refresh it.
    due: AtomicBool,
    refreshing: AtomicBool,
    /// Nanoseconds after `seen_at` before which no new load is tried, because one has failed.
    retry_after: AtomicU64,
}

impl<K, V> Entry<K, V> {
    /// An entry that is not live yet, of `bytes` for its key and value.
    pub(crate) fn provisional(
        key: K,
        value: Option<V>,
        life: Life,
        seen_at: Instant,
        stamp: Stamp,
        bytes: usize,
    ) -> Self {
        let whole = bytes.saturating_add(2 * size_of::<K>() + size_of::<V>() + OVERHEAD_BYTES);
        Self {
            key: Arc::new(key),
            value,
            version: None,
            life,
            early_from: life.fresh_until,
            seen_at,
            is_vouched: false,
            stamp,
            weight: u32::try_from(whole).unwrap_or(u32::MAX),
            tags: Box::default(),
            tracked: true,
            live: AtomicBool::new(false),
            due: AtomicBool::new(false),
            refreshing: AtomicBool::new(false),
            retry_after: AtomicU64::new(0),
        }
    }

    /// Gives it its tags, which weigh as well.
    pub(crate) fn carry(&mut self, tags: Box<[Arc<Generation>]>) {
        self.weight = self.weight.saturating_add(u32::try_from(size_of_val(&*tags)).unwrap_or(u32::MAX));
        self.tags = tags;
    }

    pub(crate) fn make_live(&self) {
        self.live.store(true, Ordering::Release);
    }

    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    /// Whether none of its tags was invalidated.
    pub(crate) fn tags_hold(&self) -> bool {
        self.tracked && tags::hold(&self.tags)
    }

    /// Whether it should be refreshed early: a draw fell now, or earlier for one who could not see to it. So that a read which looks
    /// twice does not have to win two draws.
    pub(crate) fn is_due(&self, draw: impl FnOnce() -> bool) -> bool {
        if self.is_refreshing() {
            return false;
        }
        if !self.due.load(Ordering::Relaxed) && draw() {
            self.due.store(true, Ordering::Relaxed);
        }
        self.due.load(Ordering::Relaxed)
    }

    /// Whether the caller is the one who refreshes it early. There is one such attempt for an entry.
    pub(crate) fn begin_refresh(&self) -> bool {
        !self.refreshing.load(Ordering::Relaxed) && !self.refreshing.swap(true, Ordering::Relaxed)
    }

    fn is_refreshing(&self) -> bool {
        self.refreshing.load(Ordering::Relaxed)
    }

    /// Notes that it could not be renewed: until `retry_at` it is served as it is.
    pub(crate) fn hold_until(&self, retry_at: Instant) {
        let nanoseconds = retry_at.saturating_duration_since(self.seen_at).as_nanos();
        self.retry_after.store(u64::try_from(nanoseconds).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    pub(crate) fn is_held(&self, now: Instant) -> bool {
        let after = self.retry_after.load(Ordering::Relaxed);
        after > 0 && now.saturating_duration_since(self.seen_at) < Duration::from_nanos(after)
    }
}
