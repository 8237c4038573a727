#![doc = include_str!("../README.md")]

mod account;
mod announced;
mod fault_proxy;
mod guard;
mod port;
mod postgres;
mod programs;
mod redis;

pub use self::redis::{Redis, RedisCluster, RedisOptions, RedisSentinels, RedisServer};
pub use announced::{POSTGRES_URL, REDIS_URL};
pub use fault_proxy::{Direction, Fault, FaultProxy};
pub use postgres::{Postgres, PostgresOptions, PostgresServer, TestDatabase};
pub use programs::{Programs, wheels_folder};
