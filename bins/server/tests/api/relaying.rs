//! `larder relay`: tells Redis what the database announces, apart from the nodes.

use larder_test_support::{Fault, FaultProxy};
use serde_json::json;

use crate::{
    cluster::{Cluster, eventually, level, query, read},
    larder::{run, spawn},
};

const NO_RELAY: (&str, &str) = ("LARDER__CACHE__RELAY", "false");

impl Cluster {
    /// How many announced changes Redis has not taken.
    async fn pending(&self) -> u64 {
        let pending = query(&self.database, "SELECT count(*)::text FROM outbox WHERE taken_by IS NULL").await;
        pending[0].parse().expect("a number")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_relay_without_http_serves_all_nodes_and_a_killed_one_loses_nothing() {
    let cluster = Cluster::start().await;
    let settings = cluster.settings();
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).chain([NO_RELAY]).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let start = || {
        let relay = spawn(folder.path(), &["relay"], &settings);
        relay.log.wait_for("relaying");
        relay
    };
    let relay = start();
    let nodes = [cluster.node_set(&[NO_RELAY]).hears(true).await, cluster.node_set(&[NO_RELAY]).hears(true).await];
    for id in &cluster.ids[..20] {
        for node in &nodes {
            level(node, *id).await;
        }
    }
    cluster.set_price(cluster.ids[0], "77.25").await;
    eventually("Redis has taken it", async || cluster.pending().await == 0).await;
    drop(relay); // by SIGKILL
    for id in &cluster.ids[..20] {
        cluster.set_price(*id, "78.25").await;
    }
    for node in &nodes {
        for id in &cluster.ids[..20] {
            eventually("the nodes hear by themselves", async || read(node, *id).await.1["price"] == json!(78.25)).await;
        }
    }
    assert_eq!(cluster.pending().await, 20, "nobody relays");
    let mut relay = start();
    eventually("Redis has taken all of it", async || cluster.pending().await == 0).await;
    for node in &nodes {
        eventually("nothing is in doubt", async || node.coherence().await["feed"]["doubts"] == 0).await;
    }
    relay.signal("TERM");
    assert!(relay.wait().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_without_redis_or_database_fails_with_a_message() {
    let folder = tempfile::tempdir().expect("a folder");
    let no_redis = run(folder.path(), &["relay"], &[]);
    assert_eq!(no_redis.status.code(), Some(1));
    let said = String::from_utf8_lossy(&no_redis.stderr).into_owned();
    assert!(said.contains("larder: there is no Redis to relay to"), "{said}");
    assert!(!folder.path().join("data").exists(), "nothing is made");

    let closed = FaultProxy::start(([127, 0, 0, 1], 9).into()).expect("a proxy");
    closed.set(Fault::Refuse).await.expect("is set");
    let url = format!("postgres://ann@{}/shop", closed.address());
    let settings = [
        ("LARDER__DATABASE__URL", url.as_str()),
        ("LARDER__DATABASE__START_TIMEOUT_MS", "300"),
        ("LARDER__REDIS__URL", "redis://127.0.0.1:9"),
    ];
    let no_database = run(folder.path(), &["relay"], &settings);
    assert_eq!(no_database.status.code(), Some(1));
    let said = String::from_utf8_lossy(&no_database.stderr).into_owned();
    assert!(said.contains("larder: cannot prepare the database"), "{said}");
}
