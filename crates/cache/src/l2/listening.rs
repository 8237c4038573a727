//! Listening to the backplane: every node reads the logs of all shards, and knows when it may have missed something.

use std::{
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use super::telling::Tellers;
use futures_util::FutureExt;

use crate::{
    Backplane, Clock, ConfigError, Finding, Identity, LogEntry, LogPage, Nonce, RemoteError,
    audience::Audience,
    clock,
    hearing::Hearing,
    mutant::{Mutant, Mutants},
    options::check_span,
    spawner::Spawner,
    sync::{Mutex, lock},
};

/// Most entries that are read at once.
const PAGE: usize = 1_000;

const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How often the server and the forms of other nodes are inspected, and how long one's own counts.
const FIRST_INSPECTION: Duration = Duration::from_secs(1);
const INSPECTION: Duration = Duration::from_secs(10);
const FORM_LIFE: Duration = Duration::from_secs(30);

/// How a node listens to the others.
#[derive(Debug, Clone, PartialEq)]
pub struct BackplaneOptions {
    /// How old the last answer "nothing else" may be for what L1 holds to be shown, where no [`Feed`](crate::Feed) says better; then L2 is
    /// asked again, or the loader. Default 1 second.
    pub max_staleness: Duration,
    /// Longest wait for news in one question, so that a dead peer is noticed. Default 200 ms.
    pub wait: Duration,
}

impl Default for BackplaneOptions {
    fn default() -> Self {
        Self { max_staleness: Duration::from_secs(1), wait: Duration::from_millis(200) }
    }
}

/// What this node hears of the others.
#[derive(Debug)]
pub(super) struct Listening {
    pub(super) backplane: Arc<dyn Backplane>,
    pub(super) audience: Audience,
    pub(super) hearing: Hearing,
    pub(super) tellers: Arc<Tellers>,
    /// Who has the log's entries appended that are not to be heard here again.
    own: Nonce,
    shards: Mutex<Vec<Shard>>,
    /// All servers together, made when one of them changes: each hit in L2 asks for it.
    server: Mutex<Option<Identity>>,
    /// The last entries that were read, by shard.
    #[cfg(shuttle)]
    read_to: Mutex<Vec<Option<LogEntry>>>,
    findings: Mutex<Vec<Finding>>,
    wait: Duration,
    deadline: Duration,
    clock: Arc<dyn Clock>,
    mutants: Mutants,
}

/// What is heard of one shard.
#[derive(Debug, Clone, Copy, Default)]
struct Shard {
    /// The server whose log is read; `None` until all of L1 was forgotten that may have missed something of it.
    server: Option<Identity>,
    confirmed: Option<Instant>,
}

impl Listening {
    pub(super) fn new(
        backplane: Arc<dyn Backplane>,
        own: Nonce,
        options: &BackplaneOptions,
        shards: usize,
        deadline: Duration,
        clock: Arc<dyn Clock>,
        mutants: Mutants,
    ) -> Result<Self, ConfigError> {
        check_span("max_staleness", options.max_staleness)?;
        check_span("wait", options.wait)?;
        Ok(Self {
            backplane,
            audience: Audience::default(),
            tellers: Arc::default(),
            own,
            hearing: Hearing::new(options.max_staleness, clock.now()),
            shards: Mutex::new(vec![Shard::default(); shards]),
            server: Mutex::default(),
            #[cfg(shuttle)]
            read_to: Mutex::new(vec![None; shards]),
            findings: Mutex::default(),
            wait: options.wait,
            deadline,
            clock,
            mutants,
        })
    }

    /// One step on each shard, which a model takes in the place of tasks that never end.
    #[cfg(shuttle)]
    pub(super) async fn listen_once(&self) -> Result<(), RemoteError> {
        let shards = lock(&self.shards).len();
        for shard in 0..shards {
            let mut read_to = lock(&self.read_to)[shard].take();
            let outcome = self.step(shard, &mut read_to).await;
            lock(&self.read_to)[shard] = read_to;
            outcome?;
        }
        Ok(())
    }

    /// Begins to listen, until the last L2 is dropped. Not under a model checker, whose executions must end.
    pub(super) fn start(self: &Arc<Self>, spawner: &Spawner) {
        if cfg!(shuttle) {
            return;
        }
        for shard in 0..lock(&self.shards).len() {
            let listening = Arc::downgrade(self);
            spawner.spawn(async move {
                let (mut read_to, mut pause) = (None, SHORTEST_PAUSE);
                let mut is_said = false;
                while let Some(listening) = listening.upgrade() {
                    // Whoever panics in it, the next one looks again, from the end of the log.
                    let step = AssertUnwindSafe(listening.step(shard, &mut read_to)).catch_unwind().await;
                    let step = step.unwrap_or_else(|_panic| {
                        read_to = None;
                        Err(RemoteError("a listener panicked".into()))
                    });
                    match step {
                        Ok(()) => {
                            if std::mem::take(&mut is_said) {
                                tracing::info!(shard, "the backplane is heard again");
                            }
                            pause = SHORTEST_PAUSE;
                        }
                        Err(cause) => {
                            if !std::mem::replace(&mut is_said, true) {
                                tracing::warn!(shard, %cause, "the backplane is not heard; it is tried again and again");
                            }
                            listening.clock.sleep(pause).await;
                            pause = (pause * 2).min(LONGEST_PAUSE);
                        }
                    }
                }
            });
        }
        let (listening, clock) = (Arc::downgrade(self), Arc::clone(&self.clock));
        spawner.spawn(async move {
            clock.sleep(FIRST_INSPECTION).await;
            while let Some(present) = listening.upgrade() {
                present.inspect().await;
                drop(present);
                clock.sleep(INSPECTION).await;
            }
        });
    }

    /// One question: what came after the last entry that was read, or, if that is not there any more, where the log stands now.
    async fn step(&self, shard: usize, read_to: &mut Option<LogEntry>) -> Result<(), RemoteError> {
        let Some(known) = read_to.as_ref() else {
            *read_to = Some(self.resume(shard).await?);
            return Ok(());
        };
        // Before the question: what the answer does not tell had not happened by then.
        let asked_at = self.clock.now();
        let question = self.backplane.read(shard, &known.place, PAGE, self.wait);
        let page = self.in_time(self.wait + self.deadline, question).await?;
        if !self.continues(shard, known, &page) {
            tracing::info!(shard, "the backplane has a gap or another server; L1 forgets everything");
            *read_to = None;
            return Ok(());
        }
        // The fence moves first, the place after it: what breaks off in between is read again. What this node had appended itself is
        // passed over, because no entry of L1 that is older outlives it. It forgets after L2 took the change; then what came into L1
        // in between is gone too, and what comes later was read after the drop. Or it forgot before, when the change went into the queue,
        // and from then until L2 has taken it, L2 is neither read nor filled about it. Voiding once more would only drop what was loaded
        // since.
        self.audience.tell(self.own, page.entries.iter().skip(1));
        let was_all = page.entries.len() < PAGE;
        if let Some(last) = page.entries.into_iter().next_back() {
            *read_to = Some(last);
        }
        if was_all {
            self.confirm(shard, asked_at);
        }
        Ok(())
    }

    /// Whether a page follows what was read: it begins with that very entry, at the same server.
    fn continues(&self, shard: usize, known: &LogEntry, page: &LogPage) -> bool {
        let same_server = lock(&self.shards)[shard].server == Some(page.server);
        let same_entry = page.entries.first() == Some(known) || self.mutants.has(Mutant::NoGapDetection);
        same_server && same_entry
    }

    /// Takes the end of the log first, and then forgets L1: what is invalidated in between is read from there on.
    async fn resume(&self, shard: usize) -> Result<LogEntry, RemoteError> {
        let asked_at = self.clock.now();
        let page = self.in_time(self.deadline, self.backplane.anchor(shard)).await?;
        let server = page.server;
        let last = page.entries.into_iter().next_back();
        let last = last.ok_or_else(|| RemoteError("the log has no end".into()))?;
        self.audience.forget();
        self.hear_of(shard, server);
        self.confirm(shard, asked_at);
        Ok(last)
    }

    fn hear_of(&self, shard: usize, server: Identity) {
        let mut shards = lock(&self.shards);
        shards[shard].server = Some(server);
        let servers: Option<Vec<Identity>> = shards.iter().map(|shard| shard.server).collect();
        *lock(&self.server) = servers.map(|servers| Identity::of_all(&servers));
    }

    /// Whatever others changed before `asked_at` was heard of. What this node tells itself is in the log before it is forgotten here: it
    /// is up to date only as of the moment at which that began.
    fn confirm(&self, shard: usize, asked_at: Instant) {
        let asked_at = self.tellers.oldest().map_or(asked_at, |oldest| oldest.min(asked_at));
        let all = {
            let mut shards = lock(&self.shards);
            shards[shard].confirmed = Some(asked_at);
            shards.iter().map(|shard| shard.confirmed).min().flatten()
        };
        if let Some(all) = all {
            self.hearing.confirm(all);
        }
    }

    pub(super) fn believes(&self, shard: usize, server: Identity) -> bool {
        lock(&self.shards).get(shard).is_some_and(|shard| shard.server == Some(server))
            || self.mutants.has(Mutant::AnyServer)
    }

    /// All servers together, if all are heard.
    pub(super) fn server(&self) -> Option<Identity> {
        *lock(&self.server)
    }

    pub(super) fn findings(&self) -> Vec<Finding> {
        lock(&self.findings).clone()
    }

    async fn inspect(&self) {
        let mut forms: Vec<(String, String)> =
            self.audience.present().iter().map(|one| (one.name().to_owned(), one.form())).collect();
        forms.sort();
        forms.dedup();
        let Ok(found) = self.in_time(self.deadline, self.backplane.inspect(&forms, FORM_LIFE)).await else { return };
        let known = std::mem::replace(&mut *lock(&self.findings), found.clone());
        for finding in found.iter().filter(|finding| !known.contains(finding)) {
            tracing::warn!("{finding}");
        }
    }

    async fn in_time<T>(
        &self,
        deadline: Duration,
        question: impl Future<Output = Result<T, RemoteError>>,
    ) -> Result<T, RemoteError> {
        let answer = clock::within(&*self.clock, deadline, question).await;
        answer.unwrap_or_else(|| Err(RemoteError("no answer within the deadline".into())))
    }
}
