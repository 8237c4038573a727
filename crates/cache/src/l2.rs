//! L2 as caches may believe it: deadlines, a breaker, and a queue of the invalidations that L2 did not take.

mod builder;
mod listening;
mod queue;
mod telling;

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;

pub(crate) use self::telling::Telling;
pub use self::{
    builder::{L2Builder, L2Options},
    listening::BackplaneOptions,
};
use self::{
    listening::Listening,
    queue::{Queue, Waiting},
};
use crate::{
    Clock, ConfigError, FillReply, FillRequest, Finding, Held, Identity, Invalidation, LeaseReply, LeaseRequest, Nonce,
    Reign, Remote, RemoteError, TagGeneration, audience::Listener, breaker::Breaker, clock, hearing::Hearing,
    spawner::Spawner,
};

const REPLAY_BATCH: usize = 256;
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A second level as this node believes it. Cheap to clone; several caches share one, and with it connections, breaker and queue.
///
/// ```no_run
/// use std::{sync::Arc, time::Duration};
/// use larder_cache::{Cache, Json, L2, L2Options, RedisOptions, RedisRemote};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let redis = RedisRemote::new(&RedisOptions::default())?;
/// let options = L2Options { deadline: Duration::from_millis(50), ..L2Options::default() };
/// let l2 = L2::builder(Arc::new(redis)).options(options).build()?;
/// let names = Cache::<u64, String>::builder("names").codec(Json).l2(&l2).build()?;
/// let prices = Cache::<u64, u32>::builder("prices").codec(Json).l2(&l2).build()?;
/// # Ok(())
/// # }
/// ```
///
/// # Consistency
/// What an invalidation concerns that L2 did not take is neither read from there nor filled, until it was taken.
#[derive(Debug, Clone)]
pub struct L2 {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    remote: Arc<dyn Remote>,
    /// This node, as it calls itself where it has forgotten by itself what it tells.
    by: Nonce,
    deadline: Duration,
    breaker: Breaker,
    queue: Queue,
    clock: Arc<dyn Clock>,
    spawner: Spawner,
    listening: Option<Arc<Listening>>,
}

/// Why L2 gave no answer. All of them mean a miss.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unavailable {
    Failed,
    Deadline,
    BreakerOpen,
}

impl L2 {
    /// Begins to build one over a remote store.
    pub fn builder(remote: Arc<dyn Remote>) -> L2Builder {
        L2Builder::new(remote)
    }

    /// An L2 with the default options, on the caller's runtime.
    ///
    /// # Errors
    /// When it is called outside a tokio runtime.
    pub fn new(remote: Arc<dyn Remote>) -> Result<Self, ConfigError> {
        Self::builder(remote).build()
    }

    /// Asks L2 something trivial, past the breaker.
    ///
    /// # Errors
    /// When it does not answer within the deadline.
    pub async fn ping(&self) -> Result<(), RemoteError> {
        self.shared.in_time(self.shared.remote.ping()).await
    }

    /// The server, or all of them together, that this node listens to at present. Only what it holds is believed. `None` without a
    /// backplane, or while it is not heard.
    pub fn server(&self) -> Option<Identity> {
        self.shared.listening.as_ref()?.server()
    }

    /// How the caches over this L2 are believed there, past the breaker. For a relay.
    ///
    /// # Errors
    /// Without a backplane, and when L2 does not answer within the deadline.
    pub async fn reign(&self) -> Result<Reign, RemoteError> {
        let listening = self.listening()?;
        let names = listening.audience.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.shared.in_time(listening.backplane.reign(&names)).await
    }

    /// Lets `server` reign over the caches over this L2. Only a relay may do so that has told it every change that counts; `keep`: what the
    /// server holds has missed none that cannot be told any more.
    ///
    /// # Errors
    /// As [`Self::reign`].
    pub async fn appoint(&self, server: Identity, keep: bool) -> Result<(), RemoteError> {
        let listening = self.listening()?;
        let names = listening.audience.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.shared.in_time(listening.backplane.appoint(&names, server, keep)).await
    }

    /// Notes at `server` that it has taken every change below `mark`. For a relay.
    ///
    /// # Errors
    /// As [`Self::reign`].
    pub async fn set_mark(&self, server: Identity, mark: u64) -> Result<(), RemoteError> {
        self.shared.in_time(self.listening()?.backplane.set_mark(server, mark)).await
    }

    /// Looks for the servers anew, as after a failover of which nobody told.
    pub async fn rediscover(&self) {
        if let Some(listening) = &self.shared.listening {
            listening.backplane.rediscover().await;
        }
    }

    /// Asks the backplane once. A model does so in the place of the tasks that listen.
    ///
    /// # Errors
    /// When it does not answer.
    #[cfg(shuttle)]
    pub async fn listen_once(&self) -> Result<(), RemoteError> {
        self.listening()?.listen_once().await
    }

