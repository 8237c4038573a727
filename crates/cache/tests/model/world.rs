//! A database, an L2 and some nodes, with what each node has been promised so far.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use larder_cache::{
    BackplaneOptions, Cache, CacheOptions, CallOptions, Change, Clock, Feed, FeedOptions, Json, L2, L2Options, Loaded,
    Lookup,
    testing::{Call, CountingLoader, ManualClock, ScriptedL2},
};
use shuttle::future::{self, JoinHandle, yield_now};

use crate::explore::{Planted, choose, promise};

/// The promise that most scenes are about.
pub(crate) const STALE: &str = "a read saw what was invalidated before it began";
/// The same of a node that starts when all is over: it knows only what L2 holds.
pub(crate) const L2_STALE: &str = "L2 kept what was invalidated";

const LEAK: &str = "a flight stayed in the table";

pub(crate) const KEY: u64 = 1;
pub(crate) const TAG: &str = "red";
pub(crate) const TTL: Duration = Duration::from_mins(1);
/// Longer sleeps are deadlines; nothing is slow here, so they do not pass.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A manual clock on which pauses pass when nothing better happens.
#[derive(Debug)]
pub(crate) struct Time(Arc<ManualClock>);

impl Clock for Time {
    fn now(&self) -> Instant {
        self.0.now()
    }

    fn sleep(&self, span: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        if span > LONGEST_PAUSE {
            return self.0.sleep(span);
        }
        let clock = Arc::clone(&self.0);
        Box::pin(async move {
            yield_now().await;
            clock.advance(span);
            yield_now().await;
        })
    }
}

/// What the nodes have in common.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) rows: CountingLoader<u64, u64>,
    pub(crate) remote: Arc<ScriptedL2>,
    pub(crate) clock: Arc<ManualClock>,
    planted: Planted,
}

/// One node, with the least value that each of its keys may show from now on.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) cache: Cache<u64, u64>,
    pub(crate) l2: L2,
    pub(crate) feed: Option<Feed>,
    world: World,
    floors: Arc<[AtomicU64; 4]>,
}

impl World {
    /// The row of [`KEY`] is 1.
    pub(crate) fn new(planted: Planted) -> Self {
        let clock = ManualClock::new();
        let remote = ScriptedL2::with_clock(Arc::<ManualClock>::clone(&clock));
        planted.l2.into_iter().for_each(|mistake| remote.plant(mistake));
        Self { rows: CountingLoader::new([(KEY, 1)]), remote, clock, planted }
    }

    pub(crate) fn node(&self) -> Node {
        self.node_with(options())
    }

    pub(crate) fn node_with(&self, options: CacheOptions) -> Node {
        self.build(options, None, false)
    }

    /// A node that listens to the backplane when it is told to.
    pub(crate) async fn listener(&self) -> Node {
        let node = self.build(options(), None, true);
        node.l2.listen_once().await.expect("L2 answers");
        node
    }

    /// A node that also hears of changes at their source, and has heard of all until now.
    pub(crate) async fn fed(&self) -> Node {
        let clock = Arc::new(Time(Arc::clone(&self.clock)));
        let feed = FeedOptions { max_staleness: TTL, ..FeedOptions::default() };
        let feed = Feed::with_clock(feed, clock).expect("lawful options");
        let node = self.build(options(), Some(feed.clone()), true);
        node.l2.listen_once().await.expect("L2 answers");
        feed.settle(node.l2.server().expect("it was heard"), 0, None);
        feed.confirm(self.clock.now());
        node
    }

    fn build(&self, options: CacheOptions, feed: Option<Feed>, listens: bool) -> Node {
        let clock = Arc::new(Time(Arc::clone(&self.clock)));
        let l2_options = L2Options { deadline: Duration::from_mins(1), ..L2Options::default() };
        let mut l2 =
            L2::builder(Arc::<ScriptedL2>::clone(&self.remote)).options(l2_options).clock(Arc::<Time>::clone(&clock));
        let mut cache = Cache::<u64, u64>::builder("rows").codec(Json).clock(clock).options(options);
        if let Some(mistake) = self.planted.cache {
            (l2, cache) = (l2.mutant(mistake), cache.mutant(mistake));
        }
        if listens {
            l2 = l2.backplane(
                Arc::<ScriptedL2>::clone(&self.remote),
                BackplaneOptions { max_staleness: TTL, ..BackplaneOptions::default() },
            );
        }
        let l2 = l2.build().expect("lawful options");
        cache = cache.l2(&l2);
        if let Some(feed) = &feed {
            cache = cache.feed(feed);
        }
        let cache = cache.build().expect("lawful options");
        Node { cache, l2, feed, world: self.clone(), floors: Arc::default() }
    }

