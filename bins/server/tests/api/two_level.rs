//! Both cache levels as clients meet them: real processes over PostgreSQL and a Redis that comes and goes.

use std::{
    collections::HashSet,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use larder_test_support::{Postgres, PostgresOptions};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    cluster::{Cluster, L1, L2, MISS, eventually, level, path, query, read, stop},
    larder::{Larder, draft, header},
};

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_second_read_is_an_l1_hit() {
    let larder = Larder::start(&[]).hears(false).await;
    assert_eq!(level(&larder, 122).await, MISS);
    assert_eq!(level(&larder, 122).await, L1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_level_answers_in_its_turn() {
    let cluster = Cluster::start().await;
    let id = cluster.ids[0];
    let first = cluster.node().await;
    let (status, product) = read(&first, id).await;
    assert_eq!(status, MISS);
    assert_eq!(read(&first, id).await, (L1.to_owned(), product.clone()));
    cluster.filled(id).await;
    stop(first).await;

    let again = cluster.node().await;
    assert_eq!(read(&again, id).await, (L2.to_owned(), product.clone()));
    assert_eq!(read(&again, id).await, (L1.to_owned(), product));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen_at_once_here_and_soon_by_the_others() {
    let cluster = Cluster::start().await;
    let id = cluster.ids[0];
    let (writer, other) = (cluster.node().await, cluster.node().await);
    level(&writer, id).await;
    cluster.filled(id).await;

    let patched = writer.write(Method::PATCH, &path(id), &json!({ "price": 77.25 })).send().await.expect("an answer");
    assert_eq!(patched.status(), 200);
    assert_eq!(read(&writer, id).await.1["price"], json!(77.25));
    cluster.filled(id).await;
    let (status, product) = read(&other, id).await;
    assert_eq!((status.as_str(), &product["price"]), (L2, &json!(77.25)));

    let replaced = other.write(Method::PUT, &path(id), &draft("TWO-1")).send().await.expect("an answer");
    assert_eq!(replaced.status(), 200);
    assert_eq!(read(&other, id).await.1["sku"], "TWO-1");
    assert_eq!(read(&cluster.node().await, id).await.1["sku"], "TWO-1");
    eventually("the node that held it in memory hears of it", async || read(&writer, id).await.1["sku"] == "TWO-1")
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_product_is_in_the_lists_of_its_node_at_once() {
    let cluster = Cluster::start().await;
    let node = cluster.node().await;
    for number in 1..=5 {
        let before = node.total().await;
        let id = node.create(&format!("LISTED-{number}"), true).await;
        assert_eq!(node.total().await, before + 1);
        let list: Value = node.get("/api/v1/products").send().await.expect("an answer").json().await.expect("JSON");
        assert_eq!(list["products"][0]["id"], id);
    }
}

/// Readers that go on until they are told to stop, and count what they were refused.
struct Load {
    over: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    readers: JoinSet<Vec<String>>,
}

impl Load {
    fn start(node: &Larder, ids: &[i64]) -> Self {
        let (over, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut readers = JoinSet::new();
        for reader in 0..16 {
            let requests: Vec<_> = ids.iter().map(|id| node.get(&path(*id))).collect();
            let (over, answered) = (Arc::clone(&over), Arc::clone(&answered));
            readers.spawn(async move {
                let mut failures = Vec::new();
                for request in requests.iter().cycle().skip(reader * 3) {
                    if over.load(Ordering::SeqCst) {
                        break;
                    }
                    match request.try_clone().expect("has no body").send().await {
                        Ok(answer) if answer.status() == 200 => {}
                        Ok(answer) => failures.push(answer.status().to_string()),
                        Err(cause) => failures.push(cause.to_string()),
                    }
                    answered.fetch_add(1, Ordering::SeqCst);
                }
                failures
            });
        }
        Self { over, answered, readers }
    }

    /// Waits until each has answered some hundreds of requests more.
    async fn all_go_on(loads: &[Self]) {
        for load in loads {
            let goal = load.answered.load(Ordering::SeqCst) + 400;
            eventually("the load goes on", async || load.answered.load(Ordering::SeqCst) >= goal).await;
        }
    }

    async fn end(self) {
        self.over.store(true, Ordering::SeqCst);
        let failures = self.readers.join_all().await.concat();
        assert_eq!(failures, Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_dies_under_load_fails_no_request_and_is_used_again_once_it_is_back() {
    let cluster = Cluster::start().await;
    let (hot, cold) = cluster.ids.split_at(50);
    let (one, other, without_l1) = (cluster.node().await, cluster.node().await, cluster.node_with("l2").await);
    let loads = [Load::start(&one, hot), Load::start(&without_l1, hot)];
    cluster.filled(hot[0]).await;
    eventually("Redis answers", async || level(&without_l1, hot[0]).await == L2).await;

    cluster.redis.kill().await.expect("is killed");
    Load::all_go_on(&loads).await;
    for id in &cold[..20] {
        assert_eq!(level(&one, *id).await, MISS);
    }
    let patch = one.write(Method::PATCH, &path(cold[0]), &json!({ "price": 77.25 })).send().await.expect("an answer");
    assert_eq!(patch.status(), 200, "writes go on as well");
    assert_eq!(read(&one, cold[0]).await.1["price"], json!(77.25));
    assert_ne!(level(&without_l1, hot[0]).await, L2);

    cluster.redis.restart().await.expect("is back");
    Load::all_go_on(&loads).await;
    eventually("Redis answers again", async || level(&without_l1, hot[0]).await == L2).await;
    // A product is read first on one node, then on the other: only over Redis can that be a hit.
    let unread = Mutex::new(cold[20..].iter());
    eventually("the nodes share products again", async || {
        let id = *unread.lock().expect("not poisoned").next().expect("enough products");
        level(&one, id).await;
        level(&other, id).await == L2
    })
    .await;
    for load in loads {
        load.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_configured_redis_the_service_starts_and_answers() {
    let cluster = Cluster::start().await;
    cluster.redis.stop().await.expect("is stopped");
    let node = cluster.node_set(&[]).hears(false).await;
    let id = cluster.ids[0];
    assert_eq!(level(&node, id).await, MISS);
    assert_eq!(level(&node, id).await, L1);
    assert_eq!(node.get("/readyz").send().await.expect("an answer").status(), 200);
    let health = node.get("/health").send().await.expect("an answer");
    assert_eq!(health.status(), 200);
    let health: Value = health.json().await.expect("JSON");
    assert_eq!((&health["status"], &health["parts"]["redis"]["status"]), (&json!("degraded"), &json!("down")));

    cluster.redis.restart().await.expect("is there");
    eventually("the node sees it", async || {
        let health = node.get("/health").send().await.expect("an answer");
        health.json::<Value>().await.expect("JSON")["parts"]["redis"]["status"] == "up"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_in_redis_is_a_miss() {
    let cluster = Cluster::start().await;
    let first = cluster.node().await;
    let mut expected = Vec::new();
    for id in &cluster.ids[..6] {
        expected.push(read(&first, *id).await.1);
        cluster.filled(*id).await;
    }
    let names: Vec<_> = cluster.ids[..6].iter().map(|id| Cluster::value_name(*id)).collect();
    for words in [
        vec!["SET", names[0].as_str(), "", "PX", "600000"],
        vec!["SET", &names[1], "{\"id\":1}", "PX", "600000"],
        // Inside the frame, which begins at 57.
        vec!["SETRANGE", &names[2], "90", "flipped"],
        // A format version that is not known.
        vec!["SETRANGE", &names[3], "59", "\u{7f}"],
        vec!["DEL", &names[4]],
        vec!["RPUSH", &names[4], "a list"],
        vec!["APPEND", &names[5], "more"],
    ] {
        cluster.redis.command::<()>(&words).await.expect("is taken");
    }
    let second = cluster.node().await;
    for (id, expected) in cluster.ids.iter().zip(expected) {
        assert_eq!(read(&second, *id).await, (MISS.to_owned(), expected));
    }
}

/// Lifts a low soft limit of open files of this process, which is the client of all servers.
fn allow_many_sockets() {
    let lift = r#"[ "$(ulimit -n)" -ge 4096 ] || prlimit --pid $PPID --nofile=4096:"#;
    let status = Command::new("bash").args(["-c", lift]).status();
    assert!(status.expect("bash runs").success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_for_one_cold_product_cost_one_query_over_three_nodes() {
    let preload = ("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned());
    let postgres = Postgres::start(PostgresOptions { settings: vec![preload], ..PostgresOptions::default() }).await;
    let postgres = postgres.expect("a server");
    let cluster = Cluster::start_over(&postgres).await;
    // The sampler would ask as well.
    let node = || cluster.node_set(&[("LARDER__CACHE__SAMPLES_PER_SECOND", "0")]).hears(true);
    let nodes = [node().await, node().await, node().await];
    query(&cluster.database, "CREATE EXTENSION pg_stat_statements").await;
    query(&cluster.database, "SELECT pg_stat_statements_reset()::text").await;

    allow_many_sockets();
    let id = cluster.ids[0];
    let mut requests = JoinSet::new();
    for node in &nodes {
        for _ in 0..334 {
            let request = node.get(&path(id));
            requests.spawn(async move {
                let answer = request.send().await.expect("an answer");
                assert_eq!(answer.status(), 200);
                header(&answer, "cache-status").to_owned()
            });
        }
    }
    let statuses: HashSet<String> = requests.join_all().await.into_iter().collect();
    assert!(statuses.contains(MISS), "{statuses:?}");
    let reads = "SELECT calls::text FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid \
        WHERE d.datname = current_database() AND s.query ~* 'from products'";
    assert_eq!(query(&cluster.database, reads).await, ["1"]);
}
