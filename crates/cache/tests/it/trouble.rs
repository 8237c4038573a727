//! L2 in trouble is a miss: it costs its deadline until the breaker opens, fails no request, and heals without a restart.

use std::time::Duration;

use larder_cache::{
    L2Options,
    Source::{L1, L2, Loader},
    testing::{Call, Fault},
};

use crate::scene::{L2_DEADLINE, Scene, TICK, graceless, settle};

fn many_rows(scene: &Scene) {
    (0..100).for_each(|key| scene.rows.set(key, "row".to_owned()));
}

#[tokio::test]
async fn a_hanging_l2_costs_a_read_its_deadline_until_the_breaker_opens_and_then_nothing() {
    let scene =
        Scene::with(L2Options { failures_to_open: 3, open_for: Duration::from_mins(1), ..L2Options::default() });
    many_rows(&scene);
    let cache = scene.names(graceless());
    scene.all_of_l2(Some(Fault::Hang));
    for key in 0..10 {
        let read = scene.read(&cache, key);
        let took = scene.pass_until_done(&read, L2_DEADLINE).await;
        assert_eq!(took, if key < 3 { L2_DEADLINE } else { Duration::ZERO }, "read {key}");
        assert_eq!(read.await.expect("no panic").expect("L2 fails no request").source, Loader);
    }
    scene.expect(&cache, 1, "row", L1).await;
    let statistics = cache.statistics();
    assert_eq!((statistics.l2.fetch.deadline, statistics.l2.fetch.breaker_open), (3, 7));
    assert_eq!(statistics.gauges.flights, 0);
}

#[tokio::test]
async fn callers_that_meet_a_hanging_l2_together_wait_for_it_together() {
    let scene = Scene::new();
    many_rows(&scene);
    let cache = scene.names(graceless());
    scene.all_of_l2(Some(Fault::Hang));
    let reads: Vec<_> = (0..60).map(|call| scene.read(&cache, call % 20)).collect();
    settle().await;
    scene.pass(L2_DEADLINE).await;
    for read in reads {
        assert!(read.is_finished(), "one deadline for all of them");
        assert_eq!(read.await.expect("no panic").expect("L2 fails no request").source, Loader);
    }
    assert_eq!(scene.rows.calls(), 20);
}

#[tokio::test]
async fn an_l2_that_hangs_does_not_keep_a_loaded_value_from_its_caller() {
    let scene = Scene::new();
    let cache = scene.names(graceless());
    scene.remote.set_fault(Call::Fill, Some(Fault::Hang));
    scene.expect(&cache, 1, "old", Loader).await;
    scene.expect(&cache, 1, "old", L1).await;
    assert_eq!(scene.remote.begun(Call::Fill), 1);
}

#[tokio::test]
async fn an_answer_within_the_deadline_is_taken_and_one_after_it_is_not() {
    let scene = Scene::new();
    scene.expect(&scene.names(graceless()), 1, "old", Loader).await;
    for (late, source) in [(L2_DEADLINE - TICK, L2), (L2_DEADLINE + TICK, Loader)] {
        let cache = scene.other_node().names(graceless());
        scene.remote.set_fault(Call::Fetch, Some(Fault::Delay(late)));
        let read = scene.read(&cache, 1);
        settle().await;
        scene.pass(L2_DEADLINE - TICK).await;
        scene.pass(TICK).await;
        assert!(read.is_finished(), "late by {late:?}");
        assert_eq!(read.await.expect("no panic").expect("L2 fails no request").source, source, "late by {late:?}");
    }
}

#[tokio::test]
async fn an_l2_that_is_absent_at_the_start_is_used_once_it_is_there() {
    let options = L2Options { failures_to_open: 2, open_for: Duration::from_secs(1), ..L2Options::default() };
    let scene = Scene::with(options);
    many_rows(&scene);
    scene.remote.set_fault(Call::Ping, Some(Fault::Fail));
    scene.all_of_l2(Some(Fault::Fail));
    assert!(scene.l2.ping().await.is_err(), "it can be told that L2 is absent");
    let cache = scene.names(graceless());
    for key in 0..5 {
        scene.expect(&cache, key, "row", Loader).await;
        scene.expect(&cache, key, "row", L1).await;
    }
    scene.remote.set_fault(Call::Ping, None);
    scene.all_of_l2(None);
    scene.pass(Duration::from_secs(1)).await;
    scene.expect(&cache, 50, "row", Loader).await;
    assert!(!cache.statistics().gauges.breaker_open && scene.l2.ping().await.is_ok());
    scene.expect(&scene.other_node().names(graceless()), 50, "row", L2).await;
}

#[tokio::test]
async fn what_is_not_ours_is_a_miss_and_overwritten() {
    let scene = Scene::new();
    scene.remote.put("names", "1", b"{\"name\":\"of somebody else\"}".as_slice(), Duration::from_mins(1));
    let cache = scene.names(graceless());
    scene.expect(&cache, 1, "old", Loader).await;
    assert_eq!(cache.statistics().l2_answers.garbage, 1);
    scene.expect(&scene.other_node().names(graceless()), 1, "old", L2).await;
}
