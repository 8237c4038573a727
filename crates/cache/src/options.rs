//! The options of a cache and of a call, and which of them cannot work.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::ConfigError;

/// The longest life of anything: whatever a loader says, no entry outlives it.
pub(crate) const LONGEST: Duration = Duration::from_hours(24 * 366);

/// Lifetimes, limits and deadlines of a cache. `docs/lifetimes.md` beside the crate's README says how to choose them.
///
/// ```
/// use std::time::Duration;
/// use larder_cache::CacheOptions;
///
/// let options = CacheOptions {
///     ttl: Duration::from_mins(5),
///     l1_ttl: Duration::from_secs(5),
///     grace: Some(Duration::from_hours(1)),
///     ..CacheOptions::default()
/// };
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct CacheOptions {
    /// Life of a value, in L2 and, unless [`Self::l1_ttl`] is shorter, in L1. Default 10 minutes.
    pub ttl: Duration,
    /// Longest life in L1. Default 10 minutes.
    pub l1_ttl: Duration,
    /// Life of a cached absence. Default 30 seconds.
    pub negative_ttl: Duration,
    /// By which share of it a life may be shortened at random, 0 to 1. Default 0.1.
    pub jitter: f64,
    /// How long after its load a value may be served, marked stale, if it cannot be renewed; not below [`Self::ttl`]. An absence has
    /// no grace. Default: none.
    pub grace: Option<Duration>,
    /// How long a stale value is served before a failed load is tried again. Default 1 second.
    pub grace_throttle: Duration,
    /// Weight of early refreshes by load cost (XFetch's β): 1 is the paper's optimum, more refreshes earlier, 0 never. Default 1.
    pub early_refresh: f64,
    /// Limit of L1 in bytes, with keys and overhead; 0 means no L1. Default 64 MiB.
    pub l1_capacity_bytes: u64,
    /// The largest value that is kept, in either level. Default 4 MiB.
    pub max_value_bytes: usize,
    /// Encoded values above this size are compressed (LZ4) in L2. Default 1 KiB.
    pub compress_above_bytes: usize,
    /// Most tags that this node knows at a time. Default 65,536.
    pub max_tags: usize,
    /// Life of a lease: how long others wait for whoever loads. Default 2 seconds.
    pub lease: Duration,
    /// Soft deadline of a load: a caller for whom there is a stale value waits no longer; the load goes on. Default: none.
    pub soft_deadline: Option<Duration>,
    /// Hard deadline of a load: it is dropped. Default 15 seconds.
    pub load_deadline: Duration,
    /// Most loader calls at once. Default 64.
    pub max_concurrent_loads: usize,
    /// How long a load waits for a place among these, before the call fails as overloaded. Default 1 second.
    pub load_queue_deadline: Duration,
}

impl Default for CacheOptions {
    fn default() -> Self {
        Self {
            ttl: Duration::from_mins(10),
            l1_ttl: Duration::from_mins(10),
            negative_ttl: Duration::from_secs(30),
            jitter: 0.1,
            grace: None,
            grace_throttle: Duration::from_secs(1),
            early_refresh: 1.0,
            l1_capacity_bytes: 64 << 20,
            max_value_bytes: 4 << 20,
            compress_above_bytes: 1 << 10,
            max_tags: 65_536,
            lease: Duration::from_secs(2),
            soft_deadline: None,
            load_deadline: Duration::from_secs(15),
            max_concurrent_loads: 64,
            load_queue_deadline: Duration::from_secs(1),
        }
    }
}

impl CacheOptions {
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        check_span("ttl", self.ttl)?;
        check_span("l1_ttl", self.l1_ttl)?;
        check_span("negative_ttl", self.negative_ttl)?;
        check_span("grace_throttle", self.grace_throttle)?;
        check_span("lease", self.lease)?;
        check_span("load_deadline", self.load_deadline)?;
        check_span("load_queue_deadline", self.load_queue_deadline)?;
        if let Some(grace) = self.grace {
            check_span("grace", grace)?;
            check("grace", grace >= self.ttl, "must not be below ttl: it counts from the load")?;
        }
        if let Some(soft) = self.soft_deadline {
            check_span("soft_deadline", soft)?;
            check("soft_deadline", soft <= self.load_deadline, "must not be above load_deadline")?;
            check("soft_deadline", self.grace.is_some(), "needs grace: without it there is nothing stale to serve")?;
        }
        check("jitter", (0.0..=1.0).contains(&self.jitter), "must be from 0 to 1")?;
        check("early_refresh", (0.0..=100.0).contains(&self.early_refresh), "must be from 0 to 100")?;
        check("max_value_bytes", (1..=512 << 20).contains(&self.max_value_bytes), "must be from 1 byte to 512 MiB")?;
        check("max_tags", self.max_tags > 0, "must be at least 1")?;
        let places = 1..=Semaphore::MAX_PERMITS;
        check("max_concurrent_loads", places.contains(&self.max_concurrent_loads), "must be at least 1, and sensible")
    }
}

/// Refuses spans that are none, or that could overflow what is added to them.
pub(crate) fn check_span(option: &'static str, span: Duration) -> Result<(), ConfigError> {
    let sensible = Duration::from_millis(1)..=LONGEST;
    check(option, sensible.contains(&span), "must be from 1 millisecond to 366 days")
}

pub(crate) fn check(option: &'static str, holds: bool, rule: &'static str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError { option, rule }) }
}

/// How one call differs from the common one.
///
/// ```
/// use larder_cache::CallOptions;
/// let unkept = CallOptions::new().skip_l1().read_only();
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallOptions {
    pub(crate) skip_l1: bool,
    pub(crate) skip_l2: bool,
    pub(crate) read_only: bool,
    pub(crate) force_refresh: bool,
}

impl CallOptions {
    /// The common call.
    pub fn new() -> Self {
        Self::default()
    }

    /// Neither looks into L1 nor stores there.
    #[must_use]
    pub fn skip_l1(mut self) -> Self {
        self.skip_l1 = true;
        self
    }

    /// Neither looks into L2 nor stores there; what a load for another call brought from there is not taken either.
    #[must_use]
    pub fn skip_l2(mut self) -> Self {
        self.skip_l2 = true;
        self
    }

    /// Stores nothing and takes no lease; what has to be loaded is only handed out.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Loads anew, whatever the levels hold, and stores that. The answer comes from a load that began after this call; if it fails, so
    /// does the call, and what was held stays.
    #[must_use]
    pub fn force_refresh(mut self) -> Self {
        self.force_refresh = true;
        self
    }

    pub(crate) fn reads_l1(self) -> bool {
        !self.skip_l1 && !self.force_refresh
    }

    pub(crate) fn stores_l1(self) -> bool {
        !self.skip_l1 && !self.read_only
    }
}