    /// What is unwise about the server and about the other nodes that share it, as of a few seconds ago.
    pub fn findings(&self) -> Vec<Finding> {
        self.shared.listening.as_ref().map(|listening| listening.findings()).unwrap_or_default()
    }

    /// How long ago the question was sent that showed last that nothing else was in the backplane; `None` without one, or if that never was.
    pub fn heard_ago(&self) -> Option<Duration> {
        let heard_at = self.shared.listening.as_ref()?.hearing.confirmed_at()?;
        Some(self.shared.clock.now().saturating_duration_since(heard_at))
    }

    fn listening(&self) -> Result<&Arc<Listening>, RemoteError> {
        self.shared.listening.as_ref().ok_or_else(|| RemoteError("there is no backplane".into()))
    }

    pub(crate) fn join(&self, listener: std::sync::Weak<dyn Listener>) {
        if let Some(listening) = &self.shared.listening {
            listening.audience.join(listener);
        }
    }

    /// Since when it is known what other nodes invalidated; `None` without a backplane.
    pub(crate) fn hearing(&self) -> Option<&Hearing> {
        self.shared.listening.as_ref().map(|listening| &listening.hearing)
    }

    /// Whether what a server holds may be believed: it is the one that this node listens to.
    pub(crate) fn believes_server(&self, shard: usize, server: Identity) -> bool {
        self.shared.listening.as_ref().is_none_or(|listening| listening.believes(shard, server))
    }

    pub(crate) fn shards(&self) -> usize {
        self.shared.remote.shards()
    }

    pub(crate) fn shard_of(&self, cache: &str, key: &str) -> usize {
        self.shared.remote.shard_of(cache, key)
    }

    /// Tells L2 of changes on behalf of a relay, which repeats what was not taken: nothing is queued. Nothing was forgotten here either,
    /// so this node has to hear of it like all others: nobody is called what it calls itself here.
    pub(crate) async fn tell(&self, cache: &str, invalidations: &[Invalidation]) -> Result<Identity, RemoteError> {
        self.shared.in_time(self.shared.remote.invalidate(cache, Nonce::random(), invalidations)).await
    }

    /// To be kept from before L2 is told of a change until this process has forgotten what it concerns.
    pub(crate) fn telling(&self) -> Option<Telling> {
        let listening = self.shared.listening.as_ref()?;
        Some(listening.tellers.begin(self.shared.clock.now()))
    }

    /// Whether L2 may be believed about a key.
    pub(crate) fn believes(&self, cache: &str, key: &str) -> bool {
        self.shared.queue.believes(cache, key)
    }

    /// Whether L2 may be believed about what carries these tags.
    pub(crate) fn believes_tags(&self, cache: &str, tags: &[String]) -> bool {
        self.shared.queue.believes_tags(cache, tags)
    }

    /// Longest wait for one answer.
    pub(crate) fn deadline(&self) -> Duration {
        self.shared.deadline
    }

    pub(crate) fn queued(&self) -> usize {
        self.shared.queue.count()
    }

    pub(crate) fn is_open(&self) -> bool {
        self.shared.breaker.is_open()
    }

    pub(crate) async fn fetch(&self, cache: &str, keys: &[&str]) -> Result<Vec<Option<Held>>, Unavailable> {
        self.shared.guarded(self.shared.remote.fetch(cache, keys), keys.len()).await
    }

    pub(crate) async fn lease(
        &self,
        cache: &str,
        requests: &[LeaseRequest],
        life: Duration,
    ) -> Result<Vec<LeaseReply>, Unavailable> {
        self.shared.guarded(self.shared.remote.lease(cache, requests, life), requests.len()).await
    }

    pub(crate) async fn fill(&self, cache: &str, requests: &[FillRequest]) -> Result<Vec<FillReply>, Unavailable> {
        self.shared.guarded(self.shared.remote.fill(cache, requests), requests.len()).await
    }

    pub(crate) async fn generations(
        &self,
        cache: &str,
        tags: &[(usize, &str)],
    ) -> Result<Vec<TagGeneration>, Unavailable> {
        self.shared.guarded(self.shared.remote.generations(cache, tags), tags.len()).await
    }

    pub(crate) async fn release(&self, cache: &str, leases: &[(&str, Nonce)]) -> Result<(), Unavailable> {
        self.shared.pass(self.shared.remote.release(cache, leases)).await
    }

    /// Invalidates, and queues what L2 did not take. When this returns, this node believes nothing that it concerns. The caller forgets it
    /// in this process next, and under a [`Self::telling`]: this node does not hear of it by the log.
    pub(crate) async fn invalidate(&self, cache: &str, invalidations: &[Invalidation]) -> Result<(), Unavailable> {
        let attempt = self.shared.remote.invalidate(cache, self.shared.by, invalidations);
        self.or_queued(cache, invalidations, attempt, |_| true).await.map(drop)
    }

