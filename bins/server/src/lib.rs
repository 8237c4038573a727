#![doc = include_str!("../README.md")]

mod access;
mod admin_token;
mod answer;
mod api_error;
mod banner;
mod cache_status;
mod cli;
mod conditional;
mod config;
mod demand;
mod envelope;
mod failure;
mod health;
mod json_body;
mod lifecycle;
mod list_body;
mod metrics;
mod notifications;
mod parameters;
mod problem;
mod publication;
mod relaying;
mod request_id;
mod routes;
mod seeding;
mod serve;
mod server;
mod services;
mod signals;
mod start_up;
mod telemetry;
mod version_token;

pub use access::AccessControl;
pub use cli::run;
pub use config::{
    AuthConfig, CacheConfig, CacheLevels, Config, ConfigFault, DatabaseConfig, LogConfig, LogFormat, RateLimitConfig,
    RedisConfig, Secret, SecretUrl, ServerConfig,
};
pub use health::{HealthPart, PartDetail};
pub use json_body::BodyLimits;
pub use server::Server;
pub use services::{Services, Storage};
