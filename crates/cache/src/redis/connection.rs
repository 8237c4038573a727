//! One shared multiplexed connection out of a deadpool, made again after each failure.

pub(super) mod attempts;
pub(super) mod peer;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, ServerErrorKind, Value,
    aio::MultiplexedConnection,
};
use tokio::time::timeout;

use self::{
    attempts::Attempts,
    peer::{Greeted, Introduction, Peer},
};
use super::{clock::Clock, script::ScriptCall, scripts::Scripts};
use crate::{ConfigError, Identity, RemoteError};

/// How long a peer may be silent while it is looked at.
const SILENCE: Duration = Duration::from_secs(1);

const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

/// Where the connections of a link come from. Used as `Arc<dyn Origin>`.
#[async_trait]
pub(super) trait Origin: Send + Sync {
    /// A connection to the server that is to be asked now.
    ///
    /// # Errors
    /// When there is none, or none in time: it never takes longer than some seconds.
    async fn connect(&self) -> Result<Greeted, RemoteError>;

    /// Hears that the server of the last connection failed, or said that it is the wrong one.
    fn doubt(&self);
}

/// A single server is asked whatever it is: a replica can still be read.
#[async_trait]
impl Origin for Peer {
    async fn connect(&self) -> Result<Greeted, RemoteError> {
        self.greet().await
    }

    fn doubt(&self) {}
}

/// The way to a Redis server.
pub(super) struct Link {
    origin: Arc<dyn Origin>,
    shared: Arc<Shared>,
    attempts: Attempts,
}

/// The connection that all use.
#[derive(Default)]
struct Shared(Mutex<Option<Arc<Live>>>);

/// A connection, and what is known of its peer.
struct Live {
    connection: MultiplexedConnection,
    peer: Introduction,
    clock: Mutex<Option<Clock>>,
    /// Whether an answer was received since a look at the peer began.
    has_answered: AtomicBool,
    is_looked_at: AtomicBool,
}

impl Link {
    /// A link to where `origin` leads; nothing is connected yet.
    pub(super) fn new(origin: Arc<dyn Origin>) -> Result<Self, ConfigError> {
        Ok(Self { origin, shared: Arc::default(), attempts: Attempts::new()? })
    }

    /// Runs a pipeline in one round trip, and says who ran it. If the server does not know the scripts, it is told them, and a
    /// pipeline built anew is run once more: part of the first may have run, and no nonce may be used twice.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        scripts: &Scripts,
        build: impl Fn(Identity) -> Pipeline + Send + Sync,
    ) -> Result<(T, Identity), RemoteError> {
        let live = self.live().await?;
        let identity = live.peer.identity;
        let mut call = Call { link: self, live: &live, has_ended: false };
        let mut connection = live.connection.clone();
        let mut outcome = build(identity).query_async(&mut connection).await;
        if outcome.as_ref().is_err_and(|cause: &RedisError| cause.kind() == NO_SCRIPT) {
            outcome = match scripts.load().query_async::<()>(&mut connection).await {
                Ok(()) => build(identity).query_async(&mut connection).await,
                Err(cause) => Err(cause),
            };
        }
        call.end(outcome).map(|answer| (answer, identity))
    }

    /// Runs scripts of others in one round trip. Those that the server does not know run in a second one, after it was told them;
    /// none runs twice.
    pub(super) async fn invoke(&self, calls: &[ScriptCall<'_>], prefix: &str) -> Result<Vec<Value>, RemoteError> {
        let live = self.live().await?;
        let mut call = Call { link: self, live: &live, has_ended: false };
        let mut connection = live.connection.clone();
        call.end(invoke(calls, prefix, &mut connection).await)
    }

    /// Asks one command in one round trip, and says what time it was at the server, and who that was: both are asked with it once in
    /// a while.
    pub(super) async fn ask(&self, command: Cmd) -> Result<(Value, Clock, Identity), RemoteError> {
        let live = self.live().await?;
        let mut call = Call { link: self, live: &live, has_ended: false };
        let mut connection = live.connection.clone();
        let sent = Instant::now();
        let known = *lock(&live.clock);
        let outcome = match known.filter(|clock| clock.is_fresh(sent)) {
            // Not by `query_async`, which boxes its future.
            Some(clock) => connection
                .send_packed_command(&command)
                .await
                .and_then(Value::extract_error)
                .map(|reply| (reply, clock, live.peer.identity)),
            None => ask_with_time(command, &mut connection).await.and_then(|(time, lineage, reply)| {
                if !live.peer.still_holds(&lineage) {
                    return Err((ErrorKind::Io, "the server has another lineage than when it was connected").into());
                }
                let clock = Clock::new(time, sent);
                *lock(&live.clock) = Some(clock);
                Ok((reply, clock, live.peer.identity))
            }),
        };
        call.end(outcome)
    }

    /// Who is at the other end of the connection that all use.
    pub(super) async fn identity(&self) -> Result<Identity, RemoteError> {
        Ok(self.live().await?.peer.identity)
    }

    /// A connection of its own, for a command that blocks it, and who is at its other end. It is not made again.
    pub(super) async fn dedicated(&self) -> Result<(MultiplexedConnection, Identity), RemoteError> {
        let Greeted { connection, introduction } = self.origin.connect().await?;
        Ok((connection, introduction.identity))
    }

    /// The next call connects anew.
    pub(super) fn reconnect(&self) {
        lock(&self.shared.0).take();
    }

    /// The shared connection: cloning it costs no round trip, while a checkout from the pool costs one.
    async fn live(&self) -> Result<Arc<Live>, RemoteError> {
        if let Some(live) = self.shared.current() {
            return Ok(live);
        }
        let attempt = || {
            let (origin, shared) = (Arc::clone(&self.origin), Arc::clone(&self.shared));
            async move { origin.connect().await.map(|greeted| shared.set(greeted)) }
        };
        self.attempts.share(|| self.shared.current(), attempt).await
    }
}

