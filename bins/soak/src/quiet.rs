//! The quiet point: nothing is wrong, nobody writes, and every node must have what the database has.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::{Context, Result};
use tokio::{task::JoinSet, time};

use crate::{
    checker::Asked,
    http::{Answer, Connection, Question},
    scan,
    scene::{CATEGORIES, Scene, headers, path_of_list},
};

/// What nodes get beyond the bound: for connections that have to be made anew.
const MORE_THAN_THE_BOUND: Duration = Duration::from_secs(2);

/// Ids of one batch.
const BATCH: usize = 500;

/// How often a question is repeated that failed.
const TRIES: usize = 5;

const PAUSE: Duration = Duration::from_millis(300);

/// Stops the writers, waits for the bound, and compares each product and list of each node with the database.
///
/// # Errors
/// When the database cannot be asked, or a node does not answer.
pub(crate) async fn compare(scene: &Scene, bound: Duration) -> Result<()> {
    let _quiet = scene.writing.write().await;
    time::sleep(bound + MORE_THAN_THE_BOUND).await;
    let mut drivers = JoinSet::new();
    let client = scene.cluster.connect(&mut drivers).await?;
    let rows = client.query("SELECT id, version, category FROM products WHERE is_published", &[]).await;
    let mut truth: BTreeMap<i64, (i64, String)> = BTreeMap::new();
    let mut lists: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for row in rows.context("read the products")? {
        truth.insert(row.get(0), (row.get(1), row.get(2)));
        lists.entry(row.get(2)).or_default().insert(row.get(0));
    }
    scene.checker().history.settle(&truth, scene.now());
    // What is gone must be gone everywhere.
    let ids: BTreeSet<i64> = truth.keys().copied().chain(scene.checker().history.products()).collect();
    let ids: Vec<i64> = ids.into_iter().collect();
    for node in 0..scene.cluster.nodes.len() {
        let mut connection = Connection::default();
        for ids in ids.chunks(BATCH) {
            compare_products(scene, &mut connection, node, ids, &truth).await?;
        }
        for category in CATEGORIES {
            let truth = lists.get(category).cloned().unwrap_or_default();
            compare_list(scene, &mut connection, node, category, &truth).await?;
        }
    }
    Ok(())
}

async fn compare_products(
    scene: &Scene,
    connection: &mut Connection,
    node: usize,
    ids: &[i64],
    truth: &BTreeMap<i64, (i64, String)>,
) -> Result<()> {
    let body = format!("[{}]", ids.iter().map(i64::to_string).collect::<Vec<_>>().join(","));
    let headers = headers(false, None);
    let question = Question { method: "POST", path: "/api/v1/products/batch", headers: &headers, body: &body };
    let (asked, answer) = insist(scene, connection, node, &question).await?;
    let shown: BTreeMap<i64, i64> = scan::products(connection.body(&answer)).into_iter().collect();
    let mut checker = scene.checker();
    for id in ids {
        checker.quiet(&asked, *id, shown.get(id).copied(), truth.get(id).map(|(version, _)| *version));
    }
    Ok(())
}

async fn compare_list(
    scene: &Scene,
    connection: &mut Connection,
    node: usize,
    category: &str,
    truth: &BTreeSet<i64>,
) -> Result<()> {
    let (path, headers) = (path_of_list(category), headers(false, None));
    let question = Question { method: "GET", path: &path, headers: &headers, body: "" };
    let (asked, answer) = insist(scene, connection, node, &question).await?;
    let listed: BTreeSet<i64> = scan::products(connection.body(&answer)).into_iter().map(|(id, _)| id).collect();
    scene.checker().quiet_list(&asked, category, &listed, truth);
    Ok(())
}

/// Asks until there is an answer; each failure is judged as any other.
async fn insist(
    scene: &Scene,
    connection: &mut Connection,
    node: usize,
    question: &Question<'_>,
) -> Result<(Asked, Answer)> {
    for _ in 0..TRIES {
        match scene.ask(connection, node, question).await {
            Some((asked, answer)) if answer.status == 200 => return Ok((asked, answer)),
            _ => time::sleep(PAUSE).await,
        }
    }
    anyhow::bail!("node {node} does not answer {} at a quiet point", question.path)
}
