//! The relay: tells L2 what the outbox announces, lets it reign once nothing is missing, and keeps the outbox small.

mod claims;

use std::{
    error::Error as StdError,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use larder_cache::{Feed, Identity, L2};
use larder_repository::{Announced, Outbox, OutboxLimits, OutboxStatus, Take, Taker};
use tokio::time;

use self::claims::Claims;
use crate::{
    caches::Caches,
    lag::{Lag, LagSummary},
    tail::{Tail, taker},
    touched::Touched,
};

/// Longest time between two looks for pending rows.
const PERIOD: Duration = Duration::from_millis(250);
/// Most rows that are told at once.
const BATCH: usize = 256;
const MARKING: Duration = Duration::from_secs(1);
const TRIMMING: Duration = Duration::from_secs(5);
/// Pending rows older than this are worth a line in the log.
const OLD: Duration = Duration::from_secs(5);
const OLD_AGAIN: Duration = Duration::from_secs(30);
/// Up to which number pending rows are counted.
const COUNTED: u64 = 100_000;

type Outcome<T> = Result<T, Box<dyn StdError + Send + Sync>>;

/// A node's relay. Any number of nodes have one; rows that one has claimed are skipped by the others.
///
/// # Cancellation
/// It may be dropped anywhere: what was told and not marked is told again, and done once.
#[derive(Debug)]
pub(crate) struct Relay {
    outbox: Arc<dyn Outbox>,
    caches: Caches,
    l2: Option<L2>,
    feed: Feed,
    tail: Arc<Tail>,
    limits: OutboxLimits,
    /// Whether it tells L2; if not, it only keeps the outbox small.
    tells: bool,
    last_look: Mutex<Option<OutboxStatus>>,
    collapsed: AtomicU64,
    lag: Lag,
}

/// What one life of the relay remembers.
struct Round {
    claims: Claims,
    next_look: Instant,
    next_mark: Instant,
    next_trim: Instant,
    next_warning: Instant,
    /// Rows that are told at once: fewer after a batch that was not taken in time.
    batch: usize,
}

/// Tells a batch to every cache at once.
struct Teller<'a>(&'a Caches);

#[async_trait]
impl Take for Teller<'_> {
    async fn take(&self, changes: &[Announced]) -> Option<Taker> {
        match self.0.tell(&Touched::announced(changes)).await {
            Ok(server) => Some(taker(server)),
            Err(cause) => {
                tracing::debug!(%cause, changes = changes.len(), "L2 did not take announced changes");
                None
            }
        }
    }
}

impl Relay {
    pub(crate) fn new(
        outbox: Arc<dyn Outbox>,
        caches: Caches,
        (l2, feed): (Option<L2>, Feed),
        tail: Arc<Tail>,
        limits: OutboxLimits,
        tells: bool,
    ) -> Self {
        let (last_look, collapsed, lag) = (Mutex::default(), AtomicU64::new(0), Lag::default());
        Self { outbox, caches, l2, feed, tail, limits, tells, last_look, collapsed, lag }
    }

    /// Relays for ever.
    pub(crate) async fn run(&self) {
        let now = Instant::now();
        let mut round = Round {
            claims: Claims::default(),
            next_look: now,
            next_mark: now,
            next_trim: now,
            next_warning: now,
            batch: BATCH,
        };
        loop {
            if let Err(cause) = self.relay(&mut round).await {
                tracing::debug!(cause, "the relay could not go on");
            }
            if Instant::now() >= round.next_trim {
                self.trim().await;
                round.next_trim = Instant::now() + TRIMMING;
            }
            time::timeout(PERIOD, self.tail.pending()).await.ok();
        }
    }

    async fn relay(&self, round: &mut Round) -> Outcome<()> {
        if Instant::now() >= round.next_look {
            self.look(round).await?;
        }
        let l2 = self.l2.as_ref().filter(|_| self.tells);
        let Some((l2, server)) = l2.and_then(|l2| Some((l2, l2.server()?))) else { return Ok(()) };
        let is_current = |status: &OutboxStatus| status.current == Some(taker(server));
        if !self.last_look().as_ref().is_some_and(is_current) {
            let status = self.look(round).await?;
            if !is_current(&status) && !self.claim(l2, server, &status, &mut round.claims).await? {
                return Ok(());
            }
            self.look(round).await?;
        }
        let is_marked = self.drain(&mut round.batch).await?;
        if !is_marked {
            round.next_look = Instant::now();
            return Ok(());
        }
        if Instant::now() >= round.next_mark {
            let status = self.look(round).await?;
            self.enthrone(l2, server, &status).await?;
            round.next_mark = Instant::now() + MARKING;
        }
        Ok(())
    }

