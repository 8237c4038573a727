//! What is read into the caches before anybody asks.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// `[warm_up]`: what is read into the caches at start, and again by `POST /admin/warm-up`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WarmUpConfig {
    /// How many of the hottest products, with the first pages of lists; 0 for no warm-up at all. Default 1,000.
    pub products: u32,
    /// Whether the server becomes ready only after the warm-up at start; else that runs beside the first requests. Default `false`.
    pub before_ready: bool,
    /// Longest time that a warm-up may take; what it has read by then stays. Default 10,000.
    pub deadline_ms: u64,
}

impl Default for WarmUpConfig {
    fn default() -> Self {
        Self { products: 1_000, before_ready: false, deadline_ms: 10_000 }
    }
}

impl WarmUpConfig {
    /// [`Self::deadline_ms`] as a duration.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(self.deadline_ms)
    }
}
