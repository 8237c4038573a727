//! The parts that the service depends on, and how to ask each whether it is well.

mod coherence;

use std::{
    error::Error as StdError,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use larder_cache::L2;
use larder_repository::Database;
use larder_repository_cached::CachedProducts;
use serde_json::Value;
use tokio::time::timeout;

pub(crate) use self::coherence::CoherenceHealth;

/// How long a part may take to answer before it counts as down.
const DEADLINE: Duration = Duration::from_secs(2);
/// How long a question to the database may wait for a connection that requests use as well.
const POOL_PATIENCE: Duration = Duration::from_millis(1_000);

/// Something that the service depends on. Used as `Arc<dyn HealthPart>`.
#[async_trait]
pub trait HealthPart: fmt::Debug + Send + Sync {
    /// Its name in `/health`.
    fn name(&self) -> &'static str;

    /// Whether the service cannot answer without it.
    fn is_essential(&self) -> bool;

    /// Asks it something trivial.
    ///
    /// # Errors
    /// Why it is not well; for the log only.
    async fn check(&self) -> Result<(), Box<dyn StdError + Send + Sync>>;

    /// What an operator may want to know besides; asks nobody.
    fn detail(&self) -> PartDetail;
}

/// What a part tells of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PartDetail {
    /// Its figures, as JSON; null if it has none.
    pub figures: Value,
    /// What is unwise but makes nothing unhealthy: one sentence each.
    pub warnings: Vec<String>,
}

/// What asking one part gave.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PartHealth {
    pub(crate) name: &'static str,
    pub(crate) is_essential: bool,
    pub(crate) is_up: bool,
    pub(crate) latency: Duration,
    pub(crate) detail: PartDetail,
}

/// Asks one part, under a deadline.
pub(crate) async fn ask(part: &dyn HealthPart) -> PartHealth {
    let started = Instant::now();
    let is_up = match timeout(DEADLINE, part.check()).await {
        Ok(Ok(())) => true,
        Ok(Err(cause)) => {
            tracing::debug!(part = part.name(), %cause, "not well");
            false
        }
        Err(_) => {
            tracing::debug!(part = part.name(), "no answer in time");
            false
        }
    };
    let latency = started.elapsed();
    PartHealth { name: part.name(), is_essential: part.is_essential(), is_up, latency, detail: part.detail() }
}

/// The database, without which nothing that is not cached can be answered.
#[derive(Debug)]
pub(crate) struct DatabaseHealth {
    pub(crate) database: Arc<dyn Database>,
    /// Hears of changes over a connection of its own.
    pub(crate) cached: CachedProducts,
}

#[async_trait]
impl HealthPart for DatabaseHealth {
    fn name(&self) -> &'static str {
        "database"
    }

    fn is_essential(&self) -> bool {
        true
    }

    async fn check(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        let pinged = timeout(POOL_PATIENCE, self.database.ping()).await;
        match pinged {
            Ok(Ok(())) => Ok(()),
            _ if self.is_busy() => Ok(()),
            Ok(Err(cause)) => Err(cause.into()),
            Err(elapsed) => Err(elapsed.into()),
        }
    }

    fn detail(&self) -> PartDetail {
        PartDetail::default()
    }
}

impl DatabaseHealth {
    /// Whether requests have taken all connections of a database that is heard over another one: it is busy, not away.
    fn is_busy(&self) -> bool {
        let pool = self.database.pool_status();
        let feed = self.cached.coherence().feed;
        let is_heard = feed.is_some_and(|feed| feed.confirmed_ago.is_some_and(|ago| ago < DEADLINE));
        pool.idle == 0 && pool.size >= pool.max_size && is_heard
    }
}

/// Redis, without which the service is slower and no less right.
#[derive(Debug)]
pub(crate) struct RedisHealth(pub(crate) L2);

#[async_trait]
impl HealthPart for RedisHealth {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn is_essential(&self) -> bool {
        false
    }

    async fn check(&self) -> Result<(), Box<dyn StdError + Send + Sync>> {
        Ok(self.0.ping().await?)
    }

    fn detail(&self) -> PartDetail {
        PartDetail::default()
    }
}
