//! Figures of the server itself: pool, hit ratios, process, build.

use std::{fmt, sync::Arc, time::SystemTime};

use larder_repository::Database;
use larder_repository_cached::CachedProducts;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

use super::figure;
use crate::process::ProcessFigures;

/// Read when somebody asks.
#[derive(Debug)]
pub(super) struct ServerFigures {
    pub(super) database: Arc<dyn Database>,
    pub(super) cached: CachedProducts,
    pub(super) started: SystemTime,
}

impl Collector for ServerFigures {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        page.pool(self.database.as_ref())?;
        page.hit_ratios(&self.cached)?;
        page.process(self.started)?;
        let help = "Version of this server; always 1";
        let mut build = page.0.encode_descriptor("larder_build", help, None, MetricType::Info)?;
        build.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }
}

struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    fn pool(&mut self, database: &dyn Database) -> fmt::Result {
        let status = database.pool_status();
        let in_use = status.size.saturating_sub(status.idle);
        let help = "Connections to the database";
        let mut family = self.0.encode_descriptor("larder_pool_connections", help, None, MetricType::Gauge)?;
        for (state, count) in [("in_use", in_use), ("idle", status.idle)] {
            ConstGauge::new(figure(count as u64)).encode(family.encode_family(&[("state", state)])?)?;
        }
        self.gauge("larder_pool_max_connections", "Most connections to the database", None, status.max_size as u64)?;
        self.gauge("larder_pool_waiting", "Callers that wait for a connection", None, status.waiting as u64)?;
        let waits = status.waits;
        let help = "How long callers waited for a connection";
        let seconds = Some(&Unit::Seconds);
        let summary = self.0.encode_descriptor("larder_pool_wait", help, seconds, MetricType::Counter)?;
        ConstCounter::new(waits.total.as_secs_f64()).encode(summary)?;
        let help = "Callers that waited for a connection, however shortly";
        let count = self.0.encode_descriptor("larder_pool_waits", help, None, MetricType::Counter)?;
        ConstCounter::new(waits.count).encode(count)?;
        let help = "The longest of these waits since the start";
        let longest = self.0.encode_descriptor("larder_pool_longest_wait", help, seconds, MetricType::Gauge)?;
        ConstGauge::new(waits.longest.as_secs_f64()).encode(longest)
    }

    fn hit_ratios(&mut self, cached: &CachedProducts) -> fmt::Result {
        let help = "Share of look-ups since the start that L1 or L2 answered with something fresh";
        let mut family = self.0.encode_descriptor("larder_cache_hit_ratio", help, None, MetricType::Gauge)?;
        for (cache, statistics) in cached.statistics() {
            ConstGauge::new(statistics.hit_ratio()).encode(family.encode_family(&[("cache", cache)])?)?;
        }
        Ok(())
    }

    /// Under the names that every client library of Prometheus uses.
    fn process(&mut self, started: SystemTime) -> fmt::Result {
        let figures = ProcessFigures::now();
        let bytes = Some(&Unit::Bytes);
        for (name, help, unit, value) in [
            ("process_resident_memory", "Memory that is not swapped out", bytes, figures.rss_bytes),
            ("process_virtual_memory", "Address space", bytes, figures.virtual_bytes),
            ("process_open_fds", "Open files and sockets", None, figures.open_fds),
            ("process_max_fds", "Most open files and sockets", None, figures.max_fds),
            ("process_threads", "Threads", None, figures.threads),
        ] {
            if let Some(value) = value {
                self.gauge(name, help, unit, value)?;
            }
        }
        let seconds = Some(&Unit::Seconds);
        if let Some(cpu) = figures.cpu {
            let help = "CPU time in user code and in the kernel";
            let encoder = self.0.encode_descriptor("process_cpu", help, seconds, MetricType::Counter)?;
            ConstCounter::new(cpu.as_secs_f64()).encode(encoder)?;
        }
        let since = started.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let help = "When the process started, since the beginning of 1970";
        ConstGauge::new(since).encode(self.0.encode_descriptor(
            "process_start_time",
            help,
            seconds,
            MetricType::Gauge,
        )?)
    }

    fn gauge(&mut self, name: &str, help: &str, unit: Option<&Unit>, value: u64) -> fmt::Result {
        ConstGauge::new(figure(value)).encode(self.0.encode_descriptor(name, help, unit, MetricType::Gauge)?)
    }
}
