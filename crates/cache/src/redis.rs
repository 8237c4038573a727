//! L2 in Redis: a fetch is one `MGET` of the era and the values, all that writes is a script that touches one hash slot.

mod asking;
mod backplane;
mod clock;
mod connection;
mod inspection;
mod keys;
mod links;
mod log;
mod options;
mod script;
mod scripts;
mod shards;
mod stored;
mod tls;

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use redis::{FromRedisValue, Pipeline, ScriptInvocation, Value};

use self::{
    asking::fill_reply,
    log::Listener,
    scripts::Scripts,
    shards::{Shards, in_order},
};
pub use self::{
    options::{RedisOptions, Reigning},
    script::{RedisScript, ScriptCall, ScriptReply},
};
use crate::{
    ConfigError, FillReply, FillRequest, Held, Identity, Invalidation, LeaseReply, LeaseRequest, Nonce, Remote,
    RemoteError, TagGeneration,
};

/// Redis, 7 or later, as second level and [`Backplane`](crate::Backplane). It connects when first asked and again after each failure.
///
/// ```no_run
/// use std::sync::Arc;
/// use larder_cache::{L2, RedisOptions, RedisRemote};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "rediss://shop:secret@redis.example:6379".to_owned();
/// let options = RedisOptions { url, namespace: "shop".to_owned(), ..RedisOptions::default() };
/// let l2 = L2::new(Arc::new(RedisRemote::new(&options)?))?;
/// l2.ping().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
/// It has no deadlines of its own but one for connecting. A call that is dropped has the connection looked at: if
/// nothing comes over it for a second, it is given up, and the next call connects anew.
pub struct RedisRemote {
    shards: Shards,
    scripts: Scripts,
    listener: Listener,
}

impl RedisRemote {
    /// A second level at `options.url`; nothing is connected yet. With TLS, if the process has no rustls provider, ring becomes
    /// it.
    ///
    /// # Errors
    /// When it is called outside a tokio runtime (the one that drives the connection), the URL is none of Redis, the namespace is
    /// empty or contains `{`, `}` or white space, the log would keep nothing, or the certificates cannot be read.
    pub fn new(options: &RedisOptions) -> Result<Self, ConfigError> {
        options.check()?;
        let scripts = Scripts::new(options.reign, options.log_length);
        Ok(Self { shards: Shards::new(options)?, scripts, listener: Listener::default() })
    }

    async fn run<T: FromRedisValue>(
        &self,
        shard: usize,
        build: impl Fn(Identity) -> Pipeline + Send + Sync,
    ) -> Result<(T, Identity), RemoteError> {
        self.shards.link(shard).await?.run(&self.scripts, build).await
    }
}

impl std::fmt::Debug for RedisRemote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisRemote").field("prefix", &self.shards.prefix(0)).finish_non_exhaustive()
    }
}

#[async_trait]
impl Remote for RedisRemote {
    async fn fetch(&self, cache: &str, keys: &[&str]) -> Result<Vec<Option<Held>>, RemoteError> {
        if self.shards.count() == 1 {
            return self.fetch_in(cache, 0, keys.iter().copied()).await;
        }
        let parts = self.shards.split(cache, keys.iter().copied());
        let asked =
            parts.iter().map(|part| self.fetch_in(cache, part.shard, part.places.iter().map(|place| keys[*place])));
        in_order(&parts, join_all(asked).await)
    }

    async fn lease(
        &self,
        cache: &str,
        requests: &[LeaseRequest],
        life: Duration,
    ) -> Result<Vec<LeaseReply>, RemoteError> {
        let parts = self.shards.split(cache, requests.iter().map(|request| request.key.as_str()));
        in_order(&parts, join_all(parts.iter().map(|part| self.lease_in(cache, part, requests, life))).await)
    }

    async fn fill(&self, cache: &str, requests: &[FillRequest]) -> Result<Vec<FillReply>, RemoteError> {
        check_tags(requests)?;
        let parts = self.shards.split(cache, requests.iter().map(|request| request.key.as_str()));
        in_order(&parts, join_all(parts.iter().map(|part| self.fill_in(cache, part, requests))).await)
    }

    async fn insert(&self, cache: &str, by: Nonce, request: &FillRequest) -> Result<FillReply, RemoteError> {
        check_tags(std::slice::from_ref(request))?;
        let shard = self.shards.of(cache, &request.key);
        let names = self.shards.keys(shard, cache);
        let build = |server| pipeline([self.scripts.insert(names, server, by, request)]);
        let ((reply,), _server) = self.run(shard, build).await?;
        Ok(fill_reply(reply))
    }

    async fn invalidate(
        &self,
        cache: &str,
        by: Nonce,
        invalidations: &[Invalidation],
    ) -> Result<Identity, RemoteError> {
        let parts = self.shards.split_invalidations(cache, invalidations);
        let told = join_all(parts.iter().map(|part| self.invalidate_in(cache, by, part, invalidations))).await;
        self.shards.whole(&told.into_iter().collect::<Result<Vec<_>, _>>()?).await
    }

    async fn generations(&self, cache: &str, tags: &[(usize, &str)]) -> Result<Vec<TagGeneration>, RemoteError> {
        let parts = self.shards.parts(tags.iter().map(|(shard, _)| Some(*shard)));
        in_order(&parts, join_all(parts.iter().map(|part| self.generations_in(cache, part, tags))).await)
    }

    async fn release(&self, cache: &str, leases: &[(&str, Nonce)]) -> Result<(), RemoteError> {
        let parts = self.shards.split(cache, leases.iter().map(|(key, _)| *key));
        join_all(parts.iter().map(|part| self.release_in(cache, part, leases))).await.into_iter().collect()
    }

    async fn ping(&self) -> Result<(), RemoteError> {
        let build = |_server| {
            let mut pipeline = redis::pipe();
            pipeline.cmd("PING");
            pipeline
        };
        let pings = join_all((0..self.shards.count()).map(|shard| self.run::<Value>(shard, build))).await;
        pings.into_iter().try_for_each(|ping| ping.map(drop))
    }

    fn shards(&self) -> usize {
        self.shards.count()
    }

    fn shard_of(&self, cache: &str, key: &str) -> usize {
        self.shards.of(cache, key)
    }
}

fn pipeline<'a>(calls: impl IntoIterator<Item = ScriptInvocation<'a>>) -> Pipeline {
    let mut pipeline = redis::pipe();
    for call in calls {
        pipeline.invoke_script(&call);
    }
    pipeline
}

/// The number of tags is one byte of the stored form.
fn check_tags(requests: &[FillRequest]) -> Result<(), RemoteError> {
    match requests.iter().find(|request| request.tags.len() > usize::from(u8::MAX)) {
        Some(request) => Err(RemoteError(format!("an entry has {} tags, more than 255", request.tags.len()))),
        None => Ok(()),
    }
}

fn unknown(call: &str) -> RemoteError {
    RemoteError(format!("the server answered something else to {call}"))
}
