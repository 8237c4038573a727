//! How views are counted.

use serde::{Deserialize, Serialize};

/// `[views]`: how often products are read, which becomes their popularity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ViewsConfig {
    /// Whether views are counted. Default `true`.
    pub enabled: bool,
    /// Time between two flushes of a process, and the most that it loses when it is killed, 10 to 60,000 ms. Default 2000.
    pub flush_ms: u64,
    /// Time between two additions to one product in the database, by all nodes together, 10 to 3,600,000 ms. Default 45000.
    pub drain_ms: u64,
}

impl Default for ViewsConfig {
    fn default() -> Self {
        Self { enabled: true, flush_ms: 2_000, drain_ms: 45_000 }
    }
}
