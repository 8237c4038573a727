//! Writes through the decorator: the change first, then everything that it touched is forgotten, come what may.

use larder_domain::ProductId;
use larder_repository::{Error, ErrorKind, Written};

use crate::{CachedProducts, failure, touched::Touched};

impl CachedProducts {
    /// Runs `change` and its invalidations in a task of their own; `id` is the product that it is about, if it exists already.
    pub(crate) async fn write(
        &self,
        id: Option<ProductId>,
        change: impl Future<Output = Result<Written, Error>> + Send + 'static,
    ) -> Result<Written, Error> {
        let cached = self.clone();
        let task = self.runtime.spawn(async move {
            let outcome = change.await;
            match &outcome {
                Ok(written) => cached.caches.forget(&Touched::by_write(written)).await,
                // With an outbox, the tail hears of it if it was committed, and of nothing if not.
                Err(error) if cached.coherence.is_none() && failure::may_have_been_written(error) => {
                    cached.caches.forget(&Touched::in_doubt(id)).await
                }
                Err(_) => {}
            }
            outcome
        });
        task.await.map_err(|cause| Error::caused(ErrorKind::Internal, "write a product", cause))?
    }
}
