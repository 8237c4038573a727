//! The SQLite repositories, through their public API.

mod conformance;
mod files;
mod outbox;
mod processes;
mod search;
mod triggers;
mod views;

use std::time::Duration;

use larder_repository::Database;
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions};
use tempfile::TempDir;

/// A migrated database in a folder of its own, removed when dropped.
async fn migrated() -> (TempDir, SqliteDatabase) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let database = SqliteDatabase::open(options(&folder)).expect("the file opens");
    database.migrate().await.expect("the migrations apply");
    (folder, database)
}

/// Two readers, and more patience than a busy machine needs.
fn options(folder: &TempDir) -> SqliteOptions {
    SqliteOptions {
        readers: 2,
        wait_timeout: Duration::from_secs(30),
        ..SqliteOptions::new(folder.path().join("larder.db"))
    }
}
