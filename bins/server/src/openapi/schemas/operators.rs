//! What balancers and operators are answered.

use serde_json::{Value, json};

use super::{count, flag, list, nullable, number, object, one_of, text, time};
use crate::openapi::operation::of;

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("Alive", object("The process answers.", json!({ "status": { "const": "alive" } }))),
        ("Ready", object("Requests are wanted.", json!({ "status": { "const": "ready" } }))),
        ("Health", health()),
        ("HitRatio", hit_ratio()),
        ("CacheReport", cache_report()),
        ("KeyReport", key_report()),
        ("Invalidation", invalidation()),
        ("Invalidated", invalidated()),
        ("WarmUp", warm_up()),
        ("Pool", pool()),
        ("System", system()),
        ("Pulse", object("One second of the node.", pulse())),
        ("Live", live()),
    ]
}

fn hit_ratio() -> Value {
    object(
        "The share of look-ups that the caches answered in the last minute.",
        json!({
            "ratio": { "type": ["number", "null"], "minimum": 0, "maximum": 1, "description": "Null without look-ups." },
            "lookups": count("Look-ups in the window."),
            "window_seconds": count("How long the window is by now."),
            "judgement": one_of(&["healthy", "low", "too_little_traffic"], "Healthy from 0.7 on."),
        }),
    )
}

/// Another schema, or null.
fn or_null(schema: &str, description: &str) -> Value {
    json!({ "oneOf": [of(schema), { "type": "null" }], "description": description })
}

fn health() -> Value {
    let mut part = object(
        "One part.",
        json!({
            "status": one_of(&["up", "down"], "Whether it answers."),
            "latency_ms": number("How long it took."),
            "detail": { "type": "object", "description": "Figures of the part, if it has any." },
        }),
    );
    part["required"] = json!(["status", "latency_ms"]);
    object(
        "Each part; 503 when an essential one is down.",
        json!({
            "status": one_of(&["healthy", "degraded", "down"], "Degraded: slower, and no less right."),
            "version": text("Of the server."),
            "ready": flag("Whether requests are wanted."),
            "uptime_ms": count("Since the start."),
            "timestamp": time("Now."),
            "warnings": list(text("A sentence."), "What makes nothing unhealthy."),
            "hit_ratio": or_null("HitRatio", "Null in the first second."),
            "parts": { "type": "object", "additionalProperties": part, "description": "By name." },
        }),
    )
}

fn cache_report() -> Value {
    let statistics = json!({ "type": "object", "description": "Counters by level and outcome, and gauges; the README of the cache names them." });
    let cache = object(
        "One cache, since the start.",
        json!({
            "name": text("Its name."),
            "hit_ratio": { "type": "number", "minimum": 0, "maximum": 1, "description": "Answered fresh from L1 or L2." },
            "lookups": count("Look-ups."),
            "statistics": statistics,
        }),
    );
    let hot = object(
        "A product that is asked for.",
        json!({
            "id": { "type": "integer", "format": "int64", "minimum": 1 },
            "lookups": count("An estimate, fading."),
        }),
    );
    object(
        "The caches of this node.",
        json!({
            "levels": one_of(&["none", "l1", "l2", "two-level"], "Which levels are used."),
            "last_minute": or_null("HitRatio", "Over all caches; null in the first second."),
            "caches": list(cache, "Each cache."),
            "hottest": list(hot, "The most asked for first."),
        }),
    )
}

fn key_report() -> Value {
    let mut level = object(
        "What one level holds.",
        json!({
            "state": one_of(&["held", "absent", "unused", "unreachable", "garbage"], "The members below follow only where something is held."),
            "standing": one_of(&["fresh", "unconfirmed", "stale", "refused"], "Whether a read would take it."),
            "believed": flag("Whether it is believed now."),
            "is_absence": flag("Whether what is held is that there is nothing."),
            "version": nullable(count("The version of what is held.")),
            "age_ms": number("Since it was loaded."),
            "fresh_for_ms": number("Until it is stale."),
            "usable_for_ms": number("Until it is gone."),
            "bytes": count("Its size."),
            "tags": list(text("A tag."), "What it falls with."),
            "agrees_with_database": nullable(flag("Null if that is not known.")),
            "value": { "description": "What is held, as JSON; null for an absence." },
        }),
    );
    level["required"] = json!(["state"]);
    let row = json!({
        "type": ["object", "null"],
        "description": "Null where a key is no single row.",
        "required": ["state", "version", "value"],
        "properties": {
            "state": one_of(&["present", "absent", "unreachable"], "What the database says."),
            "version": nullable(count("The version of the row.")),
            "value": { "description": "The row as JSON." },
        },
        "additionalProperties": false,
    });
    object(
        "One key in every level.",
        json!({
            "cache": text("The cache."), "key": text("The key."), "l1": level.clone(), "l2": level, "database": row,
        }),
    )
}

