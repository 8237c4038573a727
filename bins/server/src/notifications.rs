//! Whether notifications of the database reach this process: a pooler in transaction mode swallows them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use larder_repository::Outbox;
use tokio::runtime::Handle;

/// How long a notification may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(5);

/// What asking once gave.
#[derive(Debug, Default)]
pub(crate) struct Notifications {
    are_lost: AtomicBool,
}

impl Notifications {
    /// Asks on `runtime`; nobody waits for it.
    pub(crate) fn check(outbox: Arc<dyn Outbox>, runtime: &Handle) -> Arc<Self> {
        let notifications = Arc::new(Self::default());
        let asked = Arc::clone(&notifications);
        runtime.spawn(async move { asked.ask(outbox.as_ref()).await });
        notifications
    }

    async fn ask(&self, outbox: &dyn Outbox) {
        match outbox.notifies(PATIENCE).await {
            Ok(true) => {}
            Ok(false) => {
                self.are_lost.store(true, Ordering::Release);
                tracing::warn!("{LOST}");
            }
            Err(cause) => tracing::debug!(%cause, "it is not known whether notifications arrive"),
        }
    }

    /// What an operator should know, if they are lost.
    pub(crate) fn warning(&self) -> Option<&'static str> {
        self.are_lost.load(Ordering::Acquire).then_some(LOST)
    }
}

const LOST: &str = "notifications of the database do not arrive (a pooler such as PgBouncer in transaction mode?): changes are heard by \
    polling only, four times a second; give database.url a direct connection or a pooler in session mode";

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use larder_repository::{Error, ErrorKind, OutboxLimits, OutboxStatus, OutboxTail, Relayed, Take, Taker, Trimmed};

    use super::*;

    /// Knows only whether notifications arrive; `None`: it cannot be asked.
    #[derive(Debug)]
    struct Pooler(Option<bool>);

    fn not_asked() -> Error {
        Error::new(ErrorKind::Unavailable, "ask a pooler")
    }

    #[async_trait]
    impl Outbox for Pooler {
        async fn tail(&self) -> Result<Box<dyn OutboxTail>, Error> {
            Err(not_asked())
        }

        async fn relay(&self, _limit: usize, _take: &dyn Take) -> Result<Relayed, Error> {
            Err(not_asked())
        }

        async fn make_current(&self, _server: Taker) -> Result<(), Error> {
            Err(not_asked())
        }

        async fn trim(&self, _limits: OutboxLimits) -> Result<Trimmed, Error> {
            Err(not_asked())
        }

        async fn status(&self, _count_up_to: u64) -> Result<OutboxStatus, Error> {
            Err(not_asked())
        }

        async fn notifies(&self, _patience: Duration) -> Result<bool, Error> {
            self.0.ok_or_else(not_asked)
        }
    }

    #[tokio::test]
    async fn only_a_pooler_that_swallows_notifications_is_warned_of() {
        for (arrives, warned) in [(Some(true), false), (Some(false), true), (None, false)] {
            let notifications = Notifications::default();
            notifications.ask(&Pooler(arrives)).await;
            assert_eq!(notifications.warning().is_some(), warned, "{arrives:?}");
        }
    }
}