    /// Looks how the outbox stands.
    async fn look(&self, round: &mut Round) -> Outcome<OutboxStatus> {
        let status = self.outbox.status(COUNTED).await?;
        let now = Instant::now();
        round.next_look = now + PERIOD;
        *self.last_look.lock().unwrap_or_else(PoisonError::into_inner) = Some(status);
        let is_old = self.l2.is_some() && status.oldest_pending.is_some_and(|oldest| oldest > OLD);
        if is_old && now >= round.next_warning {
            round.next_warning = now + OLD_AGAIN;
            tracing::warn!(pending = status.pending, oldest = ?status.oldest_pending, "announced changes wait for L2");
        }
        Ok(status)
    }

    /// Makes the server that this node sees the current one. If another is, this node's view may be the older one: it looks anew first.
    async fn claim(&self, l2: &L2, server: Identity, status: &OutboxStatus, claims: &mut Claims) -> Outcome<bool> {
        if status.current.is_some() {
            if !claims.may_claim(Instant::now()) {
                return Ok(false);
            }
            l2.rediscover().await;
            if l2.reign().await?.server != server || l2.server() != Some(server) {
                return Ok(false);
            }
        }
        tracing::info!(?server, "another server of L2 begins; it is told all that is kept");
        claims.claimed(Instant::now());
        // What it holds may be of another database, or from before changes that the outbox no longer has, although it reigned once.
        let mark = l2.reign().await?.mark;
        let may_have_missed = status.current.is_none() || mark.is_none_or(|mark| mark <= status.deleted_through);
        if may_have_missed && self.caches.tell(&Touched::everything()).await? != server {
            return Ok(false);
        }
        self.outbox.make_current(taker(server)).await?;
        Ok(true)
    }

    /// Tells what is pending; whether all that was claimed here could be marked.
    async fn drain(&self, batch: &mut usize) -> Outcome<bool> {
        let mut told = 0;
        loop {
            let relayed = self.outbox.relay(*batch, &Teller(&self.caches)).await?;
            if relayed.claimed == 0 {
                break;
            }
            if !relayed.marked {
                *batch = (*batch / 2).max(1);
                return Ok(false);
            }
            *batch = (*batch * 2).min(BATCH);
            told += relayed.claimed;
            self.lag.record(relayed.oldest.unwrap_or_default(), relayed.claimed as u64);
        }
        if told > 0 {
            self.tail.look();
        }
        Ok(true)
    }

    /// Lets a server reign that has missed nothing, and marks how far it was told. What it holds is kept only if everything that it may
    /// have missed was still in the outbox.
    async fn enthrone(&self, l2: &L2, server: Identity, status: &OutboxStatus) -> Outcome<()> {
        if status.current != Some(taker(server)) {
            return Ok(());
        }
        let reign = l2.reign().await?;
        if reign.server != server {
            return Ok(());
        }
        if !reign.is_whole {
            // What was committed later is in doubt at every node that hears of it, wherever it is pending.
            if status.pending > 0 && !self.feed.believes(server) {
                return Ok(());
            }
            let keep = reign.mark.is_some_and(|mark| mark > status.deleted_through);
            tracing::info!(?server, keep, mark = reign.mark, "L2 is believed again");
            l2.appoint(server, keep).await?;
        }
        // Never before: the mark tells the next appointment what was missed.
        Ok(l2.set_mark(server, status.taken_below).await?)
    }

    async fn trim(&self) {
        match self.outbox.trim(self.limits).await {
            Ok(trimmed) if trimmed.collapsed > 0 => {
                self.collapsed.fetch_add(trimmed.collapsed, Ordering::Relaxed);
                tracing::error!(
                    rows = trimmed.collapsed,
                    "the outbox had grown over its limits; L2 will forget everything in place of what was announced"
                );
            }
            Ok(_) => {}
            Err(cause) => tracing::debug!(%cause, "the outbox could not be trimmed"),
        }
    }

    /// How the outbox stood at the last look.
    pub(crate) fn last_look(&self) -> Option<OutboxStatus> {
        *self.last_look.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Rows that this node replaced, because they were too many or too old.
    pub(crate) fn collapsed(&self) -> u64 {
        self.collapsed.load(Ordering::Relaxed)
    }

    pub(crate) fn lag(&self) -> LagSummary {
        self.lag.summary()
    }
}
