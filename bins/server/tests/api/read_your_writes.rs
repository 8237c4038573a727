//! A client that has written sees its write on any node: a read with `Larder-Version` is never older than it.

use std::time::Duration;

use larder_test_support::Fault;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, L1, Node, eventually, level, path},
    larder::{ADMIN_TOKEN, Larder, draft, header, problem},
};

const TOKEN: &str = "larder-version";
/// So late that a node has not heard of a write when its client comes back, in each direction.
const LATE: Fault = Fault::Latency(Duration::from_millis(60));

async fn get(node: &Larder, path: &str, token: &str) -> Response {
    node.get(path).header(TOKEN, token).bearer_auth(ADMIN_TOKEN).send().await.expect("an answer")
}

async fn write(node: &Larder, method: Method, path: &str, body: &Value) -> (String, Response) {
    let answer = node.write(method, path, body).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{}", answer.status());
    let token = header(&answer, TOKEN).to_owned();
    assert!(!token.is_empty());
    (token, answer)
}

async fn json_of(answer: Response) -> Value {
    assert_eq!(answer.status(), 200);
    answer.json().await.expect("JSON")
}

/// A node that writes and two that are late to hear.
async fn nodes(cluster: &Cluster) -> (Larder, [Node; 2]) {
    let nodes = (cluster.node().await, [cluster.linked_node().await, cluster.linked_node().await]);
    for node in &nodes.1 {
        node.postgres(LATE).await;
        eventually("it keeps products in memory", async || level(&node.larder, cluster.ids[0]).await == L1).await;
    }
    nodes
}

/// Writes on the first node and reads with the token on the others, which have the old state in memory.
async fn assert_reads_its_writes(cluster: &Cluster, writer: &Larder, readers: &[&Larder], sku: &str) {
    let (made, answer) = write(writer, Method::POST, "/api/v1/products", &draft(sku)).await;
    let id = json_of_created(answer).await;
    for node in readers {
        let list = json_of(get(node, "/api/v1/products?size=3", &made).await).await;
        assert_eq!(list["products"][0]["id"], id, "in the list");
        // Now both the product and the absence of the next one are in memory.
        assert_eq!(json_of(get(node, &path(id), &made).await).await["id"], id);
        assert_eq!(node.get(&path(id + 1)).send().await.expect("an answer").status(), 404);
    }
    let (patched, _) = write(writer, Method::PATCH, &path(id), &json!({ "price": 77.25 })).await;
    for node in readers {
        assert_eq!(json_of(get(node, &path(id), &patched).await).await["price"], json!(77.25));
        let batch = node.request(Method::POST, "/api/v1/products/batch").header(TOKEN, &patched).json(&[id]);
        let batch = json_of(batch.send().await.expect("an answer")).await;
        assert_eq!(batch["products"][id.to_string()]["price"], json!(77.25));
    }
    let (second, answer) = write(writer, Method::POST, "/api/v1/products", &draft(&format!("{sku}-B"))).await;
    assert_eq!(json_of_created(answer).await, id + 1);
    for node in readers {
        assert_eq!(json_of(get(node, &path(id + 1), &second).await).await["id"], id + 1, "where absence was cached");
    }
    let adjustment = json!({ "stock": -1, "reason": "sold" });
    let (adjusted, _) = write(writer, Method::POST, &format!("{}/adjustments", path(id)), &adjustment).await;
    for node in readers {
        assert_eq!(json_of(get(node, &path(id), &adjusted).await).await["stock"], 9);
    }
    let (deleted, _) = write(writer, Method::DELETE, &path(id), &json!({})).await;
    let total = cluster.total().await;
    for node in readers {
        let absent = get(node, &path(id), &deleted).await;
        assert!(!header(&absent, "cache-status").is_empty());
        problem(absent, 404).await;
        assert_eq!(json_of(get(node, "/api/v1/products", &deleted).await).await["total"], total);
    }
}

