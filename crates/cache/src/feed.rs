//! What the source of truth says of changes: which they were, up to when there were no others, and which of them L2 has taken.

mod doubts;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use self::doubts::Doubts;
pub(crate) use self::doubts::Floor;
use crate::{
    Clock, ConfigError, Identity, Invalidation, SystemClock,
    audience::{Audience, Listener},
    hearing::Hearing,
    mutant::Mutants,
    options::{check, check_span},
};

/// Bounds of a [`Feed`].
#[derive(Debug, Clone, PartialEq)]
pub struct FeedOptions {
    /// How old a confirmation may be for what L1 holds to be shown; then it is loaded anew. Default 1 second.
    pub max_staleness: Duration,
    /// Most announced changes that wait to be taken by L2; with more, L2 is not believed at all until they were. Default 10,000.
    pub max_doubts: usize,
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self { max_staleness: Duration::from_secs(1), max_doubts: 10_000 }
    }
}

/// What caches hear of changes at their source, past L2: an outbox that triggers write and this node reads. Cheap to clone; the caches of a
/// node share one.
///
/// Whoever reads the source hands each announced change to [`Cache::hear`](crate::Cache::hear), and then says so with [`Self::confirm`].
/// From then on the staleness of every answer is bounded, whoever made the change and whatever became of L2:
///
/// - L1 is believed for [`FeedOptions::max_staleness`] after the last confirmation, or after the load that made the entry. What is older
///   is loaded anew, under the budget.
/// - While the source cannot be asked ([`Self::lose`]), nothing can be loaded either: what is there is served and marked
///   ([`Lookup::confirmed`](crate::Lookup::confirmed), [`Source::Stale`](crate::Source::Stale)).
/// - A suspended machine, whose monotonic clock stands still, does not notice by itself that it heard nothing meanwhile.
/// - A change that L2 may not have taken yet puts what it concerns in doubt: L2 is believed of that key from its version on only, until
///   [`Self::settle`] says that it was taken.
///
/// ```
/// use std::time::Instant;
/// use larder_cache::{Cache, Change, Feed, FeedOptions, Json, News};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), larder_cache::ConfigError> {
/// let feed = Feed::new(FeedOptions::default())?;
/// let names = Cache::<u64, String>::builder("names").codec(Json).feed(&feed).build()?;
/// // Each time the source was asked what has changed:
/// let asked_at = Instant::now();
/// names.hear(&[News::Key(42, Change::updated(7))], None);
/// feed.confirm(asked_at);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Feed {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    hearing: Hearing,
    doubts: Doubts,
    audience: Audience,
    clock: Arc<dyn Clock>,
}

/// How a feed stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedStatus {
    /// How long ago the question was sent that confirmed it last; `None` if none did.
    pub confirmed_ago: Option<Duration>,
    /// Whether the source could be asked the last time.
    pub is_reachable: bool,
    /// Announced changes that L2 may not have taken.
    pub doubts: usize,
    /// Whether L2 is believed, apart from what is in doubt.
    pub believes_l2: bool,
}

impl Feed {
    /// A feed that was never confirmed: until it is, L1 shows what was loaded within [`FeedOptions::max_staleness`], and L2 is not asked.
    ///
    /// # Errors
    /// Names the option that cannot work.
    pub fn new(options: FeedOptions) -> Result<Self, ConfigError> {
        Self::with_clock(options, Arc::new(SystemClock))
    }

    /// As [`Self::new`], on another clock than the system's.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_clock(options: FeedOptions, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        let FeedOptions { max_staleness, max_doubts } = options;
        check_span("max_staleness", max_staleness)?;
        check("max_doubts", max_doubts > 0, "must be at least 1")?;
        let hearing = Hearing::new(max_staleness, clock.now());
        Ok(Self {
            shared: Arc::new(Shared { hearing, doubts: Doubts::new(max_doubts), audience: Audience::default(), clock }),
        })
    }

    /// All that was committed before `asked_at` was handed to the caches. `asked_at` is a moment before the question was sent.
    pub fn confirm(&self, asked_at: Instant) {
        self.shared.hearing.confirm(asked_at);
    }

    /// The source cannot be asked: what L1 and L2 have is served, marked, until [`Self::confirm`].
    pub fn lose(&self) {
        self.shared.hearing.lose();
    }

    /// Something was missed: every cache forgets its L1, and L2 is believed no more until all announced changes up to the number `newest`
    /// have been taken by it.
    pub fn forget(&self, newest: u64) {
        self.shared.doubts.bar(newest);
        self.shared.audience.forget();
    }

    /// What the source knows of L2, at one moment at which the highest number of an announced change was `newest`: `server`, which has
    /// to be the one that this node's L2 talks to ([`L2::server`](crate::L2::server), asked before the source was), has taken all changes
    /// below `pending_from`, or all of them if that is `None`.
    pub fn settle(&self, server: Identity, newest: u64, pending_from: Option<u64>) {
        self.shared.doubts.settle(server, newest, pending_from);
    }

    /// Whether `server` has taken all that was announced before it became the one, but for what is in doubt.
    pub fn believes(&self, server: Identity) -> bool {
        self.shared.doubts.server() == Some(server)
    }

    /// How it stands.
    pub fn status(&self) -> FeedStatus {
        let (hearing, doubts) = (&self.shared.hearing, &self.shared.doubts);
        let now = self.shared.clock.now();
        FeedStatus {
            confirmed_ago: hearing.confirmed_at().map(|confirmed| now.saturating_duration_since(confirmed)),
            is_reachable: !hearing.is_lost(),
            doubts: doubts.count(),
            believes_l2: doubts.server().is_some(),
        }
    }

    pub(crate) fn hearing(&self) -> &Hearing {
        &self.shared.hearing
    }

    pub(crate) fn join(&self, listener: std::sync::Weak<dyn Listener>) {
        self.shared.audience.join(listener);
    }

    /// Puts in doubt what L2 may not have taken.
    pub(crate) fn doubt(&self, cache: &str, invalidation: &Invalidation, number: u64) {
        self.shared.doubts.add(cache, invalidation, number);
    }

    /// The server under which L2 is believed; `None` if it is not.
    pub(crate) fn believed_server(&self) -> Option<Identity> {
        self.shared.doubts.server()
    }

    /// From which version on L2 is believed about a key.
    pub(crate) fn floor(&self, cache: &str, key: &str, mutants: Mutants) -> Floor {
        if mutants.has(crate::mutant::Mutant::NoFloors) { Floor::None } else { self.shared.doubts.floor(cache, key) }
    }

    /// Whether L2 is believed about what carries these tags.
    pub(crate) fn believes_tags(&self, cache: &str, tags: &[String], mutants: Mutants) -> bool {
        mutants.has(crate::mutant::Mutant::NoFloors) || self.shared.doubts.believes_tags(cache, tags)
    }
}
