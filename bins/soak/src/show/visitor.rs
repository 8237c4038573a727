//! A client of one node that asks for products and minds their versions.

use std::{collections::BTreeMap, net::SocketAddr};

use anyhow::{Context, Result, ensure};

use crate::{
    cluster::Cluster,
    http::{Connection, Question},
    node::Node,
    scan,
    scene::path_of,
};

/// Ids of one batch.
const BATCH: usize = 500;

/// A kept connection to one node.
#[derive(Debug)]
pub(super) struct Visitor {
    address: SocketAddr,
    connection: Connection,
}

impl Visitor {
    /// A visitor of a node that is up; nothing is connected yet.
    pub(super) fn of(node: &Node) -> Result<Self> {
        Ok(Self { address: node.address().context("the node is down")?, connection: Connection::default() })
    }

    /// Whether it visits this node.
    pub(super) fn is_of(&self, node: &Node) -> bool {
        node.address() == Some(self.address)
    }

    /// The version in which the node shows a product.
    pub(super) async fn version(&mut self, product: i64) -> Result<i64> {
        let path = path_of(product);
        let question = Question { method: "GET", path: &path, headers: "", body: "" };
        let answer = self.connection.ask(self.address, &question).await?;
        let body = self.connection.body(&answer);
        ensure!(answer.status == 200, "GET {path}: {} {}", answer.status, String::from_utf8_lossy(body));
        scan::products(body).first().map(|(_, version)| *version).context("an answer without a product")
    }

    /// The versions in which the node shows all of these.
    pub(super) async fn versions(&mut self, products: &[i64]) -> Result<BTreeMap<i64, i64>> {
        let mut versions = BTreeMap::new();
        for ids in products.chunks(BATCH) {
            let body = format!("[{}]", ids.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
            let question = Question { method: "POST", path: "/api/v1/products/batch", headers: "", body: &body };
            let answer = self.connection.ask(self.address, &question).await?;
            ensure!(answer.status == 200, "a batch: {}", answer.status);
            versions.extend(scan::products(self.connection.body(&answer)));
        }
        Ok(versions)
    }
}

/// Over all nodes, how many of the products are shown in another version than the database has.
pub(super) async fn differences(cluster: &Cluster, truth: &BTreeMap<i64, i64>) -> Result<usize> {
    let ids: Vec<i64> = truth.keys().copied().collect();
    let mut different = 0;
    for node in &cluster.nodes {
        let shown = Visitor::of(node)?.versions(&ids).await?;
        different += truth.iter().filter(|(id, version)| shown.get(id) != Some(version)).count();
    }
    Ok(different)
}

/// What the database has: ids of published products, and their versions.
pub(super) async fn truth(client: &tokio_postgres::Client) -> Result<BTreeMap<i64, i64>> {
    let rows =
        client.query("SELECT id, version FROM products WHERE is_published", &[]).await.context("read products")?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
}