    /// L2 holds the row, and no node does.
    pub(crate) async fn warm_l2(&self, key: u64) {
        self.node().read(key).await;
        self.remote.ended(Call::Fill, self.remote.begun(Call::Fill).max(1)).await;
    }

    /// What a node sees that starts now and has nothing but L2 and the rows.
    pub(crate) async fn newcomer_sees(&self, key: u64, floor: u64) {
        let seen = self.node().read(key).await;
        promise(seen.value >= Some(floor), L2_STALE);
    }
}

/// Nothing ends early, and no draw decides.
pub(crate) fn options() -> CacheOptions {
    CacheOptions { ttl: TTL, jitter: 0.0, early_refresh: 0.0, load_deadline: TTL, ..CacheOptions::default() }
}

impl Node {
    /// Reads a key, and holds the answer against what was promised before.
    pub(crate) async fn read(&self, key: u64) -> Lookup<u64> {
        self.read_with(key, CallOptions::new()).await
    }

    pub(crate) async fn read_with(&self, key: u64, options: CallOptions) -> Lookup<u64> {
        let floor = self.floor(key);
        let found = self.cache.get_or_load_with(&key, options, self.world.rows.load(key)).await;
        self.judge(floor, found.expect("no load fails"))
    }

    /// As [`Self::read`], by a loader that takes so long.
    pub(crate) async fn read_slowly(&self, key: u64, cost: Duration) -> Lookup<u64> {
        let floor = self.floor(key);
        let (load, clock) = (self.world.rows.load(key), Arc::clone(&self.world.clock));
        let load = move || async move {
            clock.advance(cost);
            load().await
        };
        let found = self.cache.get_or_load(&key, load).await;
        self.judge(floor, found.expect("no load fails"))
    }

    /// Reads some keys at once.
    pub(crate) async fn read_many(&self, keys: &[u64]) {
        let floors: Vec<u64> = keys.iter().map(|key| self.floor(*key)).collect();
        let found: Result<Vec<_>, _> = self.cache.get_or_load_many(keys, self.world.rows.load_many()).await;
        for (floor, found) in floors.into_iter().zip(found.expect("no load fails")) {
            self.judge(floor, found);
        }
    }

    /// Reads without loading.
    pub(crate) async fn peek(&self, key: u64) {
        let floor = self.floor(key);
        if let Some(found) = self.cache.get(&key).await {
            self.judge(floor, found);
        }
    }

    /// Writes a row some time later, and invalidates its key.
    pub(crate) async fn write(&self, key: u64, value: u64) {
        dawdle().await;
        self.world.rows.set(key, value);
        self.cache.invalidate(&key).await;
        self.raise(key, value);
    }

    /// Writes a row with its version and tells the version.
    pub(crate) async fn write_version(&self, key: u64, version: u64) {
        self.world.rows.set(key, Loaded::found(version).with_version(version));
        self.cache.invalidate_changes(&[(key, Change::updated(version))]).await;
        self.raise(key, version);
    }

    /// From now on, this node shows nothing older.
    pub(crate) fn raise(&self, key: u64, value: u64) {
        self.slot(key).fetch_max(value, Ordering::SeqCst);
    }

    pub(crate) fn floor(&self, key: u64) -> u64 {
        self.slot(key).load(Ordering::SeqCst)
    }

    /// Waits until all flights have ended: none may stay in the table.
    pub(crate) async fn land(&self) {
        settle().await;
        let flying = || self.cache.statistics().gauges.flights > 0;
        for _ in 0..3_000 {
            if !flying() {
                return;
            }
            yield_now().await;
        }
        promise(false, LEAK);
    }

    fn slot(&self, key: u64) -> &AtomicU64 {
        &self.floors[usize::try_from(key).expect("few keys")]
    }

    fn judge(&self, floor: u64, found: Lookup<u64>) -> Lookup<u64> {
        promise(found.value >= Some(floor), STALE);
        found
    }
}

/// A row with the tag.
pub(crate) fn tagged(value: u64) -> Loaded<u64> {
    Loaded::found(value).with_tag(TAG)
}

/// Starts a task of the scene.
pub(crate) fn start(task: impl Future<Output = ()> + Send + 'static) -> JoinHandle<()> {
    future::spawn(task)
}

/// Waits for the tasks of the scene.
pub(crate) async fn all(tasks: impl IntoIterator<Item = JoinHandle<()>>) {
    for task in tasks {
        task.await.expect("no task is aborted");
    }
}

/// Lets others go first, for a short or a long time.
pub(crate) async fn dawdle() {
    for _ in 0..1 << choose(8) {
        yield_now().await;
    }
}

/// Lets what runs in the background come to its end.
pub(crate) async fn settle() {
    for _ in 0..150 {
        yield_now().await;
    }
}
