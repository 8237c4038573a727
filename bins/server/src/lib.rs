#![doc = include_str!("../README.md")]

mod access;
mod admin_token;
mod admission;
mod answer;
mod api_error;
mod banner;
mod cache_operations;
mod cache_status;
mod cli;
mod client_address;
mod client_caching;
mod compression;
mod conditional;
mod config;
mod cross_origin;
mod cursor;
mod demand;
mod envelope;
mod failure;
mod head_limits;
mod health;
mod http2;
mod json_body;
mod key_report;
mod lifecycle;
mod limit_headers;
mod limits;
mod list_body;
mod list_request;
mod listener;
mod live;
mod metrics;
mod notifications;
mod openapi;
mod page;
mod parameters;
mod problem;
mod process;
mod relaying;
mod request_id;
mod request_trace;
mod routes;
mod security_headers;
mod seeding;
mod serve;
mod server;
mod services;
mod signals;
mod start_up;
mod telemetry;
mod tls;
mod trace_context;
mod traffic;
mod version_token;

pub use access::AccessControl;
pub use cli::run;
pub use config::{
    AuthConfig, CacheConfig, CacheLevels, Config, ConfigFault, CorsConfig, DatabaseConfig, ForwardedHeader, LimitScope,
    LogConfig, LogFormat, PageAudience, PageConfig, PagingConfig, RateLimitConfig, RedisConfig, Secret, SecretUrl,
    ServerConfig, TelemetryConfig, TrustedProxies, ViewsConfig, WarmUpConfig,
};
pub use health::{HealthPart, PartDetail};
pub use json_body::BodyLimits;
pub use openapi::document as openapi_document;
pub use routes::routes;
pub use server::Server;
pub use services::{Services, Storage};
