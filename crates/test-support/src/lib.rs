#![doc = include_str!("../README.md")]

mod account;
mod announced;
mod browser;
mod exact_timer;
mod fault_proxy;
mod guard;
mod hostile;
mod port;
mod postgres;
mod programs;
mod redis;

pub use self::redis::{Redis, RedisCluster, RedisOptions, RedisSentinels, RedisServer};
pub use announced::{BROWSER, POSTGRES_URL, REDIS_URL};
pub use browser::{Browser, Tab};
pub use exact_timer::ExactTimer;
pub use fault_proxy::{Direction, Fault, FaultProxy};
pub use hostile::{Survived, attack};
pub use postgres::{Postgres, PostgresOptions, PostgresServer, TestDatabase};
pub use programs::{Programs, find_browser, wheels_folder};
