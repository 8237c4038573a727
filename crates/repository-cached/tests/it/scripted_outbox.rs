//! An outbox in memory that announces, fails, panics and dies where a test says so.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use larder_repository::{
    Announced, Changed, Error, ErrorKind, Heard, Outbox, OutboxLimits, OutboxStatus, OutboxTail, Polled, Position,
    Relayed, Take, Taker, Trimmed, Written,
};
use tokio::{sync::Notify, time};

const TIMELINE: u64 = 1;

/// The number of a change is that of its row.
#[derive(Debug, Default)]
pub(crate) struct ScriptedOutbox {
    state: Mutex<State>,
    news: Notify,
    /// Questions of tails.
    pub(crate) polls: AtomicUsize,
    /// Batches that a relay was lent.
    pub(crate) taken: AtomicUsize,
    /// Changes of the current server.
    pub(crate) reigns: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    rows: Vec<Announced>,
    written_at: Vec<Instant>,
    claimed: Vec<u64>,
    current: Option<Taker>,
    deleted_through: u64,
    fails: Option<ErrorKind>,
    panics: bool,
    dies_before_mark: bool,
    collapses: u64,
}

impl ScriptedOutbox {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    /// Announces a write of which the caches know nothing.
    pub(crate) fn announce(&self, written: &Written) -> Position {
        let Written { id, version, before, after, changed, .. } = written.clone();
        self.announce_change(Changed::Product { id, version, before, after, changed })
    }

    pub(crate) fn announce_change(&self, what: Changed) -> Position {
        let position = self.next_position();
        {
            let mut state = self.state();
            state.rows.push(Announced { row: position.number, what, taken_by: None });
            state.written_at.push(Instant::now());
        }
        self.news.notify_waiters();
        position
    }

    /// Where the next announcement will stand.
    pub(crate) fn next_position(&self) -> Position {
        Position { timeline: TIMELINE, number: self.state().rows.len() as u64 + 1 }
    }

    /// From now on every question fails so, or none.
    pub(crate) fn set_failing(&self, fails: Option<ErrorKind>) {
        self.state().fails = fails;
        self.news.notify_waiters();
    }

    /// The next poll panics.
    pub(crate) fn panic_once(&self) {
        self.state().panics = true;
        self.news.notify_waiters();
    }

    /// The next relay dies when L2 has taken what it claimed.
    pub(crate) fn die_before_mark(&self) {
        self.state().dies_before_mark = true;
    }

    /// Rows up to here were deleted by age.
    pub(crate) fn delete_through(&self, number: u64) {
        self.state().deleted_through = number;
    }

    /// The next trim replaces so many rows.
    pub(crate) fn collapse(&self, rows: u64) {
        self.state().collapses = rows;
    }

    pub(crate) fn pending(&self) -> usize {
        self.state().rows.iter().filter(|row| row.taken_by.is_none()).count()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn working(&self) -> Result<MutexGuard<'_, State>, Error> {
        let state = self.state();
        match &state.fails {
            Some(kind) => Err(Error::new(kind.clone(), "ask the scripted outbox")),
            None => Ok(state),
        }
    }
}

/// Gives rows back that were neither marked nor are claimed any more.
struct Claim<'a>(&'a ScriptedOutbox, Vec<u64>);

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.state().claimed.retain(|row| !self.1.contains(row));
    }
}

#[derive(Debug)]
struct Tail {
    outbox: Arc<ScriptedOutbox>,
    heard: Option<u64>,
}

#[async_trait]
impl OutboxTail for Tail {
    async fn poll(&mut self, _limit: usize) -> Result<Polled, Error> {
        self.outbox.polls.fetch_add(1, Ordering::SeqCst);
        let mut state = self.outbox.working()?;
        assert!(!std::mem::take(&mut state.panics), "on purpose");
        let newest_row = state.rows.len() as u64;
        let new = |heard: u64| state.rows.iter().filter(|row| row.row > heard).cloned().collect();
        let polled = Polled {
            changes: self.heard.map(new),
            heard: Heard { below: newest_row + 1, but: Vec::new(), timeline: TIMELINE },
            newest_row,
            pending_from: state.rows.iter().find(|row| row.taken_by.is_none()).map(|row| row.row),
            current: state.current,
        };
        self.heard = Some(newest_row);
        Ok(polled)
    }

