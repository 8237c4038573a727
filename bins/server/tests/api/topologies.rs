//! Redis by Sentinel and Redis Cluster behind a node: shared as one server is, also after a failover.

use larder_test_support::{Postgres, RedisCluster, RedisSentinels};
use serde_json::json;

use crate::{
    cluster::{Cluster, L2, eventually, level, read},
    larder::Larder,
};

/// Two nodes share products over the Redis at `url`.
async fn sharing_nodes(cluster: &Cluster, url: &str) -> [Larder; 2] {
    let settings = [("LARDER__REDIS__URL", url)];
    let nodes = [cluster.node_set(&settings).hears(true).await, cluster.node_set(&settings).hears(true).await];
    assert_shares(cluster, &nodes, 0).await;
    nodes
}

/// What one has read is a hit in L2 for the other; begins with the product at `first`.
async fn assert_shares(cluster: &Cluster, [one, other]: &[Larder; 2], first: usize) {
    let unread = std::sync::Mutex::new(cluster.ids[first..].iter());
    eventually("the nodes share products", async || {
        let id = *unread.lock().expect("not poisoned").next().expect("enough products");
        level(one, id).await;
        level(other, id).await == L2
    })
    .await;
}

async fn assert_hear(cluster: &Cluster, nodes: &[Larder], price: f64) {
    for id in &cluster.ids[..5] {
        cluster.set_price(*id, &price.to_string()).await;
    }
    for node in nodes {
        for id in &cluster.ids[..5] {
            eventually("the change is seen", async || read(node, *id).await.1["price"] == json!(price)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_go_on_over_the_new_master_after_a_failover_of_sentinel() {
    let group = RedisSentinels::start().await.expect("a group");
    let cluster = Cluster::start_over(Postgres::shared().await.expect("a server")).await;
    let nodes = sharing_nodes(&cluster, &group.url()).await;
    assert_hear(&cluster, &nodes, 77.25).await;
    let (kept, replica) = (&cluster.ids[200..300], &group.servers()[1]);
    for id in kept {
        level(&nodes[0], *id).await;
    }
    let names: Vec<String> = kept.iter().map(|id| Cluster::value_name(*id)).chain(["{larder.0}m".into()]).collect();
    let exist: Vec<&str> = ["EXISTS"].into_iter().chain(names.iter().map(String::as_str)).collect();
    eventually("the replica has it, and the mark of the relay", async || {
        replica.command::<usize>(&exist).await.expect("an answer") == names.len()
    })
    .await;
    let old = nodes[1].coherence().await["server"].clone();
    group.servers()[0].kill().await.expect("is killed");
    assert_hear(&cluster, &nodes, 78.25).await;
    group.await_master(1).await.expect("is promoted");
    eventually("the new master is heard and believed", async || {
        let coherence = nodes[1].coherence().await;
        coherence["server"].is_string() && coherence["server"] != old && coherence["feed"]["believes_l2"] == true
    })
    .await;
    let unread = std::sync::Mutex::new(kept.iter());
    eventually("what the old one held is not lost", async || {
        let id = *unread.lock().expect("not poisoned").next().expect("enough products");
        level(&nodes[1], id).await == L2
    })
    .await;
    assert_shares(&cluster, &nodes, 100).await;
    assert_hear(&cluster, &nodes, 79.25).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_share_a_redis_cluster() {
    let redis = RedisCluster::start(false).await.expect("a cluster");
    let cluster = Cluster::start_over(Postgres::shared().await.expect("a server")).await;
    let nodes = sharing_nodes(&cluster, &redis.url()).await;
    assert_hear(&cluster, &nodes, 77.25).await;
}
