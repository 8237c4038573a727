//! The cache that the tests use, and its loaders.

use std::{
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use larder_cache::{Cache, CacheOptions, Error, Json, Loaded, Lookup, Remote, Source};
use tokio::{runtime::Handle, task::JoinHandle};

use crate::gate::{Barrier, Gate};

pub(crate) type Names = Cache<u64, String>;
pub(crate) type Answer = Result<Loaded<String>, Broken>;

/// What the loaders of the tests fail with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the source is broken")]
pub(crate) struct Broken;

/// No jitter, and deadlines that only a hanging test reaches.
pub(crate) fn patient() -> CacheOptions {
    let long = Duration::from_secs(30);
    CacheOptions { jitter: 0.0, l2_deadline: long, lease: long, ..CacheOptions::default() }
}

/// A node on `remote`.
pub(crate) fn node<R: Remote + 'static>(remote: &Arc<R>, options: CacheOptions) -> Names {
    let remote: Arc<R> = Arc::clone(remote);
    Names::builder("names").codec(Json).remote(remote).options(options).build().expect("the options work")
}

/// A cache without L2.
pub(crate) fn alone(options: CacheOptions) -> Names {
    Names::builder("names").codec(Json).options(options).build().expect("the options work")
}

/// A loader that answers at once.
pub(crate) fn found(value: &str) -> impl FnOnce() -> Ready<Answer> + Send + use<> {
    let value = value.to_owned();
    move || ready(Ok(Loaded::found(value)))
}

/// A loader of a row with a version.
pub(crate) fn row(value: &str, version: u64) -> impl FnOnce() -> Ready<Answer> + Send + use<> {
    let value = value.to_owned();
    move || ready(Ok(Loaded::found(value).with_version(version)))
}

/// A loader that must not be called.
pub(crate) fn nobody() -> Ready<Answer> {
    unreachable!("the value should have come from a cache")
}

/// Reads with a loader that answers only after its gate was opened.
pub(crate) fn held(cache: &Names, key: u64, value: &str) -> (Gate, JoinHandle<Result<Lookup<String>, Error>>) {
    let (gate, barrier) = Gate::new();
    let (cache, value) = (cache.clone(), value.to_owned());
    let read = async move { cache.get_or_load(&key, move || after(barrier, Ok(Loaded::found(value)))).await };
    (gate, start(read))
}

/// Answers once the barrier is passed.
pub(crate) async fn after(barrier: Barrier, answer: Answer) -> Answer {
    barrier.pass().await;
    answer
}

/// Runs beside the test.
pub(crate) fn start<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    Handle::current().spawn(work)
}

/// Counts the calls of loaders.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<AtomicUsize>);

impl Calls {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Asserts a value and the level that it came from.
#[track_caller]
pub(crate) fn assert_read(read: Result<Lookup<String>, Error>, value: &str, source: Source) {
    let read = read.expect("the read succeeds");
    assert_eq!((read.value.as_deref(), read.source), (Some(value), source));
}
