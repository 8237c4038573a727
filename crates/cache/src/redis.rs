//! L2 in Redis: a fetch is one `MGET` of the era and the values, all that writes is a script that touches one hash slot.

mod clock;
mod connection;
mod keys;
mod scripts;
mod stored;
mod tls;

use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, FromRedisValue, Pipeline, ScriptInvocation, Value};

use self::{clock::Clock, connection::Link, keys::Keys, scripts::Scripts};
use crate::{
    ConfigError, FillReply, FillRequest, Held, Invalidation, LeaseReply, LeaseRequest, Nonce, Remote, RemoteError,
};

/// Length of most names without their key, for room that need not grow.
const NAME: usize = 64;

/// Where Redis is, and which part of it is ours.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct RedisOptions {
    /// `redis://[user:password@]host:port[/database]`, or the same with `rediss` for TLS.
    pub url: String,
    /// Prefix of all keys; nodes with the same namespace share their entries.
    pub namespace: String,
    /// The authorities, in PEM, of which one must have signed the server's certificate; `None` for those that the system trusts.
    pub ca_certificate: Option<Vec<u8>>,
}

impl std::fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisOptions").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// Redis, 6.2 or later, as second level. It connects when first asked and again after each failure.
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
    link: Link,
    prefix: String,
    scripts: Scripts,
}

impl RedisRemote {
    /// A second level at `options.url`; nothing is connected yet. With TLS, if the process has no rustls provider, ring becomes
    /// it.
    ///
    /// # Errors
    /// When it is called outside a tokio runtime (the one that drives the connection), the URL is none of Redis, the namespace is
    /// empty or contains `{`, `}` or white space, or the certificates cannot be read.
    pub fn new(options: &RedisOptions) -> Result<Self, ConfigError> {
        let bad = |character: char| matches!(character, '{' | '}') || character.is_whitespace();
        if options.namespace.is_empty() || options.namespace.contains(bad) {
            return Err(ConfigError { option: "namespace", rule: "must not be empty nor contain { } or white space" });
        }
        let link = Link::new(tls::server(options)?)?;
        Ok(Self { link, prefix: format!("{{{}.0}}", options.namespace), scripts: Scripts::new() })
    }

    fn keys<'a>(&'a self, cache: &'a str) -> Keys<'a> {
        Keys { prefix: &self.prefix, cache }
    }

    async fn run<T: FromRedisValue>(&self, build: impl Fn() -> Pipeline + Send + Sync) -> Result<T, RemoteError> {
        self.link.run(&self.scripts, build).await
    }
}

impl std::fmt::Debug for RedisRemote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisRemote").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[async_trait]
impl Remote for RedisRemote {
    async fn fetch(&self, cache: &str, keys: &[&str]) -> Result<Vec<Option<Held>>, RemoteError> {
        let names = self.keys(cache);
        let values: usize = keys.iter().map(|key| key.len() + NAME).sum();
        let mut command = Cmd::with_capacity(keys.len() + 2, values + 2 * NAME);
        command.arg("MGET").arg(names.era());
        for key in keys {
            command.arg(names.value(key));
        }
        let (reply, clock) = self.link.ask(command).await?;
        held(reply, keys.len(), &clock)
    }

    async fn lease(
        &self,
        cache: &str,
        requests: &[LeaseRequest],
        life: Duration,
    ) -> Result<Vec<LeaseReply>, RemoteError> {
        let names = self.keys(cache);
        let build = || pipeline([self.scripts.lease(&names, requests, life)]);
        let (replies,): (Vec<(u8, Vec<u8>, i64)>,) = self.run(build).await?;
        if replies.len() != requests.len() {
            return Err(unknown("lease"));
        }
        replies.into_iter().map(lease_reply).collect()
    }

