//! Whether the process lives, is ready, and how each part is.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use serde::Serialize;
use serde_json::Value;

use crate::{
    answer,
    api_error::{ApiError, ApiErrorKind},
    health::{PartHealth, ask},
    live::HitRatio,
    services::Services,
};

/// `GET /livez`: the process answers.
pub(super) async fn alive() -> HttpResponse {
    answer::unstored(StatusCode::OK, r#"{"status":"alive"}"#)
}

/// `GET /readyz`: requests are wanted and every essential part answers.
pub(super) async fn ready(services: Data<Services>) -> Result<HttpResponse, ApiError> {
    if services.readiness.is_held() {
        return Err(ApiError::new(ApiErrorKind::Starting, "the caches are being warmed"));
    }
    if !services.readiness.is_ready() {
        return Err(ApiError::new(ApiErrorKind::Stopping, "no new requests are wanted"));
    }
    let down = ask_all(&services).await.into_iter().find(|part| part.is_essential && !part.is_up);
    match down {
        Some(part) => Err(ApiError::new(ApiErrorKind::Unavailable, format!("{} is down", part.name))),
        None => Ok(answer::unstored(StatusCode::OK, r#"{"status":"ready"}"#)),
    }
}

/// `GET /health`: each part with its latency and figures, and what is only a warning; 503 when an essential one is down.
pub(super) async fn report(services: Data<Services>) -> Result<HttpResponse, ApiError> {
    let parts = ask_all(&services).await;
    let lost = parts.iter().any(|part| part.is_essential && !part.is_up);
    let (status, word) = match (lost, parts.iter().all(|part| part.is_up)) {
        (true, _) => (StatusCode::SERVICE_UNAVAILABLE, "down"),
        (false, false) => (StatusCode::OK, "degraded"),
        (false, true) => (StatusCode::OK, "healthy"),
    };
    let hits = services.live.hits();
    let hit_warning = hits.and_then(|hits| hits.warning());
    let report = Report {
        status: word,
        version: env!("CARGO_PKG_VERSION"),
        ready: services.readiness.is_ready(),
        uptime_ms: services.started.elapsed().as_millis(),
        timestamp: jiff::Timestamp::now(),
        warnings: hit_warning
            .iter()
            .chain(parts.iter().flat_map(|part| &part.detail.warnings))
            .map(String::as_str)
            .collect(),
        hit_ratio: hits,
        parts: parts.iter().map(|part| (part.name, PartReport::from(part))).collect(),
    };
    Ok(answer::unstored(status, serde_json::to_vec(&report).map_err(ApiError::internal)?))
}

/// Asks the parts one after the other: there are few, and each has a deadline.
async fn ask_all(services: &Services) -> Vec<PartHealth> {
    let mut parts = Vec::with_capacity(services.parts.len());
    for part in &services.parts {
        parts.push(ask(part.as_ref()).await);
    }
    parts
}

#[derive(Debug, Serialize)]
struct Report<'a> {
    status: &'static str,
    version: &'static str,
    ready: bool,
    uptime_ms: u128,
    timestamp: jiff::Timestamp,
    /// Makes nothing unhealthy.
    warnings: Vec<&'a str>,
    /// Of the last minute; null in the first second.
    hit_ratio: Option<HitRatio>,
    parts: BTreeMap<&'static str, PartReport<'a>>,
}

#[derive(Debug, Serialize)]
struct PartReport<'a> {
    status: &'static str,
    latency_ms: f64,
    #[serde(skip_serializing_if = "Value::is_null")]
    detail: &'a Value,
}

impl<'a> From<&'a PartHealth> for PartReport<'a> {
    fn from(part: &'a PartHealth) -> Self {
        let latency_ms = (part.latency.as_secs_f64() * 1e6).round() / 1e3;
        Self { status: if part.is_up { "up" } else { "down" }, latency_ms, detail: &part.detail.figures }
    }
}
