//! Where requests count: one table for each thread, so that workers wait for nobody.

use std::{
    collections::HashMap,
    mem,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use crossbeam_utils::CachePadded;
use larder_domain::ProductId;
use tokio::sync::Notify;

/// More than there are workers; threads beyond share.
const STRIPES: usize = 64;
/// The most different products of one table. Room for them is made once, when its thread first counts.
const MOST: usize = 4_096;

/// Views by product.
pub(crate) type Tally = HashMap<ProductId, u64>;

/// Dealt out round robin, so that the threads of one pool spread over all stripes.
static NEXT_STRIPE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The stripe in which this thread counts, the same in every buffer.
    static STRIPE: usize = NEXT_STRIPE.fetch_add(1, Ordering::Relaxed) % STRIPES;
}

/// Views that nothing was done with yet.
#[derive(Debug)]
pub(crate) struct Buffer {
    stripes: Box<[CachePadded<Mutex<Stripe>>]>,
    /// Views for which there was no room.
    dropped: AtomicU64,
    filling: Notify,
}

#[derive(Debug, Default)]
struct Stripe {
    tally: Tally,
    sum: u64,
}

impl Buffer {
    pub(crate) fn new() -> Self {
        let stripes = (0..STRIPES).map(|_stripe| CachePadded::default()).collect();
        Self { stripes, dropped: AtomicU64::new(0), filling: Notify::new() }
    }

    /// Adds one view. Only the collector ever holds the lock that this waits for, and for the time of an exchange.
    pub(crate) fn count(&self, product: ProductId) {
        let mut stripe = lock(&self.stripes[STRIPE.with(|stripe| *stripe)]);
        let Stripe { tally, sum } = &mut *stripe;
        if let Some(views) = tally.get_mut(&product) {
            *views += 1;
            *sum += 1;
            return;
        }
        if tally.capacity() == 0 {
            tally.reserve(MOST);
        }
        if tally.len() >= MOST {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        tally.insert(product, 1);
        *sum += 1;
        if tally.len() == MOST / 2 {
            self.filling.notify_one();
        }
    }

    /// Waits until a table is half full.
    pub(crate) async fn filling(&self) {
        self.filling.notified().await;
    }

    /// Takes what was counted, table by table; answers how much that was. `spare` is an empty table, for the room that it has.
    pub(crate) fn take(&self, spare: &mut Tally, mut each: impl FnMut(ProductId, u64)) -> u64 {
        let mut taken = 0;
        for stripe in &self.stripes {
            {
                let mut stripe = lock(stripe);
                if stripe.tally.is_empty() {
                    continue;
                }
                spare.reserve(MOST);
                mem::swap(&mut stripe.tally, spare);
                taken += mem::take(&mut stripe.sum);
            }
            for (product, views) in spare.drain() {
                each(product, views);
            }
        }
        taken
    }

    /// Views that wait here.
    pub(crate) fn waiting(&self) -> u64 {
        self.stripes.iter().map(|stripe| lock(stripe).sum).sum()
    }

    pub(crate) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn lock(stripe: &Mutex<Stripe>) -> MutexGuard<'_, Stripe> {
    stripe.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn id(id: i64) -> ProductId {
        ProductId::new(id).expect("is positive")
    }

    fn take(buffer: &Buffer) -> Tally {
        let mut taken = Tally::new();
        let sum = buffer.take(&mut Tally::new(), |product, views| *taken.entry(product).or_default() += views);
        assert_eq!(sum, taken.values().sum::<u64>());
        taken
    }

    #[test]
    fn all_threads_are_counted_and_what_was_taken_is_gone() {
        let buffer = Buffer::new();
        std::thread::scope(|threads| {
            for _ in 0..2 * STRIPES {
                threads.spawn(|| (0..100).for_each(|view| buffer.count(id(view % 10 + 1))));
            }
        });
        assert_eq!(buffer.waiting(), 200 * STRIPES as u64);
        assert_eq!(take(&buffer), (1..=10).map(|product| (id(product), 20 * STRIPES as u64)).collect());
        assert_eq!((buffer.waiting(), take(&buffer)), (0, Tally::new()));
    }

    #[test]
    fn a_full_table_counts_what_it_knows_and_says_what_it_drops() {
        let buffer = Buffer::new();
        (1..=MOST as i64 / 2 - 1).for_each(|product| buffer.count(id(product)));
        assert!(buffer.filling().now_or_never().is_none());
        (MOST as i64 / 2..=MOST as i64 + 7).for_each(|product| buffer.count(id(product)));
        assert!(buffer.filling().now_or_never().is_some());
        buffer.count(id(1));
        assert_eq!((buffer.waiting(), buffer.dropped()), (MOST as u64 + 1, 7));
        assert_eq!(take(&buffer)[&id(1)], 2);
        buffer.count(id(MOST as i64 + 7));
        assert_eq!((buffer.waiting(), buffer.dropped()), (1, 7));
    }
}
