//! A world of nodes on one L2 over one table of names, with a clock that stands still and mistakes planted where a test says so.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use larder_cache::{
    Cache, CacheOptions, Error, Json, L2, L2Options, Lookup, Source,
    testing::{Call, CountingLoader, L2Mutant, LoadFailed, ManualClock, Mutant, ScriptedL2},
};
use tokio::{runtime::Handle, task::JoinHandle};

pub(crate) type Names = Cache<u64, String>;
pub(crate) type Read = Result<Lookup<String>, Error>;

/// A mistake to plant, in every node or in the L2 that they share.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Mistake {
    Node(Mutant),
    L2(L2Mutant),
}

/// What the nodes share. Every row of the table is "old" until a test changes it.
pub(crate) struct World {
    pub(crate) remote: Arc<ScriptedL2>,
    pub(crate) rows: CountingLoader<u64, String>,
    pub(crate) clock: Arc<ManualClock>,
    mistakes: Vec<Mistake>,
}

impl World {
    pub(crate) fn new(mistakes: &[Mistake]) -> Self {
        let clock = ManualClock::new();
        let remote = ScriptedL2::with_clock(Arc::<ManualClock>::clone(&clock));
        for mistake in mistakes {
            if let Mistake::L2(mutant) = mistake {
                remote.plant(*mutant);
            }
        }
        let rows = CountingLoader::new((1..=5).map(|key| (key, "old".to_owned())));
        Self { remote, rows, clock, mistakes: mistakes.to_vec() }
    }

    /// A cache without L2.
    pub(crate) fn alone(&self) -> Names {
        self.build(None, patient())
    }

    pub(crate) fn alone_with(&self, options: CacheOptions) -> Names {
        self.build(None, options)
    }

    /// A cache on the L2 that all share, with a queue and a breaker of its own.
    pub(crate) fn node(&self) -> Names {
        self.node_with(patient())
    }

    pub(crate) fn node_with(&self, options: CacheOptions) -> Names {
        // The clock stands still: no deadline passes unless the test moves it.
        let l2 = L2Options { deadline: Duration::from_hours(1), failures_to_open: 100, ..L2Options::default() };
        self.node_on(l2, options)
    }

    pub(crate) fn node_on(&self, l2: L2Options, options: CacheOptions) -> Names {
        let mut builder = L2::builder(Arc::<ScriptedL2>::clone(&self.remote))
            .clock(Arc::<ManualClock>::clone(&self.clock))
            .options(l2);
        for mutant in self.mutants() {
            builder = builder.mutant(mutant);
        }
        self.build(Some(builder.build().expect("the options work")), options)
    }

    fn build(&self, l2: Option<L2>, options: CacheOptions) -> Names {
        let mut builder =
            Names::builder("names").codec(Json).clock(Arc::<ManualClock>::clone(&self.clock)).options(options);
        if let Some(l2) = &l2 {
            builder = builder.l2(l2);
        }
        for mutant in self.mutants() {
            builder = builder.mutant(mutant);
        }
        builder.build().expect("the options work")
    }

    fn mutants(&self) -> impl Iterator<Item = Mutant> {
        self.mistakes.iter().filter_map(|mistake| match mistake {
            Mistake::Node(mutant) => Some(*mutant),
            Mistake::L2(_) => None,
        })
    }

    /// Changes the row that the tests are about; no cache hears of it.
    pub(crate) fn change(&self) {
        self.rows.set(1, "new".to_owned());
    }

    pub(crate) async fn get(&self, cache: &Names, key: u64) -> Read {
        cache.get_or_load(&key, self.rows.load(key)).await
    }

    /// The value that a read of the row sees.
    pub(crate) async fn read(&self, cache: &Names, key: u64) -> String {
        seen(self.get(cache, key).await)
    }

    /// Reads the row in a task of its own.
    pub(crate) fn start(&self, cache: &Names, key: u64) -> JoinHandle<Read> {
        let (cache, load) = (cache.clone(), self.rows.load(key));
        start(async move { cache.get_or_load(&key, load).await })
    }

    /// A load reads the old row; the row changes; `heard` happens; then the load ends.
    pub(crate) async fn overtaken(&self, cache: &Names, heard: impl AsyncFnOnce()) {
        let mut held = self.rows.hold_answer();
        let read = self.start(cache, 1);
        held.reached().await;
        self.change();
        heard().await;
        held.open();
        assert_eq!(seen(read.await.expect("no panic")), "old");
    }

    /// Puts what a node reads into L2.
    pub(crate) async fn fill(&self, cache: &Names, key: u64) {
        let before = self.remote.begun(Call::Fill);
        assert_eq!(self.get(cache, key).await.expect("loaded").source, Source::Loader);
        self.remote.ended(Call::Fill, before + 1).await;
        assert!(self.remote.frame("names", &key.to_string()).is_some());
    }
}

/// What a race leads to: the new value, and with the mistakes planted the old one. Without the latter it would not be a race.
pub(crate) async fn race(run: impl AsyncFn(World) -> String, mistakes: &[Mistake]) {
    assert_eq!(run(World::new(&[])).await, "new");
    assert_eq!(run(World::new(mistakes)).await, "old", "{mistakes:?} was not found");
}

/// No jitter, no early refresh, and leases that end only when the clock is moved far.
pub(crate) fn patient() -> CacheOptions {
    CacheOptions { jitter: 0.0, early_refresh: 0.0, lease: Duration::from_mins(1), ..CacheOptions::default() }
}

/// The value that was read.
#[track_caller]
pub(crate) fn seen(read: Read) -> String {
    read.expect("the read succeeds").value.expect("there is a row")
}

/// Asserts a value and the level that it came from.
#[track_caller]
pub(crate) fn assert_read(read: Read, value: &str, source: Source) {
    let read = read.expect("the read succeeds");
    assert_eq!((read.value.as_deref(), read.source), (Some(value), source));
}

/// A loader that must not be called.
pub(crate) async fn nobody() -> Result<Option<String>, LoadFailed> {
    unreachable!("the value should have come from a cache")
}

/// Runs beside the test.
pub(crate) fn start<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    Handle::current().spawn(work)
}

/// Lets the other tasks run until something holds; a test of something that never does fails instead of hanging.
pub(crate) async fn until(holds: impl Fn() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < Duration::from_secs(20), "it does not come to hold");
        tokio::task::yield_now().await;
    }
}
