//! Each thing that can happen to a loader or to a question to L2, as one table: nothing hangs, L2 fails no request, and nothing old is
//! seen after an invalidation returned.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use larder_cache::{
    CacheOptions, ErrorKind, FillReply, FillRequest, Held, Identity, Invalidation, L2Options, LeaseReply, LeaseRequest,
    Nonce, Remote, RemoteError,
    Source::{self, L2, Loader},
    TagGeneration,
    testing::{Call, Fault, LoaderFault, ScriptedL2},
};

use crate::scene::{
    Expected, L2_DEADLINE, Names, Reading, Scene, assert_answer, assert_nothing_left, graceful, l2, settle, start,
};

const SLOW: Duration = Duration::from_millis(100);
const HARD: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Ok,
    Absent,
    Slow,
    Error,
    Panic,
    Hang,
    /// The caller goes away while it waits for this; for a fill, which has no caller, its answer is lost.
    Dropped,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Load,
    Ask(Call),
}

const HOWS: [How; 7] = [How::Ok, How::Absent, How::Slow, How::Error, How::Panic, How::Hang, How::Dropped];
const PLACES: [Place; 5] = [
    Place::Load,
    Place::Ask(Call::Fetch),
    Place::Ask(Call::Lease),
    Place::Ask(Call::Fill),
    Place::Ask(Call::Invalidate),
];

#[tokio::test]
async fn nothing_hangs_and_l2_fails_no_request_and_an_invalidation_holds() {
    for place in PLACES {
        for how in HOWS {
            check(place, how).await;
        }
    }
}

async fn check(place: Place, how: How) {
    let row = &format!("{place:?} {how:?}");
    let stage = Stage::new(place, how).await;
    let Stage { scene, cache, .. } = &stage;
    if place != Place::Ask(Call::Invalidate) {
        stage.go_wrong(true);
    }

    let (answer, took) = stage.read().await;
    assert_answer(&answer, expected(place, how), row);
    assert_eq!(took, delay(place, how, &[Place::Load, Place::Ask(Call::Fetch), Place::Ask(Call::Lease)]), "{row}");
    settle().await;
    stage.go_wrong(place == Place::Ask(Call::Invalidate));

    scene.rows.set(1, "new".to_owned());
    let took = stage.invalidate().await;
    assert_eq!(took, delay(place, how, &[Place::Ask(Call::Invalidate)]), "the invalidation: {row}");
    assert_value(&scene.read(cache, 1).await.expect("no panic").expect("nothing is wrong with a load"), row);

    stage.go_wrong(false);
    for _ in 0..20 {
        scene.pass(SLOW).await;
    }
    assert_eq!(cache.statistics().gauges.queued_invalidations, 0, "L2 never heard of it: {row}");
    let elsewhere = scene.other_node().names(graceful());
    assert_value(&scene.read(&elsewhere, 1).await.expect("no panic").expect("nothing is wrong with a load"), row);
    settle().await;
    let reads = if how == How::Dropped && place != Place::Ask(Call::Fill) && place != Place::Ask(Call::Invalidate) {
        3
    } else {
        2
    };
    assert_nothing_left(scene, cache, reads, row);
}

#[track_caller]
fn assert_value(found: &larder_cache::Lookup<String>, row: &str) {
    assert_eq!(found.value.as_deref(), Some("new"), "{row} after the invalidation");
}

/// What the first read gets.
fn expected(place: Place, how: How) -> Expected {
    let value = (how != How::Absent).then_some("old");
    let troubled = matches!(how, How::Error | How::Panic | How::Hang);
    let source: Source = if place == Place::Ask(Call::Fetch) && !troubled { L2 } else { Loader };
    match (place, how) {
        (Place::Load, How::Error) => Err(ErrorKind::Load),
        (Place::Load, How::Panic) => Err(ErrorKind::LoaderPanicked),
        (Place::Load, How::Hang) => Err(ErrorKind::Deadline),
        _ => Ok((value, source)),
    }
}

/// How long it may take, if the caller waits for that place.
fn delay(place: Place, how: How, waited_for: &[Place]) -> Duration {
    match (how, place) {
        _ if !waited_for.contains(&place) => Duration::ZERO,
        (How::Slow, _) => SLOW,
        (How::Hang, Place::Load) => HARD,
        (How::Hang, Place::Ask(_)) => L2_DEADLINE,
        _ => Duration::ZERO,
    }
}

struct Stage {
    place: Place,
    how: How,
    scene: Scene,
    cache: Names,
    panics: Arc<AtomicBool>,
}

impl Stage {
    async fn new(place: Place, how: How) -> Self {
        let scene = Scene::new();
        if how == How::Absent {
            scene.rows.remove(&1);
        }
        if place == Place::Ask(Call::Fetch) {
            // What there is to fetch comes from elsewhere.
            let elsewhere = scene.other_node().names(graceful());
            scene.read(&elsewhere, 1).await.expect("no panic").expect("nothing is wrong yet");
            scene.remote.ended(Call::Fill, 1).await;
        }
        let panics = Arc::new(AtomicBool::new(false));
        let on = if let Place::Ask(call) = place { Some(call) } else { None };
        let remote = Arc::new(Panicking { inner: Arc::clone(&scene.remote), on, now: Arc::clone(&panics) });
        let l2 = l2(remote, &scene.clock, L2Options::default());
        let scene = Scene { l2, ..scene };
        let cache = scene.names(CacheOptions { load_deadline: HARD, ..graceful() });
        Self { place, how, scene, cache, panics }
    }

