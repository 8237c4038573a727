//! The caches behind the decorator: products, pages, totals, figures, and the generations of lists.

use std::time::Duration;

use bytes::Bytes;
use larder_cache::{Cache, CacheBuilder, CacheKey, CacheOptions, ConfigError, Json, L2, RawBytes};
use larder_domain::{CatalogueStats, ProductId};
use tokio::runtime::Handle;

use crate::keys::ProductKey;

/// How long products and lists are kept, and how much memory they take.
#[derive(Debug, Clone, PartialEq)]
pub struct CachedProductsOptions {
    /// Life of a product. Default 10 minutes.
    pub ttl: Duration,
    /// Life of an absence. Default 30 seconds.
    pub negative_ttl: Duration,
    /// Life of a page of ids, a total or the figures. Default 1 minute.
    pub list_ttl: Duration,
    /// How long a node takes a list's generation from its own memory, when nodes share an L2. Default 1 second.
    pub max_staleness: Duration,
    /// By which share of it a life may be shortened at random, 0 to 1. Default 0.1.
    pub jitter: f64,
    /// Limit of L1 in bytes over all that is cached; 0 means no L1. Default 256 MiB.
    pub l1_capacity_bytes: u64,
}

impl Default for CachedProductsOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_mins(10),
            negative_ttl: Duration::from_secs(30),
            list_ttl: Duration::from_mins(1),
            max_staleness: Duration::from_secs(1),
            jitter: 0.1,
            l1_capacity_bytes: 256 << 20,
        }
    }
}

/// The caches, all over the same L2.
#[derive(Debug, Clone)]
pub(crate) struct Caches {
    pub(crate) products: Cache<ProductKey, Bytes>,
    pub(crate) pages: Cache<String, Vec<ProductId>>,
    pub(crate) totals: Cache<String, u64>,
    pub(crate) stats: Cache<String, CatalogueStats>,
    pub(crate) generations: Cache<String, u64>,
}

impl Caches {
    pub(crate) fn new(l2: Option<&L2>, options: &CachedProductsOptions, runtime: &Handle) -> Result<Self, ConfigError> {
        let share = |percent: u64| options.l1_capacity_bytes / 100 * percent;
        let lists = CacheOptions {
            ttl: options.list_ttl,
            l1_ttl: options.list_ttl,
            negative_ttl: options.list_ttl,
            jitter: options.jitter,
            l1_capacity_bytes: share(10),
            ..CacheOptions::default()
        };
        let products = CacheOptions {
            ttl: options.ttl,
            l1_ttl: options.ttl,
            negative_ttl: options.negative_ttl,
            l1_capacity_bytes: share(80),
            ..lists.clone()
        };
        // A generation outlives the lists under it: when it ends, they are lost with it.
        let generation_ttl = options.list_ttl.saturating_mul(10).min(Duration::from_hours(24 * 366));
        let generations = CacheOptions {
            ttl: generation_ttl,
            l1_ttl: if l2.is_some() { options.max_staleness } else { generation_ttl },
            l1_capacity_bytes: share(4),
            ..lists.clone()
        };
        let totals = CacheOptions { l1_capacity_bytes: share(5), ..lists.clone() };
        let stats = CacheOptions { l1_capacity_bytes: share(1), ..lists.clone() };
        Ok(Self {
            products: attach(Cache::<ProductKey, Bytes>::builder("product").codec(RawBytes), l2, products, runtime)
                .build()?,
            pages: attach(Cache::<String, Vec<ProductId>>::builder("page").codec(Json), l2, lists, runtime).build()?,
            totals: attach(Cache::<String, u64>::builder("total").codec(Json), l2, totals, runtime).build()?,
            stats: attach(Cache::<String, CatalogueStats>::builder("stats").codec(Json), l2, stats, runtime).build()?,
            generations: attach(Cache::<String, u64>::builder("generation").codec(Json), l2, generations, runtime)
                .build()?,
        })
    }
}

fn attach<K: CacheKey, V: Clone + Send + Sync + 'static>(
    builder: CacheBuilder<K, V>,
    l2: Option<&L2>,
    options: CacheOptions,
    runtime: &Handle,
) -> CacheBuilder<K, V> {
    let builder = builder.options(options).runtime(runtime.clone());
    match l2 {
        Some(l2) => builder.l2(l2),
        None => builder,
    }
}
