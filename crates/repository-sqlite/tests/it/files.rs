//! The file: where it may be, what it may hold, and what is said when it cannot be used.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use larder_domain::{Category, Price, ProductDraft};
use larder_repository::{Database, ErrorKind, Freshness, ProductRepository};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteProducts};
use rusqlite::Connection;

use crate::{migrated, options};

fn refusal(path: impl Into<PathBuf>) -> ErrorKind {
    SqliteDatabase::open(SqliteOptions::new(path)).expect_err("the file cannot be used").kind().clone()
}

fn draft(sku: &str) -> ProductDraft {
    let category = Category::new("tea").expect("a valid category");
    ProductDraft::new("Iron Goddess", Price::from_hundredths(1).expect("a valid price"), sku, category)
}

#[tokio::test]
async fn folder_and_file_are_made_wherever_the_path_points() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for name in ["a folder/with spaces.db", "目录/数据库 🍵.db", ":memory:", "file:x?mode=ro", "per%20cent#.db"]
    {
        let path = folder.path().join(name);
        let database = SqliteDatabase::open(SqliteOptions::new(&path)).expect("the file opens");
        database.migrate().await.expect("the migrations apply");
        SqliteProducts::new(&database).create(&draft("A")).await.expect("create succeeds");
        database.close().await;
        assert!(fs::metadata(&path).expect("the file is there").len() > 0, "{name}");

        let again = SqliteDatabase::open(SqliteOptions::new(&path)).expect("the file opens again");
        let stats = SqliteProducts::new(&again).stats(Freshness::Latest).await.expect("stats answers").value;
        assert_eq!(stats.total, 1, "{name}");
    }
}

#[tokio::test]
async fn only_the_first_open_finds_the_file_new() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let first = SqliteDatabase::open(options(&folder)).expect("the file opens");
    let second = SqliteDatabase::open(options(&folder)).expect("the file opens");
    assert!(first.is_new() && first.clone().is_new() && !second.is_new());
}

#[tokio::test]
async fn migrations_are_applied_once() {
    let (_folder, database) = migrated().await;
    assert_eq!(database.migrate().await.expect("nothing to do"), 0);
    database.ping().await.expect("the database answers");
}

#[tokio::test]
async fn a_schema_of_a_newer_release_is_refused_and_left_alone() {
    let (folder, database) = migrated().await;
    let newer = Connection::open(folder.path().join("larder.db")).expect("the file opens");
    let history = "INSERT INTO schema_migrations (number, name, checksum) VALUES (99, 'later', 0)";
    newer.execute(history, []).expect("the history takes it");
    let error = database.migrate().await.expect_err("the schema is too new");
    assert_eq!(error.kind(), &ErrorKind::SchemaTooNew { found: 99, known: 4 });
}

#[tokio::test]
async fn a_database_without_its_signing_key_is_corrupt() {
    let (folder, database) = migrated().await;
    let stranger = Connection::open(folder.path().join("larder.db")).expect("the file opens");
    stranger.execute("UPDATE signing_key SET bytes = zeroblob(31)", []).expect_err("too short");
    stranger.execute("DELETE FROM signing_key", []).expect("removed");
    assert_eq!(database.signing_key().await.expect_err("no key").kind(), &ErrorKind::Corrupt);
}

#[test]
fn a_file_that_is_no_database_is_corrupt() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("larder.db");
    let text = "This is a text, and a long one, so that it cannot pass for an empty database.\n".repeat(100);
    fs::write(&path, &text).expect("the file is written");
    assert_eq!(refusal(&path), ErrorKind::Corrupt);
    assert_eq!(fs::read_to_string(&path).expect("the file is there"), text, "and is left as it was");
}

#[tokio::test]
async fn a_damaged_page_is_corrupt_and_the_rest_is_served() {
    let (folder, database) = migrated().await;
    let products = SqliteProducts::new(&database);
    let long = "x".repeat(10_000);
    let mut written = Vec::new();
    for number in 0..200 {
        let mut draft = draft(&format!("S-{number}"));
        draft.description.clone_from(&long);
        written.push(products.create(&draft).await.expect("create succeeds").id);
    }
    database.close().await;
    damage_from_the_middle(&folder.path().join("larder.db"));

    let database = SqliteDatabase::open(options(&folder)).expect("the first page is whole");
    let products = SqliteProducts::new(&database);
    let mut corrupt = 0;
    for id in written {
        match products.get(id, Freshness::Latest).await {
            Ok(read) => assert!(read.value.is_some()),
            Err(error) => {
                assert_eq!(error.kind(), &ErrorKind::Corrupt, "{error}");
                corrupt += 1;
            }
        }
    }
    assert!((1..200).contains(&corrupt), "{corrupt} of 200");
}

fn damage_from_the_middle(path: &Path) {
    let mut bytes = fs::read(path).expect("the file is there");
    let middle = bytes.len() / 2;
    bytes[middle..].fill(0xA5);
    fs::write(path, bytes).expect("the file is written");
}

#[test]
fn a_path_that_cannot_be_used_is_unavailable() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "in the way").expect("the file is written");
    assert_eq!(refusal(file.join("larder.db")), ErrorKind::Unavailable, "the folder is a file");
    assert_eq!(refusal(folder.path()), ErrorKind::Unavailable, "the file is a folder");
    assert_eq!(refusal(folder.path().join("x".repeat(300))), ErrorKind::Unavailable, "the name is too long");
    assert_eq!(refusal(""), ErrorKind::Unavailable, "no name at all");
}

#[test]
fn a_folder_that_refuses_new_files_is_unavailable() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut permissions = fs::metadata(folder.path()).expect("the folder is there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(folder.path(), permissions).expect("the permissions change");
    // Root may write anywhere but where the kernel itself refuses.
    let refuses = fs::write(folder.path().join("probe"), "").is_err();
    let path = if refuses { folder.path().join("larder.db") } else { "/proc/larder.db".into() };
    assert_eq!(refusal(path), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_write_waits_for_another_process_and_then_gives_up() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let patience = Duration::from_millis(500);
    let database = SqliteDatabase::open(SqliteOptions { wait_timeout: patience, ..options(&folder) });
    let database = database.expect("the file opens");
    database.migrate().await.expect("the migrations apply");
    let products = SqliteProducts::new(&database);
    let other = Connection::open(folder.path().join("larder.db")).expect("the file opens");

    other.execute_batch("BEGIN IMMEDIATE").expect("the lock is free");
    let error = products.create(&draft("A")).await.expect_err("the lock is held");
    assert_eq!(error.kind(), &ErrorKind::Timeout);
    let read = products.stats(Freshness::Latest).await.expect("readers do not wait");
    assert_eq!(read.value.total, 0);

    other.execute_batch("ROLLBACK").expect("the lock is given back");
    products.create(&draft("A")).await.expect("the lock is free");
}

#[tokio::test]
async fn a_closed_database_is_unavailable_and_has_no_connections() {
    let (_folder, database) = migrated().await;
    let products = SqliteProducts::new(&database);
    let status = database.pool_status();
    assert_eq!((status.max_size, status.size, status.waiting), (3, 3, 0));

    database.close().await;
    assert_eq!(database.pool_status().size, 0);
    assert_eq!(database.ping().await.expect_err("closed").kind(), &ErrorKind::Unavailable);
    let create = products.create(&draft("A")).await;
    assert_eq!(create.expect_err("closed").kind(), &ErrorKind::Unavailable);
    database.close().await;
}
