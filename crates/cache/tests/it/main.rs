//! What the cache promises, over its public API: races forced by gates, failures of L2, and a real Redis.

mod conformance;
mod failures;
mod gate;
mod names;
mod nodes;
mod races;
mod redis;
mod redis_damage;
mod redis_outage;
mod scripted;
