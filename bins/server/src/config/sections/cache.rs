//! How long and how much is kept.

use serde::{Deserialize, Serialize};

/// Which cache levels answer reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheLevels {
    /// `two-level` if `redis.url` is set, else `l1`.
    Auto,
    /// No cache.
    None,
    /// Memory of this process only.
    L1,
    /// Redis only.
    L2,
    /// Memory of this process in front of Redis.
    TwoLevel,
}

/// `[cache]`: how long and how much is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CacheConfig {
    /// `auto`, `none`, `l1`, `l2` or `two-level`. Default `auto`.
    pub levels: CacheLevels,
    /// Prefix of this service's keys in Redis: 1 to 64 of `a-z A-Z 0-9 _ - .`. Default `larder`.
    pub namespace: String,
    /// How long a product is kept. Default 600,000.
    pub ttl_ms: u64,
    /// How long the absence of a product is kept. Default 30,000.
    pub negative_ttl_ms: u64,
    /// How long a page of ids or a total is kept. Default 60,000.
    pub list_ttl_ms: u64,
    /// By which part of itself a time to live is shortened at random, 0 to 0.5. Default 0.1.
    pub jitter: f64,
    /// Most bytes that the cache takes in this process. Default 268,435,456.
    pub l1_capacity_bytes: u64,
    /// How old a read may be against the last committed change, whoever made it, while the database can be asked. Default 1,000.
    pub max_staleness_ms: u64,
    /// Whether this node tells Redis what the database announces. Any number may; one at least must, or a `larder relay`. Default `true`.
    pub relay: bool,
    /// How long the database keeps what it announced, so that it can be told again after a failover of Redis. Default 600,000.
    pub outbox_retention_ms: u64,
    /// Most announced changes that wait for Redis; over it, one change of everything takes their place. Default 100,000.
    pub outbox_max_pending: u64,
    /// How many cached products a second are compared with the database, 0 to 1,000; 0 for none. Default 2.
    pub samples_per_second: f64,
    /// Mistakes in the protocol that a checker has to find, separated by commas. Default empty.
    #[cfg(feature = "planted-mistakes")]
    pub planted_mistakes: String,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            levels: CacheLevels::Auto,
            namespace: "larder".into(),
            ttl_ms: 600_000,
            negative_ttl_ms: 30_000,
            list_ttl_ms: 60_000,
            jitter: 0.1,
            l1_capacity_bytes: 256 << 20,
            max_staleness_ms: 1_000,
            relay: true,
            outbox_retention_ms: 600_000,
            outbox_max_pending: 100_000,
            samples_per_second: 2.0,
            #[cfg(feature = "planted-mistakes")]
            planted_mistakes: String::new(),
        }
    }
}
