//! The configuration as one value: defaults, then `larder.toml`, then the environment; the only file that reads the environment.

mod checks;
mod fault;
mod pool_advice;
mod secret;
mod sections;
mod sources;
mod text_list;
mod trusted_proxies;
mod visibility;
mod warnings;

use std::{
    env,
    ffi::OsString,
    num::NonZero,
    path::{Path, PathBuf},
    thread,
};

use serde::{Deserialize, Serialize};

pub use fault::ConfigFault;
pub(crate) use pool_advice::PoolAdvice;
pub use secret::{Secret, SecretUrl};
pub use sections::{
    AuthConfig, CacheConfig, CacheLevels, CorsConfig, DatabaseConfig, ForwardedHeader, LimitScope, LogConfig,
    LogFormat, PageAudience, PageConfig, PagingConfig, RateLimitConfig, RedisConfig, ServerConfig, TelemetryConfig,
    ViewsConfig, WarmUpConfig,
};
use sources::Sources;
pub use trusted_proxies::TrustedProxies;

/// The file that is read from the working folder if it is there.
const DEFAULT_FILE: &str = "larder.toml";

/// Everything that can be configured, in the sections that `larder.toml` has.
///
/// A key `key` of `[section]` is `LARDER__SECTION__KEY` in the environment, which wins over the file. An unknown key or an
/// impossible value stops the start.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(missing_docs, reason = "each section is documented at its type")]
pub struct Config {
    pub server: ServerConfig,
    pub cors: CorsConfig,
    pub database: DatabaseConfig,
    pub redis: RedisConfig,
    pub cache: CacheConfig,
    pub auth: AuthConfig,
    pub paging: PagingConfig,
    pub rate_limit: RateLimitConfig,
    pub warm_up: WarmUpConfig,
    pub views: ViewsConfig,
    pub page: PageConfig,
    pub telemetry: TelemetryConfig,
    pub log: LogConfig,
}

impl Config {
    /// Reads `file`, or `larder.toml` in the working folder if it is there, and the environment.
    ///
    /// # Errors
    /// Names the key and where it came from when it is unknown or its value impossible, and the file when that cannot be read.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigFault> {
        let default_file = || Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.exists());
        let file = file.map(Path::to_path_buf).or_else(default_file);
        Self::read(file.as_deref(), env::vars_os())
    }

    /// As [`Self::load`], from a file and an environment that the caller gives.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn read(
        file: Option<&Path>,
        environment: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigFault> {
        let sources = Sources::gather(file, environment)?;
        let config = sources.parse()?;
        config.check().map_err(|fault| sources.locate(fault))?;
        Ok(config)
    }

    /// The effective configuration as TOML, secrets hidden, with [`Self::warnings`] as comments above it.
    ///
    /// # Errors
    /// When a number does not fit TOML's 64 signed bits.
    pub fn to_toml(&self) -> Result<String, ConfigFault> {
        let body = toml::to_string(self).map_err(|cause| ConfigFault::new("", cause.to_string()))?;
        let warnings = self.warnings().into_iter().map(|warning| format!("# warning: {warning}\n"));
        Ok(warnings.chain([body]).collect())
    }

    /// The path of the SQLite file, if that is where the products are.
    pub fn sqlite_path(&self) -> Option<PathBuf> {
        self.database.url.expose().strip_prefix("sqlite://").map(PathBuf::from)
    }

    /// [`CacheConfig::levels`] with `auto` decided.
    pub fn cache_levels(&self) -> CacheLevels {
        match self.cache.levels {
            CacheLevels::Auto if self.redis.url.is_empty() => CacheLevels::L1,
            CacheLevels::Auto => CacheLevels::TwoLevel,
            decided => decided,
        }
    }

    /// Whether nodes share a level.
    pub fn uses_redis(&self) -> bool {
        matches!(self.cache_levels(), CacheLevels::L2 | CacheLevels::TwoLevel)
    }

    /// Whether requests are counted together by all nodes.
    pub fn limits_cluster(&self) -> bool {
        match self.rate_limit.scope {
            LimitScope::Auto => self.uses_redis(),
            LimitScope::Process => false,
            LimitScope::Cluster => true,
        }
    }
}

