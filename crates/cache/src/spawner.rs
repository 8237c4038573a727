//! Where tasks run that must outlive their callers: loads, fills, invalidations, replays.

use std::future::Future;

#[cfg(not(shuttle))]
use tracing::Instrument;

use crate::ConfigError;

/// A tokio runtime; under `--cfg shuttle` the model checker's.
#[derive(Debug, Clone)]
pub(crate) struct Spawner {
    #[cfg(not(shuttle))]
    runtime: tokio::runtime::Handle,
}

#[cfg(not(shuttle))]
impl Spawner {
    /// The given runtime, or that of the caller.
    pub(crate) fn new(runtime: Option<tokio::runtime::Handle>) -> Result<Self, ConfigError> {
        let runtime = match runtime {
            Some(runtime) => runtime,
            None => tokio::runtime::Handle::try_current()
                .map_err(|_outside| ConfigError { option: "runtime", rule: "is required outside a tokio runtime" })?,
        };
        Ok(Self { runtime })
    }

    /// What the task does belongs to the span of its caller.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        drop(self.runtime.spawn(task.in_current_span()));
    }
}

#[cfg(shuttle)]
impl Spawner {
    pub(crate) fn new(_runtime: Option<tokio::runtime::Handle>) -> Result<Self, ConfigError> {
        Ok(Self {})
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        // An execution ends only when this task has; a dropped handle would detach it, and then nobody would see that it hangs.
        std::mem::forget(shuttle::future::spawn(task));
    }
}

impl Spawner {
    /// Runs a task to its end, whether its caller stays or not. `None`: the runtime is shutting down.
    pub(crate) async fn finish<T: Send + 'static>(&self, task: impl Future<Output = T> + Send + 'static) -> Option<T> {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        self.spawn(async move {
            // Nobody waits any more if the caller went away.
            sender.send(task.await).ok();
        });
        receiver.await.ok()
    }
}
