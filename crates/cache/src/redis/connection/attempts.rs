//! One attempt at a time for all who wait for its outcome; it goes on when they give up.

use std::{sync::Arc, time::Instant};

use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard},
};

use crate::{ConfigError, RemoteError};

/// Attempts to reach something that all share.
pub(in crate::redis) struct Attempts {
    last: Arc<Mutex<Option<Failure>>>,
    /// The runtime that drives what is reached, whoever asks first.
    runtime: Handle,
}

struct Failure {
    began: Instant,
    cause: RemoteError,
}

impl Attempts {
    /// On the runtime that builds it.
    pub(in crate::redis) fn new() -> Result<Self, ConfigError> {
        let outside = |_outside| ConfigError { option: "runtime", rule: "is required: build it within tokio" };
        Ok(Self { last: Arc::default(), runtime: Handle::try_current().map_err(outside)? })
    }

    /// What `known` gives, or else the outcome of an attempt. Who waited while others tried gets the failure of an attempt that began
    /// after its own question, so that nobody waits for more than two.
    pub(in crate::redis) async fn share<T, A>(
        &self,
        known: impl Fn() -> Option<T>,
        attempt: impl FnOnce() -> A,
    ) -> Result<T, RemoteError>
    where
        T: Send + 'static,
        A: Future<Output = Result<T, RemoteError>> + Send + 'static,
    {
        let asked = Instant::now();
        let turn = Arc::clone(&self.last).lock_owned().await;
        if let Some(known) = known() {
            return Ok(known);
        }
        if let Some(failure) = turn.as_ref().filter(|failure| failure.began >= asked) {
            return Err(failure.cause.clone());
        }
        // A connection lives on the runtime that made it, not on that of a caller who may end before the others; and an attempt
        // that outlasts its caller's deadline is there for the next one.
        let attempt = self.runtime.spawn(finish(turn, attempt()));
        attempt.await.map_err(|cause| RemoteError(cause.to_string()))?
    }

    /// Begins an attempt for which nobody waits, unless one is under way.
    pub(in crate::redis) fn begin<T, A>(&self, attempt: impl FnOnce() -> A)
    where
        T: Send + 'static,
        A: Future<Output = Result<T, RemoteError>> + Send + 'static,
    {
        if let Ok(turn) = Arc::clone(&self.last).try_lock_owned() {
            self.runtime.spawn(finish(turn, attempt()));
        }
    }

    /// Runs something on the same runtime.
    pub(in crate::redis) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(task);
    }
}

async fn finish<T>(
    mut turn: OwnedMutexGuard<Option<Failure>>,
    attempt: impl Future<Output = Result<T, RemoteError>>,
) -> Result<T, RemoteError> {
    let began = Instant::now();
    let outcome = attempt.await;
    *turn = outcome.as_ref().err().map(|cause| Failure { began, cause: cause.clone() });
    outcome
}
