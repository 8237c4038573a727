//! A node that hears nothing says so: what clients see while its links are cut, and afterwards.

use larder_test_support::Fault;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    cluster::{Cluster, L1, eventually, level, path, read},
    larder::{header, problem},
};

const UNCONFIRMED: &str = "larder; hit; detail=unconfirmed";
const STALE: &str = "larder; hit; detail=stale";

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_marked_while_the_database_cannot_confirm_it() {
    let cluster = Cluster::start().await;
    let (other, node) = (cluster.node().await, cluster.linked_node().await);
    let (id, list) = (cluster.ids[0], "/api/v1/products?size=2");
    eventually("it is in memory", async || level(&node.larder, id).await == L1).await;
    let listed: Value = node.larder.get(list).send().await.expect("an answer").json().await.expect("JSON");

    node.postgres(Fault::Cut).await;
    eventually("it is marked", async || level(&node.larder, id).await == UNCONFIRMED).await;
    let coherence = node.larder.coherence().await;
    assert_eq!(coherence["feed"]["reachable"], false, "{coherence}");
    let patch = other.write(Method::PATCH, &path(id), &json!({ "price": 77.25 }));
    assert_eq!(patch.send().await.expect("an answer").status(), 200);
    assert_eq!(read(&other, id).await.1["price"], json!(77.25));
    eventually("what others announce in Redis is heard", async || {
        let answer = node.larder.get(&path(id)).send().await.expect("an answer");
        // Between the two it is in no level, and the database is away.
        answer.status() == 200 && answer.json::<Value>().await.expect("JSON")["price"] == json!(77.25)
    })
    .await;

    node.redis(Fault::Cut).await;
    eventually("it is stale", async || level(&node.larder, id).await == STALE).await;
    let answer = node.larder.get(list).send().await.expect("an answer");
    assert_eq!((answer.status().as_u16(), header(&answer, "cache-status")), (200, STALE));
    let still: Value = answer.json().await.expect("JSON");
    assert_eq!(still["total"], listed["total"]);
    let cold = node.larder.get(&path(cluster.ids[9])).send().await.expect("an answer");
    problem(cold, 503).await;

    node.postgres(Fault::None).await;
    cluster.set_price(id, "78.25").await;
    eventually("it is fresh", async || read(&node.larder, id).await.1["price"] == json!(78.25)).await;
    node.redis(Fault::None).await;
    eventually("both are believed", async || node.larder.coherence().await["feed"]["believes_l2"] == true).await;
    eventually("it is in memory", async || level(&node.larder, id).await == L1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_dies_and_comes_back_empty_hides_no_change() {
    let cluster = Cluster::start().await;
    let nodes = [cluster.node().await, cluster.node().await];
    let ids = &cluster.ids[..10];
    for (change, price) in ["77.25", "78.25", "79.25"].iter().enumerate() {
        match change {
            1 => cluster.redis.kill().await.expect("is killed"),
            2 => cluster.redis.restart().await.expect("is back"),
            _ => {}
        }
        for id in ids {
            for node in &nodes {
                level(node, *id).await;
            }
            cluster.set_price(*id, price).await;
        }
        let price: Value = price.parse().expect("a number");
        for (node, id) in nodes.iter().flat_map(|node| ids.iter().map(move |id| (node, *id))) {
            eventually("the change is seen", async || read(node, id).await.1["price"] == price).await;
        }
    }
    for node in &nodes {
        eventually("Redis is believed again", async || node.coherence().await["feed"]["believes_l2"] == true).await;
    }
}

#[cfg(feature = "planted-mistakes")]
#[tokio::test(flavor = "multi_thread")]
async fn a_planted_mistake_reaches_the_caches() {
    let cluster = Cluster::start().await;
    let node = cluster.linked_node_set(&[("LARDER__CACHE__PLANTED_MISTAKES", "NoBound")]).await;
    let id = cluster.ids[0];
    eventually("it is in memory", async || level(&node.larder, id).await == L1).await;
    node.postgres(Fault::Cut).await;
    node.redis(Fault::Cut).await;
    eventually("it is deaf", async || node.larder.coherence().await["feed"]["reachable"] == false).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(level(&node.larder, id).await, L1, "as if it heard");
}
