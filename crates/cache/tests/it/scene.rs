//! A stage for the tests of trouble: a clock moved by hand, a scripted L2, rows that count how often they are asked for.

use std::{future::Future, sync::Arc, time::Duration};

use larder_cache::{
    Cache, CacheOptions, Clock, Error, ErrorKind, Json, L2, L2Options, Lookup, Remote, Source,
    testing::{Call, CountingLoader, Fault, ManualClock, ScriptedL2},
};
use tokio::task::JoinHandle;

pub(crate) type Names = Cache<u64, String>;
pub(crate) type Answer = Result<Lookup<String>, Error>;
pub(crate) type Reading = JoinHandle<Answer>;
/// What a test expects of an answer.
pub(crate) type Expected = Result<(Option<&'static str>, Source), ErrorKind>;

pub(crate) const TTL: Duration = Duration::from_secs(10);
pub(crate) const GRACE: Duration = Duration::from_secs(60);
/// Deadline of each question to L2.
pub(crate) const L2_DEADLINE: Duration = Duration::from_millis(250);
/// The smallest step of time in these tests.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// Lives without jitter, with grace, and no refresh that a test did not ask for.
pub(crate) fn graceful() -> CacheOptions {
    CacheOptions {
        ttl: TTL,
        l1_ttl: TTL,
        jitter: 0.0,
        early_refresh: 0.0,
        grace: Some(GRACE),
        ..CacheOptions::default()
    }
}

/// The same without grace.
pub(crate) fn graceless() -> CacheOptions {
    CacheOptions { grace: None, ..graceful() }
}

/// Clock, L2 and rows of one test.
pub(crate) struct Scene {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) remote: Arc<ScriptedL2>,
    pub(crate) l2: L2,
    pub(crate) rows: CountingLoader<u64, String>,
}

impl Scene {
    /// One node; its source has row 1, "old".
    pub(crate) fn new() -> Self {
        Self::with(L2Options::default())
    }

    pub(crate) fn with(options: L2Options) -> Self {
        let clock = ManualClock::new();
        let remote = ScriptedL2::with_clock(Arc::<ManualClock>::clone(&clock));
        let l2 = l2(Arc::<ScriptedL2>::clone(&remote), &clock, options);
        Self { clock, remote, l2, rows: CountingLoader::new([(1, "old".to_owned())]) }
    }

    /// Another node on the same L2: its own belief in it, the same rows.
    pub(crate) fn other_node(&self) -> Self {
        let l2 = l2(Arc::<ScriptedL2>::clone(&self.remote), &self.clock, L2Options::default());
        Self { clock: Arc::clone(&self.clock), remote: Arc::clone(&self.remote), l2, rows: self.rows.clone() }
    }

    /// A cache of this node.
    pub(crate) fn cache(&self, name: &str, options: CacheOptions) -> Names {
        let builder = Names::builder(name).codec(Json).l2(&self.l2).clock(Arc::<ManualClock>::clone(&self.clock));
        builder.options(options).build().expect("the options are good")
    }

    /// The usual one.
    pub(crate) fn names(&self, options: CacheOptions) -> Names {
        self.cache("names", options)
    }

    /// Begins a read of a key through the rows.
    pub(crate) fn read(&self, cache: &Names, key: u64) -> Reading {
        let (cache, load) = (cache.clone(), self.rows.load(key));
        start(async move { cache.get_or_load(&key, load).await })
    }

    /// Reads a key through the rows and checks the answer.
    pub(crate) async fn expect(&self, cache: &Names, key: u64, value: &'static str, source: Source) {
        assert_answer(&cache.get_or_load(&key, self.rows.load(key)).await, Ok((Some(value), source)), "");
        settle().await;
    }

    /// How often the rows were asked for a key.
    pub(crate) fn asked(&self, key: u64) -> usize {
        self.rows.asked().iter().filter(|keys| keys.contains(&key)).count()
    }

    /// Ends when so much time has passed on the clock of the test, counted from the first poll.
    pub(crate) fn slowly(&self, span: Duration) -> impl Future<Output = ()> + Send + use<> {
        let clock = Arc::clone(&self.clock);
        async move { clock.sleep(span).await }
    }

    /// Lets time pass in small steps, until a call ends; answers how long it took.
    pub(crate) async fn pass_until_done<T>(&self, call: &JoinHandle<T>, at_most: Duration) -> Duration {
        let mut passed = Duration::ZERO;
        settle().await;
        while !call.is_finished() {
            assert!(passed < at_most, "it hangs for more than {at_most:?}");
            self.clock.advance(10 * TICK);
            passed += 10 * TICK;
            settle().await;
        }
        passed
    }

    /// Moves time on and lets everything happen that follows from it.
    pub(crate) async fn pass(&self, span: Duration) {
        self.clock.advance(span);
        settle().await;
    }

    /// Makes L2 refuse or hang all it is asked for.
    pub(crate) fn all_of_l2(&self, fault: Option<Fault>) {
        for call in CALLS {
            self.remote.set_fault(call, fault);
        }
    }
}

/// All that caches ask of an L2.
pub(crate) const CALLS: [Call; 7] =
    [Call::Fetch, Call::Lease, Call::Fill, Call::Insert, Call::Invalidate, Call::Generations, Call::Release];

pub(crate) fn l2(remote: Arc<dyn Remote>, clock: &Arc<ManualClock>, options: L2Options) -> L2 {
    let options = L2Options { deadline: L2_DEADLINE, ..options };
    L2::builder(remote).clock(Arc::<ManualClock>::clone(clock)).options(options).build().expect("the options are good")
}

pub(crate) fn start<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::runtime::Handle::current().spawn(work)
}

/// Lets every task go as far as it can. The runtime of these tests has one thread and nothing wakes a task but other tasks, gates and
/// the clock of the test, so that after some rounds all of them wait for the test.
pub(crate) async fn settle() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// Checks value, source and kind of error.
#[track_caller]
pub(crate) fn assert_answer(answer: &Answer, expected: Expected, row: &str) {
    let got = match answer {
        Ok(lookup) => Ok((lookup.value.as_deref(), lookup.source)),
        Err(error) => Err(error.kind()),
    };
    assert_eq!(got, expected, "{row}");
}

/// Checks that a node holds on to nothing once all calls have ended, and that each lookup was counted once.
#[track_caller]
pub(crate) fn assert_nothing_left(scene: &Scene, cache: &Names, lookups: u64, row: &str) {
    let statistics = cache.statistics();
    assert_eq!(statistics.gauges.flights, 0, "a flight is left: {row}");
    assert_eq!(statistics.gauges.loads_in_progress, 0, "a place of the budget is left: {row}");
    assert!(!scene.remote.is_leased(cache.name(), "1"), "a lease is left: {row}");
    assert_eq!(statistics.calls(), lookups, "lookups do not add up: {row}");
}
