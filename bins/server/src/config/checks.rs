//! What a value of the right type must still satisfy.

mod http;

use std::ops::RangeInclusive;

use larder_cache::{ConfigError, RedisOptions};
use tracing_subscriber::EnvFilter;

use super::{CacheLevels, Config, ConfigFault, LimitScope};

/// A day: no timeout of a server is longer on purpose.
const MAX_TIMEOUT_MS: u64 = 24 * 60 * 60 * 1_000;
/// A year: no time to live is longer on purpose.
const MAX_TTL_MS: u64 = 366 * 24 * 3_600_000;

impl Config {
    /// Checks every rule that a type cannot hold.
    pub(super) fn check(&self) -> Result<(), ConfigFault> {
        self.check_server()?;
        self.check_http()?;
        self.check_database()?;
        self.check_redis()?;
        self.check_cache()?;
        self.check_auth()?;
        within(self.paging.max_offset, 0..=1_000_000, "paging.max_offset")?;
        within(self.views.flush_ms, 10..=60_000, "views.flush_ms")?;
        within(self.views.drain_ms, 10..=3_600_000, "views.drain_ms")?;
        self.check_rate_limit()?;
        self.check_warm_up()?;
        within(self.page.max_streams as u64, 1..=10_000, "page.max_streams")?;
        self.check_telemetry()?;
        let filter = EnvFilter::builder().parse(&self.log.filter);
        filter.map(drop).map_err(|cause| ConfigFault::new("log.filter", format!("cannot be parsed: {cause}")))
    }

    fn check_telemetry(&self) -> Result<(), ConfigFault> {
        let telemetry = &self.telemetry;
        let usable = telemetry.otlp_endpoint.is_empty() || telemetry.otlp_endpoint.scheme() == Some("http");
        require(usable, "telemetry.otlp_endpoint", "must be empty or begin with http://")?;
        require((0.0..=1.0).contains(&telemetry.sample_ratio), "telemetry.sample_ratio", "must be from 0 to 1")?;
        require(!telemetry.service_name.trim().is_empty(), "telemetry.service_name", "must not be empty")
    }

