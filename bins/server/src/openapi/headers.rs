//! Headers, in and out, each described once.

use serde_json::{Map, Value, json};

use super::operation::Access;

/// Of an answer from the cache.
pub(super) const OF_READS: &[&str] = &["ETag", "Cache-Control", "Cache-Status", "Vary"];
/// Of an answer that says what a write made.
pub(super) const OF_WRITES: &[&str] = &["ETag", "Cache-Control", "Larder-Version"];
/// Of an answer that is nobody's to keep.
pub(super) const UNSTORED: &[&str] = &["Cache-Control"];

const ENTITY_TAGS: &str = r#"^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$"#;

/// Those of an answer: `names`, which it always has, and those of all answers.
pub(super) fn of(names: &[&str], access: Access) -> Value {
    let limits: &[&str] = if access == Access::Unasked { &[] } else { &["RateLimit", "RateLimit-Policy"] };
    let all = names.iter().chain(&["X-Request-Id"]).chain(limits);
    all.map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") })))
        .collect::<Map<_, _>>()
        .into()
}

/// A header of answers: its name, whether it always comes, its schema, an example, and what it says.
type Answered = (&'static str, bool, Value, &'static str, &'static str);

/// What answers say.
pub(super) fn answered() -> Value {
    let mut headers = Map::new();
    for (name, is_required, schema, example, description) in of_the_body().into_iter().chain(of_the_exchange()) {
        let example = if schema["type"] == "integer" { json!(1) } else { json!(example) };
        let header =
            json!({ "required": is_required, "schema": schema, "example": example, "description": description });
        headers.insert(name.to_owned(), header);
    }
    headers.into()
}

/// What was answered, and for how long it holds.
fn of_the_body() -> Vec<Answered> {
    let text = json!({ "type": "string", "minLength": 1 });
    vec![
        (
            "X-Request-Id",
            true,
            json!({ "type": "string", "minLength": 1, "maxLength": 128 }),
            "0199f3b5-7c1e-7d40-a4a9-2f1f5f0c1d2e",
            "The id of the request, yours if you sent a sane one; the log speaks of it by this.",
        ),
        (
            "ETag",
            true,
            json!({ "type": "string", "pattern": r#"^"[!#-~]+"$"# }),
            "\"9a4f8c2e1b7d6035\"",
            "A strong tag of exactly this body, in this coding.",
        ),
        (
            "Cache-Control",
            true,
            text.clone(),
            "max-age=60, stale-while-revalidate=30",
            "Who may keep the answer, and for how long.",
        ),
        (
            "Cache-Status",
            true,
            json!({ "type": "string", "pattern": "^larder; (hit; detail=|fwd=)" }),
            "larder; hit; detail=l1",
            "Which level answered (RFC 9211): l1, l2, stale, unconfirmed; or why none did: miss, request, bypass.",
        ),
        ("Vary", true, text, "Accept-Encoding, Authorization, Larder-Version", "What else decides the answer."),
        (
            "Larder-Version",
            true,
            json!({ "type": "string", "pattern": "^[0-9a-f]{1,16}-[0-9a-f]{1,16}$" }),
            "5f1c-2a",
            "Names the change. Send it with a read, to any node, and the answer is not older than the change.",
        ),
        (
            "Location",
            true,
            json!({ "type": "string", "format": "uri-reference" }),
            "/api/v1/products/1001",
            "Where the new product is.",
        ),
    ]
}

/// Who may ask what, and how often.
fn of_the_exchange() -> Vec<Answered> {
    let text = json!({ "type": "string", "minLength": 1 });
    vec![
        (
            "RateLimit",
            false,
            text.clone(),
            "\"default\";r=249;t=1",
            "What is left of the quota, and when it is whole again in seconds.",
        ),
        (
            "RateLimit-Policy",
            false,
            text.clone(),
            "\"default\";q=250;w=3",
            "The quota: so many requests at once, back within so many seconds.",
        ),
        (
            "Retry-After",
            true,
            json!({ "type": "integer", "minimum": 1 }),
            "1",
            "After so many seconds it may go better.",
        ),
        (
            "WWW-Authenticate",
            true,
            json!({ "type": "string", "pattern": "^Bearer " }),
            "Bearer realm=\"larder\"",
            "Which token is wanted (RFC 6750).",
        ),
        ("Allow", true, text, "GET, HEAD, OPTIONS", "The methods that the path has."),
    ]
}

/// What requests may say.
pub(super) fn asked() -> Value {
    let rows = [
        (
            "If-None-Match",
            json!({ "type": "string", "pattern": ENTITY_TAGS }),
            "\"9a4f8c2e1b7d6035\"",
            "Tags that you have, or `*`. A read is answered 304 if one of them is current; a write 412.",
        ),
        (
            "If-Match",
            json!({ "type": "string", "pattern": ENTITY_TAGS }),
            "\"9a4f8c2e1b7d6035\"",
            "Tags of what you read, or `*`: 412 if the product is not that any more, so that no update is lost.",
        ),
        (
            "Larder-Version",
            json!({ "type": "string", "pattern": "^[0-9a-f]{1,16}-[0-9a-f]{1,16}( *, *[0-9a-f]{1,16}-[0-9a-f]{1,16}){0,7}$" }),
            "5f1c-2a",
            "Changes, as writes named them: the answer is not older than these.",
        ),
        (
            "Cache-Control",
            json!({ "type": "string" }),
            "no-cache",
            "`no-cache` or `max-age=0` of who has a token: the answer is loaded anew. From others it is ignored.",
        ),
        (
            "Accept-Encoding",
            json!({ "type": "string" }),
            "gzip, br",
            "Codings that you can read, with their weights (RFC 9110 §12.5.3); any such list will do, 406 if it excludes all.",
        ),
        (
            "X-Request-Id",
            json!({ "type": "string" }),
            "checkout-7f3a",
            "Your id for the request; without a sane one it is given one.",
        ),
        (
            "traceparent",
            json!({ "type": "string" }),
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "The place of the request in a trace (W3C).",
        ),
    ];
    let mut parameters = Map::new();
    for (name, schema, example, description) in rows {
        let parameter = json!({
            "name": name, "in": "header", "required": false, "schema": schema, "example": example, "description": description,
        });
        parameters.insert(name.to_owned(), parameter);
    }
    parameters.into()
}
