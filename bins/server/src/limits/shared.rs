//! What the nodes of a cluster have in common for limits: somebody who grants cells to all of them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use tokio::time::timeout;

use super::clock::{Clock, Nanos};

/// How long nobody asks after there was no answer.
const PAUSE: Nanos = 500_000_000;

/// What was granted of the cells that a node asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    /// How many; none: the cluster's limit is reached.
    pub(crate) cells: u32,
    /// How many more there would be at once.
    pub(crate) left: u32,
    /// If there were none: until there is one.
    pub(crate) wait: Duration,
}

/// Why there was no answer; for the log.
pub(crate) type Trouble = Box<dyn std::error::Error + Send + Sync>;

/// Grants cells to all nodes under one quota. Used as `Arc<dyn SharedLimiter>`.
#[async_trait]
pub(crate) trait SharedLimiter: fmt::Debug + Send + Sync {
    /// Up to `cells` cells, at least one, for `client`.
    ///
    /// # Errors
    /// When the other side cannot be asked.
    async fn take(&self, client: &str, cells: u32) -> Result<Grant, Trouble>;
}

/// A shared limiter that is asked under a deadline, and left alone for a while when it did not answer.
#[derive(Debug)]
pub(crate) struct Cluster {
    limiter: Arc<dyn SharedLimiter>,
    clock: Clock,
    deadline: Duration,
    /// Nobody asks before that; zero while it answers.
    away_until: AtomicU64,
}

impl Cluster {
    /// Waits for `limiter` no longer than `deadline`.
    pub(crate) fn new(limiter: Arc<dyn SharedLimiter>, clock: Clock, deadline: Duration) -> Self {
        Self { limiter, clock, deadline, away_until: AtomicU64::new(0) }
    }

    /// A grant, if there is an answer in time.
    pub(crate) async fn take(&self, client: &str, cells: u32) -> Option<Grant> {
        let away_until = self.away_until.load(Ordering::Relaxed);
        if !self.may_ask(away_until) {
            return None;
        }
        let trouble = match timeout(self.deadline, self.limiter.take(client, cells)).await {
            Ok(Ok(grant)) => {
                if away_until != 0 && self.away_until.swap(0, Ordering::Relaxed) != 0 {
                    tracing::info!("limits count for the whole cluster again");
                }
                return Some(grant);
            }
            Ok(Err(trouble)) => trouble,
            Err(late) => late.into(),
        };
        let again = self.clock.now() + PAUSE;
        if self.away_until.swap(again, Ordering::Relaxed) == 0 {
            tracing::warn!(%trouble, "limits count for each process alone: Redis cannot be asked");
        }
        None
    }

    /// Whether it answered lately, or this call is the one that looks whether it does again.
    fn may_ask(&self, away_until: Nanos) -> bool {
        let now = self.clock.now();
        let probe = || self.away_until.compare_exchange(away_until, now + PAUSE, Ordering::Relaxed, Ordering::Relaxed);
        away_until == 0 || away_until <= now && probe().is_ok()
    }
}
