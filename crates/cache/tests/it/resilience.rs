//! Each combination of trouble with a load and something stale to serve: the table of `docs/outcomes.md`, row by row.

use std::time::Duration;

use larder_cache::{
    CacheOptions, ErrorKind,
    Source::{L1, Loader, Stale},
    testing::{Call, Gate, LoaderFault},
};

use crate::scene::{Expected, Names, Reading, Scene, TTL, assert_answer, assert_nothing_left, graceful, settle};

const SOFT: Duration = Duration::from_millis(100);
const HARD: Duration = Duration::from_secs(1);
const QUEUE: Duration = Duration::from_millis(300);
const THROTTLE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trouble {
    SoftDeadline,
    HardDeadline,
    LoaderError,
    LoaderPanic,
    CallerGone,
    OverBudget,
}

use Trouble::{CallerGone, HardDeadline, LoaderError, LoaderPanic, OverBudget, SoftDeadline};

/// Where there is a value beyond its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Held {
    InL1,
    InL2,
    Nowhere,
}

use Held::{InL1, InL2, Nowhere};

struct Row {
    trouble: Trouble,
    held: Held,
    /// What the call that leads the load gets, and the one that joined it; `None` for the caller that went away.
    leader: Option<Expected>,
    waiter: Expected,
    /// How often the loader was called for all this.
    loads: usize,
    /// What the next read gets once the trouble is over, and whether it calls the loader.
    next: Expected,
    next_loads: usize,
}

const OLD: Expected = Ok((Some("old"), Stale));
const NEW: Expected = Ok((Some("new"), Loader));
const KEPT: Expected = Ok((Some("new"), L1));

fn row(trouble: Trouble, held: Held, answer: Expected, loads: usize, next: Expected, next_loads: usize) -> Row {
    let leader = (trouble != CallerGone).then_some(answer);
    Row { trouble, held, leader, waiter: answer, loads, next, next_loads }
}

fn table() -> Vec<Row> {
    vec![
        // trouble, held, answer, loader calls, next answer, its loader calls
        row(SoftDeadline, InL1, OLD, 1, KEPT, 0),
        row(SoftDeadline, InL2, OLD, 1, KEPT, 0),
        row(SoftDeadline, Nowhere, NEW, 1, KEPT, 0),
        row(HardDeadline, InL1, OLD, 1, OLD, 0),
        row(HardDeadline, InL2, OLD, 1, OLD, 0),
        row(HardDeadline, Nowhere, Err(ErrorKind::Deadline), 1, NEW, 1),
        row(LoaderError, InL1, OLD, 1, OLD, 0),
        row(LoaderError, InL2, OLD, 1, OLD, 0),
        row(LoaderError, Nowhere, Err(ErrorKind::Load), 1, NEW, 1),
        row(LoaderPanic, InL1, OLD, 1, OLD, 0),
        row(LoaderPanic, InL2, OLD, 1, OLD, 0),
        row(LoaderPanic, Nowhere, Err(ErrorKind::LoaderPanicked), 1, NEW, 1),
        row(CallerGone, InL1, NEW, 1, KEPT, 0),
        row(CallerGone, InL2, NEW, 1, KEPT, 0),
        row(CallerGone, Nowhere, NEW, 1, KEPT, 0),
        row(OverBudget, InL1, OLD, 0, OLD, 0),
        row(OverBudget, InL2, OLD, 0, OLD, 0),
        row(OverBudget, Nowhere, Err(ErrorKind::Overloaded), 0, NEW, 1),
    ]
}

#[tokio::test]
async fn every_trouble_with_a_load_has_its_documented_outcome() {
    for row in table() {
        check(&row).await;
    }
}

