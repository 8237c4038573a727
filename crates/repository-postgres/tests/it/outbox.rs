//! What of the outbox is PostgreSQL's own: statements, transactions, connections and plans. The rest is in the suite of the contract.

mod announcements;
mod plans;
mod relays;
mod tails;
mod upkeep;

use std::time::Duration;

use larder_repository::{Announced, Changed, Outbox, OutboxLimits, OutboxTail, Relayed, Take, Taker};
use larder_repository_postgres::PostgresOutbox;

use crate::databases::Migrated;

const MANY: usize = 100_000;
const FIRST: Taker = Taker([1; 16]);
const SECOND: Taker = Taker([2; 16]);
const FOREVER: OutboxLimits = OutboxLimits { retention: Duration::from_secs(3_600), max_pending: 1_000_000 };

/// A shared level that takes everything.
struct Server(Taker);

#[async_trait::async_trait]
impl Take for Server {
    async fn take(&self, _changes: &[Announced]) -> Option<Taker> {
        Some(self.0)
    }
}

/// A tail that has heard of everything so far.
async fn tail(shop: &Migrated) -> Box<dyn OutboxTail> {
    let mut tail = shop.outbox().tail().await.expect("a tail opens");
    tail.poll(MANY).await.expect("the poll answers");
    tail
}

async fn changes(tail: &mut Box<dyn OutboxTail>) -> Vec<Changed> {
    let polled = tail.poll(MANY).await.expect("the poll answers");
    polled.changes.expect("there is no gap").into_iter().map(|change| change.what).collect()
}

async fn relay(outbox: &PostgresOutbox, server: Taker) -> Relayed {
    outbox.relay(MANY, &Server(server)).await.expect("the relay answers")
}

async fn pending(outbox: &PostgresOutbox) -> u64 {
    outbox.status(MANY as u64).await.expect("the status answers").pending
}

/// So many products, by one statement that is announced as a change of everything.
async fn fill(shop: &Migrated, count: i32) {
    let insert = "INSERT INTO products (name, price, sku, category)
        SELECT 'Product ' || n, 1, 'S-' || n, 'tea' FROM generate_series(1, $1) AS n";
    shop.outsider().await.execute(insert, &[&count]).await.expect("inserted");
}
