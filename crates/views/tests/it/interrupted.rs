//! A shared level and a repository that are interrupted where a test says so.

use std::{
    fmt,
    future::pending,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use larder_cache::{Nonce, RemoteError};
use larder_domain::ProductId;
use larder_repository::{Error, ErrorKind, ViewBatchId, ViewRepository, ViewsAdded};
use larder_views::{Settled, SharedViews, Standing, TakeRequest, Taken, ViewBatch};
use tokio::sync::Semaphore;

/// What is called. A `Take` that gives a batch, that is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Stage,
    Settle,
    Take,
    Add,
    Finish,
}

pub(crate) const CALLS: [Call; 5] = [Call::Stage, Call::Settle, Call::Take, Call::Add, Call::Finish];

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interruption {
    /// It never returns, and nothing was done.
    HangBefore,
    /// It never returns, and it was done.
    HangAfter,
    /// It fails, and nothing was done.
    FailBefore,
    /// It fails, and it was done.
    FailAfter,
}

type Decide = Box<dyn FnMut(Call) -> Option<Interruption> + Send>;

/// Says what is interrupted, for level and repository together.
pub(crate) struct Interrupter {
    decide: Mutex<Decide>,
    /// One permit for each interruption.
    pub(crate) interruptions: Semaphore,
}

impl Interrupter {
    pub(crate) fn new(decide: impl FnMut(Call) -> Option<Interruption> + Send + 'static) -> Arc<Self> {
        Arc::new(Self { decide: Mutex::new(Box::new(decide)), interruptions: Semaphore::new(0) })
    }

    /// Interrupts the first such call, and no other.
    pub(crate) fn once(call: Call, with: Interruption) -> Arc<Self> {
        let mut left = Some(with);
        Self::new(move |called| if called == call { left.take() } else { None })
    }

    /// `None`: the call was interrupted.
    async fn run<T>(&self, call: Call, work: impl Future<Output = T>) -> Option<T> {
        let interruption = (self.decide.lock().expect("not poisoned"))(call);
        let Some(interruption) = interruption else { return Some(work.await) };
        if matches!(interruption, Interruption::HangAfter | Interruption::FailAfter) {
            work.await;
        }
        self.interruptions.add_permits(1);
        if matches!(interruption, Interruption::HangAfter | Interruption::HangBefore) {
            pending::<()>().await;
        }
        None
    }
}

impl fmt::Debug for Interrupter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interrupter").finish_non_exhaustive()
    }
}

/// Something that is interrupted.
#[derive(Debug)]
pub(crate) struct Interrupted<T: ?Sized> {
    pub(crate) interrupter: Arc<Interrupter>,
    pub(crate) inner: Arc<T>,
}

fn cut() -> RemoteError {
    RemoteError("interrupted".into())
}

#[async_trait]
impl SharedViews for Interrupted<dyn SharedViews> {
    async fn stage(&self, parcels: &[ViewBatch]) -> Result<(), RemoteError> {
        self.interrupter.run(Call::Stage, self.inner.stage(parcels)).await.unwrap_or_else(|| Err(cut()))
    }

    async fn settle(&self, parcels: &[ViewBatchId]) -> Result<Settled, RemoteError> {
        self.interrupter.run(Call::Settle, self.inner.settle(parcels)).await.unwrap_or_else(|| Err(cut()))
    }

    async fn take(&self, request: &TakeRequest) -> Result<(Standing, Taken), RemoteError> {
        let taken = self.inner.take(request).await?;
        match taken.1 {
            // Before it is as if it had never been called.
            Taken::Batch(_) => self.interrupter.run(Call::Take, async { taken }).await.ok_or_else(cut),
            _ => Ok(taken),
        }
    }

    async fn finish(&self, batch: ViewBatchId) -> Result<(), RemoteError> {
        self.interrupter.run(Call::Finish, self.inner.finish(batch)).await.unwrap_or_else(|| Err(cut()))
    }

    async fn release(&self, by: Nonce) -> Result<(), RemoteError> {
        self.inner.release(by).await
    }
}

#[async_trait]
impl ViewRepository for Interrupted<dyn ViewRepository> {
    async fn add_views(&self, batch: ViewBatchId, views: &[(ProductId, u64)]) -> Result<ViewsAdded, Error> {
        let added = self.interrupter.run(Call::Add, self.inner.add_views(batch, views)).await;
        added.unwrap_or_else(|| Err(Error::new(ErrorKind::Timeout, "add views")))
    }
}