async fn check(row: &Row) {
    let name = format!("{:?} with a stale value {:?}", row.trouble, row.held);
    let scene = Scene::new();
    let cache = prepare(&scene, row).await;
    let before = (cache.statistics().calls(), scene.asked(1));
    let mut stage = Stage::set(&scene, &cache, row.trouble).await;

    let leader = scene.read(&cache, 1);
    settle().await;
    let waiter = scene.read(&cache, 1);
    settle().await;
    let at_once = row.trouble == OverBudget && row.held != Nowhere;
    assert_eq!((leader.is_finished(), waiter.is_finished()), (at_once, at_once), "before the trouble: {name}");
    stage.strike(&scene, &leader).await;
    let gone = leader.await;
    match row.leader {
        Some(expected) => assert_answer(&gone.expect("no panic"), expected, &name),
        None => assert!(gone.expect_err("it went away").is_cancelled(), "{name}"),
    }
    assert_answer(&waiter.await.expect("no panic"), row.waiter, &name);
    assert_eq!(scene.asked(1) - before.1, row.loads, "loader calls: {name}");

    let others = stage.end(&scene).await;
    let next = scene.read(&cache, 1).await.expect("no panic");
    assert_answer(&next, row.next, &format!("the next read after {name}"));
    settle().await;
    assert_eq!(scene.asked(1) - before.1, row.loads + row.next_loads, "loader calls with the next read: {name}");
    assert_nothing_left(&scene, &cache, before.0 + 3 + others, &name);

    // However it went: with the throttle over, the new value arrives.
    scene.pass(THROTTLE).await;
    let last = scene.read(&cache, 1).await.expect("no panic");
    let expected = if row.next == OLD { NEW } else { KEPT };
    assert_answer(&last, expected, &format!("the last read after {name}"));
}

/// A cache with something stale where the row wants it, over rows that have something new.
async fn prepare(scene: &Scene, row: &Row) -> Names {
    let options = CacheOptions {
        soft_deadline: (row.trouble == SoftDeadline).then_some(SOFT),
        load_deadline: HARD,
        load_queue_deadline: QUEUE,
        max_concurrent_loads: 1,
        grace_throttle: THROTTLE,
        ..graceful()
    };
    let cache = scene.names(options.clone());
    let filler = match row.held {
        InL1 => Some(cache.clone()),
        InL2 => Some(scene.other_node().names(options)),
        Nowhere => None,
    };
    if let Some(filler) = filler {
        scene.expect(&filler, 1, "old", Loader).await;
        scene.remote.ended(Call::Fill, 1).await;
    }
    scene.pass(TTL).await;
    scene.rows.set(1, "new".to_owned());
    cache
}

/// What makes the trouble of a row: the load stands at a gate, or another one has the only place.
struct Stage {
    trouble: Trouble,
    gate: Option<Gate>,
    crowd: Option<Reading>,
}

impl Stage {
    async fn set(scene: &Scene, cache: &Names, trouble: Trouble) -> Self {
        scene.rows.set_fault(match trouble {
            LoaderError => Some(LoaderFault::Fail),
            LoaderPanic => Some(LoaderFault::Panic),
            HardDeadline => Some(LoaderFault::Hang),
            SoftDeadline | CallerGone | OverBudget => None,
        });
        let mut gate = scene.rows.hold_before();
        let mut crowd = None;
        if trouble == OverBudget {
            crowd = Some(scene.read(cache, 2));
            gate.reached().await;
        }
        Self { trouble, gate: Some(gate), crowd }
    }

    /// Lets the trouble come, once both callers wait.
    async fn strike(&mut self, scene: &Scene, leader: &Reading) {
        match self.trouble {
            SoftDeadline => scene.pass(SOFT).await,
            HardDeadline => scene.pass(HARD).await,
            OverBudget => return scene.pass(QUEUE).await,
            LoaderError | LoaderPanic => {}
            CallerGone => leader.abort(),
        }
        settle().await;
        if self.trouble != SoftDeadline || !leader.is_finished() {
            self.gate.take().into_iter().for_each(Gate::open);
        }
    }

    /// Ends the trouble; answers how many other lookups there were.
    async fn end(self, scene: &Scene) -> u64 {
        scene.rows.set_fault(None);
        self.gate.into_iter().for_each(Gate::open);
        settle().await;
        let Some(crowd) = self.crowd else { return 0 };
        crowd.await.expect("no panic").expect("it has its place");
        1
    }
}
