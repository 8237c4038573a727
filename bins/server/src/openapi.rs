//! The description of the API (OpenAPI 3.1): made once at the start, from the same tables and limits that the code obeys.
//!
//! Own code in place of utoipa: its macros want every status, header and problem repeated above each handler, and here they follow from what
//! an operation is: a read, a write, an operator's question.

mod catalogue;
mod headers;
mod lists;
mod operation;
mod operators;
mod probes;
mod problems;
mod schemas;

use serde_json::{Map, Value, json};

/// The document as JSON.
pub fn document() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Larder",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "A product catalogue that answers from memory.",
            "description": DESCRIPTION,
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/", "description": "this server" }],
        "tags": [
            { "name": "products", "description": "One product, or some by their ids." },
            { "name": "lists", "description": "Newest, found, best sold; figures over all." },
            { "name": "health", "description": "For balancers: never limited, for everybody." },
            { "name": "operators", "description": "Caches, pool, system, live state; for admins." },
            { "name": "documentation", "description": "This document." },
        ],
        "paths": paths(),
        "components": {
            "schemas": schemas::all(),
            "headers": headers::answered(),
            "parameters": headers::asked(),
            "responses": problems::responses(),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of `larder token new`, with the role reader, writer or admin; each may do what the one before it may. \
                        Who sends a wrong one is refused everywhere but at the health checks.",
                },
            },
        },
    })
}

const DESCRIPTION: &str = "Reads are open to everybody and show what is published; with a token they show all. Errors are problems (RFC 9457): \
    their `type` is one of the listed names, and their `request_id` stands in the log. \
    Unknown parameters, parameters given twice and unknown members of bodies are refused.\n\n\
    Every path answers `OPTIONS` with 204 and `Allow`, and any method that it does not have with 405 and `Allow`. \
    Answers that anybody may keep have a strong `ETag`; send it as `If-None-Match` and be answered 304 if nothing changed. \
    Bodies are compressed as `Accept-Encoding` asks (br, gzip, zstd). \
    `traceparent` (W3C) is taken over, and answered in `traceresponse` where traces are exported.";

/// Every path with its operations: those that are written down, and HEAD beside each GET.
fn paths() -> Value {
    let mut paths = Map::new();
    let groups = [catalogue::operations(), lists::operations(), probes::operations(), operators::operations()];
    for operation in groups.into_iter().flatten() {
        let path = paths.entry(operation.path).or_insert_with(|| Value::Object(Map::new()));
        if operation.method == "get" {
            path["head"] = operation.head();
        }
        path[operation.method] = operation.json();
    }
    Value::Object(paths)
}

#[cfg(test)]
mod tests;
