//! How often what happens.

use std::time::Duration;

/// How often views are passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewsOptions {
    /// Time between two flushes of this node's buffer, which is what a killed process loses at most. Default 2 s.
    pub flush: Duration,
    /// Time between two additions to the same product, by all nodes together; without Redis, by this one. Default 45 s: then popularity is in lists
    /// within a minute. Each product that was viewed is read anew after each of them, so that half of it doubles those reads.
    pub drain: Duration,
}

impl Default for ViewsOptions {
    fn default() -> Self {
        Self { flush: Duration::from_secs(2), drain: Duration::from_secs(45) }
    }
}
