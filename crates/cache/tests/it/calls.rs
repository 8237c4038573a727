//! What a call says of itself is kept: its options, the loads that it shares, the errors of its loader; and a broken sink costs it nothing.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use larder_cache::{
    Cache, CallOptions, Codec, CodecError, ErrorKind, Json, L2, L2Outcome, LoadOutcome, MetricsSink, Operation, Source,
    testing::{Call, CountingLoader, Fault, LoaderFault, ScriptedL2},
};

use crate::names::{Names, World, assert_read, nobody, patient, start, until};

/// Where a call that reads as usual, without loading, finds the row.
async fn place(cache: &Names, key: u64) -> Option<Source> {
    cache.get(&key).await.map(|found| found.source)
}

/// How often L2 was asked for anything that a read may ask of it.
fn asked_of_l2(world: &World) -> usize {
    [Call::Fetch, Call::Lease, Call::Fill, Call::Release].map(|call| world.remote.begun(call)).iter().sum()
}

#[tokio::test]
async fn a_call_that_skips_l1_neither_looks_nor_stores_there() {
    let world = World::new(&[]);
    let cache = world.node();
    let skip = CallOptions::new().skip_l1();
    let load = world.rows.load(1);
    assert_read(cache.get_or_load_with(&1, skip, load).await, "old", Source::Loader);
    world.remote.ended(Call::Fill, 1).await;
    assert_read(cache.get_or_load_with(&1, skip, nobody).await, "old", Source::L2);
    assert_eq!(cache.get_with(&1, skip).await.map(|found| found.source), Some(Source::L2));
    assert_eq!(place(&cache, 1).await, Some(Source::L2), "it was in L1");
    assert_eq!(place(&cache, 1).await, Some(Source::L1));
    assert_read(cache.get_or_load_with(&1, skip, nobody).await, "old", Source::L2);
}

#[tokio::test]
async fn a_call_that_skips_l2_asks_it_for_nothing_and_fills_l1() {
    let world = World::new(&[]);
    world.fill(&world.node(), 1).await;
    let (cache, skip) = (world.node(), CallOptions::new().skip_l2());
    world.change();
    let before = asked_of_l2(&world);
    assert_eq!(cache.get_with(&1, skip).await, None);
    assert_read(cache.get_or_load_with(&1, skip, world.rows.load(1)).await, "new", Source::Loader);
    assert_read(cache.get_or_load_with(&1, skip, nobody).await, "new", Source::L1);
    until(|| cache.statistics().gauges.flights == 0).await;
    assert_eq!(asked_of_l2(&world), before);
}

#[tokio::test]
async fn a_call_that_only_reads_stores_nothing_and_takes_no_lease() {
    let world = World::new(&[]);
    world.fill(&world.node(), 1).await;
    let (cache, read_only) = (world.node(), CallOptions::new().read_only());
    let (fills, leases) = (world.remote.begun(Call::Fill), world.remote.begun(Call::Lease));
    for _ in 0..2 {
        assert_read(cache.get_or_load_with(&1, read_only, nobody).await, "old", Source::L2);
        assert_eq!(cache.get_with(&1, read_only).await.map(|found| found.source), Some(Source::L2));
        assert_read(cache.get_or_load_with(&2, read_only, world.rows.load(2)).await, "old", Source::Loader);
    }
    assert_eq!(place(&cache, 2).await, None);
    assert_eq!((world.remote.begun(Call::Fill), world.remote.begun(Call::Lease)), (fills, leases));
}

#[tokio::test]
async fn a_forced_refresh_replaces_what_both_levels_hold_and_if_it_fails_that_stays() {
    let world = World::new(&[]);
    let (cache, force) = (world.node(), CallOptions::new().force_refresh());
    world.fill(&cache, 1).await;
    world.change();
    world.rows.set_fault(Some(LoaderFault::Fail));
    let failed = cache.get_or_load_with(&1, force, world.rows.load(1)).await.expect_err("the loader fails");
    assert_eq!(failed.kind(), ErrorKind::Load);
    assert_read(cache.get_or_load(&1, nobody).await, "old", Source::L1);
    assert_read(world.node().get_or_load(&1, nobody).await, "old", Source::L2);

    world.rows.set_fault(None);
    assert_read(cache.get_or_load_with(&1, force, world.rows.load(1)).await, "new", Source::Loader);
    assert_read(cache.get_or_load(&1, nobody).await, "new", Source::L1);
    world.remote.ended(Call::Fill, 2).await;
    assert_read(world.node().get_or_load(&1, nobody).await, "new", Source::L2);
}

#[tokio::test]
async fn a_batch_and_single_calls_share_their_loads() {
    let world = World::new(&[]);
    let cache = world.alone();
    let mut single = world.rows.hold_answer();
    let first = world.start(&cache, 1);
    single.reached().await;
    let mut many = world.rows.hold_answer();
    let (reader, load) = (cache.clone(), world.rows.load_many());
    let batch = start(async move { reader.get_or_load_many(&[1, 2, 3], load).await });
    many.reached().await;
    let reader = cache.clone();
    let joined = start(async move { reader.get_or_load(&3, nobody).await });
    // Opening either first must not matter: each waits for the other's load.
    many.open();
    assert_read(joined.await.expect("no panic"), "old", Source::Loader);
    assert!(!batch.is_finished());
    single.open();
    assert_read(first.await.expect("no panic"), "old", Source::Loader);
    assert_eq!(batch.await.expect("no panic").expect("loaded").len(), 3);
    assert_eq!(world.rows.asked(), [vec![1], vec![2, 3]]);
}

