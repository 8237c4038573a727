//! What of the outbox is SQLite's own: strangers' statements, replaced rows, waits. The rest is in the suite of the contract.

use std::time::Duration;

use larder_repository::{Announced, Aspects, Changed, Listing, Outbox, OutboxTail, Take, Taker};
use larder_repository_sqlite::{SqliteDatabase, SqliteOutbox};
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::{sync::Semaphore, time::timeout};

use crate::migrated;

const MANY: usize = 100_000;
const PATIENCE: Duration = Duration::from_secs(20);

/// An empty catalogue, a tail of it, and a stranger's connection to its file.
async fn with_a_stranger() -> (TempDir, SqliteDatabase, Box<dyn OutboxTail>, Connection) {
    let (folder, database) = migrated().await;
    let mut tail = SqliteOutbox::new(&database).tail().await.expect("a tail opens");
    tail.poll(MANY).await.expect("the poll answers");
    let stranger = Connection::open(folder.path().join("larder.db")).expect("the file opens");
    (folder, database, tail, stranger)
}

async fn changes(tail: &mut Box<dyn OutboxTail>) -> Vec<Changed> {
    let polled = tail.poll(MANY).await.expect("the poll answers");
    polled.changes.expect("there is no gap").into_iter().map(|change| change.what).collect()
}

fn insert(stranger: &Connection, count: u32) {
    let insert = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
        INSERT INTO products (name, price, sku, category) SELECT 'Tea', 1, 'S-' || n, 'tea' FROM n";
    stranger.execute(insert, [count]).expect("the insert is allowed");
}

fn category(listing: Option<&Listing>) -> Option<&str> {
    listing.map(|listing| listing.category.as_str())
}

#[tokio::test]
async fn a_strangers_update_tells_where_the_product_was_and_is() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    insert(&stranger, 1);
    changes(&mut tail).await;
    stranger.execute("UPDATE products SET category = 'cups'", []).expect("the update is allowed");
    let told = changes(&mut tail).await;
    let version: i64 = stranger.query_row("SELECT version FROM products", [], |row| row.get(0)).expect("a version");
    let [Changed::Product { id, version: told, before, after, .. }] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((id.get(), told.0), (1, version));
    assert_eq!((category(before.as_ref()), category(after.as_ref())), (Some("tea"), Some("cups")));
}

/// Pages are ordered by it: a product that moves in them counts as listed anew, and a price leaves its place alone.
#[tokio::test]
async fn a_product_that_is_dated_anew_is_announced_as_listed_elsewhere() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    insert(&stranger, 1);
    changes(&mut tail).await;
    for (change, is_moved) in [("created_at = created_at + 1000000", true), ("price = price + 1", false)] {
        stranger.execute(&format!("UPDATE products SET {change}"), []).expect("updated");
        let told = changes(&mut tail).await;
        let [Changed::Product { before, after, .. }] = &told[..] else { unreachable!("{told:?}") };
        assert_eq!(before != after, is_moved, "{change}");
    }
}

#[tokio::test]
async fn a_strangers_update_tells_what_it_touched() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    insert(&stranger, 1);
    changes(&mut tail).await;
    for (change, aspects) in [
        ("name = 'Green tea'", Aspects::TEXT),
        ("description = '绿茶', stock = 4", Aspects::TEXT | Aspects::STOCK),
        ("price = 2, sales = 0, rating = 499", Aspects::PRICE | Aspects::RATING),
        ("popularity = popularity + 1", Aspects::POPULARITY),
        ("brand = 'Brook', created_at = created_at + 1", Aspects::NONE),
    ] {
        stranger.execute(&format!("UPDATE products SET {change}"), []).expect("updated");
        let told = changes(&mut tail).await;
        let [Changed::Product { changed, .. }] = &told[..] else { unreachable!("{told:?}") };
        assert_eq!(*changed, aspects, "{change}");
    }
}

#[tokio::test]
async fn a_row_of_an_earlier_release_may_have_touched_anything() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    let row = "INSERT INTO outbox (product_id, version, after_category, after_featured, after_published)
        VALUES (1, 1, 'tea', 0, 1)";
    stranger.execute(row, []).expect("the insert is allowed");
    let told = changes(&mut tail).await;
    let [Changed::Product { changed, .. }] = &told[..] else { unreachable!("{told:?}") };
    assert_eq!(*changed, Aspects::ALL);
}

