//! Both cache levels as clients meet them: real processes over PostgreSQL and a Redis that comes and goes.

use std::{
    collections::HashSet,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use larder_test_support::{Postgres, PostgresOptions, PostgresServer, Redis, RedisOptions, TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::{task::JoinSet, time};
use tokio_postgres::NoTls;

use crate::larder::{Larder, PATIENCE, draft, header, run};

const MISS: &str = "larder; fwd=miss";
const L1: &str = "larder; hit; detail=l1";
const L2: &str = "larder; hit; detail=l2";
/// Between two looks at something that is to happen by itself.
const PAUSE: Duration = Duration::from_millis(20);
const PRODUCTS: &str = "500";

/// A seeded database and a Redis for as many nodes as a test wants.
struct Cluster {
    database: TestDatabase,
    redis: Redis,
    /// Ids of published products, which no cache has seen.
    ids: Vec<i64>,
}

impl Cluster {
    async fn start() -> Self {
        Self::start_over(Postgres::shared().await.expect("a server")).await
    }

    async fn start_over(server: &PostgresServer) -> Self {
        let database = server.fresh_database().await.expect("a database");
        let folder = tempfile::tempdir().expect("a folder");
        let url = [("LARDER__DATABASE__URL", database.url())];
        let settings = url.each_ref().map(|(name, value)| (*name, value.as_str()));
        let seeded = run(folder.path(), &["seed", "--products", PRODUCTS], &settings);
        assert!(seeded.status.success(), "{seeded:?}");
        let ids = query(&database, "SELECT id::text FROM products WHERE is_published ORDER BY id").await;
        let ids = ids.iter().map(|id| id.parse().expect("a number")).collect();
        let redis = Redis::start(RedisOptions::default()).await.expect("a Redis");
        Self { database, redis, ids }
    }

    fn node(&self) -> Larder {
        self.node_with("two-level")
    }

    fn node_with(&self, levels: &str) -> Larder {
        let (database, redis) = (self.database.url(), self.redis.url());
        Larder::start(&[
            ("LARDER__DATABASE__URL", &database),
            ("LARDER__DATABASE__POOL_SIZE", "5"),
            ("LARDER__REDIS__URL", &redis),
            ("LARDER__CACHE__LEVELS", levels),
        ])
    }

    /// Name of a product's value in Redis.
    fn value_name(id: i64) -> String {
        format!("{{larder.0}}v:product:{id}")
    }

    /// Waits until the fill of a product, which no caller waits for, is in Redis.
    async fn filled(&self, id: i64) {
        let name = Self::value_name(id);
        eventually("the product is in Redis", async || {
            self.redis.command::<u64>(&["EXISTS", &name]).await.expect("an answer") == 1
        })
        .await;
    }
}

/// The first column of what the database answers.
async fn query(database: &TestDatabase, statement: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.expect("connects");
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let rows = client.query(statement, &[]).await.expect("is answered");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Looks again and again until it is so.
async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let look = async {
        while !holds().await {
            time::sleep(PAUSE).await;
        }
    };
    time::timeout(PATIENCE, look).await.expect(what);
}

fn path(id: i64) -> String {
    format!("/api/v1/products/{id}")
}

/// The level that answered, and the product.
async fn read(node: &Larder, id: i64) -> (String, Value) {
    let answer = node.get(&path(id)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let status = header(&answer, "cache-status").to_owned();
    let product: Value = answer.json().await.expect("JSON");
    assert_eq!(product["id"], id);
    (status, product)
}

async fn level(node: &Larder, id: i64) -> String {
    read(node, id).await.0
}

async fn stop(mut node: Larder) {
    node.signal("TERM");
    assert!(node.wait().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_the_second_read_is_an_l1_hit() {
    let larder = Larder::start(&[]);
    assert_eq!(level(&larder, 122).await, MISS);
    assert_eq!(level(&larder, 122).await, L1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_level_answers_in_its_turn() {
    let cluster = Cluster::start().await;
    let id = cluster.ids[0];
    let first = cluster.node();
    let (status, product) = read(&first, id).await;
    assert_eq!(status, MISS);
    assert_eq!(read(&first, id).await, (L1.to_owned(), product.clone()));
    cluster.filled(id).await;
    stop(first).await;

    let again = cluster.node();
    assert_eq!(read(&again, id).await, (L2.to_owned(), product.clone()));
    assert_eq!(read(&again, id).await, (L1.to_owned(), product));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_seen_at_once_here_and_by_who_has_not_read_before() {
    let cluster = Cluster::start().await;
    let id = cluster.ids[0];
    let (writer, other) = (cluster.node(), cluster.node());
    level(&writer, id).await;
    cluster.filled(id).await;

    let patched = writer.write(Method::PATCH, &path(id), &json!({ "price": 77.25 })).send().await.expect("an answer");
    assert_eq!(patched.status(), 200);
    assert_eq!(read(&writer, id).await.1["price"], json!(77.25));
    cluster.filled(id).await;
    let (status, product) = read(&other, id).await;
    assert_eq!((status.as_str(), &product["price"]), (L2, &json!(77.25)));

    // What the other node holds in L1 is its own business until there is a backplane: a third one reads L2 or the database.
    let replaced = other.write(Method::PUT, &path(id), &draft("TWO-1")).send().await.expect("an answer");
    assert_eq!(replaced.status(), 200);
    assert_eq!(read(&other, id).await.1["sku"], "TWO-1");
    assert_eq!(read(&cluster.node(), id).await.1["sku"], "TWO-1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_created_product_is_in_the_lists_of_its_node_at_once() {
    let cluster = Cluster::start().await;
    let node = cluster.node();
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
    let (one, other, without_l1) = (cluster.node(), cluster.node(), cluster.node_with("l2"));
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
    let node = cluster.node();
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
    let first = cluster.node();
    let mut expected = Vec::new();
    for id in &cluster.ids[..6] {
        expected.push(read(&first, *id).await.1);
        cluster.filled(*id).await;
    }
    let names: Vec<_> = cluster.ids[..6].iter().map(|id| Cluster::value_name(*id)).collect();
    for words in [
        vec!["SET", names[0].as_str(), "", "PX", "600000"],
        vec!["SET", &names[1], "{\"id\":1}", "PX", "600000"],
        vec!["SETRANGE", &names[2], "40", "flipped"],
        // A format version that is not known.
        vec!["SETRANGE", &names[3], "2", "\u{7f}"],
        vec!["DEL", &names[4]],
        vec!["RPUSH", &names[4], "a list"],
        vec!["APPEND", &names[5], "more"],
    ] {
        cluster.redis.command::<()>(&words).await.expect("is taken");
    }
    let second = cluster.node();
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
async fn a_thousand_requests_for_one_cold_product_cost_one_query_over_two_nodes() {
    let preload = ("shared_preload_libraries".to_owned(), "pg_stat_statements".to_owned());
    let postgres = Postgres::start(PostgresOptions { settings: vec![preload], ..PostgresOptions::default() }).await;
    let postgres = postgres.expect("a server");
    let cluster = Cluster::start_over(&postgres).await;
    let nodes = [cluster.node(), cluster.node()];
    query(&cluster.database, "CREATE EXTENSION pg_stat_statements").await;
    query(&cluster.database, "SELECT pg_stat_statements_reset()::text").await;

    allow_many_sockets();
    let id = cluster.ids[0];
    let mut requests = JoinSet::new();
    for node in &nodes {
        for _ in 0..500 {
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