async fn invoke(
    calls: &[ScriptCall<'_>],
    prefix: &str,
    connection: &mut MultiplexedConnection,
) -> RedisResult<Vec<Value>> {
    let mut pipeline = Pipeline::with_capacity(calls.len());
    for call in calls {
        pipeline.add_command(call.command(prefix));
    }
    let mut answers = each_answer(pipeline, connection).await?;
    let is_unknown = |answer: &RedisResult<Value>| answer.as_ref().is_err_and(|cause| cause.kind() == NO_SCRIPT);
    let unknown: Vec<usize> = (0..answers.len()).filter(|place| is_unknown(&answers[*place])).collect();
    if !unknown.is_empty() {
        let mut pipeline = Pipeline::with_capacity(2 * unknown.len());
        for place in &unknown {
            pipeline.load_script(&calls[*place].script.0).add_command(calls[*place].command(prefix));
        }
        let late = each_answer(pipeline, connection).await?;
        for (place, told) in unknown.into_iter().zip(late.chunks_exact(2)) {
            answers[place] = told[0].clone().and(told[1].clone());
        }
    }
    answers.into_iter().collect()
}

/// Each command's own answer or error, in one round trip.
async fn each_answer(
    mut pipeline: Pipeline,
    connection: &mut MultiplexedConnection,
) -> RedisResult<Vec<RedisResult<Value>>> {
    pipeline.ignore_errors().query_async(connection).await
}

/// The answers to `TIME`, to [`peer::lineage`] and to a command, in one round trip.
async fn ask_with_time(
    command: Cmd,
    connection: &mut MultiplexedConnection,
) -> RedisResult<((u64, u64), String, Value)> {
    let mut pipeline = Pipeline::with_capacity(3);
    pipeline.cmd("TIME").add_command(peer::lineage()).add_command(command);
    pipeline.query_async(connection).await
}

impl Shared {
    fn current(&self) -> Option<Arc<Live>> {
        lock(&self.0).clone()
    }

    fn set(&self, Greeted { connection, introduction: peer }: Greeted) -> Arc<Live> {
        let (has_answered, is_looked_at) = Default::default();
        let live = Arc::new(Live { connection, peer, clock: Mutex::default(), has_answered, is_looked_at });
        *lock(&self.0) = Some(Arc::clone(&live));
        live
    }

    /// The next call takes a new connection, if this is still the one in use.
    fn give_up(&self, live: &Arc<Live>) {
        lock(&self.0).take_if(|current| Arc::ptr_eq(current, live));
    }

    /// Whether its peer answers something within [`SILENCE`]; the connection is given up if not.
    async fn answers(&self, live: Arc<Live>) -> bool {
        live.has_answered.store(false, Ordering::Relaxed);
        let mut connection = live.connection.clone();
        let answer = timeout(SILENCE, connection.send_packed_command(&redis::cmd("PING"))).await;
        let answers = answer.is_ok() || live.has_answered.load(Ordering::Relaxed);
        if !answers {
            self.give_up(&live);
        }
        live.is_looked_at.store(false, Ordering::Relaxed);
        answers
    }
}

pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Dropped by a deadline in the middle of a call, it has the peer looked at: one that is gone without a word would otherwise keep
/// the connection until TCP notices. The call's deadline alone says nothing: it may be shorter than a round trip.
struct Call<'a> {
    link: &'a Link,
    live: &'a Arc<Live>,
    has_ended: bool,
}

impl Call<'_> {
    fn end<T>(&mut self, outcome: RedisResult<T>) -> Result<T, RemoteError> {
        self.has_ended = true;
        match outcome {
            Err(ref cause) if is_lost(cause) => {
                self.link.shared.give_up(self.live);
                self.link.origin.doubt();
            }
            // Looked at first, so that the line is not torn from the other cores by each answer.
            _ if !self.live.has_answered.load(Ordering::Relaxed) => {
                self.live.has_answered.store(true, Ordering::Relaxed)
            }
            _ => {}
        }
        outcome.map_err(|cause| RemoteError(cause.to_string()))
    }
}

/// Whether a call that failed so should not be made over this connection again. A multiplexed connection does not reconnect by itself,
/// and a server that is the wrong one, or not yet the right one, may be another by name and lineage when it is.
fn is_lost(cause: &RedisError) -> bool {
    use ServerErrorKind::{Ask, BusyLoading, ClusterDown, MasterDown, Moved, ReadOnly};
    let is_wrong =
        matches!(cause.kind(), ErrorKind::Server(ReadOnly | Moved | Ask | ClusterDown | MasterDown | BusyLoading));
    is_wrong || cause.is_unrecoverable_error() || cause.is_timeout()
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.has_ended && !self.live.is_looked_at.swap(true, Ordering::Relaxed) {
            let (shared, live) = (Arc::clone(&self.link.shared), Arc::clone(self.live));
            let origin = Arc::clone(&self.link.origin);
            self.link.attempts.spawn(async move {
                if !shared.answers(live).await {
                    origin.doubt();
                }
            });
        }
    }
}
