//! L2 in Redis: one shared multiplexed connection out of a deadpool, and scripts that touch one hash slot.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use deadpool_redis::{Config, Connection, Pool, Runtime};
use redis::{FromRedisValue, Pipeline, Script, Value, aio::MultiplexedConnection};
use tokio::runtime::Handle;

use crate::{ConfigError, FillReply, FillRequest, Invalidation, ReadReply, ReadRequest, Remote, RemoteError, Token};

/// How long an invalidation is remembered with its version: longer than any load.
const TOMBSTONE_LIFE: Duration = Duration::from_mins(2);

/// Where Redis is, and which part of it is ours.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisOptions {
    /// `redis://[user:password@]host:port[/database]`.
    pub url: String,
    /// Prefix of all keys; nodes with the same namespace share their entries.
    pub namespace: String,
}

impl std::fmt::Debug for RedisOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisOptions").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}

/// Redis as second level. It connects when first asked and again after each failure.
pub struct RedisRemote {
    pool: Pool,
    prefix: String,
    shared: Mutex<Option<MultiplexedConnection>>,
    connecting: tokio::sync::Mutex<()>,
    /// The runtime that drives the connection, whoever asks first.
    runtime: Handle,
    scripts: Scripts,
}

struct Scripts {
    read: Script,
    fill: Script,
    invalidate: Script,
    release: Script,
}

impl RedisRemote {
    /// A second level at `options.url`; nothing is connected yet.
    ///
    /// # Errors
    /// When it is called outside a tokio runtime (the one that drives the connection), the URL is none of Redis, or the namespace is empty or contains `{`, `}` or white space.
    pub fn new(options: &RedisOptions) -> Result<Self, ConfigError> {
        let bad = |character: char| matches!(character, '{' | '}') || character.is_whitespace();
        if options.namespace.is_empty() || options.namespace.contains(bad) {
            return Err(ConfigError { option: "namespace", rule: "must not be empty nor contain { } or white space" });
        }
        let bad_url =
            |_cause| ConfigError { option: "url", rule: "must be redis://[user:password@]host:port[/database]" };
        let pool = Config::from_url(&options.url)
            .builder()
            .map_err(bad_url)?
            .max_size(4)
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_cause| ConfigError { option: "url", rule: "must be usable for a connection pool" })?;
        let runtime = Handle::try_current()
            .map_err(|_outside| ConfigError { option: "runtime", rule: "is required: build it within tokio" })?;
        let scripts = Scripts {
            read: Script::new(include_str!("redis/read.lua")),
            fill: Script::new(include_str!("redis/fill.lua")),
            invalidate: Script::new(include_str!("redis/invalidate.lua")),
            release: Script::new(include_str!("redis/release.lua")),
        };
        // All keys of a namespace are in one hash slot, so that a script may touch several of them.
        let prefix = format!("{{{}.0}}", options.namespace);
        Ok(Self { pool, prefix, shared: Mutex::default(), connecting: tokio::sync::Mutex::new(()), runtime, scripts })
    }

    fn value(&self, key: &str) -> String {
        format!("{}v:{key}", self.prefix)
    }

    fn lease(&self, key: &str) -> String {
        format!("{}l:{key}", self.prefix)
    }

    fn tombstone(&self, key: &str) -> String {
        format!("{}t:{key}", self.prefix)
    }

    /// The shared connection: cloning it costs no round trip, while a checkout from the pool costs one.
    async fn connection(&self) -> Result<MultiplexedConnection, RemoteError> {
        if let Some(connection) = self.shared().clone() {
            return Ok(connection);
        }
        let _one_at_a_time = self.connecting.lock().await;
        if let Some(connection) = self.shared().clone() {
            return Ok(connection);
        }
        // A connection lives on the runtime that made it: not on that of a caller who may end before the others.
        let pool = self.pool.clone();
        let pooled = self.runtime.spawn(async move { pool.get().await }).await;
        let pooled = pooled.map_err(|cause| RemoteError(cause.to_string()))?;
        let pooled = pooled.map_err(|cause| RemoteError(cause.to_string()))?;
        let connection = Connection::take(pooled);
        *self.shared() = Some(connection.clone());
        Ok(connection)
    }

    /// Runs a pipeline in one round trip; loads the scripts and repeats it once if the server does not know them.
    async fn run<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, RemoteError> {
        let mut connection = self.connection().await?;
        let mut patience = Patience { remote: self, is_over: true };
        let mut outcome = pipeline.query_async(&mut connection).await;
        if outcome.as_ref().is_err_and(|cause: &redis::RedisError| cause.kind() == NO_SCRIPT) {
            let scripts = &self.scripts;
            let mut load = redis::pipe();
            for script in [&scripts.read, &scripts.fill, &scripts.invalidate, &scripts.release] {
                load.load_script(script).ignore();
            }
            outcome = match load.query_async::<()>(&mut connection).await {
                Ok(()) => pipeline.query_async(&mut connection).await,
                Err(cause) => Err(cause),
            };
        }
        patience.is_over = false;
        outcome.map_err(|cause| {
            if cause.is_unrecoverable_error() || cause.is_timeout() {
                // A multiplexed connection does not reconnect by itself: the next call takes a new one.
                *self.shared() = None;
            }
            RemoteError(cause.to_string())
        })
    }

    fn shared(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dropped by a deadline in the middle of a call, it gives the shared connection up: a peer that is gone without a word would
/// otherwise keep it until TCP notices.
struct Patience<'a> {
    remote: &'a RedisRemote,
    is_over: bool,
}

