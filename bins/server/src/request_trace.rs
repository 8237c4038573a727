//! The trace of one request: what was given, what is told back, and a span if it is exported.

use actix_web::{
    dev::ServiceRequest,
    http::{StatusCode, header::HeaderMap},
};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, Status, TraceContextExt, TraceFlags, TraceState},
};
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::trace_context::{TRACESTATE, TraceContext, TraceId};

/// Which requests are exported.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Export {
    /// None: nothing listens.
    Off,
    /// Those whose caller records them, and this share of those that begin a trace.
    Share(f64),
}

/// Our own place in the trace of a request, and its span if it is recorded.
#[derive(Debug)]
pub(crate) struct RequestTrace {
    pub(crate) place: TraceContext,
    pub(crate) span: Span,
}

impl RequestTrace {
    /// `None`: the request belongs to no trace. With export off, that costs one look at its headers.
    pub(crate) fn begin(request: &ServiceRequest, export: Export, random: &mut fastrand::Rng) -> Option<Self> {
        let given = TraceContext::of(request.headers());
        let recorded = match export {
            Export::Off => false,
            Export::Share(share) => given.map_or_else(|| random.f64() < share, |given| given.sampled),
        };
        if recorded {
            return Some(Self::recorded(request, given));
        }
        given.map(|given| Self { place: given.unrecorded_child(random), span: Span::none() })
    }

    fn recorded(request: &ServiceRequest, given: Option<TraceContext>) -> Self {
        let method = request.method().as_str();
        // The names of OpenTelemetry's semantic conventions for HTTP servers.
        let span = tracing::info_span!(
            target: "larder_server::trace",
            "request",
            otel.name = method,
            otel.kind = "server",
            http.request.method = method,
            http.route = Empty,
            http.response.status_code = Empty,
            url.path = request.path(),
            url.scheme = "http",
            request_id = Empty,
        );
        if let Some(given) = given {
            let parent = Context::new().with_remote_span_context(remote(given, request.headers()));
            // Refused only for a span that has begun, and this one has not.
            span.set_parent(parent).unwrap_or_else(|cause| tracing::debug!(%cause, "the span has no parent"));
        }
        let own = span.context().span().span_context().clone();
        let place = TraceContext {
            trace: TraceId(u128::from_be_bytes(own.trace_id().to_bytes())),
            span: u64::from_be_bytes(own.span_id().to_bytes()),
            sampled: own.is_sampled(),
        };
        Self { place, span }
    }

    /// Notes how it ended.
    pub(crate) fn end(&self, route: &'static str, method: &str, status: StatusCode, request_id: &str) {
        if self.span.is_none() {
            return;
        }
        // A field named `otel.name` is read only until the span has an identity, which is asked for at once.
        self.span.context().span().update_name(format!("{method} {route}"));
        self.span.record("http.route", route);
        self.span.record("http.response.status_code", status.as_u16());
        self.span.record("request_id", request_id);
        if status.is_server_error() {
            self.span.set_status(Status::error(""));
        }
    }
}

/// The caller's span. A `tracestate` that breaks a rule is dropped, and the parent stays (§3.3.1.1).
fn remote(given: TraceContext, headers: &HeaderMap) -> SpanContext {
    let parts: Option<Vec<&str>> = headers.get_all(&TRACESTATE).map(|value| value.to_str().ok()).collect();
    let state = parts.and_then(|parts| parts.join(",").parse::<TraceState>().ok()).unwrap_or_default();
    let flags = if given.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
    let (trace, span) = (given.trace.0.to_be_bytes(), given.span.to_be_bytes());
    SpanContext::new(opentelemetry::trace::TraceId::from_bytes(trace), SpanId::from_bytes(span), flags, true, state)
}
