//! What Prometheus reads is what the cache counted.

use std::{collections::BTreeMap, sync::Barrier};

use prometheus_client::encoding::text::encode;

use super::*;
use crate::statistics::{FillOutcome, Gauges, Invalidated, L2Answer, Outcome, Recorder};

/// Samples of a page by name and labels; fails if the page is not what the OpenMetrics text format allows.
fn parse(page: &str) -> BTreeMap<String, f64> {
    let body = page.strip_suffix("# EOF\n").expect("the page ends with EOF");
    let mut samples = BTreeMap::new();
    let mut families = Vec::new();
    for line in body.lines() {
        if let Some(comment) = line.strip_prefix("# TYPE ") {
            let (family, _) = comment.split_once(' ').expect("a type has a name");
            assert!(!families.contains(&family), "{family} is given twice");
            families.push(family);
        } else if !line.starts_with('#') {
            let (sample, value) = line.rsplit_once(' ').expect("a sample has a value");
            let family = families.last().expect("samples come after their type");
            assert!(sample.starts_with(family) && sample.ends_with('}'), "{line} within {family}");
            let value = value.parse().expect("a sample is a number");
            assert!(samples.insert(sample.to_owned(), value).is_none(), "{sample} is given twice");
        }
    }
    samples
}

fn scrape(registry: &Registry) -> BTreeMap<String, f64> {
    let mut page = String::new();
    encode(&mut page, registry).expect("writing to a string does not fail");
    parse(&page)
}

/// The sum over all samples of one cache whose name is `name`.
fn sum(samples: &BTreeMap<String, f64>, name: &str, cache: &str) -> f64 {
    let start = format!("{name}{{cache=\"{cache}\"");
    let of_family: Vec<f64> =
        samples.iter().filter(|(sample, _)| sample.starts_with(&start)).map(|(_, v)| *v).collect();
    assert!(!of_family.is_empty(), "{name} of {cache} is missing");
    of_family.iter().sum()
}

fn busy_recorder(seed: u64) -> Recorder {
    let recorder = Recorder::new();
    let mut random = fastrand::Rng::with_seed(seed);
    for _ in 0..500 {
        let mut some = |all: usize| random.usize(..all);
        recorder.lookup(Outcome::ALL[some(Outcome::ALL.len())]);
        recorder.l2(Operation::ALL[some(Operation::ALL.len())], L2Outcome::ALL[some(L2Outcome::ALL.len())]);
        recorder.l2_answer(L2Answer::ALL[some(L2Answer::ALL.len())]);
        recorder.fill(FillOutcome::ALL[some(FillOutcome::ALL.len())]);
        recorder.load(LoadOutcome::ALL[some(LoadOutcome::ALL.len())]);
        recorder.invalidated(Invalidated::ALL[some(Invalidated::ALL.len())], 3);
        recorder.l1_miss();
        recorder.l1_stale();
        recorder.refresh();
    }
    recorder
}

fn as_f64(count: u64) -> f64 {
    count as f64
}

#[test]
fn sums_of_the_page_equal_the_statistics_of_each_cache() {
    let mut registry = Registry::default();
    let metrics = PrometheusMetrics::new(&mut registry);
    let gauges = Gauges {
        l1_entries: 1,
        l1_bytes: 2,
        flights: 3,
        loads_in_progress: 4,
        loads_waiting: 6,
        load_budget: 7,
        queued_invalidations: 5,
        breaker_open: true,
    };
    let caches =
        [("products", 1), ("odd \"name\"\\", 2)].map(|(name, seed)| (name, busy_recorder(seed).snapshot(gauges)));
    for (name, statistics) in &caches {
        let statistics = statistics.clone();
        metrics.watch(name, move || statistics.clone());
    }

    let samples = scrape(&registry);
    for (name, cache) in ["products", r#"odd \"name\"\\"#].into_iter().zip(caches.map(|(_, statistics)| statistics)) {
        let sum = |family: &str| sum(&samples, &format!("larder_cache_{family}"), name);
        assert_eq!(sum("lookups_total"), as_f64(cache.calls()));
        assert_eq!(sum("l1_total"), as_f64(cache.l1.total()));
        assert_eq!(sum("l2_operations_total"), as_f64(cache.l2.total()));
        assert_eq!(sum("l2_answers_total"), as_f64(cache.l2_answers.total()));
        assert_eq!(sum("fills_total"), as_f64(cache.fills.total()));
        assert_eq!(sum("loads_total"), as_f64(cache.loads.total()));
        assert_eq!(sum("refreshes_total"), as_f64(cache.refreshes));
        assert_eq!(sum("invalidations_total"), as_f64(cache.invalidations.total()));
        assert_eq!(sum("l1_entries"), 1.0);
        assert_eq!(sum("l1_bytes"), 2.0);
        assert_eq!(sum("flights"), 3.0);
        assert_eq!(sum("loads_in_progress"), 4.0);
        assert_eq!(sum("loads_waiting"), 6.0);
        assert_eq!(sum("load_budget"), 7.0);
        assert_eq!(sum("queued_invalidations"), 5.0);
        assert_eq!(sum("breaker_open"), 1.0);
        for &operation in Operation::ALL {
            for &outcome in L2Outcome::ALL {
                let labels =
                    format!("cache=\"{name}\",operation=\"{}\",outcome=\"{}\"", operation.as_str(), outcome.as_str());
                let sample = samples[&format!("larder_cache_l2_operations_total{{{labels}}}")];
                assert_eq!(sample, as_f64(cache.l2.get(operation).get(outcome)), "{labels}");
            }
        }
    }
}

