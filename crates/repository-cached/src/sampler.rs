//! Online consistency sampling, after Meta's Polaris: a few cached products a second are compared with the database.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use larder_cache::{CallOptions, Feed, Lookup, Source};
use larder_domain::{ProductId, Version};
use larder_repository::{Freshness, ProductRepository};
use tokio::time;

use crate::{caches::Caches, kept::KeptProduct, keys::ProductKey, tail::Tail};

/// How many of the hottest products are looked at.
const HOTTEST: usize = 64;

/// What the sampler found, since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SampleCounts {
    /// Products that were read from the database, to be compared once the bound has passed.
    pub asked: u64,
    /// Comparisons of one product in one level with the database.
    pub samples: u64,
    /// Of these, how many found L1 older than the bound on staleness allows.
    pub stale_l1: u64,
    /// The same of L2.
    pub stale_l2: u64,
}

/// Compares for ever. It asks the database once for each sample, and once more if a product seems to have come or gone.
#[derive(Debug)]
pub(crate) struct Sampler {
    inner: Arc<dyn ProductRepository>,
    caches: Caches,
    feed: Feed,
    tail: Arc<Tail>,
    max_staleness: Duration,
    asked: AtomicU64,
    samples: AtomicU64,
    stale: [AtomicU64; 2],
}

/// What the database had, and from when on the levels must have it as well.
#[derive(Debug, Clone, Copy)]
struct Sample {
    id: ProductId,
    truth: Option<Version>,
    due: Instant,
}

/// A level that is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    L1,
    L2,
}

impl Sampler {
    pub(crate) fn new(
        inner: Arc<dyn ProductRepository>,
        caches: Caches,
        feed: Feed,
        tail: Arc<Tail>,
        max_staleness: Duration,
    ) -> Self {
        Self {
            inner,
            caches,
            feed,
            tail,
            max_staleness,
            asked: AtomicU64::new(0),
            samples: AtomicU64::new(0),
            stale: Default::default(),
        }
    }

    pub(crate) async fn run(&self, period: Duration) {
        let mut taken: VecDeque<Sample> = VecDeque::new();
        loop {
            time::sleep(period).await;
            if !self.hears() {
                taken.clear();
                continue;
            }
            while let Some(sample) = taken.pop_front_if(|sample| sample.due <= Instant::now()) {
                self.judge(sample).await;
            }
            taken.extend(self.take().await);
        }
    }

    pub(crate) fn counts(&self) -> SampleCounts {
        let [stale_l1, stale_l2] = &self.stale;
        SampleCounts {
            asked: self.asked.load(Ordering::Relaxed),
            samples: self.samples.load(Ordering::Relaxed),
            stale_l1: stale_l1.load(Ordering::Relaxed),
            stale_l2: stale_l2.load(Ordering::Relaxed),
        }
    }

    /// While nothing is heard, what is cached is marked, and nothing is promised.
    fn hears(&self) -> bool {
        let status = self.feed.status();
        status.is_reachable && status.confirmed_ago.is_some_and(|ago| ago <= self.max_staleness)
    }

    /// Reads a product from the database: by turns one that is asked for most, and one that changed last.
    async fn take(&self) -> Option<Sample> {
        let draw = getrandom::u64().ok()?;
        let hot = || self.caches.products.hot_keys(HOTTEST).into_iter().map(|hot| hot.key.0).collect::<Vec<_>>();
        let recent = || self.tail.recent().all();
        let (first, second): (Vec<_>, Vec<_>) = if draw % 2 == 0 { (hot(), recent()) } else { (recent(), hot()) };
        let known = if first.is_empty() { second } else { first };
        let place = usize::try_from(draw / 2 % (known.len().max(1) as u64)).ok()?;
        let id = *known.get(place)?;
        let truth = self.ask(id).await?;
        self.asked.fetch_add(1, Ordering::Relaxed);
        // From here on, not from the question: whatever the answer told was committed by now.
        Some(Sample { id, truth, due: Instant::now() + self.max_staleness })
    }

    /// What the database has; the outer `None`: it gave no answer.
    async fn ask(&self, id: ProductId) -> Option<Option<Version>> {
        let read = self.inner.get(id, Freshness::Latest).await.ok()?;
        match read.value {
            None => Some(None),
            Some(product) => product.value().ok().map(|product| Some(product.version)),
        }
    }

    async fn judge(&self, sample: Sample) {
        for (level, options) in [(Level::L1, CallOptions::new().skip_l2()), (Level::L2, CallOptions::new().skip_l1())] {
            let found = self.caches.products.get_with(&ProductKey(sample.id), options.read_only()).await;
            let Some(found) = found.filter(|found| found.confirmed && found.source != Source::Stale) else { continue };
            if !self.hears() {
                return;
            }
            self.samples.fetch_add(1, Ordering::Relaxed);
            let cached = version(&found);
            if self.is_stale(sample, cached).await {
                self.stale[usize::from(level == Level::L2)].fetch_add(1, Ordering::Relaxed);
                let (id, truth) = (sample.id.get(), sample.truth.map(|version| version.0));
                let cached = cached.map(|version| version.0);
                tracing::warn!(id, ?level, cached, committed = truth, "a sample found a stale product");
            }
        }
    }

    async fn is_stale(&self, sample: Sample, cached: Option<Version>) -> bool {
        match (sample.truth, cached) {
            (Some(committed), Some(cached)) => cached < committed,
            (None, None) => false,
            // It came or went. If the database still has what it had, that was before the sample.
            (truth, _) => self.ask(sample.id).await == Some(truth),
        }
    }
}

/// The version of what is cached; `None` for absence.
fn version(found: &Lookup<KeptProduct>) -> Option<Version> {
    found.value.as_ref()?;
    Some(Version(found.version.and_then(|version| i64::try_from(version).ok()).unwrap_or(i64::MAX)))
}
