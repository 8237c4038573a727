//! What operators see: `/metrics`, and the figures and warnings of `/health`.

use larder_test_support::Postgres;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, eventually, level},
    larder::{ADMIN_TOKEN, Larder, header, problem, run},
    tokens::new_token,
};

/// The value of a sample, by its name and labels.
fn sample(page: &str, name: &str) -> f64 {
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.and_then(|value| value.parse().ok()).expect(name)
}

async fn metrics(node: &Larder) -> String {
    let answer = node.get("/metrics").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert!(header(&answer, "content-type").starts_with("application/openmetrics-text"));
    answer.text().await.expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_for_admins_and_tell_of_loads_relay_and_samples() {
    let cluster = Cluster::start().await;
    let node = cluster.node_set(&[("LARDER__CACHE__SAMPLES_PER_SECOND", "50")]).hears(true).await;
    problem(node.get("/metrics").send().await.expect("an answer"), 401).await;
    let settings = cluster.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let made = run(node.folder.path(), &["token", "new", "--name", "ann", "--role", "writer"], &settings);
    let writer = String::from_utf8(made.stdout).expect("text");
    problem(node.get("/metrics").bearer_auth(writer.trim()).send().await.expect("an answer"), 403).await;

    level(&node, cluster.ids[0]).await;
    cluster.set_price(cluster.ids[0], "77.25").await;
    eventually("it is relayed and sampled", async || {
        level(&node, cluster.ids[0]).await;
        let page = metrics(&node).await;
        sample(&page, "larder_outbox_relayed_total") >= 1.0 && sample(&page, "larder_samples_total") >= 1.0
    })
    .await;
    let page = metrics(&node).await;
    assert!(page.contains("larder_cache_loads_total{cache=\"product\",outcome="), "{page}");
    assert!(sample(&page, "larder_cache_load_duration_seconds_count{cache=\"product\",outcome=\"loaded\"}") >= 1.0);
    assert!(page.ends_with("# EOF\n"));
    assert!(sample(&page, "larder_feed_age_seconds") < 1.0);
    assert!(sample(&page, "larder_backplane_age_seconds") < 1.0);
    for (name, expected) in [
        ("larder_outbox_pending", 0.0),
        ("larder_outbox_oldest_pending_seconds", 0.0),
        ("larder_outbox_collapsed_total", 0.0),
        ("larder_feed_reachable", 1.0),
        ("larder_samples_stale_total{level=\"l1\"}", 0.0),
        ("larder_samples_stale_per_million{level=\"l2\"}", 0.0),
    ] {
        assert!((sample(&page, name) - expected).abs() < 1e-9, "{name} in {page}");
    }
    assert!(sample(&page, "larder_outbox_lag_seconds{quantile=\"0.99\"}") > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn health_tells_how_the_node_hears_and_what_is_only_a_warning() {
    let server = Postgres::shared().await.expect("a server");
    let cluster = Cluster::start_with(server, &["--maxmemory", "1", "--maxmemory-policy", "noeviction"]).await;
    let node = cluster.node().await;
    let health = async || -> Value {
        let answer = node.get("/health").send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.json().await.expect("JSON")
    };
    eventually("the full memory is found", async || !health().await["warnings"].as_array().expect("a list").is_empty())
        .await;
    let health = health().await;
    assert_eq!(health["status"], "healthy", "{health}");
    assert!(health["warnings"][0].as_str().is_some_and(|text| text.contains("noeviction")), "{health}");
    node.log.wait_for("noeviction");
    let detail = &health["parts"]["coherence"]["detail"];
    assert_eq!(detail["feed"]["reachable"], json!(true), "{health}");
    assert!(detail["backplane"]["heard_ago_ms"].as_u64().is_some_and(|ago| ago < 1_000), "{health}");
    assert_eq!(detail["outbox"]["pending"], json!(0), "{health}");
    for (part, figure) in [("relay", "lag_p99_ms"), ("relay", "collapsed"), ("sampler", "stale_per_million_l1")] {
        assert!(detail[part][figure].is_number(), "{part}.{figure} in {health}");
    }
}

#[tokio::test]
async fn a_node_without_cache_has_no_coherence_and_keeps_the_outbox_short_all_the_same() {
    // The demo products were announced, and nobody will ever take that.
    let larder = Larder::start(&[("LARDER__CACHE__LEVELS", "none"), ("LARDER__CACHE__OUTBOX_RETENTION_MS", "10000")]);
    let file = rusqlite::Connection::open(larder.folder.path().join("data/larder.db")).expect("opens");
    let rows = || file.query_row("SELECT count(*) FROM outbox", [], |row| row.get::<_, i64>(0)).expect("is counted");
    eventually("what is old leaves the outbox", async || rows() == 0).await;
    let health: Value = larder.get("/health").send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&health["status"], &health["warnings"]), (&json!("healthy"), &json!([])));
    assert!(health["parts"]["coherence"].is_null());
}

#[tokio::test]
async fn requests_pool_and_process_are_among_the_figures() {
    let larder = Larder::start(&[("LARDER__SERVER__WORKERS", "2")]);
    for (path, times) in [("/api/v1/products/1", 3), ("/api/v1/products/999999", 2), ("/nowhere", 1)] {
        for _ in 0..times {
            larder.get(path).send().await.expect("an answer");
        }
    }
    // A token that has to be looked up first: the route is found only after that.
    let reader = new_token(larder.folder.path(), "ann", "reader");
    larder.get("/api/v1/products/1/adjustments").bearer_auth(&reader).send().await.expect("an answer");
    let page = metrics(&larder).await;
    for (labels, count) in [
        (r#"{route="/api/v1/products/{id}/adjustments",method="GET",status="405"}"#, 1.0),
        (r#"{route="/api/v1/products/{id}",method="GET",status="200"}"#, 3.0),
        (r#"{route="/api/v1/products/{id}",method="GET",status="404"}"#, 2.0),
        (r#"{route="unmatched",method="GET",status="404"}"#, 1.0),
    ] {
        let found = sample(&page, &format!("larder_http_requests_total{labels}"));
        assert!((found - count).abs() < 1e-9, "{labels} in {page}");
    }
    let duration = "larder_http_request_duration_seconds";
    let route = r#"route="/api/v1/products/{id}",method="GET""#;
    for name in [format!("{duration}_count{{{route}}}"), format!("{duration}_bucket{{le=\"+Inf\",{route}}}")] {
        assert!((sample(&page, &name) - 5.0).abs() < 1e-9, "{name} in {page}");
    }
    assert!(sample(&page, &format!("{duration}_sum{{{route}}}")) > 0.0);
    assert!((sample(&page, "larder_http_requests_in_flight") - 1.0).abs() < 1e-9, "the scrape itself");
    for name in [
        "larder_pool_connections{state=\"idle\"}",
        "larder_pool_max_connections",
        "larder_pool_waits_total",
        "larder_cache_load_budget{cache=\"product\"}",
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_start_time_seconds",
    ] {
        assert!(sample(&page, name) > 0.0, "{name} in {page}");
    }
    for name in [
        "larder_pool_wait_seconds_total",
        "larder_pool_longest_wait_seconds",
        "larder_pool_waiting",
        "larder_cache_hit_ratio{cache=\"product\"}",
        "larder_cache_loads_waiting{cache=\"product\"}",
        "process_cpu_seconds_total",
        concat!("larder_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"),
    ] {
        assert!(sample(&page, name) >= 0.0, "{name} in {page}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn health_judges_the_hit_ratio_of_the_last_minute_once_there_is_traffic() {
    let larder = Larder::start(&[]).hears(false).await;
    let health =
        async || -> Value { larder.get("/health").send().await.expect("an answer").json().await.expect("JSON") };
    let judged = async |judgement: &str| {
        eventually(judgement, async || health().await["hit_ratio"]["judgement"] == judgement).await;
        health().await
    };
    let quiet = judged("too_little_traffic").await;
    assert_eq!(quiet["warnings"], json!([]), "{quiet}");
    // Ids that are not there, each asked for once: the database is asked each time.
    let missing: Vec<i64> = (1_000_000..1_001_000).collect();
    larder.request(Method::POST, "/api/v1/products/batch").json(&missing).send().await.expect("an answer");
    let low = judged("low").await;
    assert_eq!(low["status"], "healthy", "a warning only");
    assert!(low["warnings"][0].as_str().is_some_and(|text| text.contains("above 70 % is healthy")), "{low}");
    for _ in 0..5 {
        larder.request(Method::POST, "/api/v1/products/batch").json(&missing).send().await.expect("an answer");
    }
    let healthy = judged("healthy").await;
    assert_eq!(healthy["warnings"], json!([]), "{healthy}");
    assert!(healthy["hit_ratio"]["ratio"].as_f64() > Some(0.7), "{healthy}");
}
