//! The sections of the configuration: every key, its unit and its default.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{Secret, SecretUrl};

/// `[server]`: the listening socket and its limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port to listen on; port 0 takes a free one, which the log names. Default `127.0.0.1:8080`.
    pub bind: String,
    /// Threads that serve HTTP, 1 to 1024. Default: one per core.
    pub workers: usize,
    /// How long one request may take, its body included. Default 30,000.
    pub request_timeout_ms: u64,
    /// How long the head of a request may take to arrive. Default 5,000.
    pub head_timeout_ms: u64,
    /// How long an idle connection is kept. Default 75,000.
    pub keep_alive_ms: u64,
    /// Largest body of a request. Default 1,048,576.
    pub body_limit_bytes: usize,
    /// How long the server goes on accepting after it has become not ready, so that a balancer notices. Default 0.
    pub drain_delay_ms: u64,
    /// Deadline of each step of a stop: requests in flight, writes, database. Default 10,000.
    pub shutdown_timeout_ms: u64,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            bind: "127.0.0.1:8080".into(),
            workers: super::cores(),
            request_timeout_ms: 30_000,
            head_timeout_ms: 5_000,
            keep_alive_ms: 75_000,
            body_limit_bytes: 1 << 20,
            drain_delay_ms: 0,
            shutdown_timeout_ms: 10_000,
        }
    }
}

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
            pool_size: super::advised_pool_size(),
            start_timeout_ms: 30_000,
            connect_timeout_ms: 3_000,
            wait_timeout_ms: 2_000,
            statement_timeout_ms: 10_000,
            demo_products: 1_000,
        }
    }
}

/// `[redis]`: the cache level that nodes share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port[/database]`; by Sentinel `redis+sentinel://[user:password@]host:port[,host:port…]/name[/database]`;
    /// Redis Cluster `redis+cluster://[user:password@]host:port[,host:port…]`; each with `rediss` for TLS. Empty for none. Default empty.
    pub url: SecretUrl,
    /// A PEM file with the certificate of the authority that signed the server's, for `rediss`. Empty: the system's
    /// authorities. Default empty.
    pub ca_certificate: PathBuf,
    /// How many invalidations Redis keeps for nodes that fall behind, for each shard, roughly; who falls further behind forgets its memory.
    /// Default 100,000.
    pub log_length: usize,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self { url: SecretUrl::default(), ca_certificate: PathBuf::new(), log_length: 100_000 }
    }
}

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

/// `[auth]`: who may write.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// A bearer token with the role `admin`, 16 to 256 visible ASCII characters. Empty: with SQLite one is made and kept
    /// in `admin-token` beside the database file, with Postgres there is none. Default empty.
    pub admin_token: Secret,
}

/// `[rate_limit]`: accepted, without effect in this release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimitConfig {
    /// Whether requests are limited. Default `false`.
    pub enabled: bool,
    /// Sustained requests a second per token or address. Default 100.
    pub requests_per_second: u32,
    /// Requests that may come at once. Default 200.
    pub burst: u32,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        Self { enabled: false, requests_per_second: 100, burst: 200 }
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`: what is logged, to standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// `text` or `json`. Default `text`.
    pub format: LogFormat,
    /// Directives as `info,larder_server=debug`; `larder_server::access=debug` logs each request. Default `info,actix_server=warn`.
    pub filter: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, filter: "info,actix_server=warn".into() }
    }
}

impl DatabaseConfig {
    /// [`Self::start_timeout_ms`] as a duration.
    pub fn start_timeout(&self) -> Duration {
        Duration::from_millis(self.start_timeout_ms)
    }
}

impl ServerConfig {
    /// [`Self::request_timeout_ms`] as a duration.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// [`Self::shutdown_timeout_ms`] as a duration.
    pub fn shutdown_timeout(&self) -> Duration {
        Duration::from_millis(self.shutdown_timeout_ms)
    }
}
