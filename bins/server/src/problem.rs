//! Problem details (RFC 9457): the one shape that every error answer has.

use actix_web::{
    HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
};
use serde::Serialize;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// One broken rule of the input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct FieldError {
    /// Name of the field or parameter, as the client spells it.
    pub(crate) field: String,
    /// What it has to satisfy.
    pub(crate) rule: String,
}

/// The body of an error answer.
#[derive(Debug, Serialize)]
pub(crate) struct Problem<'a> {
    /// Names the kind of problem; nothing to fetch.
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    pub(crate) title: &'a str,
    pub(crate) status: u16,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(crate) detail: &'a str,
    /// Path of the request, if it is still known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) instance: Option<&'a str>,
    /// The id under which the log speaks of this request.
    pub(crate) request_id: &'a str,
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    pub(crate) errors: &'a [FieldError],
}

impl Problem<'_> {
    /// Gives `response` this problem as its body; status and other headers stay. Nobody may keep it unless they say so.
    pub(crate) fn into_body_of(self, response: HttpResponse<BoxBody>) -> HttpResponse<BoxBody> {
        let body = serde_json::to_vec(&self).unwrap_or_default();
        let mut response = response.set_body(BoxBody::new(body));
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        if !response.headers().contains_key(header::CACHE_CONTROL) {
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
        response
    }
}

/// The name of a problem that has no finer one than its status.
pub(crate) fn title_of(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}
