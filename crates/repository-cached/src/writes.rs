//! Writes through the decorator: the change first, then everything that it touched is forgotten, come what may.

use larder_cache::Change;
use larder_domain::ProductId;
use larder_repository::{Error, ErrorKind, Written};

use crate::{
    CachedProducts, failure,
    keys::{self, EVERY_LIST, ProductKey},
    lists::STATS,
};

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
                Ok(written) => cached.forget(written).await,
                Err(error) if failure::may_have_been_written(error) => cached.forget_in_doubt(id).await,
                Err(_) => {}
            }
            outcome
        });
        task.await.map_err(|cause| Error::caused(ErrorKind::Internal, "write a product", cause))?
    }

    async fn forget(&self, written: &Written) {
        let version = u64::try_from(written.version.0).ok();
        let gone = written.after.is_none();
        let change = match version {
            Some(version) if gone => Change::removed(version),
            Some(version) => Change::updated(version),
            None => Change::unversioned(),
        };
        self.caches.products.invalidate_changes(&[(ProductKey(written.id), change)]).await;
        for tag in keys::generations_moved(written.before.as_ref(), written.after.as_ref()) {
            self.caches.generations.invalidate(&tag).await;
        }
        self.caches.stats.invalidate(&STATS.to_owned()).await;
    }

    /// The change may have been committed although no answer came: forgets all that it can have touched.
    async fn forget_in_doubt(&self, id: Option<ProductId>) {
        if let Some(id) = id {
            self.caches.products.invalidate(&ProductKey(id)).await;
        }
        self.caches.generations.invalidate(&EVERY_LIST.to_owned()).await;
        self.caches.stats.invalidate(&STATS.to_owned()).await;
    }
}
