//! What nodes share, in Redis: five scripts over the connection of the cache, all in one hash slot.

mod replies;

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use larder_cache::{Nonce, RedisRemote, RedisScript, RemoteError, ScriptCall, ScriptReply};
use larder_repository::{MAX_VIEW_BATCH, ViewBatchId};

use crate::shared::{Settled, SharedViews, Standing, TakeRequest, Taken, ViewBatch, fresh_id};

/// Where the keys are.
const PLACE: &str = "views";

/// In the order in which the scripts name them.
const KEYS: [&str; 6] = ["state", "staged", "pending", "draining", "batch", "lease"];

/// The age from which views are dropped: well before the database forgets the ids of batches.
pub(crate) const KEPT: Duration = Duration::from_hours(12);

/// A script that may have no memory for what it stores.
macro_rules! script {
    ($flags:literal, $file:literal) => {
        RedisScript::new(concat!("#!lua", $flags, "\n", include_str!("redis/prelude.lua"), include_str!($file)))
    };
}

/// The views of all nodes, in Redis.
#[derive(Debug)]
pub struct RedisViews {
    redis: Arc<RedisRemote>,
    stage: RedisScript,
    settle: RedisScript,
    take: RedisScript,
    finish: RedisScript,
    release: RedisScript,
}

impl RedisViews {
    /// In the namespace of `redis`; nothing is asked yet.
    pub fn new(redis: Arc<RedisRemote>) -> Self {
        Self {
            redis,
            stage: script!("", "redis/stage.lua"),
            // What follows makes room.
            settle: script!(" flags=allow-oom", "redis/settle.lua"),
            take: script!(" flags=allow-oom", "redis/take.lua"),
            finish: script!(" flags=allow-oom", "redis/finish.lua"),
            release: script!(" flags=allow-oom", "redis/release.lua"),
        }
    }

    async fn run(&self, script: &RedisScript, arguments: &[&[u8]]) -> Result<ScriptReply, RemoteError> {
        let call = ScriptCall { script, keys: &KEYS, arguments };
        let mut replies = self.redis.run_scripts(PLACE, &[call]).await?;
        replies.pop().ok_or_else(replies::unknown)
    }
}

#[async_trait]
impl SharedViews for RedisViews {
    async fn stage(&self, parcels: &[ViewBatch]) -> Result<(), RemoteError> {
        let epoch = Nonce::random();
        let texts: Vec<String> = parcels.iter().map(replies::text).collect();
        let parcels = parcels.iter().zip(&texts).flat_map(|(parcel, text)| [&parcel.id.0[..], text.as_bytes()]);
        let arguments: Vec<&[u8]> = [&epoch.0[..]].into_iter().chain(parcels).collect();
        self.run(&self.stage, &arguments).await.map(drop)
    }

    async fn settle(&self, parcels: &[ViewBatchId]) -> Result<Settled, RemoteError> {
        let epoch = Nonce::random();
        let arguments: Vec<&[u8]> =
            [&epoch.0[..]].into_iter().chain(parcels.iter().map(|parcel| &parcel.0[..])).collect();
        replies::settled(&self.run(&self.settle, &arguments).await?)
    }

    async fn take(&self, request: &TakeRequest) -> Result<(Standing, Taken), RemoteError> {
        let (epoch, fresh) = (Nonce::random(), fresh_id());
        let TakeRequest { by, lease, period, abandoned } = request;
        let [lease, period, abandoned, kept] =
            [*lease, *period, *abandoned, KEPT].map(|span| span.as_millis().max(1).to_string());
        let most = MAX_VIEW_BATCH.to_string();
        let arguments: [&[u8]; 8] = [
            &epoch.0,
            &by.0,
            lease.as_bytes(),
            &fresh.0,
            period.as_bytes(),
            abandoned.as_bytes(),
            kept.as_bytes(),
            most.as_bytes(),
        ];
        replies::taken(&self.run(&self.take, &arguments).await?)
    }

    async fn finish(&self, batch: ViewBatchId) -> Result<(), RemoteError> {
        self.run(&self.finish, &[&batch.0]).await.map(drop)
    }

    async fn release(&self, by: Nonce) -> Result<(), RemoteError> {
        self.run(&self.release, &[&by.0]).await.map(drop)
    }
}
