//! What operators see: `/metrics`, and the figures and warnings of `/health`.

use larder_test_support::Postgres;
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, eventually, level},
    larder::{ADMIN_TOKEN, Larder, header, problem, run},
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
    let larder = Larder::start(&[("LARDER__CACHE__LEVELS", "none")]);
    eventually("it looks after the outbox", async || metrics(&larder).await.contains("outbox_pending")).await;
    let health: Value = larder.get("/health").send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!((&health["status"], &health["warnings"]), (&json!("healthy"), &json!([])));
    assert!(health["parts"]["coherence"].is_null());
}
