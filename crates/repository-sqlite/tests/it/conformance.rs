//! The suite of the contract.

use std::sync::Arc;

use larder_repository::conformance::{OutboxSubject, Subject};
use larder_repository_sqlite::{SqliteOutbox, SqliteProducts, SqliteTokens};

use crate::migrated;

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
    OutboxSubject { outbox: Arc::new(SqliteOutbox::new(&database)), products, import, keep: Box::new(folder) }
}

larder_repository::conformance!(empty_database);
larder_repository::outbox_conformance!(empty_outbox);
