//! The caches behind the decorator: products, pages, totals and figures, and how all of them hear of a change.

use std::sync::Arc;

use larder_cache::{
    Cache, CacheBuilder, CacheKey, CacheOptions, ConfigError, Feed, Identity, Json, L2, MetricsSink, News, RemoteError,
};
use larder_domain::{CatalogueStats, ProductPage};
use tokio::runtime::Handle;

use crate::{
    kept::{KeptProduct, ProductCodec},
    keys::ProductKey,
    options::CachedProductsOptions,
    touched::Touched,
};

/// The caches, all over the same L2 and the same feed.
#[derive(Debug, Clone)]
pub(crate) struct Caches {
    pub(crate) products: Cache<ProductKey, KeptProduct>,
    pub(crate) pages: Cache<String, ProductPage>,
    pub(crate) totals: Cache<String, u64>,
    pub(crate) stats: Cache<String, CatalogueStats>,
    /// Limit of the L1 of products in bytes; 0 means that there is none.
    pub(crate) product_bytes: u64,
}

/// What all caches are made of.
struct Parts<'a> {
    l2: Option<&'a L2>,
    feed: Option<&'a Feed>,
    runtime: &'a Handle,
    metrics: Option<&'a Arc<dyn MetricsSink>>,
    #[cfg(feature = "testing")]
    mutants: &'a [larder_cache::testing::Mutant],
}

impl Caches {
    pub(crate) fn new(
        l2: Option<&L2>,
        feed: Option<&Feed>,
        options: &CachedProductsOptions,
        runtime: &Handle,
    ) -> Result<Self, ConfigError> {
        let share = |percent: u64| options.l1_capacity_bytes / 100 * percent;
        // Where nobody tells this node what others change, its own memory must not hide it for long.
        let is_deaf = l2.is_some() && feed.is_none();
        let lists = CacheOptions {
            ttl: options.list_ttl,
            l1_ttl: if is_deaf { options.max_staleness.min(options.list_ttl) } else { options.list_ttl },
            negative_ttl: options.list_ttl,
            jitter: options.jitter,
            l1_capacity_bytes: share(12),
            max_concurrent_loads: options.concurrent_lists,
            ..CacheOptions::default()
        };
        let products = CacheOptions {
            ttl: options.ttl,
            l1_ttl: options.ttl,
            negative_ttl: options.negative_ttl,
            l1_capacity_bytes: share(80),
            max_concurrent_loads: CacheOptions::default().max_concurrent_loads,
            ..lists.clone()
        };
        let totals = CacheOptions {
            l1_capacity_bytes: share(7),
            max_concurrent_loads: options.concurrent_totals,
            ..lists.clone()
        };
        let stats = CacheOptions { l1_capacity_bytes: share(1), max_concurrent_loads: 1, ..lists.clone() };
        let parts = Parts {
            l2,
            feed,
            runtime,
            metrics: options.metrics.as_ref(),
            #[cfg(feature = "testing")]
            mutants: &options.mutants,
        };
        let product_bytes = products.l1_capacity_bytes;
        Ok(Self {
            product_bytes,
            products: parts.attach(Cache::builder("product").codec(ProductCodec), products).build()?,
            pages: parts.attach(Cache::builder("list").codec(Json), lists).build()?,
            totals: parts.attach(Cache::builder("total").codec(Json), totals).build()?,
            stats: parts.attach(Cache::builder("stats").codec(Json), stats).build()?,
        })
    }

    /// Forgets what a change touched, in both levels; a writer's part.
    pub(crate) async fn forget(&self, touched: &Touched) {
        let (products, pages, totals, stats) = (touched.products(), touched.pages(), touched.totals(), touched.stats());
        tokio::join!(
            forget(&self.products, &products),
            forget(&self.pages, &pages),
            forget(&self.totals, &totals),
            forget(&self.stats, &stats)
        );
    }

    /// Forgets in this process what was announced; `in_doubt` is the highest number of these announcements if L2 may not have taken all of them.
    pub(crate) fn hear(&self, touched: &Touched, in_doubt: Option<u64>) {
        self.products.hear(&touched.products(), in_doubt);
        self.pages.hear(&touched.pages(), in_doubt);
        self.totals.hear(&touched.totals(), in_doubt);
        self.stats.hear(&touched.stats(), in_doubt);
    }

    /// Tells L2 what was announced; a relay's part. Answers the one server that took all of it.
    pub(crate) async fn tell(&self, touched: &Touched) -> Result<Identity, RemoteError> {
        let (products, pages, totals, stats) = (touched.products(), touched.pages(), touched.totals(), touched.stats());
        let servers = tokio::try_join!(
            tell(&self.products, &products),
            tell(&self.pages, &pages),
            tell(&self.totals, &totals),
            tell(&self.stats, &stats)
        )?;
        let mut servers = <[_; 4]>::from(servers).into_iter().flatten();
        let first = servers.next().ok_or_else(|| RemoteError("there was nothing to tell".into()))?;
        let is_one = servers.all(|server| server == first);
        is_one.then_some(first).ok_or_else(|| RemoteError("several servers answered".into()))
    }
}

async fn forget<K: CacheKey, V: Clone + Send + Sync + 'static>(cache: &Cache<K, V>, news: &[News<K>]) {
    if !news.is_empty() {
        cache.invalidate_news(news).await;
    }
}

async fn tell<K: CacheKey, V: Clone + Send + Sync + 'static>(
    cache: &Cache<K, V>,
    news: &[News<K>],
) -> Result<Option<Identity>, RemoteError> {
    if news.is_empty() { Ok(None) } else { cache.tell(news).await.map(Some) }
}

impl Parts<'_> {
    fn attach<K: CacheKey, V: Clone + Send + Sync + 'static>(
        &self,
        builder: CacheBuilder<K, V>,
        options: CacheOptions,
    ) -> CacheBuilder<K, V> {
        let mut builder = builder.options(options).runtime(self.runtime.clone());
        if let Some(l2) = self.l2 {
            builder = builder.l2(l2);
        }
        if let Some(feed) = self.feed {
            builder = builder.feed(feed);
        }
        if let Some(metrics) = self.metrics {
            builder = builder.metrics(Arc::clone(metrics));
        }
        #[cfg(feature = "testing")]
        for mutant in self.mutants {
            builder = builder.mutant(*mutant);
        }
        builder
    }
}
