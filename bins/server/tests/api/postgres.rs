//! The same server over PostgreSQL: late, lost and found again, and with a schema from the future.

use larder_test_support::{Fault, FaultProxy, Postgres, TestDatabase};
use reqwest::Method;
use serde_json::{Value, json};
use tokio_postgres::NoTls;

use crate::{
    cluster::eventually,
    larder::{Larder, draft, header, problem, run, spawn},
};

const URL: &str = "LARDER__DATABASE__URL";

async fn database() -> TestDatabase {
    let server = Postgres::shared().await.expect("a server");
    server.fresh_database().await.expect("a database")
}

/// A database behind a proxy, and its address through that.
async fn database_behind_proxy() -> (TestDatabase, FaultProxy, String) {
    let server = Postgres::shared().await.expect("a server");
    let database = server.fresh_database().await.expect("a database");
    let proxy = FaultProxy::start(server.address()).expect("a proxy");
    let url = database.url_at(proxy.address());
    (database, proxy, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn products_live_in_postgres_as_well() {
    let database = database().await;
    let url = database.url();
    let settings = [(URL, url.as_str())];
    let folder = tempfile::tempdir().expect("a folder");
    let seeded = run(folder.path(), &["seed", "--products", "100"], &settings);
    assert!(seeded.status.success(), "{seeded:?}");

    let larder = Larder::start_in(folder, &settings);
    assert_eq!(larder.total().await, 100);
    let id = larder.create("PG-1", true).await;
    assert!(id > 100);
    let path = format!("/api/v1/products/{id}");
    let tag = header(&larder.get(&path).send().await.expect("an answer"), "etag").to_owned();
    let patch = larder.write(Method::PATCH, &path, &json!({ "price": 99.9 })).header("if-match", &tag);
    assert_eq!(patch.send().await.expect("an answer").status(), 200);
    let late = larder.write(Method::PATCH, &path, &json!({ "price": 1.5 })).header("if-match", &tag);
    problem(late.send().await.expect("an answer"), 412).await;
    let product: Value = larder.get(&path).send().await.expect("an answer").json().await.expect("JSON");
    assert_eq!(product["price"], json!(99.9));
    let again = larder.write(Method::POST, "/api/v1/products", &draft("PG-1")).send().await.expect("an answer");
    problem(again, 409).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_comes_late_is_waited_for() {
    let (_database, proxy, url) = database_behind_proxy().await;
    proxy.set(Fault::Refuse).await.expect("is set");
    let folder = tempfile::tempdir().expect("a folder");
    let child = spawn(folder.path(), &["serve"], &[(URL, url.as_str())]);
    child.log.wait_for("waiting for the database");
    proxy.set(Fault::None).await.expect("is set");
    child.log.wait_for("ready address=");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_database_is_503_until_it_is_back() {
    let (_database, proxy, url) = database_behind_proxy().await;
    let larder = Larder::start(&[(URL, url.as_str()), ("LARDER__CACHE__LEVELS", "none")]);
    let id = larder.create("LOST-1", true).await;
    let path = format!("/api/v1/products/{id}");
    proxy.set(Fault::Cut).await.expect("is set");
    for path in ["/readyz", path.as_str(), "/api/v1/products"] {
        let answer = larder.get(path).send().await.expect("an answer");
        assert_eq!(header(&answer, "retry-after"), "1", "{path}");
        problem(answer, 503).await;
    }
    let write = larder.write(Method::PATCH, &path, &json!({ "stock": 1 })).send().await.expect("an answer");
    problem(write, 503).await;
    let health = larder.get("/health").send().await.expect("an answer");
    assert_eq!(health.status(), 503);
    let health: Value = health.json().await.expect("JSON");
    assert_eq!((&health["status"], &health["parts"]["database"]["status"]), (&json!("down"), &json!("down")));
    assert_eq!(larder.get("/livez").send().await.expect("an answer").status(), 200);

    proxy.set(Fault::None).await.expect("is set");
    for path in ["/readyz", path.as_str(), "/health"] {
        assert_eq!(larder.get(path).send().await.expect("an answer").status(), 200, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_from_the_future_is_refused() {
    let database = database().await;
    let url = database.url();
    let settings = [(URL, url.as_str())];
    let folder = tempfile::tempdir().expect("a folder");
    assert!(run(folder.path(), &["migrate"], &settings).status.success());
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("connects");
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(connection);
    let later = "INSERT INTO schema_migrations (number, name, checksum) VALUES (99, 'later', 0)";
    client.batch_execute(later).await.expect("is written");
    for arguments in [&["serve"][..], &["migrate"], &["seed", "--products", "1"]] {
        let mut child = spawn(folder.path(), arguments, &settings);
        assert_eq!(child.wait().code(), Some(1));
        child.log.wait_for("the schema is at migration 99, but this release knows only");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_migrations_at_once_apply_each_step_once() {
    let database = database().await;
    let url = database.url();
    crate::start::assert_ten_migrations_agree(&[(URL, url.as_str())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn dear_searches_leave_the_database_to_products_and_the_node_ready() {
    let database = database().await;
    let url = database.url();
    let larder = Larder::start(&[(URL, url.as_str()), ("LARDER__DATABASE__POOL_SIZE", "5")]).hears(false).await;
    let id = larder.create("BUSY-1", true).await;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.expect("connects");
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { drop(connection.await) });
    // Within a transaction what is seen of others does not change.
    let (watcher, connection) = tokio_postgres::connect(&url, NoTls).await.expect("connects");
    tasks.spawn(async move { drop(connection.await) });
    // No search ends before this is taken back.
    client.batch_execute("BEGIN; LOCK TABLE product_search").await.expect("locks");
    for number in 0..20 {
        let search = larder.get(&format!("/api/v1/products/search?query=word{number}"));
        tasks.spawn(async move { drop(search.send().await) });
    }
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
    eventually("searches wait in the database", async || {
        watcher.query_one(waiting, &[]).await.expect("an answer").get::<_, i64>(0) >= 2
    })
    .await;
    for path in ["/readyz".to_owned(), format!("/api/v1/products/{id}")] {
        assert_eq!(larder.get(&path).send().await.expect("an answer").status(), 200, "{path}");
    }

    // All connections taken by reads of products: it is busy, not away.
    client.batch_execute("ROLLBACK; BEGIN; LOCK TABLE products").await.expect("locks");
    for id in 1_000..1_010 {
        let read = larder.get(&format!("/api/v1/products/{id}"));
        tasks.spawn(async move { drop(read.send().await) });
    }
    eventually("no connection is left", async || {
        watcher.query_one(waiting, &[]).await.expect("an answer").get::<_, i64>(0) >= 5
    })
    .await;
    assert_eq!(larder.get("/readyz").send().await.expect("an answer").status(), 200);
    client.batch_execute("ROLLBACK").await.expect("taken back");
}