    fn check_server(&self) -> Result<(), ConfigFault> {
        let server = &self.server;
        let has_port = server.bind.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !port.is_empty() && port.parse::<u16>().is_ok() && !host.contains(char::is_whitespace)
        });
        require(has_port, "server.bind", "must be an address and a port, such as 127.0.0.1:8080")?;
        within(server.workers as u64, 1..=1_024, "server.workers")?;
        within(server.request_timeout_ms, 1..=MAX_TIMEOUT_MS, "server.request_timeout_ms")?;
        within(server.head_timeout_ms, 1..=MAX_TIMEOUT_MS, "server.head_timeout_ms")?;
        within(server.keep_alive_ms, 1..=MAX_TIMEOUT_MS, "server.keep_alive_ms")?;
        within(server.body_limit_bytes as u64, 1_024..=1 << 30, "server.body_limit_bytes")?;
        within(server.drain_delay_ms, 0..=MAX_TIMEOUT_MS, "server.drain_delay_ms")?;
        within(server.shutdown_timeout_ms, 1..=MAX_TIMEOUT_MS, "server.shutdown_timeout_ms")
    }

    fn check_database(&self) -> Result<(), ConfigFault> {
        let database = &self.database;
        let known = matches!(database.url.scheme(), Some("sqlite" | "postgres" | "postgresql"));
        require(known, "database.url", "must begin with sqlite:// or postgres://")?;
        let path = self.sqlite_path();
        require(path.is_none_or(|path| !path.as_os_str().is_empty()), "database.url", "must name a file")?;
        within(database.pool_size as u64, 1..=1_000, "database.pool_size")?;
        within(database.start_timeout_ms, 0..=MAX_TIMEOUT_MS, "database.start_timeout_ms")?;
        within(database.connect_timeout_ms, 1..=MAX_TIMEOUT_MS, "database.connect_timeout_ms")?;
        within(database.wait_timeout_ms, 1..=MAX_TIMEOUT_MS, "database.wait_timeout_ms")?;
        within(database.statement_timeout_ms, 1..=MAX_TIMEOUT_MS, "database.statement_timeout_ms")?;
        within(u64::from(database.demo_products), 0..=1_000_000, "database.demo_products")
    }

    fn check_redis(&self) -> Result<(), ConfigFault> {
        let redis = &self.redis;
        let scheme = redis.url.scheme();
        let kind = scheme.and_then(|scheme| scheme.strip_prefix("redis"));
        let kind = kind.map(|kind| kind.strip_prefix('s').unwrap_or(kind));
        let known = redis.url.is_empty() || matches!(kind, Some("" | "+sentinel" | "+cluster"));
        require(
            known,
            "redis.url",
            "must be empty or begin with redis://, redis+sentinel:// or redis+cluster://, each with rediss for TLS",
        )?;
        let is_tls = scheme.is_some_and(|scheme| scheme.starts_with("rediss"));
        let for_tls = redis.ca_certificate.as_os_str().is_empty() || is_tls;
        require(for_tls, "redis.ca_certificate", "is for rediss:// only")?;
        within(redis.log_length as u64, 100..=100_000_000, "redis.log_length")?;
        if redis.url.is_empty() || is_tls {
            // Certificates are read when they are needed.
            return Ok(());
        }
        let options = RedisOptions {
            url: redis.url.expose().to_owned(),
            namespace: self.cache.namespace.clone(),
            ..RedisOptions::default()
        };
        match options.check() {
            Err(ConfigError { option: "url", rule }) => Err(ConfigFault::new("redis.url", rule)),
            // The namespace has a check of its own.
            _ => Ok(()),
        }
    }

    fn check_cache(&self) -> Result<(), ConfigFault> {
        let cache = &self.cache;
        let needs_redis = matches!(cache.levels, CacheLevels::L2 | CacheLevels::TwoLevel);
        require(!needs_redis || !self.redis.url.is_empty(), "cache.levels", "needs redis.url to be set")?;
        let allowed = |character: char| character.is_ascii_alphanumeric() || "_-.".contains(character);
        let fits = (1..=64).contains(&cache.namespace.len()) && cache.namespace.chars().all(allowed);
        require(fits, "cache.namespace", "must be 1 to 64 of a-z A-Z 0-9 _ - .")?;
        within(cache.ttl_ms, 1..=MAX_TTL_MS, "cache.ttl_ms")?;
        within(cache.negative_ttl_ms, 1..=MAX_TTL_MS, "cache.negative_ttl_ms")?;
        within(cache.list_ttl_ms, 1..=MAX_TTL_MS, "cache.list_ttl_ms")?;
        require((0.0..=0.5).contains(&cache.jitter), "cache.jitter", "must be from 0 to 0.5")?;
        within(cache.l1_capacity_bytes, 1 << 16..=1 << 50, "cache.l1_capacity_bytes")?;
        within(cache.max_staleness_ms, 1..=MAX_TIMEOUT_MS, "cache.max_staleness_ms")?;
        within(cache.outbox_retention_ms, 10_000..=MAX_TTL_MS, "cache.outbox_retention_ms")?;
        within(cache.outbox_max_pending, 1..=100_000_000, "cache.outbox_max_pending")?;
        let samples = (0.0..=1_000.0).contains(&cache.samples_per_second);
        require(samples, "cache.samples_per_second", "must be from 0 to 1000")
    }

    fn check_auth(&self) -> Result<(), ConfigFault> {
        let token = self.auth.admin_token.expose();
        let visible = token.bytes().all(|byte| byte.is_ascii_graphic());
        let fits = token.is_empty() || (16..=256).contains(&token.len()) && visible;
        require(fits, "auth.admin_token", "must be empty or 16 to 256 visible ASCII characters")?;
        within(self.auth.token_ttl_ms, 1..=3_600_000, "auth.token_ttl_ms")?;
        within(u64::from(self.auth.failures_per_minute), 1..=1_000_000, "auth.failures_per_minute")
    }

    fn check_warm_up(&self) -> Result<(), ConfigFault> {
        within(u64::from(self.warm_up.products), 0..=1_000_000, "warm_up.products")?;
        within(self.warm_up.deadline_ms, 1..=MAX_TIMEOUT_MS, "warm_up.deadline_ms")
    }

    fn check_rate_limit(&self) -> Result<(), ConfigFault> {
        let limit = &self.rate_limit;
        within(u64::from(limit.requests_per_second), 1..=1_000_000, "rate_limit.requests_per_second")?;
        within(u64::from(limit.burst), 1..=1_000_000, "rate_limit.burst")?;
        within(limit.redis_timeout_ms, 1..=60_000, "rate_limit.redis_timeout_ms")?;
        let shared = limit.scope != LimitScope::Cluster || self.uses_redis();
        require(shared, "rate_limit.scope", "must not be cluster without a Redis that is used")
    }
}

fn require(holds: bool, key: &str, rule: &str) -> Result<(), ConfigFault> {
    if holds { Ok(()) } else { Err(ConfigFault::new(key, rule)) }
}

fn within(value: u64, range: RangeInclusive<u64>, key: &str) -> Result<(), ConfigFault> {
    if range.contains(&value) {
        return Ok(());
    }
    Err(ConfigFault::new(key, format!("must be from {} to {}, not {value}", range.start(), range.end())))
}
