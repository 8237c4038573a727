//! The suite of the contract.

use std::sync::Arc;

use larder_repository::conformance::{DatabaseSubject, OutboxSubject, Subject};
use larder_repository_sqlite::{SqliteDatabase, SqliteOutbox, SqliteProducts, SqliteTokens, SqliteViews};

use crate::{migrated, options};

async fn empty_database() -> Subject {
    let (folder, database) = migrated().await;
    let products = Arc::new(SqliteProducts::new(&database));
    let import = Arc::clone(&products);
    Subject { products, import, tokens: Arc::new(SqliteTokens::new(&database)), keep: Box::new(folder) }
}

async fn empty_outbox() -> OutboxSubject {
    let (folder, database) = migrated().await;
    let products = Arc::new(SqliteProducts::new(&database));
    let import = Arc::clone(&products);
    let (outbox, views) = (Arc::new(SqliteOutbox::new(&database)), Arc::new(SqliteViews::new(&database)));
    OutboxSubject { outbox, products, import, views, keep: Box::new(folder) }
}

async fn two_databases() -> DatabaseSubject {
    let (folder, database) = migrated().await;
    let again = SqliteDatabase::open(options(&folder)).expect("the file opens again");
    let (other_folder, other) = migrated().await;
    let keep = Box::new((folder, other_folder));
    DatabaseSubject { database: Arc::new(database), again: Arc::new(again), other: Arc::new(other), keep }
}

larder_repository::conformance!(empty_database);
larder_repository::outbox_conformance!(empty_outbox);
larder_repository::database_conformance!(two_databases);
