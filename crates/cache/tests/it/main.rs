//! What the cache promises, over its public API: races forced by gates, failures of L2, and a real Redis.

mod redis;
mod redis_eviction;
mod redis_leases;
mod redis_outage;
mod redis_tags;
mod redis_tls;
mod redis_trips;
