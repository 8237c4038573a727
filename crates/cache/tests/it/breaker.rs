//! The breaker: an L2 that keeps failing is not asked; then exactly one probe is.

use std::time::Duration;

use larder_cache::{
    L2Options,
    Source::{L2, Loader},
    testing::{Call, Fault, Gate},
};

use crate::scene::{Names, Reading, Scene, TICK, graceless, settle};

const FAILURES: u32 = 3;
const OPEN_FOR: Duration = Duration::from_secs(2);

/// Two caches on one L2 that has just failed often enough.
async fn opened() -> (Scene, Names, Names) {
    let scene = Scene::with(L2Options { failures_to_open: FAILURES, open_for: OPEN_FOR, ..L2Options::default() });
    let (names, others) = (scene.names(graceless()), scene.cache("others", graceless()));
    for key in 0..200 {
        scene.rows.set(key, "row".to_owned());
    }
    scene.all_of_l2(Some(Fault::Fail));
    for key in 0..u64::from(FAILURES) {
        assert!(!names.statistics().gauges.breaker_open, "after {key} failures");
        scene.expect(&names, key, "row", Loader).await;
    }
    assert!(names.statistics().gauges.breaker_open);
    (scene, names, others)
}

/// Many callers at once, of which one is the probe; it stands before the gate.
async fn rush(scene: &Scene, caches: [&Names; 2]) -> (Gate, Vec<Reading>) {
    let mut probe = scene.remote.hold_before(Call::Fetch);
    let calls = (100..120).flat_map(|key| caches.map(|cache| scene.read(cache, key))).collect();
    probe.reached().await;
    settle().await;
    (probe, calls)
}

#[tokio::test]
async fn after_so_many_failures_in_a_row_l2_is_not_asked_whichever_cache_asks() {
    let (scene, names, others) = opened().await;
    let asked = scene.remote.calls().len();
    assert_eq!(asked, FAILURES as usize, "each failed read cost one question");
    scene.pass(OPEN_FOR - TICK).await;
    for key in 50..60 {
        scene.expect(&names, key, "row", Loader).await;
        scene.expect(&others, key, "row", Loader).await;
    }
    assert_eq!(scene.remote.calls().len(), asked);
    assert!(others.statistics().gauges.breaker_open && others.statistics().l2.fetch.breaker_open == 10);
}

#[tokio::test]
async fn one_success_between_failures_keeps_it_closed() {
    let scene = Scene::with(L2Options { failures_to_open: FAILURES, open_for: OPEN_FOR, ..L2Options::default() });
    let cache = scene.names(graceless());
    scene.rows.set(2, "row".to_owned());
    for round in 0..u64::from(FAILURES) * 2 {
        scene.remote.set_fault(Call::Fetch, (round % 2 == 0).then_some(Fault::Fail));
        cache.get(&2).await;
    }
    assert!(!cache.statistics().gauges.breaker_open);
}

#[tokio::test]
async fn of_many_callers_exactly_one_probes_and_its_success_closes() {
    let (scene, names, others) = opened().await;
    scene.all_of_l2(None);
    scene.pass(OPEN_FOR).await;
    let before = scene.remote.calls().len();
    let (probe, calls) = rush(&scene, [&names, &others]).await;
    assert_eq!(scene.remote.calls().len() - before, 1, "one probe of 40 callers");
    assert_eq!(calls.iter().filter(|call| !call.is_finished()).count(), 1, "nobody else waits for it");
    probe.open();
    for call in calls {
        assert_eq!(call.await.expect("no panic").expect("L2 fails no request").value.as_deref(), Some("row"));
    }
    settle().await;
    assert!(!names.statistics().gauges.breaker_open);
    // It is asked again, and has what the probe's caller loaded, and only that.
    let other = scene.other_node();
    let mut sources = Vec::new();
    for (name, key) in (100..120).flat_map(|key| [("names", key), ("others", key)]) {
        sources.push(other.cache(name, graceless()).get(&key).await.map(|found| found.source));
    }
    assert_eq!(sources.iter().flatten().collect::<Vec<_>>(), [&L2]);
}

#[tokio::test]
async fn a_failed_or_hanging_probe_opens_it_for_as_long_again() {
    for fault in [Fault::Fail, Fault::Hang] {
        let (scene, names, others) = opened().await;
        scene.all_of_l2(Some(fault));
        scene.pass(OPEN_FOR).await;
        let (probe, calls) = rush(&scene, [&names, &others]).await;
        probe.open();
        for call in calls {
            scene.pass_until_done(&call, Duration::from_secs(1)).await;
            assert_eq!(call.await.expect("no panic").expect("L2 fails no request").source, Loader);
        }
        let before = scene.remote.calls().len();
        scene.all_of_l2(None);
        scene.pass(OPEN_FOR - TICK).await;
        scene.expect(&names, 150, "row", Loader).await;
        assert_eq!(scene.remote.calls().len(), before, "still open: {fault:?}");
        scene.pass(TICK).await;
        scene.expect(&names, 151, "row", Loader).await;
        assert!(scene.remote.calls().len() > before && !names.statistics().gauges.breaker_open, "{fault:?}");
    }
}

#[tokio::test]
async fn a_probe_whose_caller_goes_away_does_not_hold_it_half_open() {
    let (scene, names, _others) = opened().await;
    scene.all_of_l2(None);
    scene.pass(OPEN_FOR).await;
    let mut probe = scene.remote.hold_before(Call::Fetch);
    let caller = scene.read(&names, 100);
    probe.reached().await;
    caller.abort();
    settle().await;
    scene.pass(OPEN_FOR).await;
    scene.expect(&names, 101, "row", Loader).await;
    assert!(!names.statistics().gauges.breaker_open);
}

#[tokio::test]
async fn callers_that_go_away_do_not_open_it() {
    let scene = Scene::with(L2Options { failures_to_open: FAILURES, open_for: OPEN_FOR, ..L2Options::default() });
    let names = scene.names(graceless());
    let mut gates: Vec<_> = (0..20).map(|_| scene.remote.hold_before(Call::Fetch)).collect();
    let callers: Vec<_> = (0..20).map(|key| scene.read(&names, key)).collect();
    for gate in &mut gates {
        gate.reached().await;
    }
    callers.iter().for_each(|caller| caller.abort());
    settle().await;
    assert!(!names.statistics().gauges.breaker_open);
}
