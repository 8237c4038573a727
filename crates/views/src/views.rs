//! The whole way of views, as a service starts and stops it.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{FutureExt, future::join_all};
use larder_domain::ProductId;
use larder_repository::ViewRepository;
use tokio::{runtime::Handle, task::JoinHandle, time};
use tokio_util::sync::CancellationToken;

use crate::{
    ViewsOptions, ViewsStatus, drainer::Drainer, figures::Figures, flusher::Flusher, ledger::Ledger,
    shared::SharedViews,
};

/// Pause before a task that panicked begins again.
const AFTER_PANIC: Duration = Duration::from_millis(250);

/// What the tasks of a node have in common.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) repository: Arc<dyn ViewRepository>,
    pub(crate) options: ViewsOptions,
    pub(crate) figures: Figures,
    pub(crate) ledger: Mutex<Ledger>,
}

impl Context {
    /// Changes the ledger; what may have been lost is counted and told.
    pub(crate) fn note(&self, change: impl FnOnce(&mut Ledger) -> u64) {
        let lost = change(&mut self.ledger.lock().unwrap_or_else(PoisonError::into_inner));
        if lost > 0 {
            self.figures.lost.fetch_add(lost, std::sync::atomic::Ordering::Relaxed);
            tracing::warn!(views = lost, "redis began anew; as many views of this node may have been lost with it");
        }
    }
}

/// Counts views. Dropping it loses what was not passed on: [`Self::stop`] it.
#[derive(Debug)]
pub struct Views {
    flusher: Arc<Flusher>,
    context: Arc<Context>,
    stopping: CancellationToken,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Views {
    /// Begins to pass on what is counted, on `runtime`: by way of `shared`, if there is one, or straight to `repository`.
    pub fn start(
        repository: Arc<dyn ViewRepository>,
        shared: Option<Arc<dyn SharedViews>>,
        options: ViewsOptions,
        runtime: Handle,
    ) -> Self {
        let (figures, ledger) = Default::default();
        let context = Arc::new(Context { repository, options, figures, ledger });
        let drainer = shared.clone().map(|shared| Arc::new(Drainer::new(Arc::clone(&context), shared)));
        let flusher = Arc::new(Flusher::new(Arc::clone(&context), shared));
        let stopping = CancellationToken::new();
        let run = (Arc::clone(&flusher), stopping.clone());
        let mut tasks = vec![runtime.spawn(for_ever("views are flushed", move || {
            let (flusher, stopping) = run.clone();
            async move { flusher.run(&stopping).await }
        }))];
        tasks.extend(drainer.map(|drainer| {
            let stopping = stopping.clone();
            runtime.spawn(for_ever("views are drained", move || {
                let (drainer, stopping) = (Arc::clone(&drainer), stopping.clone());
                async move { drainer.run(&stopping).await }
            }))
        }));
        Self { flusher, context, stopping, tasks: Mutex::new(tasks) }
    }

    /// Counts one view of a product. It does not wait for other workers, and allocates nothing but once for each thread.
    pub fn count(&self, product: ProductId) {
        self.flusher.buffer().count(product);
    }

    /// What became of the views so far.
    pub fn status(&self) -> ViewsStatus {
        let in_redis = self.context.ledger.lock().unwrap_or_else(PoisonError::into_inner).since();
        let mut status = self.context.figures.status(self.flusher.waiting(), in_redis);
        status.dropped += self.flusher.buffer().dropped();
        status
    }

    /// Ends the tasks and passes on what is left, to Redis or, where it does not take it, to the database. Answers how many views
    /// neither took. To be called once nothing counts any more.
    ///
    /// # Cancellation
    /// What was not passed on by then is lost.
    pub async fn stop(&self) -> u64 {
        self.stopping.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        // The flusher is the first; a batch that is being drained ends beside it.
        let drainer = tasks.split_off(tasks.len().min(1));
        let flushed = async {
            join_all(tasks).await;
            self.flusher.flush_all().await
        };
        let (left, _ended) = futures_util::future::join(flushed, join_all(drainer)).await;
        left
    }
}

impl Drop for Views {
    fn drop(&mut self) {
        self.stopping.cancel();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).iter().for_each(JoinHandle::abort);
    }
}

/// Runs what `make` makes, and makes it anew when it panicked.
async fn for_ever<R: Future<Output = ()> + Send>(what: &'static str, make: impl Fn() -> R + Send) {
    while AssertUnwindSafe(make()).catch_unwind().await.is_err() {
        tracing::error!(what, "a task panicked; it begins anew");
        time::sleep(AFTER_PANIC).await;
    }
}
