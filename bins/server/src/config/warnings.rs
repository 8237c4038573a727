//! Values that are possible but unwise.

use super::{CacheLevels, Config};
use crate::access::UNGUESSABLE_BYTES;

impl Config {
    /// What an operator should look at again: one sentence each, beginning with the key.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        self.warn_about_sizes(&mut warnings);
        self.warn_about_cache(&mut warnings);
        let token = self.auth.admin_token.expose();
        if !token.is_empty() && token.len() < UNGUESSABLE_BYTES {
            warnings.push(format!(
                "auth.admin_token is short: {UNGUESSABLE_BYTES} random characters or more cannot be guessed"
            ));
        }
        if self.server.trusted_proxies.contain_everybody() {
            warnings.push("server.trusted_proxies trusts everybody: each client can say that it is another one".into());
        }
        warnings
    }

    fn warn_about_sizes(&self, warnings: &mut Vec<String>) {
        let advice = self.pool_advice();
        let (pool, advised, cores) = (advice.configured, advice.advised, advice.cores);
        if advice.is_unwise() {
            warnings.push(format!(
                "database.pool_size = {pool} is far from 2 × cores + 1 = {advised}: too few connections make requests wait, too \
                 many make the database slow"
            ));
        }
        if self.server.workers > 4 * cores {
            warnings.push(format!("server.workers = {} is far above the {cores} cores", self.server.workers));
        }
    }

    fn warn_about_cache(&self, warnings: &mut Vec<String>) {
        let cache = &self.cache;
        let unused = matches!(cache.levels, CacheLevels::None | CacheLevels::L1) && !self.redis.url.is_empty();
        if unused {
            warnings.push("redis.url is set, but cache.levels does not use it".into());
        }
        if cache.max_staleness_ms > cache.ttl_ms {
            warnings.push("cache.max_staleness_ms is above cache.ttl_ms: entries end before the bound matters".into());
        }
        if cache.max_staleness_ms < 500 {
            warnings.push(format!(
                "cache.max_staleness_ms = {} is below two rounds of polling (500): answers will often be loaded anew",
                cache.max_staleness_ms
            ));
        }
        if !cache.relay && self.uses_redis() {
            warnings.push("cache.relay is off: without a node or a `larder relay` that relays, Redis hears of nothing that others change".into());
        }
        if cache.outbox_retention_ms < 60_000 {
            warnings.push(format!(
                "cache.outbox_retention_ms = {} is short: a Redis that was away for longer begins empty",
                cache.outbox_retention_ms
            ));
        }
        if cache.samples_per_second > 100.0 {
            warnings.push(format!(
                "cache.samples_per_second = {}: each sample is a query to the database",
                cache.samples_per_second
            ));
        }
        #[cfg(feature = "planted-mistakes")]
        warnings.push(format!(
            "this build can plant mistakes in its caches and is for tests only; cache.planted_mistakes = \"{}\"",
            cache.planted_mistakes
        ));
        if cache.negative_ttl_ms > cache.ttl_ms {
            warnings.push("cache.negative_ttl_ms is above cache.ttl_ms: absence is kept longer than products".into());
        }
    }
}
