//! Log lines on standard error, text for people or JSON for machines; spans to a collector, if there is one.

mod export;

use std::{
    backtrace::Backtrace,
    io::{IsTerminal, stderr},
    panic,
};

use anyhow::Context;
use tracing::{Metadata, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt,
    layer::SubscriberExt,
    registry::LookupSpan,
    util::SubscriberInitExt,
};

pub(crate) use self::export::Exporting;
use crate::config::{LogConfig, LogFormat, TelemetryConfig};

/// Installs the subscriber for this process; call once, outside any runtime. What it answers exports until it is shut down.
///
/// # Errors
/// When the filter cannot be parsed, the collector's address cannot be used, or a subscriber is installed already.
pub(crate) fn install(log: &LogConfig, telemetry: &TelemetryConfig) -> anyhow::Result<Option<Exporting>> {
    let filter = EnvFilter::builder().parse(&log.filter).context("log.filter cannot be parsed")?;
    let exporting = Exporting::start(telemetry).context("telemetry.otlp_endpoint cannot be used")?;
    let installed = match &exporting {
        // One filter for everything: what is not logged costs nothing.
        None => tracing_subscriber::registry().with(filter).with(lines(log.format)).try_init(),
        Some(exporting) => {
            let filter = filter.and(filter_fn(|metadata| !is_exported(metadata)));
            let spans = tracing_opentelemetry::layer()
                .with_tracer(exporting.tracer())
                .with_location(false)
                .with_threads(false)
                .with_tracked_inactivity(false)
                .with_filter(filter_fn(is_exported).with_max_level_hint(LevelFilter::DEBUG));
            tracing_subscriber::registry().with(spans).with(lines(log.format).with_filter(filter)).try_init()
        }
    };
    installed.context("cannot install the log")?;
    panic::set_hook(Box::new(|panic| {
        let backtrace = Backtrace::capture();
        tracing::error!(%panic, %backtrace, "panicked");
    }));
    Ok(exporting)
}

fn lines<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let layer = fmt::layer().with_writer(stderr);
    match format {
        LogFormat::Text => Box::new(layer.with_ansi(stderr().is_terminal())),
        LogFormat::Json => Box::new(layer.json().flatten_event(true)),
    }
}

/// Our spans of requests, of loads and of questions to Redis and the database.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target().starts_with("larder_")
}
