//! Numbers that add up to the calls made, whatever they were, and the runtimes on which they are made.

use std::{
    rc::Rc,
    sync::{Arc, mpsc},
    time::Duration,
};

use fastrand::Rng;
use futures_util::future::join;
use larder_cache::{
    CacheOptions, CallOptions, Json, L2, Loaded, Source,
    testing::{CountingLoader, LoaderFault, ScriptedL2},
};
use tokio::{
    runtime::{Builder, Handle},
    task::LocalSet,
};

use crate::names::{Names, World, assert_read, nobody, patient, start, until};

const KEYS: u64 = 12;

/// Calls of all kinds, at random; answers how many keys they asked for.
struct Mix {
    world: World,
    cache: Names,
    random: Rng,
    asked: u64,
}

impl Mix {
    fn new(seed: u64) -> Self {
        let world = World::new(&[]);
        for key in 1..=KEYS / 2 {
            world.rows.set(key, Loaded::found(key.to_string()).with_tag(format!("tag {}", key % 2)));
        }
        let cache = world.node_with(CacheOptions { grace: Some(patient().ttl * 3), ..patient() });
        Self { world, cache, random: Rng::with_seed(seed), asked: 0 }
    }

    fn key(&mut self) -> u64 {
        self.random.u64(1..=KEYS)
    }

    fn options(&mut self) -> CallOptions {
        let mut options = CallOptions::new();
        for narrow in [CallOptions::skip_l1, CallOptions::skip_l2, CallOptions::read_only, CallOptions::force_refresh] {
            if self.random.u8(..4) == 0 {
                options = narrow(options);
            }
        }
        options
    }

    /// One call; whether it succeeds depends on the loader.
    async fn call(&mut self) {
        let (key, options) = (self.key(), self.options());
        let (cache, rows) = (&self.cache, &self.world.rows);
        match self.random.u8(..6) {
            0 => drop(cache.get_or_load(&key, rows.load(key)).await),
            1 => drop(cache.get_or_load_with(&key, options, rows.load(key)).await),
            2 => drop(cache.get(&key).await),
            3 => drop(cache.get_with(&key, options).await),
            4 => {
                let (first, second) =
                    (cache.get_or_load(&key, rows.load(key)), cache.get_or_load(&key, rows.load(key)));
                drop(join(first, second).await);
                self.asked += 1;
            }
            _ => {
                let keys: Vec<u64> = (0..self.random.usize(..8)).map(|_| self.random.u64(1..=KEYS)).collect();
                drop(cache.get_or_load_many_with(&keys, options, rows.load_many()).await);
                self.asked += keys.len() as u64;
                return;
            }
        }
        self.asked += 1;
    }

    /// A call that goes away in the middle of its load.
    async fn abandon(&mut self) {
        let keys = [self.key(), self.key(), self.key()];
        let mut held = self.world.rows.hold_before();
        let (cache, load) = (self.cache.clone(), self.world.rows.load_many());
        let caller =
            start(async move { cache.get_or_load_many_with(&keys, CallOptions::new().force_refresh(), load).await });
        held.reached().await;
        caller.abort();
        assert!(caller.await.expect_err("aborted").is_cancelled());
        held.open();
        self.asked += 3;
    }

    async fn step(&mut self) {
        let key = self.key();
        match self.random.u8(..16) {
            0 => self.cache.invalidate(&key).await,
            1 => self.cache.invalidate_tag(&format!("tag {}", key % 2)).await,
            2 => self.cache.insert(&key, key.to_string()).await,
            3 => self.cache.forget_local(),
            4 => self.world.clock.advance(patient().ttl.mul_f64(self.random.f64())),
            5 => self.abandon().await,
            number @ 6..=8 => {
                let fault = if number == 6 { LoaderFault::Panic } else { LoaderFault::Fail };
                self.world.rows.set_fault(Some(fault));
                self.call().await;
                self.settle().await;
                self.world.rows.set_fault(None);
            }
            _ => self.call().await,
        }
        self.settle().await;
    }

    /// Waits for what the last step left in the background: nobody moves the clock for those who would wait for a lease.
    async fn settle(&self) {
        let is_leased = |key: u64| self.world.remote.is_leased("names", &key.to_string());
        until(|| self.cache.statistics().gauges.flights == 0 && !(1..=KEYS).any(is_leased)).await;
    }
}

#[tokio::test]
async fn outcomes_add_up_to_the_keys_asked_for_and_loads_to_the_calls_of_loaders() {
    for seed in 0..5 {
        let mut mix = Mix::new(seed);
        for _ in 0..1_000 {
            mix.step().await;
        }
        let counted = mix.cache.statistics();
        assert_eq!(counted.calls(), mix.asked, "seed {seed}: {counted:#?}");
        assert_eq!(counted.loads.total(), mix.world.rows.calls() as u64, "seed {seed}");
        assert_eq!(counted.l1.hit, counted.lookups.l1);
        let l = counted.lookups;
        let kinds = [l.l1, l.l2, l.loaded, l.shared, l.stale, l.missed, l.failed, l.abandoned];
        assert!(kinds.iter().all(|count| *count > 0), "the mix lacks something: {l:?}");
        assert!(counted.loads.loaded > 0 && counted.loads.failed > 0 && counted.loads.panicked > 0);
        assert_eq!((counted.gauges.loads_in_progress, counted.gauges.queued_invalidations), (0, 0));
    }
}

