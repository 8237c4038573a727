//! Migrations: once, in order, whoever comes first, and never onto a schema that is not ours.

use std::sync::Arc;

use larder_repository::{Database, ErrorKind};
use larder_repository_postgres::{PostgresDatabase, PostgresOptions};
use larder_test_support::Postgres;
use tokio::{sync::Barrier, task::JoinSet};

use crate::databases::{Migrated, chain, connect, empty};

const MIGRATIONS: u32 = 4;

fn open(url: &str) -> PostgresDatabase {
    PostgresDatabase::new(PostgresOptions { pool_size: 1, ..PostgresOptions::new(url) }).expect("usable options")
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_at_once_apply_each_migration_once() {
    let target = empty().await;
    let barrier = Arc::new(Barrier::new(10));
    let mut processes = JoinSet::new();
    for _ in 0..10 {
        let (database, barrier) = (open(&target.url()), Arc::clone(&barrier));
        processes.spawn(async move {
            database.ping().await.expect("connected");
            barrier.wait().await;
            database.migrate().await.expect("migrates")
        });
    }
    let mut applied = processes.join_all().await;
    applied.sort_unstable();
    assert_eq!(applied, [0, 0, 0, 0, 0, 0, 0, 0, 0, MIGRATIONS]);
}

#[tokio::test]
async fn a_migrated_database_is_left_alone() {
    let target = Migrated::new().await;
    assert_eq!(target.database.migrate().await.expect("migrates"), 0);
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let target = Migrated::new().await;
    let newer = "INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, 'from_the_future', 0)";
    target.outsider().await.batch_execute(newer).await.expect("inserted");
    let error = target.database.migrate().await.expect_err("refused");
    assert_eq!(error.kind(), &ErrorKind::SchemaTooNew { found: 9999, known: MIGRATIONS });
}

#[tokio::test]
async fn a_changed_migration_is_refused_by_name() {
    let target = Migrated::new().await;
    let changed = "UPDATE schema_migrations SET checksum = checksum + 1 WHERE number = 1";
    target.outsider().await.batch_execute(changed).await.expect("updated");
    let error = target.database.migrate().await.expect_err("refused");
    assert_eq!(error.kind(), &ErrorKind::Internal);
    assert!(chain(&error).contains("migration 1 (products) is not what it was"), "{}", chain(&error));
}

#[tokio::test]
async fn a_gap_in_the_history_is_refused_by_name() {
    let target = Migrated::new().await;
    let forgotten = "DELETE FROM schema_migrations WHERE number = 1";
    target.outsider().await.batch_execute(forgotten).await.expect("deleted");
    let error = target.database.migrate().await.expect_err("refused");
    assert!(chain(&error).contains("migration 1 (products) is missing"), "{}", chain(&error));
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind_and_is_tried_again() {
    let target = empty().await;
    let database = open(&target.url());
    let outsider = connect(&target.url()).await;
    outsider.batch_execute("CREATE TABLE access_tokens (mine text)").await.expect("created");
    database.migrate().await.expect_err("the second migration finds its table taken");
    let applied = "SELECT array_agg(number) FROM schema_migrations";
    assert_eq!(outsider.query_one(applied, &[]).await.expect("an answer").get::<_, Vec<i64>>(0), [1]);
    outsider.batch_execute("DROP TABLE access_tokens").await.expect("dropped");
    assert_eq!(database.migrate().await.expect("migrates"), MIGRATIONS - 1);
}

#[tokio::test]
async fn an_encoding_other_than_utf8_is_refused() {
    let server = Postgres::shared().await.expect("a server");
    let admin = connect(&server.url()).await;
    let name = format!("ascii_{}", std::process::id());
    let make = format!("CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    admin.batch_execute(&make).await.expect("created");
    let error = open(&server.url_at(server.address(), &name)).migrate().await.expect_err("refused");
    assert!(chain(&error).contains("SQL_ASCII"), "{}", chain(&error));
    admin.batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await.expect("dropped");
}
