//! Problems: which there are with each status, from the table that answers them.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value, json};

use super::operation::of;
use crate::{api_error::ApiErrorKind, failure::TYPE_PREFIX};

/// Every kind.
fn kinds() -> [ApiErrorKind; 24] {
    use ApiErrorKind as K;
    [
        K::Malformed,
        K::TokenMissing,
        K::TokenWrong,
        K::RoleTooLow,
        K::NotFound,
        K::MethodNotAllowed("GET, HEAD"),
        K::NotAcceptable,
        K::BodyTooSlow,
        K::SkuTaken,
        K::PreconditionFailed,
        K::BodyTooLarge,
        K::UriTooLong,
        K::UnsupportedMediaType,
        K::Invalid,
        K::RateLimited(Duration::from_secs(1)),
        K::TooManyFailures(Duration::from_secs(1)),
        K::HeadTooLarge,
        K::Internal,
        K::Unavailable,
        K::Overloaded,
        K::TooManyStreams,
        K::Starting,
        K::Stopping,
        K::Timeout,
    ]
}

fn type_of(kind: ApiErrorKind) -> String {
    format!("{TYPE_PREFIX}{}", kind.row().1)
}

/// The schema of a problem, with every `type`.
pub(super) fn schema() -> Value {
    // What the HTTP layer refuses by itself has no name of ours.
    let types: Vec<String> = kinds().into_iter().map(type_of).chain(["about:blank".to_owned()]).collect();
    let error = json!({
        "type": "object",
        "required": ["field", "rule"],
        "properties": {
            "field": { "type": "string", "description": "The member, parameter or header at fault." },
            "rule": { "type": "string", "description": "What it has to satisfy." },
        },
    });
    json!({
        "type": "object",
        "description": "What went wrong (RFC 9457).",
        "required": ["type", "title", "status", "request_id"],
        "properties": {
            "type": { "type": "string", "enum": types },
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string" },
            "instance": { "type": "string", "description": "The path that was asked for." },
            "request_id": { "type": "string" },
            "errors": { "type": "array", "items": error },
        },
    })
}

/// One response for each status, `Problem` with a body, and `Bare` without one for HEAD.
pub(super) fn responses() -> Value {
    let mut by_status: BTreeMap<u16, Vec<ApiErrorKind>> = BTreeMap::new();
    for kind in kinds() {
        by_status.entry(kind.row().0.as_u16()).or_default().push(kind);
    }
    let mut responses = Map::new();
    for (status, kinds) in by_status {
        let titles: Vec<&str> = kinds.iter().map(|kind| kind.row().2).collect();
        let bare = json!({ "description": titles.join("; "), "headers": headers(status) });
        let mut problem = bare.clone();
        let examples: Map<String, Value> =
            kinds.iter().map(|kind| (kind.row().1.to_owned(), json!({ "value": example(*kind) }))).collect();
        problem["content"] = json!({ "application/problem+json": { "schema": of("Problem"), "examples": examples } });
        responses.insert(format!("Problem{status}"), problem);
        responses.insert(format!("Bare{status}"), bare);
    }
    responses.into()
}

fn headers(status: u16) -> Value {
    let special: &[&str] = match status {
        401 | 403 => &["WWW-Authenticate"],
        405 => &["Allow"],
        429 | 503 => &["Retry-After"],
        _ => &[],
    };
    let names = special.iter().chain(&["X-Request-Id"]);
    names
        .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect::<Map<_, _>>()
        .into()
}

fn example(kind: ApiErrorKind) -> Value {
    let (status, _, title) = kind.row();
    let mut example = json!({
        "type": type_of(kind),
        "title": title,
        "status": status.as_u16(),
        "instance": "/api/v1/products/1",
        "request_id": "0199f3b5-7c1e-7d40-a4a9-2f1f5f0c1d2e",
    });
    if matches!(kind, ApiErrorKind::Malformed | ApiErrorKind::Invalid) {
        example["errors"] = json!([{ "field": "stock", "rule": "must be from 0 to 1000000000000" }]);
    }
    example
}
