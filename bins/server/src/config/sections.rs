//! The sections of the configuration: every key, its unit and its default.

mod auth;
mod cache;
mod cors;
mod database;
mod log;
mod page;
mod paging;
mod rate_limit;
mod redis;
mod server;
mod telemetry;
mod views;
mod warm_up;

pub use auth::AuthConfig;
pub use cache::{CacheConfig, CacheLevels};
pub use cors::CorsConfig;
pub use database::DatabaseConfig;
pub use log::{LogConfig, LogFormat};
pub use page::{PageAudience, PageConfig};
pub use paging::PagingConfig;
pub use rate_limit::{LimitScope, RateLimitConfig};
pub use redis::RedisConfig;
pub use server::{ForwardedHeader, ServerConfig};
pub use telemetry::TelemetryConfig;
pub use views::ViewsConfig;
pub use warm_up::WarmUpConfig;
