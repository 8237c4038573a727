//! How many more products L1 has room for.

use crate::caches::Caches;

/// Bytes that a product takes beside its JSON, rather too many than too few.
const OVERHEAD: u64 = 768;
/// What a product is taken to need while none was seen.
const USUAL: u64 = 2 << 10;

/// The room that is left in the L1 of products. What it reports comes a moment late, so that what was put there is counted here as well.
#[derive(Debug)]
pub(super) struct Room {
    caches: Caches,
    /// Bytes that may be filled; `None` without an L1, where there is nothing to evict.
    limit: Option<u64>,
    taken: u64,
    count: u64,
}

impl Room {
    pub(super) fn of(caches: &Caches) -> Self {
        // A tenth is left to what is asked for meanwhile.
        let limit = (caches.product_bytes > 0).then_some(caches.product_bytes / 10 * 9);
        Self { caches: caches.clone(), limit, taken: 0, count: 0 }
    }

    /// A product whose JSON has so many bytes was put there.
    pub(super) fn take(&mut self, bytes: usize) {
        self.taken += bytes as u64 + OVERHEAD;
        self.count += 1;
    }

    /// How many more products there is room for, if they are like those so far.
    pub(super) fn products(&self) -> u64 {
        let Some(limit) = self.limit else { return u64::MAX };
        let used = self.taken.max(self.caches.products.statistics().gauges.l1_bytes);
        let each = self.taken.checked_div(self.count).unwrap_or(USUAL);
        limit.saturating_sub(used) / each.max(1)
    }
}
