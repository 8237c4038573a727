//! Turns errors into what the client sees and what the log gets: the only place where a request's failure is logged.

use std::{error::Error as StdError, fmt};

use actix_web::{
    HttpResponse, ResponseError,
    body::BoxBody,
    dev::ServiceResponse,
    http::{StatusCode, header::HeaderValue},
};
use tracing::field::{DisplayValue, display};

use crate::{
    api_error::{ApiError, ApiErrorKind},
    problem::{Problem, title_of},
    request_id::{X_REQUEST_ID, as_text},
    security_headers::SecurityHeaders,
    trace_context::{TRACERESPONSE, TraceContext, TraceId},
};

/// By what a request is found again: its id, and its trace if it belongs to one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestName<'a> {
    pub(crate) id: &'a HeaderValue,
    pub(crate) trace: Option<TraceContext>,
}

impl RequestName<'_> {
    fn trace_id(self) -> Option<DisplayValue<TraceId>> {
        self.trace.map(|place| display(place.trace))
    }
}

/// Before the name of a kind, in the type of a problem.
pub(crate) const TYPE_PREFIX: &str = "urn:larder:problem:";

/// Gives an error answer its problem body, and logs its cause.
pub(crate) fn explain(answer: ServiceResponse<BoxBody>, name: RequestName<'_>) -> ServiceResponse<BoxBody> {
    let (request, response) = answer.into_parts();
    let (path, id) = (request.path(), name.id);
    let known = response.error().and_then(|error| error.as_error::<ApiError>());
    let Some(error) = known else {
        // An error of actix-web itself, such as a broken stream of body bytes.
        let status = response.status();
        tracing::debug!(
            request_id = as_text(id),
            trace_id = name.trace_id(),
            path,
            status = status.as_u16(),
            "refused by the HTTP layer"
        );
        let problem = plain_problem(status, path, id);
        let response = problem.into_body_of(response);
        return ServiceResponse::new(request, response);
    };
    log(error, Some(path), name);
    let (detail, fields) = (error.detail.clone(), error.fields.clone());
    let kind = type_of(error);
    let (status, _, title) = error.kind.row();
    let problem = Problem {
        kind: &kind,
        title,
        status: status.as_u16(),
        detail: &detail,
        instance: Some(path),
        request_id: as_text(id),
        errors: &fields,
    };
    let response = problem.into_body_of(response);
    ServiceResponse::new(request, response)
}

fn plain_problem<'a>(status: StatusCode, path: &'a str, id: &'a HeaderValue) -> Problem<'a> {
    Problem {
        kind: "about:blank",
        title: title_of(status),
        status: status.as_u16(),
        detail: "",
        instance: Some(path),
        request_id: as_text(id),
        errors: &[],
    }
}

fn type_of(error: &ApiError) -> String {
    format!("{TYPE_PREFIX}{}", error.kind.row().1)
}

/// Our faults are errors, what the client did is of interest to debuggers only.
fn log(error: &ApiError, path: Option<&str>, name: RequestName<'_>) {
    let (status, kind, _) = error.kind.row();
    let (status_code, request_id, cause) = (status.as_u16(), as_text(name.id), Causes(error.cause.as_deref()));
    let trace_id = name.trace_id();
    // Whoever asks too much could fill the log otherwise; figures tell how often it happens.
    let is_refusal = matches!(
        error.kind,
        ApiErrorKind::Overloaded | ApiErrorKind::TooManyStreams | ApiErrorKind::Starting | ApiErrorKind::Stopping
    );
    if status.is_server_error() && !is_refusal {
        tracing::error!(request_id, trace_id, path, status = status_code, kind, %cause, "request failed");
    } else {
        tracing::debug!(request_id, trace_id, path, status = status_code, kind, %cause, "request refused");
    }
}

/// A chain of causes on one line.
struct Causes<'a>(Option<&'a (dyn StdError + Send + Sync)>);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0 else { return f.write_str("none") };
        write!(f, "{first}")?;
        let mut next = first.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

/// A request that was dropped before it had an answer: it panicked, or its deadline passed.
///
/// Nothing is left of it but its id, so this renders its answer whole.
#[derive(Debug)]
pub(crate) struct LostRequest {
    error: ApiError,
    id: HeaderValue,
    security: SecurityHeaders,
    trace: Option<HeaderValue>,
}

impl LostRequest {
    /// Logs `error`.
    pub(crate) fn new(error: ApiError, name: RequestName<'_>, security: SecurityHeaders) -> Self {
        log(&error, None, name);
        Self { error, id: name.id.clone(), trace: name.trace.and_then(TraceContext::header), security }
    }
}

impl fmt::Display for LostRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for LostRequest {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let (status, _, title) = self.error.kind.row();
        let kind = type_of(&self.error);
        let problem = Problem {
            kind: &kind,
            title,
            status: status.as_u16(),
            detail: &self.error.detail,
            instance: None,
            request_id: as_text(&self.id),
            errors: &self.error.fields,
        };
        let mut response = problem.into_body_of(self.error.error_response());
        response.headers_mut().insert(X_REQUEST_ID, self.id.clone());
        self.security.insert_into(response.headers_mut());
        if let Some(trace) = &self.trace {
            response.headers_mut().insert(TRACERESPONSE, trace.clone());
        }
        response
    }
}