#[tokio::test]
async fn a_loader_may_fail_with_any_error() {
    let cache = World::new(&[]).alone();
    let number = || async { Ok::<_, anyhow::Error>("seven".parse::<u64>()?.to_string()) };
    let failed = cache.get_or_load(&1, number).await.expect_err("that is no number");
    assert_eq!(failed.kind(), ErrorKind::Load);
    assert_eq!(format!("{:#}", anyhow::Error::from(failed)), "the loader failed: invalid digit found in string");
    let boxed = || async { Err::<String, Box<dyn std::error::Error + Send + Sync>>("away".into()) };
    let failed = cache.get_or_load(&1, boxed).await.expect_err("it is away");
    assert_eq!(format!("{:#}", anyhow::Error::from(failed)), "the loader failed: away");
    let typed = || async { Err::<String, _>(std::io::Error::other("typed")) };
    let failed = cache.get_or_load(&1, typed).await.expect_err("it is away");
    assert!(failed.loader_error::<std::io::Error>().is_some());
}

/// A sink that panics whatever it hears.
#[derive(Debug)]
struct Broken;

impl MetricsSink for Broken {
    fn loaded(&self, _cache: &str, _outcome: LoadOutcome, _took: Duration) {
        std::panic::resume_unwind(Box::new("the sink of the test panics"));
    }

    fn l2(&self, _cache: &str, _operation: Operation, _outcome: L2Outcome, _took: Duration) {
        std::panic::resume_unwind(Box::new("the sink of the test panics"));
    }

    fn breaker(&self, _cache: &str, _open: bool) {
        std::panic::resume_unwind(Box::new("the sink of the test panics"));
    }
}

#[tokio::test]
async fn a_sink_that_panics_costs_no_answer_no_second_load_and_no_lease() {
    let (remote, rows) = (ScriptedL2::new(), CountingLoader::new([(1, "old".to_owned())]));
    let l2 = L2::new(Arc::<ScriptedL2>::clone(&remote)).expect("in a runtime");
    let builder = Cache::<u64, String>::builder("names").codec(Json).l2(&l2).options(patient());
    let cache = builder.metrics(Arc::new(Broken)).build().expect("the options work");
    let mut held = rows.hold_before();
    let reads: Vec<_> = (0..3)
        .map(|_| {
            let (cache, load) = (cache.clone(), rows.load(1));
            start(async move { cache.get_or_load(&1, load).await })
        })
        .collect();
    held.reached().await;
    held.open();
    for read in reads {
        assert_read(read.await.expect("no panic"), "old", Source::Loader);
    }
    until(|| cache.statistics().fills.stored == 1 && !remote.is_leased("names", "1")).await;
    assert_eq!((rows.calls(), cache.statistics().calls()), (1, 3));
    remote.set_fault(Call::Invalidate, Some(Fault::Fail));
    cache.invalidate(&1).await;
    assert_read(cache.get_or_load(&1, rows.load(1)).await, "old", Source::Loader);
}

/// A codec that panics when it encodes, and if it `weighs_ill` when it weighs.
#[derive(Debug)]
struct Panicking {
    weighs_ill: bool,
}

impl Codec<String> for Panicking {
    fn id(&self) -> u8 {
        1
    }

    fn encode(&self, _value: &String) -> Result<Bytes, CodecError> {
        std::panic::resume_unwind(Box::new("the codec of the test panics"))
    }

    fn decode(&self, _bytes: Bytes) -> Result<String, CodecError> {
        std::panic::resume_unwind(Box::new("the codec of the test panics"))
    }

    fn weight(&self, value: &String) -> usize {
        if self.weighs_ill {
            std::panic::resume_unwind(Box::new("the codec of the test panics"));
        }
        value.len()
    }
}

#[tokio::test]
async fn a_codec_that_panics_costs_no_answer_no_second_load_and_no_lease() {
    for (weighs_ill, filled) in [(false, false), (false, true), (true, false)] {
        let world = World::new(&[]);
        if filled {
            world.fill(&world.node(), 1).await;
        }
        let l2 = L2::new(Arc::<ScriptedL2>::clone(&world.remote)).expect("in a runtime");
        let cache = Names::builder("names").codec(Panicking { weighs_ill }).l2(&l2).options(patient()).build();
        let cache = cache.expect("the options work");
        let calls = world.rows.calls();
        let mut held = world.rows.hold_before();
        let reads = [world.start(&cache, 1), world.start(&cache, 1), world.start(&cache, 1)];
        held.reached().await;
        held.open();
        for read in reads {
            assert_read(read.await.expect("no panic"), "old", Source::Loader);
        }
        until(|| !world.remote.is_leased("names", "1")).await;
        assert_eq!((world.rows.calls() - calls, cache.statistics().gauges.flights), (1, 0));
        assert_eq!(place(&cache, 1).await.is_some(), !weighs_ill);
    }
}
