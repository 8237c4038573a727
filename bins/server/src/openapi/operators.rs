//! What operators ask and do; for admins.

use serde_json::{Value, json};

use super::{
    headers::UNSTORED,
    operation::{Access, Content, Operation, Success, in_path, of},
};

const ADMIN: Access = Access::Role("admin");

pub(super) fn operations() -> Vec<Operation> {
    vec![metrics(), caches(), key(), invalidate(), warm_up(), pool(), system(), live(), stream()]
}

fn question(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation {
        path,
        method: "get",
        id,
        tag: "operators",
        summary,
        description: "",
        access: ADMIN,
        parameters: Vec::new(),
        headers: &["Accept-Encoding"],
        body: None,
        successes: Vec::new(),
        problems: &[],
    }
}

fn answered(description: &'static str, schema: &str, example: Value) -> Vec<Success> {
    vec![Success::json(200, description, schema, example).with(UNSTORED)]
}

fn metrics() -> Operation {
    let page = Content::Text("application/openmetrics-text", "# EOF\n");
    let success = Success { status: 200, description: "All metrics.", headers: UNSTORED, content: page };
    Operation { successes: vec![success], ..question("/metrics", "metrics", "Metrics for Prometheus") }
}

fn caches() -> Operation {
    let cache = json!({ "name": "product", "hit_ratio": 0.98, "lookups": 120_000, "statistics": {} });
    let example = json!({ "levels": "two-level", "last_minute": null, "caches": [cache], "hottest": [{ "id": 122, "lookups": 900 }] });
    Operation {
        successes: answered("The caches.", "CacheReport", example),
        ..question("/admin/cache", "cacheStatistics", "What the caches count and hold")
    }
}

fn key() -> Operation {
    let cache = json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[a-z_]+$" });
    let key = json!({ "type": "string", "minLength": 1, "maxLength": 512, "pattern": "^[!-~]+$" });
    let example = json!({
        "cache": "product", "key": "122", "l1": { "state": "absent" }, "l2": { "state": "unused" },
        "database": { "state": "absent", "version": null, "value": null },
    });
    Operation {
        parameters: vec![
            in_path("cache", &cache, &json!("product"), "The name of the cache."),
            in_path("key", &key, &json!("1"), "The key; of products the id. It may contain slashes."),
        ],
        successes: answered("The key in every level.", "KeyReport", example),
        problems: &[404],
        ..question("/admin/cache/{cache}/{key}", "inspectKey", "Look one key up in every level")
    }
}

fn invalidate() -> Operation {
    let example = json!({ "forgotten": { "key": "1" }, "caches": ["product"], "queued": 0 });
    Operation {
        method: "post",
        description: "On every node.",
        headers: &[],
        body: Some((of("Invalidation"), json!({ "key": 1 }))),
        successes: answered("It is forgotten.", "Invalidated", example),
        problems: &[404],
        ..question("/admin/cache/invalidate", "invalidate", "Make the caches forget a key, a tag, or all")
    }
}

fn warm_up() -> Operation {
    let example = json!({ "outcome": "complete", "products": 1000, "from_l1": 0, "from_l2": 900, "loaded": 100, "pages": 20, "took_ms": 340 });
    Operation {
        method: "post",
        description: "Joins the one that is under way, if there is one.",
        headers: &[],
        successes: answered("It has ended.", "WarmUp", example),
        ..question("/admin/warm-up", "warmUp", "Warm the caches")
    }
}

fn pool() -> Operation {
    let example = json!({
        "max": 5, "size": 5, "in_use": 1, "idle": 4, "waiting": 0,
        "waits": { "count": 12, "total_ms": 3.5, "mean_ms": 0.292, "longest_ms": 1.1 },
        "advice": { "cores": 2, "formula": "2 × cores + 1", "advised": 5, "configured": 5, "verdict": "as advised" },
    });
    Operation {
        successes: answered("The pool.", "Pool", example),
        ..question("/admin/pool", "poolStatus", "The connections to the database")
    }
}

fn system() -> Operation {
    let example = json!({
        "version": env!("CARGO_PKG_VERSION"), "uptime_ms": 86_400_000, "timestamp": "2026-02-11T17:30:00.250000Z", "cores": 2, "workers": 2,
        "requests_in_flight": 1, "memory": { "rss_bytes": 61_000_000, "virtual_bytes": 900_000_000 }, "fds": { "open": 40, "max": 1024 },
        "threads": 9, "cpu_seconds": 12.5, "runtime": { "workers": 2, "alive_tasks": 8, "global_queue_depth": 0 }, "warnings": [],
        "configuration": { "server": { "workers": 2 } },
    });
    Operation {
        successes: answered("The process.", "System", example),
        ..question("/admin/system", "systemReport", "The process and its configuration")
    }
}

const LIVE: &str = "Open to everybody where `page.audience` says so.";

fn live() -> Operation {
    let mut state = pulse();
    let more = json!({
        "hottest": [{ "id": 122, "per_second": 80.0 }], "redis": { "connected": true, "round_trip_ms": 0.2 },
        "pool": { "max": 5, "in_use": 1, "idle": 4, "waiting": 0, "wait_ms": 0.0 }, "backplane": { "heard_ago_ms": 12.0, "doubts": 0 },
        "outbox": { "pending": 0, "lag_ms": 0.0 }, "views": null, "warnings": [], "history": [pulse()],
        "node": { "version": env!("CARGO_PKG_VERSION"), "uptime_ms": 86_400_000, "rss_bytes": 61_000_000, "workers": 2 },
    });
    if let (Some(state), Value::Object(more)) = (state.as_object_mut(), more) {
        state.extend(more);
    }
    Operation {
        description: LIVE,
        successes: answered("The state.", "Live", state),
        ..question("/admin/live", "liveState", "The live state, and the minute before it")
    }
}

fn pulse() -> Value {
    json!({
        "at": "2026-02-11T17:30:00.250000Z", "requests_per_second": 1200.0, "latency_ms": { "p50": 0.09, "p99": 0.8 },
        "share": { "l1": 0.97, "l2": 0.02, "database": 0.01, "stale": 0.0 }, "hit_ratio": 0.98,
    })
}

fn stream() -> Operation {
    let events = Content::Text("text/event-stream", "data: {}\n\n");
    let success =
        Success { status: 200, description: "An event a second, until you go.", headers: UNSTORED, content: events };
    Operation {
        description: LIVE,
        headers: &[],
        successes: vec![success],
        ..question("/admin/live/stream", "liveStream", "The live state as Server-Sent Events")
    }
}
