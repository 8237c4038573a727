//! Nodes over one PostgreSQL and one Redis of their own, each link through a proxy if a test wants that.

use std::{net::SocketAddr, time::Duration};

use larder_test_support::{Fault, FaultProxy, Postgres, PostgresServer, Redis, RedisOptions, TestDatabase};
use serde_json::Value;
use tokio::{task::JoinSet, time};
use tokio_postgres::NoTls;

use crate::larder::{Larder, PATIENCE, header, run};

pub(crate) const MISS: &str = "larder; fwd=miss";
pub(crate) const L1: &str = "larder; hit; detail=l1";
pub(crate) const L2: &str = "larder; hit; detail=l2";
/// Between two looks at something that is to happen by itself.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);
pub(crate) const PRODUCTS: &str = "500";

const DATABASE: &str = "LARDER__DATABASE__URL";
const REDIS: &str = "LARDER__REDIS__URL";
const POOL_SIZE: (&str, &str) = ("LARDER__DATABASE__POOL_SIZE", "5");

/// A node, and its links to both servers.
pub(crate) struct Node {
    pub(crate) larder: Larder,
    postgres: FaultProxy,
    redis: FaultProxy,
}

impl Node {
    pub(crate) async fn postgres(&self, fault: Fault) {
        self.postgres.set(fault).await.expect("is set");
    }

    pub(crate) async fn redis(&self, fault: Fault) {
        self.redis.set(fault).await.expect("is set");
    }
}

/// A seeded database and a Redis for as many nodes as a test wants.
pub(crate) struct Cluster {
    pub(crate) database: TestDatabase,
    pub(crate) redis: Redis,
    postgres: SocketAddr,
    /// Ids of published products, which no cache has seen.
    pub(crate) ids: Vec<i64>,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        Self::start_over(Postgres::shared().await.expect("a server")).await
    }

    pub(crate) async fn start_over(server: &PostgresServer) -> Self {
        Self::start_with(server, &[]).await
    }

    /// With further arguments for Redis.
    pub(crate) async fn start_with(server: &PostgresServer, redis: &[&str]) -> Self {
        let database = server.fresh_database().await.expect("a database");
        let folder = tempfile::tempdir().expect("a folder");
        let url = [("LARDER__DATABASE__URL", database.url())];
        let settings = url.each_ref().map(|(name, value)| (*name, value.as_str()));
        let seeded = run(folder.path(), &["seed", "--products", PRODUCTS], &settings);
        assert!(seeded.status.success(), "{seeded:?}");
        let ids = query(&database, "SELECT id::text FROM products WHERE is_published ORDER BY id").await;
        let ids = ids.iter().map(|id| id.parse().expect("a number")).collect();
        let redis = Redis::start(RedisOptions { arguments: redis.iter().map(ToString::to_string).collect() }).await;
        Self { database, redis: redis.expect("a Redis"), postgres: server.address(), ids }
    }

    /// A node that hears of changes and believes Redis.
    pub(crate) async fn node(&self) -> Larder {
        self.node_with("two-level").await
    }

    pub(crate) async fn node_with(&self, levels: &str) -> Larder {
        self.node_set(&[("LARDER__CACHE__LEVELS", levels)]).hears(true).await
    }

    /// A node with further settings, for which nothing is waited.
    pub(crate) fn node_set(&self, settings: &[(&str, &str)]) -> Larder {
        let ours = self.settings();
        let ours = ours.iter().map(|(name, value)| (*name, value.as_str()));
        Larder::start(&ours.chain(settings.iter().copied()).collect::<Vec<_>>())
    }

    /// Where both servers are.
    pub(crate) fn settings(&self) -> [(&'static str, String); 3] {
        [(DATABASE, self.database.url()), (POOL_SIZE.0, POOL_SIZE.1.into()), (REDIS, self.redis.url())]
    }

    /// A node whose links can be cut.
    pub(crate) async fn linked_node(&self) -> Node {
        self.linked_node_set(&[]).await
    }

    /// One with further settings.
    pub(crate) async fn linked_node_set(&self, settings: &[(&str, &str)]) -> Node {
        let postgres = FaultProxy::start(self.postgres).expect("a proxy");
        let redis = FaultProxy::start(self.redis.address()).expect("a proxy");
        let urls = (self.database.url_at(postgres.address()), self.redis.url_at(redis.address()));
        let larder = Larder::start(&[&[(DATABASE, urls.0.as_str()), POOL_SIZE, (REDIS, &urls.1)], settings].concat());
        Node { larder: larder.hears(true).await, postgres, redis }
    }

    /// How many products the database has.
    pub(crate) async fn total(&self) -> u64 {
        query(&self.database, "SELECT count(*)::text FROM products").await[0].parse().expect("a number")
    }

    /// Changes a price as `psql` would.
    pub(crate) async fn set_price(&self, id: i64, price: &str) {
        query(&self.database, &format!("UPDATE products SET price = {price} WHERE id = {id} RETURNING id::text")).await;
    }

    /// Name of a product's value in Redis.
    pub(crate) fn value_name(id: i64) -> String {
        format!("{{larder.0}}v:product:{id}")
    }

    /// Waits until the fill of a product, which no caller waits for, is in Redis.
    pub(crate) async fn filled(&self, id: i64) {
        let name = Self::value_name(id);
        eventually("the product is in Redis", async || {
            self.redis.command::<u64>(&["EXISTS", &name]).await.expect("an answer") == 1
        })
        .await;
    }
}

/// The first column of what the database answers.
pub(crate) async fn query(database: &TestDatabase, statement: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(&database.url(), NoTls).await.expect("connects");
    let mut tasks = JoinSet::new();
    tasks.spawn(connection);
    let rows = client.query(statement, &[]).await.expect("is answered");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Looks again and again until it is so.
pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> bool) {
    let look = async {
        while !holds().await {
            time::sleep(PAUSE).await;
        }
    };
    time::timeout(PATIENCE, look).await.expect(what);
}

pub(crate) fn path(id: i64) -> String {
    format!("/api/v1/products/{id}")
}

/// The level that answered, and the product.
pub(crate) async fn read(node: &Larder, id: i64) -> (String, Value) {
    let answer = node.get(&path(id)).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let status = header(&answer, "cache-status").to_owned();
    let product: Value = answer.json().await.expect("JSON");
    assert_eq!(product["id"], id);
    (status, product)
}

pub(crate) async fn level(node: &Larder, id: i64) -> String {
    read(node, id).await.0
}

pub(crate) async fn stop(mut node: Larder) {
    node.signal("TERM");
    assert!(node.wait().success());
}
