//! Puts the cache in front of the database, and lets this node hear of what others change.

use std::{fs, sync::Arc, time::Duration};

use anyhow::{Context, ensure};
use larder_cache::{BackplaneOptions, L2, MetricsSink, RedisOptions, RedisRemote, Reigning};
use larder_repository::OutboxLimits;
use larder_repository_cached::{CachedProducts, CachedProductsOptions, Sources};
use tokio::runtime::Handle;

use super::Storage;
use crate::config::{CacheLevels, Config};

/// The decorated repository, and the level that nodes share, if the configuration has one.
pub(crate) struct Caching {
    pub(crate) cached: CachedProducts,
    pub(crate) l2: Option<L2>,
    /// The Redis of that level, for what nodes share besides.
    pub(crate) redis: Option<Arc<RedisRemote>>,
    /// Whether reads go through it. Without a cache it only keeps the outbox short, which every write fills.
    pub(crate) serves: bool,
}

impl Caching {
    /// The one place where the decorator goes in.
    ///
    /// # Errors
    /// When the Redis URL cannot be used, or a cache option cannot work.
    pub(crate) fn new(
        config: &Config,
        storage: &Storage,
        metrics: Arc<dyn MetricsSink>,
        runtime: &Handle,
    ) -> anyhow::Result<Self> {
        if config.cache_levels() == CacheLevels::None {
            let cached = decorate(storage, None, &keeping_nothing(config)?, runtime)?;
            return Ok(Self { cached, l2: None, redis: None, serves: false });
        }
        let level = if config.uses_redis() { Some(second_level(config, runtime)?) } else { None };
        let (l2, redis) = level.unzip();
        let options = CachedProductsOptions { metrics: Some(metrics), ..options(config)? };
        let cached = decorate(storage, l2.clone(), &options, runtime)?;
        Ok(Self { cached, l2, redis, serves: true })
    }
}

/// Only what relays, if `cache.relay` is on: it hears of changes and tells Redis, and keeps nothing.
///
/// # Errors
/// As [`Caching::new`].
pub(crate) fn relay(config: &Config, storage: &Storage, runtime: &Handle) -> anyhow::Result<CachedProducts> {
    let (l2, _redis) = second_level(config, runtime)?;
    decorate(storage, Some(l2), &keeping_nothing(config)?, runtime)
}

fn keeping_nothing(config: &Config) -> anyhow::Result<CachedProductsOptions> {
    Ok(CachedProductsOptions { samples_per_second: 0.0, l1_capacity_bytes: 0, ..options(config)? })
}

/// Refuses a configuration without a Redis that is used.
///
/// # Errors
/// When there is none.
pub(crate) fn require_redis(config: &Config) -> anyhow::Result<()> {
    ensure!(config.uses_redis(), "there is no Redis to relay to: redis.url is empty, or cache.levels does not use it");
    Ok(())
}

fn decorate(
    storage: &Storage,
    l2: Option<L2>,
    options: &CachedProductsOptions,
    runtime: &Handle,
) -> anyhow::Result<CachedProducts> {
    let sources = Sources { l2, outbox: Some(Arc::clone(&storage.outbox)) };
    let cached = CachedProducts::new(Arc::clone(&storage.products), sources, options, runtime.clone());
    cached.context("the cache cannot be built")
}

/// The level that nodes share. Nothing is connected yet.
fn second_level(config: &Config, runtime: &Handle) -> anyhow::Result<(L2, Arc<RedisRemote>)> {
    let authority = &config.redis.ca_certificate;
    let ca_certificate = if authority.as_os_str().is_empty() {
        None
    } else {
        let read = fs::read(authority);
        Some(read.with_context(|| format!("redis.ca_certificate {} cannot be read", authority.display()))?)
    };
    let options = RedisOptions {
        url: config.redis.url.expose().to_owned(),
        namespace: config.cache.namespace.clone(),
        ca_certificate,
        reign: Reigning::Relayed,
        log_length: config.redis.log_length,
    };
    let remote = Arc::new(RedisRemote::new(&options).context("redis.url cannot be used")?);
    let backplane = BackplaneOptions {
        max_staleness: Duration::from_millis(config.cache.max_staleness_ms),
        ..BackplaneOptions::default()
    };
    let builder =
        L2::builder(Arc::clone(&remote) as _).backplane(Arc::clone(&remote) as _, backplane).runtime(runtime.clone());
    #[cfg(feature = "planted-mistakes")]
    let builder = super::planted::mutants(config)?.into_iter().fold(builder, larder_cache::L2Builder::mutant);
    Ok((builder.build().context("the second level cannot be built")?, remote))
}

#[cfg_attr(
    not(feature = "planted-mistakes"),
    expect(clippy::unnecessary_wraps, reason = "planted mistakes have names")
)]
fn options(config: &Config) -> anyhow::Result<CachedProductsOptions> {
    let cache = &config.cache;
    Ok(CachedProductsOptions {
        ttl: Duration::from_millis(cache.ttl_ms),
        negative_ttl: Duration::from_millis(cache.negative_ttl_ms),
        list_ttl: Duration::from_millis(cache.list_ttl_ms),
        max_staleness: Duration::from_millis(cache.max_staleness_ms),
        jitter: cache.jitter,
        l1_capacity_bytes: if config.cache_levels() == CacheLevels::L2 { 0 } else { cache.l1_capacity_bytes },
        relay: cache.relay,
        // Dear searches leave connections to products.
        concurrent_lists: (config.database.pool_size * 2 / 5).max(1),
        concurrent_totals: (config.database.pool_size / 5).max(1),
        outbox: OutboxLimits {
            retention: Duration::from_millis(cache.outbox_retention_ms),
            max_pending: cache.outbox_max_pending,
        },
        samples_per_second: cache.samples_per_second,
        #[cfg(feature = "planted-mistakes")]
        mutants: super::planted::mutants(config)?,
        ..CachedProductsOptions::default()
    })
}
