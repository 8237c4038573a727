//! The state of this node at one moment, as JSON tells it.

use std::time::Duration;

use jiff::Timestamp;
use larder_repository::PoolStatus;
use larder_repository_cached::CoherenceStatus;
use serde::Serialize;

use super::{
    hit_window::{Lookups, share},
    viewed::Viewed,
};
use crate::traffic::LatencyCounts;

/// What moves: the part that is kept for a minute.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Pulse {
    pub(super) at: Timestamp,
    pub(super) requests_per_second: f64,
    pub(super) latency_ms: Quantiles,
    pub(super) share: Share,
    /// Over the last minute.
    pub(super) hit_ratio: Option<f64>,
}

/// All of it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Moment {
    #[serde(flatten)]
    pub(super) pulse: Pulse,
    pub(super) hottest: Vec<Hot>,
    pub(super) pool: Pool,
    /// Null without Redis.
    pub(super) redis: Option<Redis>,
    pub(super) backplane: Backplane,
    /// Null before the first look at it.
    pub(super) outbox: Option<Outbox>,
    /// Null if views are not counted.
    pub(super) views: Option<Viewed>,
    pub(super) node: Node,
    pub(super) warnings: Vec<String>,
}

/// Null without requests.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Quantiles {
    p50: Option<f64>,
    p99: Option<f64>,
}

/// Which level answered look-ups of the last second, each from 0 to 1.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Share {
    l1: f64,
    l2: f64,
    database: f64,
    stale: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Hot {
    pub(super) id: i64,
    pub(super) per_second: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Pool {
    max: usize,
    in_use: usize,
    idle: usize,
    waiting: usize,
    /// The mean over the last second.
    wait_ms: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Redis {
    connected: bool,
    round_trip_ms: Option<f64>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Backplane {
    heard_ago_ms: Option<f64>,
    doubts: usize,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Outbox {
    pending: u64,
    /// How long the oldest pending change has waited.
    lag_ms: f64,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Node {
    pub(super) version: &'static str,
    pub(super) uptime_ms: u128,
    pub(super) rss_bytes: Option<u64>,
    pub(super) workers: usize,
}

impl Quantiles {
    pub(super) fn of(counts: &LatencyCounts) -> Self {
        Self { p50: counts.quantile(50).map(millis), p99: counts.quantile(99).map(millis) }
    }
}

impl Share {
    pub(super) fn of(lookups: Lookups) -> Self {
        let whole = lookups.l1 + lookups.l2 + lookups.loaded + lookups.stale;
        Self {
            l1: share(lookups.l1, whole),
            l2: share(lookups.l2, whole),
            database: share(lookups.loaded, whole),
            stale: share(lookups.stale, whole),
        }
    }

    /// Where no cache is asked.
    pub(super) fn all_from_database() -> Self {
        Self { l1: 0.0, l2: 0.0, database: 1.0, stale: 0.0 }
    }
}

impl Pool {
    pub(super) fn between(earlier: &PoolStatus, now: &PoolStatus) -> Self {
        Self {
            max: now.max_size,
            in_use: now.size.saturating_sub(now.idle),
            idle: now.idle,
            waiting: now.waiting,
            wait_ms: millis(now.waits.mean_since(&earlier.waits)),
        }
    }
}

impl Redis {
    pub(super) fn answered_in(round_trip: Option<Duration>) -> Self {
        Self { connected: round_trip.is_some(), round_trip_ms: round_trip.map(millis) }
    }
}

impl Backplane {
    pub(super) fn of(status: &CoherenceStatus) -> Self {
        let doubts = status.feed.map_or(0, |feed| feed.doubts);
        Self { heard_ago_ms: status.backplane_heard_ago.map(millis), doubts }
    }
}

impl Outbox {
    pub(super) fn of(status: &CoherenceStatus) -> Option<Self> {
        let outbox = status.outbox?;
        Some(Self { pending: outbox.pending, lag_ms: millis(outbox.oldest_pending.unwrap_or_default()) })
    }
}

/// In milliseconds, with three decimals.
pub(crate) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
