//! Builds what handlers share; only this file and its folder name concrete databases and caches.

mod caching;
#[cfg(feature = "planted-mistakes")]
mod planted;
mod storage;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use larder_repository::{Database, ProductRepository};
use larder_repository_cached::CachedProducts;
use tokio::runtime::Handle;

pub(crate) use self::caching::{Caching, relay, require_redis};
pub use self::storage::Storage;
use crate::{
    access::AccessControl,
    config::Config,
    health::{CoherenceHealth, DatabaseHealth, HealthPart, RedisHealth},
    json_body::BodyLimits,
    lifecycle::{Readiness, WriteTasks},
    metrics::Metrics,
    notifications::Notifications,
    publication::PublicationProbe,
};

/// What handlers share: made once, outside the worker factory.
pub struct Services {
    pub(crate) products: Arc<dyn ProductRepository>,
    /// The same, if a cache stands in front of the database; else what keeps its outbox short.
    pub(crate) cached: CachedProducts,
    pub(crate) database: Arc<dyn Database>,
    pub(crate) access: AccessControl,
    pub(crate) writes: WriteTasks,
    pub(crate) readiness: Readiness,
    pub(crate) publication: PublicationProbe,
    pub(crate) parts: Vec<Arc<dyn HealthPart>>,
    pub(crate) metrics: Metrics,
    pub(crate) body_limits: BodyLimits,
    pub(crate) started: Instant,
    runtime: Handle,
}

impl Services {
    /// Puts the cache in front of `storage`; writes and the tasks that keep this node coherent run on `runtime`. Nothing is waited for.
    ///
    /// # Errors
    /// When the Redis URL cannot be used, or a cache option cannot work.
    pub fn new(config: &Config, storage: Storage, access: AccessControl, runtime: Handle) -> anyhow::Result<Self> {
        let time = Duration::from_millis(config.server.request_timeout_ms);
        let mut parts: Vec<Arc<dyn HealthPart>> = vec![Arc::new(DatabaseHealth(Arc::clone(&storage.database)))];
        let mut metrics = Metrics::new();
        let caching = Caching::new(config, &storage, metrics.sink(), &runtime)?;
        let Caching { cached, l2, serves } = caching;
        metrics.watch(&cached);
        if serves {
            parts.extend(l2.map(|l2| Arc::new(RedisHealth(l2)) as Arc<dyn HealthPart>));
            let notifications = Notifications::check(Arc::clone(&storage.outbox), &runtime);
            parts.push(Arc::new(CoherenceHealth { cached: cached.clone(), notifications }));
        }
        Ok(Self {
            products: if serves { Arc::new(cached.clone()) } else { storage.products },
            access,
            writes: WriteTasks::new(runtime.clone()),
            readiness: Readiness::default(),
            publication: PublicationProbe::new(),
            parts,
            metrics,
            cached,
            database: storage.database,
            body_limits: BodyLimits { bytes: config.server.body_limit_bytes, time },
            started: Instant::now(),
            runtime,
        })
    }

    /// The main runtime, which outlives the workers.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("products", &self.products).field("parts", &self.parts).finish_non_exhaustive()
    }
}
