//! Time as the cache sees it: the system's, or one that a test moves by hand.

use std::{
    fmt::Debug,
    future::Future,
    pin::{Pin, pin},
    time::{Duration, Instant},
};

use futures_util::future::{Either, select};

/// A monotonic clock. Used as `Arc<dyn Clock>`.
pub trait Clock: Debug + Send + Sync {
    /// The present moment; never goes back.
    fn now(&self) -> Instant;

    /// Ends when `span` has passed on this clock.
    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}

/// The clock of the system; sleeping needs a tokio runtime with a time driver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(span))
    }
}

/// The outcome of `work`, or `None` if `span` passes first.
pub(crate) async fn within<T>(clock: &dyn Clock, span: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), clock.sleep(span)).await {
        Either::Left((outcome, _)) => Some(outcome),
        Either::Right(_) => None,
    }
}
