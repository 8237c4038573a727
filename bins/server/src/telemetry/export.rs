//! Spans on their way to a collector, over OTLP: HTTP and protobuf, in batches, from a thread of their own.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use anyhow::ensure;
use opentelemetry::{
    Context, KeyValue,
    trace::{Link, SpanKind, TraceContextExt, TraceId, TraceState, TracerProvider},
};
use opentelemetry_otlp::{Protocol, SpanExporter as OtlpExporter, WithExportConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{
        BatchConfigBuilder, BatchSpanProcessor, SamplingDecision, SamplingResult, SdkTracer, SdkTracerProvider,
        ShouldSample, SpanData, SpanExporter,
    },
};

use crate::config::TelemetryConfig;

/// How long the collector may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// How long the last spans may take at the end of the process.
const LAST_LIMIT: Duration = Duration::from_secs(3);
/// Spans that wait; when there are more, the newest are dropped.
const QUEUE: usize = 4_096;
const PERIOD: Duration = Duration::from_secs(1);

/// Exports what is recorded.
#[derive(Debug)]
pub(crate) struct Exporting {
    provider: SdkTracerProvider,
}

impl Exporting {
    /// Begins, if the configuration names a collector. Call it outside any runtime: the client blocks, on a thread of its own.
    ///
    /// # Errors
    /// When the address cannot be used.
    pub(crate) fn start(config: &TelemetryConfig) -> anyhow::Result<Option<Self>> {
        if config.otlp_endpoint.is_empty() {
            return Ok(None);
        }
        ensure!(config.otlp_endpoint.expose().starts_with("http://"), "it must begin with http://");
        let endpoint = format!("{}/v1/traces", config.otlp_endpoint.expose().trim_end_matches('/'));
        let exporter = OtlpExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(endpoint)
            .with_timeout(ANSWER_LIMIT)
            .build()?;
        let batches = BatchConfigBuilder::default().with_max_queue_size(QUEUE).with_scheduled_delay(PERIOD).build();
        let telling = Telling { inner: exporter, is_failing: AtomicBool::new(false) };
        let resource = Resource::builder()
            .with_service_name(config.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(telling).with_batch_config(batches).build())
            .with_sampler(BelowRequests)
            .with_resource(resource.build())
            .build();
        Ok(Some(Self { provider }))
    }

    pub(super) fn tracer(&self) -> SdkTracer {
        self.provider.tracer("larder")
    }

    /// Sends what waits, and ends. Blocks for a few seconds at most.
    pub(crate) fn shut_down(self) {
        if let Err(cause) = self.provider.shutdown_with_timeout(LAST_LIMIT) {
            tracing::warn!(%cause, "the last spans were not exported");
        }
    }
}

/// Records requests, and what happens below a recorded one. Which requests are traced was decided before their span was made.
#[derive(Debug, Clone)]
struct BelowRequests;

impl ShouldSample for BelowRequests {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        _trace: TraceId,
        _name: &str,
        kind: &SpanKind,
        _attributes: &[KeyValue],
        _links: &[Link],
    ) -> SamplingResult {
        let parent =
            parent.filter(|parent| parent.has_active_span()).map(|parent| parent.span().span_context().clone());
        let is_recorded = *kind == SpanKind::Server || parent.as_ref().is_some_and(|parent| parent.is_sampled());
        SamplingResult {
            decision: if is_recorded { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
            attributes: Vec::new(),
            trace_state: parent.map_or_else(TraceState::default, |parent| parent.trace_state().clone()),
        }
    }
}

/// Says once when the collector begins to fail, and once when it is well again.
#[derive(Debug)]
struct Telling<E> {
    inner: E,
    is_failing: AtomicBool,
}

impl<E: SpanExporter> SpanExporter for Telling<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.inner.export(batch).await;
        match &sent {
            Err(cause) if !self.is_failing.swap(true, Ordering::Relaxed) => {
                tracing::warn!(%cause, "spans cannot be exported; they are dropped until they can");
            }
            Ok(()) if self.is_failing.swap(false, Ordering::Relaxed) => tracing::info!("spans are exported again"),
            _ => {}
        }
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}
