//! A clock that only a test moves.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::watch;

use crate::Clock;

/// Time that stands still until [`Self::advance`] is called.
#[derive(Debug)]
pub struct ManualClock {
    now: watch::Sender<Instant>,
    sleepers: Arc<watch::Sender<usize>>,
}

impl ManualClock {
    /// A clock that begins at the present moment.
    pub fn new() -> Arc<Self> {
        Arc::new(Self { now: watch::Sender::new(Instant::now()), sleepers: Arc::default() })
    }

    /// Moves time on, and wakes whose sleep has ended.
    pub fn advance(&self, span: Duration) {
        self.now.send_modify(|now| *now += span);
    }

    /// Waits until at least so many sleep at the same time: deadlines and pauses of whatever is under test.
    pub async fn sleepers(&self, count: usize) {
        // The sender lives as long as the clock.
        self.sleepers.subscribe().wait_for(|sleeping| *sleeping >= count).await.ok();
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        *self.now.borrow()
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let mut now = self.now.subscribe();
        let until = *now.borrow() + span;
        let sleeping = Sleeping::new(&self.sleepers);
        Box::pin(async move {
            let _sleeping = sleeping;
            if now.wait_for(|now| *now >= until).await.is_err() {
                // The clock is gone: its time does not pass any more.
                std::future::pending::<()>().await;
            }
        })
    }
}

/// Counts one sleeper for as long as it lives.
struct Sleeping(Arc<watch::Sender<usize>>);

impl Sleeping {
    fn new(sleepers: &Arc<watch::Sender<usize>>) -> Self {
        sleepers.send_modify(|sleeping| *sleeping += 1);
        Self(Arc::clone(sleepers))
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        self.0.send_modify(|sleeping| *sleeping -= 1);
    }
}
