//! What a node has taken out of its buffer and not passed on yet; it grows while what was before is being passed on.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use larder_domain::ProductId;
use larder_repository::MAX_VIEW_BATCH;

use crate::{
    buffer::{Buffer, Tally},
    shared::ViewBatch,
};

/// The most different products that wait.
const MOST: usize = 200_000;
/// From so many different products on, the next flush is not waited for.
const MANY: usize = 50_000;

/// Views without an id: what comes is added.
#[derive(Debug)]
pub(crate) struct Intake(Mutex<Waiting>);

#[derive(Debug)]
struct Waiting {
    tally: Tally,
    spare: Tally,
    /// Not later than the oldest view that waits.
    since: Option<Instant>,
    collected: Instant,
}

/// What a look at the buffer brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Collected {
    /// Views for which there was no room.
    pub(crate) dropped: u64,
    /// Whether more waits than should until the next flush.
    pub(crate) is_large: bool,
}

impl Intake {
    pub(crate) fn new() -> Self {
        let (tally, spare) = Default::default();
        Self(Mutex::new(Waiting { tally, spare, since: None, collected: Instant::now() }))
    }

    /// Empties the buffer.
    pub(crate) fn collect(&self, buffer: &Buffer) -> Collected {
        let mut waiting = self.lock();
        let Waiting { tally, spare, since, collected } = &mut *waiting;
        let (now, mut dropped) = (Instant::now(), 0);
        let taken = buffer.take(spare, |product, views| {
            if tally.len() < MOST || tally.contains_key(&product) {
                *tally.entry(product).or_default() += views;
            } else {
                dropped += views;
            }
        });
        if taken > 0 {
            since.get_or_insert(*collected);
        }
        *collected = now;
        Collected { dropped, is_large: tally.len() > MANY }
    }

    /// Up to `most` batches, each under an id from now on, and since when the oldest of these views wait.
    pub(crate) fn next(&self, most: usize) -> (Vec<ViewBatch>, Instant) {
        let mut waiting = self.lock();
        let since = waiting.since.unwrap_or(waiting.collected);
        let mut batches = Vec::new();
        while batches.len() < most && !waiting.tally.is_empty() {
            let products: Vec<ProductId> = waiting.tally.keys().take(MAX_VIEW_BATCH).copied().collect();
            let views = products.iter().filter_map(|product| waiting.tally.remove_entry(product)).collect();
            batches.push(ViewBatch::new(views));
        }
        if waiting.tally.is_empty() {
            waiting.since = None;
        }
        (batches, since)
    }

    /// Views that wait here, and since when.
    pub(crate) fn waiting(&self) -> (u64, Option<Instant>) {
        let waiting = self.lock();
        (waiting.tally.values().sum(), waiting.since)
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(buffer: &Buffer, intake: &Intake, products: std::ops::RangeInclusive<i64>) -> Collected {
        let mut last = Collected { dropped: 0, is_large: false };
        for product in products {
            buffer.count(ProductId::new(product).expect("is positive"));
            if product % 1_000 == 0 {
                let now = intake.collect(buffer);
                last = Collected { dropped: last.dropped + now.dropped, ..now };
            }
        }
        last
    }

    #[test]
    fn what_waits_is_bounded_and_what_is_known_is_still_counted() {
        let (buffer, intake) = (Buffer::new(), Intake::new());
        assert!(!count(&buffer, &intake, 1..=50_000).is_large);
        assert_eq!(count(&buffer, &intake, 50_001..=203_000), Collected { dropped: 3_000, is_large: true });
        assert_eq!(count(&buffer, &intake, 1..=1_000).dropped, 0);
        assert_eq!(intake.waiting().0, 201_000);
    }

    #[test]
    fn batches_hold_500_products_and_everything_once() {
        let (buffer, intake) = (Buffer::new(), Intake::new());
        count(&buffer, &intake, 1..=2_000);
        let (batches, since) = intake.next(3);
        assert_eq!(batches.iter().map(|batch| batch.views.len()).collect::<Vec<_>>(), [500; 3]);
        assert_eq!(intake.waiting(), (500, Some(since)));
        assert_eq!(intake.next(3).0.len(), 1);
        assert_eq!(intake.waiting(), (0, None));
        assert!(intake.next(3).0.is_empty());
    }
}