async fn json_of_created(answer: Response) -> i64 {
    let made: Value = answer.json().await.expect("JSON");
    made["id"].as_i64().expect("an id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_is_seen_at_once_on_nodes_that_have_not_heard_of_it() {
    let cluster = Cluster::start().await;
    let (writer, [two, three]) = nodes(&cluster).await;
    assert_reads_its_writes(&cluster, &writer, &[&two.larder, &three.larder], "RYW-1").await;
    two.redis(Fault::Cut).await;
    three.redis(Fault::Hold).await;
    assert_reads_its_writes(&cluster, &writer, &[&two.larder, &three.larder], "RYW-2").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_never_gets_a_304_for_what_is_older() {
    let cluster = Cluster::start().await;
    let (writer, [late, _]) = nodes(&cluster).await;
    let (id, node) = (cluster.ids[0], &late.larder);
    let old = header(&node.get(&path(id)).send().await.expect("an answer"), "etag").to_owned();
    let (token, answer) = write(&writer, Method::PATCH, &path(id), &json!({ "price": 77.25 })).await;
    let new = header(&answer, "etag").to_owned();
    for (tag, status) in [(&old, 200), (&new, 304)] {
        let answer = node.get(&path(id)).header(TOKEN, &token).header("if-none-match", tag).send().await;
        let answer = answer.expect("an answer");
        assert_eq!((answer.status().as_u16(), header(&answer, "etag")), (status, new.as_str()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_a_token_gets_no_older_answer() {
    let cluster = Cluster::start().await;
    let (writer, node, id) = (cluster.node().await, cluster.linked_node().await, cluster.ids[0]);
    eventually("it is in memory", async || level(&node.larder, id).await == L1).await;
    node.postgres(Fault::Cut).await;
    node.redis(Fault::Cut).await;
    let (token, _) = write(&writer, Method::PATCH, &path(id), &json!({ "price": 77.25 })).await;
    assert_eq!(node.larder.get(&path(id)).send().await.expect("an answer").status(), 200);
    let refused = node.larder.get(&path(id)).header(TOKEN, &token).send().await.expect("an answer");
    problem(refused, 503).await;
    node.postgres(Fault::None).await;
    eventually("it is back", async || {
        let answer = node.larder.get(&path(id)).header(TOKEN, &token).send().await.expect("an answer");
        let is_back = answer.status() == 200;
        if is_back {
            assert_eq!(answer.json::<Value>().await.expect("JSON")["price"], json!(77.25));
        }
        is_back
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_token_is_400_and_several_are_all_kept() {
    let larder = Larder::start(&[]);
    let first = write(&larder, Method::PATCH, &path(122), &json!({ "price": 1.25 })).await.0;
    let second = write(&larder, Method::PATCH, &path(122), &json!({ "price": 2.25 })).await.0;
    for paths in [path(122), "/api/v1/products".into()] {
        let answer = get(&larder, &paths, &format!("{first}, {second}")).await;
        assert_eq!(answer.status(), 200);
        if paths == path(122) {
            assert_eq!(json_of(answer).await["price"], json!(2.25));
        }
        for wrong in ["", "yesterday", "1-2-3", "W/\"1\""] {
            let refused = problem(get(&larder, &paths, wrong).await, 400).await;
            assert_eq!(refused["errors"][0]["field"], "Larder-Version", "{wrong}");
        }
    }
    let none = Larder::start(&[("LARDER__CACHE__LEVELS", "none")]);
    let token = write(&none, Method::PATCH, &path(122), &json!({ "price": 3.25 })).await.0;
    assert_eq!(json_of(get(&none, &path(122), &token).await).await["price"], json!(3.25));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cache_loads_anew_for_who_has_a_token_only() {
    let larder = Larder::start(&[]);
    eventually("it is in memory", async || level(&larder, 122).await == L1).await;
    for (name, value) in [("cache-control", "no-cache"), ("cache-control", "max-age=0"), ("pragma", "no-cache")] {
        let anonymous = larder.get(&path(122)).header(name, value).send().await.expect("an answer");
        assert_eq!(header(&anonymous, "cache-status"), L1);
        let bearer = larder.get(&path(122)).bearer_auth(ADMIN_TOKEN).header(name, value).send().await;
        assert_eq!(header(&bearer.expect("an answer"), "cache-status"), "larder; fwd=request");
        let unknown = larder.get(&path(122)).bearer_auth("nobody").header(name, value).send().await;
        problem(unknown.expect("an answer"), 401).await;
    }
}
