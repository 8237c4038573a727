//! The live state of this node: taken once a second by one task, whoever watches, and kept for a minute.

mod hit_window;
mod hottest;
mod moment;
mod sampler;
mod viewed;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use serde::Serialize;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{hit_window::HitRatio, moment::millis, sampler::Sources};
use self::{
    moment::{Moment, Pulse},
    sampler::Sampler,
};

/// Seconds that are kept.
const HISTORY: usize = 60;

/// The state, and who watches it.
#[derive(Debug)]
pub(crate) struct Live {
    latest: watch::Receiver<Option<Arc<Shown>>>,
    places: Arc<Semaphore>,
    stopping: CancellationToken,
    task: Mutex<Option<JoinHandle<Option<()>>>>,
}

/// One second of the state, and the minute before it.
#[derive(Debug)]
struct Shown {
    moment: Moment,
    hits: HitRatio,
    history: Vec<Pulse>,
    /// The moment as an event, made once for all who watch.
    event: Bytes,
}

/// A moment with the minute before it.
#[derive(Serialize)]
struct WithHistory<'a> {
    #[serde(flatten)]
    moment: &'a Moment,
    history: &'a [Pulse],
}

/// Somebody who watches, second by second.
#[derive(Debug)]
pub(crate) struct Watcher {
    latest: watch::Receiver<Option<Arc<Shown>>>,
    stopping: CancellationToken,
    has_begun: bool,
    _place: OwnedSemaphorePermit,
}

impl Live {
    /// Begins to take the state on `runtime`; at most `places` may watch at a time.
    pub(crate) fn start(sources: Sources, places: usize, runtime: &Handle) -> Self {
        let (sender, latest) = watch::channel(None);
        let stopping = CancellationToken::new();
        let task = runtime.spawn(stopping.clone().run_until_cancelled_owned(take(Sampler::new(sources), sender)));
        Self { latest, places: Arc::new(Semaphore::new(places)), stopping, task: Mutex::new(Some(task)) }
    }

    /// The state with the minute before it, as JSON; `None` in the first second, or if it cannot be written.
    pub(crate) fn page(&self) -> Option<Vec<u8>> {
        self.latest.borrow().as_ref().and_then(|shown| shown.page())
    }

    /// The share of look-ups that caches answered in the last minute; `None` in the first second.
    pub(crate) fn hits(&self) -> Option<HitRatio> {
        self.latest.borrow().as_ref().map(|shown| shown.hits)
    }

    /// Lets somebody watch; `None` if too many do.
    pub(crate) fn watch(&self) -> Option<Watcher> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let (latest, stopping) = (self.latest.clone(), self.stopping.clone());
        Some(Watcher { latest, stopping, has_begun: false, _place: place })
    }

    /// Ends the task, and lets those who watch go.
    pub(crate) async fn stop(&self) {
        self.stopping.cancel();
        let task = self.task.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(task) = task else { return };
        if let Err(cause) = task.await {
            tracing::error!(%cause, "the task that takes the live state panicked");
        }
    }
}

impl Shown {
    fn page(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&WithHistory { moment: &self.moment, history: &self.history }).ok()
    }
}

impl Watcher {
    /// The next event: the first with the minute before it, each further one when a second has passed. `None` when the server stops.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        let known = if self.has_begun { None } else { self.latest.borrow_and_update().clone() };
        let first = !std::mem::replace(&mut self.has_begun, true);
        if let Some(shown) = known {
            return shown.page().map(|page| event(&page));
        }
        loop {
            self.stopping.run_until_cancelled(self.latest.changed()).await?.ok()?;
            if let Some(shown) = self.latest.borrow_and_update().as_ref() {
                return if first { shown.page().map(|page| event(&page)) } else { Some(shown.event.clone()) };
            }
        }
    }
}

/// JSON, which has no line breaks, as one event (HTML standard, §9.2).
fn event(json: &[u8]) -> Bytes {
    [b"data: ", json, b"\n\n"].concat().into()
}

/// Takes the state, second by second, for as long as somebody holds the other end.
async fn take(mut sampler: Sampler, sender: watch::Sender<Option<Arc<Shown>>>) {
    let mut history = VecDeque::with_capacity(HISTORY);
    while !sender.is_closed() {
        let (moment, hits) = sampler.next().await;
        if history.len() == HISTORY {
            history.pop_front();
        }
        history.push_back(moment.pulse);
        let event = event(&serde_json::to_vec(&moment).unwrap_or_default());
        let history = history.iter().copied().collect();
        sender.send_replace(Some(Arc::new(Shown { moment, hits, history, event })));
    }
}
