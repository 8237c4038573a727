//! What keeps a node coherent with the others: its feed, its tail, its relay and its sampler, and how they stand.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use larder_cache::{Feed, FeedStatus, Finding, Identity, L2};
use larder_repository::{Outbox, OutboxStatus, Position, ProductRepository};
use tokio::{runtime::Handle, time};

use crate::{
    caches::Caches,
    lag::LagSummary,
    options::CachedProductsOptions,
    relay::Relay,
    sampler::{SampleCounts, Sampler},
    tail::Tail,
    tasks::Tasks,
};

/// Longest wait for news of a change that a read must not be older than; then the database is asked.
const NEWS_PATIENCE: Duration = Duration::from_millis(250);

/// How long the caches are waited for to believe L2, before it is taken to be away.
const L2_PATIENCE: Duration = Duration::from_secs(2);
/// Time between two looks whether they do.
const LOOKING: Duration = Duration::from_millis(10);

/// How a node hears of what others change, and what it found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CoherenceStatus {
    /// What is heard of the database; `None` without an outbox.
    pub feed: Option<FeedStatus>,
    /// How long ago the backplane of L2 was asked that answered "nothing else"; `None` if it never was.
    pub backplane_heard_ago: Option<Duration>,
    /// The server of L2, or all of them together; `None` while it is not heard.
    pub server: Option<Identity>,
    /// What is unwise about that server and about the other nodes.
    pub findings: Vec<Finding>,
    /// The outbox, at this node's last look; `None` before the first.
    pub outbox: Option<OutboxStatus>,
    /// How long the changes waited that this node told L2.
    pub lag: LagSummary,
    /// Pending rows that this node replaced by one change of everything, because they were too many or too old.
    pub collapsed: u64,
    /// Comparisons with the database.
    pub samples: SampleCounts,
}

/// The tasks of a node that has an outbox. Dropping this ends them.
#[derive(Debug)]
pub(crate) struct Coherence {
    feed: Feed,
    tail: Arc<Tail>,
    relay: Arc<Relay>,
    sampler: Option<Arc<Sampler>>,
    tasks: Tasks,
    has_l2: bool,
}

impl Coherence {
    /// Begins to listen, to relay and to sample on `runtime`.
    pub(crate) fn start(
        inner: &Arc<dyn ProductRepository>,
        outbox: Arc<dyn Outbox>,
        (caches, feed, l2): (&Caches, Feed, Option<L2>),
        options: &CachedProductsOptions,
        runtime: Handle,
    ) -> Self {
        let (max_staleness, has_l2) = (options.max_staleness, l2.is_some());
        let tail = Arc::new(Tail::new(Arc::clone(&outbox), caches.clone(), feed.clone(), l2.clone(), max_staleness));
        let ends = (l2, feed.clone());
        let relay = Relay::new(outbox, caches.clone(), ends, Arc::clone(&tail), options.outbox, options.relay);
        let relay = Arc::new(relay);
        let period = options.sample_period();
        let sampler = period.map(|period| {
            let sampler =
                Sampler::new(Arc::clone(inner), caches.clone(), feed.clone(), Arc::clone(&tail), max_staleness);
            (Arc::new(sampler), period)
        });
        let tasks = Tasks::new(runtime);
        let ear = Arc::clone(&tail);
        tasks.start("tail", move || {
            let tail = Arc::clone(&ear);
            async move { tail.run().await }
        });
        let teller = Arc::clone(&relay);
        tasks.start("relay", move || {
            let relay = Arc::clone(&teller);
            async move { relay.run().await }
        });
        if let Some((sampler, period)) = sampler.clone() {
            tasks.start("sampler", move || {
                let sampler = Arc::clone(&sampler);
                async move { sampler.run(period).await }
            });
        }
        Self { feed, tail, relay, sampler: sampler.map(|(sampler, _)| sampler), tasks, has_l2 }
    }

    /// Whether this node's caches may answer a read that must not be older than the change at `position`.
    pub(crate) async fn hears(&self, position: Position) -> bool {
        self.tail.hears(position, NEWS_PATIENCE).await
    }

    /// Waits until the caches keep what is put there: until changes are heard of and, for [`L2_PATIENCE`] at most, L2 is believed.
    pub(crate) async fn keeps(&self) {
        let give_up_at = Instant::now() + L2_PATIENCE;
        loop {
            let status = self.feed.status();
            let hears = status.confirmed_ago.is_some() && status.is_reachable;
            if hears && (!self.has_l2 || status.believes_l2 || Instant::now() >= give_up_at) {
                return;
            }
            time::sleep(LOOKING).await;
        }
    }

    /// Adds what this node hears of the database.
    pub(crate) fn report(&self, status: CoherenceStatus) -> CoherenceStatus {
        CoherenceStatus {
            feed: Some(self.feed.status()),
            outbox: self.relay.last_look(),
            lag: self.relay.lag(),
            collapsed: self.relay.collapsed(),
            samples: self.sampler.as_ref().map(|sampler| sampler.counts()).unwrap_or_default(),
            ..status
        }
    }

    pub(crate) async fn stop(&self) {
        self.tasks.stop().await;
    }
}
