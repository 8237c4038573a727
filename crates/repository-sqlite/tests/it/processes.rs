//! Several openers of one file at once: threads with databases of their own, and real processes.

use std::{
    env,
    ffi::OsString,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Barrier,
    thread,
    time::Duration,
};

use larder_domain::{Category, Price, ProductDraft};
use larder_repository::{Database, Freshness, Outbox, ProductRepository};
use larder_repository_sqlite::{SqliteDatabase, SqliteOptions, SqliteOutbox, SqliteProducts};
use tokio::runtime::Runtime;

use crate::{migrated, options};

/// Tells a copy of this test binary which file to open and which product to make there.
const FILE: &str = "LARDER_TEST_FILE";
const SKU: &str = "LARDER_TEST_SKU";
const OPENERS: usize = 10;

/// Opens the file, migrates it and adds a product; answers whether the file was new, and how many migrations were applied.
async fn open_and_write(options: SqliteOptions, sku: &str) -> (bool, u32) {
    let database = SqliteDatabase::open(options).expect("the file opens");
    let applied = database.migrate().await.expect("the migrations apply");
    let category = Category::new("tea").expect("a valid category");
    let draft = ProductDraft::new("Tea", Price::from_hundredths(100).expect("a valid price"), sku, category);
    SqliteProducts::new(&database).create(&draft).await.expect("create succeeds");
    let is_new = database.is_new();
    database.close().await;
    (is_new, applied)
}

fn start_process(file: &Path, sku: &str) -> Child {
    Command::new(env::current_exe().expect("the test binary is there"))
        .args(["--exact", "processes::writes_if_it_is_the_other_process"])
        .env(FILE, file)
        .env(SKU, sku)
        .stdout(Stdio::null())
        .spawn()
        .expect("the process starts")
}

fn finish(mut process: Child) {
    assert!(process.wait().expect("the process ends").success());
}

async fn count(database: &SqliteDatabase) -> u64 {
    SqliteProducts::new(database).stats(Freshness::Latest).await.expect("stats answers").value.total
}

/// The part that another process plays; without a file to open it has nothing to do.
#[test]
fn writes_if_it_is_the_other_process() {
    let variables: (Option<OsString>, Option<OsString>) = (env::var_os(FILE), env::var_os(SKU));
    if let (Some(file), Some(sku)) = variables {
        let runtime = Runtime::new().expect("a test can start a runtime");
        let options = SqliteOptions { readers: 1, ..SqliteOptions::new(file) };
        runtime.block_on(open_and_write(options, &sku.to_string_lossy()));
    }
}

#[test]
fn of_ten_openers_at_once_one_makes_the_file_and_one_migrates_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let start = Barrier::new(OPENERS);
    let outcomes: Vec<(bool, u32)> = thread::scope(|scope| {
        let open = |number: usize| {
            let (start, options) = (&start, options(&folder));
            move || {
                let runtime = Runtime::new().expect("a test can start a runtime");
                start.wait();
                runtime.block_on(open_and_write(options, &format!("S-{number}")))
            }
        };
        let openers: Vec<_> = (0..OPENERS).map(|number| scope.spawn(open(number))).collect();
        openers.into_iter().map(|opener| opener.join().expect("no opener fails")).collect()
    });
    assert_eq!(outcomes.iter().filter(|(is_new, _)| *is_new).count(), 1);
    assert_eq!(outcomes.iter().map(|(_, applied)| applied).sum::<u32>(), 4);
    let database = SqliteDatabase::open(options(&folder)).expect("the file opens");
    assert_eq!(Runtime::new().expect("a runtime").block_on(count(&database)), 10);
}

#[tokio::test]
async fn ten_processes_may_open_and_write_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = options(&folder).path;
    let processes: Vec<_> = (0..OPENERS).map(|number| start_process(&file, &format!("S-{number}"))).collect();
    processes.into_iter().for_each(finish);
    let database = SqliteDatabase::open(options(&folder)).expect("the file opens");
    assert_eq!(database.migrate().await.expect("nothing to do"), 0);
    assert_eq!(count(&database).await, 10);
}

#[tokio::test]
async fn what_another_process_writes_is_announced() {
    let (folder, database) = migrated().await;
    let mut tail = SqliteOutbox::new(&database).tail().await.expect("a tail opens");
    let before = tail.poll(100).await.expect("the poll answers");
    let file = options(&folder).path;
    let process = thread::spawn(move || finish(start_process(&file, "A")));
    tail.wait(Duration::from_secs(30)).await.expect("the file is there");
    process.join().expect("the process ends");
    let polled = tail.poll(100).await.expect("the poll answers");
    assert!(polled.newest_row > before.newest_row && polled.changes.is_some_and(|changes| changes.len() == 1));
}

#[tokio::test]
async fn what_another_process_writes_is_seen() {
    let (folder, database) = migrated().await;
    assert_eq!(count(&database).await, 0);
    finish(start_process(&options(&folder).path, "A"));
    assert_eq!(count(&database).await, 1);
    finish(start_process(&options(&folder).path, "B"));
    assert_eq!(count(&database).await, 2);
}