    async fn fill(&self, cache: &str, requests: &[FillRequest]) -> Result<Vec<FillReply>, RemoteError> {
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        check_tags(requests)?;
        let names = self.keys(cache);
        let build = || pipeline(requests.iter().map(|request| self.scripts.fill(&names, request)));
        let replies: Vec<(u8, Vec<u8>)> = self.run(build).await?;
        if replies.len() != requests.len() {
            return Err(unknown("fill"));
        }
        Ok(replies.into_iter().map(fill_reply).collect())
    }

    async fn insert(&self, cache: &str, request: &FillRequest) -> Result<FillReply, RemoteError> {
        check_tags(std::slice::from_ref(request))?;
        let names = self.keys(cache);
        let (reply,) = self.run(|| pipeline([self.scripts.insert(&names, request)])).await?;
        Ok(fill_reply(reply))
    }

    async fn invalidate(&self, cache: &str, invalidations: &[Invalidation]) -> Result<(), RemoteError> {
        if invalidations.is_empty() {
            return Ok(());
        }
        let names = self.keys(cache);
        let build = || pipeline(invalidations.iter().map(|one| self.scripts.invalidate(&names, one)));
        self.run::<Value>(build).await.map(drop)
    }

    async fn generations(&self, cache: &str, tags: &[&str]) -> Result<Vec<Option<Nonce>>, RemoteError> {
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let names = self.keys(cache);
        let build = || {
            let mut pipeline = redis::pipe();
            pipeline.cmd("MGET").arg(tags.iter().map(|tag| names.generation(tag)).collect::<Vec<_>>());
            pipeline
        };
        let (replies,): (Vec<Option<Vec<u8>>>,) = self.run(build).await?;
        Ok(replies.into_iter().map(|bytes| bytes?.try_into().ok().map(Nonce)).collect())
    }

    async fn release(&self, cache: &str, leases: &[(&str, Nonce)]) -> Result<(), RemoteError> {
        if leases.is_empty() {
            return Ok(());
        }
        let names = self.keys(cache);
        let build = || pipeline(leases.iter().map(|(key, token)| self.scripts.release(&names, key, *token)));
        self.run::<Value>(build).await.map(drop)
    }

    async fn ping(&self) -> Result<(), RemoteError> {
        let build = || {
            let mut pipeline = redis::pipe();
            pipeline.cmd("PING");
            pipeline
        };
        self.run::<Value>(build).await.map(drop)
    }
}

fn pipeline<'a>(calls: impl IntoIterator<Item = ScriptInvocation<'a>>) -> Pipeline {
    let mut pipeline = redis::pipe();
    for call in calls {
        pipeline.invoke_script(&call);
    }
    pipeline
}

/// Reads the answer to `MGET`, of which the era is the first.
fn held(reply: Value, keys: usize, clock: &Clock) -> Result<Vec<Option<Held>>, RemoteError> {
    let Value::Array(values) = reply else { return Err(unknown("fetch")) };
    if values.len() != keys + 1 {
        return Err(unknown("fetch"));
    }
    let mut values = values.into_iter();
    let Some(Value::BulkString(era)) = values.next() else { return Ok(vec![None; keys]) };
    let now = Instant::now();
    let read = |value| match value {
        Value::BulkString(value) => stored::read(value.into(), &era, |end| clock.until(end, now)),
        _ => None,
    };
    Ok(values.map(read).collect())
}

fn lease_reply((kind, value, remaining): (u8, Vec<u8>, i64)) -> Result<LeaseReply, RemoteError> {
    let value = Bytes::from(value);
    match kind {
        // The script has compared the era.
        0 => {
            let era = value.slice(..value.len().min(size_of::<Nonce>()));
            stored::read(value, &era, |_end| Some(stored::life(remaining)))
                .map(LeaseReply::Held)
                .ok_or_else(|| unknown("lease"))
        }
        1 => Ok(LeaseReply::Granted),
        _ => Ok(LeaseReply::Busy { remaining: stored::life(remaining) }),
    }
}

fn fill_reply((kind, generations): (u8, Vec<u8>)) -> FillReply {
    match kind {
        0 => FillReply::Stored(stored::nonces(&generations)),
        1 => FillReply::Refused,
        _ => FillReply::Old,
    }
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