    /// Queues invalidations for which nobody could wait; the caller forgets what they concern in this process next. When this returns, this node believes nothing that they concern.
    pub(crate) fn invalidate_later(&self, cache: &str, invalidations: &[Invalidation]) {
        self.shared.queue.add(cache, invalidations);
        self.replay();
    }

    /// Stores a value that was not loaded; queues an invalidation of its key if L2 did not take it. As with [`Self::invalidate`], the
    /// caller forgets what this process had.
    pub(crate) async fn insert(&self, cache: &str, request: &FillRequest) -> Result<FillReply, Unavailable> {
        let drop_it =
            Invalidation::Key { key: request.key.clone(), text: request.text.clone(), version: None, gone: false };
        // What is too old is refused and drops nothing: an invalidation that waited for the key before still has to be told.
        let dropped = |reply: &FillReply| *reply != FillReply::Old;
        let attempt = self.shared.remote.insert(cache, self.shared.by, request);
        self.or_queued(cache, &[drop_it], attempt, dropped).await
    }

    /// Queued before the attempt: while its outcome is unknown, L2 is not believed. `dropped` says whether an answer means that L2
    /// invalidated.
    async fn or_queued<T>(
        &self,
        cache: &str,
        invalidations: &[Invalidation],
        attempt: impl Future<Output = Result<T, RemoteError>>,
        dropped: impl Fn(&T) -> bool,
    ) -> Result<T, Unavailable> {
        let waiting = self.shared.queue.add(cache, invalidations);
        let outcome = self.shared.pass(attempt).await;
        if outcome.as_ref().is_ok_and(dropped) {
            // What overflowed became a clear, and L2 was asked for less.
            let asked = |(one, asked): &(Waiting, &Invalidation)| one.invalidation == **asked;
            let taken = waiting.into_iter().zip(invalidations).filter(asked).map(|(one, _)| one);
            self.shared.queue.remove(cache, &taken.collect::<Vec<_>>());
        }
        self.replay();
        outcome
    }

    fn replay(&self) {
        if self.shared.queue.begin_replay() {
            let shared = Arc::clone(&self.shared);
            self.shared.spawner.spawn(async move { shared.replay().await });
        }
    }
}

impl Shared {
    /// The answer to a question that nobody can do without: past the breaker, within the deadline.
    async fn in_time<T>(&self, question: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
        let answer = clock::within(&*self.clock, self.deadline, question).await;
        answer.unwrap_or_else(|| Err(RemoteError("no answer within the deadline".into())))
    }

    async fn replay(&self) {
        let mut pause = SHORTEST_PAUSE;
        while let Some((cache, batch)) = self.queue.next_batch(REPLAY_BATCH) {
            let invalidations: Vec<_> = batch.iter().map(|waiting| waiting.invalidation.clone()).collect();
            if self.pass(self.remote.invalidate(&cache, self.by, &invalidations)).await.is_ok() {
                self.queue.remove(&cache, &batch);
                pause = SHORTEST_PAUSE;
            } else {
                self.clock.sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
        }
    }

    /// As [`Self::pass`], for an answer that must have one part for each question.
    async fn guarded<T>(
        &self,
        call: impl Future<Output = Result<Vec<T>, RemoteError>>,
        questions: usize,
    ) -> Result<Vec<T>, Unavailable> {
        let answers = self.pass(call).await?;
        if answers.len() == questions { Ok(answers) } else { Err(Unavailable::Failed) }
    }

    /// Trouble is a miss: an error when the breaker is open, the deadline passes or L2 fails.
    async fn pass<T>(&self, call: impl Future<Output = Result<T, RemoteError>>) -> Result<T, Unavailable> {
        let pass = self.breaker.pass().ok_or(Unavailable::BreakerOpen)?;
        // A client that panics is trouble like any other: an invalidation has to go on, and a read is a miss.
        let call = AssertUnwindSafe(call).catch_unwind();
        let trouble = match clock::within(&*self.clock, self.deadline, call).await {
            Some(Ok(Ok(answer))) => {
                pass.succeeded();
                return Ok(answer);
            }
            Some(Ok(Err(cause))) => {
                tracing::debug!(%cause, "L2 failed");
                Unavailable::Failed
            }
            Some(Err(_panic)) => {
                tracing::error!("the client of L2 panicked");
                Unavailable::Failed
            }
            None => {
                tracing::debug!(deadline = ?self.deadline, "L2 did not answer in time");
                Unavailable::Deadline
            }
        };
        pass.failed();
        Err(trouble)
    }
}
