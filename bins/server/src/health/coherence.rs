//! How this node hears of what others change, as a part of `/health`.

use std::{error::Error as StdError, sync::Arc, time::Duration};

use async_trait::async_trait;
use larder_repository_cached::{CachedProducts, CoherenceStatus};
use serde_json::{Value, json};

use super::{HealthPart, PartDetail};
use crate::{metrics::per_million, notifications::Notifications};

/// Without it, answers are marked as unconfirmed or stale.
#[derive(Debug)]
pub(crate) struct CoherenceHealth {
    pub(crate) cached: CachedProducts,
    pub(crate) notifications: Arc<Notifications>,
}

#[async_trait]
impl HealthPart for CoherenceHealth {
    fn name(&self) -> &'static str {
        "coherence"
    }

    fn is_essential(&self) -> bool {
        false
    }

    async fn check(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let feed = self.cached.coherence().feed;
        let hears = feed.is_none_or(|feed| feed.is_reachable);
        if hears { Ok(()) } else { Err("the database cannot be asked for changes".into()) }
    }

    fn detail(&self) -> PartDetail {
        let status = self.cached.coherence();
        let mut warnings: Vec<String> = status.findings.iter().map(ToString::to_string).collect();
        warnings.extend(self.notifications.warning().map(str::to_owned));
        PartDetail { figures: figures(&status), warnings }
    }
}

fn figures(status: &CoherenceStatus) -> Value {
    let feed = status.feed.map(|feed| {
        json!({
            "reachable": feed.is_reachable,
            "confirmed_ago_ms": feed.confirmed_ago.map(millis),
            "doubts": feed.doubts,
            "believes_l2": feed.believes_l2,
        })
    });
    let pending = status
        .outbox
        .map(|outbox| json!({ "pending": outbox.pending, "oldest_pending_ms": outbox.oldest_pending.map(millis) }));
    let (lag, samples) = (status.lag, status.samples);
    json!({
        "server": status.server.map(|server| format!("{:032x}", u128::from_be_bytes(server.0))),
        "feed": feed,
        "backplane": { "heard_ago_ms": status.backplane_heard_ago.map(millis) },
        "outbox": pending,
        "relay": {
            "relayed": lag.count,
            "lag_p50_ms": millis(lag.p50),
            "lag_p99_ms": millis(lag.p99),
            "lag_longest_ms": millis(lag.longest),
            "collapsed": status.collapsed,
        },
        "sampler": {
            "samples": samples.samples,
            "stale_per_million_l1": per_million(samples.stale_l1, samples.samples),
            "stale_per_million_l2": per_million(samples.stale_l2, samples.samples),
        },
    })
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
