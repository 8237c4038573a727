//! The suite of the contract.

use std::sync::Arc;

use larder_repository::conformance::Subject;
use larder_repository_sqlite::{SqliteProducts, SqliteTokens};

use crate::migrated;

async fn empty_database() -> Subject {
    let (folder, database) = migrated().await;
    let products = Arc::new(SqliteProducts::new(&database));
    let import = Arc::clone(&products);
    Subject { products, import, tokens: Arc::new(SqliteTokens::new(&database)), keep: Box::new(folder) }
}

larder_repository::conformance!(empty_database);
