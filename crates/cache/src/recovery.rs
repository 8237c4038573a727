//! L2 as a cache may believe it: deadlines, a breaker, and a queue of the invalidations that L2 did not take.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::{runtime::Handle, time};

use crate::{
    FillReply, FillRequest, Invalidation, ReadReply, ReadRequest, Remote, RemoteError, Token, breaker::Breaker,
};

/// Most invalidations that are queued; beyond, L2 is bypassed until whatever it may still hold has run out.
const QUEUE_LIMIT: usize = 10_000;
const REPLAY_BATCH: usize = 256;

/// L2 behind deadlines and a breaker. Without an L2, every question is answered with `None`.
///
/// # Consistency
/// A key whose invalidation failed is not asked of L2, nor filled, until the invalidation was taken.
#[derive(Debug)]
pub(crate) struct Upstream {
    remote: Option<Arc<dyn Remote>>,
    deadline: Duration,
    /// The longest that anything lives in L2.
    longest_ttl: Duration,
    breaker: Breaker,
    queue: Mutex<Queue>,
    runtime: Handle,
}

#[derive(Debug, Default)]
struct Queue {
    pending: HashMap<String, Waiting>,
    last_ticket: u64,
    bypassed_until: Option<Instant>,
    replaying: bool,
}

/// An invalidation that L2 has not confirmed. Each request for it draws a new ticket, so that the answer to an earlier attempt does not
/// stand for a later request, which may look the same.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    ticket: u64,
    invalidation: Invalidation,
}

impl Upstream {
    pub(crate) fn new(
        remote: Option<Arc<dyn Remote>>,
        deadline: Duration,
        longest_ttl: Duration,
        runtime: Handle,
    ) -> Self {
        Self { remote, deadline, longest_ttl, breaker: Breaker::new(), queue: Mutex::default(), runtime }
    }

    /// Asks for all keys at once; an answer is `None` for a key that L2 may not be believed about. `None` altogether: no L2.
    pub(crate) async fn read(&self, requests: &[ReadRequest], lease: Duration) -> Option<Vec<Option<ReadReply>>> {
        let remote = self.remote.as_ref()?;
        let trusted = self.trusted(requests);
        let asked: Vec<ReadRequest> = requests
            .iter()
            .zip(&trusted)
            .filter(|(_, trusted)| **trusted)
            .map(|(request, _)| request.clone())
            .collect();
        if asked.is_empty() {
            return None;
        }
        let mut replies = self.guarded(remote.read(&asked, lease)).await?.into_iter();
        // A key whose invalidation failed while the question was under way is not believed either; the fence catches what a
        // caller already waits for.
        Some(trusted.into_iter().map(|trusted| if trusted { replies.next() } else { None }).collect())
    }

    pub(crate) async fn fill(&self, request: &FillRequest) -> Option<FillReply> {
        let remote = self.remote.as_ref()?;
        if !self.believes(&request.key) {
            // The lease may stand only because L2 missed the invalidation.
            return None;
        }
        self.guarded(remote.fill(request)).await
    }

    pub(crate) async fn release(&self, key: &str, token: Token) {
        if let Some(remote) = &self.remote {
            self.guarded(remote.release(key, token)).await;
        }
    }

    /// Invalidates once, without queuing; answers whether L2 took it.
    pub(crate) async fn try_invalidate(&self, invalidations: &[Invalidation]) -> bool {
        match &self.remote {
            Some(remote) => self.guarded(remote.invalidate(invalidations)).await.is_some(),
            None => true,
        }
    }

    /// Invalidates, and queues what L2 did not take. When this returns, this node believes no older value of the keys.
    pub(crate) async fn invalidate(self: &Arc<Self>, invalidations: Vec<Invalidation>) {
        if self.remote.is_none() || invalidations.is_empty() {
            return;
        }
        // Queued before the attempt: while its outcome is unknown, L2 is not believed.
        let waiting = self.enqueue(&invalidations);
        if self.try_invalidate(&invalidations).await {
            self.dequeue(&waiting);
        }
        self.replay_in_background();
    }

