//! Whether the process is ready, and which writes are under way: what a stop has to know.

use std::{
    future::Future,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::{runtime::Handle, time::timeout};
use tokio_util::task::TaskTracker;

use crate::api_error::ApiError;

/// Whether new requests are wanted.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    serves: AtomicBool,
    is_held: AtomicBool,
}

impl Readiness {
    /// Whether the server listens and does not stop.
    pub(crate) fn set(&self, serves: bool) {
        self.serves.store(serves, Ordering::Release);
    }

    /// Whether a server that listens is not ready all the same, because something at its start has to end first.
    pub(crate) fn hold(&self, is_held: bool) {
        self.is_held.store(is_held, Ordering::Release);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.serves.load(Ordering::Acquire) && !self.is_held()
    }

    pub(crate) fn is_held(&self) -> bool {
        self.is_held.load(Ordering::Acquire)
    }
}

/// Runs writes on the main runtime, so that a client that hangs up never cuts a commit from its invalidation.
#[derive(Debug)]
pub(crate) struct WriteTasks {
    runtime: Handle,
    tracker: TaskTracker,
}

impl WriteTasks {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { runtime, tracker: TaskTracker::new() }
    }

    /// Runs `write` to its end, whatever becomes of the caller.
    ///
    /// # Errors
    /// Those of `write`; 500 when it panics.
    ///
    /// # Cancellation
    /// Dropping this future leaves the write running.
    pub(crate) async fn run<T, E>(
        &self,
        write: impl Future<Output = Result<T, E>> + Send + 'static,
    ) -> Result<T, ApiError>
    where
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let task = self.tracker.spawn_on(write, &self.runtime);
        task.await.map_err(ApiError::internal)?.map_err(Into::into)
    }

    /// Waits for the writes under way, at most for `deadline`; answers how many are left.
    pub(crate) async fn finish(&self, deadline: Duration) -> usize {
        self.tracker.close();
        if timeout(deadline, self.tracker.wait()).await.is_ok() { 0 } else { self.tracker.len() }
    }
}
