//! The servers and the proxy, as tests of other crates use them.

mod endings;
mod fault_proxy;
mod postgres;
mod redis;
mod redis_cluster;
mod redis_sentinels;
