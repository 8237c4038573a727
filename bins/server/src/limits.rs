//! How often somebody may do something.

mod accounts;
mod clock;
mod failures;
mod gcra;
mod rate;
mod redis;
mod shared;

use std::{sync::Arc, time::Duration};

use larder_cache::RedisRemote;

pub(crate) use self::{
    accounts::{Account, Accounts},
    clock::{Clock, Nanos},
    failures::FailureLimiter,
    gcra::{Quota, Room},
    rate::{Client, Opinion, RateLimiter, Verdict},
};
use self::{redis::RedisLimiter, shared::SharedLimiter};
use crate::{config::Config, limit_headers::LimitPolicy};

/// The limiter of requests, and what answers say of it.
#[derive(Debug)]
pub(crate) struct RateLimits {
    pub(crate) limiter: RateLimiter,
    pub(crate) policy: LimitPolicy,
}

impl RateLimits {
    /// As `config` says; for the cluster over `redis`. `None` if requests are not limited.
    pub(crate) fn new(config: &Config, redis: Option<Arc<RedisRemote>>) -> Option<Self> {
        let limit = &config.rate_limit;
        if !limit.enabled {
            return None;
        }
        let quota = Quota::new(limit.requests_per_second, Duration::from_secs(1), limit.burst);
        let redis = redis.filter(|_| config.limits_cluster());
        let shared = redis.map(|redis| Arc::new(RedisLimiter::new(redis, quota)) as Arc<dyn SharedLimiter>);
        let deadline = Duration::from_millis(limit.redis_timeout_ms);
        Some(Self { limiter: RateLimiter::new(quota, shared, deadline), policy: LimitPolicy::new(quota) })
    }
}
