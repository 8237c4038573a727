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
mod envelope;
mod failure;
mod health;
mod json_body;
mod lifecycle;
mod list_body;
mod parameters;
mod problem;
mod publication;
mod request_id;
mod routes;
mod seeding;
mod serve;
mod server;
mod services;
mod signals;
mod start_up;
mod telemetry;

pub use access::AccessControl;
pub use cli::run;
pub use config::{
    AuthConfig, CacheConfig, CacheLevels, Config, ConfigFault, DatabaseConfig, LogConfig, LogFormat, RateLimitConfig,
    RedisConfig, Secret, SecretUrl, ServerConfig,
};
pub use health::HealthPart;
pub use json_body::BodyLimits;
pub use server::Server;
pub use services::{Services, Storage};