#[tokio::test]
async fn a_rollback_leaves_nothing() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    stranger.execute_batch("BEGIN").expect("begun");
    insert(&stranger, 1);
    stranger.execute_batch("ROLLBACK").expect("rolled back");
    assert_eq!(changes(&mut tail).await, []);
    insert(&stranger, 1);
    assert_eq!(changes(&mut tail).await.len(), 1);
}

#[tokio::test]
async fn a_statement_that_changes_very_many_products_is_a_change_of_everything() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    insert(&stranger, 20_000);
    assert_eq!(changes(&mut tail).await, [Changed::Everything]);
    for statement in ["UPDATE products SET stock = stock + 1", "DELETE FROM products"] {
        stranger.execute(statement, []).expect("it is allowed");
        assert_eq!(changes(&mut tail).await, [Changed::Everything], "{statement}");
    }
    let rows: i64 = stranger.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0)).expect("a count");
    assert!(rows <= 3, "{rows}");
}

#[tokio::test]
async fn up_to_a_thousand_products_are_told_one_by_one() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    insert(&stranger, 1_000);
    let told = changes(&mut tail).await;
    assert!(told.len() == 1_000 && !told.contains(&Changed::Everything), "{}", told.len());
}

#[tokio::test]
async fn what_a_replacement_removes_is_not_kept_quiet() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    insert(&stranger, 2);
    changes(&mut tail).await;
    for statement in [
        "REPLACE INTO products (name, price, sku, category) VALUES ('Cup', 1, 'S-1', 'cups')",
        "UPDATE OR REPLACE products SET sku = 'S-1' WHERE sku = 'S-2'",
    ] {
        stranger.execute(statement, []).expect("it is allowed");
        assert!(changes(&mut tail).await.contains(&Changed::Everything), "{statement}");
    }
}

#[tokio::test]
async fn a_wait_ends_when_a_stranger_commits() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    let (waited, ()) = tokio::join!(timeout(PATIENCE, tail.wait(PATIENCE * 2)), async { insert(&stranger, 1) });
    waited.expect("in time").expect("the file is there");
    assert_eq!(changes(&mut tail).await.len(), 1);
}

#[tokio::test]
async fn what_is_committed_before_a_wait_ends_it_at_once() {
    let (_folder, _database, mut tail, stranger) = with_a_stranger().await;
    insert(&stranger, 1);
    timeout(PATIENCE, tail.wait(PATIENCE * 2)).await.expect("in time").expect("the file is there");
    assert_eq!(changes(&mut tail).await.len(), 1);
}

/// A shared level that is asked, and does not answer before it is let.
struct Gate(Semaphore, Semaphore);

#[async_trait::async_trait]
impl Take for Gate {
    async fn take(&self, _changes: &[Announced]) -> Option<Taker> {
        self.0.add_permits(1);
        self.1.acquire().await.expect("never closed").forget();
        Some(Taker([1; 16]))
    }
}

#[tokio::test]
async fn writers_go_on_while_changes_are_told_and_what_the_old_server_took_is_not_marked() {
    let (_folder, database, _tail, stranger) = with_a_stranger().await;
    let (outbox, gate) = (SqliteOutbox::new(&database), Gate(Semaphore::new(0), Semaphore::new(0)));
    outbox.make_current(Taker([1; 16])).await.expect("the server is current");
    insert(&stranger, 3);
    let (relayed, ()) = tokio::join!(outbox.relay(MANY, &gate), async {
        gate.0.acquire().await.expect("never closed").forget();
        stranger.execute("UPDATE products SET stock = 1 WHERE id = 1", []).expect("nobody holds the file");
        outbox.make_current(Taker([2; 16])).await.expect("the server is current");
        gate.1.add_permits(1);
    });
    let relayed = relayed.expect("the relay answers");
    assert_eq!((relayed.claimed, relayed.marked), (3, false));
    assert_eq!(outbox.status(MANY as u64).await.expect("the status answers").pending, 4);
}
