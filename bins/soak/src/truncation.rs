//! TRUNCATE by SQL: everything is gone at once, and made again under the same ids a while later.

use std::time::Duration;

use anyhow::{Context, Result};
use tokio::{task::JoinSet, time};
use tokio_postgres::Client;

use crate::{history::State, scene::Scene};

/// Empties the table while nobody writes, and fills it again after `empty`, without the products of sessions.
///
/// # Errors
/// When the database refuses.
pub(crate) async fn truncate(scene: &Scene, empty: Duration) -> Result<()> {
    let _alone = scene.writing.write().await;
    let mut drivers = JoinSet::new();
    let client = scene.cluster.connect(&mut drivers).await?;
    let keep = "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT * FROM products WHERE sku NOT LIKE 'session-%'";
    client.batch_execute(keep).await.context("keep the products")?;
    remove_all(scene, &client).await?;
    time::sleep(empty).await;
    make_again(scene, &client).await
}

async fn remove_all(scene: &Scene, client: &Client) -> Result<()> {
    let present = scene.checker().begin_truncation();
    client.batch_execute("BEGIN; TRUNCATE products").await.context("truncate")?;
    // Above every version that is gone now, also of writes that nobody knows to have been committed.
    let rank = client.query_one("SELECT nextval('product_versions')", &[]).await.context("a version")?.get(0);
    client.batch_execute("COMMIT").await.context("commit the truncation")?;
    let now = scene.now();
    let mut checker = scene.checker();
    for (product, ticket) in &present {
        checker.history.commit(*product, rank, State::Gone, now);
        checker.history.end(ticket);
    }
    checker.tally.writes += 1;
    Ok(())
}

async fn make_again(scene: &Scene, client: &Client) -> Result<()> {
    let kept =
        client.query("SELECT id, category FROM kept WHERE is_published", &[]).await.context("read what was kept")?;
    let tickets = {
        let mut checker = scene.checker();
        kept.iter().map(|row| checker.history.begin(row.get(0), State::In(row.get(1)))).collect::<Vec<_>>()
    };
    let insert = "INSERT INTO products SELECT * FROM kept RETURNING id, version, category, is_published";
    let rows = client.query(insert, &[]).await.context("insert the products again")?;
    let now = scene.now();
    let mut checker = scene.checker();
    for row in rows.iter().filter(|row| row.get(3)) {
        checker.history.commit(row.get(0), row.get(1), State::In(row.get(2)), now);
    }
    tickets.iter().for_each(|ticket| checker.history.end(ticket));
    checker.tally.writes += 1;
    Ok(())
}
