//! The figures of requests for Prometheus.

use std::{fmt, sync::Arc};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
    registry::Unit,
};

use super::Traffic;

/// Renders the figures when somebody asks.
#[derive(Debug)]
pub(crate) struct Scraped(pub(crate) Arc<Traffic>);

impl Collector for Scraped {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let routes = self.0.by_route();
        let help = "Requests that were answered, or abandoned by their client";
        let mut family = encoder.encode_descriptor("larder_http_requests", help, None, MetricType::Counter)?;
        for ((route, method), counts) in &routes {
            let answered = counts.by_status.iter().map(|(status, count)| (status.to_string(), *count));
            let abandoned = (counts.abandoned > 0).then(|| ("abandoned".to_owned(), counts.abandoned));
            for (status, count) in answered.chain(abandoned) {
                let labels = [("route", *route), ("method", *method), ("status", status.as_str())];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        let help = "From the head of a request until the head of its answer";
        let unit = Some(&Unit::Seconds);
        let mut family =
            encoder.encode_descriptor("larder_http_request_duration", help, unit, MetricType::Histogram)?;
        for ((route, method), counts) in &routes {
            let buckets = cumulative_to_own(
                counts.latency.cumulative().map(|(bound, count)| (bound.as_secs_f64(), count)),
                counts.latency.count(),
            );
            let labels = [("route", *route), ("method", *method)];
            let mut encoder = family.encode_family(&labels)?;
            encoder.encode_histogram::<prometheus_client::encoding::NoLabelSet>(
                counts.latency.sum().as_secs_f64(),
                counts.latency.count(),
                &buckets,
                None,
            )?;
        }
        let help = "Requests that have begun and have no answer yet";
        let gauge = encoder.encode_descriptor("larder_http_requests_in_flight", help, None, MetricType::Gauge)?;
        ConstGauge::new(self.0.in_flight()).encode(gauge)
    }
}

/// What each bucket holds for itself, as the encoder wants it, up to infinity.
fn cumulative_to_own(cumulative: impl Iterator<Item = (f64, u64)>, all: u64) -> Vec<(f64, u64)> {
    let mut before = 0;
    let bounds = cumulative.chain([(f64::INFINITY, all)]);
    bounds.map(|(bound, count)| (bound, count.saturating_sub(std::mem::replace(&mut before, count)))).collect()
}
