//! Where spans of requests go.

use serde::{Deserialize, Serialize};

use crate::config::SecretUrl;

/// `[telemetry]`: export of traces to a collector of OpenTelemetry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// Where the collector takes OTLP over HTTP, such as `http://localhost:4318`; `/v1/traces` is appended. Default empty: no export.
    pub otlp_endpoint: SecretUrl,
    /// Share of the requests that are exported of those that begin a trace, 0 to 1; a caller that sends `traceparent` decides for its own.
    /// Default 0.1.
    pub sample_ratio: f64,
    /// What the spans say they come from. Default `larder`.
    pub service_name: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self { otlp_endpoint: SecretUrl::default(), sample_ratio: 0.1, service_name: "larder".into() }
    }
}
