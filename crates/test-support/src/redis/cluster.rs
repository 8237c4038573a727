//! Three masters of a Redis Cluster, with or without a replica each.

use anyhow::{Context, Result, bail};

use super::{Redis, fresh_password, sentinel::until, words};
use crate::port::free_port;

/// Slots of every cluster.
const SLOTS: usize = 16_384;

const MASTERS: usize = 3;

/// Keys of a slot that are moved at once.
const KEYS_MOVED: &str = "100";

/// A private Redis Cluster of three masters that share all slots evenly.
///
/// Everything is gone when this value is dropped or when the process ends, however it ends.
#[derive(Debug)]
pub struct RedisCluster {
    /// The masters of the start, then the replica of each.
    nodes: Vec<Node>,
    password: String,
}

#[derive(Debug)]
struct Node {
    server: Redis,
    id: String,
    bus_port: String,
}

impl RedisCluster {
    /// Starts three masters, with a replica each if asked for, and waits until all know all: some seconds.
    ///
    /// # Errors
    /// When Redis is not installed, or one of them does not come up.
    pub async fn start(with_replicas: bool) -> Result<Self> {
        let password = fresh_password();
        let mut nodes = Vec::new();
        for _ in 0..if with_replicas { 2 * MASTERS } else { MASTERS } {
            nodes.push(Node::start(&password).await?);
        }
        let cluster = Self { nodes, password };
        cluster.share_the_slots().await?;
        cluster.meet().await?;
        cluster.follow().await?;
        until("the cluster to be whole", || cluster.is_whole()).await?;
        Ok(cluster)
    }

    /// `redis+cluster://` address, with all nodes in it.
    #[must_use]
    pub fn url(&self) -> String {
        let addresses: Vec<String> = self.nodes.iter().map(|node| node.server.address().to_string()).collect();
        format!("redis+cluster://:{}@{}", self.password, addresses.join(","))
    }

    /// The three that are masters at the start, then the replicas in the same order.
    #[must_use]
    pub fn servers(&self) -> Vec<&Redis> {
        self.nodes.iter().map(|node| &node.server).collect()
    }

    /// Which of [`servers`](Self::servers) is the master of a slot, as the first one that answers knows it.
    ///
    /// # Errors
    /// When none answers.
    pub async fn master_of(&self, slot: u16) -> Result<usize> {
        for node in &self.nodes {
            let Ok(table) = node.server.command::<String>(&["CLUSTER", "NODES"]).await else { continue };
            let id = table.lines().find(|line| serves(line, slot)).and_then(|line| line.split(' ').next());
            let id = id.with_context(|| format!("nobody serves slot {slot}"))?;
            return self.nodes.iter().position(|node| node.id == id).context("a node of this cluster");
        }
        bail!("no node of the cluster answers")
    }

    /// Begins to move a slot to another master: from now on that one is to have its new keys.
    ///
    /// # Errors
    /// When a node refuses.
    pub async fn begin_move(&self, slot: u16, to: usize) -> Result<()> {
        let (from, to, slot) = (self.node(self.master_of(slot).await?)?, self.node(to)?, slot.to_string());
        to.cluster(&["SETSLOT", &slot, "IMPORTING", &from.id]).await?;
        from.cluster(&["SETSLOT", &slot, "MIGRATING", &to.id]).await
    }

