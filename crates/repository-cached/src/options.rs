//! What can be set, and what cannot work.

use std::{sync::Arc, time::Duration};

use larder_cache::{ConfigError, MetricsSink};
use larder_repository::OutboxLimits;

/// How long products and lists are kept, how much memory they take, and how the node hears of changes.
#[derive(Debug, Clone)]
pub struct CachedProductsOptions {
    /// Life of a product. Default 10 minutes.
    pub ttl: Duration,
    /// Life of an absence. Default 30 seconds.
    pub negative_ttl: Duration,
    /// Life of a page of ids, a total or the figures. Default 1 minute.
    pub list_ttl: Duration,
    /// How long after its commit a change may be hidden by what is cached here, whoever made it, while the database can be asked.
    /// Default 1 second.
    pub max_staleness: Duration,
    /// By which share of it a life may be shortened at random, 0 to 1. Default 0.1.
    pub jitter: f64,
    /// Limit of L1 in bytes over all that is cached; 0 means no L1. Default 256 MiB.
    pub l1_capacity_bytes: u64,
    /// Whether this node tells L2 of the changes that the outbox announces. Any number of nodes may; one at least must. Each keeps the outbox
    /// small.
    /// Default yes.
    pub relay: bool,
    /// How long and how much the outbox keeps. Default 10 minutes and 100,000 pending rows.
    pub outbox: OutboxLimits,
    /// How many cached products a second are compared with the database, 0 to 1,000; 0 is none. Default 2.
    pub samples_per_second: f64,
    /// How many lists are loaded at once, and how many totals, so that dear searches leave the database to products. Default 16 and 16.
    pub concurrent_lists: usize,
    /// See [`Self::concurrent_lists`].
    pub concurrent_totals: usize,
    /// What is told of each load and each question to L2. Default none.
    pub metrics: Option<Arc<dyn MetricsSink>>,
    /// Mistakes that a test plants in every cache.
    #[cfg(feature = "testing")]
    pub mutants: Vec<larder_cache::testing::Mutant>,
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
            relay: true,
            outbox: OutboxLimits { retention: Duration::from_mins(10), max_pending: 100_000 },
            samples_per_second: 2.0,
            concurrent_lists: 16,
            concurrent_totals: 16,
            metrics: None,
            #[cfg(feature = "testing")]
            mutants: Vec::new(),
        }
    }
}

impl CachedProductsOptions {
    /// What the caches and the feed do not check themselves.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let rule = |holds: bool, option, rule| if holds { Ok(()) } else { Err(ConfigError { option, rule }) };
        rule((0.0..=1_000.0).contains(&self.samples_per_second), "samples_per_second", "must be from 0 to 1,000")?;
        rule(self.outbox.max_pending > 0, "outbox.max_pending", "must be at least 1")?;
        let retention = self.outbox.retention;
        rule(retention >= Duration::from_secs(10), "outbox.retention", "must be at least 10 seconds")
    }

    /// Time between two samples; `None` without sampling.
    pub(crate) fn sample_period(&self) -> Option<Duration> {
        (self.samples_per_second > 0.0).then(|| Duration::from_secs_f64(1.0 / self.samples_per_second.max(1e-6)))
    }
}
