//! The tasks of a node, which end with it and begin again should they panic.

use std::{
    panic::AssertUnwindSafe,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use tokio::{runtime::Handle, task::JoinSet, time};

/// Pause before a task that panicked begins again.
const AFTER_PANIC: Duration = Duration::from_millis(250);

/// Tasks on the main runtime. Dropping this ends them.
#[derive(Debug)]
pub(crate) struct Tasks {
    running: Mutex<JoinSet<()>>,
    runtime: Handle,
}

impl Tasks {
    pub(crate) fn new(runtime: Handle) -> Self {
        Self { running: Mutex::default(), runtime }
    }

    /// Runs what `make` makes, and makes it anew when it panicked.
    pub(crate) fn start<R>(&self, name: &'static str, make: impl Fn() -> R + Send + 'static)
    where
        R: Future<Output = ()> + Send,
    {
        let task = async move {
            while AssertUnwindSafe(make()).catch_unwind().await.is_err() {
                tracing::error!(task = name, "a task panicked; it begins anew");
                time::sleep(AFTER_PANIC).await;
            }
        };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).spawn_on(task, &self.runtime);
    }

    /// Ends them, wherever they are: whatever they were about can be interrupted at any point.
    pub(crate) async fn stop(&self) {
        let mut running = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        running.shutdown().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn a_task_that_panics_begins_anew() {
        let begun = Arc::new(Semaphore::new(0));
        let tasks = Tasks::new(Handle::current());
        let counter = Arc::clone(&begun);
        tasks.start("test", move || {
            counter.add_permits(1);
            async { panic!("on purpose") }
        });
        begun.acquire_many(3).await.expect("never closed").forget();
        tasks.stop().await;
        assert_eq!(Arc::strong_count(&begun), 1, "the task is gone");
    }

    #[tokio::test]
    async fn dropped_tasks_end() {
        let (alive, mut ended) = tokio::sync::mpsc::channel::<()>(1);
        let tasks = Tasks::new(Handle::current());
        tasks.start("test", move || {
            let alive = alive.clone();
            async move {
                let _alive = alive;
                std::future::pending().await
            }
        });
        drop(tasks);
        assert_eq!(ended.recv().await, None);
    }
}