#[test]
fn durations_are_observed_by_outcome_and_what_was_not_asked_has_none() {
    let mut registry = Registry::default();
    let sink: Arc<dyn MetricsSink> = Arc::new(PrometheusMetrics::new(&mut registry));
    sink.loaded("a", LoadOutcome::Loaded, Duration::from_millis(250));
    sink.loaded("a", LoadOutcome::Loaded, Duration::from_millis(750));
    sink.loaded("b", LoadOutcome::Failed, Duration::from_secs(60));
    sink.l2("a", Operation::Fill, L2Outcome::Ok, Duration::from_micros(200));
    sink.l2("a", Operation::Fill, L2Outcome::BreakerOpen, Duration::ZERO);
    sink.breaker("a", true);
    sink.breaker("a", false);
    sink.breaker("a", true);

    let samples = scrape(&registry);
    let sample = |name: &str| samples[&format!("larder_cache_{name}")];
    assert_eq!(sample(r#"load_duration_seconds_sum{cache="a",outcome="loaded"}"#), 1.0);
    assert_eq!(sample(r#"load_duration_seconds_count{cache="a",outcome="loaded"}"#), 2.0);
    assert_eq!(sample(r#"load_duration_seconds_bucket{le="10.0",cache="b",outcome="failed"}"#), 0.0);
    assert_eq!(sample(r#"load_duration_seconds_bucket{le="+Inf",cache="b",outcome="failed"}"#), 1.0);
    assert_eq!(sample(r#"l2_operation_duration_seconds_count{cache="a",operation="fill",outcome="ok"}"#), 1.0);
    assert!(!samples.keys().any(|sample| sample.contains("breaker_open")));
    assert_eq!(sample(r#"breaker_transitions_total{cache="a",to="open"}"#), 2.0);
    assert_eq!(sample(r#"breaker_transitions_total{cache="a",to="closed"}"#), 1.0);
}

#[test]
fn watching_a_name_again_replaces_it_and_is_allowed_while_reading() {
    let mut registry = Registry::default();
    let metrics = Arc::new(PrometheusMetrics::new(&mut registry));
    let again = Arc::downgrade(&metrics);
    metrics.watch("a", move || {
        let metrics = again.upgrade().expect("the metrics outlive the scrape");
        metrics.watch("a", || busy_recorder(1).snapshot(Gauges::default()));
        Statistics::default()
    });
    assert_eq!(sum(&scrape(&registry), "larder_cache_lookups_total", "a"), 0.0);
    assert_eq!(sum(&scrape(&registry), "larder_cache_lookups_total", "a"), 500.0);
}

#[test]
fn scrapes_while_caches_record_do_not_deadlock_and_miss_nothing_in_the_end() {
    const ROUNDS: u32 = 2_000;
    let mut registry = Registry::default();
    let metrics = PrometheusMetrics::new(&mut registry);
    let recorder = Arc::new(Recorder::new());
    let watched = Arc::clone(&recorder);
    metrics.watch("a", move || watched.snapshot(Gauges::default()));
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                start.wait();
                for round in 0..ROUNDS {
                    recorder.load(LoadOutcome::Loaded);
                    metrics.loaded("a", LoadOutcome::Loaded, Duration::from_micros(u64::from(round)));
                    metrics.l2("a", Operation::Lease, L2Outcome::Failed, Duration::from_micros(u64::from(round)));
                    metrics.breaker("a", round % 2 == 0);
                }
            });
        }
        start.wait();
        let mut last = 0.0;
        for _ in 0..50 {
            let loads = sum(&scrape(&registry), "larder_cache_loads_total", "a");
            assert!(loads >= last, "a counter fell");
            last = loads;
        }
    });
    let samples = scrape(&registry);
    let all = f64::from(3 * ROUNDS);
    assert_eq!(sum(&samples, "larder_cache_loads_total", "a"), all);
    assert_eq!(sum(&samples, "larder_cache_load_duration_seconds_count", "a"), all);
    assert_eq!(sum(&samples, "larder_cache_l2_operation_duration_seconds_count", "a"), all);
    assert_eq!(sum(&samples, "larder_cache_breaker_transitions_total", "a"), all);
}
