//! Running a scene in many schedules, and expecting that all of them, or not all of them, keep the promises.

use std::{
    cell::RefCell,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
};

use larder_cache::testing::{L2Mutant, Mutant};
use shuttle::{
    Config, FailurePersistence, MaxSteps, Runner, future,
    rand::RngCore,
    scheduler::{PctScheduler, RandomScheduler, ReplayScheduler, Scheduler},
};

/// How many schedules of each scheduler a scene is run in.
const ITERATIONS: usize = 300;
/// PCT finds each mistake that needs at most so many ordered events with a known likelihood.
const DEPTH: usize = 4;
const SEED: u64 = 0x1a2d_e200;

/// What is broken on purpose.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Planted {
    pub(crate) cache: Option<Mutant>,
    pub(crate) l2: Option<L2Mutant>,
}

impl From<Mutant> for Planted {
    fn from(mutant: Mutant) -> Self {
        Self { cache: Some(mutant), l2: None }
    }
}

impl From<L2Mutant> for Planted {
    fn from(mutant: L2Mutant) -> Self {
        Self { cache: None, l2: Some(mutant) }
    }
}

/// One execution of a scene.
pub(crate) type Act = Pin<Box<dyn Future<Output = ()>>>;
pub(crate) type Scene = fn(Planted) -> Act;

thread_local! {
    /// The promise that the present execution broke; all tasks of an execution run on one thread.
    static BROKEN: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Fails the execution, in words that [`finds`] recognizes.
#[expect(clippy::panic, reason = "a panic is how an execution fails")]
pub(crate) fn promise(kept: bool, broken: &str) {
    if !kept {
        BROKEN.with(|slot| *slot.borrow_mut() = Some(broken.to_owned()));
        panic!("{broken}");
    }
}

/// A number below `limit` that belongs to the schedule.
pub(crate) fn choose(limit: u64) -> u64 {
    shuttle::rand::thread_rng().next_u64() % limit
}

/// Runs the scene without mistakes; every schedule must keep the promises.
pub(crate) fn holds(scene: Scene) {
    if let Some(schedule) = variable("LARDER_SCHEDULE") {
        return run(ReplayScheduler::new_from_encoded(&schedule), scene, Planted::default());
    }
    run(random(1), scene, Planted::default());
    run(pct(1), scene, Planted::default());
}

/// How many times longer a mistake is looked for; the search ends when it is found. Not everything belongs to the schedule: the order of
/// maps does not.
const PATIENCE: usize = 10;

/// Runs the scene with a mistake; some schedule must break one of these promises.
pub(crate) fn finds(scene: Scene, mistake: impl Into<Planted>, broken: &[&str]) {
    let mistake = mistake.into();
    let found = |failed: std::thread::Result<()>| {
        let said = BROKEN.with(|slot| slot.borrow_mut().take());
        assert_eq!(
            failed.is_err(),
            said.is_some(),
            "{mistake:?}: an execution ended otherwise than by a broken promise"
        );
        said
    };
    let said = found(catch_unwind(AssertUnwindSafe(|| run(random(PATIENCE), scene, mistake))))
        .or_else(|| found(catch_unwind(AssertUnwindSafe(|| run(pct(PATIENCE), scene, mistake)))));
    assert!(said.as_deref().is_some_and(|said| broken.contains(&said)), "{mistake:?}: {said:?}");
}

fn random(times: usize) -> RandomScheduler {
    RandomScheduler::new_from_seed(number("LARDER_SEED").unwrap_or(SEED), iterations() * times)
}

fn pct(times: usize) -> PctScheduler {
    PctScheduler::new_from_seed(number("LARDER_SEED").unwrap_or(SEED), DEPTH, iterations() * times)
}

fn iterations() -> usize {
    number("LARDER_ITERATIONS").and_then(|number| usize::try_from(number).ok()).unwrap_or(ITERATIONS)
}

fn run(scheduler: impl Scheduler + 'static, scene: Scene, planted: Planted) {
    let mut config = Config::new();
    // Frames of unoptimized code are large.
    config.stack_size = 1 << 19;
    config.max_steps = MaxSteps::FailAfter(100_000);
    config.silence_warnings = true;
    let sound = planted.cache.is_none() && planted.l2.is_none();
    config.failure_persistence = if sound { FailurePersistence::Print } else { FailurePersistence::None };
    let scene = Arc::new(scene);
    Runner::new(scheduler, config).run(move || {
        // Jitter, pauses and early refreshes draw from here.
        fastrand::seed(shuttle::rand::thread_rng().next_u64());
        future::block_on(scene(planted));
    });
}

fn number(name: &str) -> Option<u64> {
    variable(name).map(|text| text.parse().expect("a number"))
}

#[expect(clippy::disallowed_methods, reason = "whoever replays a schedule says so by hand")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
