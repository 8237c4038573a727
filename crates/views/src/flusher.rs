//! Passes on what this node counted: to the shared level, or past it to the database.

use std::{
    pin::pin,
    sync::{Arc, PoisonError, atomic::Ordering::Relaxed},
    time::{Duration, Instant},
};

use larder_cache::RemoteError;
use larder_repository::{ErrorKind, ViewsAdded};
use tokio::{
    sync::Mutex,
    time::{MissedTickBehavior, interval_at, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    buffer::Buffer,
    held::Held,
    intake::{Collected, Intake},
    redis::KEPT,
    shared::{SharedViews, ViewBatch},
    views::Context,
};

/// Longer than Redis takes if it answers at all.
const SHARED_DEADLINE: Duration = Duration::from_secs(1);
/// Longer than the database's own deadlines.
const DATABASE_DEADLINE: Duration = Duration::from_secs(10);
/// Parcels that are staged in one call.
const PARCELS: usize = 16;

/// The flushing side of a node.
#[derive(Debug)]
pub(crate) struct Flusher {
    context: Arc<Context>,
    shared: Option<Arc<dyn SharedViews>>,
    buffer: Buffer,
    intake: Intake,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    held: Held,
    /// Since when the shared level has not answered.
    cut_off: Option<Instant>,
    /// When the database was last written to from here.
    written: Instant,
}

impl Flusher {
    pub(crate) fn new(context: Arc<Context>, shared: Option<Arc<dyn SharedViews>>) -> Self {
        let state = State { held: Held::default(), cut_off: None, written: Instant::now() };
        Self { context, shared, buffer: Buffer::new(), intake: Intake::new(), state: Mutex::new(state) }
    }

    pub(crate) fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Views that wait in this process, and since when those that were collected.
    pub(crate) fn waiting(&self) -> (u64, Option<Instant>) {
        let (views, since) = self.intake.waiting();
        (self.buffer.waiting() + views, since)
    }

    /// Flushes until it is time to stop. A flush that takes long, because the database does, does not keep the buffer from being emptied.
    pub(crate) async fn run(&self, stopping: &CancellationToken) {
        let period = self.context.options.flush;
        let mut ticks = interval_at(tokio::time::Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stopping.cancelled() => return,
                _ = ticks.tick() => {}
                () = self.much_waits() => {}
            }
            let mut flush = pin!(self.flush(false));
            loop {
                tokio::select! {
                    () = &mut flush => break,
                    () = self.buffer.filling() => drop(self.collect()),
                }
            }
        }
    }

    /// Passes on everything now; answers how many views nobody took.
    pub(crate) async fn flush_all(&self) -> u64 {
        self.flush(true).await;
        self.waiting().0 + self.state.lock().await.held.waiting().0
    }

    /// Collects until more waits than should until the next flush. While Redis is away, nothing is too much.
    async fn much_waits(&self) {
        loop {
            self.buffer.filling().await;
            if self.collect() && !self.context.figures.is_cut_off.load(Relaxed) {
                return;
            }
        }
    }

    /// Empties the buffer; whether much waits then.
    fn collect(&self) -> bool {
        let Collected { dropped, is_large } = self.intake.collect(&self.buffer);
        if dropped > 0 {
            self.context.figures.dropped.fetch_add(dropped, Relaxed);
            tracing::warn!(views = dropped, "too many different products wait; their views are not counted");
        }
        is_large
    }

    /// `now`: the database is written to whenever something is left.
    async fn flush(&self, now: bool) {
        let mut state = self.state.lock().await;
        self.collect();
        if let Some(shared) = &self.shared {
            let outcome = self.share(shared.as_ref(), &mut state).await;
            self.note_outcome(&mut state, outcome);
        }
        let is_due = now || self.is_due(&state);
        // What is held is not for Redis, in whose reach it may be already.
        if is_due || (state.cut_off.is_none() && state.held.first().is_some()) {
            self.write(&mut state).await;
        }
        self.context.figures.set_held(state.held.waiting());
    }

    /// Whether this node writes to the database itself: without a shared level, or when it is away for longer than a flush.
    fn is_due(&self, state: &State) -> bool {
        let options = self.context.options;
        let is_alone = self.shared.is_none() || state.cut_off.is_some_and(|since| since.elapsed() >= options.flush);
        is_alone && state.written.elapsed() >= options.drain
    }

    /// Gives everything to the shared level. What may have arrived or not is held for the database.
    async fn share(&self, shared: &dyn SharedViews, state: &mut State) -> Result<(), RemoteError> {
        // While it was away, this asks whether it is back, before anything is sent of which nobody would know whether it arrived.
        if state.cut_off.is_some() || !self.unsettled().is_empty() {
            self.settle(shared).await?;
        }
        loop {
            let (parcels, since) = self.intake.next(PARCELS);
            if parcels.is_empty() {
                return Ok(());
            }
            if let Err(cause) = in_time(shared.stage(&parcels)).await {
                state.held.extend(parcels, since);
                return Err(cause);
            }
            self.note_staged(&parcels);
            self.settle(shared).await?;
        }
    }

    fn note_staged(&self, parcels: &[ViewBatch]) {
        self.context.note(|ledger| {
            parcels.iter().for_each(|parcel| ledger.staged(parcel.id, parcel.sum()));
            0
        });
        self.context.figures.flushed.fetch_add(parcels.iter().map(ViewBatch::sum).sum(), Relaxed);
    }

    async fn settle(&self, shared: &dyn SharedViews) -> Result<(), RemoteError> {
        let parcels = self.unsettled();
        let settled = in_time(shared.settle(&parcels)).await?;
        self.context.note(|ledger| ledger.settle(parcels.len(), &settled));
        Ok(())
    }

    fn unsettled(&self) -> Vec<larder_repository::ViewBatchId> {
        self.context.ledger.lock().unwrap_or_else(PoisonError::into_inner).unsettled()
    }

    fn note_outcome(&self, state: &mut State, outcome: Result<(), RemoteError>) {
        self.context.figures.is_cut_off.store(outcome.is_err(), Relaxed);
        match outcome {
            Ok(()) if state.cut_off.take().is_some() => tracing::info!("redis takes views again"),
            Ok(()) => {}
            Err(cause) if state.cut_off.is_none() => {
                state.cut_off = Some(Instant::now());
                tracing::warn!(%cause, "redis does not take views; they go to the database until it does");
            }
            Err(_) => {}
        }
    }

    /// Writes what waits to the database, until it is all there or the database fails.
    async fn write(&self, state: &mut State) {
        state.written = Instant::now();
        let mut lost = state.held.give_up(KEPT);
        while let Some(batch) = self.first(&mut state.held) {
            match add(&self.context, batch).await {
                Added::Yes => {}
                Added::Never => lost += batch.sum(),
                Added::Unknown => break,
            }
            state.held.pop();
        }
        self.context.figures.lost.fetch_add(lost, Relaxed);
    }

    /// The next batch for the database: one that is held, or else one of what has no id yet.
    fn first<'a>(&self, held: &'a mut Held) -> Option<&'a ViewBatch> {
        if held.first().is_none() {
            let (next, since) = self.intake.next(1);
            held.extend(next, since);
        }
        held.first()
    }
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Added {
    /// It is in the database.
    Yes,
    /// The database does not want it, now or later.
    Never,
    /// It is to be tried again.
    Unknown,
}

/// Adds a batch to the database.
pub(crate) async fn add(context: &Context, batch: &ViewBatch) -> Added {
    match timeout(DATABASE_DEADLINE, context.repository.add_views(batch.id, &batch.views)).await {
        Ok(Ok(added)) => {
            if let ViewsAdded::Now { products } = added {
                context.figures.drained(batch.sum(), products);
            }
            Added::Yes
        }
        Ok(Err(cause)) if matches!(cause.kind(), ErrorKind::Invalid(_)) => {
            tracing::error!(%cause, views = batch.sum(), "the database refuses views for good; they are dropped");
            Added::Never
        }
        Ok(Err(cause)) => {
            tracing::debug!(%cause, "views could not be added to the database yet");
            Added::Unknown
        }
        Err(_elapsed) => {
            tracing::debug!("the database did not answer in time whether it added views");
            Added::Unknown
        }
    }
}

/// Asks the shared level under its deadline.
pub(crate) async fn in_time<T>(call: impl Future<Output = Result<T, RemoteError>>) -> Result<T, RemoteError> {
    let late = |_elapsed| RemoteError("no answer in time about views".into());
    timeout(SHARED_DEADLINE, call).await.map_err(late)?
}