    /// From now on, or not any more.
    fn go_wrong(&self, wrong: bool) {
        let (loader, l2) = match self.how {
            How::Error => (Some(LoaderFault::Fail), Some(Fault::Fail)),
            How::Panic => (Some(LoaderFault::Panic), None),
            How::Hang => (Some(LoaderFault::Hang), Some(Fault::Hang)),
            How::Slow => (None, Some(Fault::Delay(SLOW))),
            How::Dropped if self.place == Place::Ask(Call::Fill) => (None, Some(Fault::LoseAnswer)),
            How::Ok | How::Absent | How::Dropped => (None, None),
        };
        match self.place {
            Place::Load => self.scene.rows.set_fault(loader.filter(|_| wrong)),
            Place::Ask(call) => self.scene.remote.set_fault(call, l2.filter(|_| wrong)),
        }
        self.panics.store(wrong && self.how == How::Panic, Ordering::SeqCst);
    }

    /// The first read, and how long it took.
    async fn read(&self) -> (crate::scene::Answer, Duration) {
        let gate = match (self.how, self.place) {
            (How::Dropped, Place::Load) => Some(self.scene.rows.hold_before()),
            (How::Dropped, Place::Ask(call @ (Call::Fetch | Call::Lease))) => Some(self.scene.remote.hold_before(call)),
            _ => None,
        };
        let first = self.slow_or_usual();
        let answer = if let Some(mut gate) = gate {
            gate.reached().await;
            let second = self.scene.read(&self.cache, 1);
            settle().await;
            first.abort();
            gate.open();
            assert!(first.await.expect_err("it went away").is_cancelled());
            second
        } else {
            first
        };
        let took = self.scene.pass_until_done(&answer, HARD).await;
        (answer.await.expect("no panic reaches the caller"), took)
    }

    fn slow_or_usual(&self) -> Reading {
        if self.place != Place::Load || self.how != How::Slow {
            return self.scene.read(&self.cache, 1);
        }
        let (cache, load, sleep) = (self.cache.clone(), self.scene.rows.load(1), self.scene.slowly(SLOW));
        start(async move {
            let slow = || async move {
                sleep.await;
                load().await
            };
            cache.get_or_load(&1, slow).await
        })
    }

    /// Invalidates, and answers how long that took.
    async fn invalidate(&self) -> Duration {
        let cache = self.cache.clone();
        let invalidate = async move { cache.invalidate(&1).await };
        if self.how != How::Dropped || self.place != Place::Ask(Call::Invalidate) {
            let call = start(invalidate);
            return self.scene.pass_until_done(&call, HARD).await;
        }
        let mut gate = self.scene.remote.hold_before(Call::Invalidate);
        let call = start(invalidate);
        gate.reached().await;
        call.abort();
        gate.open();
        settle().await;
        Duration::ZERO
    }
}

/// An L2 with a mistake: one of its calls panics.
#[derive(Debug)]
struct Panicking {
    inner: Arc<ScriptedL2>,
    on: Option<Call>,
    now: Arc<AtomicBool>,
}

impl Panicking {
    fn may(&self, call: Call) -> &ScriptedL2 {
        if self.on == Some(call) && self.now.load(Ordering::SeqCst) {
            std::panic::resume_unwind(Box::new("the L2 of the test panics"));
        }
        &self.inner
    }
}

#[async_trait::async_trait]
impl Remote for Panicking {
    async fn fetch(&self, cache: &str, keys: &[&str]) -> Result<Vec<Option<Held>>, RemoteError> {
        self.may(Call::Fetch).fetch(cache, keys).await
    }

    async fn lease(
        &self,
        cache: &str,
        requests: &[LeaseRequest],
        life: Duration,
    ) -> Result<Vec<LeaseReply>, RemoteError> {
        self.may(Call::Lease).lease(cache, requests, life).await
    }

    async fn fill(&self, cache: &str, requests: &[FillRequest]) -> Result<Vec<FillReply>, RemoteError> {
        self.may(Call::Fill).fill(cache, requests).await
    }

    async fn insert(&self, cache: &str, by: Nonce, request: &FillRequest) -> Result<FillReply, RemoteError> {
        self.may(Call::Insert).insert(cache, by, request).await
    }

    async fn invalidate(
        &self,
        cache: &str,
        by: Nonce,
        invalidations: &[Invalidation],
    ) -> Result<Identity, RemoteError> {
        self.may(Call::Invalidate).invalidate(cache, by, invalidations).await
    }

    async fn generations(&self, cache: &str, tags: &[(usize, &str)]) -> Result<Vec<TagGeneration>, RemoteError> {
        self.may(Call::Generations).generations(cache, tags).await
    }

    async fn release(&self, cache: &str, leases: &[(&str, Nonce)]) -> Result<(), RemoteError> {
        self.may(Call::Release).release(cache, leases).await
    }

    fn shards(&self) -> usize {
        1
    }

    fn shard_of(&self, _cache: &str, _key: &str) -> usize {
        0
    }

    async fn ping(&self) -> Result<(), RemoteError> {
        self.may(Call::Ping).ping().await
    }
}
