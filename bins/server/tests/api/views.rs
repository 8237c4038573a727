//! Reads become popularity: on SQLite, and on PostgreSQL and Redis with two processes.

use larder_test_support::Postgres;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, eventually, path, stop},
    larder::{ADMIN_TOKEN, Larder, header},
};

const FLUSH: &str = "LARDER__VIEWS__FLUSH_MS";
const DRAIN: &str = "LARDER__VIEWS__DRAIN_MS";
const QUICK: [(&str, &str); 2] = [(FLUSH, "20"), (DRAIN, "60")];
/// Nothing is passed on before the process stops.
const AT_STOP: [(&str, &str); 2] = [(FLUSH, "60000"), (DRAIN, "3600000")];

/// Asks for a product so often.
async fn view(node: &Larder, id: i64, times: usize) {
    for _ in 0..times {
        assert_eq!(node.get(&path(id)).send().await.expect("an answer").status(), StatusCode::OK);
    }
}

/// Its popularity, by a question that does not count.
async fn popularity(node: &Larder, id: i64) -> i64 {
    let batch = node.request(Method::POST, "/api/v1/products/batch").json(&json!([id]));
    let batch: Value = batch.send().await.expect("an answer").json().await.expect("JSON");
    batch["products"][id.to_string()]["popularity"].as_i64().expect("a number")
}

async fn has(node: &Larder, id: i64, expected: i64) {
    eventually("its popularity has risen", async || popularity(node, id).await == expected).await;
}

/// A sample of `/metrics`; `None` if there is none.
async fn figure(node: &Larder, name: &str) -> Option<u64> {
    let page = node.get("/metrics").bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
    let page = page.text().await.expect("text");
    let value = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
    // Gauges have a point.
    value.map(|value| value.trim_end_matches(".0").parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_read_of_a_product_counts_and_nothing_else_does() {
    let node = Larder::start(&QUICK);
    let id = node.create("viewed", true).await;
    let hidden = node.create("hidden", false).await;
    assert_eq!(popularity(&node, id).await, 0);
    view(&node, id, 7).await;
    has(&node, id, 7).await;
    // A copy that is still good counts as well.
    let copy = node.get(&path(id)).send().await.expect("an answer");
    let tag = header(&copy, "etag").to_owned();
    let again = node.get(&path(id)).header("if-none-match", &tag).send().await.expect("an answer");
    assert!([StatusCode::NOT_MODIFIED, StatusCode::OK].contains(&again.status()));
    has(&node, id, 9).await;
    for request in [
        node.request(Method::HEAD, &path(id)),
        node.get("/api/v1/products"),
        node.get("/api/v1/products/popular"),
        node.get(&path(hidden)),
        node.get(&path(1 << 40)),
        node.get(&path(id)).header("if-none-match", "no tag"),
    ] {
        request.send().await.expect("an answer");
    }
    view(&node, id, 1).await;
    has(&node, id, 10).await;
    assert_eq!(figure(&node, "larder_views_drained_total").await, Some(10));
    let seen = node.get(&path(hidden)).bearer_auth(ADMIN_TOKEN).send().await.expect("an answer");
    assert_eq!(seen.json::<Value>().await.expect("JSON")["popularity"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_writes_what_was_counted() {
    let mut node = Larder::start(&AT_STOP);
    let id = node.create("viewed", true).await;
    view(&node, id, 20).await;
    assert_eq!(figure(&node, "larder_views_buffered").await, Some(20));
    node.signal("TERM");
    assert!(node.wait().success());
    node.log.wait_for("views passed on");
    let Larder { folder, .. } = node;
    let node = Larder::start_in(folder, &[]);
    assert_eq!(popularity(&node, id).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_not_counted_if_nobody_wants_them() {
    let node = Larder::start(&[&QUICK[..], &[("LARDER__VIEWS__ENABLED", "false")]].concat());
    assert_eq!(figure(&node, "larder_views_buffered").await, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_count_together_and_one_that_stops_leaves_its_views_to_the_other() {
    let cluster = Cluster::start_over(Postgres::shared().await.expect("a server")).await;
    let [one, another] = [cluster.node_set(&QUICK).hears(true).await, cluster.node_set(&QUICK).hears(true).await];
    let id = cluster.ids[0];
    let before = popularity(&one, id).await;
    tokio::join!(view(&one, id, 50), view(&another, id, 50));
    for node in [&one, &another] {
        has(node, id, before + 100).await;
    }
    let last = cluster.node_set(&AT_STOP).hears(true).await;
    view(&last, id, 30).await;
    stop(last).await;
    has(&one, id, before + 130).await;
    let mut flushed = 0;
    for node in [&one, &another] {
        flushed += figure(node, "larder_views_flushed_total").await.expect("a figure");
        assert_eq!(figure(node, "larder_views_lost_total").await, Some(0));
    }
    assert_eq!(flushed, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_loses_its_buffer_at_most() {
    let cluster = Cluster::start_over(Postgres::shared().await.expect("a server")).await;
    let id = cluster.ids[0];
    let slow = [(FLUSH, "20"), (DRAIN, "3600000")];
    let killed = cluster.node_set(&slow).hears(true).await;
    let before = popularity(&killed, id).await;
    view(&killed, id, 40).await;
    eventually("they are in Redis", async || figure(&killed, "larder_views_flushed_total").await == Some(40)).await;
    let mut killed = killed;
    killed.signal("KILL");
    killed.wait();
    let node = cluster.node_set(&QUICK).hears(true).await;
    has(&node, id, before + 40).await;
}
