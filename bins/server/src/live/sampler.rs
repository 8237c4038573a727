//! Takes the state of the node once a second, as differences of what is counted anyway.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use larder_cache::L2;
use larder_repository::{Database, PoolStatus};
use larder_repository_cached::CachedProducts;
use larder_views::Views;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::{
    hit_window::{HitRatio, HitWindow, Lookups},
    hottest::Hottest,
    moment::{Backplane, Moment, Node, Outbox, Pool, Pulse, Quantiles, Redis, Share},
    viewed::Drained,
};
use crate::{
    process::ProcessFigures,
    traffic::{LatencyCounts, Traffic},
};

/// Samples of hot keys wait in a ring that overflows: it is emptied so often.
const ABSORB_EVERY: Duration = Duration::from_millis(100);
const ABSORBED_PER_MOMENT: u32 = 10;
/// How many of the hottest products are told, and of how many the counts are kept.
const HOTTEST: usize = 10;
const FOLLOWED: usize = 64;

/// Where the state comes from.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) traffic: Arc<Traffic>,
    pub(crate) cached: CachedProducts,
    /// Whether reads go through the cache.
    pub(crate) serves: bool,
    pub(crate) l2: Option<L2>,
    pub(crate) database: Arc<dyn Database>,
    /// None while views are not counted.
    pub(crate) views: Option<Arc<Views>>,
    pub(crate) workers: usize,
}

/// The counts of a second ago.
#[derive(Debug)]
pub(super) struct Sampler {
    sources: Sources,
    started: Instant,
    ticks: Option<Interval>,
    before: Before,
    hits: HitWindow,
    /// Where the mark of warm-ups stood.
    warm_ups: u64,
    hottest: Hottest,
    drained: Drained,
}

#[derive(Debug)]
struct Before {
    at: Instant,
    requests: LatencyCounts,
    pool: PoolStatus,
}

impl Sampler {
    pub(super) fn new(sources: Sources) -> Self {
        let (at, requests, pool) = (Instant::now(), sources.traffic.of_api(), sources.database.pool_status());
        let before = Before { at, requests, pool };
        let mut hits = HitWindow::default();
        hits.take(lookups(&sources.cached));
        Self {
            sources,
            started: at,
            ticks: None,
            before,
            hits,
            warm_ups: 0,
            hottest: Hottest::default(),
            drained: Drained::default(),
        }
    }

    /// The state when the next second has passed.
    pub(super) async fn next(&mut self) -> (Moment, HitRatio) {
        self.pass_second().await;
        let redis = match &self.sources.l2 {
            Some(l2) => Some(Redis::answered_in(round_trip(l2).await)),
            None => None,
        };
        let pool = self.sources.database.pool_status();
        let mut warnings = Vec::new();
        if pool.waiting > 0 && pool.idle == 0 {
            let (max, waiting) = (pool.max_size, pool.waiting);
            warnings.push(format!("all {max} connections to the database are in use, and {waiting} callers wait"));
        }
        let (pulse, hits) = self.pulse();
        warnings.extend(hits.warning());
        let status = self.sources.cached.coherence();
        warnings.extend(status.findings.iter().map(ToString::to_string));
        let mut hottest = self.hottest.take(&self.sources.cached.hottest(FOLLOWED), Instant::now());
        hottest.truncate(HOTTEST);
        let moment = Moment {
            pulse,
            hottest,
            pool: Pool::between(&self.before.pool, &pool),
            redis,
            backplane: Backplane::of(&status),
            outbox: Outbox::of(&status),
            views: self.sources.views.as_ref().map(|views| self.drained.take(&views.status())),
            node: self.node(),
            warnings,
        };
        self.before.pool = pool;
        (moment, hits)
    }

    async fn pass_second(&mut self) {
        let ticks = self.ticks.get_or_insert_with(|| {
            let mut ticks = interval(ABSORB_EVERY);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            ticks
        });
        for _ in 0..ABSORBED_PER_MOMENT {
            ticks.tick().await;
            self.sources.cached.hottest(0);
        }
    }

    fn pulse(&mut self) -> (Pulse, HitRatio) {
        let (at, requests) = (Instant::now(), self.sources.traffic.of_api());
        let lately = requests.since(&self.before.requests);
        let seconds = at.saturating_duration_since(self.before.at).as_secs_f64().max(0.001);
        // What a warm-up looks up is nobody's traffic.
        let warm_ups = self.sources.cached.warm_up_mark();
        if warm_ups != std::mem::replace(&mut self.warm_ups, warm_ups) || !warm_ups.is_multiple_of(2) {
            self.hits = HitWindow::default();
            self.hits.take(lookups(&self.sources.cached));
        }
        let looked = self.hits.take(lookups(&self.sources.cached));
        let hits = self.hits.ratio();
        let is_uncached = !self.sources.serves && lately.count() > 0;
        #[expect(clippy::cast_precision_loss, reason = "counts of events in one process stay below 2^53")]
        let per_second = lately.count() as f64 / seconds;
        let pulse = Pulse {
            at: Timestamp::now(),
            requests_per_second: (10.0 * per_second).round() / 10.0,
            latency_ms: Quantiles::of(&lately),
            share: if is_uncached { Share::all_from_database() } else { Share::of(looked) },
            hit_ratio: hits.ratio,
        };
        self.before.at = at;
        self.before.requests = requests;
        (pulse, hits)
    }

    fn node(&self) -> Node {
        Node {
            version: env!("CARGO_PKG_VERSION"),
            uptime_ms: self.started.elapsed().as_millis(),
            rss_bytes: ProcessFigures::now().rss_bytes,
            workers: self.sources.workers,
        }
    }
}

fn lookups(cached: &CachedProducts) -> Lookups {
    Lookups::sum(cached.statistics().iter().map(|(_, statistics)| statistics))
}

/// How long Redis takes to answer something trivial.
async fn round_trip(l2: &L2) -> Option<Duration> {
    let asked_at = Instant::now();
    l2.ping().await.ok().map(|()| asked_at.elapsed())
}