    /// Moves the keys of the slot, which may not be served meanwhile, and then the slot itself.
    ///
    /// # Errors
    /// When a node refuses.
    pub async fn finish_move(&self, slot: u16, to: usize) -> Result<()> {
        let (from, to, slot) = (self.node(self.master_of(slot).await?)?, self.node(to)?, slot.to_string());
        let port = to.server.port().to_string();
        loop {
            let keys = from.server.command(&["CLUSTER", "GETKEYSINSLOT", &slot, KEYS_MOVED]).await;
            let keys: Vec<String> = keys?;
            if keys.is_empty() {
                break;
            }
            let mut words = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "AUTH", &self.password, "KEYS"];
            words.extend(keys.iter().map(String::as_str));
            from.server.command::<String>(&words).await?;
        }
        to.cluster(&["SETSLOT", &slot, "NODE", &to.id]).await?;
        from.cluster(&["SETSLOT", &slot, "NODE", &to.id]).await
    }

    /// Makes the replica of a dead master take its place, and waits until it has, and the other masters know.
    ///
    /// # Errors
    /// When it was started without replicas, or nothing comes of it.
    pub async fn promote_replica_of(&self, master: usize) -> Result<()> {
        let replica = self.node(master + MASTERS).context("start the cluster with replicas")?;
        replica.cluster(&["FAILOVER", "TAKEOVER"]).await?;
        let others = self.nodes.iter().take(MASTERS).enumerate().filter(|(number, _)| *number != master);
        let others: Vec<&Node> = others.map(|(_, node)| node).collect();
        until("the replica to be known as master", || async {
            for node in &others {
                let table: String = node.server.command(&["CLUSTER", "NODES"]).await?;
                if !table.lines().any(|line| line.starts_with(&replica.id) && line.contains(" master ")) {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
    }

    fn node(&self, number: usize) -> Result<&Node> {
        self.nodes.get(number).with_context(|| format!("the cluster has no node {number}"))
    }

    async fn share_the_slots(&self) -> Result<()> {
        for (number, node) in self.nodes.iter().enumerate() {
            // Each its own, or they would have to settle who has the higher one.
            node.cluster(&["SET-CONFIG-EPOCH", &(number + 1).to_string()]).await?;
            if number < MASTERS {
                let (first, end) = (SLOTS * number / MASTERS, SLOTS * (number + 1) / MASTERS);
                node.cluster(&["ADDSLOTSRANGE", &first.to_string(), &(end - 1).to_string()]).await?;
            }
        }
        Ok(())
    }

    async fn meet(&self) -> Result<()> {
        for one in &self.nodes {
            for other in self.nodes.iter().filter(|other| other.id != one.id) {
                one.cluster(&["MEET", "127.0.0.1", &other.server.port().to_string(), &other.bus_port]).await?;
            }
        }
        until("the nodes to know each other", || async {
            let known = format!("cluster_known_nodes:{}\r\n", self.nodes.len());
            self.all_say(&["CLUSTER", "INFO"], &[&known, "cluster_state:ok"]).await
        })
        .await
    }

    async fn follow(&self) -> Result<()> {
        for (replica, master) in self.nodes.iter().skip(MASTERS).zip(&self.nodes) {
            until("the replica to follow", || async {
                replica.cluster(&["REPLICATE", &master.id]).await.map(|()| true)
            })
            .await?;
        }
        Ok(())
    }

    async fn is_whole(&self) -> Result<bool> {
        for replica in self.nodes.iter().skip(MASTERS) {
            let says: String = replica.server.command(&["INFO", "replication"]).await?;
            if !says.contains("master_link_status:up") {
                return Ok(false);
            }
        }
        for node in &self.nodes {
            let table: String = node.server.command(&["CLUSTER", "NODES"]).await?;
            let count = |role: &str| table.lines().filter(|line| line.contains(role)).count();
            if count("master ") != MASTERS || count("slave ") != self.nodes.len() - MASTERS {
                return Ok(false);
            }
        }
        self.all_say(&["CLUSTER", "INFO"], &["cluster_state:ok"]).await
    }

    async fn all_say(&self, question: &[&str], expected: &[&str]) -> Result<bool> {
        for node in &self.nodes {
            let answer: String = node.server.command(question).await?;
            if !expected.iter().all(|part| answer.contains(part)) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

impl Node {
    async fn start(password: &str) -> Result<Self> {
        let bus_port = free_port()?.to_string();
        let further = ["--cluster-enabled", "yes", "--cluster-node-timeout", "1000", "--cluster-port", &bus_port];
        let server = Redis::start_with(password.to_owned(), words(&further)).await?;
        let id = server.command(&["CLUSTER", "MYID"]).await?;
        Ok(Self { server, id, bus_port })
    }

    async fn cluster(&self, words: &[&str]) -> Result<()> {
        let words: Vec<&str> = ["CLUSTER"].iter().chain(words).copied().collect();
        self.server.command(&words).await
    }
}

/// Whether a line of `CLUSTER NODES` says that its node serves the slot.
fn serves(line: &str, slot: u16) -> bool {
    line.split(' ').skip(8).any(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        matches!((first.parse::<u16>(), last.parse::<u16>()), (Ok(first), Ok(last)) if (first..=last).contains(&slot))
    })
}
