//! Metrics for Prometheus: durations as they happen, counts of each watched cache at each scrape.

mod scrape;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::Duration,
};

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

use self::scrape::Watched;
use crate::{
    metrics::MetricsSink,
    statistics::{L2Outcome, LoadOutcome, Operation, Statistics},
};

/// Upper bounds for loads, in seconds: from a lookup in an index to a loader that hangs.
const LOAD_BUCKETS_SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Upper bounds for operations on L2, in seconds: from one round trip within a rack to its deadline.
const L2_BUCKETS_SECONDS: [f64; 12] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LoadLabels {
    cache: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct L2Labels {
    cache: String,
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BreakerLabels {
    cache: String,
    to: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Metrics of any number of caches in one registry, all named `larder_cache_…` and labeled with the name of the cache.
///
/// As a [`MetricsSink`] it observes the durations of loads and of operations on L2; [`Self::watch`] adds all counts of a cache.
///
/// ```
/// use larder_cache::{PrometheusMetrics, Statistics};
/// use prometheus_client::{encoding::text::encode, registry::Registry};
///
/// let mut registry = Registry::default();
/// let metrics = PrometheusMetrics::new(&mut registry);
/// metrics.watch("products", || Statistics::default()); // in a service: `move || cache.statistics()`
///
/// let mut page = String::new();
/// encode(&mut page, &registry)?;
/// assert!(page.contains(r#"larder_cache_lookups_total{cache="products",outcome="l1"} 0"#));
/// # Ok::<(), std::fmt::Error>(())
/// ```
pub struct PrometheusMetrics {
    loads: Histograms<LoadLabels>,
    l2: Histograms<L2Labels>,
    breaker_transitions: Family<BreakerLabels, Counter>,
    durations: RwLock<HashMap<String, Arc<Durations>>>,
    watched: Arc<Watched>,
}

/// The histograms of one cache. Each is resolved when it is first needed: most pairs of operation and outcome never occur.
#[derive(Debug, Default)]
struct Durations {
    loads: [OnceLock<Histogram>; LoadOutcome::ALL.len()],
    l2: [[OnceLock<Histogram>; L2Outcome::ALL.len()]; Operation::ALL.len()],
}

impl PrometheusMetrics {
    /// Registers the metrics. Once per registry: a second time would give each of them twice.
    pub fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            loads: Family::new_with_constructor(|| Histogram::new(LOAD_BUCKETS_SECONDS)),
            l2: Family::new_with_constructor(|| Histogram::new(L2_BUCKETS_SECONDS)),
            breaker_transitions: Family::default(),
            durations: RwLock::default(),
            watched: Arc::default(),
        };
        let registry = registry.sub_registry_with_prefix("larder_cache");
        registry.register_with_unit(
            "load_duration",
            "How long loads took, waiting for the budget included",
            Unit::Seconds,
            metrics.loads.clone(),
        );
        registry.register_with_unit(
            "l2_operation_duration",
            "How long operations on L2 took",
            Unit::Seconds,
            metrics.l2.clone(),
        );
        registry.register(
            "breaker_transitions",
            "How often the breaker of L2 opened and closed",
            metrics.breaker_transitions.clone(),
        );
        registry.register_collector(Box::new(Arc::clone(&metrics.watched)));
        metrics
    }

    /// Renders the statistics that `read` answers at each scrape, labeled `cache`. A second one of the same name replaces the first.
    ///
    /// `read` must not scrape. It lives as long as the registry, and with it what it captures.
    pub fn watch(&self, cache: &str, read: impl Fn() -> Statistics + Send + Sync + 'static) {
        self.watched.watch(cache, Arc::new(read));
    }

    fn durations(&self, cache: &str) -> Arc<Durations> {
        let known = self.durations.read().unwrap_or_else(PoisonError::into_inner).get(cache).map(Arc::clone);
        known.unwrap_or_else(|| {
            let mut durations = self.durations.write().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(durations.entry(cache.to_owned()).or_default())
        })
    }
}

impl MetricsSink for PrometheusMetrics {
    fn loaded(&self, cache: &str, outcome: LoadOutcome, took: Duration) {
        self.durations(cache).loads[outcome as usize]
            .get_or_init(|| {
                let labels = LoadLabels { cache: cache.to_owned(), outcome: outcome.as_str() };
                self.loads.get_or_create_owned(&labels)
            })
            .observe(took.as_secs_f64());
    }

    /// What was not asked has no duration: with the breaker open or L2 bypassed there is only the count of [`Self::watch`].
    fn l2(&self, cache: &str, operation: Operation, outcome: L2Outcome, took: Duration) {
        if matches!(outcome, L2Outcome::BreakerOpen | L2Outcome::Bypassed) {
            return;
        }
        self.durations(cache).l2[operation as usize][outcome as usize]
            .get_or_init(|| {
                let (operation, outcome) = (operation.as_str(), outcome.as_str());
                self.l2.get_or_create_owned(&L2Labels { cache: cache.to_owned(), operation, outcome })
            })
            .observe(took.as_secs_f64());
    }

    fn breaker(&self, cache: &str, open: bool) {
        let to = if open { "open" } else { "closed" };
        self.breaker_transitions.get_or_create(&BreakerLabels { cache: cache.to_owned(), to }).inc();
    }
}

impl fmt::Debug for PrometheusMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PrometheusMetrics").field("watched", &self.watched).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
