//! Figures for Prometheus: those of the caches, and of how this node hears of what others change.

mod server;
mod views;

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime},
};

use larder_cache::{MetricsSink, PrometheusMetrics};
use larder_repository::Database;
use larder_repository_cached::{CachedProducts, CoherenceStatus};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::{Registry, Unit},
};

use self::server::ServerFigures;
use crate::{
    compression::CompressedBodies,
    traffic::{Scraped, Traffic},
};

/// All figures, read when somebody asks for them.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    caches: Arc<PrometheusMetrics>,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let caches = Arc::new(PrometheusMetrics::new(&mut registry));
        Self { registry, caches }
    }

    /// What caches tell how long things took.
    pub(crate) fn sink(&self) -> Arc<dyn MetricsSink> {
        Arc::clone(&self.caches) as _
    }

    /// Adds what these caches count, and how they hear of what others change.
    pub(crate) fn watch(&mut self, cached: &CachedProducts) {
        for (position, (name, _)) in cached.statistics().into_iter().enumerate() {
            let cached = cached.clone();
            let read = move || cached.statistics().into_iter().nth(position).map(|(_, counts)| counts);
            self.caches.watch(name, move || read().unwrap_or_default());
        }
        self.registry.register_collector(Box::new(Coherence(cached.clone())));
    }

    /// Adds what the cache of compressed bodies counts: its loads are compressions.
    pub(crate) fn watch_bodies(&self, bodies: Option<&CompressedBodies>) {
        if let Some(bodies) = bodies.cloned() {
            self.caches.watch("compressed", move || bodies.statistics());
        }
    }

    /// Adds what requests came, how busy the pool is, and what the process takes.
    pub(crate) fn watch_server(
        &mut self,
        traffic: &Arc<Traffic>,
        database: &Arc<dyn Database>,
        cached: &CachedProducts,
    ) {
        self.registry.register_collector(Box::new(Scraped(Arc::clone(traffic))));
        let (database, cached) = (Arc::clone(database), cached.clone());
        self.registry.register_collector(Box::new(ServerFigures { database, cached, started: SystemTime::now() }));
    }

    /// The figures in the text format of OpenMetrics.
    ///
    /// # Errors
    /// When a figure cannot be written.
    pub(crate) fn page(&self) -> Result<String, fmt::Error> {
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

/// Tail, relay, backplane and sampler of this node.
#[derive(Debug)]
struct Coherence(CachedProducts);

impl Collector for Coherence {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let status = self.0.coherence();
        let mut page = Page(encoder);
        page.hearing(&status)?;
        page.outbox(&status)?;
        page.samples(&status)
    }
}

/// One scrape. What is not known at present has no sample.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn hearing(&mut self, status: &CoherenceStatus) -> fmt::Result {
        if let Some(feed) = status.feed {
            self.seconds(
                "larder_feed_age",
                "Time since the database was asked that confirmed this node's memory",
                feed.confirmed_ago,
            )?;
            self.gauge(
                "larder_feed_reachable",
                "1 while the database can be asked for changes",
                f64::from(u8::from(feed.is_reachable)),
            )?;
            self.gauge(
                "larder_feed_doubts",
                "Announced changes that Redis may not have taken yet",
                figure(feed.doubts as u64),
            )?;
        }
        self.seconds(
            "larder_backplane_age",
            "Time since Redis was asked that had nothing else to tell",
            status.backplane_heard_ago,
        )?;
        self.gauge(
            "larder_findings",
            "What is unwise about Redis and about other nodes",
            figure(status.findings.len() as u64),
        )
    }

    fn outbox(&mut self, status: &CoherenceStatus) -> fmt::Result {
        if let Some(outbox) = status.outbox {
            self.gauge(
                "larder_outbox_pending",
                "Changes that Redis has not taken, counted up to the limit",
                figure(outbox.pending),
            )?;
            let oldest = Some(outbox.oldest_pending.unwrap_or_default());
            self.seconds("larder_outbox_oldest_pending", "How long the oldest of them has waited", oldest)?;
        }
        let lag = status.lag;
        self.counter("larder_outbox_relayed", "Changes that this node told Redis", lag.count)?;
        self.counter(
            "larder_outbox_collapsed",
            "Pending changes that one change of everything replaced",
            status.collapsed,
        )?;
        let help = "From a commit until Redis took it, since the start";
        let mut family =
            self.0.encode_descriptor("larder_outbox_lag", help, Some(&Unit::Seconds), MetricType::Gauge)?;
        for (quantile, waited) in [("0.5", lag.p50), ("0.99", lag.p99), ("1", lag.longest)] {
            ConstGauge::new(waited.as_secs_f64()).encode(family.encode_family(&[("quantile", quantile)])?)?;
        }
        Ok(())
    }

    fn samples(&mut self, status: &CoherenceStatus) -> fmt::Result {
        let samples = status.samples;
        let levels = [("l1", samples.stale_l1), ("l2", samples.stale_l2)];
        self.counter("larder_samples", "Comparisons of a cached product with the database", samples.samples)?;
        let help = "Comparisons that found a product older than the bound";
        let mut family = self.0.encode_descriptor("larder_samples_stale", help, None, MetricType::Counter)?;
        for (level, stale) in levels {
            ConstCounter::new(stale).encode(family.encode_family(&[("level", level)])?)?;
        }
        let help = "Such comparisons per million";
        let mut family = self.0.encode_descriptor("larder_samples_stale_per_million", help, None, MetricType::Gauge)?;
        for (level, stale) in levels {
            ConstGauge::new(per_million(stale, samples.samples)).encode(family.encode_family(&[("level", level)])?)?;
        }
        Ok(())
    }

    fn seconds(&mut self, name: &str, help: &str, value: Option<Duration>) -> fmt::Result {
        let Some(value) = value else { return Ok(()) };
        let encoder = self.0.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Gauge)?;
        ConstGauge::new(value.as_secs_f64()).encode(encoder)
    }

    fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        ConstGauge::new(value).encode(self.0.encode_descriptor(name, help, None, MetricType::Gauge)?)
    }

    fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        ConstCounter::new(count).encode(self.0.encode_descriptor(name, help, None, MetricType::Counter)?)
    }
}

/// How many of a million `samples` were `stale`; 0 without samples.
pub(crate) fn per_million(stale: u64, samples: u64) -> f64 {
    if samples == 0 { 0.0 } else { 1e6 * figure(stale) / figure(samples) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of events in one process stay below 2^53")]
fn figure(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stale_samples_are_told_per_million() {
        assert!((per_million(1, 4) - 250_000.0).abs() < 1e-9);
        assert!(per_million(0, 0) < 1e-9);
    }
}
