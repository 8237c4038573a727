//! How much one client may ask.

use serde::{Deserialize, Serialize};

/// Who counts requests together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LimitScope {
    /// All nodes if Redis is used, else each process.
    Auto,
    /// Each process alone.
    Process,
    /// All nodes of one Redis and namespace; each process alone while Redis cannot be asked.
    Cluster,
}

/// `[rate_limit]`: how much one client may ask. The health checks are not counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitConfig {
    /// Whether requests are limited. Default `false`.
    pub enabled: bool,
    /// Sustained requests a second per token or, without one, per address (of IPv6 the /64), 1 to 1,000,000. Default 100.
    pub requests_per_second: u32,
    /// Requests that may come at once, 1 to 1,000,000. Default 200.
    pub burst: u32,
    /// `auto`, `process` or `cluster`. Default `auto`.
    pub scope: LimitScope,
    /// How long a request waits for Redis before it goes by the limit of its process, and all others do for half a second. 1 to 60,000.
    /// Default 50.
    pub redis_timeout_ms: u64,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self { enabled: false, requests_per_second: 100, burst: 200, scope: LimitScope::Auto, redis_timeout_ms: 50 }
    }
}
