//! Builds what handlers share; the only file that names concrete databases and caches.

use std::{
    fmt, fs,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use larder_cache::{L2, RedisOptions, RedisRemote};
use larder_repository::{Database, ProductImport, ProductRepository, TokenRepository};
use larder_repository_cached::{CachedProducts, CachedProductsOptions};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresProducts, PostgresTokens};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteProducts, SqliteTokens};
use tokio::runtime::Handle;

use crate::{
    access::AccessControl,
    config::{CacheLevels, Config},
    health::{DatabaseHealth, HealthPart, RedisHealth},
    json_body::BodyLimits,
    lifecycle::{Readiness, WriteTasks},
    publication::PublicationProbe,
};

/// A database and what lives in it, not cached.
#[derive(Debug)]
#[expect(missing_docs, reason = "each trait is documented")]
pub struct Storage {
    pub database: Arc<dyn Database>,
    pub products: Arc<dyn ProductRepository>,
    pub import: Arc<dyn ProductImport>,
    pub tokens: Arc<dyn TokenRepository>,
    /// Whether the database was made just now, and may be filled with demo products.
    pub is_new: bool,
}

impl Storage {
    /// Opens the database that the configuration names.
    ///
    /// # Errors
    /// When the URL cannot be used, or a SQLite file cannot be opened.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        match config.sqlite_path() {
            Some(path) => Self::open_sqlite(config, path),
            None => Self::open_postgres(config),
        }
    }

    fn open_sqlite(config: &Config, path: PathBuf) -> anyhow::Result<Self> {
        let shown = path.display().to_string();
        let database = SqliteDatabase::open(SqliteOptions {
            readers: config.database.pool_size,
            wait_timeout: Duration::from_millis(config.database.wait_timeout_ms),
            ..SqliteOptions::new(path)
        });
        let database = database.with_context(|| format!("cannot use {shown}"))?;
        let is_new = database.is_new();
        let products = Arc::new(SqliteProducts::new(&database));
        let tokens = Arc::new(SqliteTokens::new(&database));
        let import = Arc::clone(&products);
        Ok(Self { database: Arc::new(database), products, import, tokens, is_new })
    }

    fn open_postgres(config: &Config) -> anyhow::Result<Self> {
        let database = PostgresDatabase::new(PostgresOptions {
            pool_size: config.database.pool_size,
            connect_timeout: Duration::from_millis(config.database.connect_timeout_ms),
            wait_timeout: Duration::from_millis(config.database.wait_timeout_ms),
            statement_timeout: Duration::from_millis(config.database.statement_timeout_ms),
            ..PostgresOptions::new(config.database.url.expose())
        });
        let database = database.context("database.url cannot be used")?;
        let products = Arc::new(PostgresProducts::new(&database));
        let tokens = Arc::new(PostgresTokens::new(&database));
        let import = Arc::clone(&products);
        Ok(Self { database: Arc::new(database), products, import, tokens, is_new: false })
    }
}

/// What handlers share: made once, outside the worker factory.
pub struct Services {
    pub(crate) products: Arc<dyn ProductRepository>,
    pub(crate) database: Arc<dyn Database>,
    pub(crate) access: AccessControl,
    pub(crate) writes: WriteTasks,
    pub(crate) readiness: Readiness,
    pub(crate) publication: PublicationProbe,
    pub(crate) parts: Vec<Arc<dyn HealthPart>>,
    pub(crate) body_limits: BodyLimits,
    pub(crate) started: Instant,
    runtime: Handle,
}

impl Services {
    /// Puts the cache in front of `storage`; writes run on `runtime`.
    ///
    /// # Errors
    /// When the Redis URL cannot be used, or a cache option cannot work.
    pub fn new(config: &Config, storage: Storage, access: AccessControl, runtime: Handle) -> anyhow::Result<Self> {
        let time = Duration::from_millis(config.server.request_timeout_ms);
        let l2 = second_level(config, &runtime)?;
        let mut parts: Vec<Arc<dyn HealthPart>> = vec![Arc::new(DatabaseHealth(Arc::clone(&storage.database)))];
        if let Some(l2) = &l2 {
            parts.push(Arc::new(RedisHealth(l2.clone())));
        }
        Ok(Self {
            products: products(storage.products, l2, config, runtime.clone())?,
            access,
            writes: WriteTasks::new(runtime.clone()),
            readiness: Readiness::default(),
            publication: PublicationProbe::new(),
            parts,
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

/// The second level that the configuration names, if the levels use one.
fn second_level(config: &Config, runtime: &Handle) -> anyhow::Result<Option<L2>> {
    if !matches!(config.cache_levels(), CacheLevels::L2 | CacheLevels::TwoLevel) {
        return Ok(None);
    }
    let authority = &config.redis.ca_certificate;
    let ca_certificate = if authority.as_os_str().is_empty() {
        None
    } else {
        let read = fs::read(authority);
        Some(read.with_context(|| format!("redis.ca_certificate {} cannot be read", authority.display()))?)
    };
    let (url, namespace) = (config.redis.url.expose().to_owned(), config.cache.namespace.clone());
    let options = RedisOptions { url, namespace, ca_certificate };
    let remote = RedisRemote::new(&options).context("redis.url cannot be used")?;
    let l2 =
        L2::builder(Arc::new(remote)).runtime(runtime.clone()).build().context("the second level cannot be built")?;
    Ok(Some(l2))
}

/// Puts the cache in front of the database: the one place where the decorator goes in.
fn products(
    inner: Arc<dyn ProductRepository>,
    l2: Option<L2>,
    config: &Config,
    runtime: Handle,
) -> anyhow::Result<Arc<dyn ProductRepository>> {
    let levels = config.cache_levels();
    if levels == CacheLevels::None {
        return Ok(inner);
    }
    let cache = &config.cache;
    let options = CachedProductsOptions {
        ttl: Duration::from_millis(cache.ttl_ms),
        negative_ttl: Duration::from_millis(cache.negative_ttl_ms),
        list_ttl: Duration::from_millis(cache.list_ttl_ms),
        max_staleness: Duration::from_millis(cache.max_staleness_ms),
        jitter: cache.jitter,
        l1_capacity_bytes: if levels == CacheLevels::L2 { 0 } else { cache.l1_capacity_bytes },
    };
    let cached = CachedProducts::new(inner, l2, &options, runtime).context("the cache cannot be built")?;
    Ok(Arc::new(cached))
}
