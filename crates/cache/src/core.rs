//! What the clones of a cache share: both levels, the flights, the budget and the counters.

use std::{
    fmt,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::sync::Semaphore;
use tracing::Instrument;

use crate::{
    CacheKey, CacheOptions, Clock, Codec, CodecError, Feed, Gauges, L2, L2Outcome, LoadOutcome, MetricsSink, Operation,
    ears::Ears,
    flight::{Flights, Since},
    hot_keys::HotKeys,
    l2::Unavailable,
    local::Local,
    mutant::Mutants,
    spawner::Spawner,
    statistics::Recorder,
    sync::{AtomicBool, AtomicU64, Ordering},
    tags::Tags,
};

/// Bytes that a value takes on the heap.
pub(crate) type Weigher<V> = Arc<dyn Fn(&V) -> usize + Send + Sync>;

/// How values are seen: as bytes, by weight, by the name of their shape.
pub(crate) struct Values<V> {
    pub(crate) codec: Option<Arc<dyn Codec<V>>>,
    pub(crate) weigher: Weigher<V>,
    pub(crate) schema: u32,
}

impl<V> Values<V> {
    /// A value whose weigher panics weighs too much to be kept: those who wait get it nevertheless.
    pub(crate) fn weight(&self, value: &V) -> usize {
        guarded(|| Ok((self.weigher)(value))).unwrap_or(usize::MAX)
    }
}

/// A codec's panic is a failure: it would end a task that callers wait for.
pub(crate) fn guarded<T>(code: impl FnOnce() -> Result<T, CodecError>) -> Result<T, CodecError> {
    catch_unwind(AssertUnwindSafe(code)).unwrap_or_else(|_panic| Err("the codec or weigher panicked".into()))
}

/// What clones share.
pub(crate) struct Core<K, V> {
    pub(crate) name: String,
    pub(crate) options: CacheOptions,
    pub(crate) values: Values<V>,
    pub(crate) local: Local<K, V>,
    pub(crate) tags: Tags,
    pub(crate) flights: Arc<Flights<K, V>>,
    pub(crate) l2: Option<L2>,
    pub(crate) feed: Option<Feed>,
    pub(crate) budget: Semaphore,
    /// Loads that wait for a place within it.
    pub(crate) loads_waiting: AtomicU64,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spawner: Spawner,
    pub(crate) recorder: Recorder,
    pub(crate) hot_keys: HotKeys<K>,
    pub(crate) mutants: Mutants,
    metrics: Option<Arc<dyn MetricsSink>>,
    /// What the sink last heard of the breaker.
    told_open: AtomicBool,
}

impl<K: CacheKey, V: Clone + Send + Sync + 'static> Core<K, V> {
    #[expect(clippy::too_many_arguments, reason = "called once, by the builder, which has a named setter for each")]
    pub(crate) fn new(
        name: String,
        options: CacheOptions,
        values: Values<V>,
        l2: Option<L2>,
        feed: Option<Feed>,
        clock: Arc<dyn Clock>,
        spawner: Spawner,
        metrics: Option<Arc<dyn MetricsSink>>,
        mutants: Mutants,
    ) -> Self {
        let ears = Ears::of(feed.as_ref(), l2.as_ref());
        let shards = l2.as_ref().map_or(1, L2::shards);
        Self {
            local: Local::new(&name, options.l1_capacity_bytes, options.early_refresh, ears, mutants),
            tags: Tags::new(shards, options.max_tags, options.l1_ttl, clock.now()),
            flights: Arc::new(Flights::new(mutants)),
            budget: Semaphore::new(options.max_concurrent_loads),
            loads_waiting: AtomicU64::new(0),
            recorder: Recorder::new(),
            hot_keys: HotKeys::new(),
            told_open: AtomicBool::new(false),
            name,
            options,
            values,
            l2,
            feed,
            clock,
            spawner,
            metrics,
            mutants,
        }
    }

    pub(crate) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Notes fence and tags for a key, before anything is looked at on its behalf.
    pub(crate) fn note(&self, key: &K) -> Since {
        Since { fence: self.local.note(key), tags: self.tags.note() }
    }

    /// Forgets a key in this process: fence, entry, flight; but not a live entry that has `version` already.
    pub(crate) fn void(&self, key: &K, version: Option<u64>) {
        self.local.void(key, version);
        self.flights.detach(key);
    }

    /// Asks L2 and counts how it went; trouble is no answer.
    pub(crate) async fn ask<T>(
        &self,
        operation: Operation,
        question: impl Future<Output = Result<T, Unavailable>>,
    ) -> Option<T> {
        let asked_at = self.metrics.is_some().then(|| self.now());
        let span = tracing::debug_span!(
            "cache.l2",
            cache = self.name,
            operation = operation.as_str(),
            outcome = tracing::field::Empty
        );
        let answer = question.instrument(span.clone()).await;
        let outcome = match &answer {
            Ok(_) => L2Outcome::Ok,
            Err(Unavailable::Failed) => L2Outcome::Failed,
            Err(Unavailable::Deadline) => L2Outcome::Deadline,
            Err(Unavailable::BreakerOpen) => L2Outcome::BreakerOpen,
        };
        span.record("outcome", outcome.as_str());
        self.recorder.l2(operation, outcome);
        if let Some(asked_at) = asked_at {
            self.tell(|sink| {
                sink.l2(&self.name, operation, outcome, self.now().saturating_duration_since(asked_at));
                let open = self.l2.as_ref().is_some_and(L2::is_open);
                if self.told_open.swap(open, Ordering::Relaxed) != open {
                    sink.breaker(&self.name, open);
                }
            });
        }
        answer.ok()
    }

    pub(crate) fn load_ended(&self, outcome: LoadOutcome, took: Duration) {
        self.recorder.load(outcome);
        self.tell(|sink| sink.loaded(&self.name, outcome, took));
    }

    /// Tells the sink, if there is one. A panic of its own is its loss: the flights, leases and callers at hand have to go on.
    fn tell(&self, news: impl FnOnce(&dyn MetricsSink)) {
        let Some(sink) = &self.metrics else { return };
        if catch_unwind(AssertUnwindSafe(|| news(&**sink))).is_err() {
            tracing::error!(cache = self.name, "the metrics sink panicked");
        }
    }

    pub(crate) fn gauges(&self) -> Gauges {
        let (l1_entries, l1_bytes) = self.local.size();
        let in_progress = self.options.max_concurrent_loads.saturating_sub(self.budget.available_permits());
        Gauges {
            l1_entries,
            l1_bytes,
            flights: self.flights.count() as u64,
            loads_in_progress: in_progress as u64,
            loads_waiting: self.loads_waiting.load(Ordering::Relaxed),
            load_budget: self.options.max_concurrent_loads as u64,
            queued_invalidations: self.l2.as_ref().map_or(0, L2::queued) as u64,
            breaker_open: self.l2.as_ref().is_some_and(L2::is_open),
        }
    }
}

impl<K, V> fmt::Debug for Core<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Core").field("name", &self.name).finish_non_exhaustive()
    }
}
