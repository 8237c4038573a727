//! Builds what handlers share; only this file and its folder name concrete databases and caches.

mod caching;
#[cfg(feature = "planted-mistakes")]
mod planted;
mod storage;
mod viewing;
mod warming;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use bytes::Bytes;
use larder_domain::{ProductPage, ProductQuery};
use larder_repository::{Database, ProductRepository};
use larder_repository_cached::CachedProducts;
use larder_views::Views;
use serde_json::Value;
use tokio::runtime::Handle;

pub(crate) use self::caching::{Caching, relay, require_redis};
pub use self::storage::Storage;
pub(crate) use self::warming::Ending as WarmUpEnding;
use self::warming::WarmUps;
use crate::{
    access::AccessControl,
    cache_operations::CacheOperations,
    client_address::ClientAddresses,
    client_caching::ClientCaching,
    compression::CompressedBodies,
    config::{Config, PoolAdvice},
    cursor::Cursors,
    health::{CoherenceHealth, DatabaseHealth, HealthPart, RedisHealth},
    json_body::BodyLimits,
    lifecycle::{Readiness, WriteTasks},
    limits::RateLimits,
    list_request::Paging,
    live::{Live, Sources},
    metrics::Metrics,
    notifications::Notifications,
    openapi,
    page::Page,
    traffic::Traffic,
};

/// What handlers share: made once, outside the worker factory.
pub struct Services {
    pub(crate) products: Arc<dyn ProductRepository>,
    /// The same, if a cache stands in front of the database; else what keeps its outbox short.
    pub(crate) cached: CachedProducts,
    pub(crate) database: Arc<dyn Database>,
    pub(crate) access: AccessControl,
    pub(crate) addresses: ClientAddresses,
    /// None while requests are not limited.
    pub(crate) limits: Option<RateLimits>,
    pub(crate) writes: WriteTasks,
    pub(crate) readiness: Readiness,
    pub(crate) warm_ups: WarmUps,
    pub(crate) paging: Paging,
    /// None while views are not counted.
    pub(crate) views: Option<Arc<Views>>,
    pub(crate) parts: Vec<Arc<dyn HealthPart>>,
    pub(crate) metrics: Metrics,
    pub(crate) body_limits: BodyLimits,
    pub(crate) client_caching: ClientCaching,
    /// If bodies are compressed.
    pub(crate) compressed: Option<CompressedBodies>,
    pub(crate) started: Instant,
    pub(crate) caches: Arc<dyn CacheOperations>,
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) live: Live,
    pub(crate) page: Page,
    /// Whether everyone may see the live state.
    pub(crate) live_is_public: bool,
    pub(crate) pool_advice: PoolAdvice,
    pub(crate) levels: &'static str,
    /// The configuration, secrets hidden.
    pub(crate) effective: Value,
    pub(crate) config_warnings: Vec<String>,
    /// The description of the API.
    pub(crate) openapi: Bytes,
    runtime: Handle,
}

impl Services {
    /// Puts the cache in front of `storage`; cursors are signed with `signing_key`; writes and the tasks that keep this node coherent run on `runtime`. Nothing is waited for.
    ///
    /// # Errors
    /// When the Redis URL cannot be used, or a cache option cannot work.
    pub fn new(
        config: &Config,
        storage: Storage,
        signing_key: &[u8; 32],
        access: AccessControl,
        runtime: Handle,
    ) -> anyhow::Result<Self> {
        let time = Duration::from_millis(config.server.request_timeout_ms);
        let mut metrics = Metrics::new();
        let caching = Caching::new(config, &storage, metrics.sink(), &runtime)?;
        let Caching { cached, l2, redis, serves } = caching;
        let database = DatabaseHealth { database: Arc::clone(&storage.database), cached: cached.clone() };
        let mut parts: Vec<Arc<dyn HealthPart>> = vec![Arc::new(database)];
        metrics.watch(&cached);
        let compressed = config.server.compression.then(|| CompressedBodies::new(&runtime)).transpose()?;
        metrics.watch_bodies(compressed.as_ref());
        let views = viewing::start(&config.views, storage.views, redis.clone(), &runtime);
        views.iter().for_each(|views| metrics.watch_views(views));
        let traffic = Arc::default();
        metrics.watch_server(&traffic, &storage.database, &cached);
        let sources = Sources {
            traffic: Arc::clone(&traffic),
            cached: cached.clone(),
            serves,
            l2: l2.clone(),
            database: Arc::clone(&storage.database),
            views: views.clone(),
            workers: config.server.workers,
        };
        if serves {
            parts.extend(l2.map(|l2| Arc::new(RedisHealth(l2)) as Arc<dyn HealthPart>));
            let notifications = Notifications::check(Arc::clone(&storage.outbox), &runtime);
            parts.push(Arc::new(CoherenceHealth { cached: cached.clone(), notifications }));
        }
        Ok(Self {
            products: if serves { Arc::new(cached.clone()) } else { storage.products },
            access,
            addresses: ClientAddresses::new(config.server.trusted_proxies.clone(), config.server.forwarded_header),
            limits: RateLimits::new(config, redis),
            writes: WriteTasks::new(runtime.clone()),
            readiness: Readiness::default(),
            warm_ups: WarmUps::new(cached.clone(), serves, &config.warm_up, runtime.clone()),
            paging: Paging { max_offset: config.paging.max_offset, cursors: Cursors::new(signing_key) },
            views,
            parts,
            client_caching: ClientCaching::new(&config.server),
            compressed,
            metrics,
            database: storage.database,
            body_limits: BodyLimits { bytes: config.server.body_limit_bytes, time },
            started: Instant::now(),
            caches: Arc::new(cached.clone()),
            traffic,
            live: Live::start(sources, config.page.max_streams, &runtime),
            page: Page::new(),
            live_is_public: config.live_is_public(),
            pool_advice: config.pool_advice(),
            levels: config.cache_levels().name(),
            effective: serde_json::to_value(config).context("the configuration cannot be shown")?,
            config_warnings: config.warnings(),
            openapi: openapi::document().to_string().into(),
            cached,
            runtime,
        })
    }

    /// The cursor that goes on where a page ended, if products follow it.
    pub(crate) fn next_cursor(&self, query: &ProductQuery, page: &ProductPage) -> Option<String> {
        page.next.map(|place| self.paging.cursors.seal(&query.filter, query.sort, place))
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
