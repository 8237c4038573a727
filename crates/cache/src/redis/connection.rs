//! One shared multiplexed connection out of a deadpool, made again after each failure.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use deadpool_redis::{Connection, Manager, Pool, Runtime};
use redis::{
    AsyncConnectionConfig, Cmd, ConnectionInfo, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult,
    ServerErrorKind, Value, aio::MultiplexedConnection,
};
use tokio::{runtime::Handle, time::timeout};

use super::{clock::Clock, scripts::Scripts};
use crate::{ConfigError, RemoteError};

/// How long one attempt to connect may take, TLS and password included. Who asked gives up at its own deadline; the attempt
/// goes on.
const CONNECT_DEADLINE: Duration = Duration::from_secs(1);

/// How long a peer may be silent while it is looked at.
const SILENCE: Duration = Duration::from_secs(1);

/// How many requests may wait for the connection to write them, before their callers wait for a place.
const PIPELINE_BUFFER: usize = 1024;

const NO_SCRIPT: ErrorKind = ErrorKind::Server(ServerErrorKind::NoScript);

/// The way to Redis.
pub(super) struct Link {
    pool: Pool,
    shared: Arc<Shared>,
    connecting: Arc<tokio::sync::Mutex<()>>,
    /// The runtime that drives the connection, whoever asks first.
    runtime: Handle,
}

/// The connection that all use.
#[derive(Default)]
struct Shared(Mutex<Option<Arc<Live>>>);

/// A connection, and what is known of its peer.
struct Live {
    connection: MultiplexedConnection,
    clock: Mutex<Option<Clock>>,
    /// Whether an answer was received since a look at the peer began.
    has_answered: AtomicBool,
    is_looked_at: AtomicBool,
}

impl Link {
    /// A way to `server`; nothing is connected yet.
    pub(super) fn new(server: ConnectionInfo) -> Result<Self, ConfigError> {
        // No response timeout: the caller's deadline governs, and a call dropped by it has the connection looked at.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_DEADLINE))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE_BUFFER);
        let unusable = ConfigError { option: "url", rule: "must be usable for a connection pool" };
        let manager = Manager::new_with_config(server, config).map_err(|_cause| unusable.clone())?;
        let pool = Pool::builder(manager).runtime(Runtime::Tokio1).build().map_err(|_cause| unusable)?;
        let runtime = Handle::try_current()
            .map_err(|_outside| ConfigError { option: "runtime", rule: "is required: build it within tokio" })?;
        Ok(Self { pool, shared: Arc::default(), connecting: Arc::default(), runtime })
    }

    /// Runs a pipeline in one round trip. If the server does not know the scripts, it is told them, and a pipeline built anew is
    /// run once more: part of the first may have run, and no nonce may be used twice.
    pub(super) async fn run<T: FromRedisValue>(
        &self,
        scripts: &Scripts,
        build: impl Fn() -> Pipeline + Send + Sync,
    ) -> Result<T, RemoteError> {
        let live = self.live().await?;
        let mut call = Call { link: self, live: &live, has_ended: false };
        let mut connection = live.connection.clone();
        let mut outcome = build().query_async(&mut connection).await;
        if outcome.as_ref().is_err_and(|cause: &RedisError| cause.kind() == NO_SCRIPT) {
            outcome = match scripts.load().query_async::<()>(&mut connection).await {
                Ok(()) => build().query_async(&mut connection).await,
                Err(cause) => Err(cause),
            };
        }
        call.end(outcome)
    }

    /// Asks one command in one round trip, and says what time it was at the server: that is asked with it once in a while.
    pub(super) async fn ask(&self, command: Cmd) -> Result<(Value, Clock), RemoteError> {
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
                .map(|reply| (reply, clock)),
            None => ask_with_time(command, &mut connection).await.map(|(time, reply)| {
                let clock = Clock::new(time, sent);
                *lock(&live.clock) = Some(clock);
                (reply, clock)
            }),
        };
        call.end(outcome)
    }

    /// The shared connection: cloning it costs no round trip, while a checkout from the pool costs one.
    async fn live(&self) -> Result<Arc<Live>, RemoteError> {
        if let Some(live) = self.shared.current() {
            return Ok(live);
        }
        let one_at_a_time = Arc::clone(&self.connecting).lock_owned().await;
        if let Some(live) = self.shared.current() {
            return Ok(live);
        }
        // A connection lives on the runtime that made it, not on that of a caller who may end before the others; and an attempt
        // that outlasts its caller's deadline is there for the next one.
        let (pool, shared) = (self.pool.clone(), Arc::clone(&self.shared));
        let attempt = self.runtime.spawn(async move {
            let connection = pool.get().await.map(Connection::take);
            let connected = connection.map(|connection| shared.set(connection));
            drop(one_at_a_time);
            connected
        });
        let connected = attempt.await.map_err(|cause| RemoteError(cause.to_string()))?;
        connected.map_err(|cause| RemoteError(cause.to_string()))
    }
}

/// The answers to `TIME` and to a command, in one round trip.
async fn ask_with_time(command: Cmd, connection: &mut MultiplexedConnection) -> RedisResult<((u64, u64), Value)> {
    let mut pipeline = Pipeline::with_capacity(2);
    pipeline.cmd("TIME").add_command(command);
    pipeline.query_async(connection).await
}

impl Shared {
    fn current(&self) -> Option<Arc<Live>> {
        lock(&self.0).clone()
    }

    fn set(&self, connection: MultiplexedConnection) -> Arc<Live> {
        let (has_answered, is_looked_at) = Default::default();
        let live = Arc::new(Live { connection, clock: Mutex::default(), has_answered, is_looked_at });
        *lock(&self.0) = Some(Arc::clone(&live));
        live
    }

    /// The next call takes a new connection, if this is still the one in use.
    fn give_up(&self, live: &Arc<Live>) {
        lock(&self.0).take_if(|current| Arc::ptr_eq(current, live));
    }

    /// Gives the connection up unless its peer answers something within [`SILENCE`].
    async fn look_at(&self, live: Arc<Live>) {
        live.has_answered.store(false, Ordering::Relaxed);
        let mut connection = live.connection.clone();
        let answer = timeout(SILENCE, connection.send_packed_command(&redis::cmd("PING"))).await;
        if answer.is_err() && !live.has_answered.load(Ordering::Relaxed) {
            self.give_up(&live);
        }
        live.is_looked_at.store(false, Ordering::Relaxed);
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
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
            // A multiplexed connection does not reconnect by itself.
            Err(ref cause) if cause.is_unrecoverable_error() || cause.is_timeout() => {
                self.link.shared.give_up(self.live)
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

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.has_ended && !self.live.is_looked_at.swap(true, Ordering::Relaxed) {
            let (shared, live) = (Arc::clone(&self.link.shared), Arc::clone(self.live));
            self.link.runtime.spawn(async move { shared.look_at(live).await });
        }
    }
}