/// Cores that this process may use.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

/// A database does best with about two connections per core, and one for the disk.
fn advised_pool_size() -> usize {
    2 * cores() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(environment: &[(&str, &str)]) -> Result<Config, ConfigFault> {
        Config::read(None, environment.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    #[test]
    fn every_name_that_outsiders_rely_on_is_accepted() {
        let config = read(&[
            ("LARDER__SERVER__BIND", "127.0.0.1:0"),
            ("LARDER__SERVER__WORKERS", "3"),
            ("LARDER__CORS__ALLOWED_ORIGINS", "https://shop.example, https://till.example:8443"),
            ("LARDER__DATABASE__URL", "postgres://ann:pass@db/shop"),
            ("LARDER__DATABASE__POOL_SIZE", "5"),
            ("LARDER__REDIS__URL", "redis://cache"),
            ("LARDER__CACHE__LEVELS", "two-level"),
            ("LARDER__CACHE__NAMESPACE", "shop"),
            ("LARDER__CACHE__TTL_MS", "600000"),
            ("LARDER__CACHE__NEGATIVE_TTL_MS", "30000"),
            ("LARDER__CACHE__LIST_TTL_MS", "1000"),
            ("LARDER__CACHE__JITTER", "0.2"),
            ("LARDER__CACHE__L1_CAPACITY_BYTES", "1000000"),
            ("LARDER__CACHE__MAX_STALENESS_MS", "1000"),
            ("LARDER__CACHE__RELAY", "false"),
            ("LARDER__CACHE__OUTBOX_RETENTION_MS", "600000"),
            ("LARDER__CACHE__OUTBOX_MAX_PENDING", "100000"),
            ("LARDER__CACHE__SAMPLES_PER_SECOND", "2"),
            ("LARDER__REDIS__LOG_LENGTH", "100000"),
            ("LARDER__AUTH__ADMIN_TOKEN", "1234567890123456"),
            ("LARDER__AUTH__TOKEN_TTL_MS", "1000"),
            ("LARDER__AUTH__FAILURES_PER_MINUTE", "5"),
            ("LARDER__RATE_LIMIT__ENABLED", "true"),
            ("LARDER__WARM_UP__PRODUCTS", "10"),
            ("LARDER__WARM_UP__BEFORE_READY", "true"),
            ("LARDER__WARM_UP__DEADLINE_MS", "5000"),
            ("LARDER__RATE_LIMIT__SCOPE", "cluster"),
            ("LARDER__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
            ("LARDER__SERVER__FORWARDED_HEADER", "forwarded"),
            ("LARDER__LOG__FORMAT", "json"),
            ("LARDER__LOG__FILTER", "debug"),
            ("HOME", "/root"),
        ])
        .expect("accepted");
        assert_eq!((config.server.workers, config.cache.jitter), (3, 0.2));
        assert_eq!(config.auth.admin_token.expose(), "1234567890123456");
        assert!(config.rate_limit.enabled);
        assert_eq!(config.cors.allowed_origins, ["https://shop.example", "https://till.example:8443"]);
    }

    #[test]
    fn auto_levels_follow_redis() {
        assert_eq!(read(&[]).expect("valid").cache_levels(), CacheLevels::L1);
        let with_redis = read(&[("LARDER__REDIS__URL", "redis://cache")]).expect("valid");
        assert_eq!(with_redis.cache_levels(), CacheLevels::TwoLevel);
    }

    #[test]
    fn the_printed_configuration_reads_back_and_hides_secrets() {
        let config = read(&[
            ("LARDER__DATABASE__URL", "postgres://ann:pass@db/shop"),
            ("LARDER__AUTH__ADMIN_TOKEN", "super-secret-token"),
        ])
        .expect("valid");
        let printed = config.to_toml().expect("prints");
        assert!(printed.contains("postgres://ann:***@db/shop"), "{printed}");
        assert!(!printed.contains("pass@") && !printed.contains("super-secret"), "{printed}");
        let read_back: Config = toml::from_str(&printed).expect("is TOML of the same shape");
        assert_eq!(read_back.server, config.server);
    }
}
