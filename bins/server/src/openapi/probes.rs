//! What balancers ask, and this document.

use serde_json::{Value, json};

use super::{
    headers::UNSTORED,
    operation::{Access, Content, Operation, Success},
};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation {
            successes: vec![Success::json(200, "It lives.", "Alive", json!({ "status": "alive" })).with(UNSTORED)],
            ..probe("/livez", "isAlive", "Whether the process answers")
        },
        Operation {
            description: "503 before the caches are warm, where that is waited for, when the server stops, and when the database is away.",
            successes: vec![Success::json(200, "It is ready.", "Ready", json!({ "status": "ready" })).with(UNSTORED)],
            ..probe("/readyz", "isReady", "Whether requests are wanted")
        },
        Operation {
            description: "Asks each part, with a deadline.",
            successes: vec![
                Success::json(200, "It is healthy, or degraded.", "Health", health("healthy")).with(UNSTORED),
                Success::json(503, "An essential part is down.", "Health", health("down")).with(UNSTORED),
            ],
            ..probe("/health", "health", "How each part is")
        },
        document(),
    ]
}

fn probe(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation {
        path,
        method: "get",
        id,
        tag: "health",
        summary,
        description: "",
        access: Access::Unasked,
        parameters: Vec::new(),
        headers: &[],
        body: None,
        successes: Vec::new(),
        problems: &[],
    }
}

fn health(status: &str) -> Value {
    json!({
        "status": status, "version": env!("CARGO_PKG_VERSION"), "ready": true, "uptime_ms": 86_400_000,
        "timestamp": "2026-02-11T17:30:00.250000Z", "warnings": [],
        "hit_ratio": { "ratio": 0.98, "lookups": 120_000, "window_seconds": 60, "judgement": "healthy" },
        "parts": { "database": { "status": if status == "down" { "down" } else { "up" }, "latency_ms": 0.412 } },
    })
}

fn document() -> Operation {
    const HEADERS: &[&str] = &["ETag", "Cache-Control"];
    let json = || Content::Json(json!({ "type": "object" }), json!({ "openapi": "3.1.0" }));
    Operation {
        tag: "documentation",
        access: Access::Open,
        headers: &["If-None-Match", "Accept-Encoding"],
        successes: vec![
            Success { status: 200, description: "The document.", headers: HEADERS, content: json() },
            Success { status: 304, description: "What you have is current.", headers: HEADERS, content: Content::None },
        ],
        ..probe("/openapi.json", "openApi", "This document")
    }
}
