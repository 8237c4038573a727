//! Writers that go past every node, straight to the database.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use fastrand::Rng;
use tokio::{task::JoinSet, time};
use tokio_postgres::{Client, Row};

use crate::{
    history::{State, Ticket},
    scene::{CATEGORIES, Scene, one_of},
};

/// How long a writer waits before it connects anew.
const PAUSE: Duration = Duration::from_millis(100);

/// Changes products once per `period`, until it is dropped; connects again when the server was restarted.
pub(crate) async fn write(scene: Arc<Scene>, period: Duration, mut rng: Rng) {
    let mut drivers = JoinSet::new();
    loop {
        if let Ok(client) = scene.cluster.connect(&mut drivers).await {
            while !client.is_closed() {
                time::sleep(period).await;
                let _writing = scene.writing.read().await;
                let writer = Writer { scene: &scene, client: &client };
                // What went wrong went wrong with the connection, or is a deadlock, and changed nothing.
                drop(writer.change_something(&mut rng).await);
            }
        }
        time::sleep(PAUSE).await;
    }
}

struct Writer<'a> {
    scene: &'a Scene,
    client: &'a Client,
}

impl Writer<'_> {
    async fn change_something(&self, rng: &mut Rng) -> Result<()> {
        let (hot, mortal) = (one_of(rng, &self.scene.hot), one_of(rng, &self.scene.mortal));
        let category = one_of(rng, &CATEGORIES);
        let stock = rng.u32(..1_000);
        match rng.u32(..20) {
            0..2 => self.relocate(hot, category).await,
            2..5 => self.remove_or_make(mortal, category).await,
            5 => self.update(&format!("stock = {stock} WHERE id = {}", one_of(rng, &self.scene.cold))).await,
            6 => self.update(&format!("price = price + 1 WHERE category = '{category}'")).await,
            7..12 => self.update(&format!("price = {stock}.25 WHERE id = {hot}")).await,
            _ => self.update(&format!("stock = {stock} WHERE id = {hot}")).await,
        }
    }

    /// A change of what lists do not show.
    async fn update(&self, what: &str) -> Result<()> {
        let rows =
            self.client.query(&format!("UPDATE products SET {what} RETURNING id, version, category"), &[]).await?;
        self.commit(&rows);
        Ok(())
    }

    async fn relocate(&self, product: i64, category: &str) -> Result<()> {
        let statement =
            format!("UPDATE products SET category = '{category}' WHERE id = {product} RETURNING id, version, category");
        let ticket = self.scene.checker().history.begin(product, State::In(category.to_owned()));
        let rows = self.tracked(&statement, &ticket).await?;
        self.commit(&rows);
        self.scene.checker().history.end(&ticket);
        Ok(())
    }

    async fn remove_or_make(&self, product: i64, category: &str) -> Result<()> {
        let removal = self.scene.checker().history.begin(product, State::Gone);
        let statement = format!("DELETE FROM products WHERE id = {product} RETURNING version");
        let rows = self.tracked(&statement, &removal).await?;
        let now = self.scene.now();
        if let Some(row) = rows.first() {
            let mut checker = self.scene.checker();
            checker.tally.writes += 1;
            checker.history.commit(product, row.get(0), State::Gone, now);
        }
        self.scene.checker().history.end(&removal);
        if rows.is_empty() { self.make(product, category).await } else { Ok(()) }
    }

    async fn make(&self, product: i64, category: &str) -> Result<()> {
        let making = self.scene.checker().history.begin(product, State::In(category.to_owned()));
        // The other writer may be faster.
        let statement = format!(
            "INSERT INTO products (id, name, price, sku, category) \
             VALUES ({product}, 'made again', 1, 'soak-{product}', '{category}') \
             ON CONFLICT DO NOTHING RETURNING id, version, category"
        );
        let rows = self.tracked(&statement, &making).await?;
        self.commit(&rows);
        self.scene.checker().history.end(&making);
        Ok(())
    }

    /// Runs a statement that lists show. If it certainly failed, the change is taken back; else it stays possible.
    async fn tracked(&self, statement: &str, ticket: &Ticket) -> Result<Vec<Row>> {
        let outcome = self.client.query(statement, &[]).await;
        if outcome.as_ref().is_err_and(is_certain) {
            self.scene.checker().history.end(ticket);
        }
        outcome.with_context(|| format!("execute {statement}"))
    }

    /// Notes rows of id, version and category that have just been acknowledged.
    fn commit(&self, rows: &[Row]) {
        let now = self.scene.now();
        let mut checker = self.scene.checker();
        for row in rows {
            checker.tally.writes += 1;
            checker.history.commit(row.get(0), row.get(1), State::In(row.get(2)), now);
        }
    }
}

/// Whether the server said that nothing was changed. Of a server that is going down that is not certain.
fn is_certain(error: &tokio_postgres::Error) -> bool {
    error.code().is_some_and(|code| !code.code().starts_with("57"))
}
