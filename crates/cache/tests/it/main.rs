//! What the cache promises, over its public API: races forced by gates, failures of L2, and a real Redis.

mod breaker;
mod budget;
mod conformance;
mod examples;
mod failures;
mod faults;
mod grace;
mod inputs;
mod lives;
mod names;
mod nodes;
mod races;
mod recovery;
mod redis;
mod redis_eviction;
mod redis_leases;
mod redis_outage;
mod redis_tags;
mod redis_tls;
mod redis_trips;
mod refresh;
mod resilience;
mod scene;
mod statistics;
mod tags;
mod trouble;
