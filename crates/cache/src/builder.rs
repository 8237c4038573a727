//! Building a cache: what it is made of, its options, and which of them cannot work.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::Semaphore};

use crate::{
    Cache, CacheKey, Codec, ConfigError, Remote, cache::Core, flight::Flights, local::Local, recovery::Upstream,
};

/// Lifetimes, limits and deadlines of a cache.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheOptions {
    /// Life of a value, in L2 and, unless [`Self::l1_ttl`] is shorter, in L1. Default 10 minutes.
    pub ttl: Duration,
    /// Longest life in L1. Default 10 minutes.
    pub l1_ttl: Duration,
    /// Life of a cached absence. Default 30 seconds.
    pub negative_ttl: Duration,
    /// By which share of it a life may be shortened at random, 0 to 1. Default 0.1.
    pub jitter: f64,
    /// Limit of L1 in bytes, with keys and overhead; 0 means no L1. Default 64 MiB.
    pub l1_capacity_bytes: u64,
    /// Longest wait for one answer of L2. Default 250 ms.
    pub l2_deadline: Duration,
    /// Life of a lease: how long others wait for whoever loads. Default 2 seconds.
    pub lease: Duration,
    /// Hard deadline of a load, its wait for a place in the budget included. Default 15 seconds.
    pub load_deadline: Duration,
    /// Most loader calls at once. Default 64.
    pub max_concurrent_loads: usize,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_mins(10),
            l1_ttl: Duration::from_mins(10),
            negative_ttl: Duration::from_secs(30),
            jitter: 0.1,
            l1_capacity_bytes: 64 << 20,
            l2_deadline: Duration::from_millis(250),
            lease: Duration::from_secs(2),
            load_deadline: Duration::from_secs(15),
            max_concurrent_loads: 64,
        }
    }
}

impl CacheOptions {
    fn check(&self) -> Result<(), ConfigError> {
        const YEAR: Duration = Duration::from_hours(24 * 366);
        let spans = [
            ("ttl", self.ttl),
            ("l1_ttl", self.l1_ttl),
            ("negative_ttl", self.negative_ttl),
            ("l2_deadline", self.l2_deadline),
            ("lease", self.lease),
            ("load_deadline", self.load_deadline),
        ];
        for (option, span) in spans {
            if span < Duration::from_millis(1) || span > YEAR {
                return Err(ConfigError { option, rule: "must be from 1 millisecond to 366 days" });
            }
        }
        if !(0.0..=1.0).contains(&self.jitter) {
            return Err(ConfigError { option: "jitter", rule: "must be from 0 to 1" });
        }
        if self.max_concurrent_loads == 0 || self.max_concurrent_loads > Semaphore::MAX_PERMITS {
            return Err(ConfigError { option: "max_concurrent_loads", rule: "must be at least 1" });
        }
        Ok(())
    }
}

/// Gathers what a cache is made of.
#[derive(Debug)]
pub struct CacheBuilder<V> {
    name: String,
    options: CacheOptions,
    remote: Option<Arc<dyn Remote>>,
    codec: Option<Arc<dyn Codec<V>>>,
    runtime: Option<Handle>,
}

impl<V: Clone + Send + Sync + 'static> CacheBuilder<V> {
    pub(crate) fn new(name: &str) -> Self {
        Self { name: name.to_owned(), options: CacheOptions::default(), remote: None, codec: None, runtime: None }
    }

    /// How values become bytes. Required.
    #[must_use]
    pub fn codec(mut self, codec: impl Codec<V> + 'static) -> Self {
        self.codec = Some(Arc::new(codec));
        self
    }

    /// The second level; several caches may share one. Default: none.
    #[must_use]
    pub fn remote(mut self, remote: Arc<dyn Remote>) -> Self {
        self.remote = Some(remote);
        self
    }

    /// Lifetimes, limits and deadlines.
    #[must_use]
    pub fn options(mut self, options: CacheOptions) -> Self {
        self.options = options;
        self
    }

    /// The runtime on which loads and fills run. Default: that of the caller of [`Self::build`].
    #[must_use]
    pub fn runtime(mut self, runtime: Handle) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Builds the cache.
    ///
    /// # Errors
    /// Names the option that is missing or cannot work; without a runtime of its own, it must be called within one.
    pub fn build<K: CacheKey>(self) -> Result<Cache<K, V>, ConfigError> {
        self.options.check()?;
        let bad_name = self.name.is_empty() || self.name.contains([':', '{', '}', ' ', '\n']);
        if bad_name {
            return Err(ConfigError { option: "name", rule: "must not be empty nor contain : { } or white space" });
        }
        let codec = self.codec.ok_or(ConfigError { option: "codec", rule: "is required" })?;
        let runtime = match self.runtime {
            Some(runtime) => runtime,
            None => Handle::try_current()
                .map_err(|_outside| ConfigError { option: "runtime", rule: "is required outside a tokio runtime" })?,
        };
        let longest_ttl = self.options.ttl.max(self.options.negative_ttl);
        let upstream = Upstream::new(self.remote, self.options.l2_deadline, longest_ttl, runtime.clone());
        Ok(Cache::from_core(Core {
            local: Local::new(&self.name, self.options.l1_capacity_bytes),
            flights: Arc::new(Flights::new()),
            upstream: Arc::new(upstream),
            budget: Semaphore::new(self.options.max_concurrent_loads),
            name: self.name,
            options: self.options,
            codec,
            runtime,
        }))
    }
}
