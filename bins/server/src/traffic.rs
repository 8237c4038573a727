//! What requests came and how long they took, by route, method and status: counted by each worker for itself, summed up by who asks.

mod latency;
mod meter;
mod scrape;

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use self::latency::Latency;
pub(crate) use self::{
    latency::LatencyCounts,
    meter::{Meter, Passage, RoutePattern},
    scrape::Scraped,
};

/// Statuses from 100 to 599, each with a counter of its own.
const STATUSES: usize = 500;

/// The figures of all workers.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    workers: Mutex<Vec<Arc<Shard>>>,
}

/// The figures of one worker. Its list is locked when a route is asked for the first time, and by who sums up.
#[derive(Debug, Default)]
struct Shard {
    in_flight: AtomicI64,
    seen: Mutex<Vec<Arc<Figures>>>,
}

/// One route and method at one worker.
struct Figures {
    route: &'static str,
    method: &'static str,
    statuses: Box<[AtomicU64]>,
    /// Requests whose client went away before there was an answer.
    abandoned: AtomicU64,
    latency: Latency,
}

/// One route and method, over all workers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RouteCounts {
    pub(crate) by_status: BTreeMap<u16, u64>,
    pub(crate) abandoned: u64,
    pub(crate) latency: LatencyCounts,
}

impl Traffic {
    /// Joins one worker, which writes its own figures from now on.
    fn join(&self) -> Arc<Shard> {
        let shard = Arc::new(Shard::default());
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&shard));
        shard
    }

    /// Requests that have begun and have no answer yet.
    pub(crate) fn in_flight(&self) -> u64 {
        let sum: i64 = self.shards().iter().map(|shard| shard.in_flight.load(Ordering::Relaxed)).sum();
        u64::try_from(sum).unwrap_or(0)
    }

    /// What was counted since the start, by route and method.
    pub(crate) fn by_route(&self) -> BTreeMap<(&'static str, &'static str), RouteCounts> {
        let mut routes: BTreeMap<_, RouteCounts> = BTreeMap::new();
        for figures in self.figures() {
            figures.add_to(routes.entry((figures.route, figures.method)).or_default());
        }
        routes
    }

    /// How many requests of the API were answered since the start, and how fast; probes and pages for operators left out.
    pub(crate) fn of_api(&self) -> LatencyCounts {
        let mut all = LatencyCounts::default();
        for figures in self.figures().iter().filter(|figures| figures.route.starts_with("/api/")) {
            figures.latency.add_to(&mut all);
        }
        all
    }

    fn shards(&self) -> Vec<Arc<Shard>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn figures(&self) -> Vec<Arc<Figures>> {
        let seen = |shard: &Arc<Shard>| shard.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.shards().iter().flat_map(seen).collect()
    }
}

impl Figures {
    fn new(route: &'static str, method: &'static str) -> Self {
        let statuses = (0..STATUSES).map(|_| AtomicU64::new(0)).collect();
        Self { route, method, statuses, abandoned: AtomicU64::new(0), latency: Latency::default() }
    }

    fn answered(&self, status: u16, took: Duration) {
        let place = usize::from(status.saturating_sub(100)).min(STATUSES - 1);
        self.statuses[place].fetch_add(1, Ordering::Relaxed);
        self.latency.record(took);
    }

    fn add_to(&self, counts: &mut RouteCounts) {
        for (status, count) in (100..).zip(&self.statuses) {
            let count = count.load(Ordering::Relaxed);
            if count > 0 {
                *counts.by_status.entry(status).or_default() += count;
            }
        }
        counts.abandoned += self.abandoned.load(Ordering::Relaxed);
        self.latency.add_to(&mut counts.latency);
    }
}

impl fmt::Debug for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Figures").field("route", &self.route).field("method", &self.method).finish_non_exhaustive()
    }
}
