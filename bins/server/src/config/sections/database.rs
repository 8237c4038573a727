//! Where the products are.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{SecretUrl, advised_pool_size};

/// `[database]`: where the products are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite://path` or `postgres://user:password@host:port/name`. Default `sqlite://data/larder.db`.
    pub url: SecretUrl,
    /// Most connections to the database, 1 to 1,000; with SQLite, connections that read. Default: 2 × cores + 1.
    pub pool_size: usize,
    /// How long to wait at start for a database that cannot be reached. Default 30,000.
    pub start_timeout_ms: u64,
    /// How long making a connection may take. Default 3,000.
    pub connect_timeout_ms: u64,
    /// How long a request waits for a free connection. Default 2,000.
    pub wait_timeout_ms: u64,
    /// How long one statement may run. Default 10,000.
    pub statement_timeout_ms: u64,
    /// Demo products that a new SQLite file gets; 0 for none. Default 1,000.
    pub demo_products: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: SecretUrl::new("sqlite://data/larder.db"),
            pool_size: advised_pool_size(),
            start_timeout_ms: 30_000,
            connect_timeout_ms: 3_000,
            wait_timeout_ms: 2_000,
            statement_timeout_ms: 10_000,
            demo_products: 1_000,
        }
    }
}

impl DatabaseConfig {
    /// [`Self::start_timeout_ms`] as a duration.
    pub fn start_timeout(&self) -> Duration {
        Duration::from_millis(self.start_timeout_ms)
    }
}