fn invalidation() -> Value {
    let key = json!({ "type": ["integer", "string"], "description": "A key of `cache`; for products their id." });
    let cache = one_of(&["product", "list", "total", "stats"], "Whose key it is; product if it is left out.");
    let tag = json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": "At most 200 bytes." });
    let choice = |members: Value, required: &str| json!({ "type": "object", "properties": members, "required": [required], "additionalProperties": false });
    json!({
        "description": "What to forget: exactly one of a key, a tag and all.",
        "oneOf": [
            choice(json!({ "key": key, "cache": cache }), "key"),
            choice(json!({ "tag": tag }), "tag"),
            choice(json!({ "all": { "const": true } }), "all"),
        ],
    })
}

fn invalidated() -> Value {
    object(
        "What was forgotten, here and on every other node.",
        json!({
            "forgotten": { "type": "object", "description": "What was asked for." },
            "caches": list(text("A name."), "In which caches."),
            "queued": count("How many invalidations wait, as Redis could not be told yet; it will be."),
        }),
    )
}

fn warm_up() -> Value {
    object(
        "How the warm-up ended.",
        json!({
            "outcome": one_of(&["complete", "full", "deadline", "off"], "Full: memory had no more room."),
            "products": count("Products looked at."),
            "from_l1": count("There already."),
            "from_l2": count("Taken from Redis."),
            "loaded": count("Loaded from the database."),
            "pages": count("Pages of lists."),
            "took_ms": count("How long it took."),
        }),
    )
}

fn pool() -> Value {
    object(
        "The connections to the database.",
        json!({
            "max": count("At most."), "size": count("Open."), "in_use": count("At work."), "idle": count("Unused."), "waiting": count("Callers who wait."),
            "waits": object("How long callers waited.", json!({
                "count": count("Waits."), "total_ms": number("All of them."), "mean_ms": number("The mean."), "longest_ms": number("The longest."),
            })),
            "advice": object("How many there should be.", json!({
                "cores": count("Of this machine."), "formula": text("By which it is advised."), "advised": count("Connections."),
                "configured": count("Connections."), "verdict": text("What to do."),
            })),
        }),
    )
}

fn system() -> Value {
    object(
        "The process.",
        json!({
            "version": text("Of the server."),
            "uptime_ms": count("Since the start."),
            "timestamp": time("Now."),
            "cores": count("That it may use."),
            "workers": count("Threads that answer."),
            "requests_in_flight": { "type": "integer", "description": "This one among them." },
            "memory": object("Null where the system does not tell.", json!({
                "rss_bytes": nullable(count("Resident.")), "virtual_bytes": nullable(count("Mapped.")),
            })),
            "fds": object("Open files.", json!({ "open": nullable(count("Now.")), "max": nullable(count("At most.")) })),
            "threads": nullable(count("Threads.")),
            "cpu_seconds": nullable(number("Used since the start.")),
            "runtime": object("The main runtime.", json!({
                "workers": count("Threads."), "alive_tasks": count("Tasks."), "global_queue_depth": count("Tasks that wait."),
            })),
            "warnings": list(text("A sentence."), "Unwise settings."),
            "configuration": { "type": "object", "description": "In effect, secrets hidden." },
        }),
    )
}

fn pulse() -> Value {
    let share = |what: &str| json!({ "type": "number", "minimum": 0, "maximum": 1, "description": what });
    json!({
        "at": time("When."),
        "requests_per_second": number("Answered in the last second."),
        "latency_ms": object("Null without requests.", json!({ "p50": nullable(number("Half are faster.")), "p99": nullable(number("99 % are faster.")) })),
        "share": object("Who answered look-ups of the last second.", json!({
            "l1": share("Memory."), "l2": share("Redis."), "database": share("The database."), "stale": share("What was stale."),
        })),
        "hit_ratio": nullable(share("Over the last minute.")),
    })
}

fn live() -> Value {
    let hot = object(
        "A product that is asked for.",
        json!({ "id": { "type": "integer", "format": "int64" }, "per_second": number("Look-ups.") }),
    );
    let maybe = |description: &str, members: Value| nullable(object(description, members));
    let mut members = pulse();
    members["hottest"] = list(hot, "The most asked for first.");
    members["pool"] = object(
        "The connections to the database.",
        json!({
            "max": count("At most."), "in_use": count("At work."), "idle": count("Unused."), "waiting": count("Callers who wait."),
            "wait_ms": number("The mean over the last second."),
        }),
    );
    members["redis"] = maybe(
        "Null without Redis.",
        json!({ "connected": flag("Whether it answers."), "round_trip_ms": nullable(number("How fast.")) }),
    );
    members["backplane"] = object(
        "What other nodes tell.",
        json!({ "heard_ago_ms": nullable(number("When it last heard.")), "doubts": count("Keys in doubt.") }),
    );
    members["outbox"] = maybe(
        "Null before the first look.",
        json!({ "pending": count("Changes."), "lag_ms": number("The oldest waits so long.") }),
    );
    members["views"] = json!({ "type": ["object", "null"], "description": "Null while views are not shown." });
    members["node"] = object(
        "This process.",
        json!({
            "version": text("Of the server."), "uptime_ms": count("Since the start."), "rss_bytes": nullable(count("Memory.")), "workers": count("Threads."),
        }),
    );
    members["warnings"] = list(text("A sentence."), "What to look at.");
    members["history"] = list(of("Pulse"), "The last minute, second by second.");
    object("The live state of this node.", members)
}
