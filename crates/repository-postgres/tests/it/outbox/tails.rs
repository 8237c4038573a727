//! What a tail hears of, and how soon.

use std::time::{Duration, Instant};

use larder_repository::{Changed, Database, ErrorKind, Outbox, ProductRepository};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions, PostgresOutbox, PostgresProducts};
use larder_test_support::{Fault, FaultProxy, Postgres, PostgresOptions as ServerOptions};
use tokio::time::timeout;
use tokio_postgres::Transaction;

use super::{MANY, changes, tail};
use crate::databases::{Migrated, PATIENCE, draft, refusal};

async fn insert(transaction: &Transaction<'_>, sku: &str) -> i64 {
    let insert = "INSERT INTO products (name, price, sku, category) VALUES ('Tea', 1, $1, 'tea') RETURNING id";
    transaction.query_one(insert, &[&sku]).await.expect("inserted").get(0)
}

fn ids(changes: &[Changed]) -> Vec<i64> {
    let id = |changed: &Changed| match changed {
        Changed::Product { id, .. } => Some(id.get()),
        Changed::Everything => None,
    };
    changes.iter().filter_map(id).collect()
}

#[tokio::test]
async fn a_transaction_that_commits_late_is_heard_of() {
    let shop = Migrated::new().await;
    let (mut first, mut second) = (shop.outsider().await, shop.outsider().await);
    let mut tail = tail(&shop).await;
    let early = first.transaction().await.expect("a transaction");
    let slow = insert(&early, "A").await;
    let late = second.transaction().await.expect("a transaction");
    let fast = insert(&late, "B").await;
    late.commit().await.expect("committed");
    assert_eq!(ids(&changes(&mut tail).await), [fast]);
    let after = shop.create(&draft("C")).await.id.get();
    assert_eq!(ids(&changes(&mut tail).await), [after]);
    early.commit().await.expect("committed");
    assert_eq!(ids(&changes(&mut tail).await), [slow], "its row has the lowest number");
    assert_eq!(changes(&mut tail).await, []);
}

#[tokio::test]
async fn a_position_is_heard_of_only_when_its_transaction_is() {
    let shop = Migrated::new().await;
    let mut outsider = shop.outsider().await;
    let mut tail = tail(&shop).await;
    let open = outsider.transaction().await.expect("a transaction");
    insert(&open, "A").await;
    let number = "SELECT pg_current_xact_id()::text::bigint, outbox_timeline()";
    let row = open.query_one(number, &[]).await.expect("a number");
    let position = larder_repository::Position {
        number: row.get::<_, i64>(0).cast_unsigned(),
        timeline: row.get::<_, i64>(1).cast_unsigned(),
    };
    let later = shop.products.create(&draft("B")).await.expect("create succeeds").position;
    let heard = tail.poll(MANY).await.expect("the poll answers").heard;
    assert!(heard.covers(later) && !heard.covers(position), "{heard:?} {position:?}");
    open.commit().await.expect("committed");
    assert!(tail.poll(MANY).await.expect("the poll answers").heard.covers(position));
}

#[tokio::test]
async fn a_commit_is_heard_within_milliseconds() {
    let shop = Migrated::new().await;
    let mut tail = tail(&shop).await;
    let mut fastest = PATIENCE;
    for round in 0..20 {
        shop.create(&draft(&format!("A-{round}"))).await;
        let committed = Instant::now();
        while changes(&mut tail).await.is_empty() {
            tail.wait(PATIENCE).await.expect("the connection lives");
        }
        fastest = fastest.min(committed.elapsed());
    }
    println!("heard within {fastest:?} at best");
    assert!(fastest < Duration::from_millis(100), "{fastest:?}");
}

#[tokio::test]
async fn a_poll_that_was_given_up_is_told_again() {
    let shop = Migrated::new().await;
    let mut tail = tail(&shop).await;
    let made = shop.create(&draft("A")).await;
    for polls in 1..20 {
        let mut poll = Box::pin(tail.poll(MANY));
        for _ in 0..polls % 4 {
            if futures_util::poll!(&mut poll).is_ready() {
                unreachable!("an answer takes a round trip");
            }
        }
    }
    assert_eq!(ids(&changes(&mut tail).await), [made.id.get()]);
}

#[tokio::test]
async fn a_tail_whose_network_falls_silent_gives_up() {
    let shop = Migrated::new().await;
    let proxy = FaultProxy::start(Postgres::shared().await.expect("a server").address()).expect("a proxy");
    let database = PostgresDatabase::new(PostgresOptions {
        statement_timeout: Duration::from_millis(100),
        connect_timeout: Duration::from_millis(500),
        ..PostgresOptions::new(shop.server_side.url_at(proxy.address()))
    })
    .expect("usable options");
    let outbox = PostgresOutbox::new(&database);
    let mut tail = outbox.tail().await.expect("a tail opens");
    tail.poll(MANY).await.expect("the poll answers");
    proxy.set(Fault::Drop).await.expect("silent");
    assert_eq!(refusal(timeout(PATIENCE, tail.poll(MANY)).await.expect("in time")), ErrorKind::Timeout);
    let opened = timeout(PATIENCE, outbox.tail()).await.expect("in time");
    assert_eq!(refusal(opened), ErrorKind::Unavailable);
}

#[tokio::test]
async fn after_a_restart_of_the_server_a_new_tail_works_and_the_timeline_goes_on() {
    let server = Postgres::start(ServerOptions::default()).await.expect("a server");
    let database =
        PostgresDatabase::new(PostgresOptions { pool_size: 2, ..PostgresOptions::new(server.url()) }).expect("usable");
    database.migrate().await.expect("migrates");
    let (outbox, products) = (PostgresOutbox::new(&database), PostgresProducts::new(&database));
    let mut old = outbox.tail().await.expect("a tail opens");
    let before = old.poll(MANY).await.expect("the poll answers").heard;
    server.restart().await.expect("restarted");
    assert_eq!(refusal(timeout(PATIENCE, old.wait(PATIENCE)).await.expect("it ends at once")), ErrorKind::Unavailable);
    assert_eq!(refusal(old.poll(MANY).await), ErrorKind::Unavailable);

    let mut tail = outbox.tail().await.expect("a tail opens");
    let polled = tail.poll(MANY).await.expect("the poll answers");
    assert_eq!((polled.changes, polled.heard.timeline), (None, before.timeline));
    // The pool may still lend connections of the old server.
    let made = async {
        loop {
            match products.create(&draft("A")).await {
                Ok(written) => break written,
                Err(error) => assert_eq!(error.kind(), &ErrorKind::Unavailable),
            }
        }
    };
    let made = timeout(PATIENCE, made).await.expect("the pool heals");
    assert_eq!(ids(&changes(&mut tail).await), [made.id.get()]);
}