    /// Queues the invalidations, and answers what to take off the queue once L2 took them.
    fn enqueue(&self, invalidations: &[Invalidation]) -> Vec<Waiting> {
        let mut queue = self.queue();
        let mut queued = Vec::with_capacity(invalidations.len());
        for invalidation in invalidations {
            if queue.pending.len() >= QUEUE_LIMIT && !queue.pending.contains_key(&invalidation.key) {
                tracing::error!(
                    limit = QUEUE_LIMIT,
                    "too many invalidations wait for L2; it is bypassed until its entries have run out"
                );
                queue.bypassed_until = Some(Instant::now() + self.longest_ttl);
                continue;
            }
            queue.last_ticket += 1;
            let waiting = Waiting { ticket: queue.last_ticket, invalidation: invalidation.clone() };
            queued.push(waiting.clone());
            queue.pending.entry(invalidation.key.clone()).and_modify(|known| known.join(&waiting)).or_insert(waiting);
        }
        queued
    }

    fn dequeue(&self, taken: &[Waiting]) {
        let mut queue = self.queue();
        for waiting in taken {
            if queue.pending.get(&waiting.invalidation.key) == Some(waiting) {
                queue.pending.remove(&waiting.invalidation.key);
            }
        }
    }

    /// Starts the one task that repeats what waits, unless nothing waits or it runs already.
    fn replay_in_background(self: &Arc<Self>) {
        let mut queue = self.queue();
        if queue.pending.is_empty() || queue.replaying {
            return;
        }
        queue.replaying = true;
        drop(queue);
        let upstream = Arc::clone(self);
        self.runtime.spawn(async move { upstream.replay().await });
    }

    async fn replay(&self) {
        let mut pause = Duration::from_millis(20);
        loop {
            let batch: Vec<Waiting> = {
                let mut queue = self.queue();
                queue.replaying = !queue.pending.is_empty();
                queue.pending.values().take(REPLAY_BATCH).cloned().collect()
            };
            if batch.is_empty() {
                return;
            }
            let invalidations: Vec<_> = batch.iter().map(|waiting| waiting.invalidation.clone()).collect();
            if self.try_invalidate(&invalidations).await {
                self.dequeue(&batch);
                pause = Duration::from_millis(20);
            } else {
                time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(1));
            }
        }
    }

    fn believes(&self, key: &str) -> bool {
        self.queue().believes(key)
    }

    fn trusted(&self, requests: &[ReadRequest]) -> Vec<bool> {
        let queue = self.queue();
        requests.iter().map(|request| queue.believes(&request.key)).collect()
    }

    /// Trouble is a miss: `None` when the breaker is open, the deadline passes or L2 fails.
    async fn guarded<T>(&self, call: impl Future<Output = Result<T, RemoteError>>) -> Option<T> {
        let pass = self.breaker.pass()?;
        match time::timeout(self.deadline, call).await {
            Ok(Ok(answer)) => {
                pass.succeeded();
                Some(answer)
            }
            Ok(Err(cause)) => {
                tracing::debug!(%cause, "L2 failed");
                None
            }
            Err(_elapsed) => {
                tracing::debug!(deadline = ?self.deadline, "L2 did not answer in time");
                None
            }
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Whether no invalidation of the key may be missing in L2.
    fn believes(&self, key: &str) -> bool {
        self.bypassed_until.is_none_or(|until| Instant::now() >= until) && !self.pending.contains_key(key)
    }
}

impl Waiting {
    /// Takes a later request for the same key over. The highest version wins; a change without a version beats all, because it drops
    /// unconditionally.
    fn join(&mut self, later: &Self) {
        self.ticket = later.ticket;
        let newer = match (self.invalidation.version, later.invalidation.version) {
            (Some(old), Some(new)) => new > old,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if newer {
            self.invalidation = later.invalidation.clone();
        }
    }
}