impl Drop for Patience<'_> {
    fn drop(&mut self) {
        if self.is_over {
            *self.remote.shared() = None;
        }
    }
}

const NO_SCRIPT: redis::ErrorKind = redis::ErrorKind::Server(redis::ServerErrorKind::NoScript);

impl std::fmt::Debug for RedisRemote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RedisRemote").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

#[async_trait]
impl Remote for RedisRemote {
    async fn read(&self, requests: &[ReadRequest], lease: Duration) -> Result<Vec<ReadReply>, RemoteError> {
        let mut call = self.scripts.read.prepare_invoke();
        call.arg(milliseconds(lease));
        for request in requests {
            call.key(self.value(&request.key)).key(self.lease(&request.key)).arg(&request.token.0);
        }
        let mut pipeline = redis::pipe();
        pipeline.invoke_script(&call);
        let (replies,): (Vec<(u8, Value, i64)>,) = self.run(&pipeline).await?;
        if replies.len() != requests.len() {
            return Err(RemoteError("the read script answered another number of keys".into()));
        }
        replies.into_iter().map(read_reply).collect()
    }

    async fn fill(&self, request: &FillRequest) -> Result<FillReply, RemoteError> {
        let mut call = self.scripts.fill.prepare_invoke();
        call.key(self.value(&request.key)).key(self.lease(&request.key)).key(self.tombstone(&request.key));
        call.arg(&request.token.0).arg(request.frame.as_ref()).arg(milliseconds(request.ttl));
        call.arg(version_text(request.version)).arg(u8::from(request.absent));
        let mut pipeline = redis::pipe();
        pipeline.invoke_script(&call);
        let (reply,): (u8,) = self.run(&pipeline).await?;
        Ok(match reply {
            0 => FillReply::Stored,
            1 => FillReply::Refused,
            _ => FillReply::Old,
        })
    }

    async fn invalidate(&self, invalidations: &[Invalidation]) -> Result<(), RemoteError> {
        let mut pipeline = redis::pipe();
        for invalidation in invalidations {
            let key = &invalidation.key;
            let mut call = self.scripts.invalidate.prepare_invoke();
            call.key(self.value(key)).key(self.lease(key)).key(self.tombstone(key));
            call.arg(version_text(invalidation.version)).arg(u8::from(invalidation.gone));
            call.arg(milliseconds(TOMBSTONE_LIFE));
            pipeline.invoke_script(&call).ignore();
        }
        self.run(&pipeline).await
    }

    async fn release(&self, key: &str, token: Token) -> Result<(), RemoteError> {
        let mut call = self.scripts.release.prepare_invoke();
        call.key(self.lease(key)).arg(&token.0);
        let mut pipeline = redis::pipe();
        pipeline.invoke_script(&call).ignore();
        self.run(&pipeline).await
    }

    async fn ping(&self) -> Result<(), RemoteError> {
        let mut pipeline = redis::pipe();
        pipeline.cmd("PING").ignore();
        self.run(&pipeline).await
    }
}

fn read_reply((kind, frame, remaining): (u8, Value, i64)) -> Result<ReadReply, RemoteError> {
    match (kind, frame) {
        (0, Value::BulkString(frame)) => {
            // A value without a life of its own (PTTL -1) is nobody's of ours: it ends at once here.
            let remaining = Duration::from_millis(u64::try_from(remaining).unwrap_or(0));
            Ok(ReadReply::Hit { frame: Bytes::from(frame), remaining })
        }
        (1, _) => Ok(ReadReply::Lease),
        (2, _) => Ok(ReadReply::Busy),
        _ => Err(RemoteError("the read script answered something else".into())),
    }
}

/// Twenty digits, so that Lua, whose numbers are binary floats, can compare versions as texts; empty without a version.
fn version_text(version: Option<u64>) -> String {
    version.map(|version| format!("{version:020}")).unwrap_or_default()
}

/// Whole milliseconds, at least one: Redis refuses a life of zero.
fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1)
}
