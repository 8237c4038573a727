//! Adds to the database what all nodes have given to the shared level.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use larder_cache::{Nonce, RemoteError};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::{
    ViewsOptions,
    flusher::{Added, add, in_time},
    shared::{SharedViews, TakeRequest, Taken},
    views::Context,
};

/// Longer than one batch takes, deadlines included. Whoever drains beyond it only does what another does as well.
const LEASE: Duration = Duration::from_secs(15);
/// After how many flushes a parcel that nobody settled counts as abandoned.
const ABANDONED: u32 = 5;

/// The draining side of a node.
#[derive(Debug)]
pub(crate) struct Drainer {
    context: Arc<Context>,
    shared: Arc<dyn SharedViews>,
    by: Nonce,
}

impl Drainer {
    pub(crate) fn new(context: Arc<Context>, shared: Arc<dyn SharedViews>) -> Self {
        Self { context, shared, by: Nonce::random() }
    }

    /// Asks for something to drain with each flush, until it is time to stop. How often there is something, Redis decides for all nodes.
    pub(crate) async fn run(&self, stopping: &CancellationToken) {
        let mut ticks = interval(self.context.options.flush);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(cause) = self.drain(stopping).await {
                tracing::debug!(%cause, "views could not be drained");
            }
        }
    }

    /// Drains batch by batch what there is.
    ///
    /// # Cancellation
    /// It may be dropped anywhere: a batch that was not finished is taken again, and added once.
    async fn drain(&self, stopping: &CancellationToken) -> Result<(), RemoteError> {
        let ViewsOptions { flush, drain } = self.context.options;
        let request = TakeRequest { by: self.by, lease: LEASE, period: drain, abandoned: flush * ABANDONED };
        loop {
            let (standing, taken) = in_time(self.shared.take(&request)).await?;
            self.context.note(|ledger| ledger.observe(&standing));
            let Taken::Batch(batch) = taken else { return Ok(()) };
            match add(&self.context, &batch).await {
                Added::Yes => {}
                Added::Never => {
                    self.context.figures.lost.fetch_add(batch.sum(), Relaxed);
                }
                Added::Unknown => return in_time(self.shared.release(self.by)).await,
            }
            in_time(self.shared.finish(batch.id)).await?;
            if stopping.is_cancelled() {
                return in_time(self.shared.release(self.by)).await;
            }
        }
    }
}
