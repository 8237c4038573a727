//! Two nodes over one real database: what anybody changes by SQL is seen by both.

use std::{sync::Arc, time::Duration};

use larder_cache::{L2, testing::ScriptedL2};
use larder_domain::ProductId;
use larder_repository::{Database, Freshness, Outbox, ProductRepository};
use larder_repository_cached::{CachedProducts, CachedProductsOptions, Sources};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresOutbox, PostgresProducts};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteOutbox, SqliteProducts};
use larder_test_support::{Postgres, Redis, TestDatabase};
use tokio::{runtime::Handle, time::Instant};
use tokio_postgres::NoTls;

use crate::{
    conformance::l2_at,
    scene::{believes, count, draft, l2_over, price, read, until},
};

/// Within this a change by SQL has to be seen everywhere.
const BOUND: Duration = Duration::from_secs(1);

fn node(inner: Arc<dyn ProductRepository>, outbox: Arc<dyn Outbox>, l2: L2) -> CachedProducts {
    let sources = Sources { l2: Some(l2), outbox: Some(outbox) };
    CachedProducts::new(inner, sources, &CachedProductsOptions::default(), Handle::current()).expect("valid options")
}

/// A file with two nodes, and a connection that is no node's.
struct Embedded {
    nodes: [CachedProducts; 2],
    sql: rusqlite::Connection,
    _folder: tempfile::TempDir,
}

impl Embedded {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("larder.db");
        let remote = ScriptedL2::new();
        remote.set_relayed(true);
        let mut nodes = Vec::new();
        for _ in 0..2 {
            let database = SqliteDatabase::open(SqliteOptions::new(file.clone())).expect("opens");
            database.migrate().await.expect("migrates");
            let (inner, outbox) = (SqliteProducts::new(&database), SqliteOutbox::new(&database));
            nodes.push(node(Arc::new(inner), Arc::new(outbox), l2_over(&remote)));
        }
        let sql = rusqlite::Connection::open(&file).expect("opens");
        sql.busy_timeout(Duration::from_secs(10)).expect("is set");
        Self { nodes: nodes.try_into().expect("two"), sql, _folder: folder }
    }
}

/// A database with two nodes over a real Redis, and a connection that is no node's.
struct Cluster {
    nodes: [CachedProducts; 2],
    sql: tokio_postgres::Client,
    _database: TestDatabase,
}

impl Cluster {
    async fn new() -> Self {
        let server = Postgres::shared().await.expect("a PostgreSQL");
        let home = server.fresh_database().await.expect("a database");
        let redis = Redis::shared().await.expect("a Redis");
        let namespace = redis.fresh_namespace();
        let mut nodes = Vec::new();
        for _ in 0..2 {
            let options = PostgresOptions { pool_size: 4, ..PostgresOptions::new(home.url()) };
            let database = PostgresDatabase::new(options).expect("a valid URL");
            database.migrate().await.expect("migrates");
            let (inner, outbox) = (PostgresProducts::new(&database), PostgresOutbox::new(&database));
            nodes.push(node(Arc::new(inner), Arc::new(outbox), l2_at(redis, &namespace)));
        }
        let (sql, connection) = tokio_postgres::connect(&home.url(), NoTls).await.expect("connects");
        drop(Handle::current().spawn(connection));
        Self { nodes: nodes.try_into().expect("two"), sql, _database: home }
    }

    async fn run(&self, statement: &str) {
        self.sql.batch_execute(statement).await.expect("is executed");
    }
}

/// Makes a product through the first node, and both nodes hot.
async fn warm(nodes: &[CachedProducts; 2]) -> ProductId {
    let written = nodes[0].create(&draft("S-1", "tea")).await.expect("is made");
    for node in nodes {
        believes(node).await;
        let freshness = Freshness::AtLeast(written.position);
        assert_eq!(read(node, written.id, freshness).await.0, Some(price(1_250)));
        assert_eq!(count(node, "tea", freshness).await, 1);
    }
    written.id
}

async fn see(nodes: &[CachedProducts; 2], since: Instant, id: ProductId, hundredths: Option<i64>) {
    for node in nodes {
        until("the change is seen", async || read(node, id, Freshness::Cached).await.0 == hundredths.map(price)).await;
    }
    assert!(since.elapsed() < BOUND, "seen after {:?}", since.elapsed());
}

async fn list(nodes: &[CachedProducts; 2], since: Instant, category: &str, expected: u64) {
    for node in nodes {
        until("the list is right", async || count(node, category, Freshness::Cached).await == expected).await;
    }
    assert!(since.elapsed() < BOUND, "seen after {:?}", since.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_from_outside_is_seen_by_every_node_over_sqlite() {
    let embedded = Embedded::new().await;
    let id = warm(&embedded.nodes).await;

    let changed_at = Instant::now();
    embedded.sql.execute("UPDATE products SET price = 990, category = 'cups'", []).expect("is executed");
    see(&embedded.nodes, changed_at, id, Some(990)).await;
    list(&embedded.nodes, changed_at, "tea", 0).await;
    list(&embedded.nodes, changed_at, "cups", 1).await;

    let removed_at = Instant::now();
    embedded.sql.execute("DELETE FROM products", []).expect("is executed");
    see(&embedded.nodes, removed_at, id, None).await;
    list(&embedded.nodes, removed_at, "cups", 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sql_from_outside_is_seen_by_every_node_over_postgres_and_redis() {
    let cluster = Cluster::new().await;
    let id = warm(&cluster.nodes).await;

    let changed_at = Instant::now();
    cluster.run("UPDATE products SET price = 9.90, category = 'cups'").await;
    see(&cluster.nodes, changed_at, id, Some(990)).await;
    list(&cluster.nodes, changed_at, "tea", 0).await;
    list(&cluster.nodes, changed_at, "cups", 1).await;

    let truncated_at = Instant::now();
    cluster.run("TRUNCATE products CASCADE").await;
    see(&cluster.nodes, truncated_at, id, None).await;
    list(&cluster.nodes, truncated_at, "cups", 0).await;
}

/// No read of this test goes to the database past the caches.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_reads_every_write_at_its_position_over_postgres_and_redis() {
    let cluster = Cluster::new().await;
    let id = warm(&cluster.nodes).await;
    for hundredths in 1..=50 {
        let patch = larder_domain::ProductPatch { price: Some(price(hundredths)), ..Default::default() };
        let change = larder_repository::ProductChange::Patch(patch);
        let writer = &cluster.nodes[usize::from(hundredths % 2 == 0)];
        let written = writer.update(id, &change, larder_repository::Precondition::None).await.expect("is changed");
        for node in &cluster.nodes {
            let seen = read(node, id, Freshness::AtLeast(written.position)).await;
            assert_eq!(seen.0, Some(price(hundredths)), "{seen:?}");
        }
    }
    for node in &cluster.nodes {
        believes(node).await;
        let status = node.coherence();
        assert_eq!((status.samples.stale_l1, status.samples.stale_l2), (0, 0));
        assert!(status.findings.is_empty(), "{:?}", status.findings);
    }
    let told: u64 = cluster.nodes.iter().map(|node| node.coherence().lag.count).sum();
    assert_eq!(told, 51, "each change once");
}