    async fn wait(&mut self, longest: Duration) -> Result<(), Error> {
        let news = self.outbox.news.notified();
        drop(self.outbox.working()?);
        if self.heard == Some(self.outbox.state().rows.len() as u64) {
            time::timeout(longest, news).await.ok();
        }
        self.outbox.working().map(drop)
    }
}

/// Lends `Arc<ScriptedOutbox>`, of which the tail keeps one.
#[derive(Debug, Clone)]
pub(crate) struct Shared(pub(crate) Arc<ScriptedOutbox>);

#[async_trait]
impl Outbox for Shared {
    async fn tail(&self) -> Result<Box<dyn OutboxTail>, Error> {
        drop(self.0.working()?);
        Ok(Box::new(Tail { outbox: Arc::clone(&self.0), heard: None }))
    }

    async fn relay(&self, limit: usize, take: &dyn Take) -> Result<Relayed, Error> {
        let (rows, oldest) = {
            let mut state = self.0.working()?;
            let is_free = |row: &&Announced| row.taken_by.is_none() && !state.claimed.contains(&row.row);
            let rows: Vec<Announced> = state.rows.iter().filter(is_free).take(limit).cloned().collect();
            let Some(first) = rows.first() else { return Ok(Relayed::default()) };
            let oldest = state.written_at[usize::try_from(first.row).expect("small") - 1].elapsed();
            state.claimed.extend(rows.iter().map(|row| row.row));
            (rows, oldest)
        };
        let claim = Claim(&self.0, rows.iter().map(|row| row.row).collect());
        self.0.taken.fetch_add(rows.len(), Ordering::SeqCst);
        let server = take.take(&rows).await;
        let mut state = self.0.working()?;
        if std::mem::take(&mut state.dies_before_mark) {
            drop(state);
            return Err(Error::new(ErrorKind::Unavailable, "mark changes"));
        }
        let marked = server.is_some() && server == state.current;
        if marked {
            let is_ours = |row: &&mut Announced| claim.1.contains(&row.row);
            state.rows.iter_mut().filter(is_ours).for_each(|row| row.taken_by = server);
        }
        drop(state);
        Ok(Relayed { claimed: rows.len(), marked, oldest: Some(oldest) })
    }

    async fn make_current(&self, server: Taker) -> Result<(), Error> {
        let mut state = self.0.working()?;
        if state.current.replace(server) != Some(server) {
            self.0.reigns.fetch_add(1, Ordering::SeqCst);
            state.rows.iter_mut().for_each(|row| row.taken_by = None);
        }
        Ok(())
    }

    async fn trim(&self, _limits: OutboxLimits) -> Result<Trimmed, Error> {
        let collapsed = std::mem::take(&mut self.0.working()?.collapses);
        Ok(Trimmed { deleted: 0, collapsed })
    }

    async fn status(&self, _count_up_to: u64) -> Result<OutboxStatus, Error> {
        let state = self.0.working()?;
        let pending: Vec<u64> = state.rows.iter().filter(|row| row.taken_by.is_none()).map(|row| row.row).collect();
        let taken_below = pending.first().copied().unwrap_or(state.rows.len() as u64 + 1);
        Ok(OutboxStatus {
            pending: pending.len() as u64,
            oldest_pending: pending
                .first()
                .map(|row| state.written_at[usize::try_from(*row).expect("small") - 1].elapsed()),
            current: state.current,
            taken_below,
            deleted_through: state.deleted_through,
        })
    }

    async fn notifies(&self, _patience: Duration) -> Result<bool, Error> {
        Ok(true)
    }
}
