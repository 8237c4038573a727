//! One limit for all nodes, in the Redis that the cache has.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use larder_cache::{RedisRemote, RedisScript, ScriptCall};

use super::{
    gcra::Quota,
    shared::{Grant, SharedLimiter, Trouble},
};

/// Counts by the clock of Redis, so that those of the nodes need not agree. A key for each client, gone once nothing is owed.
#[derive(Debug)]
pub(crate) struct RedisLimiter {
    redis: Arc<RedisRemote>,
    script: RedisScript,
    interval: String,
    burst: String,
}

impl RedisLimiter {
    pub(crate) fn new(redis: Arc<RedisRemote>, quota: Quota) -> Self {
        let script = RedisScript::new(include_str!("take.lua"));
        let (interval, burst) = (quota.interval().as_micros().max(1).to_string(), quota.burst().to_string());
        Self { redis, script, interval, burst }
    }
}

#[async_trait]
impl SharedLimiter for RedisLimiter {
    async fn take(&self, client: &str, cells: u32) -> Result<Grant, Trouble> {
        let cells = cells.to_string();
        let arguments = [self.interval.as_bytes(), self.burst.as_bytes(), cells.as_bytes()];
        let call = ScriptCall { script: &self.script, keys: &["due"], arguments: &arguments };
        let replies = self.redis.run_scripts(&format!("limit:{client}"), &[call]).await?;
        let figures = replies.first().map(|reply| reply.list()).unwrap_or_default();
        let figure = |place: usize| figures.get(place).and_then(|figure| u64::try_from(figure.integer()?).ok());
        let (Some(cells), Some(left), Some(wait)) = (figure(0), figure(1), figure(2)) else {
            return Err("the script answered something else".into());
        };
        let count = |figure| u32::try_from(figure).unwrap_or(u32::MAX);
        Ok(Grant { cells: count(cells), left: count(left), wait: Duration::from_micros(wait) })
    }
}