#[tokio::test]
async fn duplicates_in_a_batch_are_answered_and_counted_one_by_one() {
    let world = World::new(&[]);
    let cache = world.node();
    let found = cache.get_or_load_many(&[1, 2, 1, 1], world.rows.load_many()).await.expect("loaded");
    assert_eq!(found.len(), 4);
    assert_eq!(world.rows.asked(), [[1, 2]]);
    let lookups = cache.statistics().lookups;
    assert_eq!((lookups.loaded, lookups.shared, cache.statistics().calls()), (2, 2, 4));
    assert_eq!(cache.get_or_load_many(&[], world.rows.load_many()).await.expect("nothing to do"), []);
    assert_eq!(cache.statistics().calls(), 4);
}

#[tokio::test]
async fn the_hottest_keys_are_named() {
    let world = World::new(&[]);
    let cache = world.alone();
    for round in 0..24_000_u64 {
        let key = match round % 12 {
            0 => 4,
            1..=3 => 2,
            _ => 3,
        };
        world.get(&cache, key).await.expect("there is a row");
    }
    let hot = cache.hot_keys(2);
    assert_eq!(hot.iter().map(|hot| hot.key).collect::<Vec<_>>(), [3, 2]);
    // One in 32 is sampled, at random: 500 samples.
    assert!((12_000..20_000).contains(&hot[0].count), "16,000 expected, {hot:?}");
}

fn rows() -> CountingLoader<u64, String> {
    CountingLoader::new((1..=3).map(|key| (key, key.to_string())))
}

fn node(remote: &Arc<ScriptedL2>, runtime: &Handle) -> Names {
    let l2 = L2::builder(Arc::<ScriptedL2>::clone(remote)).runtime(runtime.clone()).build().expect("the options work");
    Names::builder("names")
        .codec(Json)
        .l2(&l2)
        .options(patient())
        .runtime(runtime.clone())
        .build()
        .expect("the options work")
}

/// A bit of everything.
async fn use_it(cache: &Names, remote: &ScriptedL2) {
    let rows = rows();
    assert_read(cache.get_or_load(&1, rows.load(1)).await, "1", Source::Loader);
    assert_read(cache.get_or_load(&1, nobody).await, "1", Source::L1);
    assert_eq!(cache.get_or_load_many(&[1, 2, 3], rows.load_many()).await.expect("loaded").len(), 3);
    until(|| (1..=3).all(|key: u64| remote.frame("names", &key.to_string()).is_some())).await;
    cache.forget_local();
    assert_read(cache.get_or_load(&2, nobody).await, "2", Source::L2);
    cache.insert(&2, Loaded::found("two".to_owned()).with_tag("red")).await;
    assert_read(cache.get_or_load(&2, nobody).await, "two", Source::L1);
    cache.invalidate_tag("red").await;
    cache.invalidate(&1).await;
    assert!(cache.get(&1).await.is_none() && cache.get(&2).await.is_none() && cache.get(&3).await.is_some());
    cache.clear().await;
    assert!(cache.get(&3).await.is_none());
    assert_eq!(rows.calls(), 2);
}

#[test]
fn it_works_on_each_kind_of_runtime() {
    for mut builder in [Builder::new_current_thread(), Builder::new_multi_thread()] {
        let runtime = builder.enable_all().build().expect("a runtime");
        let remote = ScriptedL2::new();
        runtime.block_on(async { use_it(&node(&remote, &Handle::current()), &remote).await });
    }
}

/// As the workers of actix-web: each thread has a runtime of its own, and its tasks stay there.
#[test]
fn it_works_for_callers_on_runtimes_of_their_own() {
    let home = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    for _worker in 0..3 {
        let remote = ScriptedL2::new();
        let cache = node(&remote, home.handle());
        let worker = std::thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
            let local = Rc::new(cache);
            LocalSet::new().block_on(&runtime, async move {
                let handler = tokio::task::spawn_local(async move { use_it(&local, &remote).await });
                handler.await.expect("no panic");
            });
        });
        worker.join().expect("no panic");
    }
}

#[test]
fn a_load_outlives_the_runtime_of_the_caller_that_started_it() {
    let home = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let (remote, rows) = (ScriptedL2::new(), rows());
    let cache = node(&remote, home.handle());
    let mut held = rows.hold_answer();
    let (caller, load) = (cache.clone(), rows.load(1));
    let (sender, ended) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let read = runtime.block_on(async {
            let mut read = Box::pin(caller.get_or_load(&1, load));
            let polled = futures_util::poll!(&mut read).is_pending();
            held.reached().await;
            polled
        });
        // The worker stops in the middle of the load.
        drop(runtime);
        sender.send((read, held)).expect("the test waits");
    });
    let (pending, held) = ended.recv_timeout(Duration::from_secs(30)).expect("the worker ends");
    worker.join().expect("no panic");
    assert!(pending);
    held.open();
    home.block_on(async {
        assert_eq!(cache.get_or_load(&1, nobody).await.expect("loaded").value.as_deref(), Some("1"))
    });
    assert_eq!(rows.calls(), 1);
}
